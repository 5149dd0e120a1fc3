use record::{Batch, Position, Record};
use vrl::diagnostic::Diagnostic;
use vrl::value::Value;

use crate::change::Reason;
use crate::compile::{NOT_BOOLEAN, Options, compile};
use crate::diagnostics::{BadScript, Diagnostics};
use crate::failures::Failures;
use crate::machine::{Ended, Machine};
use crate::script::drop_records;

/// An expression that is true or false for each record.
///
/// Owns what it works on, and uses that memory again. Needs no stop. A record on which it fails goes on as it was, with the fields
/// `error.stage` and `error.reason`.
#[derive(Debug)]
pub struct Predicate {
    machine: Machine,
    warnings: Diagnostics,
    failures: Failures,
    dropped: Vec<usize>,
}

impl Predicate {
    /// Compiles it.
    ///
    /// # Errors
    /// Why it is no expression that is true or false, or what it may not do.
    pub fn compile(text: &str, options: Options) -> Result<Self, BadScript> {
        let (program, warnings) = compile(text, options, true)?;
        let result = program.final_type_info().result;
        let kind = result.kind().union(result.returns().clone());
        if !kind.is_boolean() {
            let diagnostic = Diagnostic::error(NOT_BOOLEAN, "a condition is to be true or false")
                .with_primary(format!("this is {kind}"), (0, text.trim_end().len()));
            return Err(BadScript(Diagnostics::new(text, vec![diagnostic])));
        }
        Ok(Self {
            machine: Machine::new(program, text),
            warnings,
            failures: Failures::default(),
            dropped: Vec::new(),
        })
    }

    /// What is odd about it.
    pub fn warnings(&self) -> &Diagnostics {
        &self.warnings
    }

    /// What it is for this record; false where it aborts.
    ///
    /// # Errors
    /// Why it can be neither.
    pub fn matches(&mut self, record: Record<'_>) -> Result<bool, Reason> {
        match self.machine.run(record) {
            Ok(Value::Boolean(value)) => Ok(value),
            Ok(other) => Err(format!("the condition is {}, neither true nor false", other.kind()).into()),
            Err(Ended::Aborted) => Ok(false),
            Err(Ended::Failed(reason)) => Err(reason),
        }
    }

    /// Drops the records for which it is false.
    pub fn apply(&mut self, batch: &mut Batch) {
        self.dropped.clear();
        for index in 0..batch.len() {
            match self.matches(batch.get(index)) {
                Ok(true) => {}
                Ok(false) => self.dropped.push(index),
                Err(reason) => self.failures.mark(batch, index, "where", &reason),
            }
        }
        drop_records(batch, &self.dropped);
    }

    /// How many records it failed on.
    pub fn failed(&self) -> u64 {
        self.failures.count
    }

    /// The last record that it failed on, and why.
    pub fn last_failure(&self) -> Option<(Position, &str)> {
        self.failures.last()
    }
}
