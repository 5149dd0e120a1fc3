//! Rows as JSON.

use std::fmt::Write as _;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Float64Type, Int64Type, TimestampMicrosecondType, UInt64Type};
use arrow_array::{
    Array, BinaryViewArray, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray,
    StringViewArray, TimestampMicrosecondArray, UInt64Array,
};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{ArrowError, DataType, Schema, TimeUnit};
use record::json::{write_float, write_str};

use crate::{text, time};

/// Fields that stand in every record, in the order in which they are written.
const CORE: [&str; 11] =
    ["position", "nth", "time", "received", "source", "peer", "level", "message", "flags", "raw", "extra"];

/// What a type is called in an answer.
pub(crate) fn type_name(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Boolean => "bool",
        kind if kind.is_integer() => "int",
        kind if kind.is_floating() => "float",
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "string",
        DataType::Timestamp(..) => "time",
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => "binary",
        _ => "other",
    }
}

/// True for a column that every record may have.
pub(crate) fn is_core(name: &str) -> bool {
    CORE.contains(&name)
}

/// The columns of a table, as JSON.
pub(crate) fn columns(schema: &Schema) -> String {
    let mut out = String::from("[");
    for (index, field) in schema.fields().iter().enumerate() {
        out.push_str(if index == 0 { "{\"name\":" } else { ",{\"name\":" });
        write_str(&mut out, field.name());
        let _ = write!(out, ",\"type\":\"{}\",\"arrow\":", type_name(field.data_type()));
        write_str(&mut out, &field.data_type().to_string());
        out.push('}');
    }
    out.push(']');
    out
}

