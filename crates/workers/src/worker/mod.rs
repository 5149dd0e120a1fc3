//! One worker process, as the supervisor sees it.

mod output;
mod process;
mod show;

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use self::output::Output;
pub(crate) use self::process::Process;
use crate::codec::{Frames, Gives};
use crate::runtime::{Run, payload};
use crate::{End, Spec, StartError};

/// What is read of one worker's output before the next one's turn, in bytes.
const OUTPUT_TURN: usize = 256 << 10;

/// How a worker calls its handler.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct About {
    /// `def`, `generator`, `async` or `async generator`.
    pub kind: String,
    /// What its handler is given.
    pub gives: Gives,
    /// How many threads run it.
    pub threads: usize,
    /// How many lines may wait at once in it.
    pub concurrency: usize,
    /// The interpreter has no global lock.
    pub free_threaded: bool,
    /// The interpreter's version.
    pub python: String,
}

/// What a worker says.
#[derive(Debug)]
pub(crate) enum Said {
    Ready(About),
    Failed(String),
    Progress,
    /// The body of the frame.
    Result(Vec<u8>),
    /// Nothing that means anything.
    Nonsense,
}

/// Owns a process, what is still to be sent to it (the supervisor bounds that: two batches), and what it has said in part.
#[derive(Debug)]
pub(crate) struct Worker {
    /// Never used again for another one.
    pub(crate) number: u64,
    /// Which of the pool's workers it is, from 0 on.
    pub(crate) slot: usize,
    /// Which load of the handler's code it has.
    pub(crate) generation: u64,
    pub(crate) process: Process,
    pub(crate) about: Option<About>,
    /// It gets no more batches, since then.
    pub(crate) leaving: Option<Duration>,
    /// When it last got something done, or got something to do.
    pub(crate) progress: Duration,
    /// What it printed since the last batch was done.
    pub(crate) printed: u64,
    /// `false`: it says no more.
    pub(crate) socket_open: bool,
    /// `false`: it prints no more.
    pub(crate) output_open: bool,
    /// Since when it has said no more.
    pub(crate) closed: Option<Duration>,
    /// What it said it failed with.
    pub(crate) failure: Option<String>,
    /// It is to end, or has ended: why.
    pub(crate) doom: Option<(End, String)>,
    out: VecDeque<(Arc<Vec<u8>>, usize)>,
    frames: Frames,
    output: Output,
    name: Arc<str>,
    reported: Duration,
    shut: bool,
}

impl Worker {
    /// Starts one. It says [`Said::Ready`] when it is.
    pub(crate) fn start(
        spec: &Spec,
        number: u64,
        slot: usize,
        generation: u64,
        now: Duration,
    ) -> Result<Self, StartError> {
        let process = Process::spawn(spec)
            .map_err(|error| StartError::Interpreter { python: spec.python.clone(), error })?;
        let out = VecDeque::from([(Arc::new(payload(spec, Run::Worker)), 0)]);
        Ok(Self {
            number,
            slot,
            generation,
            process,
            about: None,
            leaving: None,
            progress: now,
            printed: 0,
            socket_open: true,
            output_open: true,
            closed: None,
            failure: None,
            doom: None,
            out,
            frames: Frames::default(),
            output: Output::new(spec.log_rate, now),
            name: Arc::from(spec.name.as_str()),
            reported: now,
            shut: false,
        })
    }

    /// Sends a frame, when there is room for it.
    pub(crate) fn send(&mut self, frame: Arc<Vec<u8>>) {
        self.out.push_back((frame, 0));
    }

    /// True when something is to be written.
    pub(crate) fn wants_to_write(&self) -> bool {
        !self.out.is_empty()
    }

    /// Writes what the socket takes.
    pub(crate) fn write(&mut self) -> io::Result<()> {
        while let Some((frame, at)) = self.out.front_mut() {
            match (&self.process.socket).write(&frame[*at..]) {
                Ok(count) => *at += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            if *at == frame.len() {
                self.out.pop_front();
            }
        }
        Ok(())
    }

    /// True when it can be given a batch.
    pub(crate) fn takes_jobs(&self) -> bool {
        self.about.is_some() && self.leaving.is_none() && self.socket_open && self.doom.is_none()
    }

    /// Tells it that there is no more: it finishes and ends by itself. `false` if it was told before.
    pub(crate) fn finish(&mut self) -> bool {
        if std::mem::replace(&mut self.shut, true) {
            return false;
        }
        // It may have ended already.
        let _ = self.process.socket.shutdown(Shutdown::Write);
        true
    }

    /// True when it was told that there is no more.
    pub(crate) fn finished(&self) -> bool {
        self.shut
    }

    /// Reads what it says. `false`: it says no more.
    pub(crate) fn read(&mut self, mut hear: impl FnMut(Said)) -> bool {
        let mut open = true;
        loop {
            match self.frames.read(&mut self.process.socket) {
                Ok(0) => open = false,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => open = false,
            }
            loop {
                match self.frames.next() {
                    Ok(None) => break,
                    Ok(Some(frame)) => hear(said(frame)),
                    Err(_) => {
                        hear(Said::Nonsense);
                        return false;
                    }
                }
            }
            if !open {
                break;
            }
        }
        open
    }

    /// Reads what it prints, and logs it. `false`: it prints no more.
    pub(crate) fn read_output(&mut self, scratch: &mut [u8], now: Duration) -> bool {
        let mut total = 0;
        while total < OUTPUT_TURN {
            match self.process.output.read(scratch) {
                Ok(0) => return false,
                Ok(count) => {
                    total += count;
                    self.printed += count as u64;
                    let (name, slot) = (&self.name, self.slot);
                    self.output.feed(&scratch[..count], now, |line| show::line(name, slot, &line));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
        true
    }

    /// Says how much of its output was left out, once a second at most unless it is `last`. Returns that, in bytes.
    pub(crate) fn report_left_out(&mut self, now: Duration, last: bool) -> u64 {
        if last {
            let (name, slot) = (&self.name, self.slot);
            self.output.end(|line| show::line(name, slot, &line));
        } else if now.saturating_sub(self.reported) < Duration::from_secs(1) {
            return 0;
        }
        self.reported = now;
        let bytes = self.output.take_left_out();
        if bytes > 0 {
            tracing::warn!(
                pipeline = &*self.name,
                worker = self.slot,
                bytes,
                "it prints more than is logged"
            );
        }
        bytes
    }
}

fn said((letter, body): (u8, &[u8])) -> Said {
    match letter {
        b'H' => serde_json::from_slice(body).map_or(Said::Nonsense, Said::Ready),
        b'F' => Said::Failed(String::from_utf8_lossy(body).into_owned()),
        b'P' => Said::Progress,
        b'R' => Said::Result(body.to_vec()),
        _ => Said::Nonsense,
    }
}
