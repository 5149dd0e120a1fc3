use arrow_array::cast::AsArray;
use arrow_array::types::UInt64Type;
use record::{Batch, Level, Line, LineFlags, Micros, Position, Value};
use store::Snapshot;

/// Records with these positions. All else follows from the position.
pub(crate) fn records(positions: impl Iterator<Item = u64>) -> Batch {
    let mut batch = Batch::new();
    for (index, position) in positions.enumerate() {
        let text = format!("line {position}: user logged in");
        batch.push(&Line {
            position: Position(position),
            received: Micros(1_700_000_000_000_000 + position),
            source: "source",
            peer: "peer.example:514",
            bytes: text.as_bytes(),
            flags: LineFlags::default(),
        });
        batch.set_time(index, 1_699_970_000_000_000 + (position as i64 % 3) * 3_600_000_000);
        batch.set_level(index, Level::ALL.get(position as usize % 9).copied());
        batch.set_field(index, "number", Value::Int(position as i64));
    }
    batch
}

/// The positions of all rows, sorted.
pub(crate) fn positions(view: &Snapshot) -> Vec<u64> {
    let of =
        |batch: &arrow_array::RecordBatch| batch.column(0).as_primitive::<UInt64Type>().values().to_vec();
    let mut all: Vec<u64> = view.memory.iter().flat_map(of).collect();
    for part in &view.parts {
        part.scan(Some(&["position"]), None, 8192).unwrap().for_each(|batch| all.extend(of(&batch.unwrap())));
    }
    all.sort_unstable();
    all
}
