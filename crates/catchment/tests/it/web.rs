//! The page and the HTTP API of the real program.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};

use serde_json::{Value, json};
use testkit::http::{Stream, get, request};
use testkit::torture::LIVELY_STORE;
use testkit::{Collector, Config, Peer, Program, until, unused_address};

use crate::program;

const PAGE: &str = "[web]\naddress = '127.0.0.1:0'";

fn config() -> Config {
    Config::new().listen("in", "127.0.0.1:0", "").sections(PAGE)
}

/// Sends lines, waits until they are acked and can be found.
fn send(collector: &Collector<'_>, peer: &mut Peer, from: u64, upto: u64) {
    let lines: String = (from..=upto).map(|number| format!("line {number}\n")).collect();
    let acked = peer.acked();
    peer.send(lines);
    peer.wait_acked(acked + upto + 1 - from);
    until("they can be found", || {
        let body = json!({ "sql": "SELECT count(*) FROM logs" }).to_string();
        let answer = request(collector.page(), "POST", "/api/v1/sql", &[], body.as_bytes());
        (answer.json()["rows"][0][0] == upto).then_some(())
    });
}

#[test]
fn lines_are_found_counted_and_exported() {
    let program = program();
    let mut collector = program.run(config());
    let page = collector.page();
    let mut peer = Peer::client(collector.address("in"));
    send(&collector, &mut peer, 1, 100);
    let found = get(page, "/api/v1/search?q=line&limit=3").expect(200).json_lines();
    let messages: Vec<&str> = found.iter().filter_map(|line| line["message"].as_str()).collect();
    assert_eq!(messages.len(), 3);
    assert_eq!(found[3]["end"]["more"], true);
    let histogram = get(page, "/api/v1/histogram").expect(200).json();
    assert_eq!(histogram["total"], 100);
    let peers = get(page, "/api/v1/peers").expect(200).json();
    assert_eq!((&peers["total"], &peers["peers"][0]["lines"]), (&json!(1), &json!(100)));
    let export = get(page, "/api/v1/export?format=parquet").expect(200);
    assert!(export.complete && export.body.starts_with(b"PAR1") && export.body.ends_with(b"PAR1"));
    let status = get(page, "/api/v1/status").expect(200).json();
    assert_eq!(
        (&status["totals"]["lines"], &status["ready"], status.get("peers")),
        (&json!(100), &json!(true), None)
    );
    let queues = get(page, "/api/v1/queues").expect(200).json();
    let names: BTreeSet<&str> = queues["queues"]
        .as_array()
        .expect("queues")
        .iter()
        .filter_map(|queue| queue["name"].as_str())
        .collect();
    assert!(
        ["acks", "journal", "pipeline:main", "store_memory", "tail"].iter().all(|name| names.contains(name)),
        "{names:?}"
    );
    assert_eq!(get(page, "/").expect(200).header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(get(page, "/readyz").expect(200).text(), "ok\n");
    collector.terminate().expect_code(0);
}

#[test]
fn the_tail_goes_on_where_it_was_also_after_a_kill() {
    let program = program();
    let mut collector = program.run(config().sections(LIVELY_STORE));
    let mut peer = Peer::client(collector.address("in"));
    let follow = |collector: &Collector<'_>, after: &str| {
        let headers = [("last-event-id", after)];
        let mut stream = Stream::open(
            collector.page(),
            "GET",
            "/api/v1/tail",
            &headers[..usize::from(!after.is_empty())],
            b"",
        );
        assert_eq!(stream.event().expect("the start").event, "start");
        stream
    };
    let mut first = follow(&collector, "");
    send(&collector, &mut peer, 1, 50);
    let (mut seen, mut last) = (Vec::new(), String::new());
    let mut take = |stream: &mut Stream, seen: &mut Vec<String>, count: usize| {
        while seen.len() < count {
            let event = stream.event().expect("an event");
            assert_eq!(event.event, "record", "{event:?}");
            last = event.id.clone().expect("a cursor");
            seen.push(event.json()["message"].as_str().expect("a message").to_owned());
        }
        last.clone()
    };
    let cursor = take(&mut first, &mut seen, 30);
    drop(first);
    send(&collector, &mut peer, 51, 100);
    collector.restart();
    let mut peer = Peer::client(collector.address("in"));
    let mut again = follow(&collector, &cursor);
    send(&collector, &mut peer, 101, 150);
    take(&mut again, &mut seen, 150);
    assert!(seen.into_iter().eq((1..=150).map(|number| format!("line {number}"))));
    drop(again);
    collector.terminate().expect_code(0);
}

