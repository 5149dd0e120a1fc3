use vrl::compiler::state::{ExternalEnv, LocalEnv, TypeState};
use vrl::compiler::{CompileConfig, Program, compile_with_state};
use vrl::diagnostic::{Diagnostic, DiagnosticList};
use vrl::path::{OwnedSegment, OwnedTargetPath, OwnedValuePath, PathPrefix};
use vrl::value::Kind;
use vrl::value::kind::Collection;

use crate::diagnostics::{BadScript, Diagnostics};
use crate::event::FIXED;
use crate::{functions, nesting};

/// Longer scripts are programs, and better off elsewhere.
const SCRIPT_BYTES_MAX: usize = 64 * 1024;

/// Codes of VRL's diagnostics.
pub(crate) const NOT_BOOLEAN: usize = 102;
const READ_ONLY: usize = 315;
const CANNOT_FAIL: usize = 620;

/// What scripts may do beyond looking at their record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Options {
    /// Read the environment of this process, with `get_env_var`.
    pub environment: bool,
}

/// Compiles a script; one that only looks may change nothing. Gives also what is to be said about a good one.
pub(crate) fn compile(
    text: &str,
    options: Options,
    only_looks: bool,
) -> Result<(Program, Diagnostics), BadScript> {
    let bad = |list| BadScript(Diagnostics::new(text, list));
    if text.len() > SCRIPT_BYTES_MAX {
        return Err(bad(vec![Diagnostic::error(0, "a script is at most 64 KiB long")]));
    }
    if let Some(at) = nesting::too_deep(text) {
        let message = format!("brackets are open more than {} deep", nesting::LEVELS_MAX);
        return Err(bad(vec![Diagnostic::error(0, message).with_primary("here", (at, at + 1))]));
    }
    let mut config = CompileConfig::default();
    if only_looks {
        config.set_read_only();
    }
    let (program, warnings) = run(text, options, config).map_err(|list| {
        let mut list: Vec<_> = list.into_iter().collect();
        list.iter_mut().for_each(|diagnostic| functions::explain(diagnostic, text, options));
        bad(list)
    })?;
    let fixed = sets_fixed(text, &program, options);
    if !fixed.is_empty() {
        return Err(bad(fixed));
    }
    // The message is known to be a string, so `string!(.message)` cannot fail here; elsewhere it can, and scripts come from there.
    let warnings = warnings.into_iter().filter(|warning| warning.code != CANNOT_FAIL).collect();
    Ok((program, Diagnostics::new(text, warnings)))
}

fn run(
    text: &str,
    options: Options,
    config: CompileConfig,
) -> Result<(Program, DiagnosticList), DiagnosticList> {
    let state = TypeState { local: LocalEnv::default(), external: external() };
    compile_with_state(text, &functions::all(options), &state, config)
        .map(|compiled| (compiled.program, compiled.warnings))
}

/// What is known about the types of a record before any script ran.
fn external() -> ExternalEnv {
    let event = Collection::any()
        .with_known("message", Kind::bytes())
        .with_known("time", Kind::timestamp())
        .with_known("source", Kind::bytes())
        .with_known("peer", Kind::bytes())
        .with_known("received", Kind::timestamp())
        .with_known("position", Kind::integer());
    ExternalEnv::new_with_kind(Kind::object(event), Kind::object(Collection::empty()))
}

/// Why a script that sets what cannot be set is none. What it leaves in `.` as a whole is looked at when it runs.
fn sets_fixed(text: &str, program: &Program, options: Options) -> Vec<Diagnostic> {
    let first = |path: &OwnedTargetPath| match (path.prefix, path.path.segments.first()) {
        (PathPrefix::Event, Some(OwnedSegment::Field(name))) => {
            FIXED.iter().find(|fixed| **fixed == name.as_str()).copied()
        }
        _ => None,
    };
    let names: Vec<&str> = program.info().target_assignments.iter().filter_map(first).collect();
    if names.is_empty() {
        return Vec::new();
    }
    // Where that is only the compiler knows, which refuses it now, and with it every assignment to `.`.
    let mut config = CompileConfig::default();
    for name in &names {
        config.set_read_only_path(OwnedTargetPath::event(OwnedValuePath::single_field(name)), true);
    }
    let list = run(text, options, config).err().unwrap_or_default();
    let mut found: Vec<Diagnostic> = list
        .into_iter()
        .filter(|diagnostic| diagnostic.code == READ_ONLY)
        .filter_map(|mut diagnostic| {
            let span = diagnostic.labels.first()?.span;
            let at = text.get(span.range())?;
            let name = names.iter().find(|name| at.starts_with(&format!(".{name}")))?;
            diagnostic.message = cannot_be_set(name);
            Some(diagnostic)
        })
        .collect();
    if found.is_empty() {
        found.push(Diagnostic::error(READ_ONLY, cannot_be_set(names[0])));
    }
    found
}

pub(crate) fn cannot_be_set(name: &str) -> String {
    format!("`.{name}` cannot be set: it says where the record comes from")
}
