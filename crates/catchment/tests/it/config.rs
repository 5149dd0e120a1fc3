//! The configuration: what is refused, what is reported, and what a change of it does.

use testkit::{Config, Peer, Signal, until, unused_address};

use crate::program;

#[test]
fn check_reports_every_mistake_at_once_with_line_and_key() {
    let program = program();
    program.write(
        "catchment.toml",
        "datadir = 'x'\nloops = 'many'\n[journal]\nat_cap = 'panic'\n[[source]]\nname = 'a'\nkind = 'connect'\n\
         targets = ['h:1', 'h:1', 'no-port']\nbackoff_min = '5 parsecs'\n[[source]]\nname = 'a'\nkind = 'listen'\n\
         address = '0.0.0.0:1'\npeers_max = 0\n",
    );
    for command in ["check", "run"] {
        let ended = program.output(&[command]).expect_code(3);
        for (line, key) in [
            (1, "datadir"),
            (2, "loops"),
            (4, "journal.at_cap"),
            (8, "source[1].targets"),
            (9, "source[1].backoff_min"),
            (11, "source[2].name"),
            (13, "source[2].address"),
            (14, "source[2].peers_max"),
        ] {
            let place = format!("catchment.toml:{line}: {key}");
            assert!(ended.stderr.contains(&place), "no {place:?} in:\n{}", ended.stderr);
        }
    }
    assert!(!program.data_dir().exists(), "nothing was begun");
}

#[test]
fn check_shows_where_a_script_is_wrong_and_what_is_odd_about_a_good_one() {
    let program = program();
    let config = |script: &str| {
        let pipeline =
            format!("[[pipeline]]\nname = 'main'\nto = ['tail']\nstages = [{{ vrl = '''{script}''' }}]");
        Config::new().listen("in", "127.0.0.1:0", "").sections(&pipeline)
    };
    program.configure(config("\n.a = 1\n.b = dns_lookup!(.peer)\n"));
    let file = config("\n.a = 1\n.b = dns_lookup!(.peer)\n").to_string();
    let line = file.lines().position(|line| line.starts_with(".b = ")).unwrap() + 1;
    let ended = program.output(&["check"]).expect_code(3);
    for part in [
        format!("catchment.toml:{line}: pipeline[1].stages[1]: `vrl`: `dns_lookup` reaches the network"),
        format!("catchment.toml:{line}:6\n"),
        format!("{line} │ .b = dns_lookup!(.peer)\n"),
    ] {
        assert!(ended.stderr.contains(&part), "no {part:?} in:\n{}", ended.stderr);
    }
    program.configure(config("upcase(.message)\n.a = 1"));
    program
        .output(&["check"])
        .expect_code(0)
        .expect_stderr("stage 1 of the pipeline `main` is odd\n  warning[E900]");
}

#[test]
fn check_says_that_all_is_well_and_what_memory_it_takes() {
    let program = program();
    program.configure(Config::new().listen("in", "127.0.0.1:0", ""));
    let ended = program.output(&["check"]).expect_code(0);
    assert!(
        ended.text().contains("no mistakes") && ended.text().contains("in all, at most"),
        "{}",
        ended.text()
    );
}

#[test]
fn the_printed_default_is_a_configuration() {
    let program = program();
    let default = program.output(&["config", "default"]).expect_code(0).text();
    program.write("catchment.toml", &default);
    // It has no source yet, and that is the only mistake.
    let ended = program.output(&["check"]).expect_code(3);
    assert_eq!(ended.stderr.lines().count(), 2, "{}", ended.stderr);
    let source = "[[source]]\nname = 'in'\nkind = 'listen'\naddress = '127.0.0.1:0'\npeers_max = 100\n";
    program.write("catchment.toml", default + source);
    program.output(&["check"]).expect_code(0);
}

#[test]
fn a_file_that_is_not_there_is_told() {
    let program = program();
    program.output(&["run", "-c", "nowhere.toml"]).expect_code(3).expect_stderr("nowhere.toml");
}

#[test]
fn too_little_memory_is_refused_with_the_number() {
    let program = program();
    let config =
        Config::new().top("memory_limit = '20 MiB'").listen("in", "127.0.0.1:0", "peers_max = 10000");
    program.run_to_end(config).expect_code(4).expect_stderr("more than `memory_limit`, which is 20 MiB");
}

#[test]
fn too_few_descriptors_are_refused_with_the_number() {
    let program = program();
    program.configure(Config::new().listen("in", "127.0.0.1:0", "peers_max = 137"));
    for (script, code) in [("ulimit -n 200; exec \"$@\"", 4), ("ulimit -n 201; exec \"$@\"", 0)] {
        let output = program.command_in_bash(script, &["check"]).output().expect("bash");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{stderr}");
        assert_eq!(
            code == 4,
            stderr.contains("may need 201 file descriptors, but this process may have 200"),
            "{stderr}"
        );
    }
}

#[test]
fn the_soft_limit_of_descriptors_is_raised() {
    let program = program();
    program.configure(Config::new().listen("in", "127.0.0.1:0", "peers_max = 136"));
    let script = "ulimit -Hn 200; ulimit -Sn 30; exec \"$@\"";
    let collector = program.collector_by(program.command_in_bash(script, &["run"]));
    let mut peers: Vec<Peer> = (0..60).map(|_| Peer::client(collector.address("in"))).collect();
    for peer in &mut peers {
        peer.send("x\n");
        peer.wait_acked(1);
    }
    assert_eq!(collector.status()["totals"]["descriptor_waits"], 0);
}

