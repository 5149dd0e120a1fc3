//! Counts by level and time, answered from what the parts' indexes have counted already, so that no row is read.

use std::sync::Arc;

use arrow_array::builder::{Int64Builder, StringViewBuilder, TimestampMicrosecondBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::datasource::provider_as_source;
use datafusion::execution::TaskContext;
use datafusion::logical_expr::logical_plan::Filter;
use datafusion::logical_expr::{Expr, LogicalPlan, SubqueryAlias, TableScanBuilder, TableType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion::physical_plan::{ExecutionPlan, SendableRecordBatchStream};
use futures::stream;
use part::{Histogram, Needs, columns};
use record::Level;

use crate::needs::of_filters;
use crate::table::{Logs, provider_of};

/// How many rows there are of a minute and a level.
pub(crate) const ROWS: &str = "rows";

/// The rows of `logs`, counted: for each minute and each level in it one row, which has the minute's beginning as its time.
/// A minute may come several times.
#[derive(Clone, Debug)]
struct Counts {
    schema: SchemaRef,
    logs: Logs,
    needs: Needs,
}

/// The same plan over counts instead of rows: a scan of `logs` below filters that `decided` knows to depend on minute and
/// level only. `None` for another plan.
pub(crate) fn over_counts(plan: &LogicalPlan, decided: fn(&Expr) -> bool) -> Result<Option<LogicalPlan>> {
    Ok(Some(match plan {
        LogicalPlan::TableScan(scan) => {
            let Some(logs) = provider_of(&scan.source) else { return Ok(None) };
            if scan.fetch.is_some() || !scan.filters.iter().all(decided) {
                return Ok(None);
            }
            let counts = Counts { schema: schema(&logs.columns())?, needs: of_filters(&scan.filters), logs };
            TableScanBuilder::new(scan.table_name.clone(), provider_as_source(Arc::new(counts)))
                .build()
                .map(LogicalPlan::TableScan)?
        }
        LogicalPlan::Filter(filter) if decided(&filter.predicate) => {
            match over_counts(&filter.input, decided)? {
                Some(input) => {
                    LogicalPlan::Filter(Filter::try_new(filter.predicate.clone(), Arc::new(input))?)
                }
                None => return Ok(None),
            }
        }
        LogicalPlan::SubqueryAlias(alias) => match over_counts(&alias.input, decided)? {
            Some(input) => {
                LogicalPlan::SubqueryAlias(SubqueryAlias::try_new(Arc::new(input), alias.alias.clone())?)
            }
            None => return Ok(None),
        },
        // What is chosen here is chosen again above.
        LogicalPlan::Projection(projection)
            if projection.expr.iter().all(|expr| matches!(expr, Expr::Column(_))) =>
        {
            return over_counts(&projection.input, decided);
        }
        _ => return Ok(None),
    }))
}

fn schema(logs: &Schema) -> Result<SchemaRef> {
    let own = [columns::TIME, columns::LEVEL].map(|name| logs.field_with_name(name).cloned());
    let [time, level] = own;
    Ok(Arc::new(Schema::new(vec![time?, level?, Field::new(ROWS, DataType::Int64, false)])))
}

#[async_trait]
impl TableProvider for Counts {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _session: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let all: Arc<dyn PartitionStream> = Arc::new(self.clone());
        let schema = Arc::clone(&self.schema);
        Ok(Arc::new(StreamingTableExec::try_new(schema, vec![all], projection, [], false, limit)?))
    }
}

/// One part after the other, when its turn comes.
impl PartitionStream for Counts {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let schema = Arc::clone(&self.schema);
        let batches = self.logs.histograms(&self.needs).map(move |counted| batch(&counted?, &schema));
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), stream::iter(batches)))
    }
}

fn batch(counted: &Histogram, schema: &SchemaRef) -> Result<RecordBatch> {
    let zone = match schema.field(0).data_type() {
        DataType::Timestamp(_, zone) => zone.clone(),
        _ => None,
    };
    let mut times = TimestampMicrosecondBuilder::new().with_timezone_opt(zone);
    let (mut levels, mut rows) = (StringViewBuilder::new(), Int64Builder::new());
    for (time, counts) in counted.minutes() {
        for (place, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            times.append_value(time);
            levels.append_option(Level::ALL.get(place).map(|level| level.name()));
            rows.append_value(i64::try_from(*count).unwrap_or(i64::MAX));
        }
    }
    let columns: Vec<ArrayRef> =
        vec![Arc::new(times.finish()), Arc::new(levels.finish()), Arc::new(rows.finish())];
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}
