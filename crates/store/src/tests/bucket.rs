use std::collections::BTreeMap;
use std::io::{self, Read};
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Faults;
use crate::{Object, Objects, Remote};

/// How long objects stay that no manifest lists any more.
pub(crate) const LINGER: Duration = Duration::from_secs(600);

/// Object storage in memory. Clones are of the same bucket.
///
/// It takes part in a test's faults: before and after each change there is a point, so that a change can fail, can be cut
/// off half-way, or can happen without an answer.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    url: String,
    faults: Faults,
    inner: Arc<Mutex<Inner>>,
    gate: Gate,
}

/// Where calls wait until a test lets them go.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gate(Arc<(Mutex<Shut>, Condvar)>);

#[derive(Debug, Default)]
struct Shut {
    prefix: Option<&'static str>,
    waiting: bool,
}

impl Gate {
    pub(crate) fn open(&self) {
        self.0.0.lock().unwrap().prefix = None;
        self.0.1.notify_all();
    }

    pub(crate) fn wait_for_someone(&self) {
        drop(self.0.1.wait_while(self.0.0.lock().unwrap(), |shut| !shut.waiting).unwrap());
    }

    fn pass(&self, prefix: &str) {
        let mut shut = self.0.0.lock().unwrap();
        while shut.prefix == Some(prefix) {
            shut.waiting = true;
            self.0.1.notify_all();
            shut = self.0.1.wait(shut).unwrap();
        }
    }
}

#[derive(Debug, Default)]
struct Inner {
    objects: BTreeMap<String, Vec<u8>>,
    down: bool,
    reads: u64,
}

impl Bucket {
    pub(crate) fn new() -> Self {
        Self {
            url: "mem://bucket/prefix".to_owned(),
            faults: Faults::default(),
            inner: Arc::default(),
            gate: Gate::default(),
        }
    }

    /// Who lists this prefix waits.
    pub(crate) fn hang_when_listed(&self, prefix: &'static str) -> Gate {
        self.gate.0.0.lock().unwrap().prefix = Some(prefix);
        self.gate.clone()
    }

    /// The same objects, as a process with these faults sees them.
    pub(crate) fn seen_with(&self, faults: &Faults) -> Self {
        Self { faults: faults.clone(), ..self.clone() }
    }

    /// The same objects under another URL.
    pub(crate) fn copied_to(&self, url: &str) -> Self {
        let objects = self.inner().objects.clone();
        let inner = Arc::new(Mutex::new(Inner { objects, ..Inner::default() }));
        Self { url: url.to_owned(), faults: Faults::default(), inner, gate: Gate::default() }
    }

    pub(crate) fn remote(&self, cache_bytes: u64) -> Remote {
        Remote { linger: LINGER, ..Remote::new(Arc::new(self.clone()), cache_bytes) }
    }

    /// Whether it cannot be reached.
    pub(crate) fn set_down(&self, down: bool) {
        self.inner().down = down;
    }

    pub(crate) fn keys(&self, prefix: &str) -> Vec<String> {
        self.inner().objects.keys().filter(|key| key.starts_with(prefix)).cloned().collect()
    }

    pub(crate) fn remove(&self, prefix: &str) {
        self.inner().objects.retain(|key, _| !key.starts_with(prefix));
    }

    pub(crate) fn change(&self, key: &str, change: impl FnOnce(&mut Vec<u8>)) {
        change(self.inner().objects.get_mut(key).unwrap());
    }

    pub(crate) fn insert(&self, key: &str, bytes: &[u8]) {
        self.inner().objects.insert(key.to_owned(), bytes.to_vec());
    }

    /// How many reads of bytes there were.
    pub(crate) fn reads(&self) -> u64 {
        self.inner().reads
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reached(&self) -> io::Result<MutexGuard<'_, Inner>> {
        let inner = self.inner();
        if inner.down { Err(io::Error::new(io::ErrorKind::TimedOut, "no answer")) } else { Ok(inner) }
    }
}

impl Objects for Bucket {
    fn url(&self) -> &str {
        &self.url
    }

    fn put(&self, key: &str, bytes: &mut dyn Read, len: u64) -> io::Result<()> {
        self.faults.pass("before-object-put")?;
        let mut whole = vec![0; len as usize];
        let (one, other) = whole.split_at_mut(len as usize / 2);
        bytes.read_exact(one)?;
        self.faults.pass("object-half-put")?;
        bytes.read_exact(other)?;
        let mut inner = self.reached()?;
        let before = inner.objects.insert(key.to_owned(), whole.clone());
        assert!(
            before.is_none_or(|before| before == whole || before.len() != whole.len()),
            "`{key}` was replaced"
        );
        drop(inner);
        self.faults.pass("object-put")
    }

    fn create(&self, key: &str, bytes: Vec<u8>) -> io::Result<bool> {
        self.faults.pass("before-object-created")?;
        let mut inner = self.reached()?;
        let free = !inner.objects.contains_key(key);
        if free {
            inner.objects.insert(key.to_owned(), bytes);
        }
        drop(inner);
        self.faults.pass("object-created")?;
        Ok(free)
    }

    fn get(&self, key: &str) -> io::Result<Vec<u8>> {
        self.reached()?.objects.get(key).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn read(&self, key: &str, range: Range<u64>, of: u64) -> io::Result<Vec<u8>> {
        let mut inner = self.reached()?;
        inner.reads += 1;
        let bytes = inner.objects.get(key).ok_or(io::ErrorKind::NotFound)?;
        if bytes.len() as u64 != of {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!("it has {} bytes", bytes.len()),
            ));
        }
        Ok(bytes[range.start as usize..range.end as usize].to_vec())
    }

    fn list(&self, prefix: &str) -> io::Result<Vec<Object>> {
        self.gate.pass(prefix);
        self.faults.pass("before-objects-listed")?;
        let inner = self.reached()?;
        let below = inner.objects.iter().filter(|(key, _)| key.starts_with(prefix));
        Ok(below.map(|(key, bytes)| Object { key: key.clone(), bytes: bytes.len() as u64 }).collect())
    }

    fn delete(&self, key: &str) -> io::Result<()> {
        self.faults.pass("before-object-deleted")?;
        self.reached()?.objects.remove(key);
        self.faults.pass("object-deleted")
    }
}
