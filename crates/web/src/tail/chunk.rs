use std::fmt::Write as _;
use std::io;
use std::sync::OnceLock;

use axum::body::Bytes;

use crate::Tail;
use crate::limits::CHUNK_BYTES;

/// What happened, some of it at once.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) items: Vec<Item>,
    /// Everything up to here had been told before it.
    pub(super) from: u64,
    /// Everything up to here has been told behind it.
    pub(super) upto: u64,
    /// Nothing in it or before it is behind this position. The same as `upto`, unless records come in no order.
    pub(super) high: u64,
    pub(super) bytes: usize,
    events: OnceLock<Bytes>,
}

/// One thing that happened.
#[derive(Debug)]
pub(super) enum Item {
    Record {
        position: u64,
        /// Everything up to here has been told behind it, if that is known and it is the last of its line.
        cursor: Option<u64>,
        json: Box<str>,
    },
    /// Records, or bytes of the journal, that nobody is told of any more.
    Skipped(Skipped),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Skipped {
    Records(u64),
    Bytes(u64),
}

impl Skipped {
    pub(super) fn json(self) -> String {
        match self {
            Self::Records(records) => format!("{{\"records\":{records}}}"),
            Self::Bytes(bytes) => format!("{{\"bytes\":{bytes}}}"),
        }
    }
}

impl Item {
    /// An event of a tail.
    fn read(event: &str, ordered: bool) -> Self {
        let number = |key: &str| {
            let rest = event.strip_prefix("{\"")?.strip_prefix(key)?.strip_prefix("\":")?;
            rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
        };
        if let Some(records) = number("skipped") {
            return Self::Skipped(Skipped::Records(records));
        }
        if let Some(bytes) = number("skipped_bytes") {
            return Self::Skipped(Skipped::Bytes(bytes));
        }
        let position = number("position").unwrap_or(0);
        Self::Record { position, cursor: ordered.then_some(position), json: event.into() }
    }
}

impl Chunk {
    pub(super) fn new(items: Vec<Item>, from: u64, upto: u64, high: u64) -> Self {
        let bytes = items.iter().map(Item::bytes).sum();
        Self { items, from, upto, high, bytes, events: OnceLock::new() }
    }

    /// How many records came with it, those included that were skipped: who misses it misses them all.
    pub(super) fn records(&self) -> u64 {
        let count = |item: &Item| match item {
            Item::Record { .. } => 1,
            Item::Skipped(Skipped::Records(records)) => *records,
            Item::Skipped(Skipped::Bytes(_)) => 0,
        };
        self.items.iter().map(count).sum()
    }

    /// True when something was skipped in it.
    pub(super) fn has_gap(&self) -> bool {
        self.items.iter().any(|item| matches!(item, Item::Skipped(_)))
    }

    /// It as server-sent events, without the records up to `told`.
    pub(super) fn events(&self, told: u64) -> Bytes {
        let write = |told| {
            let mut out = String::with_capacity(self.bytes + 64 * self.items.len());
            self.since(told).for_each(|item| item.write_event(&mut out));
            Bytes::from(out)
        };
        if told > self.from { write(told) } else { self.events.get_or_init(|| write(0)).clone() }
    }

    /// What is in it but for the records up to `told`.
    pub(super) fn since(&self, told: u64) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(move |item| match item {
            Item::Record { position, .. } => *position > told,
            Item::Skipped(_) => true,
        })
    }
}

impl Item {
    fn position(&self) -> Option<u64> {
        match self {
            Self::Record { position, .. } => Some(*position),
            Self::Skipped(_) => None,
        }
    }

    fn cursor(&self) -> Option<u64> {
        match self {
            Self::Record { cursor, .. } => *cursor,
            Self::Skipped(_) => None,
        }
    }

    fn bytes(&self) -> usize {
        match self {
            // Twice: as JSON, and as an event.
            Self::Record { json, .. } => 2 * json.len() + 128,
            Self::Skipped(_) => 128,
        }
    }

    fn write_event(&self, out: &mut String) {
        // Writing to a string cannot fail. JSON has no newline in it.
        let _ = match self {
            Self::Record { cursor: Some(cursor), json, .. } => {
                write!(out, "id: {cursor}\nevent: record\ndata: {json}\n\n")
            }
            Self::Record { cursor: None, json, .. } => write!(out, "event: record\ndata: {json}\n\n"),
            Self::Skipped(skipped) => write!(out, "event: skipped\ndata: {}\n\n", skipped.json()),
        };
    }