/// The family of a name as a query has it.
fn base_of(name: &str) -> &str {
    ["_sum", "_count", "_bucket"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name)
}

/// Every line is a comment or a sample of a family that was announced, names are unique and have their conventions.
fn parsed(text: &str) -> BTreeMap<String, Vec<String>> {
    let (mut families, mut kind, mut open) = (BTreeMap::new(), String::new(), String::new());
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').expect("a help text");
            assert!(!help.is_empty() && families.insert(name.to_owned(), Vec::new()).is_none(), "{line}");
            name.clone_into(&mut open);
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, is) = rest.split_once(' ').expect("a type");
            assert_eq!(name, open);
            is.clone_into(&mut kind);
            assert_eq!(is == "counter", name.ends_with("_total"), "{line}");
        } else {
            let (sample, value) = line.rsplit_once(' ').expect("a value");
            assert!(value.parse::<f64>().is_ok(), "{line}");
            let name = sample.split('{').next().unwrap_or_default();
            let base = match kind.as_str() {
                "summary" => name.trim_end_matches("_sum").trim_end_matches("_count"),
                "histogram" => base_of(name),
                _ => name,
            };
            assert_eq!(base, open, "{line}");
            assert!(
                name.starts_with("catchment_")
                    && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
            );
            assert!(sample.len() == name.len() || sample.ends_with("\"}"), "{line}");
            families.get_mut(&open).expect("announced").push(sample.to_owned());
        }
    }
    for (family, samples) in &families {
        let unique: BTreeSet<&String> = samples.iter().collect();
        assert!(!samples.is_empty() && unique.len() == samples.len(), "{family}: {samples:?}");
    }
    families
}

/// A collector with a stage and a handler.
fn with_stages(program: &Program) -> Collector<'_> {
    program.write("handlers.py", "def handler(line: str):\n    return None\n");
    let pipeline = "[[pipeline]]\nname = 'main'\nto = ['store', 'tail']\n\
                    stages = [{ where = '.message != \"unwanted\"' }, { python = 'handlers.py:handler', workers = 1 }]";
    program.run(config().sections(pipeline))
}

#[test]
fn metrics_can_be_scraped() {
    let program = program();
    let mut collector = with_stages(&program);
    let mut peer = Peer::client(collector.address("in"));
    send(&collector, &mut peer, 1, 10);
    // It is dropped, and the checkpoint passes it.
    peer.send("unwanted\n");
    peer.wait_acked(11);
    let text = until("all is counted", || {
        let text = get(collector.page(), "/metrics").expect(200).text();
        text.contains(
            "catchment_stage_records_dropped_total{pipeline=\"main\",stage=\"where\",place=\"1\"} 1\n",
        )
        .then_some(text)
    });
    let families = parsed(&text);
    for (name, value) in [
        ("catchment_stage_records_in_total{pipeline=\"main\",stage=\"where\",place=\"1\"}", "11"),
        ("catchment_stage_records_out_total{pipeline=\"main\",stage=\"where\",place=\"1\"}", "10"),
        ("catchment_stage_records_in_total{pipeline=\"main\",stage=\"python\",place=\"2\"}", "10"),
        ("catchment_output_records_total{pipeline=\"main\",output=\"store\"}", "10"),
        ("catchment_output_failures_total{pipeline=\"main\",output=\"tail\"}", "0"),
        ("catchment_workers_alive{pipeline=\"main\",handler=\"handlers.py:handler\",place=\"1\"}", "1"),
        ("catchment_worker_lines_total{pipeline=\"main\",handler=\"handlers.py:handler\",place=\"1\"}", "10"),
    ] {
        assert!(text.contains(&format!("{name} {value}\n")), "no {name} {value} in\n{text}");
    }
    for name in [
        "catchment_lines_received_total",
        "catchment_received_bytes_total",
        "catchment_peers",
        "catchment_journal_sync_seconds",
        "catchment_journal_commit_bytes",
        "catchment_store_service_seconds",
        "catchment_log_lines_held_back_total",
        "catchment_queue_depth",
        "catchment_queue_limit",
        "catchment_queue_oldest_seconds",
        "catchment_dropped_records_total",
        "catchment_pipeline_behind_bytes",
        "catchment_store_parts",
        "catchment_web_connections",
    ] {
        assert!(families.contains_key(name), "{name} is missing");
    }
    assert!(text.contains("catchment_lines_received_total 11\n"), "{text}");
    assert!(text.contains("catchment_peers{source=\"in\",state=\"connected\"} 1\n"), "{text}");
    collector.terminate().expect_code(0);
}

