//! A part's file, opened: the checked end of it in memory, the rest checked as it is read.

use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};
use parquet::file::reader::{ChunkReader, Length};

use super::Part;
use crate::ReadError;
use crate::disk::Source;
use crate::index::KEY;
use crate::index::directory::{BLOCK, Directory};

/// An open part. The file stays open as long as this lives, also when it is unlinked.
pub(crate) struct Opened {
    pub(crate) path: PathBuf,
    pub(crate) directory: Directory,
    /// Parquet's own, with page index, and as Arrow sees it.
    pub(crate) metadata: ArrowReaderMetadata,
    source: Source,
    bytes: u64,
    tail: (u64, u32),
}

impl Opened {
    /// Opens the file, or the remote, and reads its end, which the summary's checksum vouches for.
    pub(super) fn new(part: &Part) -> Result<Self, ReadError> {
        let Part { path, summary, schema, origin, .. } = part;
        let source = Source::open(path, origin).map_err(|error| ReadError::io(path, error))?;
        let there = source.len().map_err(|error| ReadError::io(path, error))?;
        if let Some(there) = there.filter(|there| *there != summary.bytes) {
            return Err(ReadError::damaged(
                path,
                format!("it has {there} bytes instead of {}", summary.bytes),
            ));
        }
        let tail = read_tail(path, &source, summary.bytes, summary.tail)?;
        let end = Tail { at: summary.tail.0, bytes: tail };
        let metadata = parse_metadata(&end).map_err(|error| ReadError::damaged(path, error))?;
        let directory = parse_directory(&end, &metadata)
            .ok_or_else(|| ReadError::damaged(path, "the directory of its index cannot be understood"))?;
        let options = ArrowReaderOptions::new().with_schema(Arc::clone(schema));
        let metadata = ArrowReaderMetadata::try_new(Arc::new(metadata), options)
            .map_err(|error| ReadError::damaged(path, error))?;
        let opened = Self {
            path: path.clone(),
            directory,
            metadata,
            source,
            bytes: summary.bytes,
            tail: summary.tail,
        };
        opened.check_shape()?;
        Ok(opened)
    }

    /// Bytes of the file, checked against their blocks' checksums.
    pub(crate) fn read(&self, range: Range<u64>) -> Result<Bytes, ReadError> {
        let wrong = || ReadError::damaged(&self.path, format!("bytes {range:?} are not in it"));
        if range.start > range.end || range.end > self.bytes {
            return Err(wrong());
        }
        if range.end > self.tail.0 {
            let tail = read_tail(&self.path, &self.source, self.bytes, self.tail)?;
            let Some(from) = range.start.checked_sub(self.tail.0) else {
                let before = self.read(range.start..self.tail.0)?;
                return Ok([&before, &tail[..(range.end - self.tail.0) as usize]].concat().into());
            };
            return Ok(tail.slice(from as usize..(range.end - self.tail.0) as usize));
        }
        let first = range.start / BLOCK;
        let start = first * BLOCK;
        let end = range.end.next_multiple_of(BLOCK).min(self.tail.0);
        let bytes = self.source.read(start, (end - start) as usize);
        let bytes = bytes.map_err(|error| ReadError::io(&self.path, error))?;
        for (block, bytes) in (first as usize..).zip(bytes.chunks(BLOCK as usize)) {
            if self.directory.blocks.get(block) != Some(&crc32c::crc32c(bytes)) {
                let at = block as u64 * BLOCK;
                return Err(ReadError::damaged(
                    &self.path,
                    format!("the checksum of its block at {at} is wrong"),
                ));
            }
        }
        Ok(Bytes::from(bytes).slice((range.start - start) as usize..(range.end - start) as usize))
    }

    /// The memory that it takes, in bytes, roughly.
    pub(crate) fn memory(&self) -> usize {
        // The arrow schema and what Parquet does not count.
        const BESIDES: usize = 16 << 10;
        self.metadata.metadata().memory_size() + self.directory.memory() + BESIDES
    }

