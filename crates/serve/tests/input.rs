//! Where lines come from: files that grow, rotate and shrink, checkpoints, pipes, and what is refused.

mod support;

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::time::Duration;

use record::clock;
use serve::{Input, Options, ServeError, Server, Summary};
use support::{Log, Running, follow, loopback, numbered, once};

#[test]
fn a_followed_file_is_sent_as_it_grows() {
    let log = Log::new("one\ntw");
    let server = Running::start(follow(&log.path));
    let mut collector = server.dial();
    assert_eq!(collector.line(), "one\n");
    collector.ack(1);
    server.let_it_turn();
    assert_eq!(collector.received_now(), b"", "a line waits for its newline");
    log.append("o\nthree\n");
    assert_eq!(collector.lines(2), "two\nthree\n");
    collector.ack(2);
    assert_eq!(server.stop(), Summary { sent: 3, acked: 3, resent: 0, refused: 2 });
}

#[test]
fn a_file_is_followed_through_rotation_and_truncation() {
    let log = Log::new("one\ntail");
    let server = Running::start(follow(&log.path));
    let mut collector = server.dial();
    assert_eq!(collector.line(), "one\n");
    fs::rename(&log.path, log.directory.path().join("log.1")).unwrap();
    fs::write(&log.path, "two\n").unwrap();
    assert_eq!(collector.lines(2), "tail\ntwo\n");
    collector.ack(2);
    drop(collector);

    let mut collector = server.dial();
    assert_eq!(collector.line(), "two\n");
    collector.ack(1);
    fs::write(&log.path, "3\n").unwrap();
    assert_eq!(collector.line(), "3\n");
}

#[test]
fn a_file_that_is_not_there_is_waited_for() {
    let log = Log::new("");
    fs::remove_file(&log.path).unwrap();
    let server = Running::start(follow(&log.path));
    let mut collector = server.dial();
    server.let_it_turn();
    fs::write(&log.path, "here\n").unwrap();
    assert_eq!(collector.line(), "here\n");
}

#[test]
fn a_tail_without_newline_is_sent_as_it_is_and_need_not_be_acked() {
    let log = Log::new("one\ntail");
    let with_checkpoint = || Options { data_dir: Some(log.data_dir()), ..once(&log.path) };
    let server = Running::start(with_checkpoint());
    let mut collector = server.dial();
    assert_eq!(collector.line(), "one\n");
    collector.ack(1);
    assert_eq!(collector.read_to_end(), b"tail", "then the server sends no more");
    drop(collector);
    assert_eq!(server.end().acked, 1);

    let server = Running::start(with_checkpoint());
    let mut collector = server.dial();
    assert_eq!(collector.read_to_end(), b"tail", "it was not acked");
    collector.ack(1);
    assert_eq!(server.end().acked, 1);

    let summary = Running::start(with_checkpoint()).end();
    assert_eq!(summary, Summary::default(), "now it was");
}

#[test]
fn a_run_goes_on_where_the_last_one_ended() {
    let log = Log::new(numbered(100));
    let with_checkpoint = || Options { data_dir: Some(log.data_dir()), ..follow(&log.path) };
    let server = Running::start(Options { window: 50, ..with_checkpoint() });
    let mut collector = server.dial();
    collector.lines(50);
    collector.ack(30);
    collector.lines(30);
    server.stop();

    fs::rename(&log.path, log.directory.path().join("log.1")).unwrap();
    fs::write(&log.path, "after\n").unwrap();
    let server = Running::start(with_checkpoint());
    let mut collector = server.dial();
    assert_eq!(collector.line(), "line 30\n");
    assert_eq!(collector.lines(70).lines().last(), Some("after"));
    collector.ack(71);
    assert_eq!(server.stop().acked, 71);

    log.append("more\n");
    let server = Running::start(with_checkpoint());
    assert_eq!(server.dial().line(), "more\n");
}

