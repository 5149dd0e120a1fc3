//! Who is let in, and what they can take.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use testkit::http::{Stream, request};
use testkit::until;

use super::support::{Served, token};

#[test]
fn a_wrong_token_and_none_look_alike() {
    let served = Served::with(|options| options.token = Some(token()));
    served.fake.store(2);
    let ask = |path: &str, headers: &[(&str, &str)]| request(served.address(), "GET", path, headers, b"");
    let without = ask("/api/v1/fields", &[]).expect(401);
    assert_eq!(without.header("www-authenticate"), Some("Bearer"));
    for wrong in ["Bearer wrong", "Bearer 0123456789abcdee", "Basic 0123456789abcdef", ""] {
        let answer = ask("/api/v1/fields", &[("authorization", wrong)]).expect(401);
        assert_eq!(answer.body, without.body);
    }
    let right = [("authorization", "Bearer 0123456789abcdef")];
    for path in ["/api/v1/fields", "/metrics", "/api/v1/status"] {
        ask(path, &[]).expect(401);
        ask(path, &right).expect(200);
    }
    // Without secrets in them.
    for path in ["/healthz", "/readyz", "/", "/api/v1/openapi.json"] {
        ask(path, &[]).expect(200);
    }
    let login = |token: &str| {
        let body = serde_json::json!({ "token": token }).to_string();
        request(served.address(), "POST", "/api/v1/login", &[], body.as_bytes())
    };
    assert_eq!(login("wrong").expect(401).body, without.body);
    let cookie = login("0123456789abcdef").expect(204);
    let cookie = cookie.header("set-cookie").expect("a cookie").to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"));
    ask("/api/v1/fields", &[("cookie", cookie.split(';').next().unwrap_or_default())]).expect(200);
}

#[test]
fn other_names_and_other_sites_are_refused() {
    let served = Served::with(|options| options.hosts = vec!["logs.example".to_owned()]);
    let ask = |headers: &[(&str, &str)]| request(served.address(), "GET", "/api/v1/fields", headers, b"");
    ask(&[("host", "localhost:1")]).expect(200);
    ask(&[("host", "logs.example"), ("origin", "https://logs.example")]).expect(200);
    assert_eq!(ask(&[("host", "rebound.example")]).expect(403).json()["code"], "forbidden_host");
    assert_eq!(ask(&[("origin", "http://evil.example")]).expect(403).json()["code"], "forbidden_origin");
    assert_eq!(ask(&[("origin", "null")]).expect(403).json()["code"], "forbidden_origin");
    assert_eq!(ask(&[("sec-fetch-site", "cross-site")]).expect(403).json()["code"], "forbidden_origin");
}

#[test]
fn every_answer_is_safe_for_a_browser() {
    let served = Served::new();
    for path in ["/", "/nothing", "/api/v1/fields", "/api/v1/search?q=(", "/metrics"] {
        let answer = served.get(path);
        let policy = answer.header("content-security-policy").unwrap_or_default();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        let kept = answer.header("cache-control").unwrap_or_default();
        assert!(kept == "no-store" || path == "/" && kept == "no-cache", "{path}: {kept}");
    }
}

/// Compares for as long as it may: no pair of rows makes the condition true.
const ENDLESS: &str =
    "SELECT count(*) FROM logs a, logs b, logs c, logs d WHERE a.number + b.number + c.number + d.number < 0";

#[test]
fn a_query_without_end_is_cut_off_at_the_limit() {
    let served = Served::limited(Duration::from_millis(300), |_| {});
    served.fake.store(2000);
    let problem = served.sql(ENDLESS, "json").expect(504).json();
    assert_eq!(problem["code"], "time_limit");
}

#[test]
fn a_query_ends_when_nobody_waits_for_it() {
    let served = Served::limited(Duration::from_secs(3600), |_| {});
    served.fake.store(2000);
    let requests = || served.get("/api/v1/status").json()["web"]["requests"].as_u64().expect("a count");
    let body = serde_json::json!({ "sql": ENDLESS }).to_string();
    // More than may run at once: whoever comes next gets a turn only if these have gone.
    for _ in 0..10 {
        let mut client = TcpStream::connect(served.address()).expect("it listens");
        let head =
            format!("POST /api/v1/sql HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n", body.len());
        client.write_all(head.as_bytes()).and_then(|()| client.write_all(body.as_bytes())).expect("it reads");
        until("it is being answered", || (requests() == 2).then_some(()));
        drop(client);
        until("it is given up", || (requests() == 1).then_some(()));
    }
    let one = served.sql("SELECT 1 AS one", "json").expect(200).json();
    assert_eq!(one["rows"], serde_json::json!([[1]]));
}

