//! The clients, and the loop that serves them.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;

use catchment_bench::{Epoll, Pace, clock, dial};
use memchr::memchr;
use rustix::event::epoll::EventFlags;
use rustix::io::Errno;
use serde_json::{Value, json};

use crate::tally::{Heard, Tally, line};

/// The timer's token; every other is the number of a client.
const TIMER: u64 = u64::MAX;

/// How long the last lines may take after the window.
const LAST_LINES: u64 = 10_000_000_000;

/// All clients. It owns their connections, and of each at most one unfinished line; it ends when the window has.
pub(crate) struct Crowd {
    clients: Vec<Client>,
    epoll: Epoll,
    pace: Pace,
    tally: Tally,
}

struct Client {
    socket: OwnedFd,
    unfinished: Vec<u8>,
    heard: Heard,
}

impl Crowd {
    pub(crate) fn dial(collector: SocketAddr, clients: u32, speakers: u32, rate: u64) -> io::Result<Self> {
        let (epoll, pace) = (Epoll::new(1024)?, Pace::new(rate)?);
        epoll.add(pace.source(), TIMER, EventFlags::IN)?;
        let client = |socket| Client { socket, unfinished: Vec::new(), heard: Heard::default() };
        let sockets = dial::dial(collector, clients)?;
        let all: Vec<Client> = sockets.into_iter().map(client).collect();
        for (number, client) in all.iter().enumerate() {
            epoll.add(&client.socket, number as u64, EventFlags::IN)?;
        }
        Ok(Self { clients: all, epoll, pace, tally: Tally::new(clients, speakers) })
    }

    /// Speaks and listens for so many nanoseconds before the window, and in it.
    pub(crate) fn run(mut self, warm_up: u64, window: u64) -> io::Result<()> {
        self.pace.start()?;
        let begin = clock::monotonic() + warm_up;
        let end = begin + window;
        let (mut number, mut begun) = (0, false);
        let mut cpu = 0;
        loop {
            let mut due = 0;
            for index in 0..self.epoll.wait()? {
                match self.epoll.event(index) {
                    (TIMER, _) => due = self.pace.due(),
                    (client, _) => self.hear(client as usize)?,
                }
            }
            let now = clock::monotonic();
            if !begun && now >= begin {
                begun = true;
                cpu = clock::process_cpu();
                self.tally.begin(number);
                tell(&json!({ "event": "begin" }))?;
            }
            if now >= end && (self.tally.is_complete() || now >= end + LAST_LINES) {
                break;
            }
            let due = if now < end { due } else { 0 };
            for _ in 0..due {
                self.say(number)?;
                number += 1;
            }
        }
        tell(&json!({ "event": "end" }))?;
        let mut result = self.tally.result();
        result["cpu_ns"] = json!(clock::process_cpu() - cpu);
        tell(&result)
    }

    fn say(&mut self, number: u64) -> io::Result<()> {
        let now = clock::monotonic();
        let (speaker, text) = (self.tally.speaker(number), line(number, now));
        self.tally.said(now);
        match rustix::io::write(&self.clients[speaker].socket, &text)? {
            taken if taken == text.len() => Ok(()),
            _ => Err(io::Error::other("the collector does not take what is said")),
        }
    }

    fn hear(&mut self, index: usize) -> io::Result<()> {
        let client = &mut self.clients[index];
        let mut buffer = [0; 16 << 10];
        let bytes = match rustix::io::read(&client.socket, &mut buffer) {
            Ok(0) => return Err(io::Error::other(format!("client {index} was closed"))),
            Ok(bytes) => bytes,
            Err(Errno::AGAIN | Errno::INTR) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let now = clock::monotonic();
        let mut rest = &buffer[..bytes];
        while let Some(end) = memchr(b'\n', rest) {
            let (line, later) = (&rest[..end], &rest[end + 1..]);
            if client.unfinished.is_empty() {
                self.tally.heard(index, &mut client.heard, line, now);
            } else {
                client.unfinished.extend_from_slice(line);
                self.tally.heard(index, &mut client.heard, &client.unfinished, now);
                client.unfinished.clear();
            }
            rest = later;
        }
        client.unfinished.extend_from_slice(rest);
        Ok(())
    }
}

/// Writes one event as a line to standard output.
fn tell(event: &Value) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{event}")?;
    stdout.flush()
}
