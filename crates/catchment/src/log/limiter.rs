//! Which lines of the log are written, and what is said of the others. Without a clock, and without a log.

use std::time::Duration;

/// How many causes are told apart at once. What comes beyond them shares one, level by level.
pub(super) const CAUSES_MAX: usize = 256;

/// So many lines of one cause are written at once.
pub(super) const FIRST: u64 = 5;

/// Then no more of it are within so long, and how many there were is said at its end.
pub(super) const WINDOW: Duration = Duration::from_secs(10);

/// So much is kept of whom a cause is about, and of its message, in bytes.
pub(super) const TEXT_MAX: usize = 200;

/// Holds back what comes too often.
///
/// What it owns: for each cause of the last seconds a count, whom it is about, and its message. What bounds it: [`CAUSES_MAX`] causes of less
/// than 1 KiB each. Nothing goes without a word: each that is held back is in exactly one [`Summary`].
#[derive(Debug)]
pub(super) struct Limiter<S> {
    causes: Vec<Cause<S>>,
}

/// What makes lines of the log the same news.
#[derive(Debug)]
struct Cause<S> {
    /// The place in the code; none for what had no room.
    site: Option<S>,
    /// Whom it is about: a source, a pipeline, a service.
    about: Box<str>,
    level: tracing::Level,
    /// When the first of its lines was written.
    began: Duration,
    written: u64,
    held_back: u64,
    /// Of the first that was held back.
    message: Box<str>,
}

/// What was held back of one cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Summary {
    pub(super) level: tracing::Level,
    /// Whom it was about; empty when nobody in particular.
    pub(super) about: Box<str>,
    /// What it said; empty when it was more than one thing.
    pub(super) message: Box<str>,
    pub(super) count: u64,
    /// Within how long it came.
    pub(super) within: Duration,
}

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Write,
    /// It is counted. True for the first of its cause: [`Limiter::due`] has changed.
    HoldBack(bool),
}

impl<S> Default for Limiter<S> {
    fn default() -> Self {
        Self { causes: Vec::new() }
    }
}

impl<S: PartialEq> Limiter<S> {
    /// A line of the cause `site` and `about` comes; `message` makes its text if that is needed.
    pub(super) fn line(
        &mut self,
        now: Duration,
        level: tracing::Level,
        site: S,
        about: &str,
        message: impl FnOnce() -> String,
    ) -> Verdict {
        let about = cut(about);
        let same = |cause: &Cause<S>| cause.site.as_ref() == Some(&site) && *cause.about == *about;
        let index = match self.causes.iter().position(same) {
            Some(index) => index,
            None if self.has_room(now) => {
                self.causes.push(Cause::new(Some(site), about, level, now));
                self.causes.len() - 1
            }
            None => self.shared(level, now),
        };
        let cause = &mut self.causes[index];
        if cause.held_back == 0 && cause.is_over(now) {
            (cause.began, cause.written) = (now, 0);
        }
        if cause.written < FIRST {
            cause.written += 1;
            return Verdict::Write;
        }
        cause.held_back += 1;
        let is_first = cause.held_back == 1;
        if is_first && cause.site.is_some() {
            cause.message = cut(&message()).into();
        }
        Verdict::HoldBack(is_first)
    }

    /// When there is something to say.
    pub(super) fn due(&self) -> Option<Duration> {
        let held_back = self.causes.iter().filter(|cause| cause.held_back > 0);
        held_back.map(|cause| cause.began + WINDOW).min()
    }

    /// What is to be said by now: of each cause whose time is over, or at the `end` of all.
    pub(super) fn take(&mut self, now: Duration, end: bool) -> Vec<Summary> {
        let mut summaries = Vec::new();
        self.causes.retain_mut(|cause| {
            let over = end || cause.is_over(now);
            if over && cause.held_back > 0 {
                summaries.push(Summary {
                    level: cause.level,
                    about: cause.about.clone(),
                    message: std::mem::take(&mut cause.message),
                    count: cause.held_back,
                    within: now.saturating_sub(cause.began),
                });
            }
            !over
        });
        summaries
    }

    /// Makes room, if need be, where nothing is lost by it.
    fn has_room(&mut self, now: Duration) -> bool {
        if self.causes.len() >= CAUSES_MAX {
            self.causes.retain(|cause| cause.held_back > 0 || !cause.is_over(now));
        }
        self.causes.len() < CAUSES_MAX
    }

