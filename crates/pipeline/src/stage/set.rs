use record::{Batch, Level, OwnedValue};

use super::BadStage;

/// What says where a record comes from, or how it came.
const FIXED: [&str; 9] = ["position", "nth", "time", "received", "source", "peer", "flags", "raw", "extra"];

/// True for the name of what every record has, and for no name.
pub(super) fn is_own(name: &str) -> bool {
    FIXED.contains(&name) || matches!(name, "" | "level" | "message")
}

pub(super) fn check(fields: &[(String, OwnedValue)]) -> Result<(), BadStage> {
    for (name, value) in fields {
        match (name.as_str(), value) {
            (name, _) if FIXED.contains(&name) => return Err(BadStage::Fixed(name.to_owned())),
            (name, _) if !(1..=255).contains(&name.len()) => return Err(BadStage::Name),
            ("message", OwnedValue::Str(_)) => {}
            ("message", _) => return Err(BadStage::Message),
            ("level", OwnedValue::Str(word)) if Level::from_word(word).is_some() => {}
            ("level", _) => return Err(BadStage::Level),
            _ => {}
        }
    }
    Ok(())
}

pub(super) fn apply(fields: &[(String, OwnedValue)], batch: &mut Batch) {
    for index in 0..batch.len() {
        for (name, value) in fields {
            match (name.as_str(), value) {
                ("message", OwnedValue::Str(text)) => batch.set_message(index, text),
                ("level", OwnedValue::Str(word)) => batch.set_level(index, Level::from_word(word)),
                (name, value) => batch.set_field(index, name, value.value()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use record::{Batch, Level, Line, LineFlags, Micros, Position, Value};

    use super::{BadStage, OwnedValue, apply, check};

    fn text(text: &str) -> OwnedValue {
        OwnedValue::Str(text.to_owned())
    }

    #[test]
    fn each_record_gets_the_fields() {
        let mut batch = Batch::new();
        for position in 1..=2 {
            let (position, received, flags) = (Position(position), Micros(1), LineFlags::default());
            batch.push(&Line { position, received, source: "s", peer: "p", bytes: b"x", flags });
        }
        batch.set_field(1, "n", Value::Int(1));
        let fields = [
            ("site".to_owned(), text("north")),
            ("n".to_owned(), OwnedValue::Int(2)),
            ("level".to_owned(), text("Warning")),
            ("message".to_owned(), text("said")),
        ];
        check(&fields).unwrap();
        apply(&fields, &mut batch);
        for record in batch.iter() {
            assert_eq!((record.level(), record.message()), (Some(Level::Warn), "said"));
            assert_eq!(record.field("site"), Some(Value::Str("north")));
            assert_eq!(record.field("n"), Some(Value::Int(2)));
            assert_eq!(record.fields().len(), 2);
        }
    }

    #[test]
    fn what_cannot_be_set_is_refused() {
        for (name, value, bad) in [
            ("peer", text("x"), BadStage::Fixed("peer".to_owned())),
            ("", text("x"), BadStage::Name),
            ("level", text("loud"), BadStage::Level),
            ("level", OwnedValue::Int(3), BadStage::Level),
            ("message", OwnedValue::Bool(true), BadStage::Message),
        ] {
            assert_eq!(check(&[(name.to_owned(), value)]), Err(bad), "{name}");
        }
    }
}
