use std::io;
use std::sync::{Arc, Mutex, PoisonError};

/// What a test does to a disk. Clones are of the same disk.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults(Arc<Mutex<Plan>>);

#[derive(Debug, Default)]
struct Plan {
    /// The process dies at so many points from now: nothing reaches the disk any more.
    left: Option<u64>,
    /// Points at which there is no room.
    full: Vec<&'static str>,
    /// The next time it is passed, this point fails.
    failing: Option<&'static str>,
    free: Option<u64>,
    passed: Vec<String>,
}

impl Faults {
    pub(crate) fn pass(&self, name: &str) -> io::Result<()> {
        let mut plan = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        plan.passed.push(name.to_owned());
        if let Some(left) = &mut plan.left {
            *left = left.saturating_sub(1);
            if *left == 0 {
                return Err(io::Error::other("the process is dead"));
            }
        }
        if plan.full.contains(&name) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        if plan.failing.is_some_and(|failing| failing == name) {
            plan.failing = None;
            return Err(io::Error::other(format!("injected at `{name}`")));
        }
        Ok(())
    }

    pub(crate) fn kill_after(&self, points: u64) {
        self.plan(|plan| plan.left = Some(points));
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.plan(|plan| plan.left == Some(0))
    }

    pub(crate) fn fill(&self, points: &[&'static str]) {
        self.plan(|plan| plan.full = points.to_vec());
    }

    pub(crate) fn fail(&self, point: &'static str) {
        self.plan(|plan| plan.failing = Some(point));
    }

    /// True when the point armed by [`Faults::fail`] was passed.
    pub(crate) fn failed(&self) -> bool {
        self.plan(|plan| plan.failing.is_none())
    }

    pub(crate) fn set_free_bytes(&self, bytes: u64) {
        self.plan(|plan| plan.free = Some(bytes));
    }

    pub(crate) fn free_bytes(&self) -> Option<u64> {
        self.plan(|plan| plan.free)
    }

    pub(crate) fn take_passed(&self) -> Vec<String> {
        self.plan(|plan| std::mem::take(&mut plan.passed))
    }

    fn plan<T>(&self, change: impl FnOnce(&mut Plan) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
