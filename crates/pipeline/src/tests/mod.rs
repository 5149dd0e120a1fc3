//! Pipelines over a journal in memory.

mod exactly_once;
mod handlers;
mod journal;
mod multiline;
mod sink;
mod stories;
mod tail;
mod threads;
