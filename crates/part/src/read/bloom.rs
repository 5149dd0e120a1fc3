//! Asks the Bloom filter of a column without reading it all.

use parquet::bloom_filter::Sbbf;
use twox_hash::XxHash64;

use super::opened::Opened;
use crate::ReadError;

/// The bytes of a block, which alone decides about a value. The filter consists of blocks, and a header that is shorter.
const BLOCK: u64 = 32;

/// True when the filter of a row group's column says that no row has the value; false without a filter.
///
/// Which block a value belongs to is defined by Parquet: the upper half of its xxHash64 times the number of blocks, of which
/// the upper half again.
pub(super) fn excludes(part: &Opened, group: usize, column: usize, value: &str) -> Result<bool, ReadError> {
    let chunk = part.metadata.metadata().row_group(group).column(column);
    let place = (chunk.bloom_filter_offset(), chunk.bloom_filter_length());
    let (Some(Ok(start)), Some(Ok(len))) = (place.0.map(u64::try_from), place.1.map(u64::try_from)) else {
        return Ok(false);
    };
    let (blocks, header) = (len / BLOCK, len % BLOCK);
    if blocks == 0 {
        return Ok(false);
    }
    let upper = XxHash64::oneshot(0, value.as_bytes()) >> 32;
    let at = start.saturating_add(header + ((upper * blocks) >> 32) * BLOCK);
    // Of a filter of one block all values belong to that.
    let block = Sbbf::new(&part.read(at..at.saturating_add(BLOCK))?);
    Ok(!block.check(value))
}
