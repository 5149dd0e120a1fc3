//! The HTTP API and the page that people look at.
#![forbid(unsafe_code)]
