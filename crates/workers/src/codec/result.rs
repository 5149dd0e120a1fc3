use super::column::{Column, Input, Malformed};

/// What became of a batch. Whatever it refers to is there: it has been checked.
#[derive(Debug)]
pub(crate) struct Outcome<'a> {
    /// How many records.
    pub(crate) records: u32,
    /// Of each record the line it was made of, ascending. `None` if each line is one record still.
    pub(crate) rows: Option<Vec<u32>>,
    /// What changed.
    pub(crate) columns: Vec<Column<'a>>,
    /// A sample of what failed: a traceback, or nothing.
    pub(crate) trace: &'a str,
    /// The position of the line that it is from.
    pub(crate) trace_position: u64,
}

impl<'a> Outcome<'a> {
    /// Of which batch the result in `body` is.
    pub(crate) fn number(body: &[u8]) -> Result<u64, Malformed> {
        Input(body).u64()
    }

    /// Reads the result of a batch of `lines` lines.
    pub(crate) fn decode(body: &'a [u8], lines: usize) -> Result<Self, Malformed> {
        let mut input = Input(body);
        input.u64()?;
        let records = input.u32()?;
        let same = input.byte()? == 1;
        let count = input.u32()?;
        if same && records as usize != lines {
            return Err(Malformed);
        }
        let rows = if same { None } else { Some(input.rows(records, lines as u32, true)?) };
        let columns = (0..count).map(|_| input.column(records)).collect::<Result<_, _>>()?;
        let trace_position = input.u64()?;
        let trace = input.u32()? as usize;
        let trace = input.text(trace)?;
        if input.0.is_empty() {
            Ok(Self { records, rows, columns, trace, trace_position })
        } else {
            Err(Malformed)
        }
    }
}
