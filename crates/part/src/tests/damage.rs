use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use search::Needle;

use super::{OwnedValue, Row, part, small};
use crate::{Needs, Part, ReadError, Summary};

fn rows() -> Vec<Row> {
    (0..150u64)
        .map(|n| Row {
            fields: vec![
                ("id".into(), OwnedValue::Str(format!("{:x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15)))),
                ("status".into(), OwnedValue::Int((n % 3) as i64)),
            ],
            ..Row::plain(n, n as i64, &format!("request {n} done"))
        })
        .collect()
}

/// Everything that can be read of a part, or the first error.
#[derive(PartialEq, Debug)]
struct All {
    rows: Vec<RecordBatch>,
    selected: Option<u64>,
    histogram: crate::Histogram,
    peers: Option<crate::TopValues>,
}

fn read_all(part: &Part) -> Result<All, ReadError> {
    let needs = Needs {
        message: Needle::Token("77".into()),
        equals: vec![("id".into(), "none".into())],
        ..Needs::default()
    };
    Ok(All {
        rows: part.scan(None, None, 50)?.collect::<Result<_, _>>()?,
        selected: part.select(&needs)?.map(|selection| selection.rows),
        histogram: part.histogram()?,
        peers: part.values("peer")?,
    })
}

fn reopened(path: &Path, bytes: &[u8], summary: &Summary) -> Part {
    std::fs::write(path, bytes).unwrap();
    Part::open(path.to_owned(), summary.clone())
}

/// One bit is flipped at a time, all over the file: data, dictionaries, Bloom and token filters, index, footer.
#[test]
fn a_flipped_bit_anywhere_is_an_error_and_never_other_rows() {
    let dir = tempfile::tempdir().unwrap();
    let part = part(dir.path(), "part", &rows(), &small());
    let good = read_all(&part).unwrap();
    let bytes = std::fs::read(part.path()).unwrap();
    let path = dir.path().join("damaged");
    let step = (bytes.len() / 400).max(1);
    for at in (0..bytes.len()).step_by(step).chain(bytes.len() - 16..bytes.len()) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (at % 8);
        let part = reopened(&path, &damaged, part.summary());
        let error = part.verify().expect_err("a bit was flipped");
        assert!(error.is_damage() && error.to_string().contains("damaged"), "at {at}: {error}");
        match read_all(&part) {
            Ok(all) => assert_eq!(all, good, "at {at}"),
            Err(error) => assert!(error.is_damage(), "at {at}: {error}"),
        }
    }
}

#[test]
fn a_truncated_longer_or_missing_file_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let part = part(dir.path(), "part", &rows(), &small());
    let bytes = std::fs::read(part.path()).unwrap();
    let path = dir.path().join("damaged");
    let step = (bytes.len() / 50).max(1);
    let mut versions: Vec<Vec<u8>> =
        (0..bytes.len()).step_by(step).map(|len| bytes[..len].to_vec()).collect();
    versions.push([&bytes[..], b"more"].concat());
    versions.push(vec![0; bytes.len()]);
    for damaged in versions {
        let part = reopened(&path, &damaged, part.summary());
        assert!(part.verify().unwrap_err().is_damage());
        assert!(read_all(&part).unwrap_err().is_damage());
    }
    let gone = Part::open(dir.path().join("gone"), part.summary().clone());
    let error = gone.verify().unwrap_err();
    assert!(error.is_damage() && error.to_string().contains("gone"), "{error}");
}

#[test]
fn a_summary_of_other_rows_is_found_out() {
    let dir = tempfile::tempdir().unwrap();
    let part = part(dir.path(), "part", &rows(), &small());
    let changes: [fn(&mut Summary); 6] = [
        |says| says.rows += 1,
        |says| says.time.1 += 1,
        |says| says.position.0 += 1,
        |says| says.crc32c ^= 1,
        |says| *says.sources.get_mut("main").unwrap() -= 1,
        |says| says.levels.clear(),
    ];
    for change in changes {
        let mut says = part.summary().clone();
        change(&mut says);
        let error = Part::open(part.path().to_owned(), says).verify().unwrap_err();
        assert!(error.is_damage(), "{error}");
    }
    part.verify().unwrap();
}

#[test]
fn an_open_part_outlives_its_file() {
    let dir = tempfile::tempdir().unwrap();
    let part = part(dir.path(), "part", &rows(), &small());
    let scan = part.scan(None, None, 10).unwrap();
    std::fs::remove_file(part.path()).unwrap();
    assert_eq!(scan.map(|batch| batch.unwrap().num_rows()).sum::<usize>(), 150);
    assert_eq!(Arc::strong_count(&part), 1);
}

#[test]
fn any_bytes_of_the_file_are_read_checked() {
    let dir = tempfile::tempdir().unwrap();
    let part = part(dir.path(), "part", &rows(), &small());
    let bytes = std::fs::read(part.path()).unwrap();
    let (tail, end) = (part.summary().tail.0, bytes.len() as u64);
    for range in [0..end, 0..0, 4..9, tail - 3..tail + 3, tail..end, end - 8..end] {
        assert_eq!(part.read(range.clone()).unwrap(), bytes[range.start as usize..range.end as usize]);
    }
    assert!(part.read(end - 1..end + 1).is_err());
}
