//! Several lines that are one record: stack traces, and whatever a rule says.

mod joiner;
mod peers;
#[cfg(test)]
mod tests;
mod trace;

use std::time::Duration;

use regex::bytes::Regex;
use serde::{Deserialize, Serialize};

pub use joiner::Joiner;
use trace::Trace;

/// Which lines of a peer become one record, and how long is waited for them.
///
/// A row of a line that was too long, or one whose beginning is lost, is always a record of its own: how it begins says nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Multiline {
    /// Which lines continue the one before.
    pub rule: JoinRule,
    /// A record gets no further line that would make it longer than this, in bytes; one line may be longer.
    pub bytes_max: usize,
    /// A line that comes so long after the one before does not continue it.
    pub wait: Duration,
}

/// Which lines continue the one before of the same peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum JoinRule {
    /// Those that are part of a stack trace as Java, Python, Go and their relatives write it, beyond doubt.
    Auto,
    /// All but those that match.
    Start(String),
    /// Those that match.
    Continues(String),
}

/// Why lines cannot be joined so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadMultiline {
    /// Not a regular expression.
    #[error("the regular expression: {0}")]
    Regex(String),
    /// No bound, or no time.
    #[error("`bytes_max` and `wait` of `multiline` are to be more than nothing")]
    Nothing,
}

impl Multiline {
    /// The memory that lines may take while what follows them is waited for, for each byte of a batch. When they take more, the
    /// oldest go on as they are.
    pub const HELD_BATCHES: usize = 4;
}

/// [`JoinRule`] at work.
#[derive(Debug)]
enum Rule {
    Auto,
    Start(Regex),
    Continues(Regex),
}

impl Rule {
    fn new(rule: &JoinRule) -> Result<Self, BadMultiline> {
        let regex = |text: &str| Regex::new(text).map_err(|error| BadMultiline::Regex(error.to_string()));
        Ok(match rule {
            JoinRule::Auto => Self::Auto,
            JoinRule::Start(text) => Self::Start(regex(text)?),
            JoinRule::Continues(text) => Self::Continues(regex(text)?),
        })
    }

    /// True when `line` continues what led to `trace`, which goes on with it.
    fn continues(&self, trace: &mut Trace, line: &[u8]) -> bool {
        match self {
            Self::Auto => trace.goes_on(line),
            Self::Start(regex) => !regex.is_match(line),
            Self::Continues(regex) => regex.is_match(line),
        }
    }
}
