use std::time::Duration;

use crossterm::event::KeyCode;
use ratatui::style::{Color, Modifier};

use super::{Colors, Input, Stage, Status, Wish, failing, lines, peer, sent, status};
use crate::control::Peer;
use crate::control::health::Trouble;
use crate::top::model::Target;

#[test]
fn it_says_what_it_waits_for_and_then_what_there_is() {
    let mut stage = Stage::new(180, 24);
    assert!(stage.screen().contains("the collector is asked"), "{}", stage.screen());
    stage.peers(vec![sent("gw-1:514", 1000), failing("gw-2:514", "connection refused", 31)]);
    let mut later = status();
    (later.totals.lines, later.pipelines[0].records, later.journal.commits) = (1500, 1300, 50);
    stage.seen(Status {
        peers: vec![sent("gw-1:514", 1500), failing("gw-2:514", "connection refused", 31)],
        ..later
    });
    let screen = stage.screen();
    for shown in [
        "catchment 1.2.3  data  up 1h 01m",
        "lines 500/s",
        "1,500 lines in all",
        "peers 2  1 connected  1 backing off",
        "64.0 MiB of 256.0 MiB  40 commits/s, 0.8 ms each",
        "100 B of 256.0 MiB  400 records/s",
        "gw-1:514  in            connected          500",
        "gw-2:514  in            backing off          0",
        // Two seconds have gone.
        "again in 29s: connection refused",
    ] {
        assert!(screen.contains(shown), "no {shown:?} in\n{screen}");
    }
}

#[test]
fn sorted_by_any_column_both_ways() {
    let mut stage = Stage::new(160, 24);
    let peers = |fast: u64| {
        vec![
            Peer { unacked: 5, source: "b".to_owned(), ..sent("c", 1000) },
            Peer { reconnects: 3, source: "a".to_owned(), ..sent("a", fast) },
            Peer { source: "c".to_owned(), ..failing("b", "refused", 9) },
        ]
    };
    stage.peers(peers(10));
    stage.peers(peers(99));
    // By rate, the fastest first.
    assert_eq!(stage.names()[0], "a");
    let by = [
        ('1', ["a", "b", "c"]),
        ('2', ["a", "c", "b"]),
        ('3', ["b", "a", "c"]),
        ('5', ["c", "a", "b"]),
        ('6', ["c", "a", "b"]),
        ('7', ["a", "c", "b"]),
        ('9', ["b", "a", "c"]),
    ];
    for (key, order) in by {
        stage.press(KeyCode::Char(key));
        assert_eq!(stage.names(), order, "{key}");
    }
    stage.press(KeyCode::Char('1'));
    stage.press(KeyCode::Char('1'));
    assert_eq!(stage.names(), ["c", "b", "a"]);
    assert!(stage.screen().contains("peer\u{25be}"), "{}", stage.screen());
    stage.press(KeyCode::Char('r'));
    assert_eq!(stage.names(), ["a", "b", "c"]);
    // Round and round through the columns.
    stage.press(KeyCode::Left);
    assert!(stage.screen().contains("last error\u{25b4}"), "{}", stage.screen());
    stage.press(KeyCode::Right);
    assert_eq!(stage.names(), ["a", "b", "c"]);
}

#[test]
fn a_filter_is_typed_kept_and_cleared() {
    let mut stage = Stage::new(100, 24);
    stage.peers(vec![peer("gw-1"), failing("gw-2", "Connection refused", 9), peer("app-1")]);
    stage.type_("/GW q");
    assert!(stage.screen().contains("filter: GW q"), "what is typed is no command: {}", stage.screen());
    assert!(stage.screen().contains("no peer is so"), "{}", stage.screen());
    stage.press(KeyCode::Backspace);
    stage.press(KeyCode::Enter);
    stage.press(KeyCode::Char('1'));
    assert_eq!(stage.names(), ["gw-1", "gw-2"]);
    assert!(stage.screen().contains("2 of 3 for GW"), "{}", stage.screen());
    // Each word counts, wherever it is.
    stage.type_("/refused");
    assert_eq!(stage.names(), ["gw-2"]);
    stage.press(KeyCode::Esc);
    assert_eq!(stage.names().len(), 3);
    stage.press(KeyCode::Char('e'));
    assert_eq!(stage.names(), ["gw-2"]);
    assert!(stage.screen().contains("1 of 3 with errors"), "{}", stage.screen());
    stage.type_("/");
    stage.type_(&"x".repeat(500));
    stage.control('u');
    assert_eq!(stage.names(), ["gw-2"]);
}

