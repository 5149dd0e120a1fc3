//! One peer as a state machine: bytes, durable counts and the end of the stream come in; pieces and replies come
//! out. It does no I/O: what it writes goes into the batch of its event loop, which is memory.

use std::sync::Arc;

use journal::{Batch, EntryFlags, EntryHead, Link, entry_overhead};
use record::Micros;
use wire::{Acks, Decoder, tail_bytes};

use crate::Source;
use crate::fanout::{Receiver, View};
use crate::slab::Key;

/// The batch that an event loop is filling, and what each of its entries means to the peer it came from.
pub(crate) struct OpenBatch {
    pub(crate) batch: Batch,
    pub(crate) runs: Vec<Run>,
}

/// What becomes durable for one peer with one entry.
#[derive(Clone, Copy)]
pub(crate) struct Run {
    pub(crate) peer: Key,
    pub(crate) lines: u32,
    /// Where in the batch the entry begins, if the peer's unfinished line goes on from it.
    open_at: Option<u32>,
}

/// What it owns: the unfinished tail of a line, if there is one, and counts. What bounds it: the tail has at most
/// `chunk_bytes`; what is longer goes to the journal as a piece. ACKs owed are a count, and where it stands in a fan-out is one. It ends with
/// [`Peer::end`], after which it only waits for its last lines to become durable.
pub(crate) struct Peer {
    pub(crate) source: Arc<Source>,
    pub(crate) name: Arc<str>,
    pub(crate) lines: u64,
    pub(crate) bytes: u64,
    conn: u64,
    key: Key,
    decoder: Decoder,
    held: Box<[u8]>,
    /// The latest piece of the unfinished row that is in the journal, and the first.
    last_piece: Option<Link>,
    first_piece: Option<Link>,
    after_split: bool,
    entry_lines: u32,
    in_flight: u64,
    acks: Acks,
    /// Where it stands in the fan-out of its source, if there is one.
    pub(crate) receiver: Option<Box<Receiver>>,
    /// It gets no line any more but the rest of the one that it has begun to get.
    parting: bool,
}

/// What [`Peer::reply`] gives.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reply {
    Acks,
    Lines,
    /// The rest of a line of which the peer has a part.
    Rest,
}

/// What is complete with the bytes that a socket took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Replied {
    /// Lines of the peer that are acked.
    pub(crate) acked: u64,
    /// Lines of others that it got.
    pub(crate) lines: u64,
}

impl Peer {
    pub(crate) fn new(source: Arc<Source>, name: Arc<str>, conn: u64, key: Key) -> Self {
        let decoder = Decoder::new(source.line_bytes_max);
        Self {
            source,
            name,
            lines: 0,
            bytes: 0,
            conn,
            key,
            decoder,
            held: Box::default(),
            last_piece: None,
            first_piece: None,
            after_split: false,
            entry_lines: 0,
            in_flight: 0,
            acks: Acks::default(),
            receiver: None,
            parting: false,
        }
    }

    /// How much room a batch must have before [`Self::begin`]: for the entry, the held bytes and one read.
    pub(crate) fn room(source: &Source, name: &str) -> usize {
        entry_overhead(&source.name, name) + source.chunk_bytes + Self::room_to_read(source, name)
    }

    /// How much room it must have for each read: for the bytes, and a second entry in case a row is cut among them.
    pub(crate) fn room_to_read(source: &Source, name: &str) -> usize {
        source.chunk_bytes + entry_overhead(&source.name, name)
    }

    /// Opens an entry. Bytes read go right behind it, into [`Batch::space`].
    pub(crate) fn begin(&mut self, batch: &mut Batch, now: Micros) {
        batch.begin(&EntryHead {
            conn: self.conn,
            received: now,
            link: self.last_piece,
            source: &self.source.name,
            peer: &self.name,
        });
        batch.push(&self.held);
        self.entry_lines = 0;
    }

    /// The next `bytes` of [`Batch::space`] were read from the peer.
    #[inline]
    pub(crate) fn received(&mut self, open: &mut OpenBatch, bytes: usize, now: Micros) {
        let mut from = open.batch.payload().len();
        open.batch.fill(bytes);
        self.bytes += bytes as u64;
        while from < open.batch.payload().len() {
            let fed = self.decoder.feed(&open.batch.payload()[from..]);
            self.entry_lines += fed.lines;
            from += fed.used;
            if fed.cut {
                self.split(open, from, now);
                from = 0;
            }
        }
    }

    /// Ends the turn: whole lines go to the journal; of an unfinished one only what is more than a chunk.
    pub(crate) fn pause(&mut self, open: &mut OpenBatch) {
        let payload = open.batch.payload();
        if payload.len() == self.held.len() {
            return open.batch.cancel();
        }
        let (whole, tail) = payload.split_at(payload.len() - tail_bytes(payload));
        if tail.len() > self.source.chunk_bytes {
            self.held = Box::default();
            return self.end_entry(open, EntryFlags::OPEN);
        }
        let whole = whole.len();
        self.held = tail.into();
        if whole == 0 {
            return open.batch.cancel();
        }
        open.batch.truncate(whole);
        self.end_entry(open, EntryFlags::default());
    }

