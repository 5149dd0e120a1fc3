use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use record::Position;

use crate::Status;
use crate::codec::Gives;
use crate::status::Board;

/// What others may tell a pool, from any thread.
#[derive(Clone, Debug)]
pub struct Handle(pub(crate) Arc<Shared>);

/// Between the pool, its handles, and the supervisor.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) board: Board,
    pub(crate) reload: AtomicBool,
    pub(crate) stop: AtomicBool,
    pub(crate) kill: AtomicBool,
    gives: AtomicU8,
    /// Wakes the supervisor. Does not block: if it is full, the supervisor is woken anyway.
    wake: UnixStream,
}

impl Handle {
    /// Loads the handler's code anew: new workers start first, and when they are ready, the old ones finish what they have. If the
    /// new ones cannot start, the old ones stay, and the log says why.
    pub fn reload(&self) {
        self.0.reload.store(true, Ordering::Release);
        self.0.wake();
    }

    /// Stops the workers, once. Whoever waits for lines is told so.
    pub fn stop(&self) {
        self.0.stop.store(true, Ordering::Release);
        self.0.wake();
    }

    /// Stops the workers, and does not wait for the lines that they are at.
    pub fn kill(&self) {
        self.0.kill.store(true, Ordering::Release);
        self.stop();
    }

    /// How many records are marked with an error, and the last traceback there is of one, with the position of its line.
    pub fn failures(&self) -> (u64, Option<(Position, String)>) {
        self.0.board.failures()
    }

    /// How they are doing.
    pub fn status(&self) -> Status {
        self.0.board.read()
    }
}

impl Shared {
    pub(crate) fn new(wake: UnixStream) -> Self {
        Self {
            board: Board::default(),
            reload: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            kill: AtomicBool::new(false),
            gives: AtomicU8::new(0),
            wake,
        }
    }

    pub(crate) fn wake(&self) {
        let _ = (&self.wake).write(&[1]);
    }

    /// What the handler of the newest workers is given.
    pub(crate) fn gives(&self) -> Gives {
        match self.gives.load(Ordering::Acquire) {
            1 => Gives::Bytes,
            2 => Gives::Record,
            _ => Gives::Text,
        }
    }

    pub(crate) fn set_gives(&self, gives: Gives) {
        self.gives.store(gives as u8, Ordering::Release);
    }
}
