use std::fmt;
use std::str::FromStr;

use record::Record;

use crate::error::SyntaxError;
use crate::expr::Expr;
use crate::needle::Needle;
use crate::parse::parse;
use crate::sql::{Column, sql};

/// A search: what a record must hold. Shown in its canonical form, which is the same search again.
///
/// What bounds it: 8 KiB of text, 256 terms, 16 patterns of at most 1 MiB each when compiled, and 16 parentheses or
/// negations in one another.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query(Expr);

impl Query {
    /// Reads a search; nothing but spaces matches all records.
    ///
    /// # Errors
    /// Tells the column, what is wrong there, and what to write instead.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        parse(text).map(Self)
    }

    /// True if the record matches. Allocates only to see a number or a time as text.
    pub fn matches(&self, record: Record<'_>) -> bool {
        self.0.matches(record)
    }

    /// The search as a boolean SQL expression over `logs`, for columns of any type: fields are converted as needed. It
    /// is true for what matches, and false or null for what does not.
    pub fn to_sql(&self) -> String {
        self.to_sql_for(&|_| Column::Unknown)
    }

    /// The same where the type of each field's column is known: then conversions are left out, and statistics apply.
    pub fn to_sql_for(&self, column: &dyn Fn(&str) -> Column) -> String {
        sql(&self.0, column)
    }

    /// What a message must hold for its record to match.
    pub fn needle(&self) -> Needle {
        self.0.needle()
    }
}

impl FromStr for Query {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        Self::parse(text)
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
