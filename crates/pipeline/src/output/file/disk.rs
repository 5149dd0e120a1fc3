//! The only place where this crate opens files.

use std::fmt::Debug;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use record::fault;

/// A file and a small state beside it.
pub(super) trait Disk: Debug + Send {
    fn length(&self) -> io::Result<u64>;

    /// Cuts the file, or fills it with zeros.
    fn set_length(&mut self, length: u64) -> io::Result<()>;

    /// Writes all of `bytes`, or fails having written any part of them.
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Makes the file durable, with its length.
    fn sync(&mut self) -> io::Result<()>;

    /// The state, if there is one.
    fn load(&mut self) -> io::Result<Option<Vec<u8>>>;

    /// Puts a state in place of the old one, durably: at any instant one of both is there.
    fn save(&mut self, state: &str) -> io::Result<()>;
}

/// The file system.
#[derive(Debug)]
pub(super) struct RealDisk {
    file: File,
    state: PathBuf,
}

impl RealDisk {
    /// Opens the file, or makes one, durably, and locks it.
    #[expect(clippy::disallowed_methods, reason = "this is the disk module")]
    pub(super) fn open(path: &Path, state: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(ErrorKind::WouldBlock.into()),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        sync_dir_of(path)?;
        Ok(Self { file, state: state.to_owned() })
    }
}

impl Disk for RealDisk {
    fn length(&self) -> io::Result<u64> {
        self.file.metadata().map(|metadata| metadata.len())
    }

    fn set_length(&mut self, length: u64) -> io::Result<()> {
        self.file.set_len(length)
    }

    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        fault::point("file-write")?;
        self.file.write_all_at(bytes, offset)?;
        fault::point("file-written")
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()?;
        fault::point("file-synced")
    }

    fn load(&mut self) -> io::Result<Option<Vec<u8>>> {
        match fs::read(&self.state) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "this is the disk module")]
    fn save(&mut self, state: &str) -> io::Result<()> {
        let mut tmp = self.state.clone().into_os_string();
        tmp.push(".tmp");
        let mut file = File::create(&tmp)?;
        file.write_all(state.as_bytes())?;
        file.sync_all()?;
        fault::point("file-state-written")?;
        fs::rename(&tmp, &self.state)?;
        fault::point("file-state-renamed")?;
        sync_dir_of(&self.state)
    }
}

/// Makes the name of a file durable.
#[expect(clippy::disallowed_methods, reason = "this is the disk module")]
fn sync_dir_of(path: &Path) -> io::Result<()> {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty());
    File::open(dir.unwrap_or(Path::new(".")))?.sync_all()
}
