//! Parts on object storage.

#![forbid(unsafe_code)]
