use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use record::{Batch, Line, LineFlags, Micros, Position};
use testkit::until;

use super::{ForwardOptions, ForwardOutput, ForwardText};
use crate::{Output, OutputError};

/// The other end: reads lines, and acks when it is told to.
struct Server {
    listener: TcpListener,
    stream: Option<BufReader<TcpStream>>,
}

impl Server {
    fn new() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").unwrap(), stream: None }
    }

    fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    fn accept(&mut self) {
        self.stream = Some(BufReader::new(self.listener.accept().unwrap().0));
    }

    fn close(&mut self) {
        self.stream = None;
    }

    /// The next lines, each with its newline.
    fn read(&mut self, lines: usize) -> Vec<String> {
        let stream = self.stream.as_mut().unwrap();
        let mut next = || {
            let mut line = String::new();
            stream.read_line(&mut line).unwrap();
            line
        };
        (0..lines).map(|_| next()).collect()
    }

    fn answer(&mut self, text: &str) {
        self.stream.as_mut().unwrap().get_mut().write_all(text.as_bytes()).unwrap();
    }
}

fn options(address: SocketAddr) -> ForwardOptions {
    ForwardOptions {
        host: address.ip().to_string(),
        port: address.port(),
        text: ForwardText::Line,
        ack: Some(b"ACK\n".to_vec()),
        window_bytes: 4096,
        connect_timeout: Duration::from_secs(10),
        timeout: Duration::from_secs(60),
        backoff_min: Duration::from_millis(1),
        backoff_max: Duration::from_millis(10),
    }
}

fn forward(address: SocketAddr) -> ForwardOutput {
    ForwardOutput::start("hub", options(address)).unwrap()
}

/// Records from position 1 on.
fn records(lines: &[&[u8]]) -> Batch {
    let mut batch = Batch::new();
    for (position, bytes) in (1..).map(Position).zip(lines) {
        let (received, flags) = (Micros(1), LineFlags::default());
        batch.push(&Line { position, received, source: "s", peer: "p", bytes, flags });
    }
    batch
}

fn wait_durable(output: &mut ForwardOutput, upto: u64) {
    until("it is durable", || (output.durable().unwrap() == Position(upto)).then_some(()));
}

#[test]
fn only_what_was_acked_is_durable_and_the_rest_is_sent_again() {
    let mut server = Server::new();
    let mut output = forward(server.address());
    output.write(&records(&[b"a", b"b", b"c"]), Position(9)).unwrap();
    server.accept();
    assert_eq!(server.read(3), ["a\n", "b\n", "c\n"]);
    assert_eq!(output.durable().unwrap(), Position(0));
    server.answer("ACK\nAC");
    wait_durable(&mut output, 1);
    server.close();

    server.accept();
    assert_eq!(server.read(2), ["b\n", "c\n"]);
    server.answer("ACK\nACK\n");
    wait_durable(&mut output, 9);
    let status = output.watch().status();
    assert_eq!((status.sent, status.acked, status.unacked, status.reconnects), (5, 3, 0, 1));
    assert!(status.last_error.is_some());
    output.flush().unwrap();
}

#[test]
fn bytes_are_sent_as_they_came_and_a_record_of_several_lines_is_several_again() {
    let mut server = Server::new();
    let mut output = forward(server.address());
    server.accept();
    output.write(&records(&[b"", b"one\n  two\n", b"dos\r", b"\xff"]), Position(4)).unwrap();
    let mut read = Vec::new();
    let stream = server.stream.as_mut().unwrap();
    for _ in 0..6 {
        stream.read_until(b'\n', &mut read).unwrap();
    }
    assert_eq!(read, b"\none\n  two\n\ndos\r\r\n\xff\n");
    server.answer("ACK\nACK\n");
    wait_durable(&mut output, 1);
    server.answer("ACK\nACK\n");
    wait_durable(&mut output, 2);
}

#[test]
fn an_object_is_one_line_whatever_is_in_it() {
    let mut server = Server::new();
    let options = ForwardOptions { text: ForwardText::Json, ..options(server.address()) };
    let mut output = ForwardOutput::start("hub", options).unwrap();
    server.accept();
    output.write(&records(&[b"one\ntwo"]), Position(1)).unwrap();
    let line = server.read(1).remove(0);
    let object: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&object["message"], &object["peer"]), (&"one\ntwo".into(), &"p".into()));
}

#[test]
fn who_never_acks_holds_up_neither_a_write_nor_the_stop_for_ever() {
    let mut server = Server::new();
    let mut output = forward(server.address());
    server.accept();
    let long = [b'x'; 3000];
    let batch = records(&[&long, &long, b"short"]);
    let error = output.write(&batch, Position(3)).unwrap_err();
    assert!(matches!(error, OutputError::Failed(_)));
    assert!(error.to_string().contains("has not acked 1 lines yet"), "{error}");
    assert!(output.flush().unwrap_err().to_string().contains("has not acked"));
    assert_eq!(output.durable().unwrap(), Position(0));

    // The same records come again, and none of them is sent twice.
    assert_eq!(server.read(1)[0].len(), 3001);
    server.answer("ACK\n");
    wait_durable(&mut output, 1);
    output.write(&batch, Position(3)).unwrap();
    assert_eq!(server.read(2)[1], "short\n");
    server.answer("ACK\nACK\n");
    wait_durable(&mut output, 3);
}

#[test]
fn a_silent_server_is_left_and_come_back_to() {
    // The kernel takes its connections and their bytes, and nobody ever acks one.
    let server = Server::new();
    let timeout = Duration::from_millis(20);
    let mut output =
        ForwardOutput::start("hub", ForwardOptions { timeout, ..options(server.address()) }).unwrap();
    output.write(&records(&[b"a"]), Position(1)).unwrap();
    let status =
        until("it came back", || Some(output.watch().status()).filter(|status| status.reconnects > 1));
    let error = status.last_error.unwrap();
    assert!(error.contains("nothing was acked and no byte taken within 20ms"), "{error}");
    assert!(status.sent > 1 && status.acked == 0 && status.unacked == 1, "{}", status.sent);
}

#[test]
fn who_answers_something_else_is_left_and_what_it_acked_before_holds() {
    let mut server = Server::new();
    let mut output = forward(server.address());
    output.write(&records(&[b"a", b"b"]), Position(2)).unwrap();
    server.accept();
    server.read(2);
    server.answer("ACK\nNAK\n");
    server.accept();
    assert_eq!(server.read(1), ["b\n"]);
    let error = output.watch().status().last_error.unwrap();
    assert!(error.contains("answered something else"), "{error}");
    server.answer("ACK\n");
    wait_durable(&mut output, 2);
}

#[test]
fn what_cannot_be_reached_is_said_and_tried_again() {
    let address = testkit::unused_address("127.0.0.1");
    let mut output = forward(address);
    let watch = output.watch();
    until("it failed", || (watch.status().failures > 2).then_some(()));
    assert!(watch.status().last_error.unwrap().contains("cannot connect"));
    output.write(&records(&[b"a"]), Position(1)).unwrap();
    assert!(output.flush().is_err(), "a stop does not wait for it");
    let mut server = Server { listener: TcpListener::bind(address).unwrap(), stream: None };
    server.accept();
    assert_eq!(server.read(1), ["a\n"]);
    server.answer("ACK\n");
    wait_durable(&mut output, 1);
}
