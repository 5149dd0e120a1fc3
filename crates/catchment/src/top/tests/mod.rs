//! Stories of what a person sees, on screens in memory.

mod sizes;
mod stories;

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use serde_json::{Value, json};

use super::model::{Input, Line, Model, Wish};
use super::view::{Colors, draw};
use crate::control::{Peer, Status};

/// 2026-11-22T14:00:00Z, in microseconds since 1970.
const NOON: i64 = 1_795_356_000_000_000;

/// A model, its screen, and a clock.
struct Stage {
    model: Model,
    terminal: Terminal<TestBackend>,
    seconds: u64,
    colors: Colors,
}

impl Stage {
    fn new(columns: u16, rows: u16) -> Self {
        let terminal = Terminal::new(TestBackend::new(columns, rows)).expect("a screen in memory");
        Self { model: Model::new("data".to_owned()), terminal, seconds: 0, colors: Colors::new(true) }
    }

    fn step(&mut self, input: Input) -> Option<Wish> {
        self.model.step(Duration::from_secs(self.seconds), input)
    }

    /// A second later the collector answers.
    fn seen(&mut self, status: Status) {
        self.seconds += 1;
        let wall = NOON + i64::try_from(self.seconds).expect("small") * 1_000_000;
        self.step(Input::Seen(Box::new(status), wall));
    }

    fn peers(&mut self, peers: Vec<Peer>) {
        self.seen(Status { peers, ..status() });
    }

    fn press(&mut self, code: KeyCode) -> Option<Wish> {
        self.step(Input::Key(KeyEvent::new(code, KeyModifiers::NONE)))
    }

    fn control(&mut self, letter: char) -> Option<Wish> {
        self.step(Input::Key(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL)))
    }

    fn type_(&mut self, text: &str) -> Option<Wish> {
        text.chars().filter_map(|letter| self.press(KeyCode::Char(letter))).last()
    }

    /// What is on the screen now, a text for each row.
    fn rows(&mut self) -> Vec<String> {
        let (model, colors) = (&mut self.model, self.colors);
        self.terminal.draw(|frame| draw(frame, model, colors)).expect("a screen in memory does not fail");
        let buffer = self.terminal.backend().buffer();
        let row = |y| (0..buffer.area.width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
        (0..buffer.area.height).map(|y| row(y).trim_end().to_owned()).collect()
    }

    fn screen(&mut self) -> String {
        self.rows().join("\n")
    }

    /// The names in the table, from the top.
    fn names(&mut self) -> Vec<String> {
        let rows = self.rows();
        let heading = rows.iter().position(|row| row.starts_with("peer") && row.contains("state"));
        let below = rows
            .iter()
            .skip(heading.expect("a table") + 1)
            .take_while(|row| !row.contains("quit") && !row.starts_with("filter: "));
        below.filter_map(|row| row.split_whitespace().next().map(str::to_owned)).collect()
    }
}

fn peer(name: &str) -> Peer {
    Peer {
        source: "in".to_owned(),
        peer: name.to_owned(),
        state: "connected".to_owned(),
        backing_off_until: None,
        lines: 0,
        bytes: 0,
        unacked: 0,
        reconnects: 0,
        last_error: None,
    }
}

/// One whose next attempt is so many seconds after [`NOON`].
fn failing(name: &str, error: &str, seconds: u32) -> Peer {
    Peer {
        state: "backing_off".to_owned(),
        backing_off_until: Some(format!("2026-11-22T14:00:{seconds:02}.000000Z")),
        last_error: Some(error.to_owned()),
        ..peer(name)
    }
}

fn sent(name: &str, lines: u64) -> Peer {
    Peer { lines, bytes: lines.saturating_mul(10), ..peer(name) }
}

fn lines(texts: &[&str]) -> Input {
    let line = |text: &&str| {
        Line::of(&json!({ "time": "2026-11-22T14:02:19.872487Z", "message": text }).to_string())
    };
    Input::Lines(texts.iter().map(line).collect(), 0)
}

fn status() -> Status {
    let service = json!({ "done": 0, "bytes_written": 0, "failures": 0 });
    let queue = |name: &str, depth: u64, limit: Value| json!({ "name": name, "label": name, "depth": depth, "limit": limit, "unit": "bytes", "oldest_seconds": null });
    let status = json!({
        "version": "1.2.3", "process": 7, "uptime_seconds": 3700,
        "journal": {
            "state": "running", "oldest": 0, "durable": 900, "segments": 1, "disk_bytes": 64, "commits": 10,
            "sync_mean_micros": 800, "sync_max_micros": 900, "dropped_lines": 0, "dropped_bytes": 0,
        },
        "totals": {
            "connected": 2, "lines": 1000, "bytes": 10_000, "acked": 998, "unacked": 2, "connect_failures": 0,
            "descriptor_waits": 0, "watch_failures": 0,
        },
        "pipelines": [{
            "name": "main", "to": ["store", "tail"], "state": "running", "position": 800, "behind_bytes": 100,
            "lines": 900, "records": 900, "dropped": 0, "failures": 0, "damaged": 0, "missed_bytes": 0,
        }],
        "tail": { "subscribers": 1 },
        "store": {
            "memory_rows": 9, "memory_bytes": 100, "parts": 3, "part_rows": 800, "part_bytes": 4096,
            "flush": service, "compaction": service, "retention": service, "upload": service,
            "dropped_by_age_rows": 0, "dropped_by_bytes_rows": 0, "dropped_by_free_disk_rows": 0, "damaged": [],
        },
        "queues": [
            queue("journal", 64 << 20, json!(256 << 20)),
            queue("pipeline:main", 100, json!(256 << 20)),
            queue("tail", 100, Value::Null),
        ],
        "sources": [],
    });
    serde_json::from_value(status).expect("a status")
}
