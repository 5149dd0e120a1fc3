use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use fastrand::Rng;
use rustix::io::Errno;

use super::link::{Link, Phase, Side, Watch};
use super::{Answer, Ready, SimOptions};

/// Connections that wait to be accepted, for one listener. More are refused.
const BACKLOG: usize = 4096;

/// Sockets named by one wait.
const READY_MAX: usize = 1024;

/// Everything a network is made of.
pub(super) struct State {
    pub(super) options: SimOptions,
    pub(super) random: Rng,
    pub(super) now: Duration,
    pub(super) links: BTreeMap<u64, Link>,
    listeners: BTreeMap<u64, Listening>,
    bound: BTreeMap<SocketAddr, u64>,
    pub(super) answers: BTreeMap<SocketAddr, Answer>,
    /// Attempts to connect, by the time at which they are answered.
    due: BTreeSet<(Duration, u64)>,
    drivers: Vec<Watcher>,
    next_id: u64,
    pub(super) no_descriptor_until: Duration,
    pub(super) failing_accepts: u32,
    pub(super) failing_watches: u32,
}

struct Listening {
    address: SocketAddr,
    waiting: VecDeque<u64>,
    /// Driver and token.
    watch: Option<(usize, usize)>,
    armed: bool,
}

/// What one driver is to be told.
#[derive(Default)]
struct Watcher {
    news: Vec<News>,
    woken: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum News {
    End(u64, Side),
    Listener(u64),
}

impl State {
    pub(super) fn new(options: SimOptions) -> Self {
        Self {
            options,
            random: Rng::with_seed(options.seed),
            now: Duration::ZERO,
            links: BTreeMap::new(),
            listeners: BTreeMap::new(),
            bound: BTreeMap::new(),
            answers: BTreeMap::new(),
            due: BTreeSet::new(),
            drivers: Vec::new(),
            next_id: 0,
            no_descriptor_until: Duration::ZERO,
            failing_accepts: 0,
            failing_watches: 0,
        }
    }

    pub(super) fn add_driver(&mut self) -> usize {
        self.drivers.push(Watcher::default());
        self.drivers.len() - 1
    }

    pub(super) fn wake(&mut self, driver: usize) {
        self.drivers[driver].woken = true;
    }

    /// Names who has news; without news lets time pass until there is some or the timeout is over.
    pub(super) fn wait(&mut self, driver: usize, timeout: Option<Duration>, ready: &mut Vec<Ready>) {
        self.advance_to(self.now);
        let woken = std::mem::take(&mut self.drivers[driver].woken);
        if self.drivers[driver].news.is_empty() && !woken {
            let next = self.due.first().map(|(at, _)| *at);
            let end = timeout.map(|timeout| self.now.saturating_add(timeout.min(self.options.wait_max)));
            if let Some(to) = next.into_iter().chain(end).min() {
                self.advance_to(to.min(self.now.saturating_add(self.options.wait_max)));
            }
        }
        let mut news = std::mem::take(&mut self.drivers[driver].news);
        let mut named = news.len().min(READY_MAX);
        if self.options.rough && named > 0 {
            self.random.shuffle(&mut news);
            named = self.random.usize(1..=named);
        }
        let later = news.split_off(named);
        ready.extend(news.into_iter().filter_map(|one| self.name_one(one)));
        self.drivers[driver].news.splice(0..0, later);
    }

    fn name_one(&mut self, news: News) -> Option<Ready> {
        match news {
            News::Listener(id) => {
                let (_, token) = self.listeners.get(&id)?.watch?;
                Some(Ready { token, writable: false, readable: true, hangup: false })
            }
            News::End(link, side) => {
                let link = self.links.get_mut(&link)?;
                let (readable, writable, hangup) = link.readiness(side, self.options.buffer_bytes);
                let watch = link.end(side).watch.as_mut()?;
                watch.listed = false;
                watch.over_told |= hangup;
                watch.read_armed &= !readable;
                watch.write_armed &= !writable;
                (readable || writable).then_some(Ready { token: watch.token, writable, readable, hangup })
            }
        }
    }

    /// Lets time pass up to `to`, and answers the attempts to connect that are due by then.
    pub(super) fn advance_to(&mut self, to: Duration) {
        while let Some(&(at, link)) = self.due.first().filter(|(at, _)| *at <= to) {
            self.due.pop_first();
            self.now = self.now.max(at);
            self.establish(link);
        }
        self.now = self.now.max(to);
    }

    pub(super) fn listen(&mut self, address: SocketAddr) -> io::Result<u64> {
        if self.bound.contains_key(&address) {
            return Err(ErrorKind::AddrInUse.into());
        }
        let id = self.next_id();
        self.bound.insert(address, id);
        let listening = Listening { address, waiting: VecDeque::new(), watch: None, armed: true };
        self.listeners.insert(id, listening);
        Ok(id)
    }

    pub(super) fn unlisten(&mut self, id: u64) {
        let Some(listening) = self.listeners.remove(&id) else { return };
        self.bound.remove(&listening.address);
        for link in listening.waiting {
            self.reset(link, Side::Accepter);
            self.close(link, Side::Accepter);
        }
    }

    pub(super) fn watch_listener(&mut self, id: u64, driver: usize, token: usize) -> io::Result<()> {
        self.place_to_watch()?;
        let Some(listening) = self.listeners.get_mut(&id) else { return Ok(()) };
        listening.watch = Some((driver, token));
        listening.armed = true;
        if !listening.waiting.is_empty() {
            self.tell_listener(id);
        }
        Ok(())
    }

