use record::{Record, escape_controls};

/// `peer  message`. What is written to a file today is looked at on a terminal tomorrow.
pub(super) fn write_record(out: &mut String, record: Record<'_>) {
    out.push_str(&escape_controls(record.peer()));
    out.push_str("  ");
    write_message(out, record);
}

/// `message`
pub(super) fn write_message(out: &mut String, record: Record<'_>) {
    out.push_str(&escape_controls(record.message()));
}
