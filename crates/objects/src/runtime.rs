use std::future::Future;
use std::io;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use object_store::Result;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::said;

/// The time that a call may take.
const LIMIT: Duration = Duration::from_secs(60);

/// The thread that does what blocking callers ask for.
///
/// What it owns: the connections. What bounds it: each call has one thing under way, and 60 seconds for it. How it stops:
/// when dropped, without waiting for what is under way. What happens when it fails: the caller gets an error.
#[derive(Debug)]
pub(crate) struct Thread {
    runtime: Option<Runtime>,
    handle: Handle,
    limit: Duration,
}

impl Thread {
    pub(crate) fn start() -> io::Result<Self> {
        let runtime =
            Builder::new_multi_thread().worker_threads(1).thread_name("objects").enable_all().build()?;
        Ok(Self { handle: runtime.handle().clone(), runtime: Some(runtime), limit: LIMIT })
    }

    /// Lets calls take at most so long.
    #[cfg(test)]
    pub(crate) fn with_limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Waits until something is done. May be called from anywhere, also from a thread of another runtime.
    pub(crate) fn call<T: Send + 'static>(
        &self,
        doing: impl Future<Output = Result<T>> + Send + 'static,
    ) -> io::Result<T> {
        let (tell, told) = sync_channel(1);
        let limit = self.limit;
        self.handle.spawn(async move {
            let done = tokio::time::timeout(limit, doing).await;
            // There is room for this one message; who does not wait any more does not need it.
            let _ = tell.try_send(done);
        });
        match told.recv() {
            Ok(Ok(Ok(done))) => Ok(done),
            Ok(Ok(Err(error))) => Err(said::error(&error)),
            Ok(Err(_)) => Err(io::Error::new(
                io::ErrorKind::TimedOut,
                format!("no answer within {} seconds", limit.as_secs()),
            )),
            Err(_) => Err(io::Error::other("the thread for object storage has ended")),
        }
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // To wait here would not be allowed on a thread of another runtime.
            runtime.shutdown_background();
        }
    }
}
