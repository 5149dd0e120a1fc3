//! The program from outside: each test starts the real executable, plays its peers over loopback, and reads the lines back.

#![forbid(unsafe_code)]

mod cat;
mod collect;
mod config;
mod damage;
mod demo;
mod dial;
mod download;
mod from_a_script;
mod full;
mod handlers;
mod journal;
mod lines;
mod listen;
mod oracle;
mod pipelines;
mod relay;
mod search;
mod serve_collect;
mod stages;
mod store;
mod store_input;
mod tail;
mod web;

use testkit::Program;

/// The executable under test, in a directory of its own.
fn program() -> Program {
    Program::new(env!("CARGO_BIN_EXE_catchment"))
}