    /// The connection has ended. A line without its newline is kept as it is, and not acked. Where nothing came after
    /// a cut, an empty row says that the line ended so.
    pub(crate) fn end(&mut self, open: &mut OpenBatch, now: Micros) {
        if self.decoder.row_bytes() > 0 || self.after_split {
            self.finish_row(open, now, EntryFlags::UNTERMINATED);
        }
    }

    /// Ends the unfinished row although its line goes on, so that its first piece need not be kept any longer.
    pub(crate) fn cut_row(&mut self, open: &mut OpenBatch, now: Micros) {
        if self.decoder.row_bytes() > 0 {
            self.finish_row(open, now, EntryFlags::SPLIT_END);
            self.after_split = true;
        }
    }

    /// The address of the first piece of an unfinished row, once it is durable.
    pub(crate) fn first_piece(&self) -> Option<u64> {
        match self.first_piece {
            Some(Link::At(address)) => Some(address),
            _ => None,
        }
    }

    /// An entry of this peer is durable; its batch had number `seq` and is at `address`.
    #[inline]
    pub(crate) fn durable(&mut self, run: Run, seq: u64, address: u64) {
        self.in_flight -= u64::from(run.lines);
        if self.source.ack.is_some() {
            self.acks.owe(u64::from(run.lines));
        }
        if let Some(offset) = run.open_at {
            let piece = Link::Pending { seq, offset };
            for link in [&mut self.first_piece, &mut self.last_piece] {
                if *link == Some(piece) {
                    *link = Some(Link::At(address + u64::from(offset)));
                }
            }
        }
    }

    /// The bytes to send next, if there are any: ACKs, and lines of others as `view` shows them. Neither begins within the other,
    /// and ACKs come first.
    #[inline]
    pub(crate) fn reply<'a>(&'a self, view: Option<&'a View<'_>>) -> Option<&'a [u8]> {
        match self.next_reply() {
            Reply::Acks => self.source.ack.as_ref().map(|text| self.acks.next(text)),
            what => view?.next(self.receiver.as_ref()?, what == Reply::Rest),
        }
    }

    /// The socket took so many bytes of [`Self::reply`].
    pub(crate) fn replied(&mut self, bytes: usize, view: Option<&View<'_>>) -> Replied {
        match (self.next_reply(), &self.source.ack, view, &mut self.receiver) {
            (Reply::Acks, Some(text), ..) => Replied { acked: self.acks.sent(bytes, text), lines: 0 },
            (_, _, Some(view), Some(receiver)) => Replied { acked: 0, lines: view.sent(receiver, bytes) },
            _ => Replied::default(),
        }
    }

    fn next_reply(&self) -> Reply {
        let acks = self.acks.owed() > 0;
        match &self.receiver {
            _ if self.acks.is_amid() => Reply::Acks,
            Some(receiver) if receiver.is_amid() && (acks || self.parting) => Reply::Rest,
            Some(receiver) if receiver.is_amid() => Reply::Lines,
            _ if acks => Reply::Acks,
            _ if self.parting => Reply::Rest,
            _ => Reply::Lines,
        }
    }

    /// It begins to get no line any more.
    pub(crate) fn part(&mut self) {
        self.parting = true;
    }

    /// True when something was begun to be sent to it, or is owed, that it waits for before it is closed.
    pub(crate) fn is_owed(&self) -> bool {
        self.unacked() > 0 || self.receiver.as_ref().is_some_and(|receiver| receiver.is_amid())
    }

    /// Lines that came in whole and whose ACK has not left yet.
    pub(crate) fn unacked(&self) -> u64 {
        self.in_flight + self.acks.owed()
    }

    fn finish_row(&mut self, open: &mut OpenBatch, now: Micros, flags: EntryFlags) {
        self.begin(&mut open.batch, now);
        self.held = Box::default();
        self.decoder.cut();
        self.end_entry(open, flags);
    }

    /// Cuts the row at `at` bytes of the open entry; what follows goes into a new entry.
    #[cold]
    fn split(&mut self, open: &mut OpenBatch, at: usize, now: Micros) {
        let rest = open.batch.payload()[at..].to_vec();
        open.batch.truncate(at);
        self.held = Box::default();
        self.end_entry(open, EntryFlags::SPLIT_END);
        self.after_split = true;
        self.begin(&mut open.batch, now);
        open.batch.push(&rest);
    }

    fn end_entry(&mut self, open: &mut OpenBatch, mut flags: EntryFlags) {
        if self.after_split {
            flags = flags.with(EntryFlags::AFTER_SPLIT);
        }
        let lines = self.entry_lines;
        let goes_on = flags.contains(EntryFlags::OPEN);
        let offset = open.batch.end(lines, flags);
        let piece = goes_on.then_some(Link::Pending { seq: open.batch.seq(), offset });
        if lines > 0 || !goes_on {
            self.after_split = false;
            self.first_piece = None;
        }
        self.first_piece = self.first_piece.or(piece);
        self.last_piece = piece;
        self.in_flight += u64::from(lines);
        self.lines += u64::from(lines);
        open.runs.push(Run { peer: self.key, lines, open_at: goes_on.then_some(offset) });
    }
}

#[cfg(test)]
mod tests;
