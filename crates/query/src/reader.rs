//! Bytes and metadata of parts, for DataFusion's Parquet scan.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use datafusion::common::{Result, internal_datafusion_err};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::ParquetFileReaderFactory;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::FutureExt;
use futures::future::BoxFuture;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use part::Part;

/// The part that a [`PartitionedFile`] of ours stands for; it travels as its extension.
#[derive(Clone, Debug)]
pub(crate) struct PartFile(pub(crate) Arc<Part>);

impl PartFile {
    pub(crate) fn of(file: &PartitionedFile) -> Result<&Arc<Part>> {
        file.extension::<Self>()
            .map(|own| &own.0)
            .ok_or_else(|| internal_datafusion_err!("a file that is no part"))
    }
}

/// What a query has read, counted as it reads.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Parts that were not ruled out before a page of them was read, each with a reader for its row groups or several.
    parts: Mutex<BTreeSet<PathBuf>>,
    /// Rows of the pages that were not ruled out.
    pub(crate) rows: AtomicU64,
    /// Bytes of pages.
    pub(crate) bytes: AtomicU64,
}

impl Counters {
    pub(crate) fn count_part(&self, part: &Part) {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        if !parts.contains(part.path()) {
            parts.insert(part.path().to_owned());
        }
    }

    pub(crate) fn parts(&self) -> usize {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// Makes a reader for each part.
#[derive(Debug)]
pub(crate) struct Readers {
    pub(crate) counters: Arc<Counters>,
}

impl ParquetFileReaderFactory for Readers {
    fn create_reader(
        &self,
        _partition: usize,
        file: PartitionedFile,
        _size_hint: Option<usize>,
        _metrics: &ExecutionPlanMetricsSet,
    ) -> Result<Box<dyn AsyncFileReader + Send>> {
        let part = Arc::clone(PartFile::of(&file)?);
        Ok(Box::new(Reader { part, counters: Arc::clone(&self.counters) }))
    }
}

/// Reads one part, every byte checked. The snapshot that the query holds keeps the file in its place.
///
/// It blocks the thread it runs on while the disk works: these threads are the engine's own and do nothing else.
struct Reader {
    part: Arc<Part>,
    counters: Arc<Counters>,
}

impl AsyncFileReader for Reader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, parquet::errors::Result<Bytes>> {
        let bytes = self.part.read(range).map_err(failed);
        if let Ok(bytes) = &bytes {
            self.counters.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        }
        std::future::ready(bytes).boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        _options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, parquet::errors::Result<Arc<ParquetMetaData>>> {
        let metadata = self.part.metadata().map_err(failed);
        std::future::ready(metadata).boxed()
    }
}

/// The error as it was, in the wrapping that the scan passes on.
fn failed(error: part::ReadError) -> ParquetError {
    ParquetError::External(Box::new(error))
}
