use std::io;

/// Why not everything was handed over.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// It is no URL that can be fetched.
    #[error("`{text}` is not a URL: {why}")]
    Url {
        /// As it was written.
        text: String,
        /// What is wrong.
        why: String,
    },
    /// The server answered, and another attempt would not change that.
    #[error("`{name}`: {why}")]
    Refused {
        /// The URL.
        name: String,
        /// What it answered.
        why: String,
    },
    /// Many attempts in a row brought nothing.
    #[error("`{name}`: given up after {attempts} attempts: {why}; the same command goes on where it was")]
    GaveUp {
        /// The URL.
        name: String,
        /// How many.
        attempts: u32,
        /// Why the last one failed.
        why: String,
    },
    /// The text cannot be unpacked, or not to its end.
    #[error("`{name}` cannot be unpacked: {source}")]
    Damaged {
        /// The input.
        name: String,
        /// What is wrong with it.
        source: io::Error,
    },
    /// The file or stdin cannot be read.
    #[error("cannot read `{name}`: {source}")]
    Read {
        /// The input.
        name: String,
        /// What the system says.
        source: io::Error,
    },
    /// The place that was reached cannot be kept.
    #[error("cannot keep how far `{name}` is: {source}")]
    Checkpoint {
        /// The URL.
        name: String,
        /// What the system says.
        source: io::Error,
    },
    /// The collector has taken its end away before everything was acked.
    #[error("`{name}`: stopped before everything was acked")]
    Stopped {
        /// The input.
        name: String,
    },
    /// There is no thread, or no client, for it.
    #[error("cannot begin with `{name}`: {why}")]
    Start {
        /// The input.
        name: String,
        /// What the system says.
        why: String,
    },
}
