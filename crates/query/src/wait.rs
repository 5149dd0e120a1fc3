//! Waiting on a thread of the caller, with its own clock: the runtime's stands still while all its threads work.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use record::clock::monotonic;

/// Blocks this thread until the future is done, or for so long.
pub(crate) fn wait_for<T>(future: impl Future<Output = T>, timeout: Duration) -> Option<T> {
    let deadline = monotonic().saturating_add(timeout);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let (mut context, mut future) = (Context::from_waker(&waker), pin!(future));
    loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut context) {
            return Some(done);
        }
        let left = deadline.saturating_sub(monotonic());
        if left.is_zero() {
            return None;
        }
        std::thread::park_timeout(left);
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
