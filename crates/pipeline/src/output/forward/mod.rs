//! Lines go on to another collector, which acks them as this one does.

mod link;
mod status;
#[cfg(test)]
mod tests;
mod window;

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use record::{Batch, Position, Record, clock};

use self::link::{Link, Wake};
pub use self::status::{ForwardStatus, ForwardWatch};
use self::window::Window;
use super::{Output, OutputError, json};

/// How long a write waits for room while nothing is acked, before it says that it failed.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long a stop waits for the last ACKs. What is not acked then is sent again after the next start.
const LAST_ACKS: Duration = Duration::from_secs(2);

/// Where lines go, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardOptions {
    /// A name or an address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// What is sent of a record.
    pub text: ForwardText,
    /// What it answers to each line; none for a server that answers nothing.
    pub ack: Option<Vec<u8>>,
    /// The memory for lines that it has not acked, in bytes. One record that is larger is sent alone.
    pub window_bytes: usize,
    /// How long an attempt to connect to one address may take.
    pub connect_timeout: Duration,
    /// A connection over which nothing goes for so long, although something is owed, is given up.
    pub timeout: Duration,
    /// The wait after a first failure; see [`record::backoff`].
    pub backoff_min: Duration,
    /// The longest such wait.
    pub backoff_max: Duration,
}

/// What is sent of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForwardText {
    /// Its message, byte for byte as the line came unless a stage changed it. A record of several lines is several lines again.
    Line,
    /// One JSON object, see [`json`]: always one line.
    Json,
}

/// Sends records to another collector, or to whoever speaks the line protocol: a line, its newline, and one ACK for it in return.
///
/// What it owns: a window of lines that are not acked, and the thread `forward-NAME` with the connection. What bounds it:
/// `window_bytes`; when the window is full, its pipeline waits, and the lines wait in the journal. It stops when it is dropped: its
/// thread ends at once, or after the attempt to connect that it is at, and nobody waits for that. When the connection breaks, it makes
/// another one, for ever, and sends what was not acked again: each line arrives at least once, and the lines of a peer in their order.
/// It keeps no place of its own: only what was acked is durable, so the pipeline's checkpoint is never past it.
#[derive(Debug)]
pub struct ForwardOutput {
    name: String,
    text: ForwardText,
    shared: Arc<Shared>,
    wake: Wake,
    /// The last record that was taken: its place, and which of its line's records it is.
    taken: Option<(Position, u32)>,
    /// Memory for what is sent of one record.
    scratch: String,
}

/// What the pipeline's thread and that of the connection have in common.
#[derive(Debug)]
struct Shared {
    target: String,
    state: Mutex<State>,
    /// Something was acked, or the connection has come or gone.
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    window: Window,
    window_bytes: usize,
    stopped: bool,
    connected: bool,
    connects: u64,
    sent: u64,
    failures: u64,
    last_error: Option<String>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `enough` holds, or so much time has passed.
    fn wait<'s>(
        &'s self,
        state: MutexGuard<'s, State>,
        time: Duration,
        mut enough: impl FnMut(&State) -> bool,
    ) -> MutexGuard<'s, State> {
        let waited = self.changed.wait_timeout_while(state, time, |state| !enough(state));
        waited.map_or_else(|error| error.into_inner().0, |(state, _)| state)
    }
}

impl ForwardOutput {
    /// Begins to connect. `name` is what it is called in logs and status, and for `route` stages.
    ///
    /// # Errors
    /// When there is no thread for it.
    pub fn start(name: &str, options: ForwardOptions) -> io::Result<Self> {
        let target = format!("{}:{}", options.host, options.port);
        let state = State {
            window: Window::new(options.window_bytes, options.ack.as_deref()),
            window_bytes: options.window_bytes,
            stopped: false,
            connected: false,
            connects: 0,
            sent: 0,
            failures: 0,
            last_error: None,
        };
        let shared = Arc::new(Shared { target, state: Mutex::new(state), changed: Condvar::new() });
        let (wake, woken) = Wake::new()?;
        let text = options.text;
        let link = Link::new(name, Arc::clone(&shared), options, woken);
        std::thread::Builder::new().name(format!("forward-{name}")).spawn(move || link.run())?;
        Ok(Self { name: name.to_owned(), text, shared, wake, taken: None, scratch: String::new() })
    }

