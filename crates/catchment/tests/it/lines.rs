//! What peers may send, however strange, and what becomes of it.

use testkit::{Collector, Config, Peer, Program, Row};

use crate::program;

const MIB: u64 = 1 << 20;

fn listening(program: &Program) -> (Collector<'_>, Peer) {
    let collector = program.run(Config::new().listen("in", "127.0.0.1:0", ""));
    let peer = Peer::client(collector.address("in"));
    (collector, peer)
}

/// Sends `parts` one after the other, waits for `acks`, closes, and returns what is read back.
fn round_trip(parts: &[&[u8]], acks: u64) -> Vec<Row> {
    let program = program();
    let (mut collector, mut peer) = listening(&program);
    for part in parts {
        peer.send(part);
    }
    peer.wait_acked(acks);
    peer.half_close();
    assert_eq!(peer.wait_closed(), acks, "one ACK for each line, and no more");
    collector.terminate().expect_code(0);
    program.rows(&[])
}

fn texts(rows: &[Row]) -> Vec<&str> {
    rows.iter().map(|row| row.line.as_str()).collect()
}

#[test]
fn empty_lines_are_lines() {
    let rows = round_trip(&[b"\n\na\n\n"], 4);
    assert_eq!(texts(&rows), ["", "", "a", ""]);
}

#[test]
fn nothing_at_the_beginning_of_a_line_means_anything() {
    let rows = round_trip(&[b"123 octets\n5 hello\n   spaces\n\ttab\n<13>1 -\nACK\n0\n"], 7);
    assert_eq!(texts(&rows), ["123 octets", "5 hello", "   spaces", "\ttab", "<13>1 -", "ACK", "0"]);
}

#[test]
fn one_carriage_return_before_the_newline_is_dropped() {
    let rows = round_trip(&[b"a\r\nb\r\r\n\r\nc\rd\n\r", b"\n"], 5);
    assert_eq!(texts(&rows), ["a", "b\r", "", "c\rd", ""]);
}

#[test]
fn nul_bytes_are_kept() {
    let rows = round_trip(&[b"a\0b\n\0\n\0\0\0\n"], 3);
    assert_eq!(texts(&rows), ["a\0b", "\0", "\0\0\0"]);
    assert!(rows.iter().all(|row| row.flags.is_empty()));
}

#[test]
fn invalid_utf8_is_shown_as_replacement_and_marked() {
    let rows = round_trip(&[b"ok \xc3\xa9\na\xffb\n\xe2\x82\n"], 3);
    assert_eq!(texts(&rows), ["ok \u{e9}", "a\u{fffd}b", "\u{fffd}"]);
    let marked: Vec<bool> = rows.iter().map(|row| row.is("invalid_utf8")).collect();
    assert_eq!(marked, [false, true, true]);
}

#[test]
fn a_character_cut_at_the_end_of_a_chunk_is_whole_again() {
    // The three bytes of the euro sign lie across byte 1024, at each of the two ways to cut them.
    for before in [1022, 1023] {
        let line = format!("{}\u{20ac}{}", "x".repeat(before), "y".repeat(3000));
        let (head, tail) = line.as_bytes().split_at(1024);
        let rows = round_trip(&[head, tail, b"\n"], 1);
        assert_eq!(texts(&rows), [line]);
        assert!(rows[0].flags.is_empty(), "{:?}", rows[0].flags);
    }
}

#[test]
fn one_byte_at_a_time() {
    let text = b"slow\n\nlines \xe2\x98\x95\r\n";
    let parts: Vec<&[u8]> = text.chunks(1).collect();
    let rows = round_trip(&parts, 3);
    assert_eq!(texts(&rows), ["slow", "", "lines \u{2615}"]);
}

#[test]
fn a_line_of_10_mib_is_one_line_in_several_rows() {
    let line: Vec<u8> = (0..10 * MIB).map(|at| b'a' + (at / 1000 % 26) as u8).collect();
    let rows = round_trip(&[b"before\n", &line, b"\nafter\n"], 3);
    assert_eq!((texts(&rows)[0], texts(&rows)[rows.len() - 1]), ("before", "after"));
    let pieces = &rows[1..rows.len() - 1];
    assert!(
        pieces.iter().all(|row| row.is("split") && row.line.len() <= MIB as usize),
        "{:?}",
        pieces[0].flags
    );
    assert!(pieces.len() >= 10);
    assert!(pieces.iter().flat_map(|row| row.line.bytes()).eq(line), "put together it is the line");
}

/// A collector whose only pipeline keeps nothing: its memory is that of the path from a peer to the disk. And a peer.
fn only_collecting(program: &Program) -> (Collector<'_>, Peer) {
    let nothing =
        "[[pipeline]]\nname = 'none'\nstages = [{ where = { peer = 'nobody' } }]\nto = [{ file = 'none' }]";
    let config =
        Config::new().listen("in", "127.0.0.1:0", "").journal("keep_bytes = '4 GiB'").sections(nothing);
    let collector = program.run(config);
    let peer = Peer::client(collector.address("in"));
    (collector, peer)
}

