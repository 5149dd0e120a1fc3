use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use record::clock;

/// How often a file is looked at, at most.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What a stage needs of a file, read again when the file has changed.
///
/// What it owns: what was made of the file, once for all stages that are told the same ([`Shelf`]). What bounds it: whoever reads the
/// file; while it is read again, there are two. It needs no stop. A new file that is bad or gone changes nothing: that is logged
/// once, and told until it is mended.
#[derive(Debug)]
pub(super) struct Loaded<T> {
    path: PathBuf,
    state: Mutex<State<T>>,
}

#[derive(Debug)]
struct State<T> {
    value: Arc<T>,
    /// What was read last, good or bad; `None` while nothing is there.
    stamp: Option<Stamp>,
    looked: Duration,
    trouble: Option<String>,
}

/// Tells one state of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    modified: (i64, i64),
    bytes: u64,
    inode: u64,
}

/// Makes something of a file, or says what is wrong with it.
pub(super) trait Load<T>: Fn(File, &Path) -> Result<T, String> {}

impl<T, F: Fn(File, &Path) -> Result<T, String>> Load<T> for F {}

impl<T> Loaded<T> {
    pub(super) fn new(path: &Path, load: impl Load<T>) -> Result<Self, String> {
        let (value, stamp) = read(path, load);
        let state = State { value: Arc::new(value?), stamp, looked: clock::monotonic(), trouble: None };
        Ok(Self { path: path.to_owned(), state: Mutex::new(state) })
    }

    /// What the file says; about once a second, that is looked at. Who comes while it is read again waits.
    pub(super) fn get(&self, load: impl Load<T>) -> Arc<T> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock::monotonic();
        if now.saturating_sub(state.looked) >= LOOK_EVERY {
            state.looked = now;
            state.look(&self.path, load);
        }
        Arc::clone(&state.value)
    }

    /// What is wrong with the file as it is now.
    pub(super) fn trouble(&self) -> Option<String> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).trouble.clone()
    }
}

impl<T> State<T> {
    fn look(&mut self, path: &Path, load: impl Load<T>) {
        let now = std::fs::metadata(path).map(|metadata| Stamp::of(&metadata));
        if self.stamp.is_some() && now.as_ref().ok() == self.stamp.as_ref() {
            return;
        }
        let path_shown = path.display();
        let (value, stamp) = read(path, load);
        self.stamp = stamp;
        match value {
            Ok(value) => {
                (self.value, self.trouble) = (Arc::new(value), None);
                tracing::info!(file = %path_shown, "it has changed, and was read again");
            }
            Err(trouble) if self.trouble.as_ref() != Some(&trouble) => {
                tracing::warn!(trouble, "the file has changed, and what it said before still holds");
                self.trouble = Some(trouble);
            }
            Err(_) => {}
        }
    }
}

impl Stamp {
    fn of(metadata: &std::fs::Metadata) -> Self {
        let modified = (metadata.mtime(), metadata.mtime_nsec());
        Self { modified, bytes: metadata.len(), inode: metadata.ino() }
    }
}

fn read<T>(path: &Path, load: impl Load<T>) -> (Result<T, String>, Option<Stamp>) {
    match open(path) {
        // The stamp is older than what is read: a change in between is seen the next time.
        Ok((file, stamp)) => (load(file, path), Some(stamp)),
        Err(error) => (Err(format!("`{}` cannot be read: {error}", path.display())), None),
    }
}

#[expect(clippy::disallowed_methods, reason = "a file of the user's own, which a test writes as it likes")]
fn open(path: &Path) -> io::Result<(File, Stamp)> {
    let file = File::open(path)?;
    let stamp = Stamp::of(&file.metadata()?);
    Ok((file, stamp))
}

/// What is loaded, for stages that are told the same: a table is in memory once, however many pipelines and readers use it. It goes
/// when the last of them does.
pub(super) struct Shelf<K, T>(Mutex<Vec<(K, Weak<Loaded<T>>)>>);

impl<K: PartialEq + Clone, T> Shelf<K, T> {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    pub(super) fn get(&self, key: &K, path: &Path, load: impl Load<T>) -> Result<Arc<Loaded<T>>, String> {
        let mut shelf = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.retain(|(_, loaded)| loaded.strong_count() > 0);
        let found = shelf.iter().find(|(other, _)| other == key).and_then(|(_, loaded)| loaded.upgrade());
        if let Some(loaded) = found {
            return Ok(loaded);
        }
        let loaded = Arc::new(Loaded::new(path, load)?);
        shelf.push((key.clone(), Arc::downgrade(&loaded)));
        Ok(loaded)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Read as _;
    use std::path::Path;
    use std::sync::Arc;
    use std::time::{Duration, UNIX_EPOCH};

    use super::{Loaded, Shelf};

    fn load(mut file: File, _: &Path) -> Result<String, String> {
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(|error| error.to_string())?;
        if text.starts_with("bad") { Err(text) } else { Ok(text) }
    }

    /// As if a second had passed.
    fn get(loaded: &Loaded<String>) -> (String, Option<String>) {
        loaded.state.lock().unwrap().looked = Duration::ZERO;
        (loaded.get(load).to_string(), loaded.trouble())
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "only an open file can be given another time")]
    fn a_changed_file_counts_unless_it_is_bad() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        assert!(Loaded::new(&path, load).unwrap_err().contains("No such file"));
        // Each second another time of change, however seldom the file system's clock ticks.
        let mut second = 0;
        let mut write = |text: &str| {
            std::fs::write(&path, text).unwrap();
            second += 1;
            let modified = UNIX_EPOCH + Duration::from_secs(second);
            File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
        };
        write("one");
        let loaded = Loaded::new(&path, load).unwrap();
        assert_eq!(get(&loaded), ("one".to_owned(), None));
        write("other");
        assert_eq!(get(&loaded), ("other".to_owned(), None));
        write("bad one");
        assert_eq!(get(&loaded), ("other".to_owned(), Some("bad one".to_owned())));
        std::fs::rename(&path, dir.path().join("g")).unwrap();
        assert!(get(&loaded).1.unwrap().contains("No such file"));
        write("again");
        assert_eq!(get(&loaded), ("again".to_owned(), None));
        // Replaced by another file of the same length and time.
        let other = dir.path().join("h");
        std::fs::write(&other, "AGAIN").unwrap();
        let modified = std::fs::metadata(&path).unwrap().modified().unwrap();
        File::options().write(true).open(&other).unwrap().set_modified(modified).unwrap();
        std::fs::rename(&other, &path).unwrap();
        assert_eq!(get(&loaded), ("AGAIN".to_owned(), None));
    }

    #[test]
    fn those_who_are_told_the_same_share_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        std::fs::write(&path, "one").unwrap();
        let shelf: Shelf<u8, String> = Shelf::new();
        let one = shelf.get(&1, &path, load).unwrap();
        assert!(Arc::ptr_eq(&one, &shelf.get(&1, &path, load).unwrap()));
        assert!(!Arc::ptr_eq(&one, &shelf.get(&2, &path, load).unwrap()));
        drop(one);
        shelf.get(&3, &path, load).unwrap();
        assert_eq!(shelf.0.lock().unwrap().len(), 1);
    }
}
