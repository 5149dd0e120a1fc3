use std::time::Duration;

/// How a pipeline uses memory and time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// A batch is full with so many bytes of records, before its stages add to them. 1 MiB by default. One line that is longer is
    /// a batch of its own.
    pub batch_bytes: usize,
    /// A batch is full with so many records. 8192 by default.
    pub batch_rows: usize,
    /// How long what is safe in the outputs may go without a checkpoint. 1 s by default; a checkpoint costs two syncs.
    pub checkpoint_every: Duration,
    /// How long to wait before an output that failed is tried again. It doubles from failure to failure. 100 ms by default.
    pub retry_first: Duration,
    /// The longest such wait. 5 s by default.
    pub retry_max: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            batch_bytes: 1 << 20,
            batch_rows: 8192,
            checkpoint_every: Duration::from_secs(1),
            retry_first: Duration::from_millis(100),
            retry_max: Duration::from_secs(5),
        }
    }
}
