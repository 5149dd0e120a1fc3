use std::io;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use crate::limits::HEAD_BYTES_MAX;

/// So many are told at once that there are too many; others only see their connection close.
pub(super) const REFUSALS_MAX: usize = 32;

/// How long one of them may take to ask, and to hear it.
const TIME: Duration = Duration::from_secs(1);

/// What is read at once, and forgotten.
const READ_BYTES: usize = 1 << 10;

const BODY: &str = "{\"type\":\"about:blank\",\"title\":\"Too many ask at once\",\"status\":503,\"code\":\"too_many\",\
                    \"detail\":\"there are as many connections as there may be; `tails_max` in `[web]` allows more\"}";

/// Tells a client for whom there is no place. Without reading what it asks first, it would see a reset and no answer.
pub(super) async fn refuse(stream: TcpStream, _turn: OwnedSemaphorePermit) {
    match timeout(TIME, answer(&stream)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a client of the page could not be refused in words"),
        Err(_) => tracing::debug!("a client of the page was too slow to be refused in words"),
    }
}

async fn answer(stream: &TcpStream) -> io::Result<()> {
    let (mut read, mut end, mut buffer) = (0, [0; 4], [0; READ_BYTES]);
    while end != *b"\r\n\r\n" && read < HEAD_BYTES_MAX {
        stream.readable().await?;
        let count = match stream.try_read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error),
        };
        read += count;
        for byte in &buffer[..count] {
            end.rotate_left(1);
            end[3] = *byte;
        }
    }
    stream.writable().await?;
    let head = format!(
        "HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 1\r\ncache-control: no-store\r\n\
         content-type: application/problem+json\r\ncontent-length: {}\r\n\r\n",
        BODY.len()
    );
    // The buffer of a new connection takes all of it.
    stream.try_write(&[head.as_bytes(), BODY.as_bytes()].concat()).map(drop)
}
