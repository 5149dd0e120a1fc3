//! Named points at which a test makes the process stall, fail or die.
//!
//! Without the feature `faults` a point is nothing at all. With it, the environment variable
//! `CATCHMENT_FAULTS` arms points, for example
//! `frame-written=kill@3,before-sync=sleep:10000@50,seal-written=error@7`: at its 3rd passing the first point
//! ends the process at once, at its 50th the second one waits ten seconds, at its 7th the third one returns
//! an error. To end the process is [`std::process::abort`]: no destructor runs and no buffer is flushed, so
//! to the disk it is the same as `kill -9`.

use std::io;

/// Passes the point `name`.
///
/// # Errors
/// The one that a test asked for.
#[cfg(not(feature = "faults"))]
#[inline(always)]
pub fn point(_name: &str) -> io::Result<()> {
    Ok(())
}

/// Passes the point `name`.
///
/// # Errors
/// The one that a test asked for.
///
/// # Panics
/// When `CATCHMENT_FAULTS` cannot be understood: a test that arms nothing would prove nothing.
#[cfg(feature = "faults")]
pub fn point(name: &str) -> io::Result<()> {
    use std::sync::OnceLock;
    static ARMED: OnceLock<Vec<armed::Fault>> = OnceLock::new();
    let faults = ARMED.get_or_init(|| match std::env::var("CATCHMENT_FAULTS") {
        Ok(text) => armed::parse(&text).expect(
            "`CATCHMENT_FAULTS` is `point=kill@N`, `point=sleep:MS@N` or `point=error@N`, with commas",
        ),
        Err(_) => Vec::new(),
    });
    faults.iter().filter(|fault| fault.name == name).try_for_each(armed::Fault::pass)
}

#[cfg(feature = "faults")]
mod armed {
    use std::io;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    /// One point, what happens there, and at which passing.
    #[derive(Debug)]
    pub(super) struct Fault {
        pub(super) name: String,
        pub(super) action: Action,
        pub(super) at: u64,
        passed: AtomicU64,
    }

    #[derive(Debug, PartialEq, Eq)]
    pub(super) enum Action {
        Kill,
        Sleep(Duration),
        Error,
    }

    impl Fault {
        pub(super) fn pass(&self) -> io::Result<()> {
            if self.passed.fetch_add(1, Ordering::Relaxed) + 1 != self.at {
                return Ok(());
            }
            match self.action {
                Action::Kill => std::process::abort(),
                Action::Sleep(time) => std::thread::sleep(time),
                Action::Error => return Err(io::Error::other(format!("injected at `{}`", self.name))),
            }
            Ok(())
        }
    }

    pub(super) fn parse(text: &str) -> Option<Vec<Fault>> {
        text.split(',').filter(|part| !part.is_empty()).map(parse_one).collect()
    }

    fn parse_one(part: &str) -> Option<Fault> {
        let (name, rest) = part.split_once('=')?;
        let (action, at) = rest.split_once('@')?;
        let action = match action.split_once(':') {
            None if action == "kill" => Action::Kill,
            None if action == "error" => Action::Error,
            Some(("sleep", millis)) => Action::Sleep(Duration::from_millis(millis.parse().ok()?)),
            _ => return None,
        };
        Some(Fault { name: name.to_owned(), action, at: at.parse().ok()?, passed: AtomicU64::new(0) })
    }

    #[cfg(test)]
    mod tests {
        use super::{Action, Duration, parse};

        #[test]
        fn what_is_armed_happens_at_its_passing_and_only_then() {
            let faults = parse("a=error@2,b=sleep:7@3,c=kill@1").unwrap();
            assert_eq!(faults[1].action, Action::Sleep(Duration::from_millis(7)));
            assert_eq!((faults[2].name.as_str(), &faults[2].action), ("c", &Action::Kill));
            let passings: Vec<bool> = (0..4).map(|_| faults[0].pass().is_err()).collect();
            assert_eq!(passings, [false, true, false, false]);
            assert!(parse("a=explode@1").is_none());
            assert!(parse("a=kill").is_none());
        }
    }
}
