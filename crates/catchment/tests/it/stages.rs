//! What stages make of lines: fields out of tables and patterns, outputs that get only some, and what the status says of all that.

use serde_json::Value;
use testkit::mmdb::{Entry, Mmdb};
use testkit::{Config, Peer, Process, until};

use crate::program;

/// One pipeline, to these outputs.
fn config(stages: &str, to: &str) -> Config {
    let pipeline = format!("[[pipeline]]\nname = 'main'\nto = [{to}]\nstages = [{stages}]");
    Config::new().listen("in", "127.0.0.1:0", "").sections(&pipeline)
}

fn send(peer: &mut Peer, lines: &[&str]) {
    let before = peer.acked();
    peer.send(lines.join("\n") + "\n");
    peer.wait_acked(before + lines.len() as u64);
}

fn stage(status: &Value, index: usize) -> &Value {
    &status["pipelines"][0]["stages"][index]
}

#[test]
fn a_table_gives_fields_and_is_read_again_unless_it_is_wrong() {
    let program = program();
    program.write("hosts.csv", "address,site,rack\n127.0.0.1,north,7\n10.0.0.1,south,8\n");
    let enrich = "{ enrich = { table = 'hosts.csv', key = 'peer', prefix = 'host.' } }";
    let mut collector = program.run(config(enrich, "'store'"));
    let mut peer = Peer::client(collector.address("in"));
    send(&mut peer, &["one"]);
    let site = |text: &str| {
        let sql =
            format!("SELECT \"host.site\" AS site, \"host.rack\" AS rack FROM logs WHERE message = '{text}'");
        until("the record is there", || program.query(&sql).into_iter().next())
    };
    assert_eq!((site("one")["site"].as_str(), site("one")["rack"].as_i64()), (Some("north"), Some(7)));

    // A file that is wrong changes nothing, and that is told until it is mended.
    program.write("hosts.csv", "address,site,rack\n127.0.0.1,west\n");
    let status = collector.until_status("the status tells", |status| {
        send(&mut peer, &["two"]);
        stage(status, 0)["trouble"].as_str().is_some_and(|trouble| trouble.contains("line 2 has 2 cells"))
    });
    assert_eq!(stage(&status, 0)["stage"], "enrich");
    let shown = program.output(&["status"]).expect_code(6).text();
    assert!(shown.contains("stage 1, enrich: ") && shown.contains("line 2 has 2 cells"), "{shown}");
    assert_eq!(site("two")["site"], "north");
    program.write("hosts.csv", "address,site,rack\n127.0.0.1,west,7\n");
    until("the new row counts", || {
        send(&mut peer, &["three"]);
        program.query("SELECT 1 FROM logs WHERE \"host.site\" = 'west'").pop()
    });
    collector.until_status("nothing is wrong any more", |status| stage(status, 0)["trouble"].is_null());
    collector.terminate().expect_code(0);
}

#[test]
fn a_table_that_is_wrong_is_a_mistake_with_its_line() {
    let program = program();
    let enrich = "{ enrich = { table = 'hosts.csv', key = 'peer' } }";
    program.configure(config(enrich, "'store'"));
    program.output(&["check"]).expect_code(3).expect_stderr("hosts.csv` cannot be read: No such file");
    program.write("hosts.csv", "address,site\na,1\nb,2\na,3\n");
    program
        .output(&["check"])
        .expect_code(3)
        .expect_stderr("line 4 has the key `a`, which line 2 has already");
    program.write("hosts.csv", "address,site\na,1\n");
    program.output(&["check"]).expect_code(0);
}

#[test]
fn an_address_has_a_place() {
    let program = program();
    let database = Mmdb::new()
        .put("81.2.69.0", 24, &Entry::city("GB", "EU", "London", 51.5142, -0.0931))
        .put("2001:db8::", 32, &Entry::asn(64_512, "Example"));
    program.write("geo.mmdb", database.bytes());
    let stages = "{ parse = 'json' }, { geoip = { database = 'geo.mmdb', key = 'client', missing = 'mark', bytes_max = '1 MiB' } }";
    let mut collector = program.run(config(stages, "'store'"));
    let mut peer = Peer::client(collector.address("in"));
    let lines = ["{\"client\":\"81.2.69.7:99\"}", "{\"client\":\"2001:db8::7\"}", "{\"client\":\"nowhere\"}"];
    send(&mut peer, &lines);
    let status = collector.until_status("all went through", |status| stage(status, 1)["records"] == 3);
    assert_eq!(
        (stage(&status, 1)["changed"].as_u64(), stage(&status, 1)["failed"].as_u64()),
        (Some(2), Some(1))
    );
    let failure = &stage(&status, 1)["last_failure"];
    assert_eq!(failure["reason"], "`client` is no IP address: `nowhere`");
    collector.terminate().expect_code(0);
    let rows = program.query(
        "SELECT \"geo.country\" AS country, \"geo.latitude\" AS latitude, \"geo.asn\" AS asn, position FROM logs ORDER BY position",
    );
    assert_eq!((rows[0]["country"].as_str(), rows[0]["latitude"].as_f64()), (Some("GB"), Some(51.5142)));
    assert_eq!(rows[1]["asn"], 64_512);
    assert_eq!(rows[2]["position"], failure["position"]);
}

