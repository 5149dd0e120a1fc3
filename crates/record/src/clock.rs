//! The only place where the program asks what time it is. State machines are given the time instead.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::{Micros, fault};

/// Time since the first call in this process. Never goes back; stands still for nobody.
#[expect(clippy::disallowed_methods, reason = "this is the clock")]
pub fn monotonic() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}

/// The time of day, UTC. It jumps when the operator or NTP sets the clock.
#[expect(clippy::disallowed_methods, reason = "this is the clock")]
pub fn wall() -> Micros {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let micros = u64::try_from(since_epoch.as_micros()).unwrap_or(u64::MAX);
    Micros(micros.saturating_sub(set_back()))
}

/// How far a test has set the clock back: not at all until the point `clock` gives its error, and an hour from then on.
fn set_back() -> u64 {
    static BY: AtomicU64 = AtomicU64::new(0);
    if fault::point("clock").is_err() {
        BY.store(3_600_000_000, Ordering::Relaxed);
    }
    BY.load(Ordering::Relaxed)
}
