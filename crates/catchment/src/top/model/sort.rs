use std::cmp::Ordering;

use super::Row;

/// A column of the peers' table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    Peer,
    Source,
    State,
    Rate,
    Unacked,
    Lines,
    Reconnects,
    LastLine,
    Error,
}

/// All of them, as they stand from left to right.
pub(crate) const COLUMNS: [Column; 9] = [
    Column::Peer,
    Column::Source,
    Column::State,
    Column::Rate,
    Column::Unacked,
    Column::Lines,
    Column::Reconnects,
    Column::LastLine,
    Column::Error,
];

/// In which order peers are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sort {
    pub(crate) column: Column,
    pub(crate) descending: bool,
}

impl Default for Sort {
    fn default() -> Self {
        Self::by(Column::Rate)
    }
}

impl Sort {
    /// Sorted so that what one looks for is at the top: much, or the beginning of the alphabet.
    pub(super) fn by(column: Column) -> Self {
        let descending = matches!(
            column,
            Column::Rate | Column::Unacked | Column::Lines | Column::Reconnects | Column::LastLine
        );
        Self { column, descending }
    }

    /// By the column so many further right, or left; behind the last comes the first.
    pub(super) fn moved(self, by: isize) -> Self {
        let at = COLUMNS.iter().position(|column| *column == self.column).unwrap_or(0);
        let at = (at as isize + by).rem_euclid(COLUMNS.len() as isize);
        Self::by(COLUMNS[at as usize])
    }

    pub(super) fn compare(self, one: &Row, other: &Row) -> Ordering {
        let (left, right) = (&one.peer, &other.peer);
        let order = match self.column {
            Column::Peer => left.peer.cmp(&right.peer),
            Column::Source => left.source.cmp(&right.source),
            Column::State => rank(&left.state).cmp(&rank(&right.state)),
            Column::Rate => one.pace.lines_per_second.total_cmp(&other.pace.lines_per_second),
            Column::Unacked => left.unacked.cmp(&right.unacked),
            Column::Lines => left.lines.cmp(&right.lines),
            Column::Reconnects => left.reconnects.cmp(&right.reconnects),
            Column::LastLine => one.pace.last_line.cmp(&other.pace.last_line),
            // Those that have one first, in either direction: nobody looks for those that have none.
            Column::Error => match (&left.last_error, &right.last_error) {
                (Some(left), Some(right)) => left.cmp(right),
                (left, right) => return right.is_some().cmp(&left.is_some()),
            },
        };
        if self.descending { order.reverse() } else { order }
    }
}

/// What needs a look comes first.
fn rank(state: &str) -> u8 {
    match state {
        "backing_off" => 0,
        "connecting" => 1,
        "closing" => 2,
        "connected" => 3,
        _ => 4,
    }
}
