//! Scripts in the Vector Remap Language, over batches of records.
//!
//! A [`Script`] changes records, a [`Predicate`] says which ones go on. Both are compiled once, and what the compiler says is shown
//! under the file and line where the script stands ([`Diagnostics`]).
//!
//! # What a script sees
//!
//! `.message`, `.level` (a word, when there is one), `.time`, and each field: `a.b` is `.a.b`. Where both `a` and `a.b` are fields,
//! the latter is `."a.b"`. `.source`, `.peer`, `.received` and `.position` say where the record comes from and cannot be set. A
//! field that has the name of one of these is not seen, and stays. Only what a script names is made for it.
//!
//! # What becomes of it
//!
//! What the script leaves in `.` is the record: a field that is not there any more is none of the record's, an object's members are
//! fields with dots in their names, an array is its JSON text, `null` is no field. `.message` and `.time` stay when they are
//! removed, since each record has them; `.level` goes. `abort` drops the record, counted.
//!
//! # Failure
//!
//! A record on which a script fails stays as it was, with the fields `error.stage` and `error.reason`. So does one of which it makes
//! no object (an array: a script makes one record of one), or too much. One on which a predicate fails goes on, marked in the same way.
//!
//! # Limits
//!
//! A script is at most 64 KiB long, with brackets at most 64 deep, and takes at most a million steps for a record. A record has at
//! most 1024 fields, with names of 1 to 255 bytes; objects below sixteen others are text, and that is at most 128 levels deep. The
//! memory that a script takes while it runs is its own affair: nothing bounds what `.a + .a` makes.
//!
//! # What scripts cannot do
//!
//! Reach the network, read tables or secrets: there are no functions that do. The environment is read only where [`Options`] allow it.
//! Times without a zone are of UTC.
#![forbid(unsafe_code)]

mod change;
mod compile;
mod convert;
mod diagnostics;
mod environment;
mod event;
mod failures;
mod functions;
mod json;
mod machine;
mod nesting;
mod predicate;
mod script;
#[cfg(test)]
mod tests;
mod touched;

pub use compile::Options;
pub use diagnostics::{BadScript, Diagnostics, Problem};
pub use predicate::Predicate;
pub use script::Script;