#[test]
fn in_a_pause_nothing_moves() {
    let mut stage = Stage::new(100, 24);
    stage.peers(vec![sent("a", 5)]);
    assert_eq!(stage.press(KeyCode::Char(' ')), None);
    stage.peers(vec![sent("a", 5), sent("b", 7)]);
    stage.step(Input::Lost("gone".to_owned()));
    assert_eq!(stage.names(), ["a"]);
    assert!(stage.screen().contains("PAUSED 1s ago"), "{}", stage.screen());
    assert_eq!(stage.press(KeyCode::Char('p')), Some(Wish::Ask), "it does not wait for the next look");
    stage.peers(vec![sent("a", 5), sent("b", 7)]);
    assert_eq!(stage.names().len(), 2);
}

#[test]
fn the_cursor_stays_with_its_peer() {
    let mut stage = Stage::new(100, 24);
    let peers = |a, b, c| vec![sent("a", a), sent("b", b), sent("c", c)];
    stage.peers(peers(0, 0, 0));
    stage.peers(peers(30, 20, 10));
    stage.press(KeyCode::Down);
    let selected = |stage: &mut Stage| {
        let rows = stage.rows();
        let buffer = stage.terminal.backend().buffer();
        let is = |row: &usize| buffer[(5, *row as u16)].modifier.contains(Modifier::REVERSED);
        // The first is the title.
        rows[(1..rows.len()).find(is).expect("a row is selected")]
            .split_whitespace()
            .next()
            .unwrap()
            .to_owned()
    };
    assert_eq!(selected(&mut stage), "b");
    stage.peers(peers(30, 20, 500));
    assert_eq!((stage.names(), selected(&mut stage)), (vec!["c".into(), "a".into(), "b".into()], "b".into()));
    // It goes; who has its place now is selected.
    stage.peers(vec![sent("a", 30), sent("c", 500)]);
    assert_eq!(selected(&mut stage), "a");
    stage.press(KeyCode::Home);
    stage.peers(vec![sent("a", 9000), sent("c", 500)]);
    assert_eq!((stage.names()[0].as_str(), selected(&mut stage).as_str()), ("a", "a"));
}

#[test]
fn ten_thousand_peers() {
    let mut stage = Stage::new(120, 40);
    let peers = |more: u64| (0..10_000).map(|n| sent(&format!("gw-{n:05}"), n + more * (n % 7))).collect();
    stage.peers(peers(0));
    stage.peers(peers(1));
    assert!(stage.screen().contains("peers 10,000"), "{}", stage.screen());
    stage.press(KeyCode::Char('1'));
    let page = stage.names();
    assert_eq!(page[0], "gw-00000");
    stage.press(KeyCode::PageDown);
    stage.press(KeyCode::PageDown);
    assert!(stage.names().contains(&format!("gw-{:05}", 2 * page.len())), "{:?}", stage.names());
    stage.press(KeyCode::End);
    assert_eq!(
        (stage.names().last().map(String::as_str), stage.names().len()),
        (Some("gw-09999"), page.len())
    );
    stage.type_("/9998");
    assert_eq!(stage.names(), ["gw-09998"]);
    // All go at once, and come back.
    stage.peers(Vec::new());
    assert_eq!(stage.names(), ["no"]);
    stage.press(KeyCode::Esc);
    stage.peers(peers(2));
    assert_eq!(stage.names().len(), page.len());
}

