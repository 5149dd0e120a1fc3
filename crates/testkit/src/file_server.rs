use std::collections::VecDeque;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use crate::until::PATIENCE;

/// So much of a text is made and sent at once.
const PIECE_BYTES: usize = 64 << 10;

/// An HTTP server that hands out one text under every path, and breaks off, stalls or refuses as it is told.
///
/// What it owns: a listener, and a thread for it and for each connection, which serves one request. What bounds it: its test. The threads
/// end with the test's process.
#[derive(Clone)]
pub struct FileServer {
    address: SocketAddr,
    shared: Arc<(Mutex<State>, Condvar)>,
}

/// Makes the bytes of a text from an offset on.
pub type Fill = Arc<dyn Fn(u64, &mut [u8]) + Send + Sync>;

/// What a [`FileServer`] hands out.
#[derive(Clone, Default)]
pub struct Served {
    /// How long it is, in bytes.
    pub len: u64,
    /// Its bytes.
    pub fill: Option<Fill>,
    /// Its tag, with quotes.
    pub etag: Option<String>,
    /// The value of `Content-Encoding`.
    pub encoding: Option<String>,
    /// `Range` is obeyed.
    pub ranges: bool,
    /// This status line and header lines, and nothing else, are the answer.
    pub refusal: Option<String>,
}

#[derive(Default)]
struct State {
    served: Served,
    /// The next answers break off after so many bytes.
    breaks: VecDeque<u64>,
    /// The next answer stands still after so many bytes.
    stall: Option<u64>,
    requests: Vec<String>,
}

impl Served {
    /// These bytes, with a tag, in ranges.
    pub fn bytes(bytes: impl Into<Vec<u8>>, etag: &str) -> Self {
        let bytes = bytes.into();
        Self {
            len: bytes.len() as u64,
            fill: Some(Arc::new(move |offset, piece| {
                let offset = usize::try_from(offset).expect("it is in memory");
                piece.copy_from_slice(&bytes[offset..offset + piece.len()]);
            })),
            etag: Some(format!("\"{etag}\"")),
            ranges: true,
            ..Self::default()
        }
    }
}

impl FileServer {
    /// Begins to serve, on a port of its own.
    ///
    /// # Panics
    /// When there is none.
    pub fn start(served: Served) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = State { served, ..State::default() };
        let server = Self { address, shared: Arc::new((Mutex::new(state), Condvar::new())) };
        let theirs = server.clone();
        let accept = move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let server = theirs.clone();
                // A client that goes away ends its thread, and nothing else.
                std::thread::spawn(move || drop(server.serve(&stream)));
            }
        };
        std::thread::Builder::new().name("file-server".to_owned()).spawn(accept).expect("a thread");
        server
    }

    /// The URL of a path, which begins with `/`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Hands out something else from the next request on.
    pub fn serve_now(&self, served: Served) {
        self.state().served = served;
    }

    /// The next answers break off, each after so many bytes.
    pub fn break_after(&self, bytes: &[u64]) {
        self.state().breaks.extend(bytes);
    }

    /// The next answer stands still after so many bytes, until [`FileServer::go_on`].
    pub fn stall_after(&self, bytes: u64) {
        self.state().stall = Some(bytes);
    }

    /// What stands still breaks off, and nothing stands still any more.
    pub fn go_on(&self) {
        self.state().stall = None;
        self.shared.1.notify_all();
    }

    /// The requests so far: path, and what `Range` asks for.
    pub fn requests(&self) -> Vec<String> {
        self.state().requests.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.0.lock().expect("no test has panicked here")
    }

    fn serve(&self, stream: &TcpStream) -> io::Result<()> {
        let head = head(stream)?;
        let header = |name: &str| {
            let mut lines = head.iter().filter_map(|line| line.split_once(": "));
            lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
        };
        let path = head[0].split(' ').nth(1).unwrap_or_default();
        let mut state = self.state();
        let range = header("range");
        state.requests.push(format!("{path} {}", range.as_deref().unwrap_or("all")));
        let (served, breaks, stall) = (state.served.clone(), state.breaks.pop_front(), state.stall);
        drop(state);
        let mut out = stream;
        if let Some(refusal) = &served.refusal {
            return write!(out, "HTTP/1.1 {refusal}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
        if served.etag.is_some() && header("if-none-match") == served.etag {
            return write!(out, "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n");
        }
        let current = header("if-range").is_none_or(|tag| Some(tag) == served.etag);
        let from = range.filter(|_| served.ranges && current);
        let from: Option<u64> =
            from.and_then(|text| text.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
        let len = served.len;
        match from {
            Some(from) if from >= len => {
                return write!(
                    out,
                    "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */{len}\r\n\
                     Content-Length: 0\r\nConnection: close\r\n\r\n"
                );
            }
            Some(from) => {
                let last = len - 1;
                write!(out, "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {from}-{last}/{len}\r\n")?;
            }
            None => write!(out, "HTTP/1.1 200 OK\r\n")?,
        }
        let from = from.unwrap_or(0);
        for (name, value) in [("ETag", &served.etag), ("Content-Encoding", &served.encoding)] {
            if let Some(value) = value {
                write!(out, "{name}: {value}\r\n")?;
            }
        }
        write!(out, "Content-Length: {}\r\nConnection: close\r\n\r\n", len - from)?;
        self.send(out, &served, from, breaks, stall)
    }

    fn send(
        &self,
        mut out: &TcpStream,
        served: &Served,
        from: u64,
        breaks: Option<u64>,
        stall: Option<u64>,
    ) -> io::Result<()> {
        let end = [breaks, stall].into_iter().flatten().map(|bytes| from + bytes).min().unwrap_or(served.len);
        let (mut at, end) = (from, end.min(served.len));
        let mut piece = vec![0; PIECE_BYTES];
        while at < end {
            let bytes = usize::try_from(end - at).unwrap_or(usize::MAX).min(PIECE_BYTES);
            if let Some(fill) = &served.fill {
                fill(at, &mut piece[..bytes]);
            }
            out.write_all(&piece[..bytes])?;
            at += bytes as u64;
        }
        if stall.is_some() {
            let state = self.state();
            drop(self.shared.1.wait_timeout_while(state, PATIENCE, |state| state.stall.is_some()));
        }
        Ok(())
    }
}

/// The lines of a request's head.
fn head(stream: &TcpStream) -> io::Result<Vec<String>> {
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let mut lines = Vec::new();
    for line in BufReader::new(stream).lines() {
        let line = line?;
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    if lines.is_empty() { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(lines) }
}
