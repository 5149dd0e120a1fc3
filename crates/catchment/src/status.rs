use std::io::{self, Read as _, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use record::escape_controls;

use crate::cli::{self, StatusFormat};
use crate::control::{Peer, SOCKET, Status};
use crate::exit::{Exit, complain};
use crate::units::Bytes;

/// Asks a running collector how it is. Exit code 1 when it takes no lines.
pub(crate) fn run(options: &cli::Status) -> Exit {
    let (text, status) = match ask(&options.data_dir) {
        Ok(answer) => answer,
        Err(error) => {
            let dir = options.data_dir.display();
            complain(format_args!(
                "no collector answers in `{dir}`: {error}; is one running with this data directory?"
            ));
            return Exit::CannotStart;
        }
    };
    let mut out = io::stdout().lock();
    let printed = match options.format {
        StatusFormat::Json => out.write_all(text.as_bytes()),
        StatusFormat::Text => print(&mut out, &status),
    };
    match printed {
        Ok(()) if status.journal.state == "running" => Exit::Done,
        _ => Exit::Failed,
    }
}

fn ask(data_dir: &Path) -> io::Result<(String, Status)> {
    let mut socket = UnixStream::connect(data_dir.join(SOCKET))?;
    socket.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut text = String::new();
    socket.read_to_string(&mut text)?;
    let status = serde_json::from_str(&text)?;
    Ok((text, status))
}

fn print(out: &mut impl Write, status: &Status) -> io::Result<()> {
    let Status { journal, totals, .. } = status;
    let reason = journal.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
    writeln!(out, "journal   {}{reason}", journal.state)?;
    let disk = Bytes(journal.disk_bytes);
    writeln!(
        out,
        "          {} segments, {disk}, {} lines dropped",
        journal.segments, journal.dropped_lines
    )?;
    writeln!(out, "peers     {} connected of {}", totals.connected, status.peers.len())?;
    writeln!(out, "lines     {} received, {} acked, {} unacked", totals.lines, totals.acked, totals.unacked)?;
    for source in status.sources.iter().filter(|source| source.accepted + source.refused > 0) {
        writeln!(out, "source    {}: {} accepted, {} refused", source.name, source.accepted, source.refused)?;
    }
    if !status.peers.is_empty() {
        writeln!(
            out,
            "\n{:<28} {:<12} {:>12} {:>10} {:>10}  last error",
            "peer", "state", "lines", "unacked", "reconnects"
        )?;
    }
    status.peers.iter().try_for_each(|peer| print_peer(out, peer))
}

fn print_peer(out: &mut impl Write, peer: &Peer) -> io::Result<()> {
    let name = escape_controls(&peer.peer);
    let Peer { state, lines, unacked, reconnects, .. } = peer;
    write!(out, "{name:<28} {state:<12} {lines:>12} {unacked:>10} {reconnects:>10}  ")?;
    if let Some(error) = &peer.last_error {
        write!(out, "{}", escape_controls(error))?;
    }
    if let Some(until) = &peer.backing_off_until {
        write!(out, " (next attempt {until})")?;
    }
    writeln!(out)
}
