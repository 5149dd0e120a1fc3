use std::time::Duration;

/// So many things found after a pause make the pause worth it.
const WORTH: usize = 8;

/// Decides when the loop looks at its sockets again.
///
/// When lines trickle from many peers, a wake-up for each costs more than the line. Then the loop looks only once
/// per `period`, and serves and commits together what has gathered. After silence, or when few peers wait for
/// their ACK before they send again, it looks at once: a pause would only make them slower. Which of the two it is
/// cannot be known from outside, so it is tried: after several short waits in a row one pause is made, and kept
/// while it gathers something. A trial that fails doubles the number of short waits before the next.
pub(super) struct Pace {
    period: Duration,
    mode: Mode,
    short_waits: usize,
    patience: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Look at once.
    Greedy,
    /// The next pause is a trial.
    Trial,
    /// A pause was made; what it gathered decides.
    Paced,
}

impl Pace {
    const PATIENCE_MAX: usize = 4096;

    pub(super) fn new(period: Duration) -> Self {
        Self { period, mode: Mode::Greedy, short_waits: 0, patience: WORTH }
    }

    /// How long to let things gather before the next look. `found`: how many sockets had something in this round,
    /// which began `elapsed` ago.
    pub(super) fn pause(&mut self, found: usize, elapsed: Duration) -> Duration {
        self.mode = match self.mode {
            Mode::Paced if found < WORTH => {
                self.patience = (self.patience * 2).min(Self::PATIENCE_MAX);
                Mode::Greedy
            }
            Mode::Paced => {
                self.patience = WORTH;
                Mode::Paced
            }
            Mode::Trial => Mode::Paced,
            Mode::Greedy => return Duration::ZERO,
        };
        if self.mode == Mode::Paced { self.period.saturating_sub(elapsed) } else { Duration::ZERO }
    }

    /// The loop has waited so long until something was ready.
    pub(super) fn waited(&mut self, time: Duration) {
        if self.mode != Mode::Greedy || self.period.is_zero() {
            return;
        }
        let short = time < self.period / WORTH as u32;
        self.short_waits = if short { self.short_waits + 1 } else { 0 };
        if self.short_waits >= self.patience {
            self.mode = Mode::Trial;
            self.short_waits = 0;
        }
        if time > self.period * 16 {
            self.patience = WORTH;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Pace;

    const PERIOD: Duration = Duration::from_millis(1);

    /// Rounds that were followed by a pause, when `found` sockets are ready after one and one is without.
    fn pauses(pace: &mut Pace, rounds: usize, found: usize, wait: Duration) -> usize {
        let mut paused = false;
        (0..rounds)
            .filter(|_| {
                pace.waited(wait);
                paused = !pace.pause(if paused { found } else { 1 }, Duration::ZERO).is_zero();
                paused
            })
            .count()
    }

    #[test]
    fn the_first_line_after_silence_is_looked_at_once() {
        assert_eq!(pauses(&mut Pace::new(PERIOD), 1000, 1, Duration::from_millis(5)), 0);
    }

    #[test]
    fn many_trickling_peers_are_gathered() {
        assert!(pauses(&mut Pace::new(PERIOD), 1000, 20, Duration::from_micros(40)) > 980);
    }

    #[test]
    fn few_peers_in_lock_step_are_hardly_ever_made_to_wait() {
        assert!(pauses(&mut Pace::new(PERIOD), 10_000, 2, Duration::from_micros(40)) < 20);
    }

    #[test]
    fn a_busy_round_is_not_followed_by_a_pause() {
        let mut pace = Pace::new(PERIOD);
        pauses(&mut pace, 100, 20, Duration::from_micros(40));
        assert_eq!(pace.pause(20, Duration::from_millis(3)), Duration::ZERO);
    }

    #[test]
    fn no_period_no_pause() {
        assert_eq!(pauses(&mut Pace::new(Duration::ZERO), 1000, 20, Duration::ZERO), 0);
    }
}
