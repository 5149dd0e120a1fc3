use std::io::{self, BufRead as _, BufReader, BufWriter, Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use query::Rows;

use super::frame::{self, DataWriter, Kind};
use super::request::{REQUEST_BYTES_MAX, Request, Search};
use super::{Parts, report};
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
        Request::Status => status(client, parts),
        Request::Query { sql } => match parts.engine.sql(parts.store.snapshot(), &sql) {
            Ok(rows) => send(client, rows, stopping),
            Err(error) => refuse(client, &error.to_string()),
        },
        Request::Search(search) => match found(parts, &search) {
            Ok(rows) => send(client, rows, stopping),
            Err(error) => refuse(client, &error),
        },
        Request::Tail { words, from } => tail(client, parts, &words, from, stopping),
    }
}

/// Says why there is no answer.
pub(super) fn refuse(mut client: &UnixStream, reason: &str) -> io::Result<()> {
    frame::write(&mut client, Kind::Failed, reason.as_bytes())
}

fn status(client: &UnixStream, parts: &Parts) -> io::Result<()> {
    let mut out = BufWriter::new(client);
    frame::write(&mut out, Kind::Event, &serde_json::to_vec(&report::status(parts))?)?;
    frame::write(&mut out, Kind::End, b"")?;
    out.flush()
}

fn found(parts: &Parts, search: &Search) -> Result<Rows, String> {
    let search = parsed(search).map_err(|error| error.to_string())?;
    parts.engine.search(parts.store.snapshot(), &search).map_err(|error| error.to_string())
}

/// Sends rows as they come, until the client hangs up.
fn send(client: &UnixStream, rows: Rows, stopping: &AtomicBool) -> io::Result<()> {
    let cancel = rows.cancel();
    let watched = client.try_clone()?;
    watched.set_read_timeout(None)?;
    // While a query works it writes nothing, and would not notice that nobody waits any more.
    let watch = std::thread::Builder::new().name("hang-up".to_owned()).spawn(move || {
        let _ = (&watched).read(&mut [0]);
        cancel.cancel();
    })?;
    let sent = send_rows(client, rows, stopping);
    client.shutdown(Shutdown::Both)?;
    let _ = watch.join();
    sent
}

fn send_rows(client: &UnixStream, rows: Rows, stopping: &AtomicBool) -> io::Result<()> {
    let mut end = client;
    let mut out = arrow_ipc::writer::StreamWriter::try_new(DataWriter::new(client), &rows.schema())
        .map_err(io::Error::other)?;
    out.flush().map_err(io::Error::other)?;
    for batch in rows {
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
    let mut events = match parts.pipelines.tail(&query, from, &parts.journal) {
        Ok(events) => events,
        Err(reason) => return refuse(client, &reason),
    };
    // A client that has hung up is noticed at once, and not when the next record comes.
    client.set_read_timeout(Some(Duration::from_millis(1)))?;
    let mut out = BufWriter::new(client);
    while !stopping.load(Ordering::Relaxed) {
        let any =
            events.next(HEARTBEAT, &mut |event| frame::write(&mut out, Kind::Event, event.as_bytes()))?;
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