#[test]
fn a_peer_is_followed() {
    let mut stage = Stage::new(80, 12);
    assert_eq!(stage.press(KeyCode::Enter), None, "there is nobody yet");
    stage.peers(vec![peer("a"), peer("b")]);
    stage.press(KeyCode::Char('1'));
    stage.press(KeyCode::Down);
    let target = Target { source: "in".to_owned(), peer: "b".to_owned(), after: Some(800) };
    assert_eq!(stage.press(KeyCode::Enter), Some(Wish::Follow(target)), "from where the pipelines are");
    stage.step(lines(&["one", "two"]));
    stage.step(Input::Following("following".to_owned()));
    let screen = stage.screen();
    assert!(screen.contains("b  of in  connected"), "{screen}");
    assert!(screen.contains("\u{2500} following "), "{screen}");
    assert!(screen.contains("14:02:19.872 one\n14:02:19.872 two"), "{screen}");
    let many: Vec<String> = (0..100).map(|n| format!("line {n}")).collect();
    stage.step(lines(&many.iter().map(String::as_str).collect::<Vec<_>>()));
    assert!(stage.screen().contains("line 99"), "{}", stage.screen());
    stage.press(KeyCode::Char(' '));
    stage.step(lines(&["newest"]));
    let screen = stage.screen();
    assert!(screen.contains("held, 1 new line below") && !screen.contains("newest"), "{screen}");
    stage.press(KeyCode::PageUp);
    assert!(!stage.screen().contains("line 99"), "{}", stage.screen());
    stage.press(KeyCode::End);
    assert!(stage.screen().contains("newest"), "{}", stage.screen());
    let long = "x".repeat(100);
    stage.step(lines(&[&long]));
    assert!(stage.screen().contains("x\u{2026}"), "{}", stage.screen());
    stage.press(KeyCode::Char('w'));
    assert!(!stage.screen().contains('\u{2026}'), "{}", stage.screen());
    stage.peers(vec![peer("a")]);
    assert!(stage.screen().contains("b  of in  is not here any more"), "{}", stage.screen());
    assert_eq!(stage.press(KeyCode::Esc), Some(Wish::Leave));
    assert_eq!(stage.names(), ["a"]);
}

#[test]
fn nothing_that_a_peer_says_is_obeyed() {
    let hostile = "\u{1b}]0;title\u{7}\u{1b}[2J\u{9b}31m\u{202e}gpj\r\n\u{0}";
    let mut stage = Stage::new(200, 24);
    let bad = Peer { source: hostile.to_owned(), state: hostile.to_owned(), ..failing(hostile, hostile, 9) };
    let mut with_trouble = status();
    with_trouble.troubles = vec![Trouble { of: hostile.to_owned(), reason: hostile.to_owned() }];
    with_trouble.pipelines[0].name = hostile.to_owned();
    with_trouble.queues[1].name = format!("pipeline:{hostile}");
    with_trouble.queues[1].unit = hostile.to_owned();
    with_trouble.version = hostile.to_owned();
    stage.seen(Status { peers: vec![bad], ..with_trouble });
    let harmless = |screen: &str| {
        let odd = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
        assert!(!screen.contains(odd), "{screen:?}");
        assert!(screen.contains("\\u{1b}[2J\\u{9b}31m\\u{202e}gpj"), "{screen}");
    };
    harmless(&stage.screen());
    stage.press(KeyCode::Enter);
    stage.step(lines(&[hostile]));
    stage.step(Input::Following(hostile.to_owned()));
    harmless(&stage.screen());
    stage.press(KeyCode::Esc);
    stage.step(Input::Lost(hostile.to_owned()));
    harmless(&stage.screen());
}