    /// What tells how it is doing, for as long as anybody asks.
    pub fn watch(&self) -> ForwardWatch {
        ForwardWatch::new(&self.name, &self.shared)
    }

    /// Puts a record into the window. `upto` is done with when its last line is.
    fn send(&mut self, record: Record<'_>, upto: Position) -> Result<(), OutputError> {
        self.scratch.clear();
        let bytes = match self.text {
            ForwardText::Line => record.raw().unwrap_or(record.message().as_bytes()),
            ForwardText::Json => {
                json::write_record(&mut self.scratch, record);
                self.scratch.as_bytes()
            }
        };
        let lines = bytes.split(|byte| *byte == b'\n');
        let mut state = self.room(lines.clone().count(), bytes.len())?;
        let mut lines = lines.peekable();
        while let Some(line) = lines.next() {
            state.window.push(line, if lines.peek().is_none() { upto } else { Position(0) });
        }
        Ok(())
    }

    /// Waits until the window has room, as long as lines are acked.
    fn room(&self, lines: usize, bytes: usize) -> Result<MutexGuard<'_, State>, OutputError> {
        let mut state = self.shared.lock();
        while !state.window.has_room(lines, bytes) {
            self.wake.wake();
            let done = state.window.done();
            state = self.shared.wait(state, PATIENCE, |state| state.window.done() > done);
            if state.window.done() == done {
                return Err(OutputError::failed(self.why_not(&state)));
            }
        }
        Ok(state)
    }

    fn why_not(&self, state: &State) -> String {
        let (target, lines) = (&self.shared.target, state.window.lines());
        match &state.last_error {
            _ if state.connected => format!("`{target}` has not acked {lines} lines yet"),
            Some(error) => format!("`{target}` has not acked {lines} lines: {error}"),
            None => format!("`{target}` has not answered yet, and {lines} lines wait for it"),
        }
    }
}

impl Output for ForwardOutput {
    fn name(&self) -> &str {
        &self.name
    }

    fn resume_from(&self) -> Position {
        Position(0)
    }

    fn write(&mut self, records: &Batch, upto: Position) -> Result<(), OutputError> {
        let id = |record: &Record<'_>| Some((record.position(), record.nth()));
        let taken = self.taken;
        // After a failure the same records come again, with those that were taken before it.
        let mut records = records.iter().filter(|record| id(record) > taken).peekable();
        while let Some(record) = records.next() {
            let ends_line = records.peek().is_none_or(|next| next.position() != record.position());
            self.send(record, if ends_line { record.position() } else { Position(0) })?;
            self.taken = id(&record);
        }
        self.shared.lock().window.reach(upto);
        self.wake.wake();
        Ok(())
    }

    fn durable(&mut self) -> Result<Position, OutputError> {
        Ok(self.shared.lock().window.acked())
    }

    fn flush(&mut self) -> Result<(), OutputError> {
        self.wake.wake();
        let deadline = clock::monotonic() + LAST_ACKS;
        let mut state = self.shared.lock();
        while state.window.lines() > 0 {
            let left = deadline.saturating_sub(clock::monotonic());
            if left.is_zero() || !state.connected {
                return Err(OutputError::failed(self.why_not(&state)));
            }
            state = self.shared.wait(state, left, |state| state.window.lines() == 0 || !state.connected);
        }
        Ok(())
    }
}

impl Drop for ForwardOutput {
    fn drop(&mut self) {
        self.shared.lock().stopped = true;
        self.shared.changed.notify_all();
        self.wake.wake();
    }
}
