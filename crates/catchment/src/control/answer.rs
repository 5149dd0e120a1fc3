use std::io::{self, BufRead as _, BufReader, BufWriter, Read as _, Write as _};
use std::net::Shutdown;
use std::num::NonZeroUsize;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use query::{Begun, Cancel, QueryError, Rows};
use store::Snapshot;

use super::frame::{self, DataWriter, Kind};
use super::request::{self, REQUEST_BYTES_MAX, Request};
use super::{Parts, gather};
use crate::read::access::parsed;

/// How long a client may take to say what it wants.
const ASKING: Duration = Duration::from_secs(5);

/// How long a client may leave an answer unread: somebody looks at it page by page.
const READING: Duration = Duration::from_secs(600);

/// How often whoever follows the tail looks whether the client is still there.
const HEARTBEAT: Duration = Duration::from_millis(200);

/// Reads one request and answers it.
pub(super) fn answer(client: &UnixStream, parts: &Parts, stopping: &AtomicBool) -> io::Result<()> {
    client.set_read_timeout(Some(ASKING))?;
    client.set_write_timeout(Some(READING))?;
    let mut line = String::new();
    BufReader::new(client).take(REQUEST_BYTES_MAX).read_line(&mut line)?;
    let request = match serde_json::from_str(&line) {
        Ok(request) => request,
        Err(error) => return refuse(client, &format!("the request is not understood: {error}")),
    };
    match request {
        Request::Status { peers_at_once } => status(client, parts, peers_at_once),
        Request::Query { sql } => send(client, parts, stopping, |snapshot| parts.engine.sql(snapshot, &sql)),
        Request::Search(search) => match parsed(&search) {
            Ok(search) => send(client, parts, stopping, |snapshot| parts.engine.search(snapshot, &search)),
            Err(error) => refuse(client, &error.to_string()),
        },
        Request::Tail { words, from } => tail(client, parts, &words, from, stopping),
    }
}

/// Says why there is no answer.
pub(super) fn refuse(mut client: &UnixStream, reason: &str) -> io::Result<()> {
    frame::write(&mut client, Kind::Failed, reason.as_bytes())
}

fn status(client: &UnixStream, parts: &Parts, peers_at_once: Option<NonZeroUsize>) -> io::Result<()> {
    let mut out = BufWriter::new(client);
    let mut status = gather::status(parts);
    let peers = if peers_at_once.is_some() { std::mem::take(&mut status.peers) } else { Vec::new() };
    frame::write(&mut out, Kind::Event, &serde_json::to_vec(&status)?)?;
    for some in peers.chunks(peers_at_once.map_or(1, NonZeroUsize::get)) {
        frame::write(&mut out, Kind::Event, &serde_json::to_vec(some)?)?;
    }
    frame::write(&mut out, Kind::End, b"")?;
    out.flush()
}

/// Sends rows as they come, until the client hangs up.
fn send(
    client: &UnixStream,
    parts: &Parts,
    stopping: &AtomicBool,
    ask: impl Fn(Arc<Snapshot>) -> Result<Rows, QueryError>,
) -> io::Result<()> {
    let watch = HangUp::watch(client)?;
    let found = |part: &Path, why: &str| {
        if let Err(error) = parts.store.0.set_aside(part, why) {
            tracing::warn!(part = %part.display(), why, %error, "a damaged part could not be set aside");
        }
    };
    let begun = query::begin(parts.store.snapshot(), ask, found, |rows| watch.cancels(rows.cancel()));
    let sent = match begun {
        Ok(begun) => send_rows(client, begun, stopping),
        Err(error) => refuse(client, &error.to_string()),
    };
    client.shutdown(Shutdown::Both)?;
    watch.end();
    sent
}

/// Cancels a query when the client goes: while it works it writes nothing, and would not notice that nobody waits any more.
struct HangUp {
    state: Arc<Mutex<Waiting>>,
    thread: JoinHandle<()>,
}

#[derive(Default)]
struct Waiting {
    gone: bool,
    query: Option<Cancel>,
}

impl HangUp {
    fn watch(client: &UnixStream) -> io::Result<Self> {
        let watched = client.try_clone()?;
        watched.set_read_timeout(None)?;
        let state = Arc::new(Mutex::new(Waiting::default()));
        let told = Arc::clone(&state);
        let thread = std::thread::Builder::new().name("hang-up".to_owned()).spawn(move || {
            let _ = (&watched).read(&mut [0]);
            let mut waiting = told.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.gone = true;
            if let Some(query) = &waiting.query {
                query.cancel();
            }
        })?;
        Ok(Self { state, thread })
    }

    fn cancels(&self, query: Cancel) {
        let mut waiting = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.gone {
            query.cancel();
        }
        waiting.query = Some(query);
    }

    /// The connection must be shut down.
    fn end(self) {
        let _ = self.thread.join();
    }
}

fn send_rows(client: &UnixStream, begun: Begun, stopping: &AtomicBool) -> io::Result<()> {
    let Begun { rows, first, missing } = begun;
    let mut end = client;
    frame::write(&mut end, Kind::Event, &serde_json::to_vec(&request::Begun { missing })?)?;
    let mut out = arrow_ipc::writer::StreamWriter::try_new(DataWriter::new(client), &rows.schema())
        .map_err(io::Error::other)?;
    out.flush().map_err(io::Error::other)?;
    for batch in first.into_iter().chain(rows) {
        match batch {
            Ok(batch) => out.write(&batch).and_then(|()| out.flush()).map_err(io::Error::other)?,
            Err(error) => return refuse(client, &error.to_string()),
        }
        if stopping.load(Ordering::Relaxed) {
            return refuse(client, "the collector is stopping");
        }
    }
    out.finish().map_err(io::Error::other)?;
    out.flush().map_err(io::Error::other)?;
    frame::write(&mut end, Kind::End, b"")
}

fn tail(
    client: &UnixStream,
    parts: &Parts,
    words: &str,
    from: Option<u64>,
    stopping: &AtomicBool,
) -> io::Result<()> {
    let query = match search::Query::parse(words) {
        Ok(query) => query,
        Err(error) => return refuse(client, &error.to_string()),
    };
    let mut events = match parts.pipelines.tail(&query, from, &parts.journal, &parts.engine) {
        Ok(events) => events,
        Err(reason) => return refuse(client, &reason),
    };
    // A client that has hung up is noticed at once, and not when the next record comes.
    client.set_read_timeout(Some(Duration::from_millis(1)))?;
    let mut out = BufWriter::new(client);
    while !stopping.load(Ordering::Relaxed) {
        let any = events.next(HEARTBEAT, &mut |event| {
            if stopping.load(Ordering::Relaxed) {
                return Err(io::Error::new(io::ErrorKind::Interrupted, "the collector is stopping"));
            }
            frame::write(&mut out, Kind::Event, event.as_bytes())
        });
        let any = match any {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => break,
            Err(error) => return Err(error),
            Ok(any) => any,
        };
        out.flush()?;
        match any {
            None => break,
            Some(false) if hung_up(client) => return Ok(()),
            Some(_) => {}
        }
    }
    frame::write(&mut out, Kind::Failed, b"the collector is stopping")?;
    out.flush()
}

fn hung_up(mut client: &UnixStream) -> bool {
    matches!(client.read(&mut [0]), Ok(0))
}
