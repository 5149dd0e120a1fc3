//! Sorted rows become a file.

mod facts;
mod pages;
mod properties;

use std::path::Path;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_schema::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::file::metadata::KeyValue;

use self::facts::Facts;
use self::pages::Pages;
use crate::columns::{AT_MESSAGE, CORE, core_schema};
use crate::disk::{Sink, discard};
use crate::index::directory::{Directory, MINUTES_MAX, Page, VERSION};
use crate::index::grams::Grams;
use crate::index::tokens::Tokens;
use crate::index::{KEY, filter};
use crate::{ReadError, Summary, WriteError};

/// How parts are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteOptions {
    /// The most rows of a row group; 65,536 by default. Groups with much text have fewer.
    pub row_group_rows: usize,
    /// The most rows of a page, which is what a token filter covers and what is read at once; 8192 by default.
    pub page_rows: usize,
    /// For texts, 1 (fast) to 22 (small); 1 by default.
    pub zstd_level: i32,
}

impl Default for WriteOptions {
    fn default() -> Self {
        Self { row_group_rows: 65_536, page_rows: 8192, zstd_level: 1 }
    }
}

/// The share of the messages' bytes that token filters may take, in percent.
const FILTER_PERCENT: usize = 15;

/// And what row groups have to rule out other texts, if it does not take more.
const GRAMS_PERCENT: usize = 2;

/// A row group that takes so much memory is finished early, in bytes.
const GROUP_BYTES: usize = 64 << 20;

/// Writes a part: the rows, the index, the footer; and makes the file durable. Its directory is the caller's to sync.
///
/// The rows come sorted by time, then position, in batches of any size; each is brought into `schema` as
/// [`fold`](crate::fold) does, which begins with the columns of [`core_schema`]. An existing file is replaced. In
/// memory it holds one row group as encoded, at most 64 MiB and a page, and one page of rows.
///
/// # Errors
/// When the rows cannot be read or are not sorted, when there are none, or when the disk fails or is full. What was
/// written is removed then.
pub fn write(
    path: &Path,
    sorted: impl Iterator<Item = Result<RecordBatch, ReadError>>,
    schema: SchemaRef,
    options: &WriteOptions,
) -> Result<Summary, WriteError> {
    let written = write_pages(path, Pages::new(sorted, schema, options), options);
    if written.is_err() {
        discard(path);
    }
    written
}

fn write_pages(
    path: &Path,
    mut pages: Pages<impl Iterator<Item = Result<RecordBatch, ReadError>>>,
    options: &WriteOptions,
) -> Result<Summary, WriteError> {
    let first = pages.next().transpose()?.ok_or_else(|| WriteError::Empty { path: path.to_owned() })?;
    let schema = first.schema();
    if schema.fields().get(..CORE) != Some(&core_schema().fields()[..]) {
        return Err(WriteError::Schema { path: path.to_owned() });
    }
    let mut writer = Writer::create(path, &first, options)?;
    writer.add(&first)?;
    drop(first);
    for page in pages {
        writer.add(&page?)?;
    }
    writer.finish()
}

/// A file in the making.
struct Writer<'a> {
    path: &'a Path,
    group_rows: usize,
    arrow: ArrowWriter<Sink>,
    tokens: Tokens,
    facts: Facts,
    /// The pages of the row group that is being written, and their filters one after the other.
    group: Vec<Page>,
    filters: Vec<u8>,
    grams: Grams,
    row_groups: Vec<Vec<Page>>,
    grams_places: Vec<Option<(u64, u32)>>,
    filter_bytes: u64,
    page_rows: usize,
}

impl<'a> Writer<'a> {
    /// The encodings are chosen after the first page.
    fn create(path: &'a Path, first: &RecordBatch, options: &WriteOptions) -> Result<Self, WriteError> {
        let sink = Sink::create(path).map_err(|error| WriteError::io(path, error))?;
        let page_rows = options.page_rows.max(1);
        let group_rows = (options.row_group_rows / page_rows).max(1) * page_rows;
        let properties = properties::choose(first, page_rows, group_rows, options.zstd_level);
        let how = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
        let arrow = ArrowWriter::try_new_with_options(sink, first.schema(), how)
            .map_err(|error| WriteError::parquet(path, error))?;
        Ok(Self {
            path,
            group_rows,
            arrow,
            tokens: Tokens::new(),
            facts: Facts::new(&first.schema()),
            group: Vec::new(),
            filters: Vec::new(),
            grams: Grams::new(),
            row_groups: Vec::new(),
            grams_places: Vec::new(),
            filter_bytes: 0,
            page_rows,
        })
    }

