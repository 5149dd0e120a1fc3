//! The limit between whoever logs and the log.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use record::clock;
use tracing::callsite::Identifier;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::limiter::{Limiter, Summary, Verdict};

/// Where what is said of others comes from; it is never held back itself.
const SUMMARIES: &str = "catchment::log";

/// What users' own code prints. It has a limit of its own, in bytes, and is counted there.
const PYTHON: &str = "python";

/// Fields that say whom a line is about. The first of them that it has counts.
const ABOUT: [&str; 3] = ["source", "pipeline", "service"];

/// How many lines were held back, since the program started.
pub(super) static HELD_BACK: AtomicU64 = AtomicU64::new(0);

/// Holds back what comes too often. Whoever turns on `debug` or `trace` wants all of that.
#[derive(Clone, Default)]
pub(super) struct Limit(Arc<Shared>);

#[derive(Default)]
struct Shared {
    held: Mutex<Held>,
    changed: Condvar,
}

#[derive(Default)]
struct Held {
    limiter: Limiter<Identifier>,
    stop: bool,
}

impl Limit {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Subscriber> Layer<S> for Limit {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        let metadata = event.metadata();
        let level = *metadata.level();
        // A level that says more is the greater one.
        if level > Level::INFO || matches!(metadata.target(), SUMMARIES | PYTHON) {
            return true;
        }
        let mut about = About::default();
        event.record(&mut about);
        let about = about.text.as_deref().unwrap_or_default();
        let message = || {
            let mut message = Message(String::new());
            event.record(&mut message);
            message.0
        };
        let now = clock::monotonic();
        match self.held().limiter.line(now, level, metadata.callsite(), about, message) {
            Verdict::Write => true,
            Verdict::HoldBack(first) => {
                HELD_BACK.fetch_add(1, Ordering::Relaxed);
                if first {
                    self.0.changed.notify_one();
                }
                false
            }
        }
    }
}

/// Finds whom a line is about.
#[derive(Default)]
struct About {
    rank: usize,
    text: Option<Box<str>>,
}

impl Visit for About {
    fn record_str(&mut self, field: &Field, value: &str) {
        let rank = ABOUT.iter().position(|name| *name == field.name());
        if let Some(rank) = rank
            && (self.text.is_none() || rank < self.rank)
        {
            (self.rank, self.text) = (rank, Some(value.into()));
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

/// Finds what a line says.
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

/// Says what was held back, each time that a cause's time is over, and all of it when this is dropped.
///
/// What it owns: the thread `log`, which waits for what is due. It stops when this is dropped.
pub(super) struct Summaries {
    limit: Limit,
    thread: Option<JoinHandle<()>>,
}

impl Summaries {
    pub(super) fn start(limit: &Limit) -> io::Result<Self> {
        let of_thread = limit.clone();
        let thread = std::thread::Builder::new().name("log".to_owned()).spawn(move || run(&of_thread))?;
        Ok(Self { limit: limit.clone(), thread: Some(thread) })
    }
}

impl Drop for Summaries {
    fn drop(&mut self) {
        self.limit.held().stop = true;
        self.limit.0.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            // If it has panicked, there is nobody left to say so.
            let _ = thread.join();
        }
    }
}

fn run(limit: &Limit) {
    let mut held = limit.held();
    loop {
        let (now, stop) = (clock::monotonic(), held.stop);
        let summaries = held.limiter.take(now, stop);
        if !summaries.is_empty() {
            // Without the lock: saying something asks for it.
            drop(held);
            summaries.iter().for_each(say);
            held = limit.held();
            continue;
        }
        if stop {
            return;
        }
        held = match held.limiter.due() {
            None => limit.0.changed.wait(held).unwrap_or_else(PoisonError::into_inner),
            Some(due) => {
                let wait = due.saturating_sub(now).max(Duration::from_millis(1));
                limit.0.changed.wait_timeout(held, wait).unwrap_or_else(PoisonError::into_inner).0
            }
        };
    }
}

fn say(summary: &Summary) {
    let Summary { level, about, message, count, within } = summary;
    let about = (!about.is_empty()).then_some(&**about);
    let what = if message.is_empty() { "of different causes" } else { &**message };
    let (shown, seconds) = (grouped(*count), within.as_secs_f64().ceil() as u64);
    macro_rules! say {
        ($level:ident) => {
            tracing::$level!(
                target: SUMMARIES,
                about,
                held_back = count,
                seconds,
                "… {shown} more like this in {seconds} s: {what}"
            )
        };
    }
    match *level {
        Level::ERROR => say!(error),
        Level::WARN => say!(warn),
        _ => say!(info),
    }
}

/// A number as people read it: `1,234`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3 + 1);
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt as _;

    use super::{Limit, grouped};

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(
            [0, 12, 123, 1234, 123_456, 1_234_567].map(grouped),
            ["0", "12", "123", "1,234", "123,456", "1,234,567"]
        );
    }

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_storm_of_each_source_is_a_few_lines_and_a_count() {
        let (limit, lines) = (Limit::default(), Lines::default());
        let writer = lines.clone();
        let log = tracing_subscriber::registry()
            .with(limit.clone())
            .with(tracing_subscriber::fmt::layer().with_ansi(false).with_writer(move || writer.clone()));
        tracing::subscriber::with_default(log, || {
            for number in 0..1000 {
                for source in ["one", "other"] {
                    tracing::warn!(peer = number, source, "not connected");
                }
                tracing::debug!(number, "all of them");
                tracing::info!(target: "python", "printed");
            }
            let said = limit.held().limiter.take(std::time::Duration::MAX, true);
            said.iter().for_each(super::say);
        });
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        let count = |part: &str| text.lines().filter(|line| line.contains(part)).count();
        assert_eq!((count("all of them"), count("printed")), (1000, 1000));
        assert_eq!(count("source=\"one\""), 5, "{text}");
        for source in ["one", "other"] {
            let about = format!("not connected about=\"{source}\" held_back=995");
            assert_eq!(count(&about), 1, "{text}");
        }
        assert_eq!(count("… 995 more like this in"), 2);
    }
}
