use record::{Batch, Line, Micros, Record};

/// Adds a record to another batch.
pub(super) fn copy(record: Record<'_>, into: &mut Batch) {
    let index = into.len();
    into.push(&Line {
        position: record.position(),
        received: Micros(u64::try_from(record.received()).unwrap_or(0)),
        source: record.source(),
        peer: record.peer(),
        // Where there are bytes as they were sent, the message is what they decode to.
        bytes: record.raw().unwrap_or(record.message().as_bytes()),
        flags: record.flags(),
    });
    into.set_nth(index, record.nth());
    into.set_time(index, record.time());
    into.set_level(index, record.level());
    for (name, value) in record.fields() {
        into.set_field(index, name, value);
    }
}

#[cfg(test)]
mod tests {
    use record::{Batch, Level, Line, LineFlags, Micros, Position, Value};

    use super::copy;
    use crate::output::json::write_record;

    #[test]
    fn a_copy_is_the_same_in_everything() {
        let mut batch = Batch::new();
        for (position, bytes) in [(1, &b"plain"[..]), (2, b"not \xff text"), (3, b"gone \xff")] {
            let (position, received) = (Position(position), Micros(9));
            batch.push(&Line { position, received, source: "s", peer: "p", bytes, flags: LineFlags::SPLIT });
        }
        batch.set_field(0, "a", Value::Int(1));
        batch.set_field(1, "a", Value::Str("x"));
        batch.set_level(1, Some(Level::Error));
        batch.set_time(1, -4);
        batch.set_message(2, "another");
        batch.set_nth(2, 4);
        let mut copied = Batch::new();
        batch.iter().for_each(|record| copy(record, &mut copied));
        assert_eq!(copied.len(), 3);
        for (one, other) in batch.iter().zip(copied.iter()) {
            let (mut left, mut right) = (String::new(), String::new());
            write_record(&mut left, one);
            write_record(&mut right, other);
            assert_eq!((left, one.raw()), (right, other.raw()));
        }
    }
}