/// Sends so much without a newline; the memory of the collector must not grow with it.
fn endless(bytes: u64) {
    let program = program();
    let (mut collector, mut peer) = only_collecting(&program);
    let chunk = vec![b'z'; MIB as usize];
    for _ in 0..8 {
        peer.send(&chunk);
    }
    // By now everything that is allocated once is.
    let warm = collector.memory().anonymous;
    for _ in 8..bytes / MIB {
        peer.send(&chunk);
    }
    peer.send("\n");
    peer.wait_acked(1);
    let memory = collector.memory().anonymous;
    assert!(memory < warm + 4 * MIB, "{} KiB after 8 MiB, {} KiB in the end", warm >> 10, memory >> 10);
    collector.terminate().expect_code(0);
    let raw = program.cat(&["--format", "raw"]).expect_code(0).stdout;
    assert_eq!(raw.iter().filter(|&&byte| byte == b'z').count() as u64, bytes / MIB * MIB);
}

#[test]
fn a_stream_without_newline_takes_no_memory() {
    endless(128 * MIB);
}

#[test]
#[ignore = "1 GiB: `cargo test -p catchment -- --ignored`"]
fn a_stream_of_1_gib_without_newline_takes_no_memory() {
    endless(1024 * MIB);
}

#[test]
fn an_unterminated_tail_is_kept_marked_and_not_acked() {
    let rows = round_trip(&[b"whole\ntail"], 1);
    assert_eq!(texts(&rows), ["whole", "tail"]);
    assert_eq!((rows[0].is("unterminated"), rows[1].is("unterminated")), (false, true));
}

#[test]
fn an_unterminated_tail_longer_than_a_chunk_is_kept_too() {
    let tail = "t".repeat(5000);
    let rows = round_trip(&[b"whole\n", tail.as_bytes()], 1);
    assert_eq!(texts(&rows), ["whole", &tail]);
    assert!(rows[1].is("unterminated"));
}

#[test]
fn a_peer_that_closes_its_half_still_gets_its_acks() {
    let program = program();
    let (_collector, mut peer) = listening(&program);
    peer.send("a\nb\n".repeat(1000));
    peer.half_close();
    assert_eq!(peer.wait_closed(), 2000);
}

#[test]
fn what_was_acked_before_a_reset_is_there_and_in_order() {
    let program = program();
    let (mut collector, mut peer) = listening(&program);
    for number in 0..50 {
        peer.send(format!("line {number}\n"));
    }
    peer.wait_acked(50);
    peer.send("half a li");
    peer.reset();
    collector.until_status("the peer is gone", |status| status["totals"]["connected"] == 0);
    Peer::client(collector.address("in")).send("next\n");
    collector.until_status("the next one's line", |status| status["totals"]["lines"] == 51);
    collector.terminate().expect_code(0);
    let rows = program.rows(&[]);
    let whole: Vec<&str> =
        rows.iter().filter(|row| !row.is("unterminated")).map(|row| row.line.as_str()).collect();
    let expected: Vec<String> =
        (0..50).map(|number| format!("line {number}")).chain(["next".to_owned()]).collect();
    assert_eq!(whole, expected);
    // A reset may throw away what the collector had not read, never part of what it had.
    let tails: Vec<&str> =
        rows.iter().filter(|row| row.is("unterminated")).map(|row| row.line.as_str()).collect();
    assert!(tails.is_empty() || tails == ["half a li"], "{tails:?}");
}

#[test]
fn a_peer_that_never_reads_its_acks_costs_nothing_and_harms_nobody() {
    let program = program();
    let (collector, mut deaf) = only_collecting(&program);
    let lines = "1234567\n".repeat(128 << 10);
    deaf.send(&lines);
    let warm = collector.memory().anonymous;
    // 16 times a MiB of short lines: the ACKs are more than the kernel's buffers take.
    for _ in 0..16 {
        deaf.send(&lines);
    }
    let sent = 17 * (128 << 10);
    collector.until_status("all its lines are in", |status| status["totals"]["lines"] == sent);
    let mut other = Peer::client(collector.address("in"));
    other.send("one\ntwo\n");
    other.wait_acked(2);
    let status = collector.status();
    let peer = &status["peers"][0];
    assert!(peer["unacked"].as_u64() > Some(0), "it is owed ACKs: {peer}");
    let memory = collector.memory().anonymous;
    assert!(memory < warm + 4 * MIB, "{} KiB, then {} KiB", warm >> 10, memory >> 10);
    // They are owed, not lost.
    deaf.wait_acked(sent);
}
