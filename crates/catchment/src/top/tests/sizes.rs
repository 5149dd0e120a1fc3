use crossterm::event::KeyCode;
use fastrand::Rng;

use super::{Input, Stage, Status, failing, lines, peer, sent, status};
use crate::control::health::Trouble;

const KEYS: [KeyCode; 12] = [
    KeyCode::Up,
    KeyCode::Down,
    KeyCode::PageUp,
    KeyCode::PageDown,
    KeyCode::Home,
    KeyCode::End,
    KeyCode::Left,
    KeyCode::Right,
    KeyCode::Enter,
    KeyCode::Esc,
    KeyCode::Backspace,
    KeyCode::F(5),
];

/// Whatever comes, in whatever order, on whatever screen: something is drawn.
#[test]
fn no_size_and_no_key_makes_it_panic() {
    for seed in 0..60 {
        let mut rng = Rng::with_seed(seed);
        let (columns, rows) =
            if seed < 20 { (1 + rng.u16(..20), 1 + rng.u16(..5)) } else { (rng.u16(1..250), rng.u16(1..70)) };
        let mut stage = Stage::new(columns, rows);
        for _ in 0..80 {
            happen(&mut stage, &mut rng);
            if rng.u8(..10) == 0 {
                let (columns, rows) = (rng.u16(1..200), rng.u16(1..60));
                stage.terminal.backend_mut().resize(columns, rows);
            }
            stage.rows();
        }
    }
}

#[test]
fn every_small_screen_is_drawn() {
    for columns in 1..=20 {
        for rows in 1..=6 {
            let mut stage = Stage::new(columns, rows);
            stage.rows();
            stage.seen(busy(&mut Rng::with_seed(1)));
            stage.rows();
            for key in ['?', '?', '/', 'x'] {
                stage.press(KeyCode::Char(key));
                stage.rows();
            }
            stage.press(KeyCode::Esc);
            stage.press(KeyCode::Enter);
            stage.step(lines(&["a line that is longer than the screen", "\u{65e5}\u{672c}\u{8a9e}"]));
            stage.press(KeyCode::Char('w'));
            stage.rows();
        }
    }
}

fn happen(stage: &mut Stage, rng: &mut Rng) {
    match rng.u8(..8) {
        0 => stage.seen(busy(rng)),
        1 => drop(stage.step(Input::Lost("no collector runs".to_owned()))),
        2 => {
            drop(stage.step(lines(&[
                "one",
                "\u{65e5}\u{672c} \u{1b}[2J",
                &"long ".repeat(rng.usize(..200)),
            ])));
        }
        3 => drop(stage.step(Input::Following("following".to_owned()))),
        4 => drop(stage.press(KeyCode::Char(rng.char(' '..'\u{2ff}')))),
        5 => {
            drop(stage.press(KeyCode::Char(*rng.choice(b" /?efprqwjkgG123456789<>").expect("some") as char)));
        }
        _ => drop(stage.press(KEYS[rng.usize(..KEYS.len())])),
    }
}

fn busy(rng: &mut Rng) -> Status {
    let name = |rng: &mut Rng| match rng.u8(..4) {
        0 => format!("gw-{}", rng.u8(..)),
        1 => "x".repeat(rng.usize(..300)),
        2 => "\u{1b}[31m\u{202e}".to_owned(),
        _ => "\u{65e5}\u{672c}\u{8a9e}".repeat(rng.usize(..40)),
    };
    let mut peers: Vec<_> =
        (0..rng.usize(..60)).map(|_| sent(&name(rng), rng.u64(..) >> rng.u32(..64))).collect();
    peers.extend((0..rng.usize(..9)).map(|_| failing(&name(rng), &name(rng), rng.u32(..60))));
    peers.push(peer(""));
    let mut status = status();
    let trouble = |_| Trouble { of: name(rng), reason: name(rng) };
    status.troubles = (0..3).map(trouble).collect();
    for queue in &mut status.queues {
        queue.depth = rng.u64(..) >> rng.u32(..64);
        queue.limit = rng.bool().then(|| rng.u64(..) >> rng.u32(..64));
        queue.oldest_seconds = rng.bool().then(|| rng.f64() * 1e9);
    }
    Status { peers, ..status }
}
