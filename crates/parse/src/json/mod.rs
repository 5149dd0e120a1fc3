//! Lines that are JSON objects: one pass over the text, and no tree of it.

#[cfg(test)]
mod tests;
mod text;
mod visit;

pub(crate) use visit::read;
