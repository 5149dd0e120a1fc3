//! The directory of the index: what is known of each page, and the checksums of the blocks of the file.

use super::codec::{Decoder, put, put_signed, put_text};
use super::{Histogram, TopValues};

/// The version of the index's bytes. The first one, which is still read, has no [`Directory::grams`].
pub(crate) const VERSION: u32 = 2;

/// The bytes that share one checksum.
pub(crate) const BLOCK: u64 = 16 * 1024;

/// A part with rows in more minutes than this keeps no histogram: it is counted from its columns when asked for.
pub(crate) const MINUTES_MAX: usize = 100_000;

/// All of the index but the filters themselves.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Directory {
    /// The names that [`Page::sources`] means, each by its place.
    pub(crate) sources: Vec<String>,
    /// For each row group its pages, in the order of their rows.
    pub(crate) row_groups: Vec<Vec<Page>>,
    pub(crate) histogram: Option<Histogram>,
    /// By the name of the column.
    pub(crate) values: Vec<(String, TopValues)>,
    /// For each row group where in the file is which three bytes follow each other in its messages, and how long that is; nothing
    /// when there is none.
    pub(crate) grams: Vec<Option<(u64, u32)>>,
    /// CRC-32C of each [`BLOCK`] from the beginning of the file to the directory; the last may be shorter.
    pub(crate) blocks: Vec<u32>,
}

/// Rows that lie together, with one token filter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Page {
    pub(crate) rows: u32,
    pub(crate) time: (i64, i64),
    pub(crate) position: (u64, u64),
    /// A bit for each place in `LevelCounts` that has rows.
    pub(crate) levels: u8,
    /// A bit for each source that has rows; the last one is shared by all from the 64th on.
    pub(crate) sources: u64,
    /// Where its filter is in the file, and how long; nothing when there is none.
    pub(crate) filter: Option<(u64, u32)>,
}

/// The bit of the source at a place in [`Directory::sources`].
pub(crate) fn source_bit(place: usize) -> u64 {
    1 << place.min(63)
}

impl Directory {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put(&mut out, self.sources.len() as u64);
        self.sources.iter().for_each(|source| put_text(&mut out, source));
        put(&mut out, self.row_groups.len() as u64);
        for pages in &self.row_groups {
            put(&mut out, pages.len() as u64);
            pages.iter().for_each(|page| page.encode(&mut out));
        }
        out.push(u8::from(self.histogram.is_some()));
        if let Some(histogram) = &self.histogram {
            histogram.encode(&mut out);
        }
        put(&mut out, self.values.len() as u64);
        for (name, values) in &self.values {
            put_text(&mut out, name);
            values.encode(&mut out);
        }
        self.grams.iter().for_each(|place| put_place(&mut out, *place));
        put(&mut out, self.blocks.len() as u64);
        self.blocks.iter().for_each(|crc| out.extend_from_slice(&crc.to_le_bytes()));
        out
    }

    /// `None` when the bytes are no directory of this version.
    pub(crate) fn decode(bytes: &[u8], version: u32) -> Option<Self> {
        let from = &mut Decoder(bytes);
        let sources = (0..from.count()?).map(|_| from.text().map(str::to_owned)).collect::<Option<_>>()?;
        let row_groups = (0..from.count()?)
            .map(|_| (0..from.count()?).map(|_| Page::decode(from)).collect::<Option<Vec<_>>>())
            .collect::<Option<Vec<_>>>()?;
        let histogram = if from.byte()? == 1 { Some(Histogram::decode(from)?) } else { None };
        let values = (0..from.count()?)
            .map(|_| Some((from.text()?.to_owned(), TopValues::decode(from)?)))
            .collect::<Option<_>>()?;
        let grams = match version {
            1 => vec![None; row_groups.len()],
            VERSION => row_groups.iter().map(|_| take_place(from)).collect::<Option<_>>()?,
            _ => return None,
        };
        let blocks = (0..from.count()?)
            .map(|_| Some(u32::from_le_bytes(from.bytes(4)?.try_into().ok()?)))
            .collect::<Option<_>>()?;
        from.0.is_empty().then_some(Self { sources, row_groups, histogram, values, grams, blocks })
    }

    /// The values that are known of a column.
    pub(crate) fn values_of(&self, column: &str) -> Option<&TopValues> {
        self.values.iter().find(|(name, _)| name == column).map(|(_, values)| values)
    }

    /// The memory that it takes, in bytes, roughly.
    pub(crate) fn memory(&self) -> usize {
        let pages: usize = self.row_groups.iter().map(|pages| pages.len() * size_of::<Page>()).sum();
        let minutes = self.histogram.as_ref().map_or(0, Histogram::len) * 100;
        let values: usize =
            self.values.iter().flat_map(|(_, top)| &top.values).map(|(v, _)| v.len() + 40).sum();
        pages + minutes + values + self.grams.len() * 16 + self.blocks.len() * 4
    }
}

impl Page {
    fn encode(&self, out: &mut Vec<u8>) {
        put(out, u64::from(self.rows));
        put_signed(out, self.time.0);
        put(out, self.time.1.wrapping_sub(self.time.0) as u64);
        put(out, self.position.0);
        put(out, self.position.1.wrapping_sub(self.position.0));
        out.push(self.levels);
        put(out, self.sources);
        put_place(out, self.filter);
    }

    fn decode(from: &mut Decoder<'_>) -> Option<Self> {
        let rows = u32::try_from(from.number()?).ok()?;
        let first = from.signed()?;
        let time = (first, first.wrapping_add(from.number()? as i64));
        let low = from.number()?;
        let position = (low, low.wrapping_add(from.number()?));
        let (levels, sources) = (from.byte()?, from.number()?);
        Some(Self { rows, time, position, levels, sources, filter: take_place(from)? })
    }
}

/// Where something is in the file, and how long.
fn put_place(out: &mut Vec<u8>, place: Option<(u64, u32)>) {
    let (at, len) = place.unwrap_or_default();
    put(out, at);
    put(out, u64::from(len));
}

#[expect(clippy::option_option, reason = "the outer one is for bytes that end")]
fn take_place(from: &mut Decoder<'_>) -> Option<Option<(u64, u32)>> {
    let (at, len) = (from.number()?, u32::try_from(from.number()?).ok()?);
    Some((len > 0).then_some((at, len)))
}

#[cfg(test)]
mod tests {
    use super::{Directory, Histogram, Page, TopValues, VERSION};

    #[test]
    fn comes_back_from_its_bytes_and_from_nothing_shorter() {
        let page = |rows, filter| Page {
            rows,
            time: (i64::MIN, i64::MAX),
            position: (3, u64::MAX),
            levels: 0x81,
            sources: u64::MAX,
            filter,
        };
        let values = TopValues { values: vec![("a".into(), 3)], distinct: 9, exact: false };
        let directory = Directory {
            sources: vec!["one".into(), String::new()],
            row_groups: vec![vec![page(1, None), page(8192, Some((77, 1 << 31)))], vec![]],
            histogram: Some(Histogram::new()),
            values: vec![("peer".into(), values)],
            grams: vec![Some((70, 7)), None],
            blocks: vec![1, u32::MAX],
        };
        let bytes = directory.encode();
        assert_eq!(Directory::decode(&bytes, VERSION).as_ref(), Some(&directory));
        assert!((0..bytes.len()).all(|len| Directory::decode(&bytes[..len], VERSION).is_none()));
        assert!(Directory::decode(&bytes, VERSION + 1).is_none());
    }
}
