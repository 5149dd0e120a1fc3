//! The bounds that are not configured, and what they add up to.

use std::time::Duration;

/// Connections beside those that follow the tail.
pub const OTHER_CONNECTIONS: usize = 64;

/// Queries that run at once.
pub(crate) const QUERIES_MAX: usize = 8;

/// Of these, those whose answers have no end in sight: whoever takes one slowly is in nobody's way.
pub(crate) const EXPORTS_MAX: usize = 4;

/// How long a request waits for its turn to ask the engine.
pub(crate) const QUERY_WAIT: Duration = Duration::from_secs(10);

/// How long a client may take for the head of a request, and again for its body.
pub(crate) const REQUEST_TIME: Duration = Duration::from_secs(10);

/// The most bytes of a request's head.
pub(crate) const HEAD_BYTES_MAX: usize = 16 << 10;

/// The most bytes of a request's body: a query, as JSON.
pub(crate) const BODY_BYTES_MAX: usize = 256 << 10;

/// How long a client may take none of what is sent to it.
pub(crate) const WRITE_TIME: Duration = Duration::from_secs(30);

/// Answers are cut into chunks of about so many bytes.
pub(crate) const CHUNK_BYTES: usize = 64 << 10;

/// Chunks of an answer that wait until the client takes them.
pub(crate) const CHUNKS_AHEAD: usize = 2;

/// Searches that are followed at once.
pub(crate) const TAPS_MAX: usize = 8;

/// The newest records of all searches that are followed, in equal shares: who is further behind skips. For one search that is some
/// seconds of a thousand records a second.
pub(crate) const TAPS_BYTES: usize = 8 << 20;

/// What a follower is given at once. While a client takes none of it, its connection holds it.
pub(crate) const TAP_CHUNK_BYTES: usize = 16 << 10;

/// Followers that go through the past at once.
pub(crate) const CATCH_UPS_MAX: usize = 2;

/// What one of them holds: a batch and a frame of the journal.
const CATCH_UP_BYTES: usize = 8 << 20;

/// What one connection holds: what was read and is not understood yet, and heads of answers; or a chunk of a tail.
const CONNECTION_BYTES: usize = 24 << 10;

/// How long answers have to end when the collector stops.
pub(crate) const FAREWELL: Duration = Duration::from_millis(500);

/// Connections that are open at once.
pub const fn connections_max(tails_max: usize) -> usize {
    tails_max + OTHER_CONNECTIONS
}

/// The most memory that it all takes, in bytes, beside what the engine takes for queries.
pub const fn memory_bytes(tails_max: usize) -> usize {
    connections_max(tails_max) * CONNECTION_BYTES
        + QUERIES_MAX * (CHUNKS_AHEAD + 2) * CHUNK_BYTES
        + TAPS_BYTES
        + CATCH_UPS_MAX * CATCH_UP_BYTES
}