    /// The cause of all that have no room. There is one for each of the five levels at most.
    fn shared(&mut self, level: tracing::Level, now: Duration) -> usize {
        let shared = |cause: &Cause<S>| cause.site.is_none() && cause.level == level;
        self.causes.iter().position(shared).unwrap_or_else(|| {
            self.causes.push(Cause::new(None, "", level, now));
            self.causes.len() - 1
        })
    }
}

impl<S> Cause<S> {
    fn new(site: Option<S>, about: &str, level: tracing::Level, began: Duration) -> Self {
        Self { site, about: about.into(), level, began, written: 0, held_back: 0, message: "".into() }
    }

    fn is_over(&self, now: Duration) -> bool {
        now.saturating_sub(self.began) >= WINDOW
    }
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(TEXT_MAX)]
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tracing::Level;

    use super::{CAUSES_MAX, FIRST, Limiter, Summary, TEXT_MAX, Verdict, WINDOW};

    fn line(limiter: &mut Limiter<u32>, at: u64, site: u32, about: &str) -> bool {
        let message = || "not connected".to_owned();
        limiter.line(Duration::from_millis(at), Level::WARN, site, about, message) == Verdict::Write
    }

    #[test]
    fn the_first_few_are_written_and_the_others_counted() {
        let mut limiter = Limiter::default();
        let written = (0..5000).filter(|at| line(&mut limiter, *at, 1, "gateways")).count() as u64;
        assert_eq!((written, limiter.due()), (FIRST, Some(WINDOW)));
        assert_eq!(limiter.take(WINDOW - Duration::from_millis(1), false), []);
        let summary = Summary {
            level: Level::WARN,
            about: "gateways".into(),
            message: "not connected".into(),
            count: 5000 - FIRST,
            within: WINDOW,
        };
        assert_eq!(limiter.take(WINDOW, false), [summary]);
        assert_eq!((limiter.due(), limiter.take(WINDOW * 9, true)), (None, Vec::new()));
        assert!(line(&mut limiter, 20_000, 1, "gateways"));
    }

    #[test]
    fn each_cause_has_its_own_count() {
        let mut limiter = Limiter::default();
        for site in 1..=2 {
            for about in ["one", "other"] {
                let written = (0..10).filter(|at| line(&mut limiter, *at, site, about)).count() as u64;
                assert_eq!(written, FIRST);
            }
        }
        let counts: Vec<u64> = limiter.take(WINDOW, false).iter().map(|summary| summary.count).collect();
        assert_eq!(counts, [10 - FIRST; 4]);
    }

    #[test]
    fn what_trickles_is_all_written() {
        let mut limiter = Limiter::default();
        assert!((0..100).all(|number| line(&mut limiter, number * 2500, 1, "")));
        assert_eq!(limiter.take(WINDOW * 100, true), []);
    }

    #[test]
    fn at_the_end_all_is_said() {
        let mut limiter = Limiter::default();
        assert_eq!((0..7).filter(|at| line(&mut limiter, *at, 1, "")).count() as u64, FIRST);
        let said = limiter.take(Duration::from_millis(8), true);
        assert_eq!((said[0].count, said[0].within), (7 - FIRST, Duration::from_millis(8)));
    }

    #[test]
    fn a_flood_of_causes_takes_bounded_memory_and_none_is_lost() {
        let mut limiter = Limiter::default();
        let long = "ä".repeat(TEXT_MAX);
        let (mut written, mut said) = (0, 0);
        for site in 0..10_000 {
            for at in 0..3 {
                written += u64::from(line(&mut limiter, u64::from(site) + at, site, &long));
            }
            said += limiter
                .take(Duration::from_millis(u64::from(site)), false)
                .iter()
                .map(|s| s.count)
                .sum::<u64>();
            assert!(limiter.causes.len() <= CAUSES_MAX + 5);
        }
        assert!(limiter.causes.iter().all(|cause| cause.about.len() <= TEXT_MAX));
        said += limiter.take(WINDOW, true).iter().map(|summary| summary.count).sum::<u64>();
        assert_eq!(written + said, 30_000);
        assert!(said > 20_000, "{said}");
    }
}
