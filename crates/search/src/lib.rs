//! The search language: words, phrases, fields; what a record must hold to match.
//!
//! | written | matches |
//! |---|---|
//! | `refused` | the word, whole and in any case, in the message |
//! | `"connection refused"` | these words one after the other, whatever stands between them; so does `connection-refused` |
//! | `conn*`, `"connection ref"*` | a word that begins so |
//! | `/re(set\|fused)/` | a regular expression finds something in the message |
//! | `service:web`, `service:"two words"` | the field is this text, exactly, or the same number or time |
//! | `service:w*`, `service:/^w/`, `service:*` | the field's text begins so, matches, is there at all |
//! | `status:>=500` (`<`, `<=`, `>`) | as numbers, as times if written as RFC 3339 or a date, else as text |
//! | `level:warn`, `level:>=warn` | the level, by any of its names, or how serious it is |
//! | `source:`, `peer:` | as fields, but as text only |
//! | `time:`, `received:`, `position:` | comparisons |
//! | `message:` | as without it |
//! | `flags:split`, `raw:*` | a mark of the line; that its bytes were not UTF-8 |
//! | `a b`, `a AND b`, `a OR b` | both, both, one of them; `OR` binds weaker |
//! | `-a`, `NOT a`, `( … )` | not that; what belongs together |
//! | `\(` | the character itself; in quotes only `\"` and `\\` |
//! | nothing, `*` | everything |

#![forbid(unsafe_code)]

mod columns;
mod error;
mod expr;
mod hash;
mod needle;
mod parse;
mod pattern;
mod phrase;
mod query;
mod sql;
mod token;
mod value;

pub use error::SyntaxError;
pub use hash::{for_each_token_hash, token_hash};
pub use needle::{Needle, contains_needle, ilike_needle, like_needle};
pub use pattern::pattern_texts;
pub use phrase::{Phrase, has_phrase, has_prefix, has_word};
pub use query::Query;
pub use sql::Column;
pub use token::{TOKENIZER_VERSION, tokens};
