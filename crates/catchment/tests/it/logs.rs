//! What the program says of itself: few lines however much happens, and no secret anywhere.

use serde_json::Value;
use testkit::http::request;
use testkit::{Config, Peer, until, unused_address};

use crate::program;

#[test]
fn thousands_of_dead_targets_are_a_few_lines_and_a_count_that_is_right() {
    const TARGETS: u64 = 2000;
    let program = program();
    // Nobody listens there: each of them refuses.
    let port = unused_address("127.0.0.1").port();
    let targets: Vec<String> =
        (0..TARGETS).map(|number| format!("127.9.{}.{}:{port}", number / 250, number % 250 + 1)).collect();
    program.write("boxes.txt", targets.join("\n"));
    // Only the first failure of each is told.
    let source = "[[source]]\nname = 'boxes'\nkind = 'connect'\ntargets_file = 'boxes.txt'\n\
                  backoff_min = '10m'\nbackoff_max = '10m'\n[web]\naddress = '127.0.0.1:0'";
    let mut collector = program.run(Config::new().sections(source));
    collector.until_status("all were dialled", |status| {
        let failed = |peers: &Vec<Value>| peers.iter().filter(|peer| peer["last_error"].is_string()).count();
        status["peers"].as_array().map_or(0, failed) as u64 == TARGETS
    });
    let metrics = request(collector.page(), "GET", "/metrics", &[], b"").text();
    let log = collector.terminate().expect_code(0).stderr;
    let (mut written, mut held_back) = (0, 0);
    for line in log.lines().filter(|line| line.contains("not connected")) {
        match line.split_once(" held_back=") {
            Some((said, rest)) => {
                assert!(said.contains("more like this in") && said.contains("about=\"boxes\""), "{line}");
                held_back += rest.split(' ').next().unwrap_or_default().parse::<u64>().expect("a number");
            }
            None => written += 1,
        }
    }
    assert_eq!(written + held_back, TARGETS, "{log}");
    assert!(log.lines().count() < 100 && held_back > 0, "{log}");
    assert!(metrics.contains("catchment_log_lines_held_back_total "), "{metrics}");
}

/// What must never be seen.
const SECRETS: [&str; 4] =
    ["PlantedTokenPlantedToken", "PlantedKeyPlantedKey", "PlantedSessionPlanted", "PlantedPassword"];

#[track_caller]
fn assert_hidden(what: &str, text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{what} shows {secret}:\n{text}");
    }
}

#[test]
fn no_secret_is_ever_shown() {
    let mut program = program();
    program.env("AWS_SESSION_TOKEN", "PlantedSessionPlanted");
    program.write("web.token", "PlantedTokenPlantedToken\n");
    let nobody = unused_address("127.0.0.1");
    let sections = format!(
        "[web]\naddress = '127.0.0.1:0'\ntoken_file = 'web.token'\n[store]\nurl = 's3://logs/here'\n\
         options = {{ endpoint = 'http://{nobody}', allow_http = 'true', region = 'eu-1', access_key_id = 'name', \
         secret_access_key = 'PlantedKeyPlantedKey' }}\n"
    );
    let config =
        || Config::new().top("log_level = 'trace'").listen("in", "127.0.0.1:0", "").sections(&sections);
    let mut collector = program.run(config());
    let mut peer = Peer::client(collector.address("in"));
    peer.send("a line\n");
    peer.wait_acked(1);
    let page = collector.page();
    let right = [("authorization", "Bearer PlantedTokenPlantedToken")];
    for headers in [&right[..], &[("authorization", "Bearer PlantedPassword")], &[]] {
        for path in [
            "/",
            "/healthz",
            "/readyz",
            "/metrics",
            "/api/v1/status",
            "/api/v1/peers",
            "/api/v1/queues",
            "/api/v1/pipelines",
            "/api/v1/parts",
            "/api/v1/openapi.json",
            "/api/v1/search?q=x&token=PlantedPassword",
        ] {
            let answer = request(page, "GET", path, headers, b"");
            assert_hidden(path, &format!("{:?} {}", answer.headers, answer.text()));
        }
    }
    let status: Value = collector
        .until_status("object storage was tried", |status| status["store"]["upload"]["trouble"].is_string());
    assert_hidden("the status", &status.to_string());
    for command in
        [&["status"][..], &["check", "catchment.toml"], &["check"], &["store", "ls"], &["config", "default"]]
    {
        let ended = program.output(command);
        assert_hidden(&command.join(" "), &(ended.text() + &ended.stderr));
    }
    // What is wrong is said without what is secret, at a start and in the log.
    let wrong = format!(
        "{}\n[[source]]\nname = 'out'\nkind = 'connect'\ntargets = ['http://me:PlantedPassword@box:514']\n",
        config().sections("[[output]]\nsecret_access_key = 'PlantedKeyPlantedKey'")
    )
    .replace("s3://logs", "s3://me:PlantedPassword@logs");
    program.configure(&wrong);
    collector.signal(testkit::Signal::HUP);
    collector.until_log("the new configuration is wrong");
    let ended = program.output(&["run"]).expect_code(3);
    assert!(ended.stderr.contains("http://…@box:514"), "{}", ended.stderr);
    assert_hidden("a refused configuration", &ended.stderr);
    let checked = program.output(&["check"]);
    assert_hidden("check", &(checked.text() + &checked.stderr));
    until("the answer of the peer's end is there", || (peer.acked() == 1).then_some(()));
    let ended = collector.terminate().expect_code(0);
    assert_hidden("the log", &(ended.text() + &ended.stderr));
}
