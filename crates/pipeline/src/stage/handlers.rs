use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use workers::Handle;

/// The Python handlers of a pipeline, for whoever is not its thread. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Handlers(Arc<Mutex<Shared>>);

#[derive(Debug, Default)]
struct Shared {
    /// By the number of the stage: what the handler is called, and its pool.
    pools: BTreeMap<usize, (String, Handle)>,
    stopped: bool,
}

impl Handlers {
    /// Takes the pool of a stage, in place of one that it had before.
    pub(super) fn add(&self, stage: usize, handler: &str, pool: Handle) {
        let mut shared = self.lock();
        if shared.stopped {
            pool.kill();
        }
        shared.pools.insert(stage, (handler.to_owned(), pool));
    }

    /// Loads the code of all of them anew.
    pub(crate) fn reload(&self) {
        self.lock().pools.values().for_each(|(_, pool)| pool.reload());
    }

    /// Ends all of them at once, for good: whoever waits for lines is told so.
    pub(crate) fn stop(&self) {
        let mut shared = self.lock();
        shared.stopped = true;
        shared.pools.values().for_each(|(_, pool)| pool.kill());
    }

    pub(super) fn are_stopped(&self) -> bool {
        self.lock().stopped
    }

    /// How each is doing.
    pub(crate) fn status(&self) -> Vec<(String, workers::Status)> {
        self.lock().pools.values().map(|(handler, pool)| (handler.clone(), pool.status())).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