    /// Fails when a descriptor was to be missing for accepting.
    pub(super) fn descriptor_for_accept(&mut self) -> io::Result<()> {
        if self.failing_accepts > 0 {
            self.failing_accepts -= 1;
            return Err(Errno::MFILE.into());
        }
        self.descriptor()
    }

    fn descriptor(&self) -> io::Result<()> {
        if self.now < self.no_descriptor_until { Err(Errno::MFILE.into()) } else { Ok(()) }
    }

    fn place_to_watch(&mut self) -> io::Result<()> {
        if self.failing_watches > 0 {
            self.failing_watches -= 1;
            return Err(Errno::NOSPC.into());
        }
        Ok(())
    }

    pub(super) fn accept(&mut self, id: u64) -> io::Result<(u64, SocketAddr)> {
        let Some(listening) = self.listeners.get_mut(&id) else { return Err(ErrorKind::NotConnected.into()) };
        let Some(link) = listening.waiting.pop_front() else {
            listening.armed = true;
            return Err(ErrorKind::WouldBlock.into());
        };
        Ok((link, self.name(link, Side::Dialler)))
    }

    /// Begins to connect a driver's socket.
    pub(super) fn connect(&mut self, address: SocketAddr, driver: usize, token: usize) -> io::Result<u64> {
        self.descriptor()?;
        self.place_to_watch()?;
        let answer = self.answers.get(&address).copied().unwrap_or(Answer::Prompt);
        let at = match answer {
            Answer::Prompt => Some(self.now),
            Answer::Late(time) => Some(self.now + time),
            Answer::Silence => None,
            Answer::Unroutable => return Err(ErrorKind::NetworkUnreachable.into()),
        };
        let link = self.new_link(address);
        self.due.extend(at.map(|at| (at, link)));
        self.watch_now(link, Side::Dialler, driver, token);
        Ok(link)
    }

    /// Connects a test's socket.
    pub(super) fn dial(&mut self, address: SocketAddr) -> io::Result<u64> {
        let link = self.new_link(address);
        self.establish(link);
        match self.connected(link) {
            Ok(_) => Ok(link),
            Err(error) => {
                self.links.remove(&link);
                Err(error)
            }
        }
    }

    pub(super) fn connected(&mut self, link: u64) -> io::Result<bool> {
        match self.link(link)?.phase {
            Phase::Dialling => Ok(false),
            Phase::Open => Ok(true),
            Phase::Failed(kind) => Err(kind.into()),
        }
    }

    fn new_link(&mut self, to: SocketAddr) -> u64 {
        let id = self.next_id();
        // Every connection has an address of its own: 15 bits of its number are the port's.
        let host = Ipv4Addr::from_bits(Ipv4Addr::new(10, 0, 0, 0).to_bits() + (id >> 15) as u32);
        let from = SocketAddr::from((host, 0x8000 | (id & 0x7fff) as u16));
        self.links.insert(id, Link::new(from, to));
        id
    }

    /// The attempt is answered by whoever listens there, or by nobody.
    fn establish(&mut self, id: u64) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let listener = self.bound.get(&link.end(Side::Accepter).name).copied();
        let listening = listener.and_then(|listener| self.listeners.get_mut(&listener));
        match listening.filter(|listening| listening.waiting.len() < BACKLOG) {
            Some(listening) => {
                link.phase = Phase::Open;
                link.end(Side::Accepter).alive = true;
                listening.waiting.push_back(id);
                if listening.armed {
                    self.tell_listener(listener.unwrap_or_default());
                }
            }
            None => link.phase = Phase::Failed(ErrorKind::ConnectionRefused),
        }
        self.tell(id, Side::Dialler);
    }

    pub(super) fn name(&mut self, id: u64, side: Side) -> SocketAddr {
        let nobody = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
        self.links.get_mut(&id).map_or(nobody, |link| link.end(side).name)
    }

    pub(super) fn watch(&mut self, link: u64, side: Side, driver: usize, token: usize) -> io::Result<()> {
        self.place_to_watch()?;
        self.watch_now(link, side, driver, token);
        Ok(())
    }

    fn watch_now(&mut self, id: u64, side: Side, driver: usize, token: usize) {
        let Some(link) = self.links.get_mut(&id) else { return };
        link.end(side).watch = Some(Watch {
            driver,
            token,
            read_armed: true,
            write_armed: true,
            over_told: false,
            listed: false,
        });
        self.tell(id, side);
    }

    /// Puts an end on its driver's list, if there is anything to be told.
    pub(super) fn tell(&mut self, id: u64, side: Side) {
        let buffer = self.options.buffer_bytes;
        let Some(link) = self.links.get_mut(&id) else { return };
        let (readable, writable, _) = link.readiness(side, buffer);
        if let Some(watch) = link.end(side).watch.as_mut().filter(|watch| !watch.listed) {
            watch.listed = readable || writable;
            if watch.listed {
                self.drivers[watch.driver].news.push(News::End(id, side));
            }
        }
    }

    fn tell_listener(&mut self, id: u64) {
        let Some(listening) = self.listeners.get_mut(&id) else { return };
        if let Some((driver, _)) = listening.watch {
            listening.armed = false;
            self.drivers[driver].news.push(News::Listener(id));
        }
    }

    pub(super) fn link(&mut self, id: u64) -> io::Result<&mut Link> {
        self.links.get_mut(&id).ok_or_else(|| ErrorKind::NotConnected.into())
    }

    fn next_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }
}
