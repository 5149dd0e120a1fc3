//! Numbered lines from many peers, in both directions, while the collector is killed again and again.

use std::path::Path;

use testkit::torture::{Options, round};

fn play(seed: u64, kills: u32) {
    let options = Options { seed, kills, servers: 8, clients: 8, lines: 1500 };
    let mut blows = Vec::new();
    let judged = round(Path::new(env!("CARGO_BIN_EXE_catchment")), options, |report| {
        blows.push(report.blow.to_string());
    });
    let judgement = judged.unwrap_or_else(|failure| panic!("seed {seed}: {failure}\nafter {blows:#?}"));
    assert!(judgement.lines >= 16, "each peer got a line through: {judgement:?}");
}

#[test]
fn no_acked_line_is_lost_however_the_collector_ends() {
    play(1, 8);
}

#[test]
fn another_order_of_kills() {
    play(2, 8);
}
