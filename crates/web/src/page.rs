//! The page: files that are part of the program.

use axum::body::Body;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderName, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::problem::Problem;

#[derive(RustEmbed)]
#[folder = "page/"]
struct Page;

/// Nothing is ever loaded from another host, and nothing runs that did not come with the program.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
     font-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What every answer says to browsers.
pub(crate) fn protect(headers: &mut HeaderMap) {
    let always = [
        ("content-security-policy", POLICY),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ];
    for (name, value) in always {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    // An answer of today is wrong tomorrow; the page's files say themselves how long they last.
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

/// A file of the page.
pub(crate) fn file(path: &str, headers: &HeaderMap) -> Result<Response<Body>, Problem> {
    let name = match path.trim_start_matches('/') {
        "" => "index.html",
        name => name,
    };
    let missing =
        || Problem::not_found("there is no such page; `api/v1/openapi.json` lists what is answered");
    let plain = Page::get(name).ok_or_else(missing)?;
    let takes_gzip = headers.get_all(ACCEPT_ENCODING).iter().any(|accepted| {
        accepted.to_str().is_ok_and(|accepted| {
            accepted.split(',').any(|coding| coding.trim().split(';').next() == Some("gzip"))
        })
    });
    let compressed = Page::get(&format!("{name}.gz")).filter(|_| takes_gzip);
    let (file, coding) = match compressed {
        Some(file) => (file, Some("gzip")),
        None => (plain, None),
    };
    let tag = tag(&file);
    let mut response = Response::new(Body::empty());
    let known = headers.get_all(IF_NONE_MATCH).iter().any(|tags| {
        tags.to_str()
            .is_ok_and(|tags| tags.split(',').any(|known| known.trim().trim_start_matches("W/") == tag))
    });
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        *response.body_mut() = Body::from(file.data.into_owned());
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind(name)));
        if let Some(coding) = coding {
            response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
    }
    let headers = response.headers_mut();
    // It is asked for each time, and sent only when it has changed.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(ETAG, tag);
    }
    Ok(response)
}

fn tag(file: &EmbeddedFile) -> String {
    let hash: String =
        file.metadata.sha256_hash().iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hash}\"")
}

fn kind(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, StatusCode, header};

    use super::{Page, file};

    #[test]
    fn a_file_is_sent_once() {
        let first = file("/", &HeaderMap::new()).expect("the page");
        assert_eq!(first.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_NONE_MATCH, first.headers()[header::ETAG].clone());
        assert_eq!(file("/index.html", &headers).expect("the page").status(), StatusCode::NOT_MODIFIED);
        assert!(file("/../Cargo.toml", &headers).is_err() && file("/nothing.js", &headers).is_err());
        headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static("\"other\""));
        assert_eq!(file("/", &headers).expect("the page").status(), StatusCode::OK);
    }

    #[test]
    fn nothing_is_loaded_from_elsewhere() {
        for name in Page::iter().filter(|name| name.ends_with(".html") || name.ends_with(".css")) {
            let file = Page::get(&name).expect("it was listed");
            let text = String::from_utf8_lossy(&file.data).into_owned();
            for elsewhere in [
                "src=\"http",
                "href=\"http",
                "src=\"/",
                "href=\"/",
                "url(http",
                "url(/",
                "src=\"//",
                "@import",
            ] {
                assert!(!text.contains(elsewhere), "{name}: {elsewhere}");
            }
        }
    }
}
