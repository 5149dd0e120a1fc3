use serde::{Deserialize, Serialize};

use crate::config::problem::Reported;
use crate::config::read::Table;
use crate::config::value::{choice, memory};

/// What outputs have in common whose lines go to connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fanout {
    /// How a record becomes a line.
    pub(crate) format: LineFormat,
    /// The memory of the newest lines, for all receivers together: 64 KiB to 1 GiB.
    pub(crate) ring_bytes: usize,
    /// A receiver that does not take its lines in time is closed, and not told what it misses.
    pub(crate) close_behind: bool,
}

/// How a record becomes a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum LineFormat {
    /// The peer and the message.
    Text,
    /// The message alone.
    Message,
    /// One JSON object.
    Json,
}

const FORMATS: [(&str, LineFormat); 3] =
    [("text", LineFormat::Text), ("message", LineFormat::Message), ("json", LineFormat::Json)];

impl Fanout {
    pub(super) fn read(table: &Table<'_>) -> Result<Self, Reported> {
        let format = table.get_or("format", LineFormat::Text, choice(&FORMATS));
        let ring_bytes = table.get_or("ring_bytes", 4 << 20, memory(64 << 10..=1 << 30));
        let close_behind = table.get_or("behind", false, choice(&[("skip", false), ("close", true)]));
        Ok(Self { format: format?.value, ring_bytes: ring_bytes?.value, close_behind: close_behind?.value })
    }
}
