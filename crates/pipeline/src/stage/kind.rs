use std::time::Duration;

use parse::Parse;
use remap::Diagnostics;
use serde::{Deserialize, Serialize};

use super::{Condition, Enrich, Geoip, OwnedValue, Vrl, Where};

/// One step of a pipeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Stage {
    /// Only these records go on.
    Where(Where),
    /// Only records for which this expression is true go on, and those on which it fails, marked as by a parse.
    WhereTrue(Vrl),
    /// A script makes of each record what it likes, or drops it. One on which it fails stays as it is, marked as by a parse.
    Vrl(Vrl),
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
    /// Each record gets the fields that a table has for it.
    Enrich(Enrich),
    /// Each record gets the place of an address.
    Geoip(Geoip),
    /// Each of these outputs gets only the records for which its condition holds here. An output that is in no condition gets all of them.
    Route(Vec<(String, Condition)>),
    /// The user's own Python function is given each record, and what it returns says what becomes of it: see [`workers`].
    Python(Box<workers::Spec>),
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
            Self::Where(_) | Self::WhereTrue(_) => "where",
            Self::Vrl(_) => "vrl",
            Self::Set(_) => "set",
            Self::Parse(_) => "parse",
            Self::Sample(_) => "sample",
            Self::Dedupe(_) => "dedupe",
            Self::RateLimit(_) => "rate_limit",
            Self::Redact(_) => "redact",
            Self::Enrich(_) => "enrich",
            Self::Geoip(_) => "geoip",
            Self::Route(_) => "route",
            Self::Python(_) => "python",
        }
    }

    /// The most memory that it keeps from batch to batch, in bytes, where that is not little.
    pub fn memory_bytes(&self) -> u64 {
        match self {
            Self::Dedupe(told) => told.lines as u64 * 80,
            Self::RateLimit(_) => 6 << 20,
            Self::Enrich(told) => told.memory_bytes(),
            Self::Geoip(told) => told.memory_bytes(),
            _ => 0,
        }
    }

    /// What is odd about its script, if it is one and can be compiled.
    pub fn warnings(&self) -> Option<Diagnostics> {
        match self {
            Self::Vrl(script) => script.script_warnings(),
            Self::WhereTrue(expression) => expression.predicate_warnings(),
            Self::Route(routes) => routes.iter().find_map(|(_, condition)| condition.warnings()),
            _ => None,
        }
    }

    /// True when it runs the user's own code, which may do more than to change records.
    pub fn runs_code(&self) -> bool {
        matches!(self, Self::Python(_))
    }

    /// True when what it does with a record may depend on the ones before, so that one thread has to see all of them, or when it has
    /// something that there is to be once.
    pub(super) fn is_for_one_thread(&self) -> bool {
        match self {
            Self::Dedupe(_) | Self::RateLimit(_) => true,
            // The outputs of a route are numbered once, tables are loaded once, and workers are the processes that there are.
            Self::Route(_) | Self::Enrich(_) | Self::Geoip(_) | Self::Python(_) => true,
            Self::Where(_)
            | Self::WhereTrue(_)
            | Self::Vrl(_)
            | Self::Set(_)
            | Self::Parse(_)
            | Self::Sample(_)
            | Self::Redact(_) => false,
        }
    }
}
