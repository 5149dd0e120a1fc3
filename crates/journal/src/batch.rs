use record::Micros;

use crate::EntryFlags;
use crate::disk::BLOCK_BYTES;
use crate::format::{
    ENTRY_HEADER_BYTES, EntryHeader, FRAME_HEADER_BYTES, FrameHeader, NO_ADDRESS, name_within_limit,
};

/// How many batches of its inlet a [`Link::Pending`] may reach back.
pub const PENDING_BATCHES_MAX: u64 = 1024;

/// A frame being built: the memory that an event loop reads its sockets into, and that the journal writes as
/// it is.
///
/// Owns a fixed piece of memory of `batch_bytes`, allocated once and touched only as far as it was ever
/// filled, and four bytes for each link whose address is not known yet. Between [`Batch::begin`] and
/// [`Batch::end`] one entry is open; its payload may be written, looked at and cut.
#[derive(Debug)]
pub struct Batch {
    memory: Box<[u8]>,
    used: usize,
    open: Option<Open>,
    seq: u64,
    address: u64,
    entries: u32,
    lines: u32,
    received: Micros,
    /// Offsets of the entries whose link is still pending.
    pending: Vec<u32>,
    /// No entry links below this address, apart from pending links.
    pub(crate) links_from: u64,
    /// Batches of this inlet from this one on were not back when this one was started.
    pub(crate) unknown_from: u64,
    has_link: bool,
    leaves_open: bool,
}

/// The entry that is being written.
#[derive(Clone, Copy, Debug)]
struct Open {
    at: usize,
    payload_at: usize,
    pending: bool,
    continues: bool,
}

/// What is known of an entry when its first byte arrives.
#[derive(Clone, Copy, Debug)]
pub struct EntryHead<'a> {
    /// The connection, a number never used for another one.
    pub conn: u64,
    /// When the bytes were read.
    pub received: Micros,
    /// The entry with the earlier bytes of the first row, when it began in an earlier one.
    pub link: Option<Link>,
    /// The source's name; [`crate::NAME_BYTES_MAX`] bytes of it are kept.
    pub source: &'a str,
    /// The peer's name; [`crate::NAME_BYTES_MAX`] bytes of it are kept.
    pub peer: &'a str,
}

/// Where an earlier entry of the same connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// At this address: [`Batch::address`] of a batch that came back, plus the entry's offset in it.
    At(u64),
    /// In a batch of the same inlet, this one or an earlier one, whose address is not known yet. At most
    /// [`PENDING_BATCHES_MAX`] batches back.
    Pending {
        /// [`Batch::seq`] of that batch.
        seq: u64,
        /// What [`Batch::end`] returned there.
        offset: u32,
    },
}

/// Bytes that an entry takes besides its payload.
pub fn entry_overhead(source: &str, peer: &str) -> usize {
    ENTRY_HEADER_BYTES + name_within_limit(source).len() + name_within_limit(peer).len()
}

impl Batch {
    pub(crate) fn new(batch_bytes: usize) -> Self {
        Self {
            memory: vec![0; batch_bytes + BLOCK_BYTES].into_boxed_slice(),
            used: FRAME_HEADER_BYTES,
            open: None,
            seq: 0,
            address: 0,
            entries: 0,
            lines: 0,
            received: Micros(0),
            pending: Vec::new(),
            links_from: NO_ADDRESS,
            unknown_from: 0,
            has_link: false,
            leaves_open: false,
        }
    }

    /// Makes it empty and gives it its number.
    pub(crate) fn reset(&mut self, seq: u64) {
        self.used = FRAME_HEADER_BYTES;
        self.open = None;
        self.seq = seq;
        self.address = 0;
        self.entries = 0;
        self.lines = 0;
        self.received = Micros(0);
        self.pending.clear();
        self.links_from = NO_ADDRESS;
        self.unknown_from = seq;
        self.has_link = false;
        self.leaves_open = false;
    }

