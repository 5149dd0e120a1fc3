//! `histogram`: how many records there are over time, by level.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray as _;
use arrow_array::types::{Int64Type, TimestampMicrosecondType};
use axum::Json;
use axum::extract::State as Shared;
use record::Level;
use serde_json::{Value, json};

use crate::answer::{Asker, ask};
use crate::params::Params;
use crate::problem::Problem;
use crate::state::State;
use crate::time::{now, shown};

const SECOND: i64 = 1_000_000;

/// Widths that people can read off an axis, in microseconds.
const STEPS: [i64; 27] = [
    1,
    10,
    100,
    1_000,
    10_000,
    100_000,
    SECOND,
    2 * SECOND,
    5 * SECOND,
    10 * SECOND,
    15 * SECOND,
    30 * SECOND,
    60 * SECOND,
    120 * SECOND,
    300 * SECOND,
    600 * SECOND,
    900 * SECOND,
    1800 * SECOND,
    3600 * SECOND,
    7200 * SECOND,
    10_800 * SECOND,
    21_600 * SECOND,
    43_200 * SECOND,
    86_400 * SECOND,
    604_800 * SECOND,
    31 * 86_400 * SECOND,
    366 * 86_400 * SECOND,
];

/// `GET histogram`.
pub(crate) async fn histogram(
    Shared(state): Shared<Arc<State>>,
    mut params: Params,
) -> Result<Json<Value>, Problem> {
    let buckets = params.number("buckets", 1..=1000)?.unwrap_or(60);
    let search = params.search()?;
    params.end()?;
    let buckets = i64::try_from(buckets).unwrap_or(i64::MAX);
    ask(&state, move |asker| count(asker, search, buckets)).await.map(Json)
}

fn count(asker: &mut Asker, mut search: query::Search, buckets: i64) -> Result<Value, Problem> {
    let schema = asker.snapshot.schema();
    let (from, to) = match (search.since, search.until) {
        (Some(from), Some(to)) => (from, to),
        (from, to) => {
            let (first, last) = span(asker)?.unwrap_or_else(|| (now(), now()));
            let from = from.unwrap_or(first);
            (from, to.unwrap_or(last.saturating_add(1)).max(from))
        }
    };
    let step = step(to.saturating_sub(from), buckets);
    let begin = from.div_euclid(step).saturating_mul(step);
    (search.since, search.until) = (Some(from), Some(to));
    let sql = format!(
        "SELECT (CAST(time AS BIGINT) - ({begin})) / {step} AS bucket, level, count(*) AS n FROM logs WHERE {} GROUP BY bucket, level",
        query::search_condition(&search, &schema)
    );
    let counts = counts(&asker.sql(&sql)?);
    let names: Vec<&str> = Level::ALL.into_iter().rev().map(Level::name).chain(["none"]).collect();
    let mut found: BTreeMap<i64, Vec<u64>> = BTreeMap::new();
    let mut total = 0;
    for (bucket, level, n) in counts {
        let at = names.iter().position(|name| *name == level).unwrap_or(names.len() - 1);
        found.entry(bucket).or_insert_with(|| vec![0; names.len()])[at] += n;
        total += n;
    }
    let at = |bucket: i64| begin.saturating_add(bucket.saturating_mul(step));
    let end = at(to.saturating_sub(1).max(from).saturating_sub(begin).div_euclid(step) + 1);
    let buckets: Vec<Value> = found
        .into_iter()
        .map(|(bucket, counts)| json!({ "time": shown(at(bucket)), "counts": counts }))
        .collect();
    Ok(json!({
        "from": shown(begin),
        "to": shown(end),
        "step_seconds": step as f64 / SECOND as f64,
        "levels": names,
        "buckets": buckets,
        "total": total,
        "missing": asker.missing,
    }))
}

/// The first and the last time that any record has.
fn span(asker: &mut Asker) -> Result<Option<(i64, i64)>, Problem> {
    let batches = asker.sql("SELECT min(time), max(time) FROM logs")?;
    let time = |batch: &RecordBatch, column: usize| {
        batch.column(column).as_primitive_opt::<TimestampMicrosecondType>()?.iter().next().flatten()
    };
    Ok(batches.first().and_then(|batch| Some((time(batch, 0)?, time(batch, 1)?))))
}

/// The smallest width that needs no more than so many buckets, wherever they begin.
fn step(span: i64, buckets: i64) -> i64 {
    let fits = |step: &i64| span / step + i64::from(span % step != 0) < buckets.max(2);
    let widest = STEPS[STEPS.len() - 1];
    STEPS.into_iter().find(fits).unwrap_or_else(|| (span / buckets / widest + 1).saturating_mul(widest))
}

fn counts(batches: &[RecordBatch]) -> Vec<(i64, String, u64)> {
    let mut all = Vec::new();
    for batch in batches {
        let number = |column: usize| batch.column(column).as_primitive_opt::<Int64Type>();
        let (Some(buckets), Some(levels), Some(counts)) =
            (number(0), batch.column(1).as_string_view_opt(), number(2))
        else {
            continue;
        };
        for (row, level) in levels.iter().enumerate() {
            let count = u64::try_from(counts.value(row)).unwrap_or(0);
            all.push((buckets.value(row), level.unwrap_or("none").to_owned(), count));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::{SECOND, step};

    #[test]
    fn round_steps() {
        assert_eq!(step(3600 * SECOND, 61), 60 * SECOND);
        assert_eq!(step(3600 * SECOND, 60), 120 * SECOND);
        assert_eq!(step(0, 60), 1);
        assert_eq!(step(2, 1), 10);
        for buckets in [1, 2, 60, 1000] {
            for span in [0, 1, 999, 86_400 * SECOND, i64::MAX] {
                // A span that begins in the middle of a bucket touches one more.
                assert!(span / step(span, buckets) < buckets.max(2), "{span} {buckets}");
            }
        }
    }
}