    /// It as a message of a WebSocket.
    pub(super) fn message(&self) -> String {
        match self {
            Self::Record { cursor: Some(cursor), json, .. } => {
                format!("{{\"event\":\"record\",\"id\":\"{cursor}\",\"data\":{json}}}")
            }
            Self::Record { cursor: None, json, .. } => format!("{{\"event\":\"record\",\"data\":{json}}}"),
            Self::Skipped(skipped) => format!("{{\"event\":\"skipped\",\"data\":{}}}", skipped.json()),
        }
    }
}

/// One turn of a tail: gives what comes within `timeout` to `put`, in chunks. Returns as [`Tail::next`] does.
pub(super) fn turn(
    tail: &mut dyn Tail,
    timeout: std::time::Duration,
    put: &mut dyn FnMut(Chunk) -> io::Result<()>,
) -> io::Result<Option<bool>> {
    let ordered = tail.is_ordered();
    let (mut from, mut items, mut bytes) = (tail.position(), Vec::new(), 0);
    let mut high = tail.furthest();
    let any = tail.next(timeout, &mut |event| {
        let item = Item::read(event, ordered);
        match items.last_mut() {
            // A line may have become several records: it has been told with the last of them, and they stay together.
            Some(Item::Record { position, cursor, .. }) if item.position() == Some(*position) => {
                *cursor = None;
            }
            Some(last) if bytes >= CHUNK_BYTES => {
                let upto = last.cursor().unwrap_or(from);
                let full: Vec<Item> = std::mem::take(&mut items);
                // Where in no order something is missing, it may be anywhere.
                let astray = !ordered && full.iter().any(|item| matches!(item, Item::Skipped(_)));
                bytes = 0;
                put(Chunk::new(
                    full,
                    std::mem::replace(&mut from, upto),
                    upto,
                    if astray { u64::MAX } else { high },
                ))?;
            }
            _ => {}
        }
        bytes += item.bytes();
        high = high.max(item.position().unwrap_or(0));
        items.push(item);
        Ok(())
    })?;
    let upto = tail.position().max(from);
    if let Some(Item::Record { cursor, .. }) = items.last_mut() {
        *cursor = Some(upto);
    }
    if !items.is_empty() {
        put(Chunk::new(items, from, upto, tail.furthest().max(high)))?;
    }
    Ok(any)
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::time::Duration;

    use super::{Chunk, Item, Skipped, turn};
    use crate::Tail;
    use crate::limits::CHUNK_BYTES;

    /// Two lines, each of which became three records.
    struct Lines;

    impl Tail for Lines {
        fn next(
            &mut self,
            _: Duration,
            each: &mut dyn FnMut(&str) -> io::Result<()>,
        ) -> io::Result<Option<bool>> {
            let text = "x".repeat(CHUNK_BYTES / 2);
            for position in [7, 9] {
                for nth in 0..3 {
                    each(&format!("{{\"position\":{position},\"nth\":{nth},\"message\":\"{text}\"}}"))?;
                }
            }
            Ok(Some(true))
        }

        fn position(&self) -> u64 {
            9
        }

        fn furthest(&self) -> u64 {
            9
        }

        fn is_ordered(&self) -> bool {
            true
        }
    }

    #[test]
    fn records_of_one_line_stay_together() {
        let mut told = Vec::new();
        let any = turn(&mut Lines, Duration::ZERO, &mut |chunk: Chunk| {
            let cursors: Vec<_> = chunk.items.iter().map(Item::cursor).collect();
            told.push((cursors, chunk.upto));
            Ok(())
        });
        assert_eq!(any.expect("it goes on"), Some(true));
        assert_eq!(told, [(vec![None, None, Some(7)], 7), (vec![None, None, Some(9)], 9)]);
    }

    #[test]
    fn events_are_read_and_written() {
        let items = [
            "{\"position\":7,\"message\":\"a\"}",
            "{\"skipped\":3}",
            "{\"position\":9}",
            "{\"skipped_bytes\":4}",
        ];
        let chunk = Chunk::new(items.map(|event| Item::read(event, true)).into(), 6, 9, 9);
        let text = |told| String::from_utf8(chunk.events(told).into()).expect("text");
        let all = "id: 7\nevent: record\ndata: {\"position\":7,\"message\":\"a\"}\n\nevent: skipped\ndata: {\"records\":3}\n\n\
                   id: 9\nevent: record\ndata: {\"position\":9}\n\nevent: skipped\ndata: {\"bytes\":4}\n\n";
        assert_eq!(text(6), all);
        assert!(!text(7).contains("id: 7") && text(7).contains("id: 9"));
        assert_eq!((chunk.records(), Skipped::Bytes(4).json()), (5, "{\"bytes\":4}".to_owned()));
        assert_eq!(chunk.items[2].message(), "{\"event\":\"record\",\"id\":\"9\",\"data\":{\"position\":9}}");
    }
}
