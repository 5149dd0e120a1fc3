//! From the journal to outputs: a pipeline reads the journal at its own pace, sends each line through its stages, and gives
//! what comes out to its outputs.
//!
//! ```text
//!             ┌───────────────────── thread `pipe-NAME` ─────────────────────┐
//! journal ───►│ cursor ─► from ─► batch ─► stages ─► batch ─► each output    │──► store, file, stdout
//!    ▲        │   ▲                                              │           │──► tail ─► subscribers
//!    │        └───┼──────────────────────────────────────────────┼───────────┘
//!    └─ frees ────┴───── checkpoint: what is safe in every output ┘
//! ```
//!
//! # Promises
//!
//! - A line is given to every output, in the order of positions. What an output says is safe is not given to it again, so an
//!   output that keeps its place together with its records has each line exactly once ([`FileOutput`], the store); one that
//!   cannot ([`StdoutOutput`]) gets the lines since the last checkpoint again after a crash.
//! - The checkpoint in the journal is never past what is safe in every output. It is made about once a second, since it is synced.
//! - What goes on to another collector ([`ForwardOutput`]) is safe once that has acked it, and arrives at least once.
//! - An output that fails is tried again, and its pipeline waits. The lines wait in the journal. Other pipelines go on.
//! - What is damaged in the journal is logged, counted and left out.
//!
//! # Limits
//!
//! | | |
//! |---|---|
//! | batch | 1 MiB of records or 8192 of them by default, or one line if that is longer; stages may add to it |
//! | multiline | lines of 4 batches wait for what follows them, each for 1 s by default; a place between records is where outputs stand |
//! | memory | one batch, one frame of the journal, and what the outputs own; with a Python handler two batches more, and its [pool](workers) |
//! | tail | its ring; each subscriber may hold one block more while it looks at it |
//! | names | `pipe-NAME` names the cursor: NAME has 1 to 59 of `a-z`, `0-9`, `_` and `-` |
//! | parsed line | 1024 fields, names of 255 bytes, 16 levels of JSON objects; a line with more stays as it is, with the reason |
//! | dedupe | 80 bytes for each line that it remembers, 80 MB at most |
//! | rate limit | 131,072 keys, 6 MB |
//! | table, database | `bytes_max` each, and as much again while it is read again; once for all stages that are told the same |
#![forbid(unsafe_code)]

mod driver;
mod feed;
mod lane;
mod multiline;
mod options;
pub mod output;
mod run;
mod spec;
mod stage;
mod status;
mod tail;
#[cfg(test)]
mod tests;

pub use multiline::{BadMultiline, JoinRule, Joiner, Multiline};
pub use options::Options;
pub use output::{
    FileError, FileOutput, Format, ForwardOptions, ForwardOutput, ForwardStatus, ForwardText, ForwardWatch,
    Output, OutputError, StdoutOutput,
};
pub use parse::{BadParse, Grok, Parse, TimestampFormat};
pub use remap::{BadScript, Diagnostics};
pub use run::{Running, StartError, StopError, start};
pub use spec::{Spec, SpecError};
pub use stage::{
    BadStage, Condition, Dedupe, Enrich, Geoip, Key, Missing, NotApplied, OwnedValue, RateKey, RateLimit,
    Redact, Route, Stage, StageCounts, Stages, Vrl, Where,
};
pub use status::{State, Status};
pub use tail::{Event, Matches, SubscribeError, Subscription, Tail, TailOutput, TailReader, TailStatus};
