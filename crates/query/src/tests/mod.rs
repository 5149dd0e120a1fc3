//! Questions to small snapshots, of memory and parts whose schemas differ.

mod counting;
mod forbidden;
mod limits;
mod needs;
mod pruning;
mod searching;
mod sql;
mod support;
