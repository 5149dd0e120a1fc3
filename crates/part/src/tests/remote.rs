//! Parts whose bytes are elsewhere.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow_array::RecordBatch;

use super::{Row, part, small};
use crate::{Part, ReadError, Remote};

/// Bytes of a part, or why there are none.
#[derive(Debug)]
struct Elsewhere {
    bytes: Result<Vec<u8>, io::ErrorKind>,
    reads: AtomicU64,
}

impl Elsewhere {
    fn new(bytes: Result<Vec<u8>, io::ErrorKind>) -> Arc<Self> {
        Arc::new(Self { bytes, reads: AtomicU64::new(0) })
    }
}

impl Remote for Elsewhere {
    fn read(&self, at: u64, len: usize) -> io::Result<Vec<u8>> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let bytes = self.bytes.as_ref().map_err(|kind| io::Error::from(*kind))?;
        // A careless one: what is missing is left out.
        let from = bytes.len().min(at as usize);
        Ok(bytes[from..bytes.len().min(from + len)].to_vec())
    }
}

fn written(dir: &Path) -> Arc<Part> {
    let rows: Vec<Row> = (0..150).map(|n| Row::plain(n, n as i64, &format!("request {n} done"))).collect();
    part(dir, "part", &rows, &small())
}

fn rows(part: &Part) -> Result<Vec<RecordBatch>, ReadError> {
    part.scan(None, None, 50)?.collect()
}

#[test]
fn a_file_is_read_while_there_is_one_and_then_the_remote() {
    let dir = tempfile::tempdir().unwrap();
    let whole = written(dir.path());
    let all = rows(&whole).unwrap();
    let elsewhere = Elsewhere::new(std::fs::read(whole.path()).map_err(|error| error.kind()));
    let remote: Arc<dyn Remote> = elsewhere.clone();
    let part = Part::open_or_remote(whole.path().to_owned(), whole.summary().clone(), remote);
    part.verify().unwrap();
    assert_eq!(rows(&part).unwrap(), all);
    assert_eq!(elsewhere.reads.load(Ordering::Relaxed), 0);
    let scan = part.scan(None, None, 50).unwrap();
    std::fs::remove_file(whole.path()).unwrap();
    part.close();
    assert_eq!(scan.map(Result::unwrap).collect::<Vec<_>>(), all, "who reads the file goes on");
    assert_eq!(elsewhere.reads.load(Ordering::Relaxed), 0);
    assert_eq!(rows(&part).unwrap(), all);
    part.verify().unwrap();
    assert!(elsewhere.reads.load(Ordering::Relaxed) > 0);
}

#[test]
fn what_comes_from_elsewhere_is_checked_as_a_file_is() {
    let dir = tempfile::tempdir().unwrap();
    let whole = written(dir.path());
    let (all, bytes) = (rows(&whole).unwrap(), std::fs::read(whole.path()).unwrap());
    let read = |bytes: Vec<u8>| {
        let part =
            Part::open_remote(PathBuf::from("far"), whole.summary().clone(), Elsewhere::new(Ok(bytes)));
        (part.verify(), rows(&part))
    };
    let (verified, found) = read(bytes.clone());
    assert_eq!((verified.is_ok(), found.unwrap()), (true, all.clone()));
    for at in (0..bytes.len()).step_by(97) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (at % 8);
        let (verified, found) = read(damaged);
        assert!(verified.unwrap_err().is_damage(), "at {at}");
        match found {
            Ok(found) => assert_eq!(found, all, "at {at}"),
            Err(error) => assert!(error.is_damage(), "at {at}: {error}"),
        }
        let (verified, found) = read(bytes[..at].to_vec());
        let error = verified.unwrap_err();
        assert!(error.to_string().contains("`far`") && found.is_err(), "{error}");
    }
}

#[test]
fn only_what_is_gone_for_good_is_damage() {
    let dir = tempfile::tempdir().unwrap();
    let whole = written(dir.path());
    use io::ErrorKind::{ConnectionRefused, NotFound, Other, PermissionDenied, TimedOut, UnexpectedEof};
    let kinds = [NotFound, UnexpectedEof, Other, TimedOut, PermissionDenied, ConnectionRefused].map(|kind| {
        let gone = Elsewhere::new(Err(kind));
        let part = Part::open_or_remote(dir.path().join("gone"), whole.summary().clone(), gone);
        let (verified, read) = (part.verify().unwrap_err(), rows(&part).unwrap_err());
        assert_eq!(verified.is_damage(), read.is_damage());
        verified.is_damage()
    });
    assert_eq!(kinds, [true, true, false, false, false, false]);
}
