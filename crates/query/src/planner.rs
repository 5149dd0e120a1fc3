//! From a text to a stream of rows.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, RecordBatch, StringArray};
use arrow_schema::{Schema, SchemaRef};
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::DataFusionError;
use datafusion::execution::SessionState;
use datafusion::execution::context::SQLOptions;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::execute_stream;
use datafusion::sql::parser::Statement;
use futures::stream::{self, BoxStream, StreamExt};
use part::Needs;

use crate::QueryError;
use crate::needs::of_filters;
use crate::session;
use crate::shape::Shape;
use crate::statement::{self, Asked};
use crate::table::{LOGS, Logs};

/// Rows as they are found.
pub(crate) type Batches = BoxStream<'static, Result<RecordBatch, QueryError>>;

/// An answer that has begun: what its rows look like, and the rows.
pub(crate) struct Answer {
    pub(crate) schema: SchemaRef,
    pub(crate) batches: Batches,
}

/// Plans queries. What it makes must be used on the engine's runtime.
#[derive(Debug)]
pub(crate) struct Planner {
    empty: SessionState,
    memory_bytes: usize,
}

impl Planner {
    /// Plans for `threads` threads; all its queries together may hold `memory_bytes` in their sorts, groups and joins.
    pub(crate) fn new(memory_bytes: usize, threads: usize) -> Result<Self, QueryError> {
        let empty = session::empty(memory_bytes, threads)
            .map_err(|error| QueryError::from_datafusion(&error, memory_bytes))?;
        Ok(Self { empty, memory_bytes })
    }

    /// Begins to answer `sql` from `logs`.
    pub(crate) async fn answer(&self, logs: Logs, sql: &str) -> Result<Answer, QueryError> {
        match statement::parse(sql)? {
            Asked::Rows(statement) => self.rows(logs, statement).await,
            Asked::Columns => at_once(columns(&logs.columns())?),
            Asked::Tables => at_once(one_row("table_name", LOGS)?),
        }
    }

    /// What each row of the answer to `sql` must have; also finds out whether it can be answered.
    pub(crate) async fn needs(&self, logs: Logs, sql: &str) -> Result<Needs, QueryError> {
        let Asked::Rows(statement) = statement::parse(sql)? else { return Ok(Needs::default()) };
        let state = session::with_logs(&self.empty, logs).map_err(|error| self.explain(&error))?;
        let plan = self.plan(&state, statement).await?;
        let mut filters = Vec::new();
        plan.apply(|node| {
            if let LogicalPlan::Filter(filter) = node {
                filters.push(filter.predicate.clone());
            }
            Ok(TreeNodeRecursion::Continue)
        })
        .map_err(|error| self.explain(&error))?;
        Ok(of_filters(&filters))
    }

    async fn rows(&self, logs: Logs, statement: Statement) -> Result<Answer, QueryError> {
        let explain = |error: DataFusionError| self.explain(&error);
        let interrupt = logs.interrupt.clone();
        let mut state = session::with_logs(&self.empty, logs).map_err(explain)?;
        let plan = self.plan(&state, statement).await?;
        session::set_shape(&mut state, Shape::of(&plan).map_err(explain)?);
        let physical = state.create_physical_plan(&plan).await.map_err(explain)?;
        let physical = interrupt.watch(physical).map_err(explain)?;
        let batches = execute_stream(physical, state.task_ctx()).map_err(explain)?;
        let memory_bytes = self.memory_bytes;
        Ok(Answer {
            schema: batches.schema(),
            batches: batches
                .map(move |batch| batch.map_err(|error| QueryError::from_datafusion(&error, memory_bytes)))
                .boxed(),
        })
    }

    async fn plan(&self, state: &SessionState, statement: Statement) -> Result<LogicalPlan, QueryError> {
        let plan = state.statement_to_plan(statement).await.map_err(|error| self.explain(&error))?;
        let reads =
            SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
        reads.verify_plan(&plan).map_err(|error| QueryError::Forbidden(error.strip_backtrace()))?;
        Ok(plan)
    }

    pub(crate) fn explain(&self, error: &DataFusionError) -> QueryError {
        QueryError::from_datafusion(error, self.memory_bytes)
    }
}

fn at_once(batch: RecordBatch) -> Result<Answer, QueryError> {
    Ok(Answer { schema: batch.schema(), batches: stream::iter([Ok(batch)]).boxed() })
}

fn columns(schema: &Schema) -> Result<RecordBatch, QueryError> {
    let fields = schema.fields();
    let names: StringArray = fields.iter().map(|field| Some(field.name().as_str())).collect();
    let types: StringArray =
        (0..fields.len()).map(|index| Some(statement::type_name(schema, index))).collect();
    let nullable: BooleanArray = fields.iter().map(|field| Some(field.is_nullable())).collect();
    let columns: [(&str, ArrayRef); 3] = [
        ("column_name", Arc::new(names)),
        ("data_type", Arc::new(types)),
        ("is_nullable", Arc::new(nullable)),
    ];
    RecordBatch::try_from_iter(columns).map_err(|error| QueryError::Broken(error.to_string()))
}

fn one_row(name: &str, value: &str) -> Result<RecordBatch, QueryError> {
    let column: ArrayRef = Arc::new(StringArray::from(vec![value]));
    RecordBatch::try_from_iter([(name, column)]).map_err(|error| QueryError::Broken(error.to_string()))
}
