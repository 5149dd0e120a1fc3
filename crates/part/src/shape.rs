//! One schema for many batches, and batches brought into it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow_array::builder::StringViewBuilder;
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow_schema::{ArrowError, DataType, Schema, SchemaRef};

use crate::FieldType;
use crate::columns::{EXTRA, FIELDS_MAX, fields_of, is_core, schema_with};
use crate::text::add_member;
use crate::typed::{Typed, cast};

/// The schema that holds the rows of all: the columns that every part has, then each field in the order in which it
/// first comes, widened where types differ (see [`FieldType::widen`]). It may have more fields than a part may:
/// see [`limit_columns`].
pub fn unify<'a>(schemas: impl IntoIterator<Item = &'a Schema>) -> SchemaRef {
    let mut fields: Vec<(&str, FieldType)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (name, kind) in schemas.into_iter().flat_map(fields_of) {
        match places.get(name) {
            Some(place) => fields[*place].1 = fields[*place].1.widen(kind),
            None => {
                places.insert(name, fields.len());
                fields.push((name, kind));
            }
        }
    }
    schema_with(fields)
}

/// The schema with at most [`FIELDS_MAX`] fields: those that most rows have, by `counts` of rows by name, in the
/// order in which they were. [`fold`] brings rows into it.
pub fn limit_columns(schema: &SchemaRef, counts: &BTreeMap<String, u64>) -> SchemaRef {
    if schema.fields().len() <= fields_of(schema).count().min(FIELDS_MAX) + crate::columns::CORE {
        return Arc::clone(schema);
    }
    let count = |name: &str| counts.get(name).copied().unwrap_or(0);
    let mut fields: Vec<(usize, (&str, FieldType))> = fields_of(schema).enumerate().collect();
    fields.sort_by_key(|(_, (name, _))| std::cmp::Reverse(count(name)));
    fields.truncate(FIELDS_MAX);
    fields.sort_by_key(|(place, _)| *place);
    schema_with(fields.into_iter().map(|(_, field)| field))
}

/// How many rows of the batches have each field.
pub fn field_counts<'a>(batches: impl IntoIterator<Item = &'a RecordBatch>) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for batch in batches {
        for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
            if !is_core(field.name()) {
                *counts.entry(field.name().clone()).or_default() +=
                    (column.len() - column.null_count()) as u64;
            }
        }
    }
    counts
}

/// The batch with exactly the columns of `to`: in their order, with their types, null where it has none. Columns that
/// `to` does not have are left out.
///
/// # Errors
/// When a column of `to` must not be null and is, or has a type that nothing can be turned into.
pub fn adapt(batch: &RecordBatch, to: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    if Arc::ptr_eq(batch.schema_ref(), to) {
        return Ok(batch.clone());
    }
    let columns = to.fields().iter().map(|field| match batch.column_by_name(field.name()) {
        Some(column) => cast(column, field.data_type()),
        None => Ok(new_null_array(field.data_type(), batch.num_rows())),
    });
    let columns = columns.collect::<Result<Vec<ArrayRef>, ArrowError>>()?;
    let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(to), columns, &rows)
}

/// As [`adapt`], but fields that have no column in `to` go to `extra`, so that nothing is lost.
///
/// # Errors
/// As [`adapt`].
pub fn fold(batch: &RecordBatch, to: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let adapted = adapt(batch, to)?;
    let homeless: Vec<(&str, Typed<'_>)> = batch
        .schema_ref()
        .fields()
        .iter()
        .zip(batch.columns())
        .filter(|(field, column)| {
            column.null_count() < column.len() && !is_core(field.name()) && to.index_of(field.name()).is_err()
        })
        .filter_map(|(field, column)| Some((field.name().as_str(), Typed::of(column)?)))
        .collect();
    let Ok(at) = to.index_of(EXTRA) else { return Ok(adapted) };
    if homeless.is_empty() || to.field(at).data_type() != &DataType::Utf8View {
        return Ok(adapted);
    }
    let mut columns = adapted.columns().to_vec();
    columns[at] = add_members(&columns[at], &homeless);
    RecordBatch::try_new(Arc::clone(to), columns)
}

fn add_members(extra: &ArrayRef, fields: &[(&str, Typed<'_>)]) -> ArrayRef {
    let before = extra.as_string_view();
    let mut all = StringViewBuilder::with_capacity(before.len());
    let mut object = String::new();
    for row in 0..before.len() {
        object.clear();
        if before.is_valid(row) {
            object.push_str(before.value(row));
        }
        for (name, column) in fields {
            if let Some(value) = column.get(row) {
                add_member(&mut object, name, value);
            }
        }
        all.append_option((!object.is_empty()).then_some(&object));
    }
    Arc::new(all.finish())
}