    /// The directory and Parquet's footer speak of the same rows.
    fn check_shape(&self) -> Result<(), ReadError> {
        let groups = self.metadata.metadata().row_groups();
        let pages = &self.directory.row_groups;
        let same = groups.len() == pages.len()
            && groups.iter().zip(pages).all(|(group, pages)| {
                group.num_rows() == pages.iter().map(|page| i64::from(page.rows)).sum::<i64>()
            });
        same.then_some(())
            .ok_or_else(|| ReadError::damaged(&self.path, "index and footer count different rows"))
    }
}

fn read_tail(path: &Path, source: &Source, bytes: u64, (at, crc): (u64, u32)) -> Result<Bytes, ReadError> {
    let len = bytes.checked_sub(at).and_then(|len| usize::try_from(len).ok());
    let len = len.ok_or_else(|| ReadError::damaged(path, "its index begins after its end"))?;
    let tail = source.read(at, len).map_err(|error| ReadError::io(path, error))?;
    if crc32c::crc32c(&tail) != crc {
        return Err(ReadError::damaged(path, "the checksum of its index and footer is wrong"));
    }
    Ok(tail.into())
}

fn parse_metadata(end: &Tail) -> ParquetResult<ParquetMetaData> {
    ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Optional).parse_and_finish(end)
}

fn parse_directory(end: &Tail, metadata: &ParquetMetaData) -> Option<Directory> {
    let place = metadata.file_metadata().key_value_metadata()?.iter().find(|entry| entry.key == KEY)?;
    let mut numbers = place.value.as_deref()?.split(',').map(|number| number.parse::<u64>().ok());
    let mut number = || numbers.next().flatten();
    let (version, at, len, _) = (number()?, number()?, number()?, number()?);
    if at != end.at {
        return None;
    }
    Directory::decode(end.bytes.get(..usize::try_from(len).ok()?)?, u32::try_from(version).ok()?)
}

/// The end of the file, for Parquet's footer reader.
struct Tail {
    at: u64,
    bytes: Bytes,
}

impl Length for Tail {
    fn len(&self) -> u64 {
        self.at + self.bytes.len() as u64
    }
}

impl ChunkReader for Tail {
    type T = io::Cursor<Bytes>;

    fn get_read(&self, start: u64) -> ParquetResult<Self::T> {
        let length = Length::len(self).saturating_sub(start);
        Ok(io::Cursor::new(self.get_bytes(start, length as usize)?))
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        let from = start.checked_sub(self.at).and_then(|from| usize::try_from(from).ok());
        let range = from.and_then(|from| Some(from..from.checked_add(length)?));
        match range {
            Some(range) if range.end <= self.bytes.len() => Ok(self.bytes.slice(range)),
            _ => Err(ParquetError::EOF(format!("{length} bytes at {start} are not in the end of the file"))),
        }
    }
}

/// The file for Parquet's readers. It remembers the first error, which does not come through them unchanged.
#[derive(Clone)]
pub(crate) struct Chunks {
    pub(crate) opened: Arc<Opened>,
    pub(crate) failed: Arc<Mutex<Option<ReadError>>>,
}

impl Chunks {
    fn read(&self, range: Range<u64>) -> ParquetResult<Bytes> {
        self.opened.read(range).map_err(|error| {
            let what = error.to_string();
            self.failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
            ParquetError::General(what)
        })
    }
}

impl Length for Chunks {
    fn len(&self) -> u64 {
        self.opened.bytes
    }
}

impl ChunkReader for Chunks {
    type T = ChunkRead;

    fn get_read(&self, start: u64) -> ParquetResult<Self::T> {
        Ok(ChunkRead { chunks: self.clone(), at: start, ready: Bytes::new() })
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        self.read(start..start.saturating_add(length as u64))
    }
}

/// Reads on from some place, a few blocks at a time.
pub(crate) struct ChunkRead {
    chunks: Chunks,
    at: u64,
    ready: Bytes,
}

impl Read for ChunkRead {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.ready.is_empty() {
            let end = (self.at / BLOCK * BLOCK + 4 * BLOCK).min(self.chunks.opened.bytes);
            self.ready = self.chunks.read(self.at..end.max(self.at)).map_err(io::Error::other)?;
            self.at += self.ready.len() as u64;
        }
        let count = to.len().min(self.ready.len());
        to[..count].copy_from_slice(&self.ready.split_to(count));
        Ok(count)
    }
}
