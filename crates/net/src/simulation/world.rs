use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use journal::{SimDisk, State};

use super::Report;
use super::collector::{Collector, Setup};
use super::consumer::Consumer;
use super::ears::said;
use super::faults::Weather;
use super::judge::judge;
use super::lines::line;
use super::peer::{Role, SimPeer, Surroundings};
use super::scenario::{ack, manners, network, setup, source};
use super::trace::Trace;
use crate::command::Command;
use crate::driver::sim::SimNet;
use crate::event_loop::Turn;
use crate::{Behind, Fanout, FanoutOptions, Source, SourceCounters};

/// Rounds in which everybody must have come to rest after the last fault: a round lasts 20 ms at most, and the longest
/// waits are those for an answer, for a retry and for a peer's last ACKs.
const ROUNDS_MAX: u32 = 20_000;

const LISTENING: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 5140);

/// One simulation.
pub(super) struct World {
    random: Rng,
    trace: Trace,
    collector: Collector,
    peers: Vec<SimPeer>,
    servers: Vec<SocketAddr>,
    dialled: Arc<Source>,
    accepted: Arc<Source>,
    consumer: Consumer,
    weather: Weather,
    setup: Setup,
    step: u32,
    starts: u64,
    disk_faults: u64,
    /// Faults are over.
    calm: bool,
    /// This start of the collector was told to stop.
    stopping: bool,
    /// Lines that went to all.
    said: u64,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let chunk = [16, 64, 256][random.usize(..3)];
        let (dialled, accepted) =
            (source(&mut random, "dialled", chunk), source(&mut random, "accepted", chunk));
        let setup = setup(&mut random, &accepted, seed);
        let net = SimNet::new(network(&mut random));
        let mut world = Self {
            trace: Trace::new(seed),
            collector: Collector::new(net, SimDisk::new(), setup),
            peers: Vec::new(),
            servers: Vec::new(),
            dialled,
            accepted,
            consumer: Consumer::default(),
            weather: Weather::new(&mut random),
            setup,
            random,
            step: 0,
            starts: 0,
            disk_faults: 0,
            calm: false,
            stopping: false,
            said: 0,
        };
        world.add_peers();
        world
    }

    pub(super) fn step(&self) -> u32 {
        self.step
    }

    /// The whole story: with faults, to rest, to the judge.
    pub(super) fn run(&mut self, steps: u32) -> Result<Report, String> {
        for _ in 0..steps {
            self.step += 1;
            self.move_on()?;
        }
        self.settle()?;
        self.consume(usize::MAX)?;
        let start = self.starts;
        self.collector.power_cut(start);
        self.come_up()?;
        let verdict = judge(&self.consumer.rows, &self.peers, start)?;
        let connections = self.peers.iter().map(|peer| peer.connections().len() as u64).sum();
        for row in &self.consumer.rows {
            self.trace.note(row.position.0);
        }
        Ok(Report {
            acked: self.peers.iter().map(|peer| peer.acked as u64).sum(),
            lines: verdict.lines,
            duplicates: verdict.duplicates,
            unterminated: verdict.unterminated,
            heard: self.peers.iter().map(|peer| peer.heard).sum(),
            missed: self.peers.iter().map(|peer| peer.missed).sum(),
            connections,
            starts: self.starts,
            disk_faults: self.disk_faults,
            trace: self.trace.hash(),
        })
    }

    fn add_peers(&mut self) {
        let many = if self.random.u32(..4) == 0 { 40 } else { 6 };
        for number in 0..self.random.usize(1..=many) {
            let role = if self.random.bool() {
                let address = SocketAddr::from((Ipv4Addr::new(192, 0, 2, number as u8), 514));
                self.servers.push(address);
                self.collector.names.set(&format!("peer-{number}.test"), vec![address]);
                // The first to listen at an address of its own.
                self.collector.net.listen(address).ok().map(Role::Server)
            } else {
                Some(Role::Client(LISTENING))
            };
            let count = self.random.usize(1..=60);
            let lines = (0..count).map(|line| self.line(number, line)).collect();
            let manners = manners(&mut self.random);
            self.peers.extend(role.map(|role| SimPeer::new(format!("peer-{number}"), role, lines, manners)));
        }
    }

    fn line(&mut self, peer: usize, number: usize) -> Vec<u8> {
        let source = &self.dialled;
        line(&mut self.random, peer, number, source.chunk_bytes, source.line_bytes_max as usize)
    }

    /// One choice of the scheduler.
    fn move_on(&mut self) -> Result<(), String> {
        let dice = self.random.u32(..1000);
        self.trace.note(u64::from(dice));
        match dice {
            0..400 => self.turn(),
            400..600 => self.commit(),
            600..880 => self.peer_moves(),
            880..900 => {
                self.say();
                Ok(())
            }
            900..930 => self.consume(20),
            930..950 => self.checkpoint(),
            950..970 => {
                self.collector.names.answer_one();
                Ok(())
            }
            970..980 => {
                self.collector.net.advance(Duration::from_millis(self.random.u64(..3000)));
                Ok(())
            }
            980..990 => {
                let (random, trace) = (&mut self.random, &mut self.trace);
                let disk = self.weather.change(&self.collector, &self.servers, random, trace);
                self.disk_faults += u64::from(disk);
                Ok(())
            }
            990..993 if self.weather.power_cuts => self.go_down(),
            993..995 if self.weather.stops && self.collector.is_up() => {
                self.stopping = true;
                self.collector.stop(Duration::from_secs(5));
                Ok(())
            }
            995..997 => {
                self.collector.seal();
                Ok(())
            }
            _ => self.come_up(),
        }
    }

    fn turn(&mut self) -> Result<(), String> {
        let index = self.random.usize(..self.setup.loops);
        match self.collector.turn(index) {
            Err(error) => return Err(format!("an event loop failed: {error}")),
            Ok(Turn::Stopped) if self.stopping => {
                let stopped = (0..self.setup.loops).all(|index| !self.collector.is_running(index));
                if stopped {
                    self.collector.end();
                }
            }
            Ok(_) => {}
        }
        self.trace.note(self.collector.counts().bytes);
        Ok(())
    }

    /// The journal commits; after a failure it never does again, and nothing more is acked than was durable then.
    fn commit(&mut self) -> Result<(), String> {
        let failed = |collector: &Collector| {
            collector.journal().is_some_and(|journal| matches!(journal.state(), State::Failed { .. }))
        };
        let was_failed = failed(&self.collector);
        let progress = self.collector.commit();
        self.trace.note(u64::from(progress));
        if was_failed && (progress || !failed(&self.collector)) {
            return Err("a failed journal has committed".to_owned());
        }
        Ok(())
    }

    fn peer_moves(&mut self) -> Result<(), String> {
        let number = self.random.usize(..self.peers.len());
        self.trace.note(number as u64);
        self.one_peer_moves(number)
    }

    fn one_peer_moves(&mut self, number: usize) -> Result<(), String> {
        let source = match self.peers[number].role {
            Role::Server(_) => &self.dialled,
            Role::Client(_) => &self.accepted,
        };
        let mut surroundings = Surroundings {
            net: &self.collector.net,
            random: &mut self.random,
            trace: &mut self.trace,
            start: self.starts,
            calm: self.calm,
            patient: source.idle_timeout.is_none() && !self.stopping && self.collector.is_up(),
        };
        self.peers[number].act(&mut surroundings)
    }

    /// Lines go to all peers that have dialled, in one go.
    fn say(&mut self) {
        let count = self.random.u64(1..10);
        let lines: Vec<String> = (self.said..self.said + count).map(said).collect();
        self.said += count;
        if let Some(fanout) = &self.accepted.fanout {
            fanout.publish(lines.iter().map(|line| (None, line.as_bytes())));
        }
    }

    fn consume(&mut self, rows: usize) -> Result<(), String> {
        let Some(journal) = self.collector.journal() else { return Ok(()) };
        let read = self.consumer.read(&self.collector.disk, &journal, rows)?;
        self.trace.note(read as u64);
        Ok(())
    }

    fn checkpoint(&mut self) -> Result<(), String> {
        let Some(journal) = self.collector.journal() else { return Ok(()) };
        let moved = self.consumer.checkpoint(&journal)?;
        self.trace.note(u64::from(moved));
        if self.random.u32(..4) == 0 {
            self.consumer.reopen();
        }
        Ok(())
    }

    fn go_down(&mut self) -> Result<(), String> {
        if self.random.bool() {
            let seed = self.random.u64(..);
            self.collector.power_cut(seed);
        } else {
            self.collector.kill();
        }
        if self.random.bool() { self.come_up() } else { Ok(()) }
    }

    /// Starts the collector, if it is down or its journal has failed.
    fn come_up(&mut self) -> Result<(), String> {
        match self.collector.journal().map(|journal| journal.state()) {
            Some(State::Failed { .. }) => self.collector.kill(),
            Some(_) => return Ok(()),
            None => {}
        }
        if let Err(error) = self.collector.start() {
            // With a disk that fails or is full it may come up later. Without it has no excuse.
            return if self.disk_faults > 0 && !self.calm {
                Ok(())
            } else {
                Err(format!("the journal does not open: {error}"))
            };
        }
        self.starts += 1;
        self.stopping = false;
        // A new process counts its peers from zero, and remembers no line.
        let ring_bytes = self.random.usize(200..2000);
        self.accepted = Arc::new(Source {
            name: Arc::clone(&self.accepted.name),
            ack: Some(ack()),
            counters: SourceCounters::default(),
            fanout: Some(Fanout::new(FanoutOptions { ring_bytes, behind: Behind::Skip })),
            ..*self.accepted
        });
        if let Some(journal) = self.collector.journal() {
            self.consumer.compare(&self.collector.disk, &journal)?;
        }
        if let Ok(listener) = self.collector.net.listen(LISTENING) {
            let source = Arc::clone(&self.accepted);
            self.collector.tell(0, Command::Listen { source, listener });
        }
        for (number, peer) in self.peers.iter().enumerate() {
            if let Role::Server(_) = peer.role {
                let (source, name) = (Arc::clone(&self.dialled), peer.name.as_str().into());
                let host = format!("peer-{number}.test").into();
                self.collector
                    .tell(number % self.setup.loops, Command::Dial { source, name, host, port: 514 });
            }
        }
        Ok(())
    }

    /// Faults stop, and everything comes to rest. Then each peer has a fresh line, and everything comes to rest again.
    fn settle(&mut self) -> Result<(), String> {
        self.calm = true;
        Weather::clear(&self.collector, &self.servers);
        if self.disk_faults > 0 || self.stopping {
            self.collector.kill();
        }
        self.come_up()?;
        self.collector.net.set_buffer_bytes(4096);
        self.rest()?;
        for number in 0..self.peers.len() {
            let fresh = self.line(number, self.peers[number].lines.len());
            self.peers[number].lines.push(fresh);
        }
        self.rest()
    }

    /// Everybody moves in turn until each peer has its ACKs.
    fn rest(&mut self) -> Result<(), String> {
        for _ in 0..ROUNDS_MAX {
            if self.peers.iter().all(SimPeer::is_done) {
                return Ok(());
            }
            self.step += 1;
            while self.collector.names.answer_one() {}
            for index in 0..self.setup.loops {
                self.collector.turn(index).map_err(|error| format!("an event loop failed: {error}"))?;
            }
            self.commit()?;
            for number in 0..self.peers.len() {
                self.one_peer_moves(number)?;
            }
        }
        let stuck = self.peers.iter().find(|peer| !peer.is_done()).map_or("", |peer| &peer.name);
        Err(format!("`{stuck}` does not get its ACKs, {:?}", self.collector.journal().map(|one| one.state())))
    }
}
