//! A pool that runs handlers which a test writes.

#![allow(dead_code, reason = "each test uses some of it")]

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use record::{Batch, Line, LineFlags, Micros, Position, Record, Value};
use workers::{Pool, Spec};

/// The interpreter itself: what is on the PATH may be a script that looks for it.
pub(crate) fn python() -> PathBuf {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND
        .get_or_init(|| {
            let name = std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
            let output = Command::new(name).args(["-c", "import sys; print(sys.executable)"]).output();
            String::from_utf8(output.expect("`python3` is on the PATH").stdout).unwrap().trim().into()
        })
        .clone()
}

/// A directory with the file `h.py`.
pub(crate) struct Code(pub(crate) tempfile::TempDir);

impl Code {
    pub(crate) fn new(text: &str) -> Self {
        let code = Self(tempfile::tempdir().unwrap());
        code.write(text);
        code
    }

    pub(crate) fn write(&self, text: &str) {
        std::fs::write(self.0.path().join("h.py"), text).unwrap();
    }

    /// One worker that runs `name`, and waits for little.
    pub(crate) fn spec(&self, name: &str) -> Spec {
        Spec {
            python: python(),
            workers: Some(std::num::NonZeroUsize::MIN),
            retry_first: Duration::from_millis(1),
            retry_max: Duration::from_millis(20),
            ..Spec::new(format!("h.py:{name}"), self.0.path())
        }
    }

    pub(crate) fn pool(&self, name: &str) -> Pool {
        Pool::start(self.spec(name)).unwrap_or_else(|error| panic!("{error}"))
    }
}

/// Records of these lines, with positions 100, 101, and so on.
pub(crate) fn batch(lines: &[&str]) -> Batch {
    let mut batch = Batch::new();
    for (number, text) in (0..).zip(lines) {
        batch.push(&Line {
            position: Position(100 + number),
            received: Micros(1_700_000_000_000_000),
            source: "s",
            peer: "p",
            bytes: text.as_bytes(),
            flags: LineFlags::default(),
        });
    }
    batch
}

/// What came of `lines`: each record's message.
pub(crate) fn messages(batch: &Batch) -> Vec<&str> {
    batch.iter().map(Record::message).collect()
}

/// Each record's `error.reason`, or an empty text.
pub(crate) fn reasons(batch: &Batch) -> Vec<&str> {
    let reason = |value| if let Some(Value::Str(text)) = value { text } else { "" };
    batch.iter().map(|record| reason(record.field("error.reason"))).collect()
}

/// Sends these lines through a new pool.
pub(crate) fn process(code: &str, name: &str, lines: &[&str]) -> Batch {
    let code = Code::new(code);
    let mut batch = batch(lines);
    code.pool(name).process(&mut batch).unwrap();
    batch
}
