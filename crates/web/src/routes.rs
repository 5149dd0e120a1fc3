//! What is answered where.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::extract::{Request, State as Shared};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, Router, get, post};
use serde::Deserialize;

use crate::guard::COOKIE_NAME;
use crate::limits::REQUEST_TIME;
use crate::problem::Problem;
use crate::state::State;
use crate::{OPENAPI, page, read, tail, watch};

/// A way of asking, where, and who answers.
type Route = (&'static str, &'static str, MethodRouter<Arc<State>>);

/// Everything that `openapi.json` describes.
pub(crate) fn routes() -> Vec<Route> {
    vec![
        ("get", "/api/v1/search", get(read::search)),
        ("get", "/api/v1/search/sql", get(read::search_sql)),
        ("post", "/api/v1/sql", post(read::sql)),
        ("get", "/api/v1/histogram", get(read::histogram)),
        ("get", "/api/v1/facets", get(read::facets)),
        ("get", "/api/v1/fields", get(read::fields)),
        ("get", "/api/v1/context", get(read::context)),
        ("get", "/api/v1/record/{position}", get(read::record)),
        ("get", "/api/v1/export", get(read::export)),
        ("get", "/api/v1/tail", get(tail::events)),
        ("get", "/api/v1/tail/ws", get(tail::socket)),
        ("get", "/api/v1/peers", get(watch::peers)),
        ("get", "/api/v1/queues", get(watch::queues)),
        ("get", "/api/v1/pipelines", get(watch::pipelines)),
        ("get", "/api/v1/parts", get(watch::parts)),
        ("get", "/api/v1/status", get(watch::status)),
        ("get", "/api/v1/openapi.json", get(openapi)),
        ("post", "/api/v1/login", post(login)),
        ("post", "/api/v1/logout", post(logout)),
        ("get", "/metrics", get(watch::metrics)),
        ("get", "/healthz", get(watch::healthz)),
        ("get", "/readyz", get(watch::readyz)),
    ]
}

/// All of it, with those who watch the door.
pub(crate) fn router(state: Arc<State>) -> Router {
    let routes =
        routes().into_iter().fold(Router::new(), |router, (_, path, answer)| router.route(path, answer));
    routes
        .fallback(other)
        .method_not_allowed_fallback(method)
        .layer(from_fn_with_state(Arc::clone(&state), door))
        .with_state(state)
}

/// Lets in who may come in, and counts.
async fn door(Shared(state): Shared<Arc<State>>, request: Request, next: Next) -> Response<Body> {
    state.counts.requests.fetch_add(1, Ordering::Relaxed);
    let _leaving = Leaving(Arc::clone(&state));
    let mut response = match admit(&state, &request) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    page::protect(response.headers_mut());
    state.counts.answered(response.status().as_u16());
    response
}

struct Leaving(Arc<State>);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.counts.requests.fetch_sub(1, Ordering::Relaxed);
    }
}

fn admit(state: &State, request: &Request) -> Result<(), Problem> {
    let path = request.uri().path();
    if matches!(path, "/healthz" | "/readyz") {
        return Ok(());
    }
    state.guard.admit(request.headers())?;
    let open = matches!(path, "/api/v1/login" | "/api/v1/logout" | "/api/v1/openapi.json");
    let secret = path.starts_with("/api/") || path == "/metrics";
    if secret && !open { state.guard.authorize(request.headers()) } else { Ok(()) }
}

/// What is no route is a file of the page.
async fn other(method: Method, uri: Uri, headers: HeaderMap) -> Result<Response<Body>, Problem> {
    if uri.path().starts_with("/api/") {
        return Err(Problem::not_found(
            "there is no such path; `api/v1/openapi.json` lists what is answered",
        ));
    }
    match method {
        Method::GET | Method::HEAD => page::file(uri.path(), &headers),
        _ => Err(method_problem(&method)),
    }
}

async fn method(method: Method) -> Problem {
    method_problem(&method)
}

fn method_problem(method: &Method) -> Problem {
    let detail = format!("`{method}` is not answered here; `api/v1/openapi.json` says what is");
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method", "It cannot be asked so", detail)
}

async fn openapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Login {
    token: String,
}

/// `POST login`: the browser keeps the token where no script sees it.
async fn login(Shared(state): Shared<Arc<State>>, body: Body) -> Result<Response<Body>, Problem> {
    let body = read::body(body, REQUEST_TIME).await?;
    let login: Login = serde_json::from_slice(&body)
        .map_err(|error| Problem::bad_request(format!("expected `{{\"token\": \"…\"}}`: {error}")))?;
    state.guard.knows(&login.token)?;
    // Without a token any text will do, but not any text can be in a cookie.
    let token = if state.guard.token.is_some() { login.token.as_str() } else { "" };
    cookie(token, "", state.secure)
}

/// `POST logout`.
async fn logout(Shared(state): Shared<Arc<State>>) -> Result<Response<Body>, Problem> {
    cookie("", "; Max-Age=0", state.secure)
}

/// Without a path of its own the cookie goes back to where it came from, whatever a proxy has put before that.
fn cookie(token: &str, age: &str, secure: bool) -> Result<Response<Body>, Problem> {
    let secure = if secure { "; Secure" } else { "" };
    let cookie = format!("{COOKIE_NAME}={token}; HttpOnly; SameSite=Strict{secure}{age}");
    let cookie = HeaderValue::from_str(&cookie).map_err(|error| Problem::internal(error.to_string()))?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}
