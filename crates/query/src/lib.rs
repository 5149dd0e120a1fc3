//! SQL and search over a snapshot of the store: the one crate that links DataFusion.
//!
//! ```text
//!   SQL ────► statement ─► plan ─► shape ─┐                     ┌─► memory batches
//!                                         ├─► table `logs` ─────┤
//!   search ─► windows of time, each SQL ──┘   (needs of filters)└─► parts: pruned, selected, read lazily
//!                                                                        │
//!   caller ◄── Rows (bounded channel) ◄── tasks on the engine's runtime ◄┘
//! ```
//!
//! Everything here only reads. There is one table, `logs`, with the columns of [`store::Snapshot::schema`], and no
//! statement, function or setting that reaches any other file.

#![forbid(unsafe_code)]

mod asking;
mod compact;
mod counting;
mod counts;
mod cut;
mod engine;
mod error;
mod functions;
mod interrupt;
mod names;
mod needs;
mod parts;
mod planner;
mod reader;
mod rows;
mod search_query;
mod session;
mod shape;
mod statement;
mod statistics;
mod table;
mod wait;
mod walk;
mod widening;
mod windows;

#[cfg(test)]
mod tests;

pub use asking::{Begun, begin};
pub use engine::{Engine, Limits};
pub use error::QueryError;
pub use rows::{Cancel, Rows, Work};
pub use search_query::{Search, search_condition, search_sql};
