use std::fmt::Write as _;
use std::io;
use std::ops::Range;
use std::time::Duration;

use axum::body::Bytes;

use crate::Tail;
use crate::limits::TAP_CHUNK_BYTES;

/// What happened, some of it at once, as it is told. It is written once, however many are told.
///
/// What bounds it: [`TAP_CHUNK_BYTES`], or one line with all its records.
#[derive(Debug)]
pub(super) struct Chunk {
    /// All of it, as server-sent events.
    events: Bytes,
    items: Vec<Item>,
    /// Everything up to here had been told before it.
    pub(super) from: u64,
    /// Everything up to here has been told behind it.
    pub(super) upto: u64,
}

/// One thing that happened.
#[derive(Debug)]
struct Item {
    what: What,
    /// Its event.
    event: Range<usize>,
    /// A record's JSON.
    json: Range<usize>,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Record {
        position: u64,
        /// Everything up to here has been told behind it, if that is known and it is the last of its line.
        cursor: Option<u64>,
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

impl Chunk {
    /// The memory that it takes.
    pub(super) fn bytes(&self) -> usize {
        self.events.len() + self.items.capacity() * size_of::<Item>() + size_of::<Self>()
    }

    /// How many records came with it, those included that were skipped: who misses it misses them all.
    pub(super) fn records(&self) -> u64 {
        let count = |item: &Item| match item.what {
            What::Record { .. } => 1,
            What::Skipped(Skipped::Records(records)) => records,
            What::Skipped(Skipped::Bytes(_)) => 0,
        };
        self.items.iter().map(count).sum()
    }

    /// True when something was skipped in it.
    pub(super) fn has_gap(&self) -> bool {
        self.items.iter().any(|item| matches!(item.what, What::Skipped(_)))
    }

    /// It as server-sent events, without the records up to `told`. Nothing is copied, but for who was told some of it.
    pub(super) fn events(&self, told: u64) -> Bytes {
        if told <= self.from {
            return self.events.clone();
        }
        self.since(told).flat_map(|item| &self.events[item.event.clone()]).copied().collect()
    }

    /// It as messages of a WebSocket, without the records up to `told`.
    pub(super) fn messages(&self, told: u64) -> impl Iterator<Item = String> {
        self.since(told).map(|item| match item.what {
            What::Record { cursor, .. } => {
                // It was made of text.
                let json = String::from_utf8_lossy(&self.events[item.json.clone()]);
                match cursor {
                    Some(cursor) => {
                        format!("{{\"event\":\"record\",\"id\":\"{cursor}\",\"data\":{json}}}")
                    }
                    None => format!("{{\"event\":\"record\",\"data\":{json}}}"),
                }
            }
            What::Skipped(skipped) => format!("{{\"event\":\"skipped\",\"data\":{}}}", skipped.json()),
        })
    }

    /// What is in it but for the records up to `told`.
    fn since(&self, told: u64) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(move |item| match item.what {
            What::Record { position, .. } => position > told,
            What::Skipped(_) => true,
        })
    }
}

/// A chunk in the making. Its last item is not written yet: what comes next decides whether its line has been told with it.
struct Maker {
    events: String,
    items: Vec<Item>,
    from: u64,
    ordered: bool,
    last: Option<What>,
    /// The last one's, of a record.
    json: String,
}

impl Maker {
    /// Takes an event of a tail. Returns a chunk when one is full.
    fn take(&mut self, event: &str) -> Option<Chunk> {
        let next = read(event, self.ordered);
        let of_line = |what: What| match what {
            What::Record { position, .. } => Some(position),
            What::Skipped(_) => None,
        };
        let mut full = None;
        match (&mut self.last, of_line(next)) {
            // A line may have become several records: it has been told with the last of them, and they stay together.
            (Some(What::Record { position, cursor }), Some(next)) if *position == next => {
                *cursor = None;
                self.write();
            }
            (Some(last), _) => {
                let upto = match last {
                    What::Record { cursor: Some(cursor), .. } => *cursor,
                    _ => self.from,
                };
                self.write();
                if self.events.len() >= TAP_CHUNK_BYTES {
                    full = Some(self.chunk(upto));
                }
            }
            (None, _) => {}
        }
        self.last = Some(next);
        self.json.clear();
        self.json.push_str(event);
        full
    }

    /// What there is by the end of a turn, if there is anything; everything up to `upto` is in it.
    fn end(&mut self, upto: u64) -> Option<Chunk> {
        if let Some(What::Record { cursor, .. }) = &mut self.last {
            *cursor = Some(upto);
        }
        self.write();
        (!self.items.is_empty()).then(|| self.chunk(upto))
    }

    fn write(&mut self) {
        let Some(what) = self.last.take() else { return };
        let start = self.events.len();
        let out = &mut self.events;
        // Writing to a string cannot fail. JSON has no newline in it.
        let _ = match what {
            What::Record { cursor: Some(cursor), .. } => write!(out, "id: {cursor}\nevent: record\ndata: "),
            What::Record { cursor: None, .. } => write!(out, "event: record\ndata: "),
            What::Skipped(skipped) => {
                self.json = skipped.json();
                write!(out, "event: skipped\ndata: ")
            }
        };
        let json = out.len()..out.len() + self.json.len();
        out.push_str(&self.json);
        out.push_str("\n\n");
        self.items.push(Item { what, event: start..out.len(), json });
    }

