//! `catchment collect`: the main job without a configuration.

use testkit::{Peer, Signal, until};

use crate::program;

#[test]
fn it_prints_peer_and_line_once_the_line_is_acked() {
    let program = program();
    let mut server = Peer::server();
    let target = server.address().to_string();
    let mut collector = program.collect(&[&target]);
    server.accept();
    server.send("hello\n\nlast\n");
    server.wait_acked(3);
    let expected = format!("{target}  hello\n{target}  \n{target}  last\n");
    until("the lines are printed", || (collector.stdout() == expected.as_bytes()).then_some(()));
    collector.signal(Signal::INT);
    collector.wait().expect_code(0);
    assert_eq!(program.lines(), ["hello", "", "last"]);
}

#[test]
fn with_once_it_ends_when_every_target_has_closed() {
    let program = program();
    let mut servers = [Peer::server(), Peer::server()];
    let targets = servers.each_ref().map(|server| server.address().to_string());
    let mut collector = program.collect(&["--once", &targets[0], &targets[1]]);
    for server in &mut servers {
        server.accept();
        server.send("a\nb\nunfinished");
        server.half_close();
        assert_eq!(server.wait_closed(), 2);
    }
    let ended = collector.wait().expect_code(0);
    assert_eq!(ended.text().lines().count(), 6, "{}", ended.text());
    assert_eq!(program.lines().len(), 6);
}

#[test]
fn it_parses_when_it_is_told_how() {
    let program = program();
    for (format, found) in [("auto", 1), ("plain", 0)] {
        let mut server = Peer::server();
        let target = server.address().to_string();
        let mut collector = program.collect(&["--once", "--parse", format, &target]);
        server.accept();
        server.send("level=error msg=\"it broke\" status=500\n");
        server.wait_acked(1);
        server.close();
        collector.wait().expect_code(0);
        assert_eq!(program.found(&["--", &format!("peer:\"{target}\" level:error status:500")]).len(), found);
    }
    let wrong = program.output(&["collect", "--parse", "xml", "127.0.0.1:1"]);
    wrong.expect_code(2).expect_stderr("`xml` is no format");
}

#[test]
fn quiet_prints_nothing() {
    let program = program();
    let mut server = Peer::server();
    let mut collector = program.collect(&["--quiet", "--once", &server.address().to_string()]);
    server.accept();
    server.send("hello\n");
    server.wait_acked(1);
    server.close();
    assert_eq!(collector.wait().expect_code(0).text(), "");
    assert_eq!(program.lines(), ["hello"]);
}

#[test]
fn without_ack_nothing_is_answered() {
    let program = program();
    let mut server = Peer::server();
    let mut collector = program.collect(&["--no-ack", "--once", &server.address().to_string()]);
    server.accept();
    server.send("hello\n");
    server.half_close();
    assert_eq!(server.wait_closed(), 0);
    collector.wait().expect_code(0);
    assert_eq!(program.lines(), ["hello"]);
}

#[test]
fn no_control_character_of_a_peer_reaches_the_output() {
    let program = program();
    let mut server = Peer::server();
    let mut collector = program.collect(&["--once", &server.address().to_string()]);
    server.accept();
    let every: Vec<u8> = (0..=255).filter(|&byte| byte != b'\n').collect();
    server.send([b"\x1b]0;title\x07 \x1b[2J \xc2\x9b31m \xe2\x80\xae".as_slice(), &every, b"\n"].concat());
    server.wait_acked(1);
    server.close();
    let ended = collector.wait().expect_code(0);
    for (what, output) in
        [("printed", ended.text()), ("logged", ended.stderr), ("cat", program.cat(&[]).text())]
    {
        let harmful = |character: char| {
            character.is_control() && !"\n\t".contains(character) || character == '\u{202e}'
        };
        assert!(!output.contains(harmful), "{what}: {output:?}");
    }
    assert!(ended.stdout.starts_with(server.address().to_string().as_bytes()));
}

#[test]
fn a_wrong_command_line_is_told() {
    let program = program();
    program.output(&["collect"]).expect_code(2);
    program.output(&["collect", "no-port"]).expect_code(2).expect_stderr("no-port");
    program.output(&["collect", "h:1", "h:1"]).expect_code(2).expect_stderr("h:1");
    program.output(&["frobnicate"]).expect_code(2).expect_stderr("frobnicate");
    for code in 0..=5 {
        let help = program.output(&["--help"]).expect_code(0).text();
        assert!(help.contains(&format!("\n  {code}  ")), "exit code {code} is documented");
    }
}