    /// Its number within its inlet. Grows by one from batch to batch.
    #[inline]
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// True when it has no entry, not even an open one.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.used == FRAME_HEADER_BYTES
    }

    /// Bytes used, the frame's header included.
    #[inline]
    pub fn bytes(&self) -> usize {
        self.used
    }

    /// Bytes left, for payload or for further entries.
    #[inline]
    pub fn room(&self) -> usize {
        self.memory.len() - BLOCK_BYTES - self.used
    }

    /// Newlines in all entries that were ended.
    #[inline]
    pub fn lines(&self) -> u32 {
        self.lines
    }

    /// Opens an entry.
    ///
    /// # Panics
    /// When an entry is open, or there is less room than [`entry_overhead`], or a pending link names a later
    /// batch or one too far back.
    #[inline]
    pub fn begin(&mut self, head: &EntryHead<'_>) {
        assert!(self.open.is_none(), "an entry is open already");
        let (link, pending) = match head.link {
            None => (0, false),
            Some(Link::At(address)) => (address, false),
            Some(Link::Pending { seq, offset }) => (self.encode_pending(seq, offset), true),
        };
        let (source, peer) = (name_within_limit(head.source), name_within_limit(head.peer));
        let header = EntryHeader {
            payload_bytes: 0,
            lines: 0,
            conn: head.conn,
            received: head.received,
            link,
            flags: EntryFlags::NONE,
            source_bytes: source.len() as u8,
            peer_bytes: peer.len() as u8,
        };
        let at = self.used;
        let source_at = at + ENTRY_HEADER_BYTES;
        let peer_at = source_at + source.len();
        let payload_at = peer_at + peer.len();
        header.write(&mut self.memory[at..source_at]);
        self.memory[source_at..peer_at].copy_from_slice(source.as_bytes());
        self.memory[peer_at..payload_at].copy_from_slice(peer.as_bytes());
        self.used = payload_at;
        self.open = Some(Open { at, payload_at, pending, continues: head.link.is_some() });
    }

    /// The next `n` writable bytes of the open entry's payload, to read a socket into. What they hold means
    /// nothing. They become payload with [`Batch::fill`].
    ///
    /// # Panics
    /// When no entry is open or `n` is more than [`Batch::room`].
    #[inline]
    pub fn space(&mut self, n: usize) -> &mut [u8] {
        assert!(self.open.is_some(), "no entry is open");
        &mut self.memory[self.used..self.used + n]
    }

    /// The first `n` bytes of [`Batch::space`] are payload now.
    ///
    /// # Panics
    /// When no entry is open or `n` is more than [`Batch::room`].
    #[inline]
    pub fn fill(&mut self, n: usize) {
        assert!(self.open.is_some() && n <= self.room(), "no entry is open, or it has no such room");
        self.used += n;
    }

    /// Copies `bytes` to the end of the open entry's payload.
    ///
    /// # Panics
    /// When no entry is open or there is less room.
    #[inline]
    pub fn push(&mut self, bytes: &[u8]) {
        self.space(bytes.len()).copy_from_slice(bytes);
        self.used += bytes.len();
    }

    /// The open entry's payload so far; nothing when none is open.
    #[inline]
    pub fn payload(&self) -> &[u8] {
        self.open.map_or(&[], |open| &self.memory[open.payload_at..self.used])
    }

    /// Keeps only the first `len` bytes of the open entry's payload.
    ///
    /// # Panics
    /// When no entry is open or its payload is shorter.
    #[inline]
    pub fn truncate(&mut self, len: usize) {
        let open = self.open.expect("no entry is open");
        assert!(open.payload_at + len <= self.used, "the payload is shorter");
        self.used = open.payload_at + len;
    }

    /// Closes the open entry. `lines` is the number of newlines in its payload, which may be empty. Returns
    /// the entry's offset in the batch.
    ///
    /// # Panics
    /// When no entry is open.
    #[inline]
    pub fn end(&mut self, lines: u32, flags: EntryFlags) -> u32 {
        let open = self.open.take().expect("no entry is open");
        let flags = if open.continues { flags.with(EntryFlags::CONTINUES) } else { flags };
        debug_assert!(
            !flags.contains(EntryFlags::OPEN) || !flags.ends_with_row(),
            "an unfinished piece is not a row"
        );
        let header = &mut self.memory[open.at..open.at + ENTRY_HEADER_BYTES];
        EntryHeader::finish(header, (self.used - open.payload_at) as u32, lines, flags);
        self.received = self.received.max(EntryHeader::read(header).received);
        if open.pending {
            self.pending.push(open.at as u32);
        } else if open.continues {
            self.links_from = self.links_from.min(EntryHeader::link(header));
        }
        self.has_link |= open.continues;
        self.leaves_open |= flags.contains(EntryFlags::OPEN);
        self.entries += 1;
        self.lines += lines;
        open.at as u32
    }

    /// Removes the open entry as if it had never begun.
    ///
    /// # Panics
    /// When no entry is open.
    #[inline]
    pub fn cancel(&mut self) {
        self.used = self.open.take().expect("no entry is open").at;
    }

    /// The frame's address, once the batch came back from [`crate::Inlet::take_durable`]. An entry's address
    /// is this plus its offset.
    #[inline]
    pub fn address(&self) -> u64 {
        self.address
    }

    /// True when an entry continues a row of an earlier one.
    pub(crate) fn has_link(&self) -> bool {
        self.has_link
    }

    /// True when an entry ends with an unfinished piece.
    pub(crate) fn leaves_open(&self) -> bool {
        self.leaves_open
    }

    /// Replaces pending links by addresses. `address_of(n)` is the address of the batch `n` before this one.
    pub(crate) fn resolve_links(&mut self, address: u64, address_of: impl Fn(u64) -> u64) {
        self.address = address;
        for &at in &self.pending {
            let header = &mut self.memory[at as usize..at as usize + ENTRY_HEADER_BYTES];
            let (back, offset) = decode_pending(EntryHeader::link(header));
            let target = if back == 0 { address } else { address_of(back) };
            EntryHeader::set_link(header, target + u64::from(offset));
        }
        self.pending.clear();
    }

    /// Writes the frame's header and returns the frame's bytes, and behind them `padding` zeros, less than
    /// [`BLOCK_BYTES`].
    pub(crate) fn seal(
        &mut self,
        epoch: u32,
        durable_to: u64,
        oldest: u64,
        salt: u32,
        padding: usize,
    ) -> &[u8] {
        assert!(self.open.is_none(), "an entry is still open");
        self.memory[self.used..self.used + padding].fill(0);
        let frame = &mut self.memory[..self.used];
        let header = FrameHeader {
            checksum: 0,
            payload_bytes: (frame.len() - FRAME_HEADER_BYTES) as u32,
            entries: self.entries,
            lines: self.lines,
            epoch,
            address: self.address,
            durable_to,
            received: self.received,
            oldest,
        };
        header.seal(frame, salt);
        &self.memory[..self.used + padding]
    }

    /// A pending link as it stands in the header until the address is known: how many batches back, and
    /// where.
    fn encode_pending(&self, seq: u64, offset: u32) -> u64 {
        let back = self.seq.checked_sub(seq).expect("a link names a later batch");
        assert!(back <= PENDING_BATCHES_MAX, "a link names a batch too far back");
        back << 32 | u64::from(offset)
    }
}

fn decode_pending(link: u64) -> (u64, u32) {
    (link >> 32, link as u32)
}