    fn chunk(&mut self, upto: u64) -> Chunk {
        let from = std::mem::replace(&mut self.from, upto);
        // It is kept for a while: without the room to grow that it had.
        let events = Bytes::copy_from_slice(self.events.as_bytes());
        self.events.clear();
        let mut items = std::mem::take(&mut self.items);
        items.shrink_to_fit();
        Chunk { events, items, from, upto }
    }
}

/// An event of a tail.
fn read(event: &str, ordered: bool) -> What {
    let number = |key: &str| {
        let rest = event.strip_prefix("{\"")?.strip_prefix(key)?.strip_prefix("\":")?;
        rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    };
    if let Some(records) = number("skipped") {
        return What::Skipped(Skipped::Records(records));
    }
    if let Some(bytes) = number("skipped_bytes") {
        return What::Skipped(Skipped::Bytes(bytes));
    }
    let position = number("position").unwrap_or(0);
    What::Record { position, cursor: ordered.then_some(position) }
}

/// One turn of a tail: gives what comes within `timeout` to `put`, in chunks. Returns as [`Tail::next`] does.
pub(super) fn turn(
    tail: &mut dyn Tail,
    timeout: Duration,
    put: &mut dyn FnMut(Chunk) -> io::Result<()>,
) -> io::Result<Option<bool>> {
    let mut maker = Maker {
        events: String::new(),
        items: Vec::new(),
        from: tail.position(),
        ordered: tail.is_ordered(),
        last: None,
        json: String::new(),
    };
    let any = tail.next(timeout, &mut |event| maker.take(event).map_or(Ok(()), &mut *put))?;
    let upto = tail.position().max(maker.from);
    maker.end(upto).map_or(Ok(()), put)?;
    Ok(any)
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::time::Duration;

    use super::{Chunk, Maker, Skipped, turn};
    use crate::Tail;
    use crate::limits::TAP_CHUNK_BYTES;

    /// Two lines, each of which became three records.
    struct Lines;

    impl Tail for Lines {
        fn next(
            &mut self,
            _: Duration,
            each: &mut dyn FnMut(&str) -> io::Result<()>,
        ) -> io::Result<Option<bool>> {
            let text = "x".repeat(TAP_CHUNK_BYTES / 2);
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

        fn is_ordered(&self) -> bool {
            true
        }
    }

    fn text(chunk: &Chunk, told: u64) -> String {
        String::from_utf8(chunk.events(told).into()).expect("text")
    }

    #[test]
    fn records_of_one_line_stay_together() {
        let mut told = Vec::new();
        let any = turn(&mut Lines, Duration::ZERO, &mut |chunk: Chunk| {
            let text = text(&chunk, 0);
            let ids: Vec<String> =
                text.lines().filter(|line| line.starts_with("id: ")).map(str::to_owned).collect();
            told.push((ids, chunk.records(), chunk.upto));
            Ok(())
        });
        assert_eq!(any.expect("it goes on"), Some(true));
        assert_eq!(told, [(vec!["id: 7".to_owned()], 3, 7), (vec!["id: 9".to_owned()], 3, 9)]);
    }

    #[test]
    fn events_are_read_and_written_once() {
        let mut maker = Maker {
            events: String::new(),
            items: Vec::new(),
            from: 6,
            ordered: true,
            last: None,
            json: String::new(),
        };
        for event in [
            "{\"position\":7,\"message\":\"a\"}",
            "{\"skipped\":3}",
            "{\"position\":9}",
            "{\"skipped_bytes\":4}",
        ] {
            assert!(maker.take(event).is_none());
        }
        let chunk = maker.end(9).expect("there is something");
        let all = "id: 7\nevent: record\ndata: {\"position\":7,\"message\":\"a\"}\n\nevent: skipped\ndata: {\"records\":3}\n\n\
                   id: 9\nevent: record\ndata: {\"position\":9}\n\nevent: skipped\ndata: {\"bytes\":4}\n\n";
        assert_eq!(text(&chunk, 6), all);
        assert_eq!(chunk.events(6).as_ptr(), chunk.events(0).as_ptr(), "it was copied");
        assert!(!text(&chunk, 7).contains("id: 7") && text(&chunk, 7).contains("id: 9"));
        assert_eq!((chunk.records(), Skipped::Bytes(4).json()), (5, "{\"bytes\":4}".to_owned()));
        assert!(chunk.has_gap() && chunk.bytes() > all.len());
        let messages: Vec<String> = chunk.messages(0).collect();
        assert_eq!(messages[2], "{\"event\":\"record\",\"id\":\"9\",\"data\":{\"position\":9}}");
        assert_eq!(messages[1], "{\"event\":\"skipped\",\"data\":{\"records\":3}}");
    }
}
