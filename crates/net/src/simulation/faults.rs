use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use fastrand::Rng;

use super::collector::Collector;
use super::trace::Trace;
use crate::driver::sim::Answer;

/// What may go wrong in one simulation. A seed chooses some of it, so that each fault is also seen alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weather {
    pub(super) power_cuts: bool,
    pub(super) stops: bool,
    disk_failures: bool,
    disk_full: bool,
    descriptors: bool,
    answers: bool,
}

impl Weather {
    pub(super) fn new(random: &mut Rng) -> Self {
        let mut may = |parts: u32| random.u32(..parts) == 0;
        Self {
            power_cuts: may(2),
            stops: may(3),
            disk_failures: may(4),
            disk_full: may(3),
            descriptors: may(3),
            answers: may(2),
        }
    }

    /// Lets something go wrong, or right again. Returns whether it was the disk.
    pub(super) fn change(
        self,
        collector: &Collector,
        servers: &[SocketAddr],
        random: &mut Rng,
        trace: &mut Trace,
    ) -> bool {
        let kind = random.u32(..8);
        trace.note(u64::from(kind));
        match kind {
            0 if self.disk_failures => collector.disk.fail_write(random.u64(1..6), ErrorKind::Other),
            1 if self.disk_failures => collector.disk.fail_sync(random.u64(1..6)),
            2 if self.disk_full => collector.disk.set_capacity(Some(random.u64(..200_000))),
            3 => {
                collector.disk.set_capacity(None);
                return false;
            }
            4 if self.descriptors => {
                collector.net.exhaust_descriptors(Duration::from_millis(random.u64(..500)));
                return false;
            }
            5 if self.descriptors => {
                collector.net.fail_accepts(random.u32(..3));
                return false;
            }
            6 if self.descriptors => {
                collector.net.fail_watches(random.u32(..3));
                return false;
            }
            7 if self.answers && !servers.is_empty() => {
                let answer = match random.u32(..4) {
                    0 => Answer::Silence,
                    1 => Answer::Unroutable,
                    2 => Answer::Late(Duration::from_millis(random.u64(..2000))),
                    _ => Answer::Prompt,
                };
                collector.net.answer(servers[random.usize(..servers.len())], answer);
                return false;
            }
            _ => return false,
        }
        true
    }

    /// Everything that was wrong is right.
    pub(super) fn clear(collector: &Collector, servers: &[SocketAddr]) {
        collector.disk.set_capacity(None);
        collector.net.exhaust_descriptors(Duration::ZERO);
        collector.net.fail_accepts(0);
        collector.net.fail_watches(0);
        for &server in servers {
            collector.net.answer(server, Answer::Prompt);
        }
    }
}
