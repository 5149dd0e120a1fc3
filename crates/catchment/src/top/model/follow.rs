use std::collections::VecDeque;

use super::{Line, Target};

/// So many lines are kept, and so many bytes.
const LINES_MAX: usize = 5000;
const BYTES_MAX: usize = 8 << 20;

/// The lines of one peer.
///
/// What it owns: the newest of them. What bounds it: [`LINES_MAX`] and [`BYTES_MAX`]; the oldest go.
pub(crate) struct Follow {
    pub(crate) target: Target,
    /// How it goes.
    pub(crate) note: String,
    /// Lines that came and went unseen.
    pub(crate) unseen: u64,
    pub(crate) wrap: bool,
    lines: VecDeque<Line>,
    bytes: usize,
    /// Lines that came so far: the number of the next one.
    came: u64,
    /// The number behind the lowest line on the screen; none while the newest is there.
    held: Option<u64>,
    /// So many lines were on the screen.
    page: usize,
}

impl Follow {
    pub(super) fn new(target: Target) -> Self {
        let note = "reading what it sent last".to_owned();
        Self {
            target,
            note,
            unseen: 0,
            wrap: false,
            lines: VecDeque::new(),
            bytes: 0,
            came: 0,
            held: None,
            page: 1,
        }
    }

    pub(super) fn add(&mut self, lines: Vec<Line>, unseen: u64) {
        self.unseen += unseen;
        for line in lines {
            self.came += 1;
            self.bytes += line.bytes();
            self.lines.push_back(line);
            while self.lines.len() > LINES_MAX || self.bytes > BYTES_MAX {
                let Some(oldest) = self.lines.pop_front() else { break };
                self.bytes -= oldest.bytes();
            }
        }
        self.hold(self.held);
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.lines.len()
    }

    /// Lines that came below what is on the screen; none while it moves along.
    pub(crate) fn below(&self) -> Option<u64> {
        self.held.map(|held| self.came - held)
    }

    /// The lines from the lowest on the screen upwards.
    pub(crate) fn upwards(&self) -> impl Iterator<Item = &Line> {
        let below = self.below().unwrap_or(0) as usize;
        self.lines.iter().rev().skip(below)
    }

    /// So many lines are on the screen.
    pub(crate) fn showed(&mut self, page: usize) {
        self.page = page.max(1);
    }

    pub(super) fn page(&self) -> isize {
        isize::try_from(self.page).unwrap_or(isize::MAX)
    }

    pub(super) fn toggle_hold(&mut self) {
        self.hold(if self.held.is_some() { None } else { Some(self.came) });
    }

    /// Up is negative. Below the newest it moves along again.
    pub(super) fn scroll(&mut self, lines: isize) {
        let at = self.held.unwrap_or(self.came).saturating_add_signed(lines as i64);
        self.hold((at < self.came).then_some(at));
    }

    pub(super) fn oldest(&mut self) {
        self.hold(Some(0));
    }

    pub(super) fn newest(&mut self) {
        self.hold(None);
    }

    /// Holds what is there: a page of lines if there are so many.
    fn hold(&mut self, at: Option<u64>) {
        let gone = self.came - self.lines.len() as u64;
        let lowest = (gone + self.page as u64).min(self.came);
        self.held = at.map(|at| at.clamp(lowest, self.came));
    }
}

#[cfg(test)]
mod tests {
    use super::{Follow, LINES_MAX, Line, Target};

    fn follow() -> Follow {
        Follow::new(Target { source: "s".to_owned(), peer: "p".to_owned(), after: None })
    }

    fn lines(numbers: std::ops::Range<u64>) -> Vec<Line> {
        numbers.map(|position| Line { position, ..Line::default() }).collect()
    }

    fn lowest(follow: &Follow) -> Option<u64> {
        follow.upwards().next().map(|line| line.position)
    }

    #[test]
    fn what_is_held_stays_where_it_is_and_what_comes_is_counted() {
        let mut follow = follow();
        follow.add(lines(0..100), 0);
        follow.showed(10);
        assert_eq!((lowest(&follow), follow.below()), (Some(99), None));
        follow.scroll(-5);
        assert_eq!((lowest(&follow), follow.below()), (Some(94), Some(5)));
        follow.add(lines(100..120), 3);
        assert_eq!((lowest(&follow), follow.below(), follow.unseen), (Some(94), Some(25), 3));
        follow.scroll(25);
        assert_eq!((lowest(&follow), follow.below()), (Some(119), None));
        follow.oldest();
        assert_eq!(lowest(&follow), Some(9));
        follow.toggle_hold();
        follow.toggle_hold();
        assert_eq!((lowest(&follow), follow.below()), (Some(119), Some(0)));
    }

    #[test]
    fn the_oldest_go_also_while_it_is_held() {
        let mut follow = follow();
        follow.showed(10);
        follow.add(lines(0..100), 0);
        follow.oldest();
        follow.add(lines(100..100 + 2 * LINES_MAX as u64), 0);
        assert_eq!(follow.len(), LINES_MAX);
        assert_eq!(lowest(&follow), Some(100 + LINES_MAX as u64 + 9));
        let long = Line { text: "x".repeat(1 << 20), ..Line::default() };
        follow.add(vec![long; 20], 0);
        assert!(follow.len() < 20 && follow.below().is_some(), "{}", follow.len());
    }
}
