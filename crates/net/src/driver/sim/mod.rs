//! A network in memory, for tests: one seed decides everything, and time passes only as it is told to.
//!
//! ```text
//!   EventLoop ──► SimDriver ──┐                      ┌── SimSocket, SimListener ◄── a test's peers
//!   EventLoop ──► SimDriver ──┴──► SimNet (links) ◄──┘
//! ```
//!
//! Both ends of a connection are a [`SimSocket`]. One that a [`SimDriver`] watches is named when there is news, as the
//! kernel does with edges; the ends that a test holds are simply read and written. Nothing here blocks and no
//! thread is needed.
//!
//! What a [`SimNet`] owns: the connections, each with two queues of at most `buffer_bytes`. It ends with its last
//! clone. It fails only as asked: [`SimNet::answer`], [`SimNet::exhaust_descriptors`], [`SimNet::fail_accepts`],
//! [`SimNet::fail_watches`], [`SimSocket::reset`], and [`SimOptions::rough`].

mod link;
mod socket;
mod state;
mod traffic;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use record::Micros;

use self::link::Side;
pub use self::socket::{SimListener, SimSocket};
use self::state::State;
use super::{Driver, Ready};

/// The time of day when a simulated network begins.
const BEGINNING: Micros = Micros(1_700_000_000_000_000);

/// How a simulated network behaves.
#[derive(Clone, Copy, Debug)]
pub struct SimOptions {
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// Bytes that each direction of a connection holds until they are read. At least 1.
    pub buffer_bytes: usize,
    /// Reads and writes take less than they could or are interrupted, sockets are named in any order and more often
    /// than they must be, and a reset may or may not take with it what was not read yet: each by chance.
    pub rough: bool,
    /// A wait with nothing to wait for lets at most so much time pass, however long its timeout: the scheduler of a
    /// simulation decides about the rest.
    pub wait_max: Duration,
}

/// What becomes of an attempt to connect to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Connected when somebody listens there, refused otherwise.
    Prompt,
    /// The same, after this time.
    Late(Duration),
    /// Nothing ever comes back.
    Silence,
    /// There is no route: the attempt fails at once.
    Unroutable,
}

/// The network. Clones are the same network.
#[derive(Clone)]
pub struct SimNet {
    state: Arc<Mutex<State>>,
}

/// One event loop's view of the network.
pub struct SimDriver {
    net: SimNet,
    number: usize,
}

impl SimOptions {
    /// A network that does what it is asked to, with 64 KiB for each direction of a connection.
    pub fn calm(seed: u64) -> Self {
        Self { seed, buffer_bytes: 64 * 1024, rough: false, wait_max: Duration::MAX }
    }
}

impl SimNet {
    /// A network without anybody in it.
    pub fn new(options: SimOptions) -> Self {
        Self { state: Arc::new(Mutex::new(State::new(options))) }
    }

    /// What one event loop needs.
    pub fn driver(&self) -> SimDriver {
        SimDriver { net: self.clone(), number: self.state().add_driver() }
    }

    /// Listens at an address.
    ///
    /// # Errors
    /// `AddrInUse` when somebody does already.
    pub fn listen(&self, address: SocketAddr) -> io::Result<SimListener> {
        let id = self.state().listen(address)?;
        Ok(SimListener::new(self.clone(), id))
    }

    /// Connects to an address from another machine, at once.
    ///
    /// # Errors
    /// `ConnectionRefused` when nobody listens there or the listener's queue is full.
    pub fn dial(&self, address: SocketAddr) -> io::Result<SimSocket> {
        let link = self.state().dial(address)?;
        Ok(SimSocket::new(self.clone(), link, Side::Dialler))
    }

    /// Changes how many bytes each direction of every connection holds.
    pub fn set_buffer_bytes(&self, bytes: usize) {
        self.state().set_buffer_bytes(bytes);
    }

    /// Changes how much time a wait with nothing to wait for lets pass.
    pub fn set_wait_max(&self, time: Duration) {
        self.state().options.wait_max = time;
    }

    /// Decides what becomes of attempts to connect to an address, from now on.
    pub fn answer(&self, address: SocketAddr, answer: Answer) {
        self.state().answers.insert(address, answer);
    }

    /// Lets accepting and connecting fail for so long because there is no file descriptor left.
    pub fn exhaust_descriptors(&self, time: Duration) {
        let mut state = self.state();
        state.no_descriptor_until = state.now + time;
    }

    /// Lets the next `times` attempts to accept fail because there is no file descriptor left. The connections wait.
    pub fn fail_accepts(&self, times: u32) {
        self.state().failing_accepts = times;
    }

    /// Lets the next `times` attempts to watch a socket fail, as when the kernel's readiness queue is full.
    pub fn fail_watches(&self, times: u32) {
        self.state().failing_watches = times;
    }

    /// Time since the beginning.
    pub fn now(&self) -> Duration {
        self.state().now
    }

    /// Lets time pass. What was to happen in it happens.
    pub fn advance(&self, time: Duration) {
        let mut state = self.state();
        let to = state.now + time;
        state.advance_to(to);
    }

    /// Connections that at least one end holds.
    pub fn links(&self) -> usize {
        self.state().links.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SimDriver {
    /// Ends a wait of this driver: the next one returns without letting time pass.
    pub fn waker(&self) -> Arc<dyn Fn() + Send + Sync> {
        let (net, number) = (self.net.clone(), self.number);
        Arc::new(move || net.state().wake(number))
    }
}

impl Driver for SimDriver {
    type Socket = SimSocket;
    type Listener = SimListener;

    fn connect(&mut self, address: SocketAddr, _: Option<Duration>, token: usize) -> io::Result<SimSocket> {
        let link = self.net.state().connect(address, self.number, token)?;
        Ok(SimSocket::new(self.net.clone(), link, Side::Dialler))
    }

    fn connected(&mut self, socket: &mut SimSocket) -> io::Result<bool> {
        self.net.state().connected(socket.link)
    }

    fn listen(&mut self, listener: &mut SimListener, token: usize) -> io::Result<()> {
        self.net.state().watch_listener(listener.id, self.number, token)
    }

    fn accept(&mut self, listener: &mut SimListener, _: Option<Duration>) -> io::Result<(SimSocket, String)> {
        let mut state = self.net.state();
        state.descriptor_for_accept()?;
        let (link, name) = state.accept(listener.id)?;
        drop(state);
        Ok((SimSocket::new(self.net.clone(), link, Side::Accepter), name.to_string()))
    }

    fn watch(&mut self, socket: &mut SimSocket, token: usize) -> io::Result<()> {
        self.net.state().watch(socket.link, socket.side, self.number, token)
    }

    fn read(&mut self, socket: &mut SimSocket, buffer: &mut [u8]) -> io::Result<usize> {
        self.net.state().read(socket.link, socket.side, buffer)
    }

    fn write(&mut self, socket: &mut SimSocket, bytes: &[u8]) -> io::Result<usize> {
        self.net.state().write(socket.link, socket.side, bytes)
    }

    fn wait(&mut self, timeout: Option<Duration>, ready: &mut Vec<Ready>) -> io::Result<()> {
        self.net.state().wait(self.number, timeout, ready);
        Ok(())
    }

    fn pause(&mut self, time: Duration) {
        self.net.advance(time);
    }

    fn monotonic(&self) -> Duration {
        self.net.now()
    }

    fn wall(&self) -> Micros {
        Micros(BEGINNING.0 + u64::try_from(self.net.now().as_micros()).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests;
