//! `catchment collect URL | FILE | -`: text that ends. `examples/download` tells the same.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;

use serde_json::Value;
use testkit::{Ended, FileServer, Program, Served, until};

use crate::program;

/// So many numbered lines, which do not become much shorter when they are packed.
fn numbered(lines: usize) -> String {
    let mut rng = fastrand::Rng::with_seed(7);
    (0..lines).fold(String::new(), |mut text, number| {
        let filler: String = (0..number % 90).map(|_| rng.lowercase()).collect();
        let _ = writeln!(text, "{number:06} {filler}");
        text
    })
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).expect("memory");
    encoder.finish().expect("memory")
}

fn zstd(text: &str) -> Vec<u8> {
    zstd::encode_all(text.as_bytes(), 3).expect("memory")
}

/// A program that asks this machine directly, whatever proxy the environment names.
fn direct() -> Program {
    let mut program = program();
    program.env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1");
    program
}

fn collect(program: &Program, target: &str) -> Ended {
    program.output(&["collect", "--quiet", target])
}

/// What is kept of how far a download is.
fn place(program: &Program) -> Option<Value> {
    let files = std::fs::read_dir(program.data_dir().join("downloads")).ok()?;
    // One that is being written does not count yet.
    let file = files
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|it| it == "json"))?;
    serde_json::from_slice(&std::fs::read(file).ok()?).ok()
}

#[track_caller]
fn has_each_line_once(program: &Program, text: &str) {
    let (there, sent) = (program.lines(), text.lines().collect::<Vec<_>>());
    let differ = there.iter().zip(&sent).position(|(there, sent)| there != sent);
    assert!(there == sent, "{} lines, not {}; they differ at {differ:?}", there.len(), sent.len());
}

#[test]
fn a_download_that_breaks_off_goes_on_at_the_very_byte() {
    let (program, text) = (direct(), numbered(20_000));
    let server = FileServer::start(Served::bytes(text.clone(), "1"));
    server.break_after(&[100_000, 1, 333_333]);
    let url = server.url("/a.log");
    let ended = collect(&program, &url).expect_code(0);
    has_each_line_once(&program, &text);
    assert_eq!(server.requests()[0], "/a.log all");
    assert!(
        server.requests()[1..].iter().all(|request| request.starts_with("/a.log bytes=")),
        "{:?}",
        server.requests()
    );
    assert!(ended.stderr.contains("interrupted"), "{}", ended.stderr);
    let rows = program.rows(&[]);
    assert!(rows.iter().all(|row| row.source == "collect" && row.peer == url));
    assert_eq!(program.number("SELECT count(*) FROM logs"), 20_000);
}

#[test]
fn killed_in_the_middle_it_goes_on_behind_what_was_acked_and_once_complete_it_fetches_nothing() {
    let (program, text) = (direct(), numbered(20_000));
    let server = FileServer::start(Served::bytes(text.clone(), "1"));
    server.stall_after(500_000);
    let url = server.url("/a.log");
    let mut collector = program.collect(&["--quiet", &url]);
    let offset = text[..500_000].rfind('\n').expect("a line") as u64 + 1;
    until("what came is acked, and kept", || (place(&program)?["offset"] == offset).then_some(()));
    collector.kill();
    server.go_on();
    collect(&program, &url).expect_code(0);
    has_each_line_once(&program, &text);
    assert_eq!(server.requests()[1..], [format!("/a.log bytes={offset}-")]);

    collect(&program, &url).expect_code(0).expect_stderr("complete");
    has_each_line_once(&program, &text);
}

#[test]
fn packed_text_is_unpacked_as_it_comes_also_when_it_breaks_off() {
    let text = numbered(20_000);
    let plain = |packed: Vec<u8>| Served::bytes(packed, "1");
    let encoded = |encoding: &str, packed| Served { encoding: Some(encoding.to_owned()), ..plain(packed) };
    for (path, served) in [
        ("/a.log.gz", plain(gzip(&text))),
        ("/a.log.zst", plain(zstd(&text))),
        ("/a.log", encoded("gzip", gzip(&text))),
        ("/a.log", encoded("zstd", zstd(&text))),
        // Some servers say of a packed file that it is packed, and some unpack it.
        ("/a.log.gz", encoded("gzip", gzip(&text))),
        ("/a.log.gz", plain(text.clone().into())),
    ] {
        let program = direct();
        let server = FileServer::start(served);
        server.break_after(&[5000, 10_000]);
        collect(&program, &server.url(path)).expect_code(0);
        has_each_line_once(&program, &text);
        assert!(server.requests()[1].contains("bytes=5000-"), "{:?}", server.requests());
    }
}