    fn add(&mut self, rows: &RecordBatch) -> Result<(), WriteError> {
        let page = self.facts.add(rows).ok_or_else(|| WriteError::Unsorted { path: self.path.to_owned() })?;
        let filter = self.filter(rows);
        self.group.push(Page { filter, ..page });
        self.arrow.write(rows).map_err(|error| WriteError::parquet(self.path, error))?;
        let full = self.arrow.in_progress_rows() + self.page_rows > self.group_rows;
        if full || self.arrow.memory_size() > GROUP_BYTES {
            self.end_group()?;
        }
        Ok(())
    }

    /// Makes the filter of a page's messages, and adds them to the grams. Its place counts from the group's first filter until the group ends.
    fn filter(&mut self, rows: &RecordBatch) -> Option<(u64, u32)> {
        self.tokens.clear();
        for text in rows.column(AT_MESSAGE).as_string_view().iter().flatten() {
            self.tokens.add(text);
            self.grams.add(text);
        }
        self.grams.end_page();
        let budget = self.tokens.text_bytes() * FILTER_PERCENT / 100;
        let filter = filter::build(self.tokens.hashes(), budget)?;
        let at = self.filters.len() as u64;
        self.filters.extend_from_slice(&filter);
        Some((at, filter.len() as u32))
    }

    /// Writes the row group, and behind it its filters and grams.
    fn end_group(&mut self) -> Result<(), WriteError> {
        if self.group.is_empty() {
            return Ok(());
        }
        let path = self.path;
        self.arrow.flush().map_err(|error| WriteError::parquet(path, error))?;
        let base = self.arrow.bytes_written() as u64;
        let grams = self.grams.take(GRAMS_PERCENT);
        self.grams_places
            .push(grams.as_ref().map(|grams| (base + self.filters.len() as u64, grams.len() as u32)));
        self.filters.extend(grams.into_iter().flatten());
        self.arrow.write_all(&self.filters).map_err(|error| WriteError::io(path, error))?;
        let mut pages = std::mem::take(&mut self.group);
        pages.iter_mut().filter_map(|page| page.filter.as_mut()).for_each(|(at, _)| *at += base);
        self.row_groups.push(pages);
        self.filter_bytes += self.filters.len() as u64;
        self.filters.clear();
        Ok(())
    }

    /// Writes the directory of the index, then Parquet's own page index and footer, and syncs.
    fn finish(mut self) -> Result<Summary, WriteError> {
        self.end_group()?;
        let path = self.path;
        let io = |error| WriteError::io(path, error);
        self.arrow.sync().map_err(io)?;
        let blocks = self.arrow.inner_mut().begin_tail();
        let at = self.arrow.bytes_written();
        let histogram = self.facts.histogram();
        let directory = Directory {
            sources: self.facts.sources(),
            row_groups: self.row_groups,
            histogram: (histogram.len() <= MINUTES_MAX).then(|| histogram.clone()),
            values: self.facts.take_values(),
            grams: self.grams_places,
            blocks,
        }
        .encode();
        let place = format!("{VERSION},{at},{},{}", directory.len(), crc32c::crc32c(&directory));
        self.arrow.append_key_value_metadata(KeyValue::new(KEY.to_owned(), place));
        self.arrow.write_all(&directory).map_err(io)?;
        self.arrow.finish().map_err(|error| WriteError::parquet(path, error))?;
        self.arrow.sync().map_err(io)?;
        let (bytes, crc32c, tail) = self.arrow.inner_mut().sync().map_err(io)?;
        let index_bytes = self.filter_bytes + directory.len() as u64;
        Ok(Summary { bytes, index_bytes, crc32c, tail, ..self.facts.summary() })
    }
}
