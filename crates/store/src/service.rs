//! The threads that work in the background.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use record::clock::monotonic;

use crate::StoreError;
use crate::core::{Core, Stage, State};
use crate::status::{Service, Status};

const RETRY_MIN: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(10);

/// What a service does after a step.
#[derive(Debug)]
pub(crate) enum Next {
    /// The next step.
    Go,
    /// Wait so long, or until something happens.
    Wait(Duration),
}

/// One of the background services.
pub(crate) trait Work: Send + 'static {
    const NAME: &'static str;
    /// Whether a store that stops waits until it has ended.
    const AWAITED: bool = true;

    /// The next piece of work. It may be cut off anywhere.
    fn step(&mut self, core: &Core) -> Result<Next, StoreError>;

    /// What is to be done when the store stops.
    fn end(&mut self, _core: &Core) -> Result<(), StoreError> {
        Ok(())
    }

    /// Its entry in the status.
    fn status(status: &mut Status) -> &mut Service;
}

/// Starts a service.
///
/// The thread owns what it is working on, and nothing else. It stops when the store does, between two steps; long steps
/// look for that themselves. When a step fails, that is logged once and counted, and it is tried again, later and later,
/// up to 10 seconds.
pub(crate) fn start<W: Work>(core: &Arc<Core>, mut work: W) -> std::io::Result<JoinHandle<()>> {
    let core = Arc::clone(core);
    core.tell(|state| count::<W>(state, true));
    let of_thread = Arc::clone(&core);
    let spawned = std::thread::Builder::new().name(W::NAME.to_owned()).spawn(move || {
        run(&of_thread, &mut work);
        of_thread.tell(|state| count::<W>(state, false));
    });
    if spawned.is_err() {
        core.tell(|state| count::<W>(state, false));
    }
    spawned
}

fn count<W: Work>(state: &mut State, begins: bool) {
    match (W::AWAITED, begins) {
        (true, true) => state.services += 1,
        (true, false) => state.services -= 1,
        (false, _) => state.uploading = begins,
    }
}

fn run<W: Work>(core: &Core, work: &mut W) {
    let mut retry = RETRY_MIN;
    while core.stage() == Stage::Running {
        let seen = core.events();
        let wait = match guarded::<W>(core, || work.step(core)) {
            Ok(Next::Go) => Duration::ZERO,
            Ok(Next::Wait(wait)) => wait,
            Err(_) => {
                let wait = retry;
                retry = (retry * 2).min(RETRY_MAX);
                core.wait_event(seen, wait);
                continue;
            }
        };
        retry = RETRY_MIN;
        if !wait.is_zero() {
            core.wait_event(seen, wait);
        }
    }
    if core.stage() == Stage::Stopping {
        // What fails now is in the status, for who stops the store.
        let _ = guarded::<W>(core, || work.end(core).map(|()| Next::Go));
    }
}

/// Does a step and keeps the books. A panic is an error like any other: the services must go on.
pub(crate) fn guarded<W: Work>(
    core: &Core,
    step: impl FnOnce() -> Result<Next, StoreError>,
) -> Result<Next, StoreError> {
    let (began, done_before) = (monotonic(), W::status(&mut core.state().counts).done);
    let result = catch_unwind(AssertUnwindSafe(step))
        .unwrap_or_else(|_| Err(StoreError::Pending(format!("the service `{}` panicked", W::NAME))));
    let took = monotonic().saturating_sub(began);
    match &result {
        Ok(_) => {
            let before = {
                let mut state = core.state();
                let service = W::status(&mut state.counts);
                if service.done > done_before {
                    service.took.took(took);
                }
                service.trouble.take()
            };
            if before.is_some() {
                tracing::info!(service = W::NAME, "it works again");
            }
        }
        Err(StoreError::Stopping) => {}
        Err(error) => {
            let trouble = error.to_string();
            let before = core.note(|state| {
                let service = W::status(&mut state.counts);
                service.failures += 1;
                service.took.took(took);
                service.trouble.replace(trouble.clone())
            });
            if before.as_ref() != Some(&trouble) {
                tracing::error!(service = W::NAME, %error, "the store could not go on, it tries again");
            }
        }
    }
    result
}
