use std::collections::BTreeMap;

use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch};
use proptest::prelude::*;
use record::Value;

use super::{OwnedValue, Row, any_rows, build, keys, part, positions, records, small, write_rows};
use crate::columns::{EXTRA, FIELDS_MAX, is_core};
use crate::text::write_plain;
use crate::typed::Typed;
use crate::{
    Builder, FieldType, Part, WriteError, WriteOptions, adapt, core_schema, field_counts, fold,
    limit_columns, sort, unify, write,
};

fn plain(value: Value<'_>) -> String {
    let mut text = String::new();
    write_plain(&mut text, value);
    text
}

/// True when `stored` is `value`, perhaps in a wider type. On the way to text a whole number may have met one with a
/// fraction.
fn is_widened(value: Value<'_>, stored: Value<'_>) -> bool {
    match (value, stored) {
        (Value::Float(one), Value::Float(other)) => {
            one.to_bits() == other.to_bits() || one.is_nan() && other.is_nan()
        }
        (Value::Int(one), Value::Float(other)) => one as f64 == other,
        (Value::Int(one), Value::Str(text)) if text != plain(value) => {
            text == plain(Value::Float(one as f64))
        }
        (one, Value::Str(text)) => plain(one) == text,
        (one, other) => one == other,
    }
}

fn is_json(value: Value<'_>, json: &serde_json::Value) -> bool {
    match value {
        Value::Bool(value) => json.as_bool() == Some(value),
        Value::Int(value) => json.as_i64() == Some(value),
        // This parser is not exact in the last digit.
        Value::Float(value) if value.is_finite() => {
            json.as_f64().is_some_and(|number| (number - value).abs() <= value.abs() * 1e-14)
        }
        other => json.as_str() == Some(&plain(other)),
    }
}

/// The batch's row is the record, and nothing else.
fn check_row(batch: &RecordBatch, at: usize, row: &Row) {
    let text = |name: &str| {
        let column = batch.column_by_name(name).unwrap().as_string_view();
        column.is_valid(at).then(|| column.value(at).to_owned())
    };
    assert_eq!(keys(batch)[at], (row.time, row.position));
    assert_eq!(text("source").as_deref(), Some(row.source));
    assert_eq!(text("peer").as_deref(), Some(row.peer.as_str()));
    assert_eq!(text("level").as_deref(), row.level.map(record::Level::name));
    assert_eq!(text("message"), Some(row.text()));
    let flags: Vec<&str> = row.flags.names().collect();
    assert_eq!(text("flags"), (!flags.is_empty()).then(|| flags.join(",")));
    let raw = batch.column_by_name("raw").unwrap().as_binary_view();
    let sent = std::str::from_utf8(&row.message).is_err().then_some(row.message.as_slice());
    assert_eq!(raw.is_valid(at).then(|| raw.value(at)), sent);
    let extra: BTreeMap<String, serde_json::Value> =
        text("extra").map(|text| serde_json::from_str(&text).unwrap()).unwrap_or_default();
    let mut in_extra = 0;
    for (name, value) in &row.fields {
        match batch.column_by_name(name).filter(|_| !is_core(name)) {
            Some(column) => {
                let stored = Typed::of(column).unwrap().get(at).unwrap();
                assert!(is_widened(value.value(), stored), "{name}: {value:?} became {stored:?}");
            }
            None => {
                in_extra += 1;
                assert!(is_json(value.value(), &extra[name]), "{name}: {value:?} became {}", extra[name]);
            }
        }
    }
    assert_eq!(extra.len(), in_extra);
    let fields = batch.schema_ref().fields().iter().zip(batch.columns());
    let there = fields.filter(|(field, column)| !is_core(field.name()) && column.is_valid(at)).count();
    assert_eq!(there + in_extra, row.fields.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_records_come_back_sorted(mut rows in any_rows(1..200), at_once in 1usize..80, batch_rows in 1usize..100) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("part");
        let summary = write_rows(&path, &rows, at_once, &small());
        rows.sort_by_key(|row| (row.time, row.position));
        let part = Part::open(path, summary);
        part.verify().unwrap();
        let mut at = 0;
        for batch in part.scan(None, None, batch_rows).unwrap() {
            let batch = batch.unwrap();
            prop_assert_eq!(batch.schema(), part.schema());
            for row in 0..batch.num_rows() {
                check_row(&batch, row, &rows[at]);
                at += 1;
            }
        }
        prop_assert_eq!(at, rows.len());
        let summary = part.summary();
        prop_assert_eq!(summary.rows, rows.len() as u64);
        prop_assert_eq!(summary.time, (rows[0].time, rows[rows.len() - 1].time));
        prop_assert_eq!(summary.sources.values().sum::<u64>(), summary.rows);
        prop_assert_eq!(summary.bytes, std::fs::metadata(part.path()).unwrap().len());
    }

    #[test]
    fn a_batch_in_any_order_of_types_keeps_every_value(rows in any_rows(1..60)) {
        let batch = build(&rows);
        rows.iter().enumerate().for_each(|(at, row)| check_row(&batch, at, row));
    }
}

