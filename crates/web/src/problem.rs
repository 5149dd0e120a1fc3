//! What went wrong, as `application/problem+json` (RFC 9457).

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use query::QueryError;
use search::SyntaxError;
use serde::Serialize;

/// What went wrong.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Problem {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    pub(crate) code: &'static str,
    detail: Box<str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    near: Box<[String]>,
    #[serde(skip)]
    /// It is worth asking again in a second.
    retry: bool,
}

impl Problem {
    pub(crate) fn new(
        status: StatusCode,
        code: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            kind: "about:blank",
            title,
            status: status.as_u16(),
            code,
            detail: detail.into().into(),
            parameter: None,
            line: None,
            column: None,
            near: Box::default(),
            retry: false,
        }
    }

    /// A parameter is not as it should be.
    pub(crate) fn parameter(name: &'static str, detail: impl Into<String>) -> Self {
        let title = "A parameter is not understood";
        Self::new(StatusCode::BAD_REQUEST, "bad_parameter", title, detail).of(name)
    }

    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", "The request is not understood", detail)
    }

    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "It is not there", detail)
    }

    /// There are as many as there may be.
    pub(crate) fn too_many(detail: impl Into<String>) -> Self {
        let title = "Too many ask at once";
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "too_many", title, detail);
        Self { retry: true, ..problem }
    }

    pub(crate) fn unavailable(detail: impl Into<String>) -> Self {
        let title = "It cannot be answered now";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", title, detail)
    }

    pub(crate) fn stopping() -> Self {
        let (status, detail) = (StatusCode::SERVICE_UNAVAILABLE, "the collector is stopping");
        Self::new(status, "stopping", "The collector is stopping", detail)
    }

    pub(crate) fn internal(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "It broke down", detail)
    }

    pub(crate) fn of(self, parameter: &'static str) -> Self {
        Self { parameter: Some(parameter), ..self }
    }

    /// What is wrong with a search.
    pub(crate) fn syntax(error: &SyntaxError) -> Self {
        let title = "The search is not understood";
        let problem = Self::new(StatusCode::BAD_REQUEST, "syntax", title, error.message.clone());
        Self { column: u32::try_from(error.column).ok(), parameter: Some("q"), ..problem }
    }
}

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Self {
        let bad = StatusCode::BAD_REQUEST;
        let detail = error.to_string();
        let new = |status, code, title| Self::new(status, code, title, detail.clone());
        match error {
            QueryError::Syntax(text) => {
                let (line, column) = place(&text);
                Self { line, column, ..new(bad, "syntax", "The statement is not SQL") }
            }
            QueryError::Forbidden(_) => new(bad, "forbidden_statement", "Queries only read"),
            QueryError::TooLong { .. } => {
                new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "The query is too long")
            }
            QueryError::UnknownTable(_) => new(bad, "unknown_table", "There is no such table"),
            QueryError::UnknownColumn { near, place, .. } => {
                let number = |number: u64| u32::try_from(number).ok();
                let (line, column) =
                    place.map_or((None, None), |(line, column)| (number(line), number(column)));
                let problem = new(bad, "unknown_column", "There is no such column");
                Self { near: near.into(), line, column, ..problem }
            }
            QueryError::Plan(_) | QueryError::Execution(_) => {
                new(bad, "query", "The query cannot be answered")
            }
            QueryError::Damaged { .. } => {
                new(StatusCode::INTERNAL_SERVER_ERROR, "damaged", "A part of the store is damaged")
            }
            QueryError::Memory { .. } => new(bad, "memory_limit", "The query needs too much memory"),
            QueryError::Time { .. } => {
                new(StatusCode::GATEWAY_TIMEOUT, "time_limit", "The query takes too long")
            }
            QueryError::Cancelled => Self::stopping(),
            QueryError::Threads(_) | QueryError::Broken(_) => {
                new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "It broke down")
            }
        }
    }
}

/// The place that the parser names.
fn place(text: &str) -> (Option<u32>, Option<u32>) {
    let number = |behind: &str| {
        let rest = text.rsplit_once(behind)?.1;
        rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    };
    (number("Line: "), number("Column: "))
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response<Body> {
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.retry {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(1));
        }
        if self.status == StatusCode::UNAUTHORIZED.as_u16() {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use query::QueryError;

    use super::Problem;

    #[test]
    fn the_place_of_a_syntax_error() {
        let error =
            QueryError::Syntax("Expected: an expression, found: FROM at Line: 2, Column: 8".to_owned());
        let problem = Problem::from(error);
        assert_eq!((problem.line, problem.column, problem.status), (Some(2), Some(8), 400));
        let nowhere = Problem::from(QueryError::Syntax("no more".to_owned()));
        assert_eq!((nowhere.line, nowhere.column), (None, None));
    }

    #[test]
    fn the_column_of_a_search() {
        let error = search::Query::parse("ok level:").expect_err("no value");
        let json = serde_json::to_value(Problem::syntax(&error)).expect("JSON");
        assert_eq!((&json["code"], &json["parameter"]), (&"syntax".into(), &"q".into()));
        assert_eq!(json["column"], error.column);
    }
}
