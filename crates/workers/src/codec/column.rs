use std::str;

/// A column of a result. See [the format](super).
#[derive(Debug)]
pub(crate) struct Column<'a> {
    pub(crate) kind: u8,
    pub(crate) name: &'a str,
    /// Whose values they are, ascending; `None` if everybody's.
    pub(crate) rows: Option<Vec<u32>>,
    pub(crate) values: Values<'a>,
}

/// The values of a column.
#[derive(Debug)]
pub(crate) enum Values<'a> {
    Bool(&'a [u8]),
    Int(&'a [u8]),
    Float(&'a [u8]),
    Time(&'a [u8]),
    /// A text, and where each of its pieces ends.
    Text(&'a str, Vec<usize>),
}

/// A worker said something that means nothing: its handler wrote to a file that is not its own, or memory is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// What is left of a frame.
#[derive(Debug)]
pub(crate) struct Input<'a>(pub(crate) &'a [u8]);

impl<'a> Input<'a> {
    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Malformed> {
        Ok(self.take(1)?[0])
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Malformed> {
        self.array().map(u64::from_le_bytes)
    }

    pub(crate) fn text(&mut self, bytes: usize) -> Result<&'a str, Malformed> {
        str::from_utf8(self.take(bytes)?).map_err(|_| Malformed)
    }

    /// Numbers of rows, which must ascend and be less than `below`; the same one may come again if `again`.
    pub(crate) fn rows(&mut self, count: u32, below: u32, again: bool) -> Result<Vec<u32>, Malformed> {
        let rows = self.u32s(count)?;
        let ascend = rows.windows(2).all(|pair| pair[0] < pair[1] || again && pair[0] == pair[1]);
        let in_range = rows.last().is_none_or(|last| *last < below);
        if ascend && in_range { Ok(rows) } else { Err(Malformed) }
    }

    /// A column of `records` records.
    pub(crate) fn column(&mut self, records: u32) -> Result<Column<'a>, Malformed> {
        let (kind, dense) = (self.byte()?, self.byte()? == 1);
        let name = self.array().map(u16::from_le_bytes)?;
        let count = self.u32()?;
        let name = self.text(name.into())?;
        let rows = if dense { None } else { Some(self.rows(count, records, false)?) };
        if count > records || dense && count != records {
            return Err(Malformed);
        }
        let values = match kind {
            b'b' => Values::Bool(self.take(count as usize)?),
            b'i' => Values::Int(self.take(8 * count as usize)?),
            b'f' => Values::Float(self.take(8 * count as usize)?),
            b't' => Values::Time(self.take(8 * count as usize)?),
            b's' | b'E' => self.pieces(count)?,
            _ => return Err(Malformed),
        };
        Ok(Column { kind, name, rows, values })
    }

    fn pieces(&mut self, count: u32) -> Result<Values<'a>, Malformed> {
        let lengths = self.u32s(count)?;
        let bytes = self.u32()? as usize;
        let text = self.text(bytes)?;
        let total: u64 = lengths.iter().map(|length| u64::from(*length)).sum();
        if text.is_ascii() {
            let ends = lengths.iter().scan(0, |end, length| {
                *end += *length as usize;
                Some(*end)
            });
            return if total == bytes as u64 {
                Ok(Values::Text(text, ends.collect()))
            } else {
                Err(Malformed)
            };
        }
        let mut rest = text.chars();
        let mut ends = Vec::with_capacity(lengths.len());
        for length in lengths {
            for _ in 0..length {
                rest.next().ok_or(Malformed)?;
            }
            ends.push(bytes - rest.as_str().len());
        }
        if rest.as_str().is_empty() { Ok(Values::Text(text, ends)) } else { Err(Malformed) }
    }

    fn u32s(&mut self, count: u32) -> Result<Vec<u32>, Malformed> {
        let bytes = self.take(4 * count as usize)?;
        Ok(bytes.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect())
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.take(N)?.try_into().map_err(|_| Malformed)
    }
}

impl<'a> Column<'a> {
    /// The record whose value is at `index`.
    pub(crate) fn record(&self, index: usize) -> u32 {
        self.rows.as_ref().map_or(index as u32, |rows| rows[index])
    }

    /// How many values.
    pub(crate) fn len(&self) -> usize {
        match &self.values {
            Values::Bool(bytes) => bytes.len(),
            Values::Int(bytes) | Values::Float(bytes) | Values::Time(bytes) => bytes.len() / 8,
            Values::Text(_, ends) => ends.len(),
        }
    }

    /// The value at `index`.
    pub(crate) fn value(&self, index: usize) -> record::Value<'a> {
        let eight = |bytes: &[u8]| bytes.as_chunks().0[index];
        match &self.values {
            Values::Bool(bytes) => record::Value::Bool(bytes[index] != 0),
            Values::Int(bytes) => record::Value::Int(i64::from_le_bytes(eight(bytes))),
            Values::Float(bytes) => record::Value::Float(f64::from_le_bytes(eight(bytes))),
            Values::Time(bytes) => record::Value::Time(i64::from_le_bytes(eight(bytes))),
            Values::Text(text, ends) => {
                let from = if index == 0 { 0 } else { ends[index - 1] };
                record::Value::Str(&text[from..ends[index]])
            }
        }
    }
}
