//! Which files to begin with: the ones that another run did not finish, and the one that the path names now.

use std::cmp::Reverse;
use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use tracing::{info, warn};

use crate::ServeError;
use crate::cursor::{Cursor, FileId};
use crate::disk;
use crate::followed::Followed;

/// The files to send, oldest first, each to its end; the last one is what `path` names, if it is there.
///
/// The cursor's file is looked for at the path, then under any name in the same directory, because it may have been
/// rotated. In that case files that were rotated after it (their names are the path's and digits, such as `log.1` or
/// `log-2024-05-01`, and they were written no earlier) come next. If it is nowhere, the path's file is sent from its
/// beginning.
pub(crate) fn locate(path: &Path, cursor: Option<Cursor>) -> Result<Vec<Followed>, ServeError> {
    let failed = |source| ServeError::Open { path: path.to_owned(), source };
    let current = open_regular(path)?;
    let Some(cursor) = cursor else {
        return current.map(Followed::new).into_iter().collect::<io::Result<_>>().map_err(failed);
    };
    if let Some(file) = &current
        && cursor.is_in(file).map_err(failed)?
    {
        info!(file = %path.display(), offset = cursor.offset, "goes on where the last run ended");
        return Ok(vec![Followed::at(file.try_clone().map_err(failed)?, cursor)]);
    }
    let mut files = rotated(path, cursor, current.as_ref()).map_err(failed)?;
    if files.is_empty() {
        warn!(file = %path.display(), "not the file of the last run, and that is not beside it: begins at its beginning");
    }
    if let Some(file) = current {
        files.push(Followed::new(file).map_err(failed)?);
    }
    Ok(files)
}

/// Opens what the path names; `None` if nothing is there.
pub(crate) fn open_regular(path: &Path) -> Result<Option<File>, ServeError> {
    let open = || -> io::Result<Result<File, Metadata>> {
        let metadata = fs::metadata(path)?;
        // Opening a named pipe would wait for its writer.
        Ok(if metadata.is_file() { Ok(disk::open(path)?) } else { Err(metadata) })
    };
    match open() {
        Ok(Ok(file)) => Ok(Some(file)),
        Ok(Err(metadata)) if metadata.is_dir() => Err(ServeError::Directory { path: path.to_owned() }),
        Ok(Err(_)) => Err(ServeError::NotRegular { path: path.to_owned() }),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ServeError::Open { path: path.to_owned(), source }),
    }
}

/// The cursor's file and the ones that were rotated after it, from the directory of `path`.
fn rotated(path: &Path, cursor: Cursor, current: Option<&File>) -> io::Result<Vec<Followed>> {
    let current = current.map(File::metadata).transpose()?.map(|metadata| FileId::of(&metadata));
    let mut siblings = siblings(path)?;
    siblings.retain(|sibling| Some(FileId::of(&sibling.metadata)) != current);
    let Some(found) = siblings.iter().find(|sibling| FileId::of(&sibling.metadata) == cursor.id) else {
        return Ok(Vec::new());
    };
    let file = disk::open(&found.path)?;
    if !cursor.is_in(&file)? {
        return Ok(Vec::new());
    }
    info!(file = %found.path.display(), offset = cursor.offset, "was rotated since the last run, and is finished first");
    let written = found.written();
    let mut files = vec![Followed::at(file, cursor)];
    siblings.retain(|sibling| {
        FileId::of(&sibling.metadata) != cursor.id
            && sibling.written() >= written
            && is_rotation_of(path, &sibling.path)
    });
    // Of two files written at the same moment, `log.2` is older than `log.1`.
    siblings.sort_by_key(|sibling| (sibling.written(), Reverse(sibling.path.clone())));
    for sibling in siblings {
        info!(file = %sibling.path.display(), "was rotated since the last run, and is sent next");
        files.push(Followed::new(disk::open(&sibling.path)?)?);
    }
    Ok(files)
}

/// A regular file in the directory of the input.
struct Sibling {
    path: PathBuf,
    metadata: Metadata,
}

impl Sibling {
    /// When it was last written, in seconds and nanoseconds.
    fn written(&self) -> (i64, i64) {
        (self.metadata.mtime(), self.metadata.mtime_nsec())
    }
}

fn siblings(path: &Path) -> io::Result<Vec<Sibling>> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut siblings = Vec::new();
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(siblings),
        other => other?,
    };
    for entry in entries {
        let path = entry?.path();
        // A file that goes away meanwhile is not one to begin with.
        if let Ok(metadata) = fs::symlink_metadata(&path)
            && metadata.is_file()
        {
            siblings.push(Sibling { path, metadata });
        }
    }
    Ok(siblings)
}

/// Whether `name` is what rotation makes of the path's name: `log.1`, `log-20240501`, `log.2024-05-01`.
fn is_rotation_of(path: &Path, name: &Path) -> bool {
    let bytes =
        |path: &Path| path.file_name().map(|name| name.as_encoded_bytes().to_vec()).unwrap_or_default();
    let (path, name) = (bytes(path), bytes(name));
    name.strip_prefix(path.as_slice()).is_some_and(|suffix| {
        matches!(suffix.first(), Some(b'.' | b'-' | b'_'))
            && suffix.iter().any(u8::is_ascii_digit)
            && suffix.iter().all(|byte| byte.is_ascii_digit() || b".-_:T".contains(byte))
    })
}

#[cfg(test)]
mod tests {
    use super::is_rotation_of;
    use std::path::Path;

    #[test]
    fn knows_the_names_rotation_gives() {
        let is = |name: &str| is_rotation_of(Path::new("/var/app.log"), Path::new(name));
        assert!(is("app.log.1") && is("/var/app.log-20240501") && is("app.log.2024-05-01T10:00"));
        assert!(
            !is("app.log")
                && !is("app.log.gz")
                && !is("app.log.1.gz")
                && !is("app.log1")
                && !is("other.log.1")
        );
        assert!(!is("app.log.") && !is("app.log.lock"));
    }
}
