use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};

/// What may be asked of a running collector: one line of JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "ask")]
pub(crate) enum Request {
    /// How it is: one event; if `peers_at_once` says so, without the peers, which come in events of so many behind it. So neither side
    /// ever holds the text of all of them.
    Status {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        peers_at_once: Option<NonZeroUsize>,
    },
    /// The rows of a query.
    Query {
        /// One SELECT.
        sql: String,
    },
    /// The records that match, newest first.
    Search(Search),
    /// Records as they come: events.
    Tail {
        /// In the search language; empty for all.
        words: String,
        /// Begin behind this position, and not with what comes next.
        from: Option<u64>,
    },
}

/// A search as it is asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Search {
    /// In the search language; empty for all.
    pub(crate) words: String,
    /// Not before, in microseconds since 1970.
    pub(crate) since: Option<i64>,
    /// Before, likewise.
    pub(crate) until: Option<i64>,
    /// At most so many.
    pub(crate) limit: Option<usize>,
    /// The oldest first.
    pub(crate) ascending: bool,
}

/// What an answer with rows begins with: one event, before the rows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Begun {
    /// What the answer does not know of, if there is something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) missing: Option<String>,
}

/// Requests are longer only by mistake or by malice.
pub(crate) const REQUEST_BYTES_MAX: u64 = 1 << 20;
