use std::time::Duration;

use record::clock;

/// How long anything may take on a machine that is busy with other things.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Between two looks.
const LOOK: Duration = Duration::from_millis(3);

/// Waits until `look` finds something, and returns it.
///
/// # Panics
/// When it has found nothing for [`PATIENCE`]; `what` says what was waited for.
#[track_caller]
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = clock::monotonic() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(clock::monotonic() < deadline, "waited {PATIENCE:?} in vain: {what}");
        std::thread::sleep(LOOK);
    }
}
