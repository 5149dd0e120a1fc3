use std::io::{self, Read, Write as _};
use std::process::{Command, ExitStatus, Stdio};

use crate::runtime::{BOOT, Run, payload};
use crate::{Spec, StartError};

/// Runs a handler on lines, as `python -m catchment` does: the records go to this process's stdout as JSON lines, what the
/// handler prints and tracebacks of what fails to stderr.
///
/// Exit code 1 means that lines failed, 2 that the handler cannot be loaded.
///
/// # Errors
/// If the interpreter cannot be started, or the lines cannot be read.
pub fn by_hand(spec: &Spec, mut lines: impl Read) -> Result<ExitStatus, StartError> {
    let mut child = Command::new(&spec.python)
        .args(["-c", BOOT, "catchment-by-hand"])
        .stdin(Stdio::piped())
        .spawn()
        .map_err(|error| StartError::Interpreter { python: spec.python.clone(), error })?;
    let copied = child.stdin.take().map_or(Ok(()), |mut stdin| {
        stdin.write_all(&payload(spec, Run::Hand))?;
        io::copy(&mut lines, &mut stdin).map(|_| ())
    });
    let status = child.wait()?;
    match copied {
        // It has ended early, and says why.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(status),
    }
}
