//! The kinds of `[[output]]` that are more than a file, one in each file.

pub(super) mod forward;
