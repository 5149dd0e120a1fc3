use std::io;

/// Why there is no connection to object storage. The network was not asked yet.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The URL is not one of object storage.
    #[error(
        "`{url}` is no URL of object storage: {why}; it is like `s3://bucket/prefix`, `gs://bucket/prefix` or `az://container/prefix`"
    )]
    Url {
        /// The URL, without what could be secret.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Nobody knows an option.
    #[error("`{url}` has no option `{key}`")]
    Option {
        /// The URL.
        url: String,
        /// The option.
        key: String,
    },
    /// The options, or the environment, do not fit together.
    #[error("`{url}` cannot be used: {why}")]
    Options {
        /// The URL.
        url: String,
        /// What is wrong.
        why: String,
    },
    /// There is no thread for it.
    #[error("could not start a thread for object storage: {0}")]
    Thread(#[from] io::Error),
}

/// Why the rows below a URL cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL or the options are wrong.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// There are no rows, or they cannot be read.
    #[error(transparent)]
    Remote(#[from] store::RemoteError),
}
