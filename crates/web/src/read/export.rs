//! `export`: all records that match, as a file.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State as Shared;
use axum::http::{HeaderValue, Response, header};

use super::encode::{Arrow, Csv, Parquet};
use super::search::{Lines, NDJSON};
use super::sql::{ARROW, CSV};
use crate::answer;
use crate::params::Params;
use crate::problem::Problem;
use crate::state::State;

#[derive(Clone, Copy)]
enum Format {
    Ndjson,
    Csv,
    Parquet,
    Arrow,
}

/// `GET export`.
pub(crate) async fn export(
    Shared(state): Shared<Arc<State>>,
    mut params: Params,
) -> Result<Response<Body>, Problem> {
    let formats = [
        ("ndjson", Format::Ndjson),
        ("csv", Format::Csv),
        ("parquet", Format::Parquet),
        ("arrow", Format::Arrow),
    ];
    let format = params.choice("format", &formats, Format::Ndjson)?;
    let search = query::Search { ascending: true, ..params.search()? };
    params.end()?;
    let question = move |engine: &query::Engine, snapshot| engine.search(snapshot, &search);
    let (answer, ending) = match format {
        Format::Ndjson => (answer::stream(&state, question, Lines::all(), NDJSON, true).await?, "ndjson"),
        Format::Csv => (answer::stream(&state, question, Csv, CSV, true).await?, "csv"),
        Format::Arrow => (answer::stream(&state, question, Arrow::default(), ARROW, true).await?, "arrow"),
        Format::Parquet => {
            let parquet = Parquet { state: Arc::clone(&state), file: None };
            let kind = "application/vnd.apache.parquet";
            (answer::stream(&state, question, parquet, kind, true).await?, "parquet")
        }
    };
    let mut answer = answer;
    let name = format!("attachment; filename=\"catchment.{ending}\"");
    if let Ok(name) = HeaderValue::from_str(&name) {
        answer.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(answer)
}
