//! What a part says about its rows beside Parquet: token filters, what its texts hold, level counts, frequent values, checksums.

pub(crate) mod codec;
pub(crate) mod directory;
pub(crate) mod filter;
pub(crate) mod grams;
mod histogram;
pub(crate) mod tokens;
mod values;

pub(crate) use histogram::place as level_place;
pub use histogram::{Histogram, LevelCounts, NO_LEVEL};
pub(crate) use values::Counter;
pub use values::TopValues;

/// The key of the Parquet metadata that says where the directory of the index is.
pub(crate) const KEY: &str = "catchment.index";
