//! The functions of the search language, for SQL: `has_word`, `has_prefix`, `has_phrase`.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, BooleanArray};
use arrow_schema::DataType;
use datafusion::arrow::array::AsArray;
use datafusion::arrow::compute::cast;
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

/// True if the text has this word, as a whole and in any case.
pub(crate) const HAS_WORD: &str = "has_word";
/// True if a word of the text begins so, in any case.
pub(crate) const HAS_PREFIX: &str = "has_prefix";
/// True if the text has these words one after the other, in any case.
pub(crate) const HAS_PHRASE: &str = "has_phrase";

/// All of them.
pub(crate) fn all() -> Vec<Arc<ScalarUDF>> {
    let tests: [(&'static str, Test); 3] =
        [(HAS_WORD, search::has_word), (HAS_PREFIX, search::has_prefix), (HAS_PHRASE, search::has_phrase)];
    tests.into_iter().map(|(name, test)| Arc::new(ScalarUDF::from(TextTest::new(name, test)))).collect()
}

type Test = fn(&str, &str) -> bool;

/// A function of a text and what to find in it. Anything that is no text is made one; null of either is null.
#[derive(Debug, PartialEq, Eq, Hash)]
struct TextTest {
    name: &'static str,
    test: Known,
    signature: Signature,
}

/// Functions are told apart by name.
#[derive(Clone, Copy, Debug)]
struct Known(Test);

impl PartialEq for Known {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Known {}

impl std::hash::Hash for Known {
    fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
}

impl TextTest {
    fn new(name: &'static str, test: Test) -> Self {
        Self { name, test: Known(test), signature: Signature::user_defined(Volatility::Immutable) }
    }

    fn apply(&self, texts: &ArrayRef, wanted: &ArrayRef) -> Result<BooleanArray> {
        let (texts, wanted) = (as_view(texts)?, as_view(wanted)?);
        let pairs = texts.as_string_view().iter().zip(wanted.as_string_view().iter());
        Ok(pairs.map(|(text, wanted)| Some((self.test.0)(text?, wanted?))).collect())
    }

    fn apply_one(&self, texts: &ArrayRef, wanted: &str) -> Result<BooleanArray> {
        let texts = as_view(texts)?;
        Ok(texts.as_string_view().iter().map(|text| Some((self.test.0)(text?, wanted))).collect())
    }
}

fn as_view(texts: &ArrayRef) -> Result<ArrayRef> {
    match texts.data_type() {
        DataType::Utf8View => Ok(Arc::clone(texts)),
        _ => Ok(cast(texts, &DataType::Utf8View)?),
    }
}

impl ScalarUDFImpl for TextTest {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        match types {
            [_, _] => Ok(vec![DataType::Utf8View; 2]),
            _ => plan_err!("{0} takes two texts: {0}(message, 'what to find')", self.name),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [texts, wanted] = args.args.as_slice() else {
            return exec_err!("{} takes two texts", self.name);
        };
        let constant = matches!((texts, wanted), (ColumnarValue::Scalar(_), ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { args.number_rows };
        let found = match wanted {
            ColumnarValue::Scalar(wanted) => match wanted.try_as_str() {
                Some(Some(wanted)) => self.apply_one(&texts.to_array(rows)?, wanted)?,
                Some(None) => BooleanArray::new_null(rows),
                None => return exec_err!("{} takes two texts", self.name),
            },
            ColumnarValue::Array(wanted) => self.apply(&texts.to_array(rows)?, wanted)?,
        };
        if constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&found, 0)?));
        }
        Ok(ColumnarValue::Array(Arc::new(found)))
    }
}
