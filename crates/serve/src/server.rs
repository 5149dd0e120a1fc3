//! The loop that brings source, window and collector together.

use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use record::clock;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tracing::{info, warn};

use crate::checkpoint::Checkpoint;
use crate::follower::Follower;
use crate::listener::Listener;
use crate::pending::Pending;
use crate::session::{Over, Session};
use crate::source::{Got, Source};
use crate::spool::Spool;
use crate::{Input, Options, ServeError, Stats, StopFlag, Summary};

/// The longest wait: within it the stop flag is noticed and the source looked at.
const WAIT_MAX: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

/// How long a run that is stopped waits for the acks of what is in flight.
const STOP_WAIT: Duration = Duration::from_millis(500);

/// Connections accepted in one turn.
const ACCEPTS_MAX: usize = 64;

/// Serves one input to one collector at a time. Owns the listener, the input, the checkpoint with its lock, and the
/// connection; all of them are closed when it is dropped or its run ends.
pub struct Server {
    options: Options,
    listener: Listener,
    address: SocketAddr,
    source: Box<dyn Source + Send>,
    checkpoint: Option<Checkpoint>,
    pending: Pending,
    /// The source has nothing after what is pending.
    ended: bool,
    session: Option<Session>,
    /// Lines that were sent over a connection that broke and are not sent again yet.
    to_resend: u64,
    complete: bool,
    /// Stopped: only what is in flight matters.
    draining: bool,
    stats: Arc<Stats>,
}

impl Server {
    /// Opens the input, the checkpoint and the listener; serves nobody yet.
    pub fn bind(options: Options) -> Result<Self, ServeError> {
        options.check()?;
        let (source, checkpoint) = open(&options)?;
        let listener = Listener::bind(options.listen)?;
        let address =
            listener.local_addr().map_err(|source| ServeError::Listen { address: options.listen, source })?;
        Ok(Self {
            options,
            listener,
            address,
            source,
            checkpoint,
            pending: Pending::new(),
            ended: false,
            session: None,
            to_resend: 0,
            complete: false,
            draining: false,
            stats: Arc::default(),
        })
    }

    /// The address that collectors can dial, with the port the system chose.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The counts, which can be read while [`Server::run`] works.
    pub fn stats(&self) -> Arc<Stats> {
        Arc::clone(&self.stats)
    }

    /// Serves until `stop` is set, or until the end of an input that has one is acked.
    ///
    /// When it is stopped, nothing new is sent, and the acks of what is in flight are waited for, half a second at
    /// most. What is not acked then is sent again by the next run, if there is a checkpoint.
    ///
    /// # Errors
    ///
    /// When the input cannot be read, a line of a pipe is longer than what is kept, or the checkpoint cannot be
    /// written.
    pub fn run(mut self, stop: &StopFlag) -> Result<Summary, ServeError> {
        info!(address = %self.address, "waits for a collector");
        while !stop.is_stopped() && !self.complete {
            let now = clock::monotonic();
            if !self.turn(now)? {
                self.wait(now)?;
            }
        }
        self.drain()?;
        if let Some(checkpoint) = &mut self.checkpoint {
            checkpoint.sync()?;
        }
        self.stats.set_collector(None);
        let summary = self.stats.summary();
        info!(sent = summary.sent, acked = summary.acked, resent = summary.resent, "ends");
        Ok(summary)
    }

    /// Does what can be done now, without waiting. Gives whether another turn at once may do more.
    fn turn(&mut self, now: Duration) -> Result<bool, ServeError> {
        self.source.look(now)?;
        let mut busy = self.read()?;
        busy |= self.serve(now);
        busy |= self.accept(now);
        self.save(now)?;
        self.complete |= self.ended && self.pending.is_empty() && self.session.is_none();
        Ok(busy)
    }

    fn read(&mut self) -> Result<bool, ServeError> {
        if self.ended {
            return Ok(false);
        }
        let Some(room) = self.pending.room() else { return Ok(false) };
        match self.source.read(room)? {
            Got::Bytes(bytes) => {
                self.pending.fill(bytes);
                Ok(true)
            }
            Got::Nothing => Ok(false),
            Got::End => {
                self.ended = true;
                Ok(true)
            }
        }
    }

    fn serve(&mut self, now: Duration) -> bool {
        let Some(session) = &mut self.session else { return false };
        let turn = session.turn(&mut self.pending, self.ended, now);
        self.stats.unacked.store(session.unacked(), Relaxed);
        self.source.acked(turn.acked_bytes);
        self.stats.acked.fetch_add(turn.acked, Relaxed);
        self.stats.sent.fetch_add(turn.sent, Relaxed);
        let again = turn.sent.min(self.to_resend);
        self.to_resend -= again;
        self.stats.resent.fetch_add(again, Relaxed);
        match turn.over {
            Some(over) => {
                self.let_go(&over);
                true
            }
            None => turn.busy,
        }
    }

