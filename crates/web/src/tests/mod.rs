//! The API over a store in a directory, asked by a real client.

mod openapi;
mod safety;
mod store;
mod support;
mod tails;
