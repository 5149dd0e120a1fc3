//! The rules of the peers and of the loops, each as a short story on the simulated network. A turn lets a millisecond
//! pass at most; only [`Story::until`] lets the loop wait as long as it likes, so a story that takes minutes is told at once.

mod accepting;
mod dialling;
mod fairness;
mod fan_out;
mod gathering;
mod input;
mod stopping;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use journal::{AtCap, FRAME_HEADER_BYTES, Options, Reader, SimDisk};
use record::{LineFlags, Position};
use wire::AckText;

use super::Turn;
use crate::command::Command;
use crate::driver::sim::{SimNet, SimOptions, SimSocket};
use crate::peer::Peer;
use crate::simulation::{Collector, Setup};
use crate::{DialOptions, PeerState, PeerStatus, Role, Source, SourceCounters};

/// Where the collector listens.
const HERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 5140);

/// Time that a turn lets pass at most.
const TURN_MAX: Duration = Duration::from_millis(1);

/// A collector with one loop, on a calm network.
struct Story {
    collector: Collector,
    net: SimNet,
    source: Arc<Source>,
}

/// What the journal gives back of a line.
type Row = (String, LineFlags);

fn setup() -> Setup {
    Setup {
        loops: 1,
        journal: Options {
            segment_bytes: 256 * 1024,
            bytes_max: 1 << 30,
            at_cap: AtCap::Block,
            keep_bytes: 0,
            batch_bytes: 64 * 1024,
            batches: 4,
        },
        hold_back: Duration::ZERO,
        open_row_span: 1 << 40,
        seed: 1,
    }
}

fn source() -> Source {
    Source {
        name: "source".into(),
        chunk_bytes: 1024,
        line_bytes_max: 1 << 20,
        ack: Some(AckText::new(b"ACK\n")),
        idle_timeout: None,
        keepalive: None,
        peers_max: 10_000,
        dial: DialOptions {
            connect_timeout: Duration::from_secs(10),
            backoff_min: Duration::from_millis(500),
            backoff_max: Duration::from_secs(60),
            once: false,
        },
        role: Role::Peers,
        fanout: None,
        counters: SourceCounters::default(),
    }
}

impl Story {
    fn new() -> Self {
        Self::with(setup(), source())
    }

    fn with(setup: Setup, source: Source) -> Self {
        Self::on(SimOptions::calm(1), setup, source)
    }

    fn on(options: SimOptions, setup: Setup, source: Source) -> Self {
        let net = SimNet::new(SimOptions { wait_max: TURN_MAX, ..options });
        let mut collector = Collector::new(net.clone(), SimDisk::new(), setup);
        collector.start().expect("an empty disk");
        Self { collector, net, source: Arc::new(source) }
    }

    /// Listens, and has accepted one peer.
    fn with_peer() -> (Self, SimSocket) {
        let mut story = Self::new();
        story.listen();
        let peer = story.peer();
        (story, peer)
    }

    fn listen(&mut self) {
        let listener = self.net.listen(HERE).expect("a free address");
        self.collector.tell(0, Command::Listen { source: Arc::clone(&self.source), listener });
        self.turn();
    }

    /// A peer that has connected.
    fn peer(&mut self) -> SimSocket {
        let socket = self.net.dial(HERE).expect("somebody listens");
        self.turn();
        self.turn();
        socket
    }

    fn dial(&mut self, name: &str, host: &str) {
        let (source, name, host) = (Arc::clone(&self.source), name.into(), host.into());
        self.collector.tell(0, Command::Dial { source, name, host, port: 514 });
    }

    fn turn(&mut self) -> Turn {
        while self.collector.names.answer_one() {}
        self.collector.turn(0).expect("the simulated driver does not fail")
    }

    fn turns(&mut self, turns: usize) {
        for _ in 0..turns {
            self.turn();
        }
    }

    /// Reads what is there, commits it, and sends the ACKs.
    fn round(&mut self) {
        for _ in 0..3 {
            self.turn();
            self.collector.commit();
        }
        self.turn();
    }

    /// Lets the loop turn, and time pass, until `happened`.
    fn until(&mut self, mut happened: impl FnMut(&mut Self) -> bool) {
        self.net.set_wait_max(Duration::MAX);
        let happened = (0..10_000).any(|_| {
            let now = happened(self);
            if !now {
                self.turn();
                self.collector.commit();
            }
            now
        });
        self.net.set_wait_max(TURN_MAX);
        assert!(happened);
    }

    /// The only peer there is.
    fn status(&mut self) -> PeerStatus {
        let peers = self.collector.status(0).peers;
        assert_eq!(peers.len(), 1);
        peers.into_iter().next().expect("one peer")
    }

    fn state(&mut self) -> PeerState {
        self.status().state
    }

    fn rows(&self) -> Vec<Row> {
        let mut reader = Reader::open(self.collector.disk.clone(), Position(0)).expect("a journal");
        let mut rows = Vec::new();
        while let Some(line) = reader.next().expect("an undamaged journal") {
            rows.push((String::from_utf8_lossy(line.bytes).into_owned(), line.flags));
        }
        rows
    }

    fn texts(&self) -> Vec<String> {
        self.rows().into_iter().map(|(text, _)| text).collect()
    }
}

/// Sends all of it.
fn send(socket: &mut SimSocket, bytes: &[u8]) {
    assert_eq!(socket.write(bytes).expect("a connection"), bytes.len());
}

/// Reads what has come, which must be whole ACKs, and counts them.
fn acks(socket: &mut SimSocket) -> usize {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(taken @ 1..) = socket.read(&mut buffer) {
        bytes.extend_from_slice(&buffer[..taken]);
    }
    assert_eq!(bytes, b"ACK\n".repeat(bytes.len() / 4));
    bytes.len() / 4
}

/// True when the other end has closed in order.
fn is_closed(socket: &mut SimSocket) -> bool {
    matches!(socket.read(&mut [0; 1]), Ok(0))
}

/// A journal whose batches have room for `reads` reads of this source.
fn tight(source: &Source, reads: usize) -> Setup {
    let mut setup = setup();
    setup.journal.batch_bytes = FRAME_HEADER_BYTES + reads * Peer::room(source, "255.255.255.255:65535");
    setup.journal.segment_bytes = (8 * setup.journal.batch_bytes).next_multiple_of(512) as u64;
    setup
}
