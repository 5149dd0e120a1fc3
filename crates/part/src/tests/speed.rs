//! Measurements, not checks: `cargo test --release -p part -- --ignored --nocapture speed`.

use record::{Batch, Level, Line, LineFlags, Micros, Position, Value, clock};
use search::Needle;

use crate::{Builder, Needs, Part, WriteOptions, merge, sort, unify, write};

const ROWS: u64 = 1_000_000;

fn message(random: &mut fastrand::Rng, n: u64) -> String {
    const VERBS: [&str; 6] = [
        "accepted connection from",
        "finished request for",
        "connection refused by",
        "retrying call to",
        "flushed cache of",
        "user logged in at",
    ];
    let verb = VERBS[random.usize(..VERBS.len())];
    let (a, b, c) = (random.u8(..), random.u8(..), random.u32(..100_000));
    format!(
        "{verb} 10.0.{a}.{b}:{} after {c} us, attempt {} of request req-{n:08}, all is well",
        1024 + c % 60_000,
        c % 5
    )
}

fn batch(from: u64, count: u64, fields: bool) -> Batch {
    let mut random = fastrand::Rng::with_seed(from);
    let mut batch = Batch::new();
    for n in from..from + count {
        let text = message(&mut random, n);
        batch.push(&Line {
            position: Position(n * 120),
            received: Micros(1_700_000_000_000_000 + n * 25),
            source: "main",
            peer: &format!("10.1.{}.{}:514", n % 4, n % 250),
            bytes: text.as_bytes(),
            flags: LineFlags::default(),
        });
        if fields {
            let index = (n - from) as usize;
            batch.set_level(index, Some(Level::ALL[2 + (n % 7 / 3) as usize]));
            batch.set_field(
                index,
                "service",
                Value::Str(["api", "auth", "billing", "web"][(n % 4) as usize]),
            );
            batch.set_field(index, "host", Value::Str(&format!("host-{}", n % 50)));
            batch.set_field(index, "trace_id", Value::Str(&format!("{:032x}", random.u128(..))));
            batch.set_field(index, "status", Value::Int([200, 404, 500][(n % 3) as usize]));
            batch.set_field(index, "duration", Value::Float(random.f64()));
            batch.set_field(index, "ok", Value::Bool(n % 3 == 0));
        }
    }
    batch
}

#[expect(clippy::print_stderr, reason = "a measurement is to be seen")]
fn report(what: &str, rows: u64, since: std::time::Duration) {
    let seconds = (clock::monotonic() - since).as_secs_f64();
    eprintln!("{what}: {:.3} s, {:.0} k rows/s", seconds, rows as f64 / seconds / 1000.0);
}

#[test]
#[ignore = "a measurement"]
#[expect(clippy::print_stderr, reason = "a measurement is to be seen")]
fn speed() {
    let dir = tempfile::tempdir().unwrap();
    let mut builder = Builder::new();
    for fields in [false, true] {
        let input: Vec<Batch> = (0..ROWS / 10_000).map(|n| batch(n * 10_000, 10_000, fields)).collect();
        let since = clock::monotonic();
        let batches: Vec<_> = input
            .iter()
            .map(|batch| {
                batch.iter().for_each(|record| builder.append(record));
                builder.finish()
            })
            .collect();
        report(&format!("build, fields: {fields}"), ROWS, since);
        drop(input);
        let schema = unify(batches.iter().map(|batch| batch.schema_ref().as_ref()));
        for zstd_level in [1, 3] {
            let options = WriteOptions { zstd_level, ..WriteOptions::default() };
            let path = dir.path().join(format!("{fields}-{zstd_level}"));
            let since = clock::monotonic();
            let sorted = sort(&batches, &schema).unwrap();
            let summary = write(&path, sorted, schema.clone(), &options).unwrap();
            report(&format!("sort and write, fields: {fields}, zstd {zstd_level}"), ROWS, since);
            eprintln!("  {} bytes, index {}", summary.bytes, summary.index_bytes);
            let part = Part::open(path, summary);
            sizes(&part);
            read(part, dir.path());
        }
    }
}

#[expect(clippy::print_stderr, reason = "a measurement is to be seen")]
fn sizes(part: &Part) {
    let metadata = part.metadata().unwrap();
    for (at, field) in part.schema().fields().iter().enumerate() {
        let chunks = metadata.row_groups().iter().map(|group| group.column(at));
        let (mut bytes, mut bloom) = (0, 0);
        chunks.for_each(|chunk| {
            bytes += chunk.compressed_size();
            bloom += chunk.bloom_filter_length().unwrap_or(0);
        });
        eprintln!("    {}: {bytes}, bloom {bloom}", field.name());
    }
}

#[expect(clippy::print_stderr, reason = "a measurement is to be seen")]
fn read(part: Part, dir: &std::path::Path) {
    let since = clock::monotonic();
    let rows: usize = part.scan(None, None, 8192).unwrap().map(|batch| batch.unwrap().num_rows()).sum();
    report("scan", rows as u64, since);
    for token in ["00077777", "absent"] {
        let since = clock::monotonic();
        let needs = Needs { message: Needle::Token(token.into()), ..Needs::default() };
        let left = part.select(&needs).unwrap().map_or(0, |selection| selection.rows);
        eprintln!("select {token}: {:?}, {left} rows left", clock::monotonic() - since);
    }
    let since = clock::monotonic();
    let needs = Needs { equals: vec![("trace_id".into(), "00".into())], ..Needs::default() };
    let left = part.select(&needs).unwrap().map_or(0, |selection| selection.rows);
    eprintln!("select by id: {:?}, {left} rows left", clock::monotonic() - since);
    let part = std::sync::Arc::new(part);
    let since = clock::monotonic();
    let merged = merge(&[part.clone(), part.clone()]).unwrap();
    let schema = merged.schema();
    let rows: usize = merged.map(|batch| batch.unwrap().num_rows()).sum();
    report("merge of two, not written", rows as u64, since);
    let since = clock::monotonic();
    let merged = merge(&[part.clone(), part]).unwrap();
    let summary = write(&dir.join("merged"), merged, schema, &WriteOptions::default()).unwrap();
    report("merge of two, written", summary.rows, since);
}
