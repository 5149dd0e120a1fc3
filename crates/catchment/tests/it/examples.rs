//! The examples, run with their own configurations. Only ports are other ones, and there is no page.

use std::process::Command;

use serde_json::Value;
use testkit::{Chatter, until};

use crate::program;

const CHAT: &str = include_str!("../../../../examples/chat/catchment.toml");
const SENSORS: &str = include_str!("../../../../examples/sensors/catchment.toml");
const SIMULATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/sensors/simulate.py");

/// The example with a free port for each of its own.
fn on_free_ports(example: &str) -> String {
    let lines = example.lines().map(|line| match line.rsplit_once(':') {
        Some((address, port)) if line.starts_with("address = ") => {
            assert!(port.trim_end_matches('"').parse::<u16>().is_ok(), "{line}");
            format!("{address}:0\"\n")
        }
        _ => format!("{line}\n"),
    });
    // The machine may be busy with other tests.
    format!("stop_timeout = \"100s\"\n{}[web]\naddress = false\n", lines.collect::<String>())
}

#[test]
fn a_chat_room_has_a_memory() {
    let program = program();
    let mut collector = program.run(on_free_ports(CHAT));
    let address = collector.address("chat");
    let (mut ann, mut bob, mut eve) =
        (Chatter::join(address), Chatter::join(address), Chatter::join(address));
    collector.until_status("all are in the room", |status| status["fanouts"][0]["receivers"] == 3);
    ann.say("good morning");
    let heard = Some(format!("{}  good morning", ann.name()));
    assert_eq!([bob.hear(), eve.hear()], [heard.clone(), heard]);
    bob.say("\x1b[31mred\x1b[0m");
    let heard = Some(format!("{}  \\u{{1b}}[31mred\\u{{1b}}[0m", bob.name()));
    assert_eq!([ann.hear(), eve.hear()], [heard.clone(), heard]);

    // Who comes later can ask for what was said, now and when the room has closed.
    let search = || program.output(&["search", "\"good morning\""]).expect_code(0).text();
    until("what was said is found", || search().contains("good morning").then_some(()));
    let status = collector.until_status("all is counted", |status| status["fanouts"][0]["sent"] == 4);
    let room = &status["fanouts"][0];
    assert_eq!((&room["published"], &room["skipped"]), (&2.into(), &0.into()));
    collector.terminate().expect_code(0);
    assert_eq!([ann.hear(), bob.hear(), eve.hear()], [None, None, None]);
    assert!(search().contains("good morning"));
}

#[test]
fn sensors_have_columns_and_a_feed() {
    let program = program();
    let mut collector = program.run(on_free_ports(SENSORS));
    let mut feed = Chatter::join(collector.subscribers_address("feed"));
    collector.until_status("somebody listens", |status| status["fanouts"][0]["receivers"] == 1);
    let mut simulator = Command::new("python3");
    simulator.arg(SIMULATE).arg(collector.address("sensors").to_string());
    simulator.args(["--sensors", "2", "--readings", "5", "--every", "0"]);
    program.start_by("simulator", simulator).wait().expect_code(0);

    let heard: Vec<Value> =
        (0..10).map(|_| serde_json::from_str(&feed.hear().expect("a reading")).expect("JSON")).collect();
    assert!(heard.iter().all(|reading| reading["source"] == "sensors"));
    assert!(
        heard
            .iter()
            .all(|reading| reading["temperature"].as_f64().is_some_and(|warm| (15.0..=25.0).contains(&warm)))
    );
    let sql = "SELECT count(*) AS readings, count(DISTINCT peer) AS sensors, max(reading) AS last, \
               min(temperature) >= 15 AS warm FROM logs";
    let answer = until("all is in the store", || {
        let rows = program.output(&["query", sql, "--format", "json"]).expect_code(0).text();
        let row: Value = serde_json::from_str(rows.lines().next()?).ok()?;
        (row["readings"] == 10).then_some(row)
    });
    assert_eq!((&answer["sensors"], &answer["last"], &answer["warm"]), (&2.into(), &4.into(), &true.into()));
    collector.terminate().expect_code(0);
    assert_eq!(feed.hear(), None);
}