/// A killed process leaves in the file what was written to it, and nothing else happens: so does a copy.
#[test]
fn a_killed_run_loses_no_ack() {
    let log = Log::new(numbered(100));
    let server = Running::start(Options { data_dir: Some(log.data_dir()), ..follow(&log.path) });
    let mut collector = server.dial();
    collector.lines(100);
    for acked in 1..=20 {
        collector.ack(1);
        while server.stats.acked() < acked {
            std::thread::yield_now();
        }
        server.let_it_turn();
        let killed = log.directory.path().join(format!("killed-{acked}"));
        fs::create_dir(&killed).unwrap();
        fs::copy(log.data_dir().join("serve.checkpoint"), killed.join("serve.checkpoint")).unwrap();
        let again = Running::start(Options { data_dir: Some(killed), ..follow(&log.path) });
        assert_eq!(again.dial().line(), format!("line {acked}\n"));
    }
}

#[test]
fn stopping_waits_for_acks_that_come_and_not_for_those_that_do_not() {
    let log = Log::new(numbered(10));
    let with_checkpoint = || Options { data_dir: Some(log.data_dir()), ..follow(&log.path) };
    let server = Running::start(with_checkpoint());
    let mut collector = server.dial();
    collector.lines(10);
    collector.ack(4);
    let before = clock::monotonic();
    let summary = server.stop();
    assert!(clock::monotonic() - before < Duration::from_secs(5));
    assert_eq!(summary.acked, 4, "they were on their way when it was stopped");
    drop(collector);
    let server = Running::start(with_checkpoint());
    assert_eq!(server.dial().line(), "line 4\n");
}

#[test]
fn a_pipe_is_served_to_its_end() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let server = Running::start(Options::new(Input::Pipe(reader.into()), loopback()));
    let mut collector = server.dial();
    writer.write_all(b"one\n\ntwo\nta").unwrap();
    assert_eq!(collector.lines(3), "one\n\ntwo\n");
    collector.ack(1);
    drop(collector);

    let mut collector = server.dial();
    assert_eq!(collector.lines(2), "\ntwo\n");
    writer.write_all(b"il").unwrap();
    drop(writer);
    collector.ack(2);
    assert_eq!(collector.read_to_end(), b"tail");
    drop(collector);
    assert_eq!(server.end().acked, 3);
}

#[test]
fn a_long_pipe_passes_through_a_small_window() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let feeder = std::thread::spawn(move || writer.write_all(numbered(50_000).as_bytes()).unwrap());
    let options = Options { window_bytes: 5_000, ..Options::new(Input::Pipe(reader.into()), loopback()) };
    let server = Running::start(options);
    let expected = numbered(50_000);
    let mut acked = 0;
    // Every connection acks a part of what it got and breaks.
    while acked < 50_000 {
        let mut collector = server.dial();
        let rest = expected.split_inclusive('\n').skip(acked).take(20_000).collect::<Vec<_>>();
        for (i, line) in rest.iter().enumerate() {
            assert_eq!(collector.line(), *line);
            if i % 40 == 39 {
                collector.ack(40);
                acked += 40;
            }
        }
        if acked < 50_000 {
            // The acks arrive before the close does.
            collector.close_answers();
            collector.read_to_end();
        }
    }
    feeder.join().unwrap();
    assert_eq!(server.end().acked, 50_000);
}

#[test]
fn what_cannot_be_served_is_refused_with_the_reason() {
    let log = Log::new("line\n");
    let refused = |options: Options| Server::bind(options).err().expect("refused");
    let directory = log.directory.path();

    assert!(matches!(refused(follow(directory)), ServeError::Directory { .. }));
    assert!(matches!(refused(follow(std::path::Path::new("/dev/null"))), ServeError::NotRegular { .. }));
    let missing = refused(once(&directory.join("missing")));
    assert!(missing.to_string().contains("missing`"), "{missing}");
    assert!(matches!(
        refused(Options { window: 0, ..follow(&log.path) }),
        ServeError::Zero { option: "window" }
    ));

    let taken = TcpListener::bind(loopback()).unwrap();
    let listen = taken.local_addr().unwrap();
    let in_use = refused(Options { listen, ..follow(&log.path) });
    assert!(in_use.to_string().contains(&listen.to_string()), "{in_use}");

    let not_a_dir = Options { data_dir: Some(log.path.clone()), ..follow(&log.path) };
    assert!(matches!(refused(not_a_dir), ServeError::DataDir { .. }));

    let with_checkpoint = || Options { data_dir: Some(log.data_dir()), ..follow(&log.path) };
    let _first = Running::start(with_checkpoint());
    assert!(matches!(refused(with_checkpoint()), ServeError::Locked { .. }));
}
