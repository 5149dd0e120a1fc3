//! What one commit writes, and whom it answers.

use std::mem;

/// Bytes of one read at most.
pub(crate) const CHUNK_BYTES: usize = 1024;

/// Batch: sequence number u64, length u32, CRC-32C u32. Record: peer u32, length u32. All little-endian.
const BATCH_HEADER: usize = 16;
const RECORD_HEADER: usize = 8;

/// Records that are written and synced together. It owns a buffer of fixed size, made once (fresh pages cost more than
/// the copy into them), and the list of the peers that completed a line in it, each once.
#[derive(Debug)]
pub(crate) struct Batch {
    buffer: Vec<u8>,
    length: usize,
    peers: Vec<u32>,
}

impl Batch {
    pub(crate) fn new(bytes: usize) -> Self {
        // Written once here, so that every page is there before the first line comes.
        Self { buffer: vec![0xff; bytes], length: BATCH_HEADER, peers: Vec::new() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.length == BATCH_HEADER
    }

    /// Room for one read, right where it will stay; `None` when the batch is full.
    pub(crate) fn room(&mut self) -> Option<&mut [u8]> {
        let start = self.length + RECORD_HEADER;
        self.buffer.get_mut(start..start + CHUNK_BYTES)
    }

    /// Takes the first `bytes` of the room as a record of `peer` and gives the number of newlines in it.
    pub(crate) fn take(&mut self, peer: u32, bytes: usize) -> u32 {
        let record = &mut self.buffer[self.length..self.length + RECORD_HEADER + bytes];
        let (header, data) = record.split_at_mut(RECORD_HEADER);
        header[..4].copy_from_slice(&peer.to_le_bytes());
        header[4..].copy_from_slice(&(bytes as u32).to_le_bytes());
        self.length += RECORD_HEADER + bytes;
        memchr::memchr_iter(b'\n', data).count() as u32
    }

    /// Remembers that `peer` is to be answered.
    pub(crate) fn answer(&mut self, peer: u32) {
        self.peers.push(peer);
    }

    /// Fills the header in and gives the bytes to be written.
    pub(crate) fn seal(&mut self, number: u64) -> &[u8] {
        let crc = crc32c::crc32c(&self.buffer[BATCH_HEADER..self.length]);
        let length = (self.length - BATCH_HEADER) as u32;
        self.buffer[..8].copy_from_slice(&number.to_le_bytes());
        self.buffer[8..12].copy_from_slice(&length.to_le_bytes());
        self.buffer[12..16].copy_from_slice(&crc.to_le_bytes());
        &self.buffer[..self.length]
    }

    /// Empties the batch and gives the peers that are to be answered; the list comes back with [`Batch::reuse`].
    pub(crate) fn clear(&mut self) -> Vec<u32> {
        self.length = BATCH_HEADER;
        mem::take(&mut self.peers)
    }

    /// Takes an answered list back for its memory.
    pub(crate) fn reuse(&mut self, mut peers: Vec<u32>) {
        peers.clear();
        self.peers = peers;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(batch: &mut Batch, peer: u32, data: &[u8]) -> u32 {
        batch.room().expect("there is room")[..data.len()].copy_from_slice(data);
        batch.take(peer, data.len())
    }

    #[test]
    fn writes_records_behind_a_checked_header() {
        let mut batch = Batch::new(4096);
        assert_eq!(record(&mut batch, 7, b"one\ntwo\nthr"), 2);
        assert_eq!(record(&mut batch, 8, b"ee\n"), 1);
        let bytes = batch.seal(5).to_vec();
        let body = b"\x07\0\0\0\x0b\0\0\0one\ntwo\nthr\x08\0\0\0\x03\0\0\0ee\n";
        assert_eq!(&bytes[16..], body);
        assert_eq!(bytes[..8], 5_u64.to_le_bytes());
        assert_eq!(bytes[8..12], (body.len() as u32).to_le_bytes());
        assert_eq!(bytes[12..16], crc32c::crc32c(body).to_le_bytes());
    }

    #[test]
    fn is_full_when_a_whole_chunk_does_not_fit() {
        let mut batch = Batch::new(BATCH_HEADER + 2 * (RECORD_HEADER + CHUNK_BYTES));
        for _ in 0..2 {
            record(&mut batch, 1, &[b'x'; CHUNK_BYTES]);
        }
        assert!(batch.room().is_none());
        batch.answer(1);
        assert_eq!(batch.clear(), [1]);
        assert!(batch.is_empty() && batch.room().is_some());
    }
}
