//! The two programs that do the same job.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use clap::ValueEnum;

use super::build::Tools;
use super::process::Process;

/// Who is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Contestant {
    /// The bare loop.
    Yardstick,
    /// The collector.
    Catchment,
}

/// How a contestant and its peers come together.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Endpoint<'a> {
    /// It accepts on this port of 127.0.0.1.
    Listen(u16),
    /// It dials the targets in this file, one `address:port` per line.
    Connect(&'a Path),
}

impl Contestant {
    /// Starts it with everything it writes below `directory`.
    pub(crate) fn start(
        self,
        tools: &Tools,
        directory: &Path,
        endpoint: Endpoint<'_>,
    ) -> io::Result<Process> {
        let log = directory.join("output.log");
        match self {
            Contestant::Yardstick => {
                let mut command = Command::new(tools.yardstick());
                command.arg("--data-dir").arg(directory.join("data"));
                command.arg("--batch-bytes").arg(tools.yardstick_batch_bytes.to_string());
                match endpoint {
                    Endpoint::Listen(port) => command.arg("--listen").arg(format!("127.0.0.1:{port}")),
                    Endpoint::Connect(targets) => command.arg("--dial").arg(targets),
                };
                Process::start(&mut command, &log)
            }
            Contestant::Catchment => {
                let config = directory.join("catchment.toml");
                fs::write(&config, configuration(&directory.join("data"), endpoint))?;
                Process::start(Command::new(tools.catchment()).arg("run").arg("-c").arg(&config), &log)
            }
        }
    }

    /// Starts the collector that obeys `faults`, a value of `CATCHMENT_FAULTS`.
    pub(crate) fn start_with_faults(
        tools: &Tools,
        directory: &Path,
        port: u16,
        faults: &str,
    ) -> io::Result<Process> {
        let config = directory.join("catchment.toml");
        fs::write(&config, configuration(&directory.join("data"), Endpoint::Listen(port)))?;
        let mut command = Command::new(tools.catchment_with_faults());
        command.arg("run").arg("-c").arg(&config).env("CATCHMENT_FAULTS", faults);
        Process::start(&mut command, &directory.join("output.log"))
    }
}

impl fmt::Display for Contestant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Contestant::Yardstick => "yardstick",
            Contestant::Catchment => "catchment",
        })
    }
}

/// The collector's configuration: all defaults, but a journal that may recycle its segments as the yardstick does its
/// files, and whose lines no pipeline takes: what is compared ends with the ACK. The one pipeline is for a source that is silent.
fn configuration(data_dir: &Path, endpoint: Endpoint<'_>) -> String {
    let source = match endpoint {
        Endpoint::Listen(port) => {
            format!("kind = \"listen\"\naddress = \"127.0.0.1:{port}\"\npeers_max = 19500\n")
        }
        Endpoint::Connect(targets) => {
            format!("kind = \"connect\"\ntargets_file = {:?}\n", targets.display().to_string())
        }
    };
    format!(
        "data_dir = {:?}\n\n\
         [journal]\nbytes_max = \"256 MiB\"\nat_cap = \"drop_oldest\"\nsegment_bytes = \"64 MiB\"\n\n\
         [[pipeline]]\nname = \"idle\"\nfrom = [\"silent\"]\nto = [\"tail\"]\n\n\
         [[source]]\nname = \"silent\"\nkind = \"listen\"\naddress = \"127.0.0.1:0\"\npeers_max = 1\n\n\
         [[source]]\nname = \"load\"\n{source}",
        data_dir.display().to_string()
    )
}
