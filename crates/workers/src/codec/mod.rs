//! What collector and workers say to each other.
//!
//! # Bytes
//!
//! A frame is its length u32 (of what follows), a letter, and a body. All numbers are little-endian. A worker's interpreter
//! reads [a payload](crate::runtime) before the first one.
//!
//! ```text
//! to a worker    B  a batch       number u64 · records u32 · columns u32 · columns
//! from a worker  H  ready         JSON: how it calls its handler
//!                F  failed        a traceback: the handler cannot be loaded, or served no more
//!                P  progress      lines get done
//!                R  result        number u64 · records u32 · same u8 · columns u32 · rows u32 each, unless same · columns ·
//!                                 bytes of a traceback u32 · a sample of what failed
//!
//! column         kind u8 · dense u8 · bytes of name u16 · values u32 · name · rows u32 each, unless dense · values
//! ```
//!
//! `same` says that each line is still one record; otherwise *rows* has the number of its line for each record, ascending. A dense column
//! has a value for each record; of another, *rows* tells whose values they are. Kinds:
//!
//! | | |
//! |---|---|
//! | `b` `i` `u` `f` `t` | bool u8, i64, u64, f64, microseconds since 1970 i64 |
//! | `s` | text: characters of each u32, bytes of all u32, all in UTF-8. So it is decoded once and cut into pieces |
//! | `y` | bytes, in the same way |
//! | `d` | text of few values: how many u32, they as `s`, the number of each u32; an empty one is none |
//! | `E` | as `s`: why a record could not be processed |
//!
//! A result that changes nothing is 34 bytes for the whole batch.

mod column;
mod encode;
mod frames;
mod result;
#[cfg(test)]
mod tests;

pub(crate) use column::Column;
pub use encode::Gives;
pub(crate) use encode::encode;
pub(crate) use frames::Frames;
pub(crate) use result::Outcome;
