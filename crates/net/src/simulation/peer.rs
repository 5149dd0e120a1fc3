use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use fastrand::Rng;

use super::ears::Ears;
use super::trace::Trace;
use crate::driver::sim::{SimListener, SimNet, SimSocket};

/// One simulated peer with numbered lines. It sends them in order, and after a broken connection again from the first one
/// that was not acked.
pub(super) struct SimPeer {
    /// The target's name when it is dialled.
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) lines: Vec<Vec<u8>>,
    /// Lines whose ACK was read.
    pub(super) acked: usize,
    /// Lines of others that it has heard, and those that it was told it missed.
    pub(super) heard: u64,
    pub(super) missed: u64,
    manners: Manners,
    connection: Option<Connection>,
    ended: Vec<Sent>,
}

/// Who makes the connection.
pub(super) enum Role {
    /// The collector dials it.
    Server(SimListener),
    /// It dials the collector, there.
    Client(SocketAddr),
}

/// How it behaves, in per mille of its moves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manners {
    /// Lines sent ahead of their ACKs.
    pub(super) window: usize,
    pub(super) write_max: usize,
    /// How often it reads its ACKs.
    pub(super) reads: u32,
    pub(super) resets: u32,
    pub(super) closes: u32,
    pub(super) half_closes: u32,
}

/// What was sent on one connection, and what came back.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    /// The peer's name in the journal.
    pub(super) name: String,
    /// Number of its first line.
    pub(super) first: usize,
    /// Whole lines, with their newlines.
    pub(super) lines: usize,
    /// Bytes of the line after them.
    pub(super) tail: usize,
    /// Whole ACKs that were read.
    pub(super) acked: usize,
    /// The collector read everything up to the end of the stream, and closed in its turn.
    pub(super) heard: bool,
    /// The collector's start in which it ended.
    pub(super) start: u64,
}

struct Connection {
    socket: SimSocket,
    sent: Sent,
    ears: Ears,
    half_closed: Option<Duration>,
}

/// What a peer needs to know of the world to make a move.
pub(super) struct Surroundings<'a> {
    pub(super) net: &'a SimNet,
    pub(super) random: &'a mut Rng,
    pub(super) trace: &'a mut Trace,
    pub(super) start: u64,
    /// Faults are over: it reads, writes and stays.
    pub(super) calm: bool,
    /// The collector closes of its own accord only when it has heard everything.
    pub(super) patient: bool,
}

impl SimPeer {
    pub(super) fn new(name: String, role: Role, lines: Vec<Vec<u8>>, manners: Manners) -> Self {
        Self {
            name,
            role,
            lines,
            acked: 0,
            heard: 0,
            missed: 0,
            manners,
            connection: None,
            ended: Vec::new(),
        }
    }

    /// Every connection so far, in order.
    pub(super) fn connections(&self) -> Vec<Sent> {
        let live = self.connection.as_ref().map(|connection| connection.sent.clone());
        self.ended.iter().cloned().chain(live).collect()
    }

    /// True when every line is acked.
    pub(super) fn is_done(&self) -> bool {
        self.acked == self.lines.len()
    }

    /// Does one thing.
    pub(super) fn act(&mut self, world: &mut Surroundings<'_>) -> Result<(), String> {
        let Some(connection) = &self.connection else {
            if !(world.calm && self.is_done()) {
                self.connect(world);
            }
            return Ok(());
        };
        let closing = connection.half_closed.is_some();
        let manners = self.manners;
        let dice = world.random.u32(..1000);
        if world.calm && self.is_done() {
            // It makes room for those whom the collector has refused so far.
            self.disconnect(world.start, drop);
        } else if world.calm {
            self.read(world)?;
            self.write(world);
        } else if dice < manners.resets {
            world.trace.note(2);
            self.disconnect(world.start, SimSocket::reset);
        } else if dice < manners.resets + manners.closes {
            world.trace.note(3);
            self.disconnect(world.start, drop);
        } else if dice < manners.resets + manners.closes + manners.half_closes && !closing {
            self.half_close(world);
        } else if world.random.u32(..1000) < manners.reads {
            self.read(world)?;
        } else {
            self.write(world);
        }
        Ok(())
    }

