//! A way to end a query that never pauses.
//!
//! Tasks of the runtime end where they pause, at the latest with their next batch. A join whose condition holds for hardly any pair
//! compares for hours without a batch, and ends between two comparisons of batches instead, because its condition fails.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow_array::RecordBatch;
use arrow_schema::{FieldRef, Schema};
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::joins::utils::JoinFilter;
use datafusion::physical_plan::joins::{
    CrossJoinExec, HashJoinExec, NestedLoopJoinExec, NestedLoopJoinExecBuilder,
};

/// Set when nobody wants the answer any more.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interrupt {
    own: Arc<AtomicBool>,
    all: Arc<AtomicBool>,
}

impl Interrupt {
    pub(crate) fn set(&self) {
        self.own.store(true, Ordering::Release);
    }

    /// Interrupts this and all that were made from it with [`Interrupt::another`].
    pub(crate) fn set_all(&self) {
        self.all.store(true, Ordering::Release);
    }

    /// One more, for another answer.
    pub(crate) fn another(&self) -> Self {
        Self { own: Arc::default(), all: Arc::clone(&self.all) }
    }

    /// True when all are interrupted.
    pub(crate) fn is_all(&self) -> bool {
        self.all.load(Ordering::Acquire)
    }

    fn is_set(&self) -> bool {
        self.own.load(Ordering::Acquire) || self.is_all()
    }

    /// The plan, with joins that pause, and that end when this is set.
    pub(crate) fn watch(&self, plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|node| {
            let watched: Arc<dyn ExecutionPlan> =
                if let Some(join) = node.downcast_ref::<NestedLoopJoinExec>() {
                    let filter = join.filter().map(|filter| self.filter(filter));
                    Arc::new(NestedLoopJoinExecBuilder::from(join).with_filter(filter).build()?)
                } else if let Some(join) = node.downcast_ref::<HashJoinExec>() {
                    let filter = join.filter().map(|filter| self.filter(filter));
                    join.builder().with_filter(filter).build_exec()?
                } else if node.is::<CrossJoinExec>() {
                    node
                } else {
                    return Ok(Transformed::no(node));
                };
            Ok(Transformed::yes(Arc::new(CooperativeExec::new(watched)) as Arc<dyn ExecutionPlan>))
        })
        .data()
    }

    fn filter(&self, filter: &JoinFilter) -> JoinFilter {
        let watched = Watched { expr: Arc::clone(filter.expression()), interrupt: self.clone() };
        JoinFilter::new(Arc::new(watched), filter.column_indices().to_vec(), Arc::clone(filter.schema()))
    }
}

/// An expression that fails once nobody wants its value.
#[derive(Debug)]
struct Watched {
    expr: Arc<dyn PhysicalExpr>,
    interrupt: Interrupt,
}

impl PhysicalExpr for Watched {
    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        if self.interrupt.is_set() {
            return exec_err!("the answer is not wanted any more");
        }
        self.expr.evaluate(batch)
    }

    fn return_field(&self, schema: &Schema) -> Result<FieldRef> {
        self.expr.return_field(schema)
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.expr]
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn PhysicalExpr>>,
    ) -> Result<Arc<dyn PhysicalExpr>> {
        match <[_; 1]>::try_from(children) {
            Ok([expr]) => Ok(Arc::new(Self { expr, interrupt: self.interrupt.clone() })),
            Err(_) => exec_err!("a watched expression has one child"),
        }
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expr.fmt_sql(f)
    }
}

impl fmt::Display for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expr.fmt(f)
    }
}

impl PartialEq for Watched {
    fn eq(&self, other: &Self) -> bool {
        self.expr.eq(&other.expr)
    }
}

impl Eq for Watched {}

impl Hash for Watched {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.expr.hash(state);
    }
}
