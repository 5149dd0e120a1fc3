use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Json;
use axum::extract::State as Shared;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde_json::{Map, Value, json};

use crate::limits::QUERIES_MAX;
use crate::metrics::Metrics;
use crate::params::Params;
use crate::problem::Problem;
use crate::state::State;
use crate::time::shown;

/// `GET status`.
pub(crate) async fn status(
    Shared(state): Shared<Arc<State>>,
    params: Params,
) -> Result<Json<Map<String, Value>>, Problem> {
    params.end()?;
    let timed = state.reports.get(&state).await?;
    let mut status = timed.report.status.clone();
    status.insert("ready".to_owned(), state.collector.ready().is_ok().into());
    let counts = &state.counts;
    let web = json!({
        "connections": counts.connections.load(Ordering::Relaxed),
        "requests": counts.requests.load(Ordering::Relaxed),
        "tails": state.taps.followers(),
    });
    status.insert("web".to_owned(), web);
    Ok(Json(status))
}

/// `GET queues`.
pub(crate) async fn queues(
    Shared(state): Shared<Arc<State>>,
    params: Params,
) -> Result<Json<Value>, Problem> {
    params.end()?;
    let timed = state.reports.get(&state).await?;
    Ok(Json(json!({ "taken": shown(timed.taken), "queues": timed.report.queues })))
}

/// `GET pipelines`.
pub(crate) async fn pipelines(
    Shared(state): Shared<Arc<State>>,
    params: Params,
) -> Result<Json<Value>, Problem> {
    params.end()?;
    let timed = state.reports.get(&state).await?;
    Ok(Json(json!({ "pipelines": timed.report.status.get("pipelines") })))
}

/// `GET parts`.
pub(crate) async fn parts(
    Shared(state): Shared<Arc<State>>,
    mut params: Params,
) -> Result<Json<Value>, Problem> {
    let limit = params.count("limit", 1..=10_000, 1000)?;
    params.end()?;
    crate::answer::ask(&state, move |asker| {
        let parts = &asker.snapshot.parts;
        let (mut rows, mut bytes) = (0, 0);
        for part in parts {
            rows += part.summary().rows;
            bytes += part.summary().bytes;
        }
        let part = |index: usize| {
            let part = &parts[index];
            let summary = part.summary();
            let file = part.path().display().to_string();
            let file = file.rfind("/logs/").map_or(file.as_str(), |at| &file[at + 1..]).to_owned();
            json!({
                "file": file,
                "rows": summary.rows,
                "bytes": summary.bytes,
                "index_bytes": summary.index_bytes,
                "time": { "from": shown(summary.time.0), "to": shown(summary.time.1) },
                "position": { "from": summary.position.0, "to": summary.position.1 },
                "sources": summary.sources,
                "levels": summary.levels,
            })
        };
        let shown: Vec<Value> = (0..parts.len().min(limit)).map(part).collect();
        Ok(Json(json!({ "total": parts.len(), "rows": rows, "bytes": bytes, "parts": shown })))
    })
    .await
}

/// `GET /metrics`.
pub(crate) async fn metrics(Shared(state): Shared<Arc<State>>) -> Result<impl IntoResponse, Problem> {
    let counted = Arc::clone(&state);
    let counting = tokio::task::spawn_blocking(move || {
        let mut metrics = Metrics::default();
        counted.collector.metrics(&mut metrics);
        metrics
    });
    let mut metrics = counting.await.map_err(|error| Problem::internal(error.to_string()))?;
    state.counts.add_to(&mut metrics);
    let asking = QUERIES_MAX.saturating_sub(state.queries.available_permits());
    metrics.gauge("catchment_web_queries", "Queries that the engine is asked.", &[], asking as f64);
    let help = "How many it is asked at once; others wait for their turn.";
    metrics.gauge("catchment_web_queries_max", help, &[], QUERIES_MAX as f64);
    state.taps.add_to(&mut metrics);
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics.text()))
}

/// `GET /healthz`: whoever answers is alive.
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: lines are taken.
pub(crate) async fn readyz(Shared(state): Shared<Arc<State>>) -> (StatusCode, String) {
    match state.collector.ready() {
        Ok(()) => (StatusCode::OK, "ok\n".to_owned()),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")),
    }
}
