//! What a plan as a whole says about how best to read the table.

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Column, Result};
use datafusion::logical_expr::{Expr, LogicalPlan};

/// How to read the table for one query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Parts with the earliest times first instead of the latest.
    pub(crate) oldest_first: bool,
    /// Only the first or last few rows by time are wanted: after each row group it is worth asking if another one
    /// can still matter.
    pub(crate) few: bool,
    /// Read the columns of the filter first, and the others only where rows are left. Pays when rows are wanted, and
    /// the filter looks at something else than what the rows are sorted by; costs when all is read anyway.
    pub(crate) late: bool,
}

impl Shape {
    /// What `plan` asks for.
    pub(crate) fn of(plan: &LogicalPlan) -> Result<Self> {
        let mut seen = Seen::default();
        plan.apply_with_subqueries(|node| {
            seen.node(node);
            Ok(TreeNodeRecursion::Continue)
        })?;
        let ascending = seen.order.unwrap_or(false);
        Ok(Self {
            oldest_first: ascending,
            few: seen.order.is_some() && seen.limit && !seen.all_rows,
            late: seen.selective && !seen.all_rows,
        })
    }
}

#[derive(Default)]
struct Seen {
    /// The outermost order is by time, true when ascending.
    order: Option<bool>,
    ordered: bool,
    limit: bool,
    /// Something has to look at all rows that the filter leaves.
    all_rows: bool,
    selective: bool,
}

impl Seen {
    fn node(&mut self, node: &LogicalPlan) {
        match node {
            LogicalPlan::Sort(sort) => {
                if !std::mem::replace(&mut self.ordered, true)
                    && let Some(first) = sort.expr.first()
                    && let Expr::Column(column) = &first.expr
                    && is_time(column)
                {
                    self.order = Some(first.asc);
                }
                self.limit |= sort.fetch.is_some();
            }
            LogicalPlan::Limit(_) => self.limit = true,
            LogicalPlan::Filter(filter) => self.selective |= looks_at_more_than_time(&filter.predicate),
            LogicalPlan::Aggregate(_)
            | LogicalPlan::Window(_)
            | LogicalPlan::Distinct(_)
            | LogicalPlan::Join(_) => {
                self.all_rows = true;
            }
            _ => {}
        }
    }
}

fn is_time(column: &Column) -> bool {
    column.name == part::columns::TIME
}

fn looks_at_more_than_time(predicate: &Expr) -> bool {
    predicate
        .column_refs()
        .into_iter()
        .any(|column| !is_time(column) && column.name != part::columns::POSITION)
}
