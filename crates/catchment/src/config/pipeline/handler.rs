use pipeline::Stage;
use workers::{Pool, StartError};

use crate::config::problem::Report;
use crate::config::read::At;

/// Reports a Python handler that cannot be loaded, where code may be run to find out.
pub(super) fn check(stage: &At<Stage>, report: &Report) {
    let Stage::Python(spec) = &stage.value else { return };
    if !report.runs_code() {
        return;
    }
    match Pool::check(spec) {
        Ok(_) => {}
        Err(StartError::Handler { handler, traceback }) => {
            let last = traceback.trim_end().lines().last().unwrap_or_default();
            report.add_with(
                &stage.place,
                format!("the handler `{handler}` cannot be loaded: {last}"),
                "",
                traceback,
            );
        }
        Err(error) => {
            report.add(&stage.place, error.to_string(), "");
        }
    }
}
