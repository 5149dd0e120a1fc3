use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Disk, DiskFile};

const LOCK: &str = "lock";

/// A directory of the file system.
///
/// Owns no open file; the files it hands out close when they are dropped.
#[derive(Clone, Debug)]
pub struct RealDisk {
    dir: PathBuf,
}

impl RealDisk {
    /// The directory `dir`. It need not exist before [`Disk::make_dir`] is called.
    pub fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    #[expect(clippy::disallowed_methods, reason = "this is the journal's disk module")]
    fn open_with(&self, name: &str, options: &OpenOptions) -> io::Result<File> {
        options.open(self.path(name))
    }
}

impl Disk for RealDisk {
    fn lock(&self) -> io::Result<Box<dyn Send>> {
        let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).clone();
        let mut file = self.open_with(LOCK, &options)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut owner = String::new();
                // The number only helps the reader of the message; without it there still is one.
                let _ = file.read_to_string(&mut owner);
                let owner = if owner.trim().is_empty() { "?" } else { owner.trim() };
                return Err(io::Error::new(io::ErrorKind::WouldBlock, format!("in use by process {owner}")));
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
        file.set_len(0)?;
        writeln!(file, "{}", std::process::id())?;
        Ok(Box::new(file))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let options = OpenOptions::new().read(true).write(true).create(true).truncate(true).clone();
        Ok(Arc::new(self.open_with(name, &options)?))
    }

    #[cfg(target_os = "linux")]
    fn create_to_fill(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        use std::os::unix::fs::OpenOptionsExt as _;
        // Past the page cache: zeros need no copying, and push nothing out of memory that is needed.
        let direct = rustix::fs::OFlags::DIRECT.bits() as i32;
        let options = OpenOptions::new().write(true).create(true).truncate(true).custom_flags(direct).clone();
        match self.open_with(name, &options) {
            Ok(file) => Ok(Arc::new(file)),
            // Not every file system can.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => self.create(name),
            Err(error) => Err(error),
        }
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(self.open_with(name, OpenOptions::new().read(true).write(true))?))
    }

    fn open_to_read(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(self.open_with(name, OpenOptions::new().read(true))?))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path(from), self.path(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path(name))
    }

    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.path(dir))? {
            let entry = entry?;
            if !entry.file_type()?.is_dir() {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        Ok(names)
    }

    fn make_dir(&self, dir: &str) -> io::Result<()> {
        let path = self.path(dir);
        if path.is_dir() {
            return Ok(());
        }
        fs::create_dir_all(&path)?;
        match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => sync_directory(parent),
            _ => sync_directory(Path::new(".")),
        }
    }

    fn sync_dir(&self, dir: &str) -> io::Result<()> {
        sync_directory(&self.path(dir))
    }

    fn path(&self, name: &str) -> PathBuf {
        if name.is_empty() { self.dir.clone() } else { self.dir.join(name) }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the journal's disk module")]
fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

impl DiskFile for File {
    fn read_at(&self, mut buffer: &mut [u8], mut offset: u64) -> io::Result<usize> {
        let wanted = buffer.len();
        while !buffer.is_empty() {
            match std::os::unix::fs::FileExt::read_at(self, buffer, offset) {
                Ok(0) => break,
                Ok(n) => {
                    buffer = &mut buffer[n..];
                    offset += n as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(wanted - buffer.len())
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }

    #[cfg(target_os = "linux")]
    fn evict(&self) {
        // Advice: there is nothing to do when it is not taken.
        let _ = rustix::fs::fadvise(self, 0, None, rustix::fs::Advice::DontNeed);
    }

    fn len(&self) -> io::Result<u64> {
        self.metadata().map(|metadata| metadata.len())
    }
}
