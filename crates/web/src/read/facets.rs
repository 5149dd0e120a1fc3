//! `facets`: the most frequent values of fields.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray as _;
use arrow_array::types::{Int64Type, UInt64Type};
use arrow_schema::Schema;
use axum::body::Body;
use axum::extract::State as Shared;
use axum::http::Response;
use serde_json::json;

use super::record::json_text;
use crate::answer::{Asker, ask};
use crate::json;
use crate::params::Params;
use crate::problem::Problem;
use crate::state::State;
use crate::text::{sql_name, sql_text};

const FIELDS_MAX: usize = 16;

/// `GET facets`.
pub(crate) async fn facets(
    Shared(state): Shared<Arc<State>>,
    mut params: Params,
) -> Result<Response<Body>, Problem> {
    let limit = params.count("limit", 1..=1000, 10)?;
    let fields = params.text("fields")?.unwrap_or_else(|| "level,source,peer".to_owned());
    let prefix = params.text("prefix")?;
    let search = params.search()?;
    params.end()?;
    ask(&state, move |asker| {
        let schema = asker.snapshot.schema();
        let fields = names(&fields, &schema)?;
        Facets { asker, condition: query::search_condition(&search, &schema), schema: &schema, limit, prefix }
            .count(&fields)
    })
    .await
    .map(json_text)
}

/// The names in a list, which has commas between them; one that is a field as it is stands for itself.
fn names(fields: &str, schema: &Schema) -> Result<Vec<String>, Problem> {
    if schema.field_with_name(fields).is_ok() {
        return Ok(vec![fields.to_owned()]);
    }
    let names: Vec<String> =
        fields.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
    if names.len() > FIELDS_MAX {
        return Err(Problem::parameter("fields", format!("at most {FIELDS_MAX} fields are counted at once")));
    }
    Ok(names)
}

struct Facets<'a> {
    asker: &'a mut Asker,
    condition: String,
    schema: &'a Schema,
    limit: usize,
    prefix: Option<String>,
}

impl Facets<'_> {
    fn count(mut self, fields: &[String]) -> Result<String, Problem> {
        let known: Vec<&String> =
            fields.iter().filter(|name| self.schema.field_with_name(name).is_ok()).collect();
        let columns: String = known
            .iter()
            .map(|name| {
                let name = sql_name(name);
                format!(", count({name}), approx_distinct(CAST({name} AS VARCHAR))")
            })
            .collect();
        let totals =
            self.asker.sql(&format!("SELECT count(*){columns} FROM logs WHERE {}", self.condition))?;
        let number = |column| totals.first().and_then(|batch| number(batch, column, 0)).unwrap_or(0);
        let mut facets = Vec::new();
        for field in fields {
            let place = known.iter().position(|name| *name == field);
            let values = if place.is_some() { self.values(field)? } else { Vec::new() };
            let (present, distinct) =
                place.map_or((0, 0), |place| (number(1 + 2 * place), number(2 + 2 * place)));
            let kind = self
                .schema
                .field_with_name(field)
                .map_or("string", |field| json::type_name(field.data_type()));
            facets.push(format!(
                "{{\"field\":{},\"type\":\"{kind}\",\"values\":[{}],\"distinct\":{distinct},\"present\":{present}}}",
                json!(field),
                values.join(",")
            ));
        }
        let (facets, total, missing) = (facets.join(",\n"), number(0), json!(self.asker.missing));
        Ok(format!("{{\"facets\":[{facets}],\"total\":{total},\"missing\":{missing}}}"))
    }

    /// The most frequent values of a field, as JSON.
    fn values(&mut self, field: &str) -> Result<Vec<String>, Problem> {
        let name = sql_name(field);
        let begins = self.prefix.as_ref().map(|prefix| {
            format!(" AND starts_with(lower(CAST({name} AS VARCHAR)), lower({}))", sql_text(prefix))
        });
        let batches = self.asker.sql(&format!(
            "SELECT {name} AS value, count(*) AS n FROM logs WHERE {} AND {name} IS NOT NULL{} GROUP BY value ORDER BY n DESC, value LIMIT {}",
            self.condition,
            begins.unwrap_or_default(),
            self.limit
        ))?;
        let mut all = Vec::new();
        for batch in &batches {
            let values =
                json::values(batch.column(0)).map_err(|error| Problem::internal(error.to_string()))?;
            for (row, value) in values.into_iter().enumerate() {
                let count = number(batch, 1, row).unwrap_or(0);
                all.push(format!("{{\"value\":{value},\"count\":{count}}}"));
            }
        }
        Ok(all)
    }
}

fn number(batch: &RecordBatch, column: usize, row: usize) -> Option<u64> {
    let column = batch.column(column);
    let signed = column.as_primitive_opt::<Int64Type>().map(|column| column.value(row));
    signed
        .and_then(|number| u64::try_from(number).ok())
        .or_else(|| Some(column.as_primitive_opt::<UInt64Type>()?.value(row)))
}
