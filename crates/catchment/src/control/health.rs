//! Whether the collector is well. This is the one place that judges: the exit code of `status`, `top`, `/readyz` and the status of the
//! API follow it.

use serde::{Deserialize, Serialize};

use super::report::{HandlerStatus, JournalStatus, PipelineStatus, StageStatus, Status, StoreStatus};

/// Something that somebody has to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Trouble {
    /// `journal`, `pipeline NAME` or `store`
    pub(crate) of: String,
    pub(crate) reason: String,
}

/// Ok while lines are taken; else why none are.
pub(crate) fn takes_lines(journal: &JournalStatus) -> Result<(), String> {
    let JournalStatus { state, reason, .. } = journal;
    let how = match state.as_str() {
        "running" => return Ok(()),
        "failed" => "has failed",
        _ => "is stalled",
    };
    Err(match reason {
        Some(reason) => format!("the journal {how}: {reason}"),
        None => format!("the journal {how}"),
    })
}

/// All that is wrong; nothing when all is well. A peer that cannot be reached is that peer's affair, and what a policy drops is
/// meant: neither is a trouble.
pub(super) fn troubles(status: &Status) -> Vec<Trouble> {
    let journal = takes_lines(&status.journal).err().map(|reason| trouble("journal", reason));
    let pipelines = status.pipelines.iter().flat_map(|pipeline| {
        let of = format!("pipeline {}", pipeline.name);
        of_pipeline(pipeline).into_iter().map(move |reason| trouble(&of, reason))
    });
    let store = of_store(&status.store).into_iter().map(|reason| trouble("store", reason));
    journal.into_iter().chain(pipelines).chain(store).collect()
}

fn trouble(of: &str, reason: String) -> Trouble {
    Trouble { of: of.to_owned(), reason }
}

fn of_pipeline(pipeline: &PipelineStatus) -> Vec<String> {
    let reason = pipeline.reason.as_deref().unwrap_or_default();
    let state = match pipeline.state.as_str() {
        "running" => None,
        "ended" => Some(format!("it has ended: {reason}")),
        _ => Some(format!("it stands still: {reason}")),
    };
    let damaged = (pipeline.damaged > 0)
        .then(|| format!("{} frames of the journal could not be read", pipeline.damaged));
    let stages = (1..).zip(&pipeline.stages).filter_map(|(number, stage)| of_stage(number, stage));
    let handlers = pipeline.handlers.iter().filter_map(of_handler);
    state.into_iter().chain(damaged).chain(stages).chain(handlers).collect()
}

fn of_stage(number: usize, stage: &StageStatus) -> Option<String> {
    Some(format!("stage {number}, {}: {}", stage.stage, stage.trouble.as_ref()?))
}

/// Without a worker lines wait. One that is only starting has no error yet.
fn of_handler(handler: &HandlerStatus) -> Option<String> {
    let error = handler.last_error.as_ref().filter(|_| handler.ready == 0)?;
    Some(format!("{} has no worker: {}", handler.handler, error.trim_end()))
}

fn of_store(store: &StoreStatus) -> Vec<String> {
    let services = [
        ("flush", &store.flush),
        ("compaction", &store.compaction),
        ("retention", &store.retention),
        ("upload", &store.upload),
    ];
    let failing = services.into_iter().filter_map(|(name, service)| {
        service.trouble.as_ref().map(|trouble| format!("{name} fails: {trouble}"))
    });
    failing.chain(damaged(store)).collect()
}

fn damaged(store: &StoreStatus) -> Option<String> {
    let first = store.damaged.first()?;
    let rows: u64 = store.damaged.iter().map(|part| part.rows).sum();
    let others = match store.damaged.len() - 1 {
        0 => String::new(),
        others => format!(" (and {others} more)"),
    };
    Some(format!("{rows} records are missing: `{}`: {}{others}", first.path, first.why))
}
