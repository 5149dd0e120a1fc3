use std::time::Duration;

use parse::Parse;
use serde::{Deserialize, Serialize};

use super::{OwnedValue, Where};

/// One step of a pipeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Stage {
    /// Only these records go on.
    Where(Where),
    /// Each record gets these fields, or another value for those it has. `level` and `message` set the record's own.
    Set(Vec<(String, OwnedValue)>),
    /// The message becomes level, time, message and fields, within [limits](crate#limits). A line that cannot be taken apart stays as
    /// it is, and gets the fields `error.stage` and `error.reason`.
    Parse(Parse),
    /// About one record of so many goes on; which ones, their positions decide.
    Sample(u32),
    /// A record whose message came before does not go on.
    Dedupe(Dedupe),
    /// No more than so many records go on.
    RateLimit(RateLimit),
    /// What nobody should read becomes `[redacted:WHAT]`.
    Redact(Redact),
}

/// Which messages count as having come before. The message is compared as a whole and exactly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dedupe {
    /// So many messages are remembered, 1 to 1,000,000, at about 80 bytes each.
    pub lines: usize,
    /// One that was received longer ago is forgotten; never without.
    pub within: Option<Duration>,
    /// The same message of another peer counts, too.
    pub across_peers: bool,
}

/// How many records go on, by the time at which they were received. All others are dropped, and counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateLimit {
    /// What each has its own limit.
    pub key: RateKey,
    /// So many in a second for long, 1 to 1,000,000,000.
    pub per_second: u32,
    /// So many at once after a pause.
    pub burst: u32,
}

/// What has its own limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RateKey {
    /// The pipeline as a whole.
    All,
    /// Each source.
    Source,
    /// Each peer.
    Peer,
    /// Each value of this field; records without it share one.
    Field(String),
}

/// What is redacted in messages, and in fields that are text or whole numbers. A record whose message changes keeps no bytes as sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redact {
    /// Numbers of payment cards, by their beginning, length and check digit: `[redacted:card]`.
    pub cards: bool,
    /// E-mail addresses: `[redacted:email]`.
    pub emails: bool,
    /// What stands behind `Bearer`, `password=`, `"token":` and the like, tokens that begin as those of some services do, and fields
    /// whose name ends in `password`, `token` and the like: `[redacted:token]`.
    pub tokens: bool,
    /// Names, and regular expressions for what is called so: `[redacted:NAME]`.
    pub patterns: Vec<(String, String)>,
}

impl Stage {
    /// Its name in the configuration.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Where(_) => "where",
            Self::Set(_) => "set",
            Self::Parse(_) => "parse",
            Self::Sample(_) => "sample",
            Self::Dedupe(_) => "dedupe",
            Self::RateLimit(_) => "rate_limit",
            Self::Redact(_) => "redact",
        }
    }
}
