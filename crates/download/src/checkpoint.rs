//! How far a download is, in `downloads/` of the data directory: the only place where this crate writes files.
//!
//! One JSON file for each URL, named by the FNV-1a hash of the whole of it, which may hold secrets; at most a few hundred bytes:
//!
//! | key | meaning |
//! |---|---|
//! | `format` | 1 |
//! | `name` | the URL without secrets, for people |
//! | `etag`, `modified` | which text it is: what the server said of it |
//! | `packed` | it is unpacked here: `offset` is then no place in what the server sends |
//! | `offset` | every line before it is acked, in bytes of the text |
//! | `complete` | that is all of it |

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use reqwest::Url;
use serde::{Deserialize, Serialize};

use crate::shared::State;

const FORMAT: u32 = 1;

/// What tells one text behind a URL from another: RFC 9110, section 8.8.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Validator {
    pub(crate) etag: Option<String>,
    pub(crate) modified: Option<String>,
}

impl Validator {
    /// What `If-Range` takes: a strong tag, or a date.
    pub(crate) fn if_range(&self) -> Option<&str> {
        self.etag.as_deref().filter(|tag| !tag.starts_with("W/")).or(self.modified.as_deref())
    }

    /// True when both are known to be of the same text.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        match (&self.etag, &other.etag) {
            (Some(one), Some(other)) => one == other,
            _ => self.modified.is_some() && self.modified == other.modified,
        }
    }
}

/// How far a download is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    format: u32,
    name: String,
    #[serde(flatten)]
    pub(crate) validator: Validator,
    pub(crate) packed: bool,
    pub(crate) offset: u64,
    pub(crate) complete: bool,
}

/// The file. A place takes that of the one before in one step, synced after the lines that it speaks of.
#[derive(Debug)]
pub(crate) struct Checkpoint {
    file: PathBuf,
    name: String,
    saved: Option<Place>,
}

impl Checkpoint {
    /// The checkpoint of a URL, and what it says. A file that nobody can read counts for none: lines then come again.
    pub(crate) fn open(data_dir: &Path, url: &Url, name: &str) -> io::Result<(Self, Option<Place>)> {
        let dir = data_dir.join("downloads");
        fs::create_dir_all(&dir)?;
        let file = dir.join(format!("{:016x}.json", hash(url.as_str())));
        let place = match fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes).ok().filter(|place: &Place| place.format == FORMAT),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        Ok((Self { file, name: name.to_owned(), saved: place.clone() }, place))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.file
    }

    /// Keeps how far it is, if that is news.
    pub(crate) fn save(&mut self, state: &State) -> io::Result<()> {
        let complete = state.complete && state.flight.is_empty();
        let place = Place {
            format: FORMAT,
            name: self.name.clone(),
            validator: state.validator.clone(),
            packed: state.packed,
            offset: state.flight.acked(),
            complete,
        };
        if self.saved.as_ref() != Some(&place) {
            self.write(&place)?;
            self.saved = Some(place);
        }
        Ok(())
    }

    #[expect(clippy::disallowed_methods, reason = "this is the disk module")]
    fn write(&self, place: &Place) -> io::Result<()> {
        let unfinished = self.file.with_extension("tmp");
        let options = File::options().write(true).create(true).truncate(true).mode(0o600).clone();
        let mut file = options.open(&unfinished)?;
        file.write_all(&serde_json::to_vec(place)?)?;
        file.sync_all()?;
        fs::rename(&unfinished, &self.file)?;
        File::open(self.file.parent().unwrap_or(Path::new(".")))?.sync_all()
    }
}

/// FNV-1a, 64 bits (Fowler, Noll, Vo).
fn hash(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use reqwest::Url;

    use super::{Checkpoint, Validator};
    use crate::shared::Shared;

    fn tag(tag: &str) -> Validator {
        Validator { etag: Some(tag.to_owned()), modified: None }
    }

    #[test]
    fn what_was_saved_is_there_and_what_nobody_can_read_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let url = Url::parse("https://h/a?token=secret").unwrap();
        let (mut checkpoint, place) = Checkpoint::open(dir.path(), &url, "https://h/a?…").unwrap();
        assert_eq!(place, None);
        let shared = Shared::new(0);
        shared.update(|state| {
            state.flight.give(b"one\ntwo\nthr");
            state.flight.ack(1);
            state.validator = tag("\"1\"");
        });
        checkpoint.save(&shared.lock()).unwrap();
        let text = std::fs::read_to_string(checkpoint.path()).unwrap();
        assert!(!text.contains("secret"), "{text}");
        let reopened = || Checkpoint::open(dir.path(), &url, "x").unwrap().1;
        let place = reopened().unwrap();
        assert_eq!((place.offset, place.complete, place.validator), (4, false, tag("\"1\"")));
        let other = Url::parse("https://h/a?token=other").unwrap();
        assert_eq!(Checkpoint::open(dir.path(), &other, "x").unwrap().1, None);

        shared.update(|state| {
            state.complete = true;
            state.flight.ack(1);
        });
        checkpoint.save(&shared.lock()).unwrap();
        assert!(reopened().unwrap().complete);
        std::fs::write(checkpoint.path(), "{").unwrap();
        assert_eq!(reopened(), None);
    }

    #[test]
    fn texts_are_the_same_only_when_a_validator_says_so() {
        let date = |date: &str| Validator { etag: None, modified: Some(date.to_owned()) };
        let none = Validator::default();
        assert!(!none.is_like(&none) && none.if_range().is_none());
        assert!(tag("1").is_like(&tag("1")) && !tag("1").is_like(&tag("2")));
        assert!(date("d").is_like(&date("d")) && !date("d").is_like(&tag("1")));
        assert_eq!(tag("W/1").if_range(), None, "a weak tag says nothing of bytes");
        let both = Validator { etag: Some("W/1".to_owned()), modified: Some("d".to_owned()) };
        assert_eq!(both.if_range(), Some("d"));
    }
}