    fn connect(&mut self, world: &mut Surroundings<'_>) {
        let (socket, name) = match &mut self.role {
            Role::Server(listener) => (listener.accept(), Some(&self.name)),
            Role::Client(address) => (world.net.dial(*address).ok(), None),
        };
        let Some(socket) = socket else { return };
        let name = name.cloned().unwrap_or_else(|| socket.local_addr().to_string());
        let (first, start) = (self.acked, world.start);
        let sent = Sent { name, first, lines: 0, tail: 0, acked: 0, heard: false, start };
        self.connection = Some(Connection { socket, sent, ears: Ears::default(), half_closed: None });
        world.trace.note(1);
    }

    fn disconnect(&mut self, start: u64, end: impl FnOnce(SimSocket)) {
        if let Some(mut connection) = self.connection.take() {
            connection.sent.start = start;
            end(connection.socket);
            self.ended.push(connection.sent);
        }
    }

    fn half_close(&mut self, world: &mut Surroundings<'_>) {
        if let Some(connection) = &mut self.connection {
            world.trace.note(4);
            connection.socket.shutdown_write();
            connection.half_closed = Some(world.net.now());
        }
    }

    /// Sends some of what the window allows.
    fn write(&mut self, world: &mut Surroundings<'_>) {
        let Some(connection) = self.connection.as_mut().filter(|one| one.half_closed.is_none()) else {
            return;
        };
        let write_max = if world.calm { 20_000 } else { self.manners.write_max };
        let most = world.random.usize(1..=write_max);
        let sent = &mut connection.sent;
        let end = self.lines.len().min(self.acked + self.manners.window);
        let mut bytes = Vec::new();
        let mut from = sent.tail;
        for line in self.lines[..end].iter().skip(sent.first + sent.lines) {
            bytes.extend_from_slice(&line[from..]);
            bytes.push(b'\n');
            from = 0;
            if bytes.len() > most {
                break;
            }
        }
        bytes.truncate(most);
        match connection.socket.write(&bytes) {
            Ok(taken) => {
                world.trace.note(taken as u64);
                sent.lines += bytes[..taken].iter().filter(|&&byte| byte == b'\n').count();
                let newline = bytes[..taken].iter().rposition(|&byte| byte == b'\n');
                sent.tail = newline.map_or(sent.tail + taken, |at| taken - at - 1);
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(_) => self.disconnect(world.start, drop),
        }
    }

    /// Reads some ACKs, and lines of others, and checks that they are whole, and not too many.
    fn read(&mut self, world: &mut Surroundings<'_>) -> Result<(), String> {
        let Some(connection) = &mut self.connection else { return Ok(()) };
        let mut buffer = [0; 256];
        match connection.socket.read(&mut buffer) {
            Ok(0) => return self.end_of_stream(world),
            Ok(taken) => {
                world.trace.note(taken as u64);
                let (sent, ears) = (&mut connection.sent, &mut connection.ears);
                let (heard, missed) = (ears.heard, ears.missed);
                for &byte in &buffer[..taken] {
                    let acked = ears.hear(byte).map_err(|error| format!("`{}` {error}", self.name))?;
                    sent.acked += usize::from(acked);
                }
                self.heard += ears.heard - heard;
                self.missed += ears.missed - missed;
                if sent.acked + usize::from(ears.is_amid_ack()) > sent.lines {
                    return Err(format!(
                        "`{}` sent {} lines and read {} ACKs",
                        self.name, sent.lines, sent.acked
                    ));
                }
                self.acked = self.acked.max(sent.first + sent.acked);
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(_) => self.disconnect(world.start, drop),
        }
        Ok(())
    }

    /// The collector has closed: after a half-close only when all lines were acked.
    fn end_of_stream(&mut self, world: &mut Surroundings<'_>) -> Result<(), String> {
        let Some(connection) = &mut self.connection else { return Ok(()) };
        let sent = &mut connection.sent;
        if let Some(since) = connection.half_closed.filter(|_| world.patient && sent.start == world.start) {
            sent.heard = true;
            if sent.acked < sent.lines && world.net.now() - since < Duration::from_secs(10) {
                return Err(format!(
                    "`{}` half-closed after {} lines and got {} ACKs",
                    self.name, sent.lines, sent.acked
                ));
            }
        }
        self.disconnect(world.start, drop);
        Ok(())
    }
}
