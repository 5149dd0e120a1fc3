//! The bytes between the input and the collector.

/// Room for one read.
const READ: usize = 256 << 10;

/// What is held at most.
pub(crate) const CAPACITY: usize = 2 * READ;

/// One fixed buffer of 512 KiB. From the front: bytes the window admitted and the socket has not taken yet, then
/// bytes that wait to be admitted. It is filled only while it holds less than 256 KiB, so a read always has as much
/// room. Emptied when the connection breaks, because the source then gives the same bytes again.
pub(crate) struct Pending {
    bytes: Box<[u8]>,
    start: usize,
    admitted: usize,
    end: usize,
}

impl Pending {
    pub(crate) fn new() -> Self {
        Self { bytes: vec![0; CAPACITY].into(), start: 0, admitted: 0, end: 0 }
    }

    /// Where the next read may go; `None` while enough is here.
    pub(crate) fn room(&mut self) -> Option<&mut [u8]> {
        if self.is_full() {
            return None;
        }
        if self.bytes.len() - self.end < READ {
            self.bytes.copy_within(self.start..self.end, 0);
            self.admitted -= self.start;
            self.end -= self.start;
            self.start = 0;
        }
        Some(&mut self.bytes[self.end..self.end + READ])
    }

    /// So many bytes were read into the room.
    pub(crate) fn fill(&mut self, bytes: usize) {
        self.end += bytes;
    }

    /// What is not admitted yet.
    pub(crate) fn waiting(&self) -> &[u8] {
        &self.bytes[self.admitted..self.end]
    }

    /// Whether so much waits that a line whose end is not among it has to go in parts.
    pub(crate) fn waits_long(&self) -> bool {
        self.end - self.admitted >= READ
    }

    /// Forgets what is not admitted yet.
    pub(crate) fn drop_waiting(&mut self) {
        self.end = self.admitted;
    }

    /// So many of the waiting bytes may be written.
    pub(crate) fn admit(&mut self, bytes: usize) {
        self.admitted += bytes;
    }

    /// What is admitted and not written yet.
    pub(crate) fn unwritten(&self) -> &[u8] {
        &self.bytes[self.start..self.admitted]
    }

    /// So many of the unwritten bytes were written.
    pub(crate) fn written(&mut self, bytes: usize) {
        self.start += bytes;
        if self.is_empty() {
            self.clear();
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    pub(crate) fn is_full(&self) -> bool {
        self.end - self.start >= READ
    }

    pub(crate) fn clear(&mut self) {
        (self.start, self.admitted, self.end) = (0, 0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::{Pending, READ};

    #[test]
    fn bytes_come_out_as_they_went_in() {
        let mut pending = Pending::new();
        let (mut next_in, mut next_out) = (0u32, 0u32);
        let mut held = Vec::new();
        let mut was_full = false;
        for round in 0..200 {
            if let Some(room) = pending.room() {
                assert_eq!(room.len(), READ);
                let n = (round * 4_099) % READ / 4 * 4;
                for four in room[..n].chunks_exact_mut(4) {
                    four.copy_from_slice(&next_in.to_le_bytes());
                    next_in += 1;
                }
                pending.fill(n);
            }
            was_full |= pending.is_full();
            assert_eq!(pending.is_full(), pending.room().is_none());
            pending.admit(pending.waiting().len() / 3);
            let n = pending.unwritten().len() / 2;
            held.extend_from_slice(&pending.unwritten()[..n]);
            pending.written(n);
            for four in held.drain(..held.len() / 4 * 4).as_slice().chunks_exact(4) {
                assert_eq!(u32::from_le_bytes(four.try_into().unwrap()), next_out);
                next_out += 1;
            }
        }
        assert!(next_out > 0);
        assert!(was_full, "it drains by a sixth a round, so it fills up");
        pending.clear();
        assert!(pending.is_empty() && pending.waiting().is_empty() && pending.room().is_some());
    }
}
