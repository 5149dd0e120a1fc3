//! What each key does.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::sort::{COLUMNS, Sort};
use super::{Follow, Model, Target, Wish};

/// All keys, for the help: the key, and what it does.
pub(crate) const TABLE_KEYS: [(&str, &str); 12] = [
    ("\u{2191} \u{2193} PgUp PgDn", "move; Home is the top, where it stays, End the last"),
    ("\u{2190} \u{2192}", "sort by another column"),
    ("1 to 9", "sort by that column; again turns the order round"),
    ("r", "turn the order round"),
    ("/", "type words of peer, source, state or error; Esc clears them"),
    ("e", "only peers with which something is wrong"),
    ("Space or p", "pause, and go on"),
    ("Enter or f", "follow the peer: its lines as they come"),
    ("Ctrl-L", "draw everything anew"),
    ("Ctrl-Z", "back to the shell for a while"),
    ("?", "this page"),
    ("q or Ctrl-C", "quit"),
];

/// Those of the view of one peer.
pub(crate) const FOLLOW_KEYS: [(&str, &str); 4] = [
    ("\u{2191} \u{2193} PgUp PgDn", "scroll, which holds what is there; End moves along again"),
    ("Space or p", "hold what is there, and move along again"),
    ("w", "cut or wrap long lines"),
    ("Esc or q", "back to all peers"),
];

impl Model {
    pub(super) fn key(&mut self, key: KeyEvent) -> Option<Wish> {
        if key.kind == KeyEventKind::Release {
            return None;
        }
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('c') if control => Some(Wish::Quit),
            KeyCode::Char('z') if control => Some(Wish::Suspend),
            KeyCode::Char('l') if control => Some(Wish::Redraw),
            code if self.typing => {
                self.typed(code, control);
                None
            }
            _ if control => None,
            code if self.helping => {
                self.helping =
                    !matches!(code, KeyCode::Char('?' | 'q' | 'h') | KeyCode::Esc | KeyCode::Enter);
                None
            }
            KeyCode::Char('?' | 'h') => {
                self.helping = true;
                None
            }
            code => match &mut self.follow {
                Some(follow) => {
                    let left = in_follow(follow, code);
                    left.then(|| self.follow = None).map(|()| Wish::Leave)
                }
                None => self.in_table(code),
            },
        }
    }

    fn typed(&mut self, code: KeyCode, control: bool) {
        match code {
            KeyCode::Char('u') if control => self.edit_filter(String::clear),
            KeyCode::Char(typed) if !control => self.edit_filter(|text| text.push(typed)),
            KeyCode::Backspace => self.edit_filter(|text| {
                text.pop();
            }),
            KeyCode::Enter => self.typing = false,
            KeyCode::Esc => {
                self.edit_filter(String::clear);
                self.typing = false;
            }
            KeyCode::Up | KeyCode::Down | KeyCode::PageUp | KeyCode::PageDown => self.move_cursor(code),
            _ => {}
        }
    }

    fn edit_filter(&mut self, change: impl FnOnce(&mut String)) {
        self.peers.filter.edit(change);
        self.rearrange();
    }

    fn in_table(&mut self, code: KeyCode) -> Option<Wish> {
        match code {
            KeyCode::Char('q') => return Some(Wish::Quit),
            KeyCode::Char(' ' | 'p') => return self.toggle_pause(),
            KeyCode::Enter | KeyCode::Char('f') => return self.follow_peer(),
            KeyCode::Char('/') => self.typing = true,
            KeyCode::Esc => self.edit_filter(String::clear),
            KeyCode::Char('e') => {
                self.peers.filter.troubled = !self.peers.filter.troubled;
                self.rearrange();
            }
            KeyCode::Left | KeyCode::Char('<') => self.sort(self.peers.sort.moved(-1)),
            KeyCode::Right | KeyCode::Char('>') => self.sort(self.peers.sort.moved(1)),
            KeyCode::Char('r') => self.turn(),
            KeyCode::Char(digit @ '1'..='9') => {
                let column = COLUMNS[digit as usize - '1' as usize];
                if column == self.peers.sort.column {
                    self.turn();
                } else {
                    self.sort(Sort::by(column));
                }
            }
            code => self.move_cursor(code),
        }
        None
    }

    fn sort(&mut self, sort: Sort) {
        self.peers.sort = sort;
        self.rearrange();
    }

    fn turn(&mut self) {
        let Sort { column, descending } = self.peers.sort;
        self.sort(Sort { column, descending: !descending });
    }

    fn move_cursor(&mut self, code: KeyCode) {
        let page = isize::try_from(self.cursor.page()).unwrap_or(isize::MAX);
        match code {
            KeyCode::Up | KeyCode::Char('k') => self.cursor.move_by(-1, &self.peers),
            KeyCode::Down | KeyCode::Char('j') => self.cursor.move_by(1, &self.peers),
            KeyCode::PageUp => self.cursor.move_by(-page, &self.peers),
            KeyCode::PageDown => self.cursor.move_by(page, &self.peers),
            KeyCode::Home | KeyCode::Char('g') => self.cursor.home(),
            KeyCode::End | KeyCode::Char('G') => self.cursor.put(usize::MAX, &self.peers),
            _ => {}
        }
    }

    fn toggle_pause(&mut self) -> Option<Wish> {
        match self.paused.take() {
            Some(_) => Some(Wish::Ask),
            None => {
                self.paused = Some(self.now);
                None
            }
        }
    }

    fn follow_peer(&mut self) -> Option<Wish> {
        let peer = &self.peers.get(self.cursor.place())?.peer;
        let (source, peer) = (peer.source.clone(), peer.peer.clone());
        let after = self.figures.as_ref().and_then(|figures| {
            let to_tail = |to: &String| to == "tail";
            let tails = figures.status.pipelines.iter().filter(|pipeline| pipeline.to.iter().any(to_tail));
            tails.map(|pipeline| pipeline.position).min()
        });
        let target = Target { source, peer, after };
        self.follow = Some(Follow::new(target.clone()));
        Some(Wish::Follow(target))
    }
}

/// Returns true when it is to be left.
fn in_follow(follow: &mut Follow, code: KeyCode) -> bool {
    match code {
        KeyCode::Esc | KeyCode::Backspace | KeyCode::Left | KeyCode::Char('q' | 'f') => return true,
        KeyCode::Char(' ' | 'p') => follow.toggle_hold(),
        KeyCode::Char('w') => follow.wrap = !follow.wrap,
        KeyCode::Up | KeyCode::Char('k') => follow.scroll(-1),
        KeyCode::Down | KeyCode::Char('j') => follow.scroll(1),
        KeyCode::PageUp => follow.scroll(-follow.page()),
        KeyCode::PageDown => follow.scroll(follow.page()),
        KeyCode::Home | KeyCode::Char('g') => follow.oldest(),
        KeyCode::End | KeyCode::Char('G') => follow.newest(),
        _ => {}
    }
    false
}
