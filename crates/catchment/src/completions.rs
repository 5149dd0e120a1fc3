//! What shells and `man` know of the commands, from the same definitions as `--help`.

use std::io::{self, ErrorKind, Write as _};
use std::path::Path;

use clap::CommandFactory as _;

use crate::cli::{self, Cli};
use crate::exit::{Exit, complain};

/// Prints the script that completes commands in a shell.
pub(crate) fn completions(options: &cli::Completions) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut Cli::command(), "catchment", &mut script);
    print(&script)
}

/// Prints the manual page, or writes all of them.
pub(crate) fn man(options: &cli::Man) -> Exit {
    if let Some(dir) = &options.dir {
        return match write(dir) {
            Ok(()) => Exit::Done,
            Err(error) => {
                complain(format_args!("cannot write manual pages into `{}`: {error}", dir.display()));
                Exit::Failed
            }
        };
    }
    let mut page = Vec::new();
    match clap_mangen::Man::new(Cli::command()).render(&mut page) {
        Ok(()) => print(&page),
        Err(error) => {
            complain(error);
            Exit::Failed
        }
    }
}

fn write(dir: &Path) -> io::Result<()> {
    std::fs::create_dir_all(dir)?;
    clap_mangen::generate_to(Cli::command(), dir)
}

fn print(text: &[u8]) -> Exit {
    match io::stdout().write_all(text) {
        Ok(()) => Exit::Done,
        // Whoever read our output has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Exit::Done,
        Err(error) => {
            complain(format_args!("cannot write: {error}"));
            Exit::Failed
        }
    }
}
