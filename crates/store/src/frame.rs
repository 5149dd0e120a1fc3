//! How the manifest's bytes say whether they are whole.
//!
//! ```text
//! manifest  ┌ header 28 ┬ record ┬ record ┬ … ┐
//!
//! header    0 "CMSM"   4 format     8 number of the file
//!          16 bytes of records it began with     24 checksum of 0..24
//!
//! record    0 "CMSR"   4 bytes of payload        8 number of the record, from 0
//!          16 checksum of the payload           20 checksum of 0..20, starting from the number of the file
//!          24 payload: a change, as JSON
//! ```
//!
//! Numbers are little-endian, checksums CRC-32C. The records a file began with were synced before it got its name.

/// The format that this program writes.
pub(crate) const FORMAT: u32 = 1;
pub(crate) const HEADER_BYTES: usize = 28;
const RECORD_HEADER_BYTES: usize = 24;
const FILE_MAGIC: [u8; 4] = *b"CMSM";
const RECORD_MAGIC: [u8; 4] = *b"CMSR";

/// A manifest's first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) format: u32,
    pub(crate) number: u64,
    /// How many bytes of records the file began with.
    pub(crate) base: u64,
}

impl Header {
    pub(crate) fn encode(self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..4].copy_from_slice(&FILE_MAGIC);
        bytes[4..8].copy_from_slice(&self.format.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.number.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.base.to_le_bytes());
        let checksum = crc32c::crc32c(&bytes[..24]);
        bytes[24..].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.get(..HEADER_BYTES)?;
        let good = bytes[..4] == FILE_MAGIC && crc32c::crc32c(&bytes[..24]) == u32_at(bytes, 24);
        good.then(|| Self { format: u32_at(bytes, 4), number: u64_at(bytes, 8), base: u64_at(bytes, 16) })
    }
}

/// Adds a record to `bytes`.
pub(crate) fn put(bytes: &mut Vec<u8>, file: u64, number: u64, payload: &[u8]) {
    let mut header = [0; RECORD_HEADER_BYTES];
    header[..4].copy_from_slice(&RECORD_MAGIC);
    header[4..8].copy_from_slice(&(payload.len() as u32).to_le_bytes());
    header[8..16].copy_from_slice(&number.to_le_bytes());
    header[16..20].copy_from_slice(&crc32c::crc32c(payload).to_le_bytes());
    let checksum = crc32c::crc32c_append(salt(file), &header[..20]);
    header[20..].copy_from_slice(&checksum.to_le_bytes());
    bytes.extend_from_slice(&header);
    bytes.extend_from_slice(payload);
}

/// What is at a place of a manifest.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found<'a> {
    /// A whole record, which ends at `end`.
    Record { payload: &'a [u8], end: usize },
    /// Nothing more, or what is left of a record that was being written: no whole record follows.
    End { torn: bool },
    /// Wrong bytes, and good ones behind them.
    Damage(&'static str),
}

/// What is at `at` of the file with this number, where the record with the number `number` is expected.
pub(crate) fn read(bytes: &[u8], at: usize, file: u64, number: u64) -> Found<'_> {
    if at >= bytes.len() {
        return Found::End { torn: false };
    }
    match record_at(bytes, at, file) {
        Some((found, payload)) if found == number => {
            Found::Record { payload, end: at + RECORD_HEADER_BYTES + payload.len() }
        }
        Some(_) => Found::Damage("a record that does not follow the one before it"),
        None if any_record(&bytes[at + 1..], file) => Found::Damage("a record with a wrong checksum"),
        None => Found::End { torn: true },
    }
}

/// The number and the payload of a whole record.
fn record_at(bytes: &[u8], at: usize, file: u64) -> Option<(u64, &[u8])> {
    let header = bytes.get(at..at + RECORD_HEADER_BYTES)?;
    if header[..4] != RECORD_MAGIC || crc32c::crc32c_append(salt(file), &header[..20]) != u32_at(header, 20) {
        return None;
    }
    let payload = bytes[at + RECORD_HEADER_BYTES..].get(..u32_at(header, 4) as usize)?;
    (crc32c::crc32c(payload) == u32_at(header, 16)).then(|| (u64_at(header, 8), payload))
}

fn any_record(bytes: &[u8], file: u64) -> bool {
    let starts = bytes.windows(RECORD_MAGIC.len()).enumerate().filter(|(_, window)| *window == RECORD_MAGIC);
    starts.into_iter().any(|(at, _)| record_at(bytes, at, file).is_some())
}

fn salt(file: u64) -> u32 {
    crc32c::crc32c(&file.to_le_bytes())
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes[at..at + 4].iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes[at..at + 8].iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}