#[test]
fn sighup_adds_and_removes_sources() {
    let program = program();
    let [stays, goes, comes] = std::array::from_fn(|_| unused_address("127.0.0.1"));
    let config = |other, address| Config::new().listen("stays", stays, "").listen(other, address, "");
    let mut collector = program.run(config("goes", goes));
    let (mut staying, mut going) = (Peer::client(stays), Peer::client(goes));
    staying.send("1\n");
    staying.wait_acked(1);
    going.send("1\n");
    going.wait_acked(1);
    program.configure(config("comes", comes));
    collector.signal(Signal::HUP);
    collector.until_log("configuration reloaded");
    assert_eq!(going.wait_closed(), 1);
    assert!(std::net::TcpStream::connect(goes).is_err(), "nobody listens there any more");
    let mut coming = Peer::client(comes);
    coming.send("1\n");
    coming.wait_acked(1);
    staying.send("2\n");
    staying.wait_acked(2);
    let status = collector.status();
    let names: Vec<&str> = status["sources"]
        .as_array()
        .expect("sources")
        .iter()
        .filter_map(|source| source["name"].as_str())
        .collect();
    assert_eq!(names, ["stays", "comes"]);
}

#[test]
fn a_source_takes_over_the_address_of_another() {
    let program = program();
    let address = unused_address("127.0.0.1");
    let mut collector = program.run(Config::new().listen("before", address, ""));
    let mut peer = Peer::client(address);
    peer.send("1\n");
    peer.wait_acked(1);
    program.configure(Config::new().listen("after", address, "chunk_bytes = 64"));
    collector.signal(Signal::HUP);
    collector.until_log("configuration reloaded");
    let mut peer = Peer::client(address);
    peer.send("2\n");
    peer.wait_acked(1);
    let sources: Vec<String> = program.rows(&[]).into_iter().map(|row| row.source).collect();
    assert_eq!(sources, ["before", "after"]);
}

#[test]
fn a_changed_file_is_read_again_without_being_told() {
    let program = program();
    let [stays, comes] = std::array::from_fn(|_| unused_address("127.0.0.1"));
    let config = Config::new().listen("stays", stays, "");
    let _collector = program.run(&config);
    program.configure(config.listen("comes", comes, ""));
    let mut peer = until("the new source listens", || {
        std::net::TcpStream::connect(comes).is_ok().then(|| Peer::client(comes))
    });
    peer.send("1\n");
    peer.wait_acked(1);
}

#[test]
fn a_wrong_new_file_changes_nothing() {
    let program = program();
    let address = unused_address("127.0.0.1");
    let config = Config::new().listen("in", address, "");
    let mut collector = program.run(&config);
    let mut peer = Peer::client(address);
    program.write("catchment.toml", config.to_string() + "what = 'is this'\n");
    collector.signal(Signal::HUP);
    collector.until_log("changes nothing");
    collector.until_log("what");
    peer.send("1\n");
    peer.wait_acked(1);
    // The same for one that is right, but cannot be served.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    program.configure(config.listen("new", taken.local_addr().expect("an address"), ""));
    collector.signal(Signal::HUP);
    collector.until_log("cannot listen on");
    peer.send("2\n");
    peer.wait_acked(2);
}

#[test]
fn a_second_signal_stops_at_once() {
    let mut program = program();
    program.faults("before-sync=sleep:60000@1");
    let mut collector = program.run(Config::new().listen("in", "127.0.0.1:0", "").top("stop_timeout = '1h'"));
    let mut peer = Peer::client(collector.address("in"));
    peer.send("stuck\n");
    collector.until_status("the line is with the journal", |status| status["totals"]["unacked"] == 1);
    collector.signal(Signal::TERM);
    collector.until_log("stopping");
    collector.signal(Signal::INT);
    collector.wait().expect_code(128 + Signal::INT.as_raw());
    assert_eq!(peer.wait_closed(), 0);
}

#[test]
fn a_stop_that_takes_too_long_is_told_by_the_exit_code() {
    let mut program = program();
    program.faults("before-sync=sleep:1500@1");
    let mut collector =
        program.run(Config::new().listen("in", "127.0.0.1:0", "").top("stop_timeout = '100ms'"));
    let mut peer = Peer::client(collector.address("in"));
    peer.send("late\n");
    collector.until_status("the line is with the journal", |status| status["totals"]["unacked"] == 1);
    collector.terminate().expect_code(5);
    assert_eq!(peer.wait_closed(), 0, "what was not acked is still the peer's");
}

#[test]
fn the_json_log_is_json() {
    let program = program();
    let mut server = Peer::server();
    let mut collector =
        program.run(Config::new().connect("out", &[server.address()], "").top("log_format = 'json'"));
    server.accept();
    server.send("x\n");
    server.wait_acked(1);
    server.vanish();
    collector.until_log("not connected");
    let ended = collector.terminate().expect_code(0);
    assert!(ended.stderr.lines().count() >= 4);
    for line in ended.stderr.lines() {
        let event: serde_json::Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(
            event["timestamp"].is_string() && event["level"].is_string() && event["message"].is_string(),
            "{line}"
        );
    }
}
