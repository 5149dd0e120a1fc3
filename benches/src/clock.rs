//! The two clocks of a measurement.

use rustix::time::{ClockId, clock_gettime};

/// Nanoseconds of a clock that never goes back.
pub fn monotonic() -> u64 {
    nanoseconds(ClockId::Monotonic)
}

/// Nanoseconds of CPU, user and system, that this process has used, all threads together.
pub fn process_cpu() -> u64 {
    nanoseconds(ClockId::ProcessCPUTime)
}

fn nanoseconds(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_clock_goes_back() {
        let (time, cpu) = (monotonic(), process_cpu());
        let mut sum = 0_u64;
        while process_cpu() == cpu {
            sum = sum.wrapping_add(1);
        }
        assert!(monotonic() > time);
        assert!(process_cpu() > cpu, "{sum}");
    }
}
