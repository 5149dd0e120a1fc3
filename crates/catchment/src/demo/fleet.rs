use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use fastrand::Rng;

use super::lines;

/// How often the fleet acts.
const ROUND: Duration = Duration::from_millis(20);

/// Lines that a server keeps until they are acked. When it has so many, it makes no more.
const KEPT_MAX: usize = 10_000;

/// A server breaks its connection about once in so many rounds, so that a reconnect can be seen.
const BREAKS: usize = 3000;

/// Simulated log servers on loopback.
///
/// What it owns: a thread with all servers' sockets. What bounds it: each server keeps at most 10,000 lines. It stops
/// with [`Fleet::stop`]. A server whose connection breaks sends again what was not acked, to whoever dials in next.
pub(super) struct Fleet {
    addresses: Vec<SocketAddr>,
    stopping: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

struct Server {
    listener: TcpListener,
    collector: Option<TcpStream>,
    kind: lines::Kind,
    /// Lines not acked, oldest first, and how many bytes of them this collector was sent.
    kept: VecDeque<Vec<u8>>,
    unsent: VecDeque<u8>,
    ack_bytes: usize,
}

impl Fleet {
    /// `servers` servers that make `rate` lines each second together.
    pub(super) fn start(servers: usize, rate: u32) -> io::Result<Self> {
        let mut fleet = (0..servers).map(Server::new).collect::<io::Result<Vec<_>>>()?;
        let addresses = fleet.iter().map(|server| server.listener.local_addr()).collect::<io::Result<_>>()?;
        let stopping = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stopping);
        let thread = std::thread::Builder::new().name("fleet".to_owned()).spawn(move || {
            let (mut rng, mut due) = (Rng::new(), 0.0);
            while !stop.load(Ordering::Relaxed) {
                due += f64::from(rate) * ROUND.as_secs_f64();
                while due >= 1.0 {
                    let server = rng.usize(..fleet.len());
                    fleet[server].make_line(&mut rng);
                    due -= 1.0;
                }
                for server in &mut fleet {
                    server.act(&mut rng);
                }
                std::thread::sleep(ROUND);
            }
        })?;
        Ok(Self { addresses, stopping, thread })
    }

    pub(super) fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.addresses.iter().copied()
    }

    pub(super) fn stop(self) {
        self.stopping.store(true, Ordering::Relaxed);
        // A fleet that has panicked has said so already.
        let _ = self.thread.join();
    }
}

impl Server {
    fn new(index: usize) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let kind = lines::Kind::of(index);
        Ok(Self {
            listener,
            collector: None,
            kind,
            kept: VecDeque::new(),
            unsent: VecDeque::new(),
            ack_bytes: 0,
        })
    }

    fn make_line(&mut self, rng: &mut Rng) {
        if self.kept.len() < KEPT_MAX {
            let mut line = self.kind.line(rng).into_bytes();
            line.push(b'\n');
            self.unsent.extend(&line);
            self.kept.push_back(line);
        }
    }

    fn act(&mut self, rng: &mut Rng) {
        if let Ok((collector, _)) = self.listener.accept()
            && collector.set_nonblocking(true).is_ok()
        {
            self.collector = Some(collector);
            self.unsent = self.kept.iter().flatten().copied().collect();
            self.ack_bytes = 0;
        }
        let breaks = rng.usize(..BREAKS) == 0;
        if breaks || self.exchange().is_err() {
            self.collector = None;
        }
    }

    /// Sends what the socket takes, and forgets what is acked.
    fn exchange(&mut self) -> io::Result<()> {
        let Some(collector) = &mut self.collector else { return Ok(()) };
        while !self.unsent.is_empty() {
            match collector.write(self.unsent.as_slices().0) {
                Ok(sent) => drop(self.unsent.drain(..sent)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        let mut acks = [0; 4096];
        loop {
            match collector.read(&mut acks) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(bytes) => self.ack_bytes += bytes,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        let acked = self.ack_bytes / b"ACK\n".len();
        self.kept.drain(..acked.min(self.kept.len()));
        self.ack_bytes %= b"ACK\n".len();
        Ok(())
    }
}