#[test]
fn a_field_widens_with_its_values() {
    let kinds = |values: &[OwnedValue]| {
        let rows = values.iter().enumerate().map(|(n, value)| Row {
            fields: vec![("f".into(), value.clone())],
            ..Row::plain(n as u64, n as i64, "")
        });
        let batch = build(&rows.collect::<Vec<_>>());
        FieldType::of(batch.column_by_name("f").unwrap().data_type()).unwrap()
    };
    let (int, float, text) = (OwnedValue::Int(1), OwnedValue::Float(0.5), OwnedValue::Str("x".into()));
    let (bool, time) = (OwnedValue::Bool(true), OwnedValue::Time(0));
    assert_eq!(kinds(&[int.clone(), int.clone()]), FieldType::Int);
    assert_eq!(kinds(&[int.clone(), float.clone()]), FieldType::Float);
    assert_eq!(kinds(&[float, int.clone(), text]), FieldType::String);
    assert_eq!(kinds(&[bool.clone(), int.clone()]), FieldType::String);
    assert_eq!(kinds(&[time.clone(), int]), FieldType::String);
    assert_eq!(kinds(&[time.clone(), time]), FieldType::Time);
    assert_eq!(kinds(&[bool]), FieldType::Bool);
}

#[test]
fn ten_thousand_fields_are_kept_in_two_hundred_columns() {
    let rows: Vec<Row> = (0..10_000)
        .map(|n| Row {
            fields: vec![("common".into(), OwnedValue::Int(n)), (format!("f{n}"), OwnedValue::Int(n))],
            ..Row::plain(n as u64, n, "text")
        })
        .collect();
    let dir = tempfile::tempdir().unwrap();
    let batches: Vec<RecordBatch> = rows.chunks(190).map(build).collect();
    let all = unify(batches.iter().map(|batch| batch.schema_ref().as_ref()));
    assert!(all.fields().len() > 10_000);
    let schema = limit_columns(&all, &field_counts(&batches));
    assert_eq!(schema.fields().len(), core_schema().fields().len() + FIELDS_MAX);
    assert!(schema.column_with_name("common").is_some());
    let path = dir.path().join("part");
    let summary = write(&path, sort(&batches, &schema).unwrap(), schema, &WriteOptions::default()).unwrap();
    let part = Part::open(path, summary);
    let mut at = 0;
    for batch in part.scan(None, None, 1000).unwrap().map(Result::unwrap) {
        // Comparing all takes its time; every 29th row does.
        (0..batch.num_rows()).step_by(29).for_each(|row| check_row(&batch, row, &rows[at + row]));
        at += batch.num_rows();
    }
    assert_eq!(at, rows.len());
}