#[test]
fn a_collector_that_goes_away_is_waited_for() {
    let mut stage = Stage::new(100, 24);
    stage.peers(vec![sent("a", 500)]);
    stage.seconds += 3;
    stage.step(Input::Lost("no collector runs in `data`: refused".to_owned()));
    stage.seconds += 9;
    stage.step(Input::Lost("no collector runs in `data`: refused".to_owned()));
    let screen = stage.screen();
    assert!(
        screen.contains("NO ANSWER for 9s") && screen.contains("no collector runs in `data`"),
        "{screen}"
    );
    assert_eq!(stage.names(), ["a"], "what was seen last is still there");
    // The new one counts from zero.
    let mut again = status();
    (again.process, again.totals.lines, again.journal.commits) = (8, 10, 1);
    stage.seen(Status { peers: vec![sent("a", 10)], ..again });
    let screen = stage.screen();
    assert!(!screen.contains("NO ANSWER") && screen.contains("lines 0.8/s"), "{screen}");
}

#[test]
fn what_is_wrong_is_named_above_all() {
    let mut stage = Stage::new(80, 24);
    let mut wrong = status();
    let trouble =
        |n: u8| Trouble { of: format!("pipeline p{n}"), reason: "it stands still: no room".to_owned() };
    wrong.troubles = (0..9).map(trouble).collect();
    stage.seen(Status { peers: vec![peer("a")], ..wrong });
    let rows = stage.rows();
    assert_eq!(rows[1], "pipeline p0: it stands still: no room");
    assert_eq!(rows[4], "and 6 more: `catchment status` names them");
    assert_eq!(stage.names(), ["a"]);
}

#[test]
fn help_lists_every_key_and_ends() {
    let mut stage = Stage::new(100, 30);
    stage.peers(vec![peer("a")]);
    stage.press(KeyCode::Char('?'));
    let screen = stage.screen();
    for (key, _) in crate::top::model::TABLE_KEYS.iter().chain(&crate::top::model::FOLLOW_KEYS) {
        assert!(screen.contains(key), "no {key} in\n{screen}");
    }
    assert_eq!(stage.press(KeyCode::Char('q')), None, "it closes the page, not the program");
    assert_eq!(stage.names(), ["a"]);
    assert_eq!(stage.press(KeyCode::Char('q')), Some(Wish::Quit));
    assert_eq!(stage.control('z'), Some(Wish::Suspend));
    assert_eq!(stage.control('l'), Some(Wish::Redraw));
    stage.type_("/");
    assert_eq!(stage.control('c'), Some(Wish::Quit));
}

#[test]
fn without_colours_everything_is_still_told_apart() {
    let mut stage = Stage::new(100, 24);
    stage.peers(vec![peer("a"), failing("b", "refused", 9)]);
    let in_colour = |stage: &mut Stage| {
        stage.rows();
        let cells = &stage.terminal.backend().buffer().content;
        cells.iter().filter(|cell| cell.fg != Color::Reset || cell.bg != Color::Reset).count()
    };
    assert!(in_colour(&mut stage) > 0);
    stage.colors = Colors::new(false);
    assert_eq!(in_colour(&mut stage), 0);
    let cells = &stage.terminal.backend().buffer().content;
    assert!(cells.iter().any(|cell| cell.modifier.contains(Modifier::REVERSED)));
}

#[test]
fn no_colour_is_fixed_and_none_is_put_behind_a_text() {
    let mut stage = Stage::new(160, 40);
    stage.peers(vec![peer("a"), failing("b", "refused", 9)]);
    stage.model.now = Duration::from_secs(9);
    stage.rows();
    // The sixteen that a person chooses for a dark or a light terminal, and neither of their ends.
    let cells = &stage.terminal.backend().buffer().content;
    let chosen =
        |color| matches!(color, Color::Reset | Color::Red | Color::Green | Color::Yellow | Color::Cyan);
    assert!(cells.iter().all(|cell| chosen(cell.fg) && cell.bg == Color::Reset));
}