#[test]
fn packed_text_of_which_a_killed_program_had_a_part_is_not_taken_twice() {
    let (program, text) = (direct(), numbered(50_000));
    let server = FileServer::start(Served::bytes(gzip(&text), "1"));
    server.stall_after(60_000);
    let url = server.url("/a.log.gz");
    let mut collector = program.collect(&["--quiet", &url]);
    let mut before = None;
    until("something is acked, and nothing more comes", || {
        let offset = place(&program)?["offset"].as_u64().filter(|offset| *offset > 0)?;
        let acked = collector.status()["totals"]["unacked"] == 0;
        (before.replace(offset) == Some(offset) && acked).then_some(())
    });
    collector.kill();
    server.go_on();
    collect(&program, &url).expect_code(0).expect_stderr("not taken again");
    let lines = program.lines();
    let (there, repeated): (BTreeSet<&str>, usize) =
        (lines.iter().map(String::as_str).collect(), lines.len() - 50_000);
    assert!(there.into_iter().eq(text.lines()), "every line is there");
    assert!(repeated < 50_000, "{repeated} lines came twice");
}

#[test]
fn a_text_that_has_changed_is_begun_anew_and_that_is_said() {
    let (program, old, new) = (direct(), numbered(5000), numbered(6000).to_uppercase());
    let server = FileServer::start(Served::bytes(old, "1"));
    server.stall_after(100_000);
    let url = server.url("/a.log");
    let mut collector = program.collect(&["--quiet", &url]);
    collector.until_status("lines come", |status| status["totals"]["acked"].as_u64() > Some(1000));
    server.serve_now(Served::bytes(new.clone(), "2"));
    server.go_on();
    collector.wait().expect_code(0).expect_stderr("it has changed meanwhile: starts again");
    let lines = program.lines();
    let (before, after) = lines.split_at(lines.len() - 6000);
    assert!(after.iter().map(String::as_str).eq(new.lines()));
    assert!(before.len() > 1000 && before.len() < 5001, "{}", before.len());

    let server = FileServer::start(Served { etag: None, ..Served::bytes(new, "") });
    server.break_after(&[1000]);
    collect(&direct(), &server.url("/a.log")).expect_code(0).expect_stderr("it cannot be resumed");
}

#[test]
fn what_cannot_be_fetched_is_said() {
    let program = direct();
    let refusing =
        |refusal: &str| FileServer::start(Served { refusal: Some(refusal.to_owned()), ..Served::default() });
    let url = refusing("404 Not Found").url("/a.log?token=secret");
    let ended = collect(&program, &url).expect_code(1).expect_stderr("the server answered 404 Not Found");
    assert!(!ended.stderr.contains("secret"), "{}", ended.stderr);
    let loops = refusing("302 Found\r\nLocation: /again");
    collect(&program, &loops.url("/")).expect_code(1).expect_stderr("more than 10 redirects");
    assert_eq!(loops.requests().len(), 11);
    let packed = gzip(&numbered(1000));
    let damaged = FileServer::start(Served::bytes(&packed[..packed.len() / 2], "1"));
    collect(&program, &damaged.url("/a.gz")).expect_code(1).expect_stderr("cannot be unpacked");
    collect(&program, "http://").expect_code(2).expect_stderr("is not a URL");
    collect(&program, "no-such-file.log").expect_code(2).expect_stderr("nor a file that is there");
    program.output(&["collect", "-", "-"]).expect_code(2).expect_stderr("is there twice");
}

#[test]
fn a_file_and_stdin_are_read_once_to_their_end_and_printed() {
    let program = program();
    program.write("a.log.zst", zstd("one\ntwo"));
    let ended = program.output(&["collect", "a.log.zst"]).expect_code(0);
    assert_eq!(ended.text(), "a.log.zst  one\na.log.zst  two\n");
    let command = program.command_in_bash("printf 'three\\n\\nfour' | \"$@\"", &["collect", "-", "--quiet"]);
    // Standard input is the pipe's end in the script.
    program.start_by("piped", command).wait().expect_code(0);
    assert_eq!(program.lines(), ["one", "two", "three", "", "four"]);
    assert_eq!(program.found(&["peer:stdin", "four"]), ["four"]);
}

#[test]
fn a_large_text_takes_no_more_memory_than_a_small_one() {
    const LINE: u64 = 4096;
    const BYTES: u64 = 200 << 20;
    let fill = |offset: u64, piece: &mut [u8]| {
        for (at, byte) in (offset..).zip(piece) {
            *byte = match at % LINE {
                0..8 => b'0' + (at / LINE / 10_u64.pow((7 - at % LINE) as u32) % 10) as u8,
                place if place == LINE - 1 => b'\n',
                _ => b'.',
            };
        }
    };
    let program = direct();
    let served = Served { len: BYTES, fill: Some(Arc::new(fill)), ..Served::bytes("", "1") };
    let server = FileServer::start(served);
    let mut process = program.start("download", &["collect", "--quiet", &server.url("/large.log")]);
    let mut peak = 0;
    let ended = until("it is complete", || {
        peak = peak.max(process.memory_if_it_runs().map_or(0, |memory| memory.peak));
        process.has_ended()
    });
    // On a busy machine the store may still be writing when the time for that is over; the lines are in the journal.
    ended.expect_stderr("complete: every line is stored and synced");
    assert_eq!(program.number("SELECT count(*) FROM logs"), BYTES / LINE);
    assert!((1 << 20..160 << 20).contains(&peak), "{} MiB", peak >> 20);
}
