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
    mut params: Params,
) -> Result<Response<Body>, Problem> {
    let nth = params.number("nth", 0..=u64::MAX)?.unwrap_or(0);
    params.end()?;
    let position =
        position.parse().map_err(|_| Problem::parameter("position", "`position` is a whole number"))?;
    let text = ask(&state, move |asker| {
        let id = Id::of(asker, position, nth)?;
        let batches = asker.sql(&format!("SELECT * FROM logs WHERE {} LIMIT 1", id.is()))?;
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

/// What a record is known by: the position of its line, and which of the line's records it is.
pub(super) struct Id {
    position: u64,
    nth: u64,
    /// Some line became several records: only then the table has a column for it.
    several: bool,
}

impl Id {
    pub(super) fn of(asker: &Asker, position: u64, nth: u64) -> Result<Self, Problem> {
        let several = asker.snapshot.schema().field_with_name("nth").is_ok();
        if nth > 0 && !several { Err(none(asker, position)) } else { Ok(Self { position, nth, several }) }
    }

    /// The condition, in SQL, that a record is this one.
    pub(super) fn is(&self) -> String {
        let Self { position, nth, several } = self;
        let which = if *several { format!(" AND coalesce(nth, 0) = {nth}") } else { String::new() };
        format!("position = {position}{which}")
    }

    /// That it comes before this one.
    pub(super) fn is_before(&self) -> String {
        let Self { position, nth, several } = self;
        match several {
            true => format!("position <= {position} AND (position < {position} OR coalesce(nth, 0) < {nth})"),
            false => format!("position < {position}"),
        }
    }

    /// That it is this one, or comes after it.
    pub(super) fn is_from(&self) -> String {
        let Self { position, nth, several } = self;
        match several {
            true => {
                format!("position >= {position} AND (position > {position} OR coalesce(nth, 0) >= {nth})")
            }
            false => format!("position >= {position}"),
        }
    }

    /// The order of records.
    pub(super) fn ascending(&self) -> &'static str {
        if self.several { "position, nth NULLS FIRST" } else { "position" }
    }

    pub(super) fn descending(&self) -> &'static str {
        if self.several { "position DESC, nth DESC NULLS LAST" } else { "position DESC" }
    }
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
