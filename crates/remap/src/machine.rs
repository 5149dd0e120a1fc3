use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use record::Record;
use vrl::compiler::runtime::{Runtime, Terminate};
use vrl::compiler::{ExpressionError, Program, TargetValueRef, TimeZone};
use vrl::value::{ObjectMap, Secrets, Value};

use crate::change::Reason;
use crate::event;
use crate::touched::Touched;

/// A script that takes more steps than this for one record has a loop that is not worth waiting for.
const STEPS_MAX: u32 = 1_000_000;

/// A compiled script and what it works on. Owns the event of one record, whose memory is used again, and the script's variables.
#[derive(Debug)]
pub(crate) struct Machine {
    program: Program,
    touched: Touched,
    runtime: Runtime,
    event: Value,
    metadata: Value,
    secrets: Secrets,
    zone: TimeZone,
}

/// Why a script gave nothing.
#[derive(Debug)]
pub(crate) enum Ended {
    Aborted,
    Failed(Reason),
}

impl Machine {
    pub(crate) fn new(program: Program, text: &str) -> Self {
        Self {
            touched: Touched::of(&program, text),
            program,
            runtime: Runtime::default(),
            event: Value::Object(ObjectMap::new()),
            metadata: Value::Object(ObjectMap::new()),
            secrets: Secrets::new(),
            // The machine's own would read the environment.
            zone: TimeZone::parse("UTC").unwrap_or_default(),
        }
    }

    /// Runs the script on a record, and gives what its last expression is.
    pub(crate) fn run(&mut self, record: Record<'_>) -> Result<Value, Ended> {
        event::fill(&mut self.event, record, &self.touched);
        let mut steps = 0;
        let mut count = || {
            steps += 1;
            if steps > STEPS_MAX { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let Self { program, runtime, event, metadata, secrets, zone, .. } = self;
        let mut target = TargetValueRef { value: event, metadata, secrets };
        // A function of VRL that panics on a line would do so again and again. Nothing of it is used afterwards.
        let ended = catch_unwind(AssertUnwindSafe(|| {
            runtime.resolve_with_control(&mut target, program, zone, &mut count)
        }));
        match &ended {
            Err(_) => (self.runtime, self.event) = (Runtime::default(), Value::Null),
            Ok(_) => self.runtime.clear(),
        }
        if self.metadata.as_object().is_none_or(|map| !map.is_empty()) {
            self.metadata = Value::Object(ObjectMap::new());
        }
        match ended {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(Terminate::Abort(ExpressionError::Abort { .. }))) => Err(Ended::Aborted),
            Ok(Err(Terminate::Interrupted)) => Err(Ended::Failed("more than a million steps".into())),
            Ok(Err(Terminate::Abort(error) | Terminate::Error(error))) => {
                Err(Ended::Failed(error.to_string().into()))
            }
            Err(_) => Err(Ended::Failed("the script panicked: what it calls has a bug".into())),
        }
    }

    /// What it left of the record.
    pub(crate) fn event(&self) -> (&Value, &Touched) {
        (&self.event, &self.touched)
    }
}
