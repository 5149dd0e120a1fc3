//! Why serving could not start or go on.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why serving could not start or go on. What a collector does is never an error: it is logged, and the next one
/// is served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// A bound was zero.
    #[error("`{option}` is empty or 0; give it at least 1")]
    Zero {
        /// The field of [`crate::Options`].
        option: &'static str,
    },
    /// Nobody could dial in.
    #[error("cannot listen on `{address}`: {source}; choose another address or port")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The input is a directory.
    #[error("`{}` is a directory; name a file in it, or `-` for standard input", path.display())]
    Directory {
        /// The input.
        path: PathBuf,
    },
    /// The input is a device, a named pipe or a socket.
    #[error("`{}` is not a regular file; give it through standard input: `serve - < {}`", path.display(), path.display())]
    NotRegular {
        /// The input.
        path: PathBuf,
    },
    /// The input could not be opened.
    #[error("cannot open `{}`: {source}; check that the file exists and may be read", path.display())]
    Open {
        /// The input.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The input was opened but could not be read.
    #[error("cannot read `{input}`: {source}; nothing acked is affected, start again when it can be read")]
    Read {
        /// The path, or `standard input`.
        input: String,
        /// What the system said.
        source: io::Error,
    },
    /// A line of a pipe is longer than what may be kept in memory to send it again.
    #[error(
        "a line of standard input is longer than {max} bytes; serve it from a file, where its length does not matter"
    )]
    LineTooLong {
        /// The longest line that is certain to pass, in bytes.
        max: usize,
    },
    /// The checkpoint could not be read or made.
    #[error("cannot use the data directory `{}`: {source}; make it writable or choose another", path.display())]
    DataDir {
        /// The data directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process keeps its checkpoint there.
    #[error("`{}` is in use by another `serve`; stop that one or choose another data directory", path.display())]
    Locked {
        /// The checkpoint.
        path: PathBuf,
    },
    /// The checkpoint belongs to another path.
    #[error("`{}` is the checkpoint of another file; choose another data directory, or remove it to start over", path.display())]
    OtherInput {
        /// The checkpoint.
        path: PathBuf,
    },
    /// The checkpoint could not be written or synced: a later start may send acked lines again.
    #[error("cannot write `{}`: {source}; acked lines may be sent again after a restart", path.display())]
    Checkpoint {
        /// The checkpoint.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The system refused to wait for sockets.
    #[error("cannot wait for sockets: {source}")]
    Wait {
        /// What the system said.
        source: io::Error,
    },
}
