use std::io::{self, Write};

use record::escape_controls;

use crate::cli::{self, StatusFormat};
use crate::control::client::ask;
use crate::control::request::Request;
use crate::control::{ForwardStatus, HandlerStatus, Peer, StageStatus, Status, StoreStatus};
use crate::exit::{Exit, complain};
use crate::units::{Bytes, rounded};

/// Asks a running collector how it is. Exit code 1 when it takes no lines.
pub(crate) fn run(options: &cli::Status) -> Exit {
    let (text, status) = match answer(options) {
        Ok(answer) => answer,
        Err(error) => {
            complain(format_args!("{error}; is one running with this data directory?"));
            return Exit::CannotStart;
        }
    };
    let mut out = io::stdout().lock();
    let printed = match options.format {
        StatusFormat::Json => out.write_all(text.as_bytes()),
        StatusFormat::Text => print(&mut out, &status),
    };
    let printed = match printed {
        // Whoever read our output has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed,
    };
    match printed {
        Ok(()) if status.journal.state == "running" => Exit::Done,
        _ => Exit::Failed,
    }
}

fn answer(options: &cli::Status) -> Result<(String, Status), Box<dyn std::error::Error>> {
    let mut answer = ask(&options.data_dir, &Request::Status)?;
    let text = answer.event()?.unwrap_or_default().to_owned();
    let status = serde_json::from_str(&text)?;
    Ok((text + "\n", status))
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
    for pipeline in &status.pipelines {
        let reason = pipeline.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
        let behind = Bytes(pipeline.behind_bytes);
        writeln!(
            out,
            "pipeline  {}: {}{reason}, {behind} behind, {} records, {} dropped",
            pipeline.name, pipeline.state, pipeline.records, pipeline.dropped
        )?;
        for (number, stage) in (1..).zip(&pipeline.stages) {
            print_stage(out, number, stage)?;
        }
        pipeline.handlers.iter().try_for_each(|handler| print_handler(out, handler))?;
    }
    status.forwards.iter().try_for_each(|forward| print_forward(out, forward))?;
    print_store(out, &status.store)?;
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

/// What a stage did beside letting records pass.
fn print_stage(out: &mut impl Write, number: usize, stage: &StageStatus) -> io::Result<()> {
    let StageStatus { stage: name, records, dropped, changed, failed, last_failure, trouble } = stage;
    if dropped + changed + failed > 0 {
        writeln!(
            out,
            "          stage {number}, {name}: {records} records, {dropped} dropped, {changed} changed, {failed} failed"
        )?;
    }
    if let Some(failure) = last_failure {
        writeln!(out, "            at {}: {}", failure.position, escape_controls(&failure.reason))?;
    }
    if let Some(trouble) = trouble {
        writeln!(out, "          stage {number}, {name}: {}", escape_controls(trouble))?;
    }
    Ok(())
}

fn print_handler(out: &mut impl Write, handler: &HandlerStatus) -> io::Result<()> {
    let HandlerStatus { lines, failed, unhandled, restarts, ready, .. } = handler;
    let name = escape_controls(&handler.handler);
    writeln!(
        out,
        "          {name}: {ready} of {} workers ready, {lines} lines, {failed} failed, {unhandled} unhandled, {restarts} restarts",
        handler.processes.len()
    )?;
    if let Some(error) = &handler.last_error {
        writeln!(out, "          {name}: {}", escape_controls(error.trim_end()))?;
    }
    if let Some(last) = handler.samples.last() {
        let text = last.text.trim_end().lines().last().unwrap_or_default();
        writeln!(out, "          {name}: line {} failed: {}", last.position, escape_controls(text))?;
    }
    Ok(())
}

fn print_forward(out: &mut impl Write, forward: &ForwardStatus) -> io::Result<()> {
    let ForwardStatus { output, target, acked, unacked, reconnects, .. } = forward;
    let connected = if forward.connected { "connected" } else { "not connected" };
    writeln!(
        out,
        "output    {output}: {connected} to {target}, {acked} lines acked, {unacked} unacked, {reconnects} reconnects"
    )?;
    match &forward.last_error {
        Some(error) => writeln!(out, "          {}", escape_controls(error)),
        None => Ok(()),
    }
}

fn print_store(out: &mut impl Write, store: &StoreStatus) -> io::Result<()> {
    let size = rounded(store.part_bytes);
    writeln!(
        out,
        "store     {} parts with {} records, {size}; {} records in memory",
        store.parts, store.part_rows, store.memory_rows
    )?;
    if let Some(remote) = &store.remote {
        writeln!(
            out,
            "          {} parts at {}, {} wait",
            remote.parts,
            escape_controls(&remote.url),
            remote.waiting_parts
        )?;
    }
    for (name, service) in [
        ("flush", &store.flush),
        ("compaction", &store.compaction),
        ("retention", &store.retention),
        ("upload", &store.upload),
    ] {
        if let Some(trouble) = &service.trouble {
            writeln!(out, "          {name}: {trouble}")?;
        }
    }
    for part in &store.damaged {
        writeln!(out, "          {} records are missing: `{}`: {}", part.rows, part.path, part.why)?;
    }
    Ok(())
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
