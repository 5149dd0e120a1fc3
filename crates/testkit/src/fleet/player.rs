use std::net::{SocketAddr, TcpListener, TcpStream};

use fastrand::Rng;

use super::connection::Connection;
use super::{DIALLED, DIALLING};
use crate::numbered::line;
use crate::oracle::Sent;

/// In about one of so many rounds with a connection, it is broken.
const BREAKS: usize = 1500;

/// One peer of a fleet.
#[derive(Debug)]
pub(super) struct Player {
    seed: u64,
    index: usize,
    rng: Rng,
    role: Role,
    connection: Option<Connection>,
    sent: Sent,
    /// Lines that may be sent and not acked.
    window: usize,
    /// It reads its ACKs in about one of so many rounds.
    laziness: usize,
    /// It sends no line from this number on.
    end: Option<usize>,
}

#[derive(Debug)]
enum Role {
    Server(TcpListener),
    Client(SocketAddr),
}

impl Player {
    pub(super) fn server(seed: u64, index: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("no port for a server");
        listener.set_nonblocking(true).expect("a listener can be non-blocking");
        let address = listener.local_addr().expect("a bound listener has an address");
        let sent = Sent { source: DIALLED.to_owned(), target: Some(address.to_string()), ..Sent::default() };
        Self::new(seed, index, Role::Server(listener), sent)
    }

    pub(super) fn client(seed: u64, index: usize, collector: SocketAddr) -> Self {
        let sent = Sent { source: DIALLING.to_owned(), ..Sent::default() };
        Self::new(seed, index, Role::Client(collector), sent)
    }

    fn new(seed: u64, index: usize, role: Role, sent: Sent) -> Self {
        let mut rng = Rng::with_seed(seed.wrapping_add(index as u64));
        let (window, laziness) = (rng.usize(1..128), [1, 1, 1, 20][rng.usize(..4)]);
        Self { seed, index, rng, role, connection: None, sent, window, laziness, end: None }
    }

    /// Where a server is dialled.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        match &self.role {
            Role::Server(listener) => listener.local_addr().ok(),
            Role::Client(_) => None,
        }
    }

    pub(super) fn acked(&self) -> u64 {
        self.sent.acked as u64
    }

    pub(super) fn is_done(&self) -> bool {
        self.end.is_some_and(|end| self.sent.acked >= end)
    }

    pub(super) fn into_sent(self) -> Sent {
        self.sent
    }

    /// Does what can be done without waiting. Returns true if that was something.
    pub(super) fn act(&mut self, finishing: bool) -> bool {
        if finishing && self.end.is_none() {
            // A fresh line, that nobody was sent before.
            self.end =
                Some(self.sent.times.len().max(self.connection.as_ref().map_or(0, |open| open.next)) + 1);
        }
        let Some(mut connection) = self.connection.take().or_else(|| self.connect()) else { return false };
        match self.exchange(&mut connection) {
            Ok(busy) => {
                self.connection = self.perhaps_break(connection, finishing);
                busy
            }
            Err(_) => true,
        }
    }

    fn connect(&self) -> Option<Connection> {
        let stream = match &self.role {
            Role::Server(listener) => listener.accept().ok()?.0,
            Role::Client(address) => TcpStream::connect(address).ok()?,
        };
        Connection::new(stream, self.sent.acked).ok()
    }

    fn exchange(&mut self, connection: &mut Connection) -> std::io::Result<bool> {
        let sent = &mut self.sent;
        let before = sent.acked;
        let received = if self.rng.usize(..self.laziness) == 0 {
            connection.receive(|lines| sent.acked = lines)
        } else {
            Ok(())
        };
        while connection.has_room()
            && connection.next < sent.acked + self.window
            && self.end.is_none_or(|end| connection.next < end)
        {
            connection.queue(&line(self.seed, self.index, connection.next));
        }
        let went = connection.send(|number| {
            sent.times.resize(sent.times.len().max(number + 1), 0);
            sent.times[number] += 1;
        });
        // What was acked counts, however the connection ended.
        received?;
        Ok(went? || sent.acked > before)
    }

    fn perhaps_break(&mut self, mut connection: Connection, finishing: bool) -> Option<Connection> {
        if finishing || self.rng.usize(..BREAKS) != 0 {
            return Some(connection);
        }
        let next = line(self.seed, self.index, connection.next);
        connection.send_beginning(&next, self.rng.usize(..next.len()));
        match self.rng.usize(..3) {
            0 => connection.reset(),
            1 => drop(connection),
            _ => {
                connection.half_close();
                return Some(connection);
            }
        }
        None
    }
}