/// The names that stand in a text as metrics of ours.
fn named(text: &str) -> BTreeSet<String> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.split(|c| !word(c))
        .filter(|name| name.starts_with("catchment_") && name.len() > 10)
        .map(str::to_owned)
        .collect()
}

#[test]
fn dashboard_and_alerts_name_metrics_that_exist() {
    let program = program();
    let mut collector = with_stages(&program);
    let families = parsed(&get(collector.page(), "/metrics").expect(200).text());
    let docs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let read = |name: &str| std::fs::read_to_string(docs.join(name)).expect("a file of docs/");
    let dashboard = read("grafana-dashboard.json");
    serde_json::from_str::<Value>(&dashboard).expect("the dashboard is JSON");
    for (file, text) in [("dashboard", dashboard), ("alerts", read("prometheus-alerts.yml"))] {
        let names = named(&text);
        assert!(names.len() > 5, "{file}: {names:?}");
        for name in names {
            let base = base_of(&name);
            assert!(families.contains_key(base), "{file} names {name}, which there is not");
        }
    }
    collector.terminate().expect_code(0);
}

#[test]
fn a_taken_address_matters_only_when_it_was_chosen() {
    let program = program();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address");
    let chosen =
        Config::new().listen("in", "127.0.0.1:0", "").sections(&format!("[web]\naddress = '{address}'"));
    program.run_to_end(chosen).expect_code(4).expect_stderr("cannot serve the page on 127.0.0.1:");
    let _default = TcpListener::bind("127.0.0.1:8514");
    let mut collector = program.run(Config::new().listen("in", "127.0.0.1:0", "").sections("[web]"));
    collector.until_log("there is no page");
    collector.terminate().expect_code(0);
}

#[test]
fn a_token_lets_in_and_is_never_shown() {
    let program = program();
    let token = program.output(&["token", "new"]).expect_code(0).text();
    program.write("web.token", &token);
    let keys = "[web]\naddress = '127.0.0.1:0'\ntoken_file = 'web.token'";
    let mut collector =
        program.run(Config::new().top("log_level = 'trace'").listen("in", "127.0.0.1:0", "").sections(keys));
    let page = collector.page();
    get(page, "/api/v1/status").expect(401);
    let bearer = format!("Bearer {}", token.trim());
    let status = request(page, "GET", "/api/v1/status", &[("authorization", &bearer)], b"").expect(200);
    assert!(!status.text().contains(token.trim()) && !collector.stderr().contains(token.trim()));
    collector.terminate().expect_code(0);
    program.write("web.token", "short\n");
    let config = Config::new().listen("in", "127.0.0.1:0", "").sections(keys);
    program.run_to_end(config).expect_code(4).expect_stderr("holds no token");
}

#[test]
fn other_machines_reach_the_page_only_with_a_token() {
    let program = program();
    let config = |keys: &str| {
        Config::new()
            .listen("in", "127.0.0.1:0", "")
            .sections(&format!("[web]\naddress = '0.0.0.0:0'\n{keys}"))
    };
    program.run_to_end(config("")).expect_code(3).expect_stderr("can be reached from other machines");
    program.run_to_end(config("public = true")).expect_code(3).expect_stderr("so a token is needed");
}

#[test]
fn an_open_tail_and_a_query_do_not_delay_the_end() {
    let program = program();
    let mut collector = program.run(config());
    let page = collector.page();
    let mut tail = Stream::open(page, "GET", "/api/v1/tail", &[], b"");
    assert_eq!(tail.event().expect("the start").event, "start");
    let mut idle = TcpStream::connect(page).expect("it listens");
    idle.write_all(b"GET / HT").expect("it reads");
    collector.terminate().expect_code(0);
    assert_eq!(tail.event().map(|event| event.event).as_deref(), Some("end"));
}

#[test]
fn collecting_without_a_configuration_serves_a_page_on_request() {
    let program = program();
    let address = unused_address("127.0.0.1");
    let mut collector = program.collect(&["127.0.0.1:9", "--quiet", "--web", &address.to_string()]);
    assert_eq!(get(address, "/healthz").expect(200).text(), "ok\n");
    collector.terminate().expect_code(0);
}
