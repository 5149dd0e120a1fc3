//! Reads parts through DataFusion's Parquet scan, but chooses their pages only when it is a part's turn.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use arrow_array::RecordBatch;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::{ParquetAccessPlan, RowGroupAccess};
use datafusion::datasource::physical_plan::{FileOpenFuture, FileOpener, FileScanConfig, FileSource};
use datafusion::datasource::table_schema::TableSchema;
use datafusion::object_store::ObjectStore;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::projection::ProjectionExprs;
use datafusion::physical_plan::DisplayFormatType;
use datafusion::physical_plan::filter_pushdown::FilterPushdownPropagation;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::stream::{self, BoxStream, StreamExt};
use parquet::arrow::arrow_reader::{RowSelection, RowSelector};
use parquet::file::metadata::RowGroupMetaData;
use part::{Look, Needs};
use tokio::task::yield_now;

use crate::needs::is_nothing;
use crate::reader::{Counters, PartFile};
use crate::shape::Shape;
use crate::walk::Walk;

/// A Parquet source over parts.
///
/// When a part's turn comes, it first asks whether the part can still matter (a query for the last few rows knows more
/// by then), then the part's index for the pages that may match, and only then reads. Where only few rows are wanted, it
/// asks again before the next pages, and goes through them in the order of the query.
#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) inner: Arc<dyn FileSource>,
    pub(crate) needs: Arc<Needs>,
    pub(crate) shape: Shape,
    pub(crate) counters: Arc<Counters>,
}

impl Parts {
    fn around(&self, inner: Arc<dyn FileSource>) -> Arc<dyn FileSource> {
        Arc::new(Self { inner, ..self.clone() })
    }
}

impl FileSource for Parts {
    fn create_file_opener(
        &self,
        store: Arc<dyn ObjectStore>,
        config: &FileScanConfig,
        partition: usize,
    ) -> Result<Arc<dyn FileOpener>> {
        Ok(Arc::new(Opener { source: self.clone(), store, config: Arc::new(config.clone()), partition }))
    }

    fn table_schema(&self) -> &TableSchema {
        self.inner.table_schema()
    }

    fn with_batch_size(&self, batch_size: usize) -> Arc<dyn FileSource> {
        self.around(self.inner.with_batch_size(batch_size))
    }

    fn filter(&self) -> Option<Arc<dyn PhysicalExpr>> {
        self.inner.filter()
    }

    fn projection(&self) -> Option<&ProjectionExprs> {
        self.inner.projection()
    }

    fn metrics(&self) -> &ExecutionPlanMetricsSet {
        self.inner.metrics()
    }

    fn file_type(&self) -> &str {
        self.inner.file_type()
    }

    fn fmt_extra(&self, format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt_extra(format, f)
    }

    /// A part that is read row group by row group is not cut by bytes as well.
    fn supports_repartitioning(&self) -> bool {
        !self.shape.few && self.inner.supports_repartitioning()
    }

    fn try_pushdown_filters(
        &self,
        filters: Vec<Arc<dyn PhysicalExpr>>,
        options: &ConfigOptions,
    ) -> Result<FilterPushdownPropagation<Arc<dyn FileSource>>> {
        let pushed = self.inner.try_pushdown_filters(filters, options)?;
        Ok(FilterPushdownPropagation {
            filters: pushed.filters,
            updated_node: pushed.updated_node.map(|inner| self.around(inner)),
        })
    }

    fn try_pushdown_projection(&self, projection: &ProjectionExprs) -> Result<Option<Arc<dyn FileSource>>> {
        Ok(self.inner.try_pushdown_projection(projection)?.map(|inner| self.around(inner)))
    }

    fn reorder_files(&self, mut files: Vec<PartitionedFile>) -> Vec<PartitionedFile> {
        files.sort_by_cached_key(|file| {
            let time = PartFile::of(file).map_or((0, 0), |part| part.summary().time);
            if self.shape.oldest_first { time } else { (!time.1, !time.0) }
        });
        files
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        self.inner.apply_expressions(f)
    }
}

/// Opens parts for one partition of the scan.
#[derive(Clone)]
pub(crate) struct Opener {
    pub(crate) source: Parts,
    store: Arc<dyn ObjectStore>,
    pub(crate) config: Arc<FileScanConfig>,
    partition: usize,
}

pub(crate) type Batches = BoxStream<'static, Result<RecordBatch>>;

/// Row groups of a part with the rows that may match; without any, all of them.
pub(crate) type Chosen = Vec<(usize, Option<RowSelection>)>;

/// Some rows of a part that are read in one go.
pub(crate) struct Piece {
    pub(crate) file: PartitionedFile,
    pub(crate) chosen: Chosen,
    /// A text that is looked for first. It is the same for all pieces of a part, so that it learns if that pays.
    pub(crate) look: Option<Arc<Look>>,
}

impl FileOpener for Opener {
    fn open(&self, file: PartitionedFile) -> Result<FileOpenFuture> {
        let opener = self.clone();
        Ok(Box::pin(async move {
            if !opener.may_matter(&file)? {
                return Ok(stream::empty().boxed());
            }
            let look = PartFile::of(&file)?.look_for(&opener.source.needs).map_err(failed)?.map(Arc::new);
            if opener.source.shape.few {
                return Walk::new(opener, file, look).map(Walk::batches);
            }
            let chosen = opener.choose(&file, &|_| true)?;
            opener.read(Piece { file, chosen, look }).await
        }))
    }
}

