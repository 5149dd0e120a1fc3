use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State as Shared;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, header};
use futures::stream;
use serde_json::json;
use tokio::time::timeout;

use super::follow::{Follow, Told};
use crate::params::Params;
use crate::problem::Problem;
use crate::state::State;

/// When nothing comes for so long, a comment does: proxies close what is silent.
pub(super) const QUIET: Duration = Duration::from_secs(15);

/// `GET tail`: server-sent events.
pub(crate) async fn events(
    Shared(state): Shared<Arc<State>>,
    mut params: Params,
    headers: HeaderMap,
) -> Result<Response<Body>, Problem> {
    let (query, after) = (params.query()?, params.number("after", 0..=u64::MAX)?);
    params.end()?;
    // A browser that connects again says what it has seen, and repeats what it asked for at first.
    let seen = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.trim().parse().ok());
    let follow = Follow::start(&state, query, seen.or(after)).await?;
    let begin = Bytes::from(format!(
        "retry: 1000\nid: {0}\nevent: start\ndata: {{\"after\":{0}}}\n\n",
        follow.cursor
    ));
    let events = stream::unfold((follow, Some(begin)), async |(mut follow, begin)| {
        if let Some(begin) = begin {
            return Some((Ok::<_, std::io::Error>(begin), (follow, None)));
        }
        let bytes = match timeout(QUIET, follow.next()).await {
            Err(_) => Bytes::from_static(b": quiet\n\n"),
            Ok(told) => event(&told?),
        };
        Some((Ok(bytes), (follow, None)))
    });
    let mut response = Response::new(Body::from_stream(events));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies gather answers unless they are told not to.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

fn event(told: &Told) -> Bytes {
    match told {
        Told::Chunk(chunk, upto) => chunk.events(*upto),
        Told::Skipped(skipped) => format!("event: skipped\ndata: {}\n\n", skipped.json()).into(),
        Told::End(reason) => format!("event: end\ndata: {}\n\n", json!({ "reason": reason })).into(),
    }
}
