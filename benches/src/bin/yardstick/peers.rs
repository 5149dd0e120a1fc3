//! The connected peers and what each is owed.

use std::os::fd::OwnedFd;

use catchment_bench::ACK;
use rustix::net::{SendFlags, send};

/// ACKs of one send at most.
const ACKS_AT_ONCE: usize = 16_384;

/// One connection. It owns the socket and three counts, no buffer.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) socket: OwnedFd,
    /// Lines completed in the batch being filled and in the one being synced, by [`Generation`].
    lines: [u32; 2],
    /// Bytes of ACKs that the socket did not take. The first may be the rest of an ACK.
    owed: u64,
}

/// Which of the two batches; they take turns.
pub(crate) type Generation = usize;

/// What became of an attempt to send ACKs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    All,
    /// The socket is full: go on when it is writable.
    Full,
    /// The connection is broken.
    Broken,
}

impl Peer {
    pub(crate) fn new(socket: OwnedFd) -> Self {
        Self { socket, lines: [0; 2], owed: 0 }
    }

    /// Counts lines that `generation` will make durable; true when they are its first of this peer.
    pub(crate) fn complete(&mut self, generation: Generation, lines: u32) -> bool {
        let count = &mut self.lines[generation];
        let first = *count == 0 && lines > 0;
        *count += lines;
        first
    }

    /// `generation` is durable: owes its ACKs and sends them, unless the socket was full before. Gives the lines too.
    pub(crate) fn durable(&mut self, generation: Generation, acks: &Acks) -> (u32, Sent) {
        let lines = std::mem::take(&mut self.lines[generation]);
        let waiting = self.owed > 0;
        self.owed += u64::from(lines) * ACK.len() as u64;
        (lines, if waiting { Sent::All } else { self.flush(acks) })
    }

    /// Sends what is owed.
    pub(crate) fn flush(&mut self, acks: &Acks) -> Sent {
        while self.owed > 0 {
            let part = acks.part(self.owed);
            match send(&self.socket, part, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
                Ok(sent) => {
                    self.owed -= sent as u64;
                    if sent < part.len() {
                        return Sent::Full;
                    }
                }
                Err(rustix::io::Errno::AGAIN) => return Sent::Full,
                Err(_) => return Sent::Broken,
            }
        }
        Sent::All
    }
}

/// ACKs, ready to be sent, shared by all peers.
#[derive(Debug)]
pub(crate) struct Acks(Vec<u8>);

impl Acks {
    pub(crate) fn new() -> Self {
        Self(ACK.repeat(ACKS_AT_ONCE))
    }

    /// The next bytes when `owed` (not 0) are left, the rest of a begun ACK first.
    fn part(&self, owed: u64) -> &[u8] {
        let ack_bytes = ACK.len() as u64;
        let begun = ((ack_bytes - owed % ack_bytes) % ack_bytes) as usize;
        let end = (begun as u64).saturating_add(owed).min(self.0.len() as u64) as usize;
        &self.0[begun..end]
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn a_begun_ack_is_finished_first() {
        let acks = Acks::new();
        assert_eq!(acks.part(8), b"ACK\nACK\n");
        assert_eq!(acks.part(7), b"CK\nACK\n");
        assert_eq!(acks.part(1), b"\n");
        assert_eq!(acks.part(u64::MAX).len(), ACKS_AT_ONCE * 4 - 1);
    }

    #[test]
    fn a_peer_that_does_not_read_is_owed_a_count_and_gets_every_ack_in_the_end() {
        let (ours, mut theirs) = UnixStream::pair().expect("a pair of sockets");
        let acks = Acks::new();
        let mut peer = Peer::new(ours.into());
        assert!(peer.complete(0, 100_000));
        assert!(!peer.complete(0, 100_000));
        assert!(peer.complete(1, 5));
        assert_eq!(peer.durable(0, &acks), (200_000, Sent::Full));
        assert_eq!(peer.durable(1, &acks), (5, Sent::All), "it waits for the socket and does not try");

        let mut got = Vec::new();
        let mut buffer = [0; 65_536];
        while got.len() < 200_005 * 4 {
            let bytes = theirs.read(&mut buffer).expect("the other end is open");
            got.extend_from_slice(&buffer[..bytes]);
            peer.flush(&acks);
        }
        assert!(got == ACK.repeat(200_005), "the ACKs came damaged");
    }
}
