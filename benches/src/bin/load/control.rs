//! Commands in, events out.

use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};

use serde_json::{Value, json};

/// What the generator is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Start,
    Begin,
    End,
    Stop,
}

/// What the generator tells.
#[derive(Debug)]
pub(crate) enum Event {
    Listening,
    Connected,
    Settled,
    /// An object with what was measured.
    Result(Value),
}

/// Writes one event as a line to standard output.
pub(crate) fn tell(event: &Event) -> io::Result<()> {
    let line = match event {
        Event::Listening => json!({ "event": "listening" }),
        Event::Connected => json!({ "event": "connected" }),
        Event::Settled => json!({ "event": "settled" }),
        Event::Result(measured) => {
            let mut line = measured.clone();
            line["event"] = json!("result");
            line
        }
    };
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}

/// Reads commands from standard input, which must be a pipe or a terminal. It owns at most one unfinished command.
#[derive(Debug)]
pub(crate) struct Commands {
    stdin: io::Stdin,
    unfinished: Vec<u8>,
}

/// No command is longer.
const LONGEST: usize = 64;

impl Commands {
    pub(crate) fn new() -> Self {
        Self { stdin: io::stdin(), unfinished: Vec::new() }
    }

    /// What to watch for reading.
    pub(crate) fn source(&self) -> BorrowedFd<'_> {
        self.stdin.as_fd()
    }

    /// The commands that have come; the end of the input is `stop`. Blocks when none is there.
    pub(crate) fn read(&mut self) -> io::Result<Vec<Command>> {
        let mut buffer = [0; LONGEST];
        // Not through `Stdin`'s own buffer, which would hide from epoll what it has read ahead.
        let bytes = rustix::io::read(&self.stdin, &mut buffer)?;
        if bytes == 0 {
            return Ok(vec![Command::Stop]);
        }
        self.unfinished.extend_from_slice(&buffer[..bytes]);
        take_commands(&mut self.unfinished)
    }
}

fn take_commands(unfinished: &mut Vec<u8>) -> io::Result<Vec<Command>> {
    let mut commands = Vec::new();
    while let Some(end) = memchr::memchr(b'\n', unfinished) {
        let line: Vec<u8> = unfinished.drain(..=end).collect();
        commands.push(match line.trim_ascii() {
            b"start" => Command::Start,
            b"begin" => Command::Begin,
            b"end" => Command::End,
            b"stop" => Command::Stop,
            other => return Err(unknown(other)),
        });
    }
    if unfinished.len() > LONGEST {
        return Err(unknown(unfinished));
    }
    Ok(commands)
}

fn unknown(command: &[u8]) -> io::Error {
    let command = String::from_utf8_lossy(command).into_owned();
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("`{command}` is not `start`, `begin`, `end` or `stop`"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_come_in_any_pieces() {
        let mut unfinished = b"start\nbeg".to_vec();
        assert_eq!(take_commands(&mut unfinished).expect("valid"), [Command::Start]);
        assert_eq!(take_commands(&mut unfinished).expect("valid"), []);
        unfinished.extend_from_slice(b"in\nend\r\nstop\n");
        let rest = take_commands(&mut unfinished).expect("valid");
        assert_eq!(rest, [Command::Begin, Command::End, Command::Stop]);
    }

    #[test]
    fn what_is_no_command_is_refused() {
        assert!(take_commands(&mut b"begin now\n".to_vec()).is_err());
        assert!(take_commands(&mut vec![b'x'; LONGEST + 1]).is_err());
    }
}
