//! The table `logs`: what is in memory and the parts of one snapshot.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::types::TimestampMicrosecondType;
use arrow_schema::SchemaRef;
use async_trait::async_trait;
use datafusion::arrow::array::AsArray;
use datafusion::arrow::compute;
use datafusion::catalog::memory::MemorySourceConfig;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, FileSource, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::source_as_provider;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableSource, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::union::UnionExec;
use part::{Histogram, Needs, Part, Summary, columns};
use store::Snapshot;

use crate::interrupt::Interrupt;
use crate::needs::{is_nothing, of_filters};
use crate::parts::{Parts, failed};
use crate::reader::{Counters, PartFile, Readers};
use crate::session::STORE_URL;
use crate::shape::Shape;
use crate::statistics;
use crate::widening::Widening;
use crate::windows::Spread;

/// The table's name.
pub(crate) const LOGS: &str = "logs";

/// The rows of a snapshot, or of a stretch of time of it.
#[derive(Clone, Debug)]
pub(crate) struct Logs {
    schema: SchemaRef,
    memory: Vec<Held>,
    parts: Vec<Arc<Part>>,
    counters: Arc<Counters>,
    pub(crate) interrupt: Interrupt,
    /// Its parts' files stay where they are as long as it lives.
    _snapshot: Arc<Snapshot>,
}

/// Rows in memory, and the earliest and the latest time of them.
#[derive(Clone, Debug)]
struct Held {
    batch: RecordBatch,
    time: (i64, i64),
}

impl Logs {
    /// The rows of `snapshot`; what is read of it is added to `counters`, until it is interrupted.
    pub(crate) fn new(snapshot: Arc<Snapshot>, counters: Arc<Counters>, interrupt: Interrupt) -> Self {
        let memory = snapshot.memory.iter().filter_map(|batch| {
            let times =
                batch.column_by_name(columns::TIME)?.as_primitive_opt::<TimestampMicrosecondType>()?;
            Some(Held { batch: batch.clone(), time: (compute::min(times)?, compute::max(times)?) })
        });
        let memory = memory.collect();
        let (schema, parts) = (snapshot.schema(), snapshot.parts.clone());
        Self { schema, memory, parts, counters, interrupt, _snapshot: snapshot }
    }

