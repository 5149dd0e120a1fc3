use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::FieldType;

/// What is to be known of a part without opening it. It is kept in the store's manifest, and it vouches for the
/// part: [`Summary::tail`] is the checksum of the end of the file, which holds those of all the rest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Rows; never none.
    pub rows: u64,
    /// The file's length.
    pub bytes: u64,
    /// Of those, what the token filters and the index beside them take.
    pub index_bytes: u64,
    /// The earliest and the latest event time, in microseconds since 1970.
    pub time: (i64, i64),
    /// The earliest and the latest time of receipt, in microseconds since 1970.
    pub received: (i64, i64),
    /// The lowest and the highest position.
    pub position: (u64, u64),
    /// Rows of each source.
    pub sources: BTreeMap<String, u64>,
    /// Rows of each level, without those that have none.
    pub levels: BTreeMap<String, u64>,
    /// The fields that have a column, in its order.
    pub fields: Vec<(String, FieldType)>,
    /// CRC-32C of the whole file.
    pub crc32c: u32,
    /// Where the directory of the index begins, and the CRC-32C from there to the end of the file.
    pub tail: (u64, u32),
}
