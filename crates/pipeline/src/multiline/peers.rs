use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::Trace;

/// More peers than this are forgotten once none of their lines is held.
const KEPT: usize = 4096;

/// Peers with lines that are held, each under a number.
///
/// What bounds it: the peers of the lines that are held, and [`KEPT`] more; see [`Peers::keep`].
#[derive(Debug, Default)]
pub(super) struct Peers {
    peers: Vec<Peer>,
    /// By source and name, with a byte between them that neither has.
    numbers: HashMap<Arc<str>, u32>,
    key: String,
    /// Neighbours mostly come from the same peer.
    last: usize,
}

#[derive(Debug)]
pub(super) struct Peer {
    pub(super) source: Arc<str>,
    pub(super) peer: Arc<str>,
    /// Its record that may go on.
    pub(super) group: Option<Group>,
    /// Where its last record was in a trace when a bound ended it: what continues that is marked.
    pub(super) cut: Option<Trace>,
}

/// A record whose next line may still come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group {
    /// The numbers of its first and its last line.
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) bytes: usize,
    pub(super) trace: Trace,
    /// When its last line was received, in microseconds, and when it was read here.
    pub(super) received: u64,
    pub(super) read_at: Duration,
}

impl Peers {
    pub(super) fn number(&mut self, source: &str, peer: &str) -> u32 {
        let is_last =
            self.peers.get(self.last).is_some_and(|last| *last.peer == *peer && *last.source == *source);
        if !is_last {
            self.last = self.look_up(source, peer) as usize;
        }
        self.last as u32
    }

    fn look_up(&mut self, source: &str, peer: &str) -> u32 {
        self.key.clear();
        self.key.extend([source, "\0", peer]);
        if let Some(number) = self.numbers.get(self.key.as_str()) {
            return *number;
        }
        let number = self.peers.len() as u32;
        self.numbers.insert(Arc::from(self.key.as_str()), number);
        self.peers.push(Peer { source: Arc::from(source), peer: Arc::from(peer), group: None, cut: None });
        number
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.peers.len()
    }

    pub(super) fn get(&self, number: u32) -> &Peer {
        &self.peers[number as usize]
    }

    pub(super) fn get_mut(&mut self, number: u32) -> &mut Peer {
        &mut self.peers[number as usize]
    }

    /// Every record ends here, and nothing is known of what came before.
    pub(super) fn forget_cuts(&mut self) {
        self.peers.iter_mut().for_each(|peer| peer.cut = None);
    }

    /// Forgets peers if there are many more than lines, `held` of them. The numbers that lines have, `used`, change to new ones.
    pub(super) fn keep<'l>(&mut self, held: usize, used: impl Iterator<Item = &'l mut u32>) {
        if self.peers.len() <= KEPT + 2 * held {
            return;
        }
        let mut old: Vec<Option<Peer>> = std::mem::take(&mut self.peers).into_iter().map(Some).collect();
        let mut moved = vec![u32::MAX; old.len()];
        for number in used {
            let at = *number as usize;
            if let Some(peer) = old[at].take() {
                moved[at] = self.peers.len() as u32;
                self.peers.push(peer);
            }
            *number = moved[at];
        }
        self.numbers.retain(|_, number| {
            *number = moved[*number as usize];
            *number != u32::MAX
        });
        self.last = 0;
    }
}
