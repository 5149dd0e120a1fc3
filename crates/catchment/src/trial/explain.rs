use std::fmt::Write as _;
use std::io::{self, BufRead as _, BufWriter, ErrorKind, Write};

use pipeline::NotApplied;
use pipeline::output::json::write_str;
use record::{Batch, Record, clock, escape_controls};

use super::seen::{Change, Seen, object};
use super::{Trial, source_of};
use crate::cli::{self, StatusFormat};
use crate::config::{self, Pipeline};
use crate::exit::{Exit, complain};

/// Shows what each stage does to each line of stdin.
pub(crate) fn explain(options: &cli::Explain) -> Exit {
    let config = match config::load(&options.config.file) {
        Ok(config) => config,
        Err(problems) => {
            complain(format_args!("the configuration is wrong\n{problems}"));
            return Exit::BadConfig;
        }
    };
    let wanted = |pipeline: &&Pipeline| options.pipeline.as_ref().is_none_or(|name| *name == pipeline.name);
    let Some(pipeline) = config.pipelines.iter().find(wanted) else {
        let names: Vec<_> = config.pipelines.iter().map(|pipeline| format!("`{}`", pipeline.name)).collect();
        complain(format_args!("there is no such pipeline; there are {}", names.join(", ")));
        return Exit::Usage;
    };
    let source = options.source.clone().unwrap_or_else(|| source_of(pipeline, &config));
    if !pipeline.takes(&source) {
        complain(format_args!("the pipeline `{}` takes no lines of `{source}`", pipeline.name));
        return Exit::Usage;
    }
    let trial = match Trial::new(pipeline) {
        Ok(trial) => trial,
        Err(error) => {
            complain(format_args!("the pipeline `{}` cannot start: {error}", pipeline.name));
            return Exit::CannotStart;
        }
    };
    match stream(trial, &source, options) {
        Ok(()) => Exit::Done,
        // Whoever read our output has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Exit::Done,
        Err(error) => {
            complain(error);
            Exit::Failed
        }
    }
}

fn stream(mut trial: Trial, source: &str, options: &cli::Explain) -> io::Result<()> {
    let (mut input, mut out) = (io::stdin().lock(), BufWriter::new(io::stdout().lock()));
    let mut line = Vec::new();
    loop {
        line.clear();
        let is_over = input.read_until(b'\n', &mut line)? == 0;
        if is_over {
            trial.end();
        } else {
            let text = line.strip_suffix(b"\n").unwrap_or(&line);
            let text = text.strip_suffix(b"\r").unwrap_or(text);
            trial.push(text, source, &options.peer, clock::wall());
        }
        let records = trial.records();
        for index in 0..records.len() {
            let steps = steps(&mut trial, &records, index).map_err(io::Error::other)?;
            let shown = match options.format {
                StatusFormat::Text => text(records.get(index), &steps),
                StatusFormat::Json => json(records.get(index), &steps),
            };
            out.write_all(shown.as_bytes())?;
        }
        // Who types line by line sees what came of each.
        out.flush()?;
        if is_over {
            return Ok(());
        }
    }
}

/// What one stage made of a record.
struct Step {
    stage: &'static str,
    /// Of each record that came out: how it differs from what went in.
    changes: Vec<Vec<Change>>,
    after: Vec<Seen>,
}

impl Step {
    fn outcome(&self) -> &'static str {
        match self.changes.iter().all(Vec::is_empty) {
            _ if self.after.is_empty() => "dropped",
            _ if self.reason().is_some() => "failed",
            _ if self.after.len() > 1 => "several",
            true => "unchanged",
            false => "changed",
        }
    }

    /// Why the stage could not do its work, if it says so.
    fn reason(&self) -> Option<&str> {
        self.changes.iter().flatten().find_map(|change| match change {
            Change::Added { name, value } | Change::Changed { name, to: value, .. }
                if name == "error.reason" =>
            {
                Some(value.as_str())
            }
            _ => None,
        })
    }
}

