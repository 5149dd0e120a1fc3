use parquet::arrow::arrow_reader::RowSelection;
use search::Needle;

/// What a row must have to be of interest. Rows that have it are never ruled out; others may be left.
#[derive(Clone, Debug)]
pub struct Needs {
    /// Event time from and to, both included, in microseconds since 1970.
    pub time: Option<(i64, i64)>,
    /// Position from and to, both included.
    pub position: Option<(u64, u64)>,
    /// One of these sources.
    pub sources: Option<Vec<String>>,
    /// One of these levels. A row without a level has none of them.
    pub levels: Option<Vec<String>>,
    /// These tokens in the message.
    pub message: Needle,
    /// In each of these columns exactly this text. Of a column that is no text nothing is ruled out.
    pub equals: Vec<(String, String)>,
    /// Each of these in the message, exactly as it is. What the index does not rule out by it, a [`Look`](crate::Look) may.
    pub contains: Vec<String>,
}

impl Default for Needs {
    fn default() -> Self {
        Self {
            time: None,
            position: None,
            sources: None,
            levels: None,
            message: Needle::Any,
            equals: Vec::new(),
            contains: Vec::new(),
        }
    }
}

/// The rows of a part that may match: whole pages of it.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Row groups in their order, each with the rows to take of it. A selection covers its whole row group.
    pub row_groups: Vec<(usize, RowSelection)>,
    /// How many rows these are.
    pub rows: u64,
}
