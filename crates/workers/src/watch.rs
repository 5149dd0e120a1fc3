use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// How often a file is looked at.
const EVERY: Duration = Duration::from_secs(1);

/// Tells when a handler's file has changed: when its time of modification or its length is another, and has been for one look, so
/// that a file which is being written is not read in the middle.
#[derive(Debug)]
pub(crate) struct Watch {
    file: PathBuf,
    loaded: Option<Look>,
    seen: Option<Look>,
    next: Duration,
}

type Look = (SystemTime, u64);

impl Watch {
    pub(crate) fn new(file: PathBuf, now: Duration) -> Self {
        let loaded = look(&file);
        Self { file, loaded, seen: loaded, next: now + EVERY }
    }

    /// When to look next.
    pub(crate) fn due(&self) -> Duration {
        self.next
    }

    /// Looks, if it is time to. True, once, when there is something new.
    pub(crate) fn changed(&mut self, now: Duration) -> bool {
        if now < self.next {
            return false;
        }
        self.next = now + EVERY;
        let look = look(&self.file);
        let settled = look.is_some() && look == self.seen && look != self.loaded;
        self.seen = look;
        if settled {
            self.loaded = look;
        }
        settled
    }
}

fn look(file: &PathBuf) -> Option<Look> {
    let about = std::fs::metadata(file).ok()?;
    Some((about.modified().ok()?, about.len()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::Watch;

    #[test]
    fn a_change_is_told_once_and_when_it_has_settled() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("h.py");
        fs::write(&file, "1").unwrap();
        let mut watch = Watch::new(file.clone(), Duration::ZERO);
        let mut at = |second: u64| watch.changed(Duration::from_secs(second));
        assert!(!at(1));
        fs::write(&file, "22").unwrap();
        assert!(!at(2));
        fs::write(&file, "333").unwrap();
        assert_eq!([at(3), at(4), at(5)], [false, true, false]);
        fs::remove_file(&file).unwrap();
        assert_eq!([at(6), at(7)], [false, false]);
    }
}
