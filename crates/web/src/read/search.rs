//! `search`: records as lines of JSON, page by page.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use axum::Json;
use axum::body::Body;
use axum::extract::State as Shared;
use axum::http::Response;
use serde_json::json;

use crate::answer::{self, Broken, Encode, End, Sink, work_json};
use crate::json::{self, RecordFormat};
use crate::params::Params;
use crate::problem::Problem;
use crate::state::State;

/// The media type of lines of JSON.
pub(super) const NDJSON: &str = "application/x-ndjson";

const LIMIT_MAX: u64 = 10_000;
const ORDERS: [(&str, bool); 2] = [("newest", false), ("oldest", true)];

/// `GET search`.
pub(crate) async fn search(
    Shared(state): Shared<Arc<State>>,
    mut params: Params,
) -> Result<Response<Body>, Problem> {
    let limit = params.count("limit", 1..=LIMIT_MAX, 100)?;
    let mut search = params.search()?;
    search.ascending = params.choice("order", &ORDERS, false)?;
    search.source = params.text("source")?;
    search.peer = params.text("peer")?;
    search.behind = params.text("cursor")?.map(|text| cursor(&text)).transpose()?;
    params.end()?;
    // One more tells whether there is another page.
    search.limit = Some(limit + 1);
    let lines = Lines { left: limit, limit: Some(limit), last: None, more: false, raw: false };
    let question = move |engine: &query::Engine, snapshot| engine.search(snapshot, &search);
    answer::stream(&state, question, lines, NDJSON, false).await
}

/// `GET search/sql`.
pub(crate) async fn search_sql(mut params: Params) -> Result<Json<serde_json::Value>, Problem> {
    let mut search = params.search()?;
    search.limit =
        params.number("limit", 1..=u64::MAX)?.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
    search.ascending = params.choice("order", &ORDERS, false)?;
    params.end()?;
    let canonical = search.query.to_string();
    Ok(Json(json!({ "sql": query::search_sql(&search), "canonical": canonical })))
}

/// The place of a record in the order of times: `time-position`, or `time-position.nth`.
fn cursor(text: &str) -> Result<(i64, u64, u64), Problem> {
    let place = text.rsplit_once('-').and_then(|(time, id)| {
        let (position, nth) = id.split_once('.').unwrap_or((id, "0"));
        Some((time.parse().ok()?, position.parse().ok()?, nth.parse().ok()?))
    });
    place.ok_or_else(|| Problem::parameter("cursor", "`cursor` is `next` of the page before"))
}

/// Records as lines of JSON, with a last line that tells how it ended.
pub(super) struct Lines {
    left: usize,
    limit: Option<usize>,
    last: Option<(i64, u64, u64)>,
    more: bool,
    raw: bool,
}

impl Lines {
    /// All records, and nothing but records.
    pub(super) fn all() -> Self {
        Self { left: usize::MAX, limit: None, last: None, more: false, raw: true }
    }
}

impl Encode for Lines {
    fn begin(&mut self, _: &SchemaRef, _: &mut Sink) -> Result<(), Broken> {
        Ok(())
    }

    fn rows(&mut self, batch: &RecordBatch, out: &mut Sink) -> Result<bool, Broken> {
        let format = RecordFormat::new();
        let records = format.records(batch, self.raw)?;
        for row in 0..batch.num_rows() {
            if self.left == 0 {
                self.more = true;
                return Ok(false);
            }
            records.write(&mut out.text, row);
            out.text.push('\n');
            self.left -= 1;
            self.last = json::place(batch, row);
            out.send_full()?;
        }
        Ok(true)
    }

    fn end(&mut self, end: &End, out: &mut Sink) -> Result<(), Broken> {
        if let Some(limit) = self.limit {
            let next = self.last.filter(|_| self.more).map(|(time, position, nth)| match nth {
                0 => format!("{time}-{position}"),
                nth => format!("{time}-{position}.{nth}"),
            });
            let end = json!({ "end": {
                "records": limit - self.left,
                "more": self.more,
                "next": next,
                "missing": end.missing,
                "work": work_json(end.work),
            }});
            out.text.push_str(&end.to_string());
            out.text.push('\n');
        }
        Ok(())
    }

    fn fail(&mut self, problem: &Problem, out: &mut Sink) -> bool {
        if self.limit.is_some() {
            out.text.push_str(&json!({ "error": problem }).to_string());
            out.text.push('\n');
        }
        self.limit.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::cursor;

    #[test]
    fn cursors() {
        assert_eq!(cursor("1763820000123456-4711").unwrap(), (1_763_820_000_123_456, 4711, 0));
        assert_eq!((cursor("-5-7").unwrap(), cursor("-5-7.2").unwrap()), ((-5, 7, 0), (-5, 7, 2)));
        assert!(cursor("5").is_err() && cursor("5-7.").is_err() && cursor("a-b").is_err());
    }
}
