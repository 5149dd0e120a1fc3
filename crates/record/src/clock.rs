//! The only place where the program asks what time it is. State machines are given the time instead.

use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::Micros;

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
    Micros(u64::try_from(since_epoch.as_micros()).unwrap_or(u64::MAX))
}
