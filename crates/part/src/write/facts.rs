use std::collections::{BTreeMap, HashMap};

use arrow_array::cast::AsArray;
use arrow_array::types::{TimestampMicrosecondType, UInt64Type};
use arrow_array::{RecordBatch, StringViewArray};
use arrow_schema::{DataType, Schema};
use record::Level;

use crate::columns::{AT_LEVEL, AT_PEER, AT_POSITION, AT_RECEIVED, AT_SOURCE, AT_TIME, CORE, fields_of};
use crate::index::directory::{Page, source_bit};
use crate::index::{Counter, Histogram, NO_LEVEL, TopValues, level_place};
use crate::sort::Key;
use crate::{FieldType, Summary};

/// What is learned of the rows as they pass.
pub(super) struct Facts {
    rows: u64,
    last: Option<Key>,
    time: (i64, i64),
    received: (i64, i64),
    position: (u64, u64),
    /// In the order in which they first came.
    sources: Vec<(String, u64)>,
    places: HashMap<String, usize>,
    histogram: Histogram,
    /// The columns whose values are counted, each with its name and place.
    counters: Vec<(String, usize, Counter)>,
    fields: Vec<(String, FieldType)>,
}

impl Facts {
    pub(super) fn new(schema: &Schema) -> Self {
        let text = |at: &usize| schema.field(*at).data_type() == &DataType::Utf8View;
        let counted =
            [AT_SOURCE, AT_PEER, AT_LEVEL].into_iter().chain((CORE..schema.fields().len()).filter(text));
        let counter = |at: usize| (schema.field(at).name().clone(), at, Counter::default());
        Self {
            rows: 0,
            last: None,
            time: (i64::MAX, i64::MIN),
            received: (i64::MAX, i64::MIN),
            position: (u64::MAX, u64::MIN),
            sources: Vec::new(),
            places: HashMap::new(),
            histogram: Histogram::new(),
            counters: counted.map(counter).collect(),
            fields: fields_of(schema).map(|(name, kind)| (name.to_owned(), kind)).collect(),
        }
    }

    /// Learns from a page, and says what is to be known of it. `None` when its rows are not sorted, or come before
    /// those that were there.
    pub(super) fn add(&mut self, rows: &RecordBatch) -> Option<Page> {
        let time = rows.column(AT_TIME).as_primitive::<TimestampMicrosecondType>().values();
        let received = rows.column(AT_RECEIVED).as_primitive::<TimestampMicrosecondType>().values();
        let position = rows.column(AT_POSITION).as_primitive::<UInt64Type>().values();
        let key = |row: usize| (time[row], position[row]);
        let last_row = time.len().checked_sub(1)?;
        let sorted = self.last <= Some(key(0)) && (0..last_row).all(|row| key(row) <= key(row + 1));
        self.last = Some(key(last_row));
        self.rows += time.len() as u64;
        let page = Page {
            rows: time.len() as u32,
            time: (time[0], time[last_row]),
            position: extent(position)?,
            levels: levels(rows.column(AT_LEVEL).as_string_view()),
            sources: self.count_sources(rows.column(AT_SOURCE).as_string_view()),
            filter: None,
        };
        self.time = join(self.time, page.time);
        self.position = join(self.position, page.position);
        self.received = join(self.received, extent(received)?);
        self.histogram.count(rows);
        for (_, at, counter) in &mut self.counters {
            counter.add(rows.column(*at).as_string_view());
        }
        sorted.then_some(page)
    }

    pub(super) fn histogram(&self) -> &Histogram {
        &self.histogram
    }

    pub(super) fn sources(&self) -> Vec<String> {
        self.sources.iter().map(|(name, _)| name.clone()).collect()
    }

    pub(super) fn take_values(&mut self) -> Vec<(String, TopValues)> {
        self.counters.drain(..).map(|(name, _, counter)| (name, counter.finish())).collect()
    }

    /// All but what only the file knows.
    pub(super) fn summary(self) -> Summary {
        let levels = Level::ALL.iter().map(|level| level.name().to_owned()).zip(self.histogram.total());
        Summary {
            rows: self.rows,
            bytes: 0,
            index_bytes: 0,
            time: self.time,
            received: self.received,
            position: self.position,
            sources: self.sources.into_iter().collect::<BTreeMap<_, _>>(),
            levels: levels.filter(|(_, rows)| *rows > 0).collect(),
            fields: self.fields,
            crc32c: 0,
            tail: (0, 0),
        }
    }

    /// Counts the rows of each source. Gives the bits of those that are there.
    fn count_sources(&mut self, column: &StringViewArray) -> u64 {
        let (mut bits, mut last) = (0, usize::MAX);
        for name in column.iter().flatten() {
            if self.sources.get(last).is_none_or(|(before, _)| before != name) {
                last = self.place_of(name);
                bits |= source_bit(last);
            }
            self.sources[last].1 += 1;
        }
        bits
    }

    fn place_of(&mut self, source: &str) -> usize {
        if let Some(place) = self.places.get(source) {
            return *place;
        }
        self.sources.push((source.to_owned(), 0));
        self.places.insert(source.to_owned(), self.sources.len() - 1);
        self.sources.len() - 1
    }
}

fn levels(column: &StringViewArray) -> u8 {
    column.iter().fold(0, |bits, level| bits | 1 << level.map_or(NO_LEVEL, level_place))
}

fn extent<T: Ord + Copy>(values: &[T]) -> Option<(T, T)> {
    Some((*values.iter().min()?, *values.iter().max()?))
}

fn join<T: Ord + Copy>(one: (T, T), other: (T, T)) -> (T, T) {
    (one.0.min(other.0), one.1.max(other.1))
}
