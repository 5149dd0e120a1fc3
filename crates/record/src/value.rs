use serde::{Deserialize, Serialize};

use crate::Value;

/// A field's [`Value`] that borrows nothing, such as one that a configuration gives.
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
    /// The same, borrowed.
    pub fn value(&self) -> Value<'_> {
        match self {
            Self::Bool(value) => Value::Bool(*value),
            Self::Int(value) => Value::Int(*value),
            Self::Float(value) => Value::Float(*value),
            Self::Str(value) => Value::Str(value),
            Self::Time(value) => Value::Time(*value),
        }
    }
}
