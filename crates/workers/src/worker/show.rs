use record::escape_controls;

use super::output::Printed;

/// Logs a line that a worker printed. It can hold whatever a peer sent: its control characters are shown and not obeyed.
pub(super) fn line(pipeline: &str, worker: usize, line: &Printed<'_>) {
    let text = String::from_utf8_lossy(line.text);
    let text = escape_controls(&text);
    let position = line.position;
    match line.letter {
        b'E' => tracing::error!(target: "python", pipeline, worker, position, "{text}"),
        b'W' | b'e' => tracing::warn!(target: "python", pipeline, worker, position, "{text}"),
        b'D' => tracing::debug!(target: "python", pipeline, worker, position, "{text}"),
        _ => tracing::info!(target: "python", pipeline, worker, position, "{text}"),
    }
}
