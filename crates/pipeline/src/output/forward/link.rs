//! The thread that has the connection.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use record::{backoff, clock};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::{ForwardOptions, Shared, State};

/// Reads and writes in one turn, before others get the window.
const TURNS: usize = 16;

/// A connection that lasted so long, or over which a line was acked, makes the next failure the first one again.
const STABLE: Duration = Duration::from_secs(10);

/// Ends a wait of the thread.
#[derive(Debug)]
pub(super) struct Wake(UnixStream);

impl Wake {
    /// It, and what becomes readable by it.
    pub(super) fn new() -> io::Result<(Self, UnixStream)> {
        let (wake, woken) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        woken.set_nonblocking(true)?;
        Ok((Self(wake), woken))
    }

    pub(super) fn wake(&self) {
        // When it is full, the thread has been woken and has not looked yet; when it is broken, the thread has ended.
        let _ = (&self.0).write(&[0]);
    }
}

/// What it owns: the connection, if there is one. What bounds it: the window, which it only reads, and 4 KiB of answers. It stops when
/// the output is dropped. When it fails, it waits for a [`backoff`] and connects again.
pub(super) struct Link {
    name: String,
    shared: Arc<Shared>,
    options: ForwardOptions,
    woken: UnixStream,
    random: fastrand::Rng,
}

/// Why a connection has ended.
enum End {
    /// It is to.
    Stopped,
    Broken(String),
}

impl Link {
    pub(super) fn new(name: &str, shared: Arc<Shared>, options: ForwardOptions, woken: UnixStream) -> Self {
        Self { name: name.to_owned(), shared, options, woken, random: fastrand::Rng::new() }
    }

    pub(super) fn run(mut self) {
        let mut failures = 0;
        loop {
            let done = self.shared.lock().window.done();
            let began = clock::monotonic();
            let error = match self.connect() {
                Ok(stream) => match self.serve(&stream) {
                    End::Stopped => return,
                    End::Broken(error) => {
                        let lasted = clock::monotonic().saturating_sub(began) >= STABLE;
                        if lasted || self.shared.lock().window.done() > done {
                            failures = 0;
                        }
                        error
                    }
                },
                Err(error) => error,
            };
            let ForwardOptions { backoff_min, backoff_max, .. } = self.options;
            let wait = backoff(failures, backoff_min, backoff_max, self.random.u64(..));
            failures = failures.saturating_add(1);
            if self.failed(error, wait) {
                return;
            }
        }
    }

    /// Says what went wrong, and waits. Returns whether it is to stop.
    fn failed(&self, error: String, wait: Duration) -> bool {
        let mut state = self.shared.lock();
        // The same failure again is no news: it shows in the status.
        if !state.stopped && (state.connected || state.last_error.as_ref() != Some(&error)) {
            let (output, target) = (&self.name, &self.shared.target);
            tracing::warn!(output, target, error, ?wait, "not connected: what was not acked is sent again");
        }
        state.connected = false;
        state.failures += 1;
        state.last_error = Some(error);
        self.shared.changed.notify_all();
        self.shared.wait(state, wait, |state| state.stopped).stopped
    }

    /// Tries the addresses one after the other.
    fn connect(&self) -> Result<TcpStream, String> {
        let ForwardOptions { host, port, connect_timeout, .. } = &self.options;
        // The name is resolved anew for every attempt: its address may have changed.
        let addresses = (host.as_str(), *port).to_socket_addrs();
        let addresses = addresses.map_err(|error| format!("cannot resolve `{host}`: {error}"))?;
        let mut failed = format!("`{host}` has no address");
        for address in addresses {
            if self.shared.lock().stopped {
                break;
            }
            let connected = TcpStream::connect_timeout(&address, *connect_timeout)
                .and_then(|stream| stream.set_nonblocking(true).map(|()| stream));
            match connected {
                Ok(stream) => {
                    // Neither is worth a connection.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Err(error) if error.kind() == ErrorKind::TimedOut => {
                    failed = format!("cannot connect: no answer within {connect_timeout:?}");
                }
                Err(error) => failed = format!("cannot connect: {error}"),
            }
        }
        Err(failed)
    }

    /// Sends and takes ACKs until the connection ends.
    fn serve(&self, stream: &TcpStream) -> End {
        let mut state = self.shared.lock();
        state.window.begin();
        state.connected = true;
        state.connects += 1;
        self.shared.changed.notify_all();
        drop(state);
        tracing::info!(output = self.name, target = self.shared.target, "connected");
        let (mut answers, mut progress) = ([0; 4096], clock::monotonic());
        loop {
            let mut state = self.shared.lock();
            if state.stopped {
                return End::Stopped;
            }
            let went = match turn(&mut state, stream, &mut answers) {
                Ok(went) => went,
                Err(error) => return End::Broken(error),
            };
            let (owed, unwritten) = (state.window.lines() > 0, !state.window.unwritten().is_empty());
            drop(state);
            let now = clock::monotonic();
            if went {
                self.shared.changed.notify_all();
            }
            if went || !owed {
                progress = now;
            }
            let left = (progress + self.options.timeout).saturating_sub(now);
            if left.is_zero() {
                let timeout = self.options.timeout;
                return End::Broken(format!("nothing was acked and no byte taken within {timeout:?}"));
            }
            self.wait(stream, unwritten, owed.then_some(left));
        }
    }

    /// Waits until the socket has news, somebody wakes it, or the time is over.
    fn wait(&self, stream: &TcpStream, write: bool, time: Option<Duration>) {
        let interest = if write { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN };
        let mut descriptors = [
            PollFd::from_borrowed_fd(stream.as_fd(), interest),
            PollFd::from_borrowed_fd(self.woken.as_fd(), PollFlags::IN),
        ];
        // A wait that is interrupted is a short one.
        let _ = poll(&mut descriptors, time.and_then(|time| Timespec::try_from(time).ok()).as_ref());
        let mut bytes = [0; 64];
        while (&self.woken).read(&mut bytes).is_ok_and(|read| read == bytes.len()) {}
    }
}

/// Takes the ACKs that are there, then writes what the socket takes. Returns whether anything went.
fn turn(state: &mut State, mut stream: &TcpStream, answers: &mut [u8]) -> Result<bool, String> {
    let mut went = false;
    for _ in 0..TURNS {
        match stream.read(answers) {
            Ok(0) => return Err("closed by the other end".to_owned()),
            Ok(bytes) => {
                went |= state.window.answered(&answers[..bytes]).map_err(|error| error.to_string())?;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(format!("the connection broke: {error}")),
        }
    }
    for _ in 0..TURNS {
        let unwritten = state.window.unwritten();
        if unwritten.is_empty() {
            break;
        }
        match stream.write(unwritten) {
            Ok(bytes) => {
                state.sent += state.window.written(bytes);
                went |= bytes > 0;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(format!("the connection broke: {error}")),
        }
    }
    Ok(went)
}
