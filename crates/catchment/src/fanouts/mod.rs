//! Outputs whose lines go to connections: to the peers of a source, or to subscribers.

mod output;
mod status;

use std::sync::Arc;
use std::time::Duration;

use net::{Behind, DialOptions, FanoutOptions, NetError, NetHandle, Role, SourceCounters};

pub(crate) use self::output::FanoutOutput;
pub(crate) use self::status::FanoutStatus;
use crate::config::{self, Address, LineFormat, Named, Output, Pipeline, Sink};

/// Text that an output makes of records before it is in the ring, and a record more.
pub(crate) const TEXT_BYTES: usize = 256 << 10;

/// After so long a silence TCP asks a subscriber whether it is there.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// What a subscriber sends is read in chunks of so many bytes, and thrown away.
const CHUNK_BYTES: usize = 1024;

/// Every such output of the configuration. Clones are the same.
///
/// What it owns: a fan-out for each, and the sources that stand for subscribers. What bounds them: `ring_bytes` and `peers_max` of each. They end
/// with the loops. An address that cannot be listened on is told at the start.
#[derive(Clone)]
pub(crate) struct Fanouts {
    all: Arc<[One]>,
}

struct One {
    output: String,
    format: LineFormat,
    fanout: net::Fanout,
    to: To,
}

enum To {
    /// The peers of this source.
    Peers(String),
    Subscribers {
        source: Arc<net::Source>,
        address: Address,
    },
}

impl Fanouts {
    /// Those that pipelines lead to.
    pub(crate) fn of(pipelines: &[Pipeline]) -> Self {
        Self { all: pipelines.iter().flat_map(|pipeline| &pipeline.to).filter_map(One::of).collect() }
    }

    /// What the peers of this source get.
    pub(crate) fn of_source(&self, name: &str) -> Option<net::Fanout> {
        let is_it = |one: &&One| matches!(&one.to, To::Peers(source) if source == name);
        self.all.iter().find(is_it).map(|one| one.fanout.clone())
    }

    /// The output of this name, for its pipeline. Records up to `before` are of another time.
    pub(crate) fn output(&self, name: &str, before: record::Position) -> Option<FanoutOutput> {
        let one = self.all.iter().find(|one| one.output == name)?;
        let source = match &one.to {
            To::Peers(source) => Some(source.clone()),
            To::Subscribers { .. } => None,
        };
        Some(FanoutOutput::new(name, one.format, source, one.fanout.clone(), before))
    }

    /// Lets subscribers in.
    ///
    /// # Errors
    /// When an address cannot be listened on.
    pub(crate) fn listen(&self, net: &NetHandle) -> Result<(), NetError> {
        for one in &*self.all {
            let To::Subscribers { source, address } = &one.to else { continue };
            let (output, source) = (&*one.output, Arc::clone(source));
            match address {
                Address::Tcp(address) => {
                    let address = net.listen_tcp(source, *address)?;
                    tracing::info!(output, %address, "subscribers are let in");
                }
                Address::Unix(path) => {
                    net.listen_unix(source, path)?;
                    tracing::info!(output, path = %path.display(), "subscribers are let in");
                }
            }
        }
        Ok(())
    }

    /// Nothing is left where Unix sockets were, once the loops have stopped.
    pub(crate) fn remove_socket_files(&self) {
        for one in &*self.all {
            if let To::Subscribers { address: Address::Unix(path), .. } = &one.to {
                // A socket file that stays behind would do no harm: it is replaced by whoever listens there next.
                let _ = std::fs::remove_file(path);
            }
        }
    }

    pub(crate) fn status(&self) -> Vec<FanoutStatus> {
        self.all.iter().map(FanoutStatus::of).collect()
    }
}

impl One {
    fn of(output: &Output) -> Option<Self> {
        let Output::Named(Named { name, sink }) = output else { return None };
        let (to, fanout) = match sink {
            Sink::Peers(peers) => (To::Peers(peers.source.clone()), peers.fanout),
            Sink::Subscribers(config::Subscribers { address, peers_max, fanout }) => {
                let net = made(*fanout);
                let source = Arc::new(source(name, *peers_max, net.clone()));
                let to = To::Subscribers { source, address: address.clone() };
                return Some(Self { output: name.clone(), format: fanout.format, fanout: net, to });
            }
            Sink::File { .. } | Sink::Forward(_) => return None,
        };
        Some(Self { output: name.clone(), format: fanout.format, fanout: made(fanout), to })
    }
}

fn made(fanout: config::Fanout) -> net::Fanout {
    let behind = if fanout.close_behind { Behind::Close } else { Behind::Skip };
    net::Fanout::new(FanoutOptions { ring_bytes: fanout.ring_bytes, behind })
}

fn source(output: &str, peers_max: usize, fanout: net::Fanout) -> net::Source {
    net::Source {
        // No source of the configuration can have this name.
        name: format!("output:{output}").into(),
        chunk_bytes: CHUNK_BYTES,
        line_bytes_max: u32::MAX,
        ack: None,
        idle_timeout: None,
        keepalive: Some(KEEPALIVE),
        peers_max,
        dial: DialOptions::default(),
        role: Role::Subscribers,
        fanout: Some(fanout),
        counters: SourceCounters::default(),
    }
}
