//! `context`: a record and its neighbours of the same peer.

use std::fmt::Write as _;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray as _;
use axum::body::Body;
use axum::extract::State as Shared;
use axum::http::Response;
use serde_json::json;

use super::record::{Id, json_text, none};
use crate::answer::{Asker, ask};
use crate::json::{RecordFormat, place};
use crate::params::Params;
use crate::problem::Problem;
use crate::state::State;
use crate::text::sql_text;

const MAX: u64 = 500;

/// `GET context`.
pub(crate) async fn context(
    Shared(state): Shared<Arc<State>>,
    mut params: Params,
) -> Result<Response<Body>, Problem> {
    let position = params.number("position", 0..=u64::MAX)?;
    let position = position.ok_or_else(|| Problem::parameter("position", "`position` is missing"))?;
    let nth = params.number("nth", 0..=u64::MAX)?.unwrap_or(0);
    let n = params.count("n", 0..=MAX, 10)?;
    let before = params.count("before", 0..=MAX, n)?;
    let after = params.count("after", 0..=MAX, n)?;
    params.end()?;
    ask(&state, move |asker| around(asker, (position, nth), before, after)).await.map(json_text)
}

fn around(
    asker: &mut Asker,
    (position, nth): (u64, u64),
    before: usize,
    after: usize,
) -> Result<String, Problem> {
    let id = Id::of(asker, position, nth)?;
    let found = asker.sql(&format!("SELECT source, peer FROM logs WHERE {} LIMIT 1", id.is()))?;
    let of = found.first().and_then(|batch| {
        let text = |name| Some(batch.column_by_name(name)?.as_string_view_opt()?.value(0));
        Some(format!("source = {} AND peer = {}", sql_text(text("source")?), sql_text(text("peer")?)))
    });
    let of = of.ok_or_else(|| none(asker, position))?;
    // One more on each side tells whether there are more.
    let earlier = asker.sql(&format!(
        "SELECT * FROM (SELECT * FROM logs WHERE {of} AND {} ORDER BY {} LIMIT {}) ORDER BY {}",
        id.is_before(),
        id.descending(),
        before + 1,
        id.ascending()
    ))?;
    let later = asker.sql(&format!(
        "SELECT * FROM logs WHERE {of} AND {} ORDER BY {} LIMIT {}",
        id.is_from(),
        id.ascending(),
        after + 2
    ))?;
    let count = |batches: &[RecordBatch]| batches.iter().map(RecordBatch::num_rows).sum::<usize>();
    let (earlier_rows, later_rows) = (count(&earlier), count(&later));
    let left_out = earlier_rows.saturating_sub(before);
    let mut records = Vec::new();
    write(&earlier, left_out, before, &mut records)?;
    write(&later, 0, after + 1, &mut records)?;
    let at = earlier_rows - left_out;
    let mut out = String::from("{\"records\":[");
    out.push_str(&records.join(",\n"));
    let missing = json!(asker.missing);
    // Writing to a string cannot fail.
    let _ = write!(
        out,
        "],\"at\":{at},\"more_before\":{},\"more_after\":{},\"missing\":{missing}}}",
        left_out > 0,
        later_rows > after + 1
    );
    Ok(out)
}

/// Adds at most `most` records, without the first few.
fn write(batches: &[RecordBatch], skip: usize, most: usize, to: &mut Vec<String>) -> Result<(), Problem> {
    let (format, mut left_out, end) = (RecordFormat::new(), skip, to.len() + most);
    for batch in batches {
        let records = format.records(batch, false).map_err(|error| Problem::internal(error.to_string()))?;
        for row in 0..batch.num_rows() {
            if left_out > 0 {
                left_out -= 1;
            } else if to.len() < end && place(batch, row).is_some() {
                let mut out = String::new();
                records.write(&mut out, row);
                to.push(out);
            }
        }
    }
    Ok(())
}