#[test]
fn who_reads_nothing_holds_up_nobody() {
    let served = Served::new();
    served.fake.store(40_000);
    // More than any buffers hold, to clients that read one byte and stop.
    let lazy: Vec<TcpStream> = (0..4)
        .map(|_| {
            let mut client = TcpStream::connect(served.address()).expect("it listens");
            client
                .write_all(b"GET /api/v1/export HTTP/1.1\r\nhost: localhost\r\n\r\n")
                .and_then(|()| client.read_exact(&mut [0]))
                .expect("it answers");
            client
        })
        .collect();
    assert_eq!(served.sql("SELECT count(*) FROM logs", "json").expect(200).json()["rows"][0][0], 40_000);
    until("others come and go", || {
        (served.get("/api/v1/status").json()["web"]["connections"] == 5).then_some(())
    });
    drop(lazy);
    until("they are gone", || (served.get("/api/v1/status").json()["web"]["connections"] == 1).then_some(()));
}

#[test]
fn there_are_only_so_many_connections() {
    let served = Served::with(|options| options.tails_max = 1);
    let most = crate::connections_max(1);
    let idle: Vec<TcpStream> =
        (0..most).map(|_| TcpStream::connect(served.address()).expect("it listens")).collect();
    let refused = || {
        let mut client = TcpStream::connect(served.address()).expect("it listens");
        client.set_read_timeout(Some(Duration::from_secs(30))).expect("a time");
        matches!(client.read(&mut [0]), Ok(0) | Err(_))
    };
    assert!(refused());
    drop(idle);
    until("there is room again", || {
        Stream::try_open(served.address(), "GET", "/healthz", &[], b"")
            .ok()
            .filter(|answer| answer.status == 200)
    });
}

/// A certificate for `localhost` that vouches for itself until 2126, and its key, which opens nothing else.
fn certificate() -> crate::Tls {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests/tls");
    crate::Tls { certificate: dir.join("cert.pem"), key: dir.join("key.pem") }
}

#[test]
fn it_speaks_tls_and_nothing_else() {
    use tokio_rustls::rustls::pki_types::pem::PemObject as _;
    use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
    use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, crypto};

    let served = Served::with(|options| options.tls = Some(certificate()));
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_file(certificate().certificate).expect("a certificate");
    roots.add(certificate).expect("it vouches for itself");
    let config = ClientConfig::builder_with_provider(crypto::ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("a name");
    let client = ClientConnection::new(config.into(), name).expect("a client");
    let mut stream = StreamOwned::new(client, TcpStream::connect(served.address()).expect("it listens"));
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("ok\n"), "{answer}");
    assert!(Stream::try_open(served.address(), "GET", "/healthz", &[], b"").is_err());
}

#[test]
fn tls_with_a_certificate_that_is_none() {
    let dir = tempfile::tempdir().expect("a directory");
    let (certificate, key) = (dir.path().join("cert.pem"), dir.path().join("key.pem"));
    std::fs::write(&certificate, "no certificate").expect("room");
    let options = crate::Options {
        address: "127.0.0.1:0".parse().expect("an address"),
        tls: Some(crate::Tls { certificate: certificate.clone(), key }),
        token: None,
        hosts: Vec::new(),
        tails_max: 1,
    };
    let served = Served::new();
    let limits = query::Limits { memory_bytes: 1 << 20, time: Duration::from_secs(1), threads: 1 };
    let engine = std::sync::Arc::new(query::Engine::new(limits).expect("threads"));
    let error =
        crate::Web::start(options, served.fake.clone(), engine).err().expect("no certificate").to_string();
    assert!(error.contains("cert.pem") && error.contains("no certificate"), "{error}");
}