fn steps(trial: &mut Trial, records: &Batch, index: usize) -> Result<Vec<Step>, NotApplied> {
    let mut batch = Batch::new();
    batch.append_part(records, index..index + 1);
    let mut before = vec![Seen::of(batch.get(0))];
    let mut steps = Vec::new();
    for index in 0..trial.stages.len() {
        trial.stages.apply_one(index, &mut batch)?;
        let after: Vec<_> = batch.iter().map(Seen::of).collect();
        let changes = after.iter().enumerate().map(|(index, after)| {
            // One that became several is compared with each.
            before[index.min(before.len() - 1)].changes(after)
        });
        let stage = trial.stages.counts()[index].stage;
        steps.push(Step { stage, changes: changes.collect(), after: after.clone() });
        if after.is_empty() {
            break;
        }
        before = after;
    }
    Ok(steps)
}

/// The line, and below it a line for each stage and each value that it changed.
fn text(record: Record<'_>, steps: &[Step]) -> String {
    let mut out = String::new();
    for (index, line) in record.message().split('\n').enumerate() {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{}{}", if index == 0 { "" } else { "  ⋮ " }, escape_controls(line));
    }
    let width = steps.iter().map(|step| step.stage.len()).max().unwrap_or(0);
    for (index, step) in steps.iter().enumerate() {
        let _ = write!(out, "  {:>2} {:width$}  ", index + 1, step.stage);
        let _ = match (step.outcome(), step.reason()) {
            ("failed", Some(reason)) => writeln!(out, "failed: {}", escape_controls(reason)),
            ("several", _) => writeln!(out, "{} records", step.after.len()),
            (outcome, _) => writeln!(out, "{outcome}"),
        };
        for (number, changes) in step.changes.iter().enumerate() {
            if step.changes.len() > 1 {
                let _ = writeln!(out, "       record {}", number + 1);
            }
            for change in changes {
                let change = match change {
                    Change::Added { name, value } => format!("+ {name} = {value}"),
                    Change::Changed { name, from, to } => format!("~ {name} = {to}  (was {from})"),
                    Change::Removed { name, value } => format!("- {name}  (was {value})"),
                };
                let _ = writeln!(out, "       {}", escape_controls(&change));
            }
        }
    }
    out.push('\n');
    out
}

/// One object in one line: `line`, `stages`, `records`.
fn json(record: Record<'_>, steps: &[Step]) -> String {
    let quoted = |text: &str| {
        let mut out = String::new();
        write_str(&mut out, text);
        out
    };
    let list = |items: Vec<String>| format!("[{}]", items.join(","));
    let stages = steps.iter().map(|step| {
        let records = step.changes.iter().map(|changes| {
            let (mut added, mut changed, mut removed) = (Vec::new(), Vec::new(), Vec::new());
            for change in changes {
                match change {
                    Change::Added { name, value } => added.push((name.as_str(), value.clone())),
                    Change::Changed { name, from, to } => changed.push((name, format!("[{from},{to}]"))),
                    Change::Removed { name, value } => removed.push((name.as_str(), value.clone())),
                }
            }
            let changed: Vec<_> = changed.into_iter().map(|(name, value)| (name.as_str(), value)).collect();
            let parts = [("added", added), ("changed", changed), ("removed", removed)];
            let parts: Vec<_> = parts
                .iter()
                .map(|(part, values)| {
                    (*part, object(values.iter().map(|(name, value)| (*name, value.as_str()))))
                })
                .collect();
            object(parts.iter().map(|(part, values)| (*part, values.as_str())))
        });
        let (stage, outcome, records) = (quoted(step.stage), quoted(step.outcome()), list(records.collect()));
        let mut values = vec![("stage", stage.as_str()), ("outcome", outcome.as_str())];
        values.extend(step.reason().map(|reason| ("reason", reason)));
        values.push(("records", records.as_str()));
        object(values.into_iter())
    });
    let stages = list(stages.collect());
    let records = match steps.last() {
        Some(step) => list(step.after.iter().map(Seen::json).collect()),
        None => list(vec![Seen::of(record).json()]),
    };
    let line = quoted(record.message());
    let values = [("line", line.as_str()), ("stages", stages.as_str()), ("records", records.as_str())];
    object(values.into_iter()) + "\n"
}