#[test]
fn a_grok_pattern_makes_typed_fields_and_keeps_what_does_not_match() {
    let program = program();
    let stages = "{ parse = { grok = '^%{IPORHOST:client} %{ORDER} %{NUMBER:took:float}$', patterns = { ORDER = '#%{INT:order}' } } }";
    let mut collector = program.run(config(stages, "'store'"));
    let mut peer = Peer::client(collector.address("in"));
    send(&mut peer, &["gw-1.example #17 3", "gw-1.example #x 3"]);
    let status = collector.until_status("both went through", |status| stage(status, 0)["records"] == 2);
    assert_eq!(stage(&status, 0)["last_failure"]["reason"], "the line does not match");
    collector.terminate().expect_code(0);
    let rows = program.query(
        "SELECT client, \"order\", took, message, \"error.stage\" AS stage FROM logs ORDER BY position",
    );
    assert_eq!((rows[0]["client"].as_str(), rows[0]["order"].as_i64()), (Some("gw-1.example"), Some(17)));
    assert_eq!(rows[0]["took"].as_f64(), Some(3.0));
    assert_eq!(
        (rows[1]["message"].as_str(), rows[1]["stage"].as_str()),
        (Some("gw-1.example #x 3"), Some("grok"))
    );
}

#[test]
fn an_output_by_its_name_gets_what_is_routed_to_it_once_however_often_the_collector_is_killed() {
    let program = program();
    let stages =
        "{ parse = 'json' }, { route = { errors = '.level == \"error\"', nothing = { peer = 'nobody' } } }";
    let outputs = "[[output]]\nname = 'errors'\nkind = 'file'\npath = 'errors.txt'\nformat = 'text'\n\
                   [[output]]\nname = 'nothing'\nkind = 'file'\npath = 'nothing.ndjson'";
    let mut collector = program.run(config(stages, "'store', 'errors', 'nothing'").sections(outputs));
    for round in 0..4 {
        let mut peer = Peer::client(collector.address("in"));
        for number in 0..20 {
            let level = if number % 4 == 0 { "error" } else { "info" };
            send(&mut peer, &[&format!("{{\"level\":\"{level}\",\"msg\":\"{round} {number}\"}}")]);
        }
        collector.restart();
    }
    until("all are in the store", || (program.number("SELECT count(*) FROM logs") == 80).then_some(()));
    collector
        .until_status("the pipeline has all of them", |status| status["pipelines"][0]["behind_bytes"] == 0);
    collector.terminate().expect_code(0);
    let errors = std::fs::read_to_string(program.dir().join("errors.txt")).unwrap();
    let texts: Vec<&str> = errors.lines().map(|line| line.split_once("  ").unwrap().1).collect();
    let expected: Vec<String> =
        (0..4).flat_map(|round| (0..20).step_by(4).map(move |number| format!("{round} {number}"))).collect();
    assert_eq!(texts, expected);
    assert_eq!(std::fs::read_to_string(program.dir().join("nothing.ndjson")).unwrap_or_default(), "");
    assert_eq!(program.number("SELECT count(*) FROM logs"), 80);
}

#[test]
fn a_tail_gets_what_is_routed_to_it_from_the_past_as_well() {
    let program = program();
    let stages = "{ route = { tail = '.message != \"b\"' } }";
    let mut collector = program.run(config(stages, "'tail', 'stdout'"));
    let mut peer = Peer::client(collector.address("in"));
    send(&mut peer, &["a", "b", "c"]);
    let mut tail = program.start("tail", &["tail", "--format", "json", "--from", "0"]);
    let shows = |tail: &Process, text: &str| String::from_utf8_lossy(&tail.stdout()).contains(text);
    until("what went by is shown", || shows(&tail, "\"c\"").then_some(()));
    send(&mut peer, &["d", "b", "e"]);
    until("what comes is shown", || shows(&tail, "\"e\"").then_some(()));
    assert!(shows(&tail, "\"a\"") && shows(&tail, "\"d\"") && !shows(&tail, "\"b\""));
    tail.kill();
    collector.terminate().expect_code(0);
}

#[test]
fn dead_ends_are_mistakes() {
    let program = program();
    let config = config("{ route = { eror = 'true' } }", "'store', 'disk'")
        .listen("silent", "127.0.0.1:0", "")
        .sections("[[output]]\nname = 'errors'\nkind = 'file'\npath = 'e'\n[[pipeline]]\nname = 'other'\nfrom = ['in']\nto = ['tail']");
    let text = config.to_string().replace("name = 'main'\n", "name = 'main'\nfrom = ['in']\n");
    program.configure(text);
    let ended = program.output(&["check"]).expect_code(3);
    for mistake in [
        "`disk` is no output; there are `store`, `tail`, `stdout`, `errors`",
        "no pipeline leads to `errors`; add it to the `to` of one, or remove it",
        "no pipeline takes the lines of `silent`",
    ] {
        assert!(ended.stderr.contains(mistake), "no {mistake:?} in:\n{}", ended.stderr);
    }
}
