//! A column that is text in the table, but of another type in a part: its text is the one that memory and merged parts
//! have for it.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::physical_expr::expressions::{CastExpr, Column};
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr};
use datafusion::physical_expr_adapter::{
    DefaultPhysicalExprAdapterFactory, PhysicalExprAdapter, PhysicalExprAdapterFactory,
};

/// Does as DataFusion does for parts whose columns differ from the table's, but for numbers with a fraction and times
/// that become text: these have another form there than in [`part::adapt`].
#[derive(Debug)]
pub(crate) struct Widening;

#[derive(Debug)]
struct Adapter {
    usual: Arc<dyn PhysicalExprAdapter>,
    table: SchemaRef,
    part: SchemaRef,
}

impl PhysicalExprAdapterFactory for Widening {
    fn create(&self, table: SchemaRef, part: SchemaRef) -> Result<Arc<dyn PhysicalExprAdapter>> {
        let usual = DefaultPhysicalExprAdapterFactory.create(Arc::clone(&table), Arc::clone(&part))?;
        Ok(Arc::new(Adapter { usual, table, part }))
    }
}

impl PhysicalExprAdapter for Adapter {
    fn rewrite(&self, expr: Arc<dyn PhysicalExpr>) -> Result<Arc<dyn PhysicalExpr>> {
        let adapted = self.usual.rewrite(expr)?.transform_down(|expr| {
            let column =
                expr.downcast_ref::<CastExpr>().map(CastExpr::expr).filter(|inner| self.becomes_text(inner));
            Ok(match column {
                Some(column) => Transformed::yes(as_text(column)?),
                None => Transformed::no(expr),
            })
        })?;
        Ok(adapted.data)
    }
}

impl Adapter {
    fn becomes_text(&self, expr: &Arc<dyn PhysicalExpr>) -> bool {
        let Some(column) = expr.downcast_ref::<Column>() else { return false };
        let type_in = |schema: &Schema| {
            schema.field_with_name(column.name()).ok().map(|field| field.data_type().clone())
        };
        type_in(&self.table) == Some(DataType::Utf8View)
            && matches!(type_in(&self.part), Some(DataType::Float64 | DataType::Timestamp(..)))
    }
}

fn as_text(column: &Arc<dyn PhysicalExpr>) -> Result<Arc<dyn PhysicalExpr>> {
    let function = AsText { signature: Signature::any(1, Volatility::Immutable) };
    let text = Arc::new(Field::new("text", DataType::Utf8View, true));
    Ok(Arc::new(ScalarFunctionExpr::new(
        "as_text",
        Arc::new(ScalarUDF::from(function)),
        vec![Arc::clone(column)],
        text,
        Arc::new(ConfigOptions::default()),
    )))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct AsText {
    signature: Signature,
}

impl ScalarUDFImpl for AsText {
    fn name(&self) -> &str {
        "as_text"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [value] = args.args.as_slice() else {
            return exec_err!("as_text takes one value");
        };
        let values = value.to_array(args.number_rows)?;
        let schema =
            |data_type: &DataType| Arc::new(Schema::new(vec![Field::new("value", data_type.clone(), true)]));
        let batch = RecordBatch::try_new(schema(values.data_type()), vec![Arc::clone(&values)])?;
        let texts = part::adapt(&batch, &schema(&DataType::Utf8View))?;
        Ok(ColumnarValue::Array(Arc::clone(texts.column(0))))
    }
}
