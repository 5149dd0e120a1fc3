use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};

use crate::until::PATIENCE;

/// One client that sends lines and reads those of others.
///
/// What it owns: its connection. What bounds it: one line. Each read waits for at most [`PATIENCE`]. It ends when it is dropped.
#[derive(Debug)]
pub struct Chatter {
    stream: BufReader<TcpStream>,
}

impl Chatter {
    /// Connects.
    ///
    /// # Panics
    /// When the connection is refused.
    #[track_caller]
    pub fn join(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address)
            .unwrap_or_else(|error| panic!("cannot connect to {address}: {error}"));
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket has a read timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("a socket has a write timeout");
        Self { stream: BufReader::new(stream) }
    }

    /// The name that the collector knows it by.
    ///
    /// # Panics
    /// When it has been closed.
    pub fn name(&self) -> String {
        self.stream.get_ref().local_addr().expect("a connected socket has an address").to_string()
    }

    /// Sends a line.
    ///
    /// # Panics
    /// When the collector does not take it.
    #[track_caller]
    pub fn say(&mut self, line: &str) {
        let line = format!("{line}\n");
        self.stream.get_mut().write_all(line.as_bytes()).expect("the collector takes no more");
    }

    /// The next line, without its newline; none when the collector has closed.
    ///
    /// # Panics
    /// When none comes, or a part of one.
    #[track_caller]
    pub fn hear(&mut self) -> Option<String> {
        let mut line = String::new();
        match self.stream.read_line(&mut line) {
            Ok(0) => None,
            Ok(_) => {
                assert_eq!(line.pop(), Some('\n'), "the end of {line:?} is missing");
                Some(line)
            }
            Err(error) => panic!("nothing is heard: {error}"),
        }
    }
}
