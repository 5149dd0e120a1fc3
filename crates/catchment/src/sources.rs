use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use net::{DialOptions, NetError, NetHandle, Role};
use wire::AckText;

use crate::config::{self, Address, Connect, Kind, Target};
use crate::fanouts::Fanouts;

/// How long a loop may take to carry out a command before we go on without knowing.
const BARRIER: Duration = Duration::from_secs(5);

/// The sources that are served now, and how to come from them to others.
pub(crate) struct Sources {
    net: NetHandle,
    once: bool,
    fanouts: Fanouts,
    active: Vec<Active>,
}

struct Active {
    config: config::Source,
    shared: Arc<net::Source>,
    targets: BTreeMap<String, Target>,
}

impl Sources {
    pub(crate) fn new(net: NetHandle, once: bool, fanouts: Fanouts) -> Self {
        Self { net, once, fanouts, active: Vec::new() }
    }

    /// How many targets are dialled.
    pub(crate) fn targets(&self) -> usize {
        self.active.iter().map(|active| active.targets.len()).sum()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<net::Source>> {
        self.active.iter().map(|active| &active.shared)
    }

    /// Serves these sources and no others. One that has not changed is left alone; of one whose targets only have
    /// changed, the others stay connected.
    ///
    /// # Errors
    /// When a new source cannot listen. Then nothing has changed. A source that cannot listen at an address that an
    /// earlier one has just left is not served, and the log says so: there is no way back.
    pub(crate) fn apply(&mut self, wanted: &[config::Source]) -> Result<(), NetError> {
        let mut next = Vec::new();
        for source in wanted.iter().filter(|source| !self.is_in_the_way_of(source)) {
            match self.begin(source) {
                Ok(active) => next.push(active),
                Err(error) => {
                    next.iter().for_each(|active| self.end(active));
                    return Err(error);
                }
            }
        }
        for mut active in std::mem::take(&mut self.active) {
            let same_name = wanted.iter().find(|source| source.name == active.config.name);
            if let Some(source) = same_name.filter(|source| stays(&active.config, source)) {
                if let Kind::Connect(connect) = &source.kind {
                    self.retarget(&mut active, connect);
                }
                active.config = source.clone();
                next.push(active);
            } else {
                self.end(&active);
            }
        }
        for source in wanted {
            if !next.iter().any(|active| active.config.name == source.name) {
                match self.begin(source) {
                    Ok(active) => next.push(active),
                    Err(error) => tracing::error!(source = source.name, %error, "the source is not served"),
                }
            }
        }
        next.sort_by_key(|active| wanted.iter().position(|source| source.name == active.config.name));
        self.active = next;
        Ok(())
    }

    /// True when a source that is served now has the name or the address of this one.
    fn is_in_the_way_of(&self, source: &config::Source) -> bool {
        self.active.iter().any(|active| {
            let same_address = match (&active.config.kind, &source.kind) {
                (Kind::Listen(ours), Kind::Listen(theirs)) => ours.address.overlaps(&theirs.address),
                _ => false,
            };
            same_address || active.config.name == source.name
        })
    }

    /// Nothing is left where Unix sockets were, once the loops have stopped.
    pub(crate) fn remove_socket_files(&self) {
        self.active.iter().for_each(Active::remove_socket_file);
    }

    fn begin(&self, source: &config::Source) -> Result<Active, NetError> {
        let shared = Arc::new(shared(source, self.once, self.fanouts.of_source(&source.name)));
        let mut active = Active { config: source.clone(), shared, targets: BTreeMap::new() };
        match &source.kind {
            Kind::Connect(connect) => self.retarget(&mut active, connect),
            Kind::Listen(listen) => {
                let shared = Arc::clone(&active.shared);
                match &listen.address {
                    Address::Tcp(address) => {
                        let address = self.net.listen_tcp(shared, *address)?;
                        tracing::info!(source = source.name, %address, "listening");
                    }
                    Address::Unix(path) => {
                        self.net.listen_unix(shared, path)?;
                        tracing::info!(source = source.name, path = %path.display(), "listening");
                    }
                }
            }
        }
        Ok(active)
    }

    /// Ends a source, and waits until its address is free again.
    fn end(&self, active: &Active) {
        for name in active.targets.keys() {
            self.net.remove_target(&active.config.name, name);
        }
        self.net.remove_listener(&active.config.name);
        self.net.status(BARRIER);
        active.remove_socket_file();
    }

    fn retarget(&self, active: &mut Active, connect: &Connect) {
        let wanted: BTreeMap<String, Target> = connect
            .targets
            .iter()
            .chain(&connect.file_targets)
            .map(|target| (target.text.clone(), target.clone()))
            .collect();
        for name in active.targets.keys().filter(|name| !wanted.contains_key(*name)) {
            self.net.remove_target(&active.config.name, name);
        }
        for (name, target) in wanted.iter().filter(|(name, _)| !active.targets.contains_key(*name)) {
            self.net.add_target(&active.shared, name, &target.host, target.port);
        }
        active.targets = wanted;
    }
}

impl Active {
    fn remove_socket_file(&self) {
        if let Kind::Listen(listen) = &self.config.kind
            && let Address::Unix(path) = &listen.address
        {
            // A socket file that stays behind would do no harm: it is replaced by whoever listens there next.
            let _ = std::fs::remove_file(path);
        }
    }
}

fn shared(source: &config::Source, once: bool, fanout: Option<net::Fanout>) -> net::Source {
    let (dial, peers_max) = match &source.kind {
        Kind::Connect(Connect { connect_timeout, backoff_min, backoff_max, .. }) => (
            DialOptions {
                connect_timeout: *connect_timeout,
                backoff_min: *backoff_min,
                backoff_max: *backoff_max,
                once,
            },
            0,
        ),
        Kind::Listen(listen) => (DialOptions::default(), listen.peers_max),
    };
    net::Source {
        name: source.name.as_str().into(),
        chunk_bytes: source.chunk_bytes,
        line_bytes_max: u32::try_from(source.line_bytes_max).unwrap_or(u32::MAX),
        ack: source.ack.as_deref().map(AckText::new),
        idle_timeout: source.idle_timeout,
        keepalive: source.keepalive,
        peers_max,
        dial,
        role: Role::Peers,
        fanout,
        counters: net::SourceCounters::default(),
    }
}

/// True when nothing has changed but the targets.
fn stays(old: &config::Source, new: &config::Source) -> bool {
    let (Kind::Connect(_), Kind::Connect(targets)) = (&old.kind, &new.kind) else { return old == new };
    let mut same = old.clone();
    if let Kind::Connect(connect) = &mut same.kind {
        connect.targets.clone_from(&targets.targets);
        connect.targets_file.clone_from(&targets.targets_file);
        connect.file_targets.clone_from(&targets.file_targets);
        connect.targets_max = targets.targets_max;
    }
    same == *new
}
