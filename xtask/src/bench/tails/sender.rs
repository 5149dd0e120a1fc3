//! One peer that sends lines at a steady pace, each with the time when it was sent.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use catchment_bench::{LINE_BYTES, clock};

/// Between two writes. What is due is sent together.
const TICK: Duration = Duration::from_millis(1);

/// Sends `rate` lines a second for so long, on this thread, and returns how many there were. What is acked is read, and not counted.
pub(super) fn send(collector: SocketAddr, rate: u64, time: Duration) -> io::Result<u64> {
    let mut stream = TcpStream::connect(collector)?;
    stream.set_nodelay(true)?;
    let mut acks = stream.try_clone()?;
    // It ends with the connection.
    let reader = thread::spawn(move || while matches!(acks.read(&mut [0; 4096]), Ok(1..)) {});
    let (began, total) = (clock::monotonic(), rate * time.as_millis() as u64 / 1000);
    let (mut sent, mut lines) = (0, Vec::new());
    while sent < total {
        let elapsed = u128::from(clock::monotonic() - began);
        let due = ((elapsed * u128::from(rate) / 1_000_000_000) as u64).min(total);
        lines.clear();
        (sent..due).for_each(|number| line(number, clock::monotonic(), &mut lines));
        stream.write_all(&lines)?;
        sent = due;
        thread::sleep(TICK);
    }
    stream.shutdown(std::net::Shutdown::Write)?;
    // The collector has acked all of it when it closes.
    let _ = reader.join();
    Ok(sent)
}

fn line(number: u64, now: u64, out: &mut Vec<u8>) {
    let start = out.len();
    let text = format!(
        "2026-03-01T12:00:00.000Z INFO gateway sent={now} n={number:010} request=\"GET /v1/devices/4711/readings\" status=200 "
    );
    out.extend_from_slice(text.as_bytes());
    out.resize(start + LINE_BYTES - 1, b'.');
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_when_it_was_sent() {
        let mut lines = Vec::new();
        (1..3).for_each(|number| line(number, u64::MAX, &mut lines));
        assert_eq!(lines.len(), 2 * LINE_BYTES);
        let text = String::from_utf8(lines).expect("text");
        assert!(text.lines().all(|line| line.contains(&format!(" sent={} ", u64::MAX))), "{text}");
    }
}