impl Opener {
    /// What may match of a part, among some of its row groups.
    pub(crate) fn choose(&self, file: &PartitionedFile, among: &dyn Fn(usize) -> bool) -> Result<Chosen> {
        let part = PartFile::of(file)?;
        let metadata = part.metadata().map_err(failed)?;
        // Several readers may share a part, each with its range of bytes.
        let is_ours = |group: usize| among(group) && is_in_range(metadata.row_group(group), file);
        let chosen: Chosen = if is_nothing(&self.source.needs) {
            let groups = (0..metadata.num_row_groups()).filter(|group| is_ours(*group));
            groups.map(|group| (group, None)).collect()
        } else {
            let selection = part.select_among(&self.source.needs, &is_ours).map_err(failed)?;
            let groups = selection.map_or_else(Vec::new, |selection| selection.row_groups);
            groups.into_iter().map(|(group, rows)| (group, Some(rows))).collect()
        };
        if !chosen.is_empty() {
            self.source.counters.count_part(part);
        }
        Ok(chosen)
    }

    /// True unless what is known of the file rules it out by now. Plans as far as no byte is read.
    pub(crate) fn may_matter(&self, file: &PartitionedFile) -> Result<bool> {
        let inner = &self.source.inner;
        let planning = inner.create_morselizer(Arc::clone(&self.store), &self.config, self.partition)?;
        let mut planners = vec![planning.plan_file(file.clone())?];
        while let Some(planner) = planners.pop() {
            if let Some(mut plan) = planner.plan()? {
                if plan.has_io_future() || !plan.take_morsels().is_empty() {
                    return Ok(true);
                }
                planners.extend(plan.take_ready_planners());
            }
        }
        Ok(false)
    }

    /// Strikes out the pages of a piece that do not have the text that is looked for.
    async fn look(&self, piece: &mut Piece) -> Result<()> {
        let Some(look) = piece.look.take() else { return Ok(()) };
        if self.source.shape.few && !self.may_matter(&piece.file)? {
            piece.chosen.clear();
            return Ok(());
        }
        let part = PartFile::of(&piece.file)?;
        let metadata = part.metadata().map_err(failed)?;
        let mut left = Vec::new();
        for (group, rows) in std::mem::take(&mut piece.chosen) {
            let all = || RowSelection::from(vec![RowSelector::select(rows_of(metadata.row_group(group)))]);
            let rows = rows.unwrap_or_else(all);
            let rows = part.look(&look, group, rows).map_err(failed)?;
            if rows.selects_any() {
                left.push((group, Some(rows)));
            }
            // Whoever cancels the query is heard here.
            yield_now().await;
        }
        piece.chosen = left;
        Ok(())
    }

    pub(crate) async fn read(&self, mut piece: Piece) -> Result<Batches> {
        self.look(&mut piece).await?;
        if piece.chosen.is_empty() {
            return Ok(stream::empty().boxed());
        }
        let (file, rows) = only(piece)?;
        let inner = &self.source.inner;
        let planning = inner.create_morselizer(Arc::clone(&self.store), &self.config, self.partition)?;
        let mut planners = vec![planning.plan_file(file)?];
        let mut batches = Vec::new();
        while let Some(planner) = planners.pop() {
            let Some(mut plan) = planner.plan()? else { continue };
            for morsel in plan.take_morsels() {
                batches.push(morsel.into_stream());
            }
            if let Some(pending) = plan.take_pending_planner() {
                planners.push(pending.await?);
            }
            planners.extend(plan.take_ready_planners().into_iter().rev());
        }
        if !batches.is_empty() {
            self.source.counters.rows.fetch_add(rows, Ordering::Relaxed);
        }
        Ok(stream::iter(batches).flatten().boxed())
    }
}

/// The part with only the chosen row groups, and how many rows these have.
fn only(piece: Piece) -> Result<(PartitionedFile, u64)> {
    let metadata = PartFile::of(&piece.file)?.metadata().map_err(failed)?;
    let mut access = ParquetAccessPlan::new_none(metadata.num_row_groups());
    let mut rows = 0;
    for (group, selection) in piece.chosen {
        let all = rows_of(metadata.row_group(group));
        match selection {
            Some(selection) if selection.row_count() < all => {
                rows += selection.row_count();
                access.set(group, RowGroupAccess::Selection(selection));
            }
            _ => {
                rows += all;
                access.scan(group);
            }
        }
    }
    Ok((piece.file.with_extension(access), rows as u64))
}

fn rows_of(group: &RowGroupMetaData) -> usize {
    usize::try_from(group.num_rows()).unwrap_or_default()
}

/// False for a row group that another reader of the same part reads: the scan gives it to the one in whose range of bytes it
/// begins.
fn is_in_range(group: &RowGroupMetaData, file: &PartitionedFile) -> bool {
    let first = group.column(0);
    let at = first.dictionary_page_offset().unwrap_or_else(|| first.data_page_offset());
    file.range.as_ref().is_none_or(|range| (range.start..range.end).contains(&at))
}

pub(crate) fn failed(error: part::ReadError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