#[test]
fn long_and_empty_messages() {
    let long = |n: usize| format!("{n} ").repeat((1 << 20) / 2);
    let rows: Vec<Row> = (0..12)
        .map(|n| Row::plain(n, n as i64, &if n % 3 == 0 { long(n as usize % 10) } else { String::new() }))
        .collect();
    let dir = tempfile::tempdir().unwrap();
    let part = part(dir.path(), "long", &rows, &WriteOptions { page_rows: 16, ..WriteOptions::default() });
    let batches: Vec<RecordBatch> = part.scan(None, None, 8192).unwrap().collect::<Result<_, _>>().unwrap();
    let back: Vec<usize> = batches
        .iter()
        .flat_map(|batch| batch.column_by_name("message").unwrap().as_string_view().iter().flatten())
        .map(str::len)
        .collect();
    assert_eq!(back, rows.iter().map(|row| row.message.len()).collect::<Vec<_>>());
    part.verify().unwrap();
}

#[test]
fn columns_by_name_in_the_parts_order() {
    let dir = tempfile::tempdir().unwrap();
    let rows: Vec<Row> = (0..100).map(|n| Row::plain(n, n as i64, "x")).collect();
    let part = part(dir.path(), "part", &rows, &small());
    let batch = part.scan(Some(&["message", "nowhere", "time"]), None, 10).unwrap().next().unwrap().unwrap();
    let names: Vec<&str> = batch.schema_ref().fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!((names, batch.num_rows()), (vec!["time", "message"], 10));
    let none: usize = part.scan(Some(&[]), None, 7).unwrap().map(|batch| batch.unwrap().num_rows()).sum();
    assert_eq!(none, 100);
}

#[test]
fn unsorted_or_no_rows_leave_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("part");
    let batch = build(&[Row::plain(1, 2, "b"), Row::plain(2, 1, "a")]);
    let schema = batch.schema();
    let unsorted = write(&path, [Ok(batch)].into_iter(), schema.clone(), &small());
    assert!(matches!(unsorted, Err(WriteError::Unsorted { .. })), "{unsorted:?}");
    let empty = write(&path, std::iter::empty(), schema, &small());
    assert!(matches!(empty, Err(WriteError::Empty { .. })), "{empty:?}");
    assert!(!path.exists());
    let nowhere = dir.path().join("no/such/part");
    let row = build(&[Row::plain(1, 2, "b")]);
    let failed = write(&nowhere, [Ok(row.clone())].into_iter(), row.schema(), &small());
    assert!(matches!(failed, Err(WriteError::Io { .. })), "{failed:?}");
}

#[test]
fn adapted_batches_have_the_columns_asked_for() {
    let field =
        |n: u64, value: OwnedValue| Row { fields: vec![("f".into(), value)], ..Row::plain(n, 0, "m") };
    let ints = build(&[field(1, OwnedValue::Int(7)), Row::plain(2, 0, "m")]);
    let texts = build(&[field(3, OwnedValue::Str("x".into()))]);
    let both = unify([ints.schema_ref().as_ref(), texts.schema_ref().as_ref()]);
    let wide = adapt(&ints, &both).unwrap();
    assert_eq!(
        wide.column_by_name("f").unwrap().as_string_view().iter().collect::<Vec<_>>(),
        [Some("7"), None]
    );
    assert!(adapt(&texts, &core_schema()).unwrap().column_by_name(EXTRA).unwrap().is_null(0));
    let folded = fold(&ints, &core_schema()).unwrap();
    let extra = folded.column_by_name(EXTRA).unwrap().as_string_view();
    assert_eq!(extra.iter().collect::<Vec<_>>(), [Some(r#"{"f":7}"#), None]);
}

#[test]
fn a_builder_is_as_good_as_new_after_each_batch() {
    let mut builder = Builder::new();
    for n in 0..3u64 {
        let rows =
            [Row { fields: vec![(format!("f{n}"), OwnedValue::Bool(true))], ..Row::plain(n, 0, "message") }];
        records(&rows).iter().for_each(|record| builder.append(record));
        assert!(builder.bytes() > 100 && builder.len() == 1);
        let batch = builder.finish();
        assert_eq!((positions(&batch), batch.num_columns()), (vec![n], core_schema().fields().len() + 1));
        assert!(builder.is_empty() && builder.bytes() == 0);
    }
}
