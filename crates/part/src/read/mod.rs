//! A file becomes rows again.

mod bloom;
mod cache;
mod look;
mod opened;
mod scan;
mod select;
mod verify;

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow_schema::SchemaRef;
use bytes::Bytes;
use parquet::arrow::arrow_reader::RowSelection;
use parquet::file::metadata::ParquetMetaData;

use self::cache::Cache;
pub use self::look::Look;
use self::opened::Opened;
pub use self::scan::Scan;
use crate::columns::{LEVEL, TIME, schema_with};
use crate::index::directory::Page;
use crate::remote::{Origin, Remote};
use crate::{Histogram, Needs, ReadError, Selection, Summary, TopValues};

/// Rows that lie together in a part: what is known of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRows {
    /// How many they are.
    pub rows: usize,
    /// The earliest and the latest event time, in microseconds since 1970.
    pub time: (i64, i64),
    /// The lowest and the highest position.
    pub position: (u64, u64),
}

/// A part: its file or remote copy, and what is known of it without opening that.
///
/// The file is opened when it is first read. Its end, with index and footer, then stays in memory, together with those of
/// the other open parts of the process within 64 MiB and 256 files. Every byte is checked before it is used, the end by
/// the summary's checksum, all else by the checksums in there: a damaged part gives an error, never other rows.
pub struct Part {
    number: u64,
    path: PathBuf,
    summary: Summary,
    schema: SchemaRef,
    origin: Origin,
}

impl Part {
    /// The part in the file at `path`, of which `summary` is known. The file is not touched yet.
    pub fn open(path: PathBuf, summary: Summary) -> Self {
        Self::new(path, summary, Origin::File)
    }

    /// As [`Part::open`], but when there is no such file, the bytes are read from `remote`. Which of them is decided when
    /// the part is opened to be read, so the file may go at any time.
    pub fn open_or_remote(path: PathBuf, summary: Summary, remote: Arc<dyn Remote>) -> Self {
        Self::new(path, summary, Origin::FileOrRemote(remote))
    }

    /// A part without a file. `name` stands for it in messages.
    pub fn open_remote(name: PathBuf, summary: Summary, remote: Arc<dyn Remote>) -> Self {
        Self::new(name, summary, Origin::Remote(remote))
    }

    fn new(path: PathBuf, summary: Summary, origin: Origin) -> Self {
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        let schema = schema_with(summary.fields.iter().map(|(name, kind)| (name.as_str(), *kind)));
        Self { number: NUMBERS.fetch_add(1, Ordering::Relaxed), path, summary, schema, origin }
    }

    /// Closes its file as soon as no scan reads it any more. The next one who reads opens it again, or its remote when
    /// the file is gone by then.
    pub fn close(&self) {
        Cache::of_process().remove(self.number);
    }

    /// Its file, or the name of a part without one.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is known without opening it.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Its columns.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Parquet's metadata, with page index.
    ///
    /// # Errors
    /// When the file cannot be read, or is damaged.
    pub fn metadata(&self) -> Result<Arc<ParquetMetaData>, ReadError> {
        Ok(Arc::clone(self.opened()?.metadata.metadata()))
    }

    /// Bytes of its file, checked.
    ///
    /// # Errors
    /// When the file cannot be read, is damaged there, or does not have these bytes.
    pub fn read(&self, range: Range<u64>) -> Result<Bytes, ReadError> {
        self.opened()?.read(range)
    }

    /// The pages that may have rows with all that is needed; `None` when there is no such page.
    ///
    /// # Errors
    /// When index or filters cannot be read, or are damaged.
    pub fn select(&self, needs: &Needs) -> Result<Option<Selection>, ReadError> {
        self.select_among(needs, &|_| true)
    }

    /// As [`Part::select`], but only of the row groups for which `among` is true.
    ///
    /// # Errors
    /// As [`Part::select`].
    pub fn select_among(
        &self,
        needs: &Needs,
        among: &dyn Fn(usize) -> bool,
    ) -> Result<Option<Selection>, ReadError> {
        if !select::summary_may_match(&self.summary, &self.schema, needs) {
            return Ok(None);
        }
        select::pages(&*self.opened()?, needs, among)
    }