    /// Its columns.
    pub(crate) fn columns(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Where its rows lie in time.
    pub(crate) fn spreads(&self) -> impl Iterator<Item = Spread> {
        let memory = self.memory.iter().map(|held| (held.time, held.batch.num_rows() as u64));
        let parts = self.parts.iter().map(|part| (part.summary().time, part.summary().rows));
        memory.chain(parts).map(|((from, to), rows)| Spread { from, to, rows })
    }

    /// Only what can have times from `from` to `to`, both included.
    pub(crate) fn within(&self, from: i64, to: i64) -> Self {
        let touches = |time: (i64, i64)| time.0 <= to && time.1 >= from;
        Self {
            memory: self.memory.iter().filter(|held| touches(held.time)).cloned().collect(),
            parts: self.parts.iter().filter(|part| touches(part.summary().time)).cloned().collect(),
            ..self.clone()
        }
    }

    /// False if what is known of the parts rules out that any row with times from `from` to `to`, both included, has what is
    /// needed.
    pub(crate) fn may_have(&self, needs: &Needs, (from, to): (i64, i64)) -> Result<bool> {
        if !self.memory.is_empty() || is_nothing(needs) {
            return Ok(true);
        }
        let (first, last) = needs.time.unwrap_or((i64::MIN, i64::MAX));
        let needs = Needs { time: Some((from.max(first), to.min(last))), ..needs.clone() };
        for part in &self.parts {
            if part.select(&needs).map_err(failed)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// How many rows there are of each level in each minute: of each batch in memory and of each part that `needs` does not rule
    /// out, when its turn comes.
    pub(crate) fn histograms(&self, needs: &Needs) -> impl Iterator<Item = Result<Histogram>> + Send + use<> {
        let memory = self.memory.clone().into_iter().map(|held| {
            let mut counted = Histogram::new();
            counted.count(&held.batch);
            Ok(counted)
        });
        let parts: Vec<_> =
            self.parts.iter().filter(|part| may_have(part.summary(), needs)).cloned().collect();
        memory.chain(parts.into_iter().map(|part| part.histogram().map_err(failed)))
    }

    fn scan_memory(&self, projection: Option<&Vec<usize>>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        if self.memory.is_empty() {
            return Ok(None);
        }
        let schema = self.projected(projection)?;
        let batches = self.memory.iter().map(|held| part::adapt(&held.batch, &schema));
        let batches = batches.collect::<std::result::Result<Vec<_>, _>>()?;
        Ok(Some(MemorySourceConfig::try_new_exec(&[batches], schema, None)?))
    }

    fn scan_parts(
        &self,
        projection: Option<&Vec<usize>>,
        needs: Needs,
        shape: Shape,
        partitions: usize,
        limit: Option<usize>,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let parts: Vec<_> = self.parts.iter().filter(|part| may_have(part.summary(), &needs)).collect();
        if parts.is_empty() {
            return Ok(None);
        }
        let readers = Readers { counters: Arc::clone(&self.counters) };
        // Where a value is wanted, the parts' own look at their Bloom filters reads less.
        let parquet = ParquetSource::new(Arc::clone(&self.schema))
            .with_parquet_file_reader_factory(Arc::new(readers))
            .with_bloom_filter_on_read(needs.equals.is_empty());
        let known = statistics::of_parts(parts.iter().map(|part| part.summary()), &self.schema);
        let known = if is_nothing(&needs) { known } else { known.to_inexact() };
        let counters = Arc::clone(&self.counters);
        let source = Parts { inner: Arc::new(parquet), needs: Arc::new(needs), shape, counters };
        let files: Vec<_> = source.reorder_files(parts.iter().map(|part| self.file(part)).collect());
        let config = FileScanConfigBuilder::new(ObjectStoreUrl::parse(STORE_URL)?, Arc::new(source))
            .with_file_groups(deal(files, partitions))
            .with_statistics(known)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .with_expr_adapter(Some(Arc::new(Widening)))
            .build();
        Ok(Some(DataSourceExec::from_data_source(config)))
    }

    fn file(&self, part: &Arc<Part>) -> PartitionedFile {
        let summary = part.summary();
        let known = statistics::of_part(summary, &self.schema);
        PartitionedFile::new(part.path().to_string_lossy(), summary.bytes)
            .with_statistics(Arc::new(known))
            .with_extension(PartFile(Arc::clone(part)))
    }

    fn projected(&self, projection: Option<&Vec<usize>>) -> Result<SchemaRef> {
        Ok(match projection {
            Some(indices) => Arc::new(self.schema.project(indices)?),
            None => Arc::clone(&self.schema),
        })
    }
}

#[async_trait]
impl TableProvider for Logs {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    /// Every filter is of use, and none is promised to hold.
    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let shape = session.config().get_extension::<Shape>().map_or_else(Shape::default, |shape| *shape);
        let partitions = session.config().target_partitions();
        let memory = self.scan_memory(projection)?;
        let parts = self.scan_parts(projection, of_filters(filters), shape, partitions, limit)?;
        match (memory, parts) {
            (Some(memory), Some(parts)) => UnionExec::try_new(vec![memory, parts]),
            (Some(one), None) | (None, Some(one)) => Ok(one),
            (None, None) => Ok(Arc::new(EmptyExec::new(self.projected(projection)?))),
        }
    }
}

/// The table, if it is ours.
pub(crate) fn provider_of(source: &Arc<dyn TableSource>) -> Option<Logs> {
    source_as_provider(source).ok()?.downcast_ref::<Logs>().cloned()
}

/// False when the summary alone rules a part out.
fn may_have(summary: &Summary, needs: &Needs) -> bool {
    let times = needs.time.is_none_or(|(from, to)| summary.time.0 <= to && summary.time.1 >= from);
    let positions =
        needs.position.is_none_or(|(from, to)| summary.position.0 <= to && summary.position.1 >= from);
    let any = |wanted: &Option<Vec<String>>, has: &std::collections::BTreeMap<String, u64>| {
        wanted.as_ref().is_none_or(|names| names.iter().any(|name| has.contains_key(name)))
    };
    times && positions && any(&needs.sources, &summary.sources) && any(&needs.levels, &summary.levels)
}

/// Deals files out like cards, so that each partition has some of those that come first.
fn deal(files: Vec<PartitionedFile>, partitions: usize) -> Vec<FileGroup> {
    let mut groups = vec![Vec::new(); partitions.clamp(1, files.len().max(1))];
    let count = groups.len();
    for (index, file) in files.into_iter().enumerate() {
        groups[index % count].push(file);
    }
    groups.into_iter().map(FileGroup::new).collect()
}
