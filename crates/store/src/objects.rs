use std::fmt;
use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// Object storage, as a store uses it: whole objects under keys, below one prefix that belongs to one store.
///
/// Calls block until they are done, and every call ends by itself, with an error if need be, within a time that suits a
/// background service (a minute or so). After an error it is not known whether what was asked for happened; asking again
/// is always allowed. Keys have no leading slash. Error messages need not name the object, [`Objects::url`] is put
/// before them; they hold no secrets.
pub trait Objects: fmt::Debug + Send + Sync {
    /// The prefix, as a person knows it, without a slash at the end and without secrets: `s3://bucket/prefix`. It is kept
    /// to recognise the place.
    fn url(&self) -> &str;

    /// Puts an object of `len` bytes, in place of one that is there. It is there as a whole or not at all; memory for some
    /// megabytes is taken, however long it is. When reading `bytes` fails, nothing is put.
    ///
    /// # Errors
    /// When it may not be there.
    fn put(&self, key: &str, bytes: &mut dyn Read, len: u64) -> io::Result<()>;

    /// Puts an object unless there is one with this key, in one atomic step. False when there is one.
    ///
    /// # Errors
    /// When it is not known.
    fn create(&self, key: &str, bytes: Vec<u8>) -> io::Result<bool>;

    /// A whole object.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] when there is none, other kinds when it cannot be read.
    fn get(&self, key: &str) -> io::Result<Vec<u8>>;

    /// These bytes of an object that has `of` bytes.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] when there is none, [`io::ErrorKind::UnexpectedEof`] when it has another length, other
    /// kinds when it cannot be read.
    fn read(&self, key: &str, range: Range<u64>, of: u64) -> io::Result<Vec<u8>>;

    /// All objects whose keys begin with `prefix`, which ends with a slash. What was put before is there.
    ///
    /// # Errors
    /// When they cannot be listed.
    fn list(&self, prefix: &str) -> io::Result<Vec<Object>>;

    /// Removes an object. That there is none is no error.
    ///
    /// # Errors
    /// When it may still be there.
    fn delete(&self, key: &str) -> io::Result<()>;
}

/// An object that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Its key, below the prefix.
    pub key: String,
    /// Its length.
    pub bytes: u64,
}

/// A prefix of object storage, and how much of it may be on this disk.
#[derive(Clone, Debug)]
pub struct Remote {
    /// The prefix.
    pub objects: Arc<dyn Objects>,
    /// The local copies of what is there take at most so many bytes: one half for whole parts, the newest ones, the other
    /// for blocks of older parts that were read. 0: nothing is kept that is not needed.
    pub cache_bytes: u64,
    /// So long after the manifest that no longer lists them, objects are removed: who reads there may hold the one before.
    /// Whoever reads all files instead of those that a manifest lists may meet the rows of a merge twice meanwhile.
    pub linger: Duration,
}

impl Remote {
    /// Where objects linger for two minutes.
    pub fn new(objects: Arc<dyn Objects>, cache_bytes: u64) -> Self {
        Self { objects, cache_bytes, linger: Duration::from_secs(120) }
    }
}
