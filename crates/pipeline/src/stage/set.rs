use record::{Batch, Level, Value};
use serde::{Deserialize, Serialize};

use super::BadStage;

/// A field's value that the configuration gives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
pub enum OwnedValue {
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(String),
    /// Microseconds since 1970-01-01T00:00:00Z.
    Time(i64),
}

impl OwnedValue {
    fn get(&self) -> Value<'_> {
        match self {
            Self::Bool(value) => Value::Bool(*value),
            Self::Int(value) => Value::Int(*value),
            Self::Float(value) => Value::Float(*value),
            Self::Str(value) => Value::Str(value),
            Self::Time(value) => Value::Time(*value),
        }
    }
}

pub(super) fn check(fields: &[(String, OwnedValue)]) -> Result<(), BadStage> {
    const FIXED: [&str; 8] = ["position", "time", "received", "source", "peer", "flags", "raw", "extra"];
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
                (name, value) => batch.set_field(index, name, value.get()),
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