/// A column whose values are written.
enum Cells<'a> {
    Bool(&'a BooleanArray),
    Int(&'a Int64Array),
    Unsigned(&'a UInt64Array),
    Float(&'a Float64Array),
    View(&'a StringViewArray),
    Text(&'a StringArray),
    Time(&'a TimestampMicrosecondArray),
    Bytes(&'a BinaryViewArray),
    /// Numbers of other widths.
    Number(&'a dyn Array, ArrayFormatter<'a>),
    Other(&'a dyn Array, ArrayFormatter<'a>),
}

impl<'a> Cells<'a> {
    fn of(array: &'a dyn Array, options: &'a FormatOptions<'a>) -> Result<Self, ArrowError> {
        Ok(match array.data_type() {
            DataType::Boolean => Self::Bool(array.as_boolean()),
            DataType::Int64 => Self::Int(array.as_primitive::<Int64Type>()),
            DataType::UInt64 => Self::Unsigned(array.as_primitive::<UInt64Type>()),
            DataType::Float64 => Self::Float(array.as_primitive::<Float64Type>()),
            DataType::Utf8View => Self::View(array.as_string_view()),
            DataType::Utf8 => Self::Text(array.as_string()),
            DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => {
                Self::Time(array.as_primitive::<TimestampMicrosecondType>())
            }
            DataType::BinaryView => Self::Bytes(array.as_binary_view()),
            kind if kind.is_integer() => Self::Number(array, ArrayFormatter::try_new(array, options)?),
            _ => Self::Other(array, ArrayFormatter::try_new(array, options)?),
        })
    }

    fn is_null(&self, row: usize) -> bool {
        match self {
            Self::Bool(array) => array.is_null(row),
            Self::Int(array) => array.is_null(row),
            Self::Unsigned(array) => array.is_null(row),
            Self::Float(array) => array.is_null(row),
            Self::View(array) => array.is_null(row),
            Self::Text(array) => array.is_null(row),
            Self::Time(array) => array.is_null(row),
            Self::Bytes(array) => array.is_null(row),
            Self::Number(array, _) | Self::Other(array, _) => array.is_null(row),
        }
    }

    fn write(&self, out: &mut String, row: usize) {
        if self.is_null(row) {
            return out.push_str("null");
        }
        // Writing to a string cannot fail.
        let _ = match self {
            Self::Bool(array) => write!(out, "{}", array.value(row)),
            Self::Int(array) => write!(out, "{}", array.value(row)),
            Self::Unsigned(array) => write!(out, "{}", array.value(row)),
            Self::Float(array) => return write_float(out, array.value(row)),
            Self::View(array) => return write_str(out, array.value(row)),
            Self::Text(array) => return write_str(out, array.value(row)),
            Self::Time(array) => write!(out, "\"{}\"", time::shown(array.value(row))),
            Self::Bytes(array) => write!(out, "\"{}\"", text::base64(array.value(row))),
            Self::Number(_, shown) => write!(out, "{}", shown.value(row)),
            Self::Other(array, shown) => {
                let text = shown.value(row).to_string();
                match text.parse::<f64>() {
                    Ok(number) if array.data_type().is_floating() => return write_float(out, number),
                    _ => return write_str(out, &text),
                }
            }
        };
    }
}

fn options() -> FormatOptions<'static> {
    FormatOptions::default()
}

/// Adds each row as an array, with a comma before it unless it is the first of all.
pub(crate) fn write_rows(
    out: &mut String,
    batch: &RecordBatch,
    rows: std::ops::Range<usize>,
    first: &mut bool,
) -> Result<(), ArrowError> {
    let options = options();
    let columns: Vec<Cells<'_>> =
        batch.columns().iter().map(|column| Cells::of(column, &options)).collect::<Result<_, _>>()?;
    for row in rows {
        out.push_str(if std::mem::take(first) { "\n[" } else { ",\n[" });
        for (index, column) in columns.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            column.write(out, row);
        }
        out.push(']');
    }
    Ok(())
}

/// The values of one column, each as JSON.
pub(crate) fn values(array: &dyn Array) -> Result<Vec<String>, ArrowError> {
    let options = options();
    let cells = Cells::of(array, &options)?;
    let value = |row| {
        let mut out = String::new();
        cells.write(&mut out, row);
        out
    };
    Ok((0..array.len()).map(value).collect())
}

/// Records, each as one JSON object.
pub(crate) struct Records<'a> {
    core: Vec<(&'static str, Cells<'a>)>,
    extra: Option<&'a StringViewArray>,
    fields: Vec<(String, Cells<'a>)>,
}

/// What a batch of records is written with.
pub(crate) struct RecordFormat(FormatOptions<'static>);

impl RecordFormat {
    pub(crate) fn new() -> Self {
        Self(options())
    }

    /// The records of a batch. Their bytes as sent are left out unless they are asked for.
    pub(crate) fn records<'a>(
        &'a self,
        batch: &'a RecordBatch,
        raw: bool,
    ) -> Result<Records<'a>, ArrowError> {
        let mut core = Vec::new();
        for name in CORE.into_iter().filter(|name| *name != "extra" && (raw || *name != "raw")) {
            if let Some(column) = batch.column_by_name(name) {
                core.push((name, Cells::of(column, &self.0)?));
            }
        }
        let mut fields = Vec::new();
        for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
            if !is_core(field.name()) {
                let mut key = String::from(",");
                write_str(&mut key, field.name());
                key.push(':');
                fields.push((key, Cells::of(column, &self.0)?));
            }
        }
        let extra = batch.column_by_name("extra").and_then(|column| column.as_string_view_opt());
        Ok(Records { core, extra, fields })
    }
}

impl Records<'_> {
    /// Adds one record. What it does not have is left out.
    pub(crate) fn write(&self, out: &mut String, row: usize) {
        out.push('{');
        let mut before = "\"";
        for (name, cells) in self.core.iter().filter(|(_, cells)| !cells.is_null(row)) {
            out.push_str(before);
            out.push_str(name);
            out.push_str("\":");
            cells.write(out, row);
            before = ",\"";
        }
        for (key, cells) in self.fields.iter().filter(|(_, cells)| !cells.is_null(row)) {
            out.push_str(key);
            cells.write(out, row);
        }
        if let Some(extra) = self.extra.filter(|extra| extra.is_valid(row)) {
            // It is JSON already.
            out.push_str(",\"extra\":");
            out.push_str(extra.value(row));
        }
        out.push('}');
    }
}

/// The time and the position of a record, and which of its line's records it is.
pub(crate) fn place(batch: &RecordBatch, row: usize) -> Option<(i64, u64, u64)> {
    let time = batch.column_by_name("time")?.as_primitive_opt::<TimestampMicrosecondType>()?;
    let position = batch.column_by_name("position")?.as_primitive_opt::<UInt64Type>()?;
    let nth = batch.column_by_name("nth").and_then(|column| column.as_primitive_opt::<Int64Type>());
    let nth = nth.filter(|nth| row < nth.len() && nth.is_valid(row)).map_or(0, |nth| nth.value(row));
    (row < batch.num_rows())
        .then(|| (time.value(row), position.value(row), u64::try_from(nth).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{
        ArrayRef, BinaryViewArray, BooleanArray, Float64Array, Int32Array, Int64Array, RecordBatch,
        StringViewArray, TimestampMicrosecondArray, UInt64Array,
    };

    use super::{RecordFormat, columns, write_rows};

    fn batch() -> RecordBatch {
        let time: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![1, 2]).with_timezone("UTC"));
        let text = |values: Vec<Option<&str>>| Arc::new(StringViewArray::from(values)) as ArrayRef;
        RecordBatch::try_from_iter_with_nullable([
            ("position", Arc::new(UInt64Array::from(vec![7, 8])) as ArrayRef, false),
            ("time", time, false),
            ("level", text(vec![Some("error"), None]), true),
            ("message", text(vec![Some("a\"\u{1b}"), Some("")]), false),
            ("raw", Arc::new(BinaryViewArray::from(vec![Some(&b"\xff"[..]), None])) as ArrayRef, true),
            ("extra", text(vec![Some("{\"time\":1}"), None]), true),
            ("ok", Arc::new(BooleanArray::from(vec![Some(true), None])) as ArrayRef, true),
            ("n", Arc::new(Int64Array::from(vec![Some(-1), None])) as ArrayRef, true),
            ("x", Arc::new(Float64Array::from(vec![Some(f64::NAN), Some(1.5)])) as ArrayRef, true),
            ("small", Arc::new(Int32Array::from(vec![Some(3), None])) as ArrayRef, true),
        ])
        .expect("columns of one length")
    }

    #[test]
    fn records_have_what_they_have() {
        let (batch, format) = (batch(), RecordFormat::new());
        let written = |raw, row| {
            let mut out = String::new();
            format.records(&batch, raw).expect("known types").write(&mut out, row);
            out
        };
        assert_eq!(
            written(false, 0),
            "{\"position\":7,\"time\":\"1970-01-01T00:00:00.000001Z\",\"level\":\"error\",\"message\":\"a\\\"\\u001b\",\
             \"ok\":true,\"n\":-1,\"x\":null,\"small\":3,\"extra\":{\"time\":1}}"
        );
        assert_eq!(
            written(true, 1),
            "{\"position\":8,\"time\":\"1970-01-01T00:00:00.000002Z\",\"message\":\"\",\"x\":1.5}"
        );
        assert!(written(true, 0).contains("\"raw\":\"/w==\""));
    }

    #[test]
    fn rows_are_arrays() {
        let (batch, mut out, mut first) = (batch(), String::new(), true);
        write_rows(&mut out, &batch, 0..1, &mut first).expect("known types");
        write_rows(&mut out, &batch, 1..2, &mut first).expect("known types");
        let rows: Vec<Vec<serde_json::Value>> = serde_json::from_str(&format!("[{out}]")).expect("JSON");
        assert_eq!((rows.len(), rows[0].len(), &rows[1][8]), (2, 10, &serde_json::json!(1.5)));
        let columns: Vec<serde_json::Value> =
            serde_json::from_str(&columns(batch.schema_ref())).expect("JSON");
        let types: Vec<_> =
            columns.iter().map(|column| column["type"].as_str().unwrap_or_default()).collect();
        assert_eq!(
            types,
            ["int", "time", "string", "string", "binary", "string", "bool", "int", "float", "int"]
        );
    }
}
