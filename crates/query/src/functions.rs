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
use search::Phrase;

/// True if the text has this word, as a whole and in any case.
pub(crate) const HAS_WORD: &str = "has_word";
/// True if a word of the text begins so, in any case.
pub(crate) const HAS_PREFIX: &str = "has_prefix";
/// True if the text has these words one after the other, in any case.
pub(crate) const HAS_PHRASE: &str = "has_phrase";

/// All of them.
pub(crate) fn all() -> Vec<Arc<ScalarUDF>> {
    let tests = [(HAS_WORD, false), (HAS_PREFIX, true), (HAS_PHRASE, false)];
    tests.into_iter().map(|(name, open)| Arc::new(ScalarUDF::from(TextTest::new(name, open)))).collect()
}

/// A function of a text and what to find in it. Anything that is no text is made one; null of either is null.
#[derive(Debug, PartialEq, Eq, Hash)]
struct TextTest {
    name: &'static str,
    /// The last word may be the beginning of one.
    open: bool,
    signature: Signature,
}

impl TextTest {
    fn new(name: &'static str, open: bool) -> Self {
        Self { name, open, signature: Signature::user_defined(Volatility::Immutable) }
    }

    fn apply(&self, texts: &ArrayRef, wanted: &ArrayRef) -> Result<BooleanArray> {
        let (texts, wanted) = (as_view(texts)?, as_view(wanted)?);
        let pairs = texts.as_string_view().iter().zip(wanted.as_string_view().iter());
        let test = |text: &str, wanted: &str| {
            Phrase::new(wanted, self.open).is_some_and(|phrase| phrase.is_in(text))
        };
        Ok(pairs.map(|(text, wanted)| Some(test(text?, wanted?))).collect())
    }

    fn apply_one(&self, texts: &ArrayRef, wanted: &str) -> Result<BooleanArray> {
        let (texts, phrase) = (as_view(texts)?, Phrase::new(wanted, self.open));
        let test = |text: &str| phrase.as_ref().is_some_and(|phrase| phrase.is_in(text));
        Ok(texts.as_string_view().iter().map(|text| text.map(test)).collect())
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
