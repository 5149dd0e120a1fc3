//! A fleet of simulated log servers and the collector, in one process.

mod fleet;
mod lines;

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use self::fleet::Fleet;
use crate::app::{App, Mode};
use crate::cli;
use crate::collect::watch;
use crate::config::{self, Config, LogFormat, LogLevel};
use crate::exit::{Exit, complain};
use crate::feeds::Feeds;
use crate::log;
use crate::run::with_app;
use crate::signals::Operator;

/// Shows the whole program at work.
pub(crate) fn run(options: &cli::Demo) -> Exit {
    log::start(LogFormat::Text, LogLevel::Warn);
    let fleet = match Fleet::start(options.servers as usize, options.rate) {
        Ok(fleet) => fleet,
        Err(error) => {
            complain(format_args!("cannot start the simulated servers: {error}"));
            return Exit::CannotStart;
        }
    };
    let (data_dir, temporary) = match &options.data_dir {
        Some(dir) => (dir.clone(), false),
        None => (std::env::temp_dir().join(format!("catchment-demo-{}", std::process::id())), true),
    };
    let exit = match config(&fleet, data_dir.clone(), options) {
        Ok(config) => with_app(config, Mode::default(), |app, operator| show(app, operator, options)),
        Err(problems) => {
            complain(problems);
            Exit::CannotStart
        }
    };
    fleet.stop();
    if temporary && let Err(error) = std::fs::remove_dir_all(&data_dir) {
        let missing = error.kind() == io::ErrorKind::NotFound;
        if !missing {
            complain(format_args!("cannot remove `{}`: {error}", data_dir.display()));
        }
    }
    exit
}

fn show(app: &mut App, operator: &Operator, options: &cli::Demo) -> Exit {
    if let Some(address) = app.page() {
        complain(format_args!("the page is at http://{address}/"));
    }
    let time = options.seconds.map(Duration::from_secs);
    let end = crate::collect::End { once: false, after: time };
    watch(app, operator, end, options.quiet, &mut Feeds::default())
}

fn config(fleet: &Fleet, data_dir: PathBuf, options: &cli::Demo) -> Result<Config, config::Problems> {
    let targets =
        serde_json::Value::from(fleet.addresses().map(|address| address.to_string()).collect::<Vec<_>>());
    let web = options.web.map(|address| format!("[web]\naddress = '{address}'\n")).unwrap_or_default();
    let text = format!(
        "{web}[journal]\nbytes_max = '256 MiB'\nsegment_bytes = '16 MiB'\nat_cap = 'drop_oldest'\n\
         [[source]]\nname = 'demo'\nkind = 'connect'\ntargets = {targets}\nbackoff_max = '2s'\n\
         [[pipeline]]\nname = 'main'\nstages = [{{ parse = 'auto' }}]\nto = ['store', 'tail']\n"
    );
    let config = config::parse(&text, "the demo", std::path::Path::new(""))?;
    Ok(Config { data_dir, ..config })
}
