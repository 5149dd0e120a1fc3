//! The tasks of this repository: `cargo xtask TASK`.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a task talks to whoever started it")]

mod bench;
mod faulty;
mod simulate;
mod torture;
mod workspace;

use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask TASK [OPTION...]

  bench ingest    measure the collector against a bare epoll loop; `--help` tells the options
  bench process   measure parsers and Python handlers, and the script that people write today; `--help` as well
  bench store     measure the store against ClickHouse, DuckDB and ripgrep; `--help` as well
  bench tails     measure many followers of the tail over HTTP; `--help` as well
  simulate        run the collector on a simulated network and disk, seed after seed; `--help` as well
  torture         kill the collector again and again under load, and judge what it gives back; `--help` as well";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["bench", "ingest", options @ ..] => bench::ingest(options),
        ["bench", "process", options @ ..] => bench::process(options),
        ["bench", "store", options @ ..] => bench::store(options),
        ["bench", "tails", options @ ..] => bench::tails(options),
        ["simulate", options @ ..] => simulate::simulate(options),
        ["torture", options @ ..] => torture::torture(options),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}
