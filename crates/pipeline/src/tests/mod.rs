//! Pipelines over a journal in memory.

mod exactly_once;
mod handlers;
mod journal;
mod sink;
mod stories;
mod tail;
mod threads;