    fn let_go(&mut self, over: &Over) {
        let Some(session) = self.session.take() else { return };
        let (collector, sent, acked) = (session.peer, session.sent, session.acked);
        if over.is_protocol_error() {
            warn!(%collector, sent, acked, "collector gone: {over}");
        } else {
            info!(%collector, sent, acked, "collector gone: {over}");
        }
        self.stats.set_collector(None);
        self.stats.unacked.store(0, Relaxed);
        if matches!(over, Over::Complete) {
            self.complete = true;
            return;
        }
        self.to_resend += sent - acked;
        self.pending.clear();
        self.ended = false;
        let lost = self.source.rewind();
        if lost > 0 {
            warn!(
                bytes = lost,
                "the file was truncated before these bytes were acked: they cannot be sent again"
            );
            // Which lines they were is not known any more, so what comes now is taken for new.
            self.to_resend = 0;
        }
    }

    fn accept(&mut self, now: Duration) -> bool {
        for _ in 0..ACCEPTS_MAX {
            let Some((stream, peer)) = self.listener.accept(now) else { return false };
            // A collector that reconnects closed its old connection before: that is noticed here at the latest.
            self.serve(now);
            if self.complete {
                return true;
            }
            if let Some(session) = &self.session {
                info!(collector = %peer, served = %session.peer, "refused: another collector is served");
                self.stats.refused.fetch_add(1, Relaxed);
                continue;
            }
            match Session::new(stream, peer, &self.options, now) {
                Ok(session) => {
                    info!(collector = %peer, "collector connected");
                    self.stats.set_collector(Some(peer));
                    self.session = Some(session);
                }
                Err(error) => warn!(collector = %peer, %error, "cannot use the connection"),
            }
        }
        true
    }

    /// Waits for the acks of what is in flight, so that an orderly stop makes no line be sent twice.
    fn drain(&mut self) -> Result<(), ServeError> {
        self.draining = true;
        self.ended = false;
        self.pending.drop_waiting();
        let until = clock::monotonic() + STOP_WAIT;
        while self.session.as_ref().is_some_and(|session| session.unacked() > 0) {
            let now = clock::monotonic();
            if now >= until {
                break;
            }
            if !self.serve(now) {
                self.wait(now)?;
            }
            self.save(now)?;
        }
        Ok(())
    }

    fn save(&mut self, now: Duration) -> Result<(), ServeError> {
        match (&mut self.checkpoint, self.source.cursor()) {
            (Some(checkpoint), Some(cursor)) => checkpoint.save(cursor, now),
            _ => Ok(()),
        }
    }

    /// Waits until a turn may do something: a connection, acks, room to write, bytes in the pipe, or time.
    fn wait(&mut self, now: Duration) -> Result<(), ServeError> {
        let listener = self.listener.descriptor(now).filter(|_| !self.draining);
        let wants_to_read = !self.ended && !self.pending.is_full() && !self.draining;
        let source = self.source.descriptor().filter(|_| wants_to_read);
        let mut ready = Vec::with_capacity(3);
        ready
            .extend(listener.into_iter().chain(source).map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)));
        if let Some(session) = &self.session {
            let writes =
                if self.pending.unwritten().is_empty() { PollFlags::empty() } else { PollFlags::OUT };
            ready.push(PollFd::from_borrowed_fd(session.descriptor(), PollFlags::IN | writes));
        }
        match poll(&mut ready, Some(&WAIT_MAX)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(ServeError::Wait { source: error.into() }),
        }
    }
}

fn open(options: &Options) -> Result<(Box<dyn Source + Send>, Option<Checkpoint>), ServeError> {
    let pipe = match &options.input {
        Input::File(path) => {
            let (checkpoint, cursor) = match &options.data_dir {
                Some(data_dir) => {
                    let (checkpoint, cursor) = Checkpoint::open(data_dir, path)?;
                    (Some(checkpoint), cursor)
                }
                None => (None, None),
            };
            return Ok((Box::new(Follower::new(path, options.once, cursor)?), checkpoint));
        }
        Input::Stdin => io::stdin().as_fd().try_clone_to_owned(),
        Input::Pipe(pipe) => pipe.try_clone(),
    }
    .map_err(|source| ServeError::Read { input: "standard input".to_owned(), source })?;
    if options.data_dir.is_some() {
        warn!(
            "standard input cannot be read again, so no checkpoint is kept and the data directory is not used"
        );
    }
    Ok((Box::new(Spool::new(pipe, options.window_bytes)), None))
}
