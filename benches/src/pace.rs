//! When the next line is due.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};

use crate::clock;

/// A timer finer than this costs more than it evens out.
const TICK_AT_LEAST: u64 = 100_000;

/// A timer that says how many lines are due. Lines that fell due while nobody asked are due at once: the rate does not
/// bend to a slow collector.
#[derive(Debug)]
pub struct Pace {
    timer: OwnedFd,
    rate: u64,
    started: u64,
    given: u64,
}

impl Pace {
    /// A pace of `rate` lines per second (not 0) that has not begun.
    ///
    /// # Errors
    /// The process or the system is out of descriptors.
    pub fn new(rate: u64) -> io::Result<Self> {
        let timer =
            timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK)?;
        Ok(Self { timer, rate, started: 0, given: 0 })
    }

    /// What to watch for reading.
    pub fn source(&self) -> BorrowedFd<'_> {
        self.timer.as_fd()
    }

    /// Begins: the first line is due one tick from now.
    ///
    /// # Errors
    /// The system refuses the timer.
    pub fn start(&mut self) -> io::Result<()> {
        let tick = (1_000_000_000 / self.rate).max(TICK_AT_LEAST);
        let tick = Timespec { tv_sec: (tick / 1_000_000_000) as i64, tv_nsec: (tick % 1_000_000_000) as i64 };
        let every = Itimerspec { it_interval: tick, it_value: tick };
        timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &every)?;
        self.started = clock::monotonic();
        Ok(())
    }

    /// Takes the tick and gives how many lines are due since the last call.
    pub fn due(&mut self) -> u64 {
        // An early wake-up has nothing to read, and the clock decides anyway.
        let _ = rustix::io::read(&self.timer, &mut [0; 8]);
        let elapsed = u128::from(clock::monotonic() - self.started);
        let total = (elapsed * u128::from(self.rate) / 1_000_000_000) as u64;
        let due = total - self.given;
        self.given = total;
        due
    }
}
