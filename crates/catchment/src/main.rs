//! `catchment`: collects lines from thousands of TCP peers, and acks each once it is synced to disk.

#![forbid(unsafe_code)]

mod api;
mod app;
mod cat;
mod check;
mod cli;
mod collect;
mod config;
mod control;
mod demo;
mod exit;
mod feeds;
mod format;
mod limits;
mod live;
mod log;
mod outputs;
mod past;
mod print;
mod progress;
mod read;
mod remote;
mod run;
mod saved;
mod serve;
mod signals;
mod sources;
mod status;
mod tailing;
mod test_handler;
mod trial;
mod units;
mod watched;

use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::{Cli, Command};

fn main() -> ExitCode {
    let exit = match Cli::parse().command {
        Command::Run(options) => run::run(&options),
        Command::Collect(options) => collect::run(&options),
        Command::Serve(options) => serve::run(options),
        Command::Query(options) => read::query(&options),
        Command::Search(options) => read::search(&options),
        Command::Tail(options) => read::tail(&options),
        Command::Export(options) => read::export(&options),
        Command::Store(cli::StoreCommand::Ls(options)) => read::list(&options),
        Command::Store(cli::StoreCommand::Verify(data)) => read::verify(&data),
        Command::Cat(options) => cat::run(&options),
        Command::Status(options) => status::run(&options),
        Command::Demo(options) => demo::run(&options),
        Command::Token(cli::TokenCommand::New) => api::token(),
        Command::Check(options) => check::check(&options),
        Command::TestHandler(options) => test_handler::run(options),
        Command::Test(options) => trial::test(&options),
        Command::Explain(options) => trial::explain(&options),
        Command::Config(cli::ConfigCommand::Default) => check::print_default(),
    };
    exit.into()
}
