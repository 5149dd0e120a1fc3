//! `record/{position}`: one record.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State as Shared};
use axum::http::{HeaderValue, Response, header};

use crate::answer::{Asker, ask};
use crate::json::RecordFormat;
use crate::params::Params;
use crate::problem::Problem;
use crate::state::State;

/// `GET record/{position}`.
pub(crate) async fn record(
    Shared(state): Shared<Arc<State>>,
    Path(position): Path<String>,
    params: Params,
) -> Result<Response<Body>, Problem> {
    params.end()?;
    let position =
        position.parse().map_err(|_| Problem::parameter("position", "`position` is a whole number"))?;
    let text = ask(&state, move |asker| {
        let batches = asker.sql(&format!("SELECT * FROM logs WHERE position = {position} LIMIT 1"))?;
        let mut out = String::new();
        let batch = batches.first().ok_or_else(|| none(asker, position))?;
        let format = RecordFormat::new();
        let records = format.records(batch, true).map_err(|error| Problem::internal(error.to_string()))?;
        records.write(&mut out, 0);
        Ok(out)
    })
    .await?;
    Ok(json_text(text))
}

/// There is no such record.
pub(super) fn none(asker: &Asker, position: u64) -> Problem {
    let detail =
        format!("no record has the position {position}: retention dropped it, or there never was one");
    Problem::not_found(match &asker.missing {
        Some(missing) => format!("{detail}; {missing}"),
        None => detail,
    })
}

/// An answer that is JSON already.
pub(super) fn json_text(text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
