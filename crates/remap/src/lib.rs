//! Scripts in the Vector Remap Language, over batches of records.
#![forbid(unsafe_code)]