    /// What is known of the pages of a row group, in the order of their rows.
    ///
    /// # Errors
    /// When the file cannot be read, or is damaged.
    pub fn pages(&self, group: usize) -> Result<Vec<PageRows>, ReadError> {
        let opened = self.opened()?;
        let pages = opened.directory.row_groups.get(group).map_or(&[][..], Vec::as_slice);
        let known =
            |page: &Page| PageRows { rows: page.rows as usize, time: page.time, position: page.position };
        Ok(pages.iter().map(known).collect())
    }

    /// The text by which most pages are struck out before rows are made of them, if one of the needs has it.
    ///
    /// # Errors
    /// When the file cannot be read, or is damaged.
    pub fn look_for(&self, needs: &Needs) -> Result<Option<Look>, ReadError> {
        Ok(Look::of(&*self.opened()?, needs))
    }

    /// What is left of `rows`, rows of a row group, without the pages that do not have what is looked for. No row that has it is
    /// left out; when most pages have it, it stops looking.
    ///
    /// # Errors
    /// When a page cannot be read, or is damaged.
    pub fn look(&self, look: &Look, group: usize, rows: RowSelection) -> Result<RowSelection, ReadError> {
        look.at(&self.opened()?, group, rows)
    }

    /// Its rows in the order of time, then position: all of them or those of a selection, with all columns or those
    /// that are named, in the order of the part's schema. Names that it does not have are left out. A batch has at most
    /// `batch_rows` rows; rows of two row groups are never in one.
    ///
    /// # Errors
    /// When the file cannot be opened, or its end is damaged.
    pub fn scan(
        &self,
        columns: Option<&[&str]>,
        selection: Option<&Selection>,
        batch_rows: usize,
    ) -> Result<Scan, ReadError> {
        Ok(Scan::new(self.opened()?, &self.schema, columns, selection, batch_rows))
    }

    /// How many rows of each level there are in each minute of event time. Mostly read from the index; counted from the
    /// columns of a part with rows in more than 100,000 minutes.
    ///
    /// # Errors
    /// When the file cannot be read, or is damaged.
    pub fn histogram(&self) -> Result<Histogram, ReadError> {
        if let Some(histogram) = &self.opened()?.directory.histogram {
            return Ok(histogram.clone());
        }
        let mut histogram = Histogram::new();
        for batch in self.scan(Some(&[TIME, LEVEL]), None, crate::BATCH_ROWS)? {
            histogram.count(&batch?);
        }
        Ok(histogram)
    }

    /// The most frequent values of `source`, `peer`, `level` or a text field, with their rows, the most frequent first;
    /// `None` for another column. See [`Part::values`] for how many more there are.
    ///
    /// # Errors
    /// When the file cannot be opened, or its end is damaged.
    pub fn top_values(&self, field: &str) -> Result<Option<Vec<(String, u64)>>, ReadError> {
        Ok(self.values(field)?.map(|top| top.values))
    }

    /// As [`Part::top_values`], with how many values there are, and whether that is exact.
    ///
    /// # Errors
    /// As [`Part::top_values`].
    pub fn values(&self, field: &str) -> Result<Option<TopValues>, ReadError> {
        Ok(self.opened()?.directory.values_of(field).cloned())
    }

    /// Reads the whole file: checksum, index, footer, every page; and checks that what the index and the summary say is
    /// so.
    ///
    /// # Errors
    /// When it cannot be read, or something is not as it was written: what that is.
    pub fn verify(&self) -> Result<(), ReadError> {
        verify::verify(self)
    }

    fn opened(&self) -> Result<Arc<Opened>, ReadError> {
        if let Some(opened) = Cache::of_process().get(self.number) {
            return Ok(opened);
        }
        // Opened outside the lock: two at once do it twice, and nobody waits for a disk of another part.
        let opened = Arc::new(Opened::new(self)?);
        Cache::of_process().insert(self.number, &opened);
        Ok(opened)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part")
            .field("path", &self.path)
            .field("rows", &self.summary.rows)
            .finish_non_exhaustive()
    }
}
