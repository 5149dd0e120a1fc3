//! A server that runs in a thread, and a collector to dial it.

#![allow(dead_code, reason = "each test file uses its part of this")]

use std::collections::VecDeque;
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serve::{Input, Options, ServeError, Server, Stats, StopFlag, Summary};

/// Longer than anything here takes: when it is over, a test has failed.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// Options for a file in a test, served once.
pub(crate) fn once(path: &Path) -> Options {
    Options { once: true, ..follow(path) }
}

/// Options for a file in a test, followed.
pub(crate) fn follow(path: &Path) -> Options {
    Options::new(Input::File(path.to_owned()), loopback())
}

/// A file to serve, in a directory of its own.
pub(crate) struct Log {
    pub(crate) directory: tempfile::TempDir,
    pub(crate) path: PathBuf,
}

impl Log {
    pub(crate) fn new(content: impl AsRef<[u8]>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        fs::write(&path, content).unwrap();
        Self { directory, path }
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    #[expect(clippy::disallowed_methods, reason = "a log is written by appending to it")]
    pub(crate) fn append(&self, text: &str) {
        fs::OpenOptions::new().append(true).open(&self.path).unwrap().write_all(text.as_bytes()).unwrap();
    }
}

/// `count` lines, each with its number.
pub(crate) fn numbered(count: usize) -> String {
    (0..count).map(|i| format!("line {i}\n")).collect()
}

/// A server in a thread of its own. Stopped when dropped.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) stats: Arc<Stats>,
    stop: StopFlag,
    thread: Option<JoinHandle<Result<Summary, ServeError>>>,
}

impl Running {
    pub(crate) fn start(options: Options) -> Self {
        let server = Server::bind(options).unwrap();
        let (address, stats, stop) = (server.local_addr(), server.stats(), StopFlag::new());
        let flag = stop.clone();
        Self { address, stats, stop, thread: Some(thread::spawn(move || server.run(&flag))) }
    }

    pub(crate) fn dial(&self) -> Collector {
        Collector::dial(self.address)
    }

    /// Waits for the run to end by itself.
    pub(crate) fn end(mut self) -> Summary {
        self.thread.take().unwrap().join().unwrap().unwrap()
    }

    /// Asks the run to end, and waits for it.
    pub(crate) fn stop(self) -> Summary {
        self.stop.stop();
        self.end()
    }

    /// Returns when the server has done at least one more whole turn: it refuses two connections, one after
    /// the other.
    pub(crate) fn let_it_turn(&self) {
        for _ in 0..2 {
            assert_eq!(self.dial().read_to_end(), b"", "the server should be busy with another collector");
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The collector's end of a connection.
pub(crate) struct Collector {
    stream: TcpStream,
    received: VecDeque<u8>,
}

impl Collector {
    pub(crate) fn dial(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, received: VecDeque::new() }
    }

    /// The next line, with its newline.
    pub(crate) fn line(&mut self) -> String {
        String::from_utf8(self.line_bytes()).unwrap()
    }

    pub(crate) fn line_bytes(&mut self) -> Vec<u8> {
        let mut looked_at = 0;
        loop {
            if let Some(end) = self.received.iter().skip(looked_at).position(|byte| *byte == b'\n') {
                return self.received.drain(..=looked_at + end).collect();
            }
            looked_at = self.received.len();
            assert!(self.receive() > 0, "closed in a line");
        }
    }

    /// The next `count` lines.
    pub(crate) fn lines(&mut self, count: usize) -> String {
        (0..count).map(|_| self.line()).collect()
    }

    /// Receives what is there, waiting for at least one byte. 0 when the server has closed.
    pub(crate) fn receive(&mut self) -> usize {
        let mut buffer = [0; 64 << 10];
        let n = match self.stream.read(&mut buffer) {
            // Closing with unread acks resets the connection.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => 0,
            other => other.expect("the server sends or closes in time"),
        };
        self.received.extend(&buffer[..n]);
        n
    }

    /// Everything up to the close.
    pub(crate) fn read_to_end(&mut self) -> Vec<u8> {
        while self.receive() > 0 {}
        self.received.drain(..).collect()
    }

    /// What was received and not taken yet, and what is there without waiting.
    pub(crate) fn received_now(&mut self) -> Vec<u8> {
        self.stream.set_nonblocking(true).unwrap();
        let mut buffer = [0; 64 << 10];
        while let Ok(n @ 1..) = self.stream.read(&mut buffer) {
            self.received.extend(&buffer[..n]);
        }
        self.stream.set_nonblocking(false).unwrap();
        self.received.drain(..).collect()
    }

    pub(crate) fn ack(&mut self, lines: usize) {
        self.answer(&b"ACK\n".repeat(lines));
    }

    pub(crate) fn answer(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// Closes for writing only: nothing more will be acked.
    pub(crate) fn close_answers(&mut self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }
}
