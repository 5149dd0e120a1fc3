//! Who is let in: requests for one of our names, not sent by another site, with the token if there is one.
//!
//! A page of another site can make a browser on this machine send requests here. Its `Origin` tells; and where its name has been made
//! to point here (DNS rebinding), the `Host` does.

use std::net::IpAddr;

use axum::http::header::{AUTHORIZATION, COOKIE, HOST, ORIGIN};
use axum::http::{HeaderMap, StatusCode};

use crate::Token;
use crate::problem::Problem;

/// The cookie that holds the token.
pub(crate) const COOKIE_NAME: &str = "catchment_token";

/// Decides who is let in.
#[derive(Debug)]
pub(crate) struct Guard {
    pub(crate) token: Option<Token>,
    /// Further names under which this collector is known, without ports, in lower case.
    pub(crate) hosts: Vec<String>,
}

impl Guard {
    /// Refuses a request for somebody else's name, or from another site.
    pub(crate) fn admit(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let forbidden = |code, detail: String| {
            Problem::new(StatusCode::FORBIDDEN, code, "Requests from elsewhere are refused", detail)
        };
        let host = text(headers, HOST).unwrap_or_default();
        if !self.is_ours(name_of(host)) {
            let detail = format!(
                "`{}` is not a name of this collector: add it to `hosts` in `[web]`, or ask for `127.0.0.1`",
                shown(host)
            );
            return Err(forbidden("forbidden_host", detail));
        }
        if let Some(origin) = text(headers, ORIGIN)
            && !self.is_same(origin, host)
        {
            let detail = format!(
                "`{}` is another site: if it is not, add its name to `hosts` in `[web]`",
                shown(origin)
            );
            return Err(forbidden("forbidden_origin", detail));
        }
        if text(headers, "sec-fetch-site").is_some_and(|site| site == "cross-site")
            && text(headers, "sec-fetch-mode").is_none_or(|mode| mode != "navigate")
        {
            return Err(forbidden(
                "forbidden_origin",
                "the request comes from a page of another site".to_owned(),
            ));
        }
        Ok(())
    }

    /// Refuses a request without the token. Why is not said: a wrong one and none look alike.
    pub(crate) fn authorize(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let Some(token) = &self.token else { return Ok(()) };
        let bearer = text(headers, AUTHORIZATION).and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        });
        let cookies = headers.get_all(COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
        let cookie = cookies
            .flat_map(|cookies| cookies.split(';'))
            .find_map(|cookie| cookie.trim().strip_prefix(COOKIE_NAME)?.strip_prefix('='));
        self.check(token, bearer.or(cookie).unwrap_or_default())
    }

    /// True when this is the token, or none is needed.
    pub(crate) fn knows(&self, sent: &str) -> Result<(), Problem> {
        self.token.as_ref().map_or(Ok(()), |token| self.check(token, sent))
    }

    fn check(&self, token: &Token, sent: &str) -> Result<(), Problem> {
        let detail = "send the token of the collector's token file, as `Authorization: Bearer TOKEN`";
        token.is(sent).then_some(()).ok_or_else(|| {
            Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", "The token is needed", detail)
        })
    }

    /// Names that no other machine can have made point here; with a token any name will do, since a browser keeps the cookie of each
    /// name apart.
    fn is_ours(&self, name: &str) -> bool {
        if self.hosts.is_empty() && self.token.is_some() {
            return true;
        }
        let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        address.is_ok_and(|address| address.to_canonical().is_loopback() || self.token.is_some())
            || name.eq_ignore_ascii_case("localhost")
            || self.hosts.iter().any(|host| host.eq_ignore_ascii_case(name))
    }

    fn is_same(&self, origin: &str, host: &str) -> bool {
        let Some((_, theirs)) = origin.split_once("://") else { return false };
        theirs.eq_ignore_ascii_case(host)
            || self.hosts.iter().any(|host| host.eq_ignore_ascii_case(name_of(theirs)))
    }
}

fn text(headers: &HeaderMap, name: impl axum::http::header::AsHeaderName) -> Option<&str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}

/// A host without its port.
fn name_of(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// What a client sent, in a message.
fn shown(text: &str) -> String {
    text.chars().take(100).filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderName, HeaderValue};

    use super::Guard;
    use crate::Token;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    fn open() -> Guard {
        Guard { token: None, hosts: vec!["logs.example".to_owned()] }
    }

    #[test]
    fn names() {
        let admits = |host| open().admit(&headers(&[("host", host)])).is_ok();
        for ours in [
            "localhost",
            "LOCALHOST:8514",
            "127.0.0.1:1",
            "127.0.0.1",
            "[::1]:8514",
            "[::1]",
            "logs.example:443",
        ] {
            assert!(admits(ours), "{ours}");
        }
        for theirs in [
            "",
            "evil.example",
            "127.0.0.1.evil.example",
            "192.168.0.1:80",
            "localhost.evil.example",
            "[::1]x",
            "[::2]",
        ] {
            assert!(!admits(theirs), "{theirs}");
        }
    }

    #[test]
    fn origins() {
        let admits = |origin, host| open().admit(&headers(&[("host", host), ("origin", origin)])).is_ok();
        assert!(admits("http://127.0.0.1:8514", "127.0.0.1:8514"));
        assert!(admits("https://logs.example", "127.0.0.1:8514"));
        for theirs in
            ["null", "http://evil.example", "http://127.0.0.1:9999", "http://127.0.0.1:8514.evil.example"]
        {
            assert!(!admits(theirs, "127.0.0.1:8514"), "{theirs}");
        }
        let cross = |mode| {
            open().admit(&headers(&[
                ("host", "localhost"),
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-mode", mode),
            ]))
        };
        assert!(cross("navigate").is_ok() && cross("no-cors").is_err());
    }

    #[test]
    fn tokens() {
        let guard = Guard { token: Token::from_text("0123456789abcdef"), hosts: Vec::new() };
        let lets = |pairs: &[(&'static str, &'static str)]| guard.authorize(&headers(pairs)).is_ok();
        assert!(lets(&[("authorization", "Bearer 0123456789abcdef")]));
        assert!(lets(&[("authorization", "bearer  0123456789abcdef")]));
        assert!(lets(&[("cookie", "a=b; catchment_token=0123456789abcdef")]));
        for wrong in ["", "Bearer", "Bearer 0123456789abcdee", "Basic 0123456789abcdef", "0123456789abcdef"] {
            assert!(!lets(&[("authorization", wrong)]), "{wrong}");
        }
        assert!(!lets(&[("cookie", "catchment_tokens=0123456789abcdef")]) && !lets(&[]));
        assert!(guard.admit(&headers(&[("host", "box.example")])).is_ok());
    }
}
