//! `sql`: the rows of a SELECT.

use std::sync::Arc;
use std::time::Duration;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use axum::body::Body;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, Response, StatusCode, header};
use serde::Deserialize;
use serde_json::json;
use tokio::time::timeout;

use super::encode::{Arrow, Csv};
use crate::answer::{self, Broken, Encode, End, Sink, work_json};
use crate::json;
use crate::limits::{BODY_BYTES_MAX, REQUEST_TIME};
use crate::params::Params;
use crate::problem::Problem;
use crate::state::State;

/// The media type of an Arrow IPC stream.
pub(super) const ARROW: &str = "application/vnd.apache.arrow.stream";

/// The media type of CSV.
pub(super) const CSV: &str = "text/csv; charset=utf-8; header=present";

const ROWS_DEFAULT: usize = 10_000;
const ROWS_MAX: usize = 100_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Statement {
    sql: String,
    limit: Option<usize>,
}

#[derive(Clone, Copy)]
enum Format {
    Json,
    Csv,
    Arrow,
}

/// `POST sql`.
pub(crate) async fn sql(
    Shared(state): Shared<Arc<State>>,
    mut params: Params,
    headers: HeaderMap,
    body: Body,
) -> Result<Response<Body>, Problem> {
    let formats = [("json", Format::Json), ("csv", Format::Csv), ("arrow", Format::Arrow)];
    let format = params.choice("format", &formats, Format::Json)?;
    params.end()?;
    let Statement { sql, limit } = statement(&headers, body).await?;
    let question = move |engine: &query::Engine, snapshot| engine.sql(snapshot, &sql);
    match format {
        Format::Json => {
            let left = limit.unwrap_or(ROWS_DEFAULT).min(ROWS_MAX);
            let table = Table { left, first: true, truncated: false };
            answer::stream(&state, question, table, "application/json", false).await
        }
        Format::Csv => answer::stream(&state, question, Csv, CSV, true).await,
        Format::Arrow => answer::stream(&state, question, Arrow::default(), ARROW, true).await,
    }
}

async fn statement(headers: &HeaderMap, body: Body) -> Result<Statement, Problem> {
    let bytes = read(body, REQUEST_TIME).await?;
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.trim_start().to_ascii_lowercase().starts_with("text/plain") {
        let sql = String::from_utf8(bytes.into())
            .map_err(|_| Problem::bad_request("the statement is not UTF-8"))?;
        return Ok(Statement { sql, limit: None });
    }
    let wrong = |error| Problem::bad_request(format!("expected `{{\"sql\": \"SELECT …\"}}`: {error}"));
    serde_json::from_slice(&bytes).map_err(wrong)
}

/// A whole body.
pub(crate) async fn read(body: Body, within: Duration) -> Result<axum::body::Bytes, Problem> {
    match timeout(within, axum::body::to_bytes(body, BODY_BYTES_MAX)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => {
            let detail = format!("the body is broken off, or has more than {BODY_BYTES_MAX} bytes");
            Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "The request is too large", detail))
        }
        Err(_) => {
            let detail = "the body did not come in time";
            Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "bad_request", "The request is too slow", detail))
        }
    }
}

/// A table as one JSON object, written as its rows are found.
struct Table {
    left: usize,
    first: bool,
    truncated: bool,
}

impl Encode for Table {
    fn begin(&mut self, schema: &SchemaRef, out: &mut Sink) -> Result<(), Broken> {
        out.text.push_str("{\"columns\":");
        out.text.push_str(&json::columns(schema));
        out.text.push_str(",\"rows\":[");
        Ok(())
    }

    fn rows(&mut self, batch: &RecordBatch, out: &mut Sink) -> Result<bool, Broken> {
        const STEP: usize = 64;
        let wanted = batch.num_rows().min(self.left);
        for from in (0..wanted).step_by(STEP) {
            json::write_rows(&mut out.text, batch, from..(from + STEP).min(wanted), &mut self.first)?;
            out.send_full()?;
        }
        self.left -= wanted;
        self.truncated = wanted < batch.num_rows();
        Ok(!self.truncated)
    }

    fn end(&mut self, end: &End, out: &mut Sink) -> Result<(), Broken> {
        let (missing, work) = (json!(end.missing), work_json(end.work));
        out.text.push_str(&format!(
            "],\"truncated\":{},\"missing\":{missing},\"work\":{work}}}\n",
            self.truncated
        ));
        Ok(())
    }

    fn fail(&mut self, problem: &Problem, out: &mut Sink) -> bool {
        out.text.push_str(&format!("],\"error\":{}}}\n", json!(problem)));
        true
    }
}
