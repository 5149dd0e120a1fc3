use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::UInt64Type;
use part::{Builder, Summary};
use record::{Batch, Line, LineFlags, Micros, Position, Value};

use crate::core::Core;
use crate::{Options, Snapshot};

pub(crate) const SECOND: i64 = 1_000_000;

/// Records by position, event time and source. A record is received as many seconds after 1970 as its position says.
pub(crate) fn records(rows: &[(u64, i64, &str)]) -> Batch {
    let mut batch = Batch::new();
    for (index, (position, time, source)) in rows.iter().enumerate() {
        let text = format!("line {position}: connection refused by upstream");
        batch.push(&Line {
            position: Position(*position),
            received: Micros(position * SECOND as u64),
            source,
            peer: "peer.example:514",
            bytes: text.as_bytes(),
            flags: LineFlags::default(),
        });
        batch.set_time(index, *time);
        let name = format!("field{}", position % 3);
        let value = if position % 5 == 0 { Value::Str("text") } else { Value::Int(*position as i64) };
        batch.set_field(index, &name, value);
    }
    batch
}

pub(crate) fn batch_of(rows: &[(u64, i64, &str)]) -> RecordBatch {
    let mut builder = Builder::new();
    records(rows).iter().for_each(|record| builder.append(record));
    builder.finish()
}

pub(crate) fn positions(batch: &RecordBatch) -> Vec<u64> {
    batch.column_by_name("position").unwrap().as_primitive::<UInt64Type>().values().to_vec()
}

/// The positions of all rows, sorted.
pub(crate) fn positions_in(snapshot: &Snapshot) -> Vec<u64> {
    let mut all: Vec<u64> = snapshot.memory.iter().flat_map(positions).collect();
    for part in &snapshot.parts {
        let before = all.len();
        for batch in part.scan(Some(&["position"]), None, 8192).unwrap() {
            all.extend(positions(&batch.unwrap()));
        }
        assert_eq!((all.len() - before) as u64, part.summary().rows);
    }
    all.sort_unstable();
    all
}

/// A summary of a part that is nowhere.
pub(crate) fn summary(sources: BTreeMap<String, u64>) -> Summary {
    Summary {
        rows: sources.values().sum::<u64>().max(1),
        bytes: 1000,
        index_bytes: 10,
        time: (0, 0),
        received: (0, 0),
        position: (1, 1),
        sources,
        levels: BTreeMap::new(),
        fields: Vec::new(),
        crc32c: 7,
        tail: (900, 8),
    }
}

/// Options for a few rows.
pub(crate) fn small() -> Options {
    Options { merge_parts: 2, ..Options::default() }
}

pub(crate) fn open(dir: &Path) -> Arc<Core> {
    crate::store::open_core(dir, small()).unwrap()
}

/// Appends rows of the source `s` with these positions, each as many seconds after 1970.
pub(crate) fn append(core: &Core, positions: std::ops::RangeInclusive<u64>) {
    let rows: Vec<_> = positions.clone().map(|position| (position, position as i64 * SECOND, "s")).collect();
    core.append("main", &records(&rows), Position(*positions.end())).unwrap();
}
