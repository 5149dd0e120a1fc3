use std::fmt;
use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt as _;
use object_store::path::Path;
use object_store::{
    GetOptions, GetRange, MultipartUpload, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, PutPayload,
};
use store::{Object, Objects};

use crate::runtime::Thread;

/// The pieces in which longer objects are put, in bytes: all but the last of one length, which some demand.
const PIECE: usize = 8 << 20;

/// One prefix of object storage.
pub(crate) struct Client {
    pub(crate) url: String,
    /// Below the bucket.
    pub(crate) prefix: Path,
    pub(crate) bucket: Arc<dyn ObjectStore>,
    pub(crate) thread: Thread,
    /// The longest object that is put in one request, in bytes.
    pub(crate) whole_max: u64,
}

impl Client {
    pub(crate) fn new(url: String, prefix: Path, bucket: Arc<dyn ObjectStore>, thread: Thread) -> Self {
        Self { url, prefix, bucket, thread, whole_max: PIECE as u64 }
    }

    fn path(&self, key: &str) -> Path {
        key.split('/').filter(|name| !name.is_empty()).fold(self.prefix.clone(), Path::join)
    }

    /// Puts an object in pieces. Without success, what is there of it is removed.
    fn put_pieces(&self, path: Path, bytes: &mut dyn Read, len: u64) -> io::Result<()> {
        let bucket = Arc::clone(&self.bucket);
        let mut upload = self.thread.call(async move { bucket.put_multipart(&path).await })?;
        match self.send_pieces(&mut *upload, bytes, len) {
            Ok(()) => self.thread.call(async move { upload.complete().await }).map(|_| ()),
            Err(error) => {
                // What stays has no name, and goes by a rule of the bucket.
                let _ = self.thread.call(async move { upload.abort().await });
                Err(error)
            }
        }
    }

    fn send_pieces(
        &self,
        upload: &mut dyn MultipartUpload,
        bytes: &mut dyn Read,
        len: u64,
    ) -> io::Result<()> {
        let mut left = len;
        while left > 0 {
            let piece = take(bytes, left.min(self.whole_max.min(PIECE as u64)))?;
            left -= piece.content_length() as u64;
            self.thread.call(upload.put_part(piece))?;
        }
        Ok(())
    }

    /// The length of an object.
    fn len(&self, path: Path) -> io::Result<u64> {
        let bucket = Arc::clone(&self.bucket);
        self.thread.call(async move { bucket.head(&path).await }).map(|meta| meta.size)
    }
}

impl Objects for Client {
    fn url(&self) -> &str {
        &self.url
    }

    fn put(&self, key: &str, bytes: &mut dyn Read, len: u64) -> io::Result<()> {
        let path = self.path(key);
        if len > self.whole_max {
            return self.put_pieces(path, bytes, len);
        }
        let payload = take(bytes, len)?;
        let bucket = Arc::clone(&self.bucket);
        self.thread.call(async move { bucket.put(&path, payload).await }).map(|_| ())
    }

    fn create(&self, key: &str, bytes: Vec<u8>) -> io::Result<bool> {
        let (bucket, path) = (Arc::clone(&self.bucket), self.path(key));
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.thread.call(async move { bucket.put_opts(&path, bytes.into(), options).await }) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn get(&self, key: &str) -> io::Result<Vec<u8>> {
        let (bucket, path) = (Arc::clone(&self.bucket), self.path(key));
        self.thread.call(async move { bucket.get(&path).await?.bytes().await }).map(Bytes::into)
    }

    fn read(&self, key: &str, range: Range<u64>, of: u64) -> io::Result<Vec<u8>> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let (bucket, path) = (Arc::clone(&self.bucket), self.path(key));
        let options = GetOptions { range: Some(GetRange::Bounded(range.clone())), ..GetOptions::default() };
        let read = self.thread.call(async move {
            let found = bucket.get_opts(&path, options).await?;
            let (size, there) = (found.meta.size, found.range.clone());
            // Of an object of another length nothing is wanted.
            let bytes = if size == of { found.bytes().await? } else { Bytes::new() };
            Ok((bytes, size, there))
        });
        let other_length = |size: u64| {
            io::Error::new(io::ErrorKind::UnexpectedEof, format!("it has {size} bytes instead of {of}"))
        };
        match read {
            Ok((_, size, _)) if size != of => Err(other_length(size)),
            Ok((bytes, _, there)) if there == range => Ok(bytes.into()),
            Ok((_, _, there)) => {
                Err(io::Error::other(format!("the bytes {there:?} came instead of {range:?}")))
            }
            // A range behind the end is refused in as many ways as there are servers.
            Err(error) if error.kind() == io::ErrorKind::Other => match self.len(self.path(key)) {
                Ok(size) if size != of => Err(other_length(size)),
                _ => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    fn list(&self, prefix: &str) -> io::Result<Vec<Object>> {
        let (bucket, path) = (Arc::clone(&self.bucket), self.path(prefix));
        let found =
            self.thread.call(async move { bucket.list(Some(&path)).try_collect::<Vec<_>>().await })?;
        let key = |path: &Path| {
            let names: Vec<String> =
                path.prefix_match(&self.prefix)?.map(|name| name.as_ref().to_owned()).collect();
            Some(names.join("/"))
        };
        let object =
            |found: object_store::ObjectMeta| Some(Object { key: key(&found.location)?, bytes: found.size });
        Ok(found.into_iter().filter_map(object).collect())
    }

    fn delete(&self, key: &str) -> io::Result<()> {
        let (bucket, path) = (Arc::clone(&self.bucket), self.path(key));
        match self.thread.call(async move { bucket.delete(&path).await }) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done,
        }
    }
}

impl fmt::Debug for Client {
    /// Without what the builder was told: there may be secrets in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("url", &self.url).finish_non_exhaustive()
    }
}

/// The next `len` bytes.
fn take(bytes: &mut dyn Read, len: u64) -> io::Result<PutPayload> {
    let mut taken = vec![0; usize::try_from(len).map_err(io::Error::other)?];
    bytes.read_exact(&mut taken)?;
    Ok(taken.into())
}
