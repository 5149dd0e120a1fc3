//! Finds the questions that counts answer: how many rows there are, of which level, in which minutes.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, Result, ScalarValue};
use datafusion::functions_aggregate::sum::sum;
use datafusion::logical_expr::expr::{AggregateFunction, ScalarFunction};
use datafusion::logical_expr::logical_plan::{Aggregate, Projection};
use datafusion::logical_expr::{BinaryExpr, Expr, LogicalPlan, Operator, lit, when};
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};
use part::columns;

use crate::counts::{ROWS, over_counts};
use crate::needs::{column, literal, micros};

const MINUTE: i64 = 60_000_000;

/// Turns `count(*)` by level and by minutes or longer times into a sum over what has been counted before. All else stays.
#[derive(Debug)]
pub(crate) struct Counting;

impl OptimizerRule for Counting {
    fn name(&self) -> &'static str {
        "counts_from_the_index"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::BottomUp)
    }

    fn rewrite(&self, plan: LogicalPlan, _config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        let counted = match &plan {
            LogicalPlan::Aggregate(aggregate) => counted(aggregate)?,
            _ => None,
        };
        Ok(counted.map_or_else(|| Transformed::no(plan), Transformed::yes))
    }
}

fn counted(aggregate: &Aggregate) -> Result<Option<LogicalPlan>> {
    let Aggregate { input, group_expr, aggr_expr, schema, .. } = aggregate;
    // How many rows there are in all is known without any index.
    let all =
        group_expr.is_empty() && matches!(&**input, LogicalPlan::TableScan(scan) if scan.filters.is_empty());
    if all || aggr_expr.is_empty() || !aggr_expr.iter().all(is_count) || !group_expr.iter().all(is_decided) {
        return Ok(None);
    }
    let Some(input) = over_counts(input, is_decided)? else { return Ok(None) };
    let rows = sum(Expr::Column(Column::from_name(ROWS)));
    let summed = Aggregate::try_new(Arc::new(input), group_expr.clone(), vec![rows])?;
    let place = |at: usize| Expr::Column(Column::from(summed.schema.qualified_field(at)));
    let total = place(group_expr.len());
    // Without any group there is nothing to sum up when there are no rows.
    let total = when(total.clone().is_not_null(), total).otherwise(lit(0_i64))?;
    let mut shown: Vec<Expr> = (0..group_expr.len()).map(place).collect();
    for at in group_expr.len()..schema.fields().len() {
        let (table, field) = schema.qualified_field(at);
        shown.push(total.clone().alias_qualified(table.cloned(), field.name()));
    }
    Ok(Some(LogicalPlan::Projection(Projection::try_new(shown, Arc::new(LogicalPlan::Aggregate(summed)))?)))
}

/// `count(*)` or the like: no argument that can be null, nothing left out.
fn is_count(expr: &Expr) -> bool {
    match expr {
        Expr::Alias(alias) => is_count(&alias.expr),
        Expr::AggregateFunction(AggregateFunction { func, params }) => {
            func.name() == "count"
                && !params.distinct
                && params.filter.is_none()
                && params.order_by.is_empty()
                && params.args.iter().all(|arg| literal(arg).is_some_and(|value| !value.is_null()))
        }
        _ => false,
    }
}

/// True when all rows of the same minute and the same level give the same.
fn is_decided(expr: &Expr) -> bool {
    match expr {
        Expr::Literal(..) => true,
        Expr::Column(column) => column.name == columns::LEVEL,
        Expr::ScalarFunction(function) if is_minutes(function) => true,
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if is_boundary(left, *op, right) => true,
        Expr::GroupingSet(_)
        | Expr::AggregateFunction(_)
        | Expr::WindowFunction(_)
        | Expr::ScalarSubquery(_)
        | Expr::Exists(_)
        | Expr::InSubquery(_)
        | Expr::OuterReferenceColumn(..) => false,
        _ if expr.is_volatile() => false,
        _ => {
            let (mut parts, mut all) = (0, true);
            let visited = expr.apply_children(|child| {
                parts += 1;
                all &= is_decided(child);
                Ok(TreeNodeRecursion::Continue)
            });
            visited.is_ok() && parts > 0 && all
        }
    }
}

/// The beginning of a stretch of whole minutes.
fn is_minutes(function: &ScalarFunction) -> bool {
    match (function.func.name(), function.args.as_slice()) {
        ("date_bin", [interval, time]) => is_time(time) && literal(interval).is_some_and(is_whole_minutes),
        ("date_trunc", [unit, time]) => {
            const UNITS: [&str; 6] = ["minute", "hour", "day", "week", "month", "year"];
            let unit = literal(unit).and_then(|unit| unit.try_as_str().flatten());
            is_time(time) && unit.is_some_and(|unit| UNITS.contains(&unit.to_lowercase().as_str()))
        }
        _ => false,
    }
}

fn is_whole_minutes(interval: &ScalarValue) -> bool {
    match interval {
        ScalarValue::IntervalMonthDayNano(Some(it)) => it.nanoseconds % (MINUTE * 1000) == 0,
        ScalarValue::IntervalDayTime(Some(it)) => i64::from(it.milliseconds) % (MINUTE / 1000) == 0,
        _ => false,
    }
}

/// A comparison of the time that no minute is on both sides of.
fn is_boundary(left: &Expr, op: Operator, right: &Expr) -> bool {
    let (time, op, at) = match (literal(left), literal(right), op.swap()) {
        (None, Some(at), _) => (left, op, at),
        (Some(at), None, Some(op)) => (right, op, at),
        _ => return false,
    };
    let first_after = match op {
        Operator::GtEq | Operator::Lt => micros(at),
        Operator::Gt | Operator::LtEq => micros(at).and_then(|at| at.checked_add(1)),
        _ => None,
    };
    is_time(time) && first_after.is_some_and(|at| at.rem_euclid(MINUTE) == 0)
}

fn is_time(expr: &Expr) -> bool {
    column(expr) == Some(columns::TIME)
}
