//! `cargo xtask bench …`: figures, each next to a yardstick in the same run, kept in `benches/RESULTS.md`.

mod ingest;
mod process;
mod script;
mod sections;
mod store;
mod tails;

pub(crate) use ingest::ingest;
pub(crate) use process::process;
pub(crate) use store::store;
pub(crate) use tails::tails;
