//! The columns that every part has, and the types that a field's column can have.

use std::sync::{Arc, LazyLock};

use arrow_schema::{DataType, Field, FieldRef, Schema, SchemaRef, TimeUnit};
use serde::{Deserialize, Serialize};

/// The place of the record's line in the journal. With [`NTH`] it is the record's id. `UInt64`, never null.
pub const POSITION: &str = "position";
/// Which of its line's records it is, if it is not the first one. It is kept as a field is: a whole number or null, and where no line
/// became several records there is no such column. A record's own field of this name is in [`EXTRA`].
pub const NTH: &str = "nth";
/// When it happened. Microseconds, UTC, never null.
pub const TIME: &str = "time";
/// When it was received. Microseconds, UTC, never null.
pub const RECEIVED: &str = "received";
/// The source it came through. Text, never null.
pub const SOURCE: &str = "source";
/// The peer it came from. Text, never null.
pub const PEER: &str = "peer";
/// The lower-case name of a [`record::Level`]; null when nothing said.
pub const LEVEL: &str = "level";
/// Its text, never null.
pub const MESSAGE: &str = "message";
/// The names of the line's flags, joined by commas; null without any.
pub const FLAGS: &str = "flags";
/// The bytes as sent, where they were not UTF-8.
pub const RAW: &str = "raw";
/// A JSON object of the fields that have no column of their own; null without any.
pub const EXTRA: &str = "extra";

/// The most field columns that a part or a batch has. Further fields go to [`EXTRA`].
pub const FIELDS_MAX: usize = 200;

/// How many columns every part has before those of its fields.
pub(crate) const CORE: usize = 10;
/// Their places.
pub(crate) const AT_POSITION: usize = 0;
pub(crate) const AT_TIME: usize = 1;
pub(crate) const AT_RECEIVED: usize = 2;
pub(crate) const AT_SOURCE: usize = 3;
pub(crate) const AT_PEER: usize = 4;
pub(crate) const AT_LEVEL: usize = 5;
pub(crate) const AT_MESSAGE: usize = 6;

/// The columns that every part has, in their order.
pub fn core_schema() -> SchemaRef {
    Arc::clone(&CORE_SCHEMA)
}

/// True for the name of a column that every part has.
pub fn is_core(name: &str) -> bool {
    CORE_SCHEMA.fields().iter().any(|field| field.name() == name)
}

static CORE_SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        Field::new(POSITION, DataType::UInt64, false),
        Field::new(TIME, FieldType::Time.arrow(), false),
        Field::new(RECEIVED, FieldType::Time.arrow(), false),
        Field::new(SOURCE, DataType::Utf8View, false),
        Field::new(PEER, DataType::Utf8View, false),
        Field::new(LEVEL, DataType::Utf8View, true),
        Field::new(MESSAGE, DataType::Utf8View, false),
        Field::new(FLAGS, DataType::Utf8View, true),
        Field::new(RAW, DataType::BinaryView, true),
        Field::new(EXTRA, DataType::Utf8View, true),
    ]))
});

/// What the column of a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldType {
    /// True or false.
    Bool,
    /// A whole number of 64 bits.
    Int,
    /// A number of 64 bits with a fraction.
    Float,
    /// Text.
    String,
    /// Microseconds since 1970, UTC.
    Time,
}

impl FieldType {
    /// The type of its column.
    pub fn arrow(self) -> DataType {
        match self {
            Self::Bool => DataType::Boolean,
            Self::Int => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::String => DataType::Utf8View,
            Self::Time => DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into())),
        }
    }

    /// What a column of this type holds; `None` for a type that no field has.
    pub fn of(data_type: &DataType) -> Option<Self> {
        match data_type {
            DataType::Boolean => Some(Self::Bool),
            DataType::Int64 => Some(Self::Int),
            DataType::Float64 => Some(Self::Float),
            DataType::Utf8View | DataType::Utf8 | DataType::LargeUtf8 => Some(Self::String),
            DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) if zone.as_ref() == UTC => {
                Some(Self::Time)
            }
            _ => None,
        }
    }

    /// The type that can hold what both can: a whole number and one with a fraction are one with a fraction,
    /// whatever else differs is text.
    #[must_use]
    pub fn widen(self, other: Self) -> Self {
        match (self, other) {
            (one, other) if one == other => one,
            (Self::Int, Self::Float) | (Self::Float, Self::Int) => Self::Float,
            _ => Self::String,
        }
    }
}

/// The zone of all times.
pub(crate) const UTC: &str = "UTC";

/// The schema of a part with these fields.
pub(crate) fn schema_with<'a>(fields: impl IntoIterator<Item = (&'a str, FieldType)>) -> SchemaRef {
    let own = fields.into_iter().map(|(name, kind)| Arc::new(Field::new(name, kind.arrow(), true)));
    let all: Vec<FieldRef> = CORE_SCHEMA.fields().iter().cloned().chain(own).collect();
    Arc::new(Schema::new(all))
}

/// The fields of a schema with their types, without the columns that every part has.
pub(crate) fn fields_of(schema: &Schema) -> impl Iterator<Item = (&str, FieldType)> {
    schema
        .fields()
        .iter()
        .filter(|field| !is_core(field.name()))
        .map(|field| (field.name().as_str(), FieldType::of(field.data_type()).unwrap_or(FieldType::String)))
}
