use std::io;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{TimestampMicrosecondType, UInt64Type};
use arrow_array::{Array, RecordBatch};
use record::{Line, LineFlags, Micros, Position};

use super::access::{Access, AccessError};
use super::context::quoted;

/// Lines that are asked for at once.
const PAGE: usize = 20_000;

/// The first part of the journal's addresses that is looked at, in bytes.
const WINDOW: u64 = 4 << 20;

/// Gives back lines from the store as `cat` reads them from the journal: in the order of their positions.
///
/// What bounds it: a page of [`PAGE`] lines. The addresses that a page is looked for in grow while there are few lines in them.
pub(crate) struct Kept<'a> {
    access: &'a Access<'a>,
    condition: String,
}

/// Where reading begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum First {
    Position(Position),
    Time(Micros),
}

impl<'a> Kept<'a> {
    pub(crate) fn new(access: &'a Access<'a>, source: Option<&str>, peer: Option<&str>) -> Self {
        let condition = [("source", source), ("peer", peer)]
            .into_iter()
            .filter_map(|(column, name)| Some(format!(" AND {column} = {}", quoted(name?))))
            .collect();
        Self { access, condition }
    }

    /// Calls `each` with every line before `end`, until it says false.
    pub(crate) fn lines(
        &self,
        first: First,
        end: Position,
        each: &mut dyn FnMut(&Line<'_>) -> io::Result<bool>,
    ) -> Result<bool, super::ReadError> {
        let from = match first {
            First::Position(position) => format!("position >= {position}"),
            First::Time(Micros(time)) => format!("received >= to_timestamp_micros({time})"),
        };
        let Some(mut at) = self.least(&from, end)? else { return Ok(true) };
        let mut window = WINDOW;
        while at < end.0 {
            let to = at.saturating_add(window).min(end.0);
            let sql = format!(
                "SELECT position, received, source, peer, message, flags, raw FROM logs \
                 WHERE position >= {at} AND position < {to}{} ORDER BY position LIMIT {PAGE}",
                self.condition
            );
            let (mut rows, mut last) = (0, at);
            for batch in self.access.sql(&sql)? {
                let batch = batch?;
                rows += batch.num_rows();
                if !give(&batch, &mut last, each)? {
                    return Ok(false);
                }
            }
            (at, window) = match rows {
                PAGE => (last + 1, window.div_ceil(2)),
                _ if rows < PAGE / 4 => (to, window.saturating_mul(4)),
                _ => (to, window),
            };
        }
        Ok(true)
    }

    /// The lowest position that fits.
    fn least(&self, from: &str, end: Position) -> Result<Option<u64>, AccessError> {
        let sql =
            format!("SELECT min(position) FROM logs WHERE {from} AND position < {end}{}", self.condition);
        let mut least = None;
        for batch in self.access.sql(&sql)? {
            least = least.or(batch?.column(0).as_primitive::<UInt64Type>().iter().next().flatten());
        }
        Ok(least)
    }
}

fn give(
    batch: &RecordBatch,
    last: &mut u64,
    each: &mut dyn FnMut(&Line<'_>) -> io::Result<bool>,
) -> io::Result<bool> {
    let position = batch.column(0).as_primitive::<UInt64Type>();
    let received = batch.column(1).as_primitive::<TimestampMicrosecondType>();
    let [source, peer, message, flags] = [2, 3, 4, 5].map(|column| batch.column(column).as_string_view());
    let raw = batch.column(6).as_binary_view();
    for row in 0..batch.num_rows() {
        *last = position.value(row);
        let line = Line {
            position: Position(*last),
            received: Micros(u64::try_from(received.value(row)).unwrap_or(0)),
            source: source.value(row),
            peer: peer.value(row),
            bytes: if raw.is_valid(row) { raw.value(row) } else { message.value(row).as_bytes() },
            flags: if flags.is_valid(row) {
                LineFlags::from_names(flags.value(row))
            } else {
                LineFlags::default()
            },
        };
        if !each(&line)? {
            return Ok(false);
        }
    }
    Ok(true)
}
