//! Asks an HTTP server, and reads its answer whole or as it comes.

use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;

use crate::until::PATIENCE;

/// What a server answered.
#[derive(Debug)]
pub struct Answer {
    /// 200 and so on.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// All of it, or what came before it broke off.
    pub body: Vec<u8>,
    /// False when it broke off.
    pub complete: bool,
}

/// An answer that is read as it comes.
#[derive(Debug)]
pub struct Stream {
    /// 200 and so on.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    body: BufReader<Body>,
}

/// A server-sent event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerEvent {
    /// Its kind.
    pub event: String,
    /// Its id, if it has one.
    pub id: Option<String>,
    /// What it says.
    pub data: String,
}

/// Asks with GET and reads the whole answer.
///
/// # Panics
/// When there is no answer.
#[track_caller]
pub fn get(address: SocketAddr, path: &str) -> Answer {
    request(address, "GET", path, &[], b"")
}

/// Asks and reads the whole answer. A header in `headers` replaces the one that is sent anyway.
///
/// # Panics
/// When there is no answer.
#[track_caller]
pub fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let mut stream = Stream::open(address, method, path, headers, body);
    let mut body = Vec::new();
    let complete = stream.body.read_to_end(&mut body).is_ok();
    Answer { status: stream.status, headers: stream.headers, body, complete }
}

impl Answer {
    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Each line of the body as JSON.
    ///
    /// # Panics
    /// When one is none.
    #[track_caller]
    pub fn json_lines(&self) -> Vec<Value> {
        crate::parse(&self.body)
    }

    /// Itself, if it has this status.
    ///
    /// # Panics
    /// When it has another one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }
}

impl Stream {
    /// Asks, and reads the head of the answer.
    ///
    /// # Panics
    /// When there is no answer.
    #[track_caller]
    pub fn open(
        address: SocketAddr,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Self {
        Self::try_open(address, method, path, headers, body)
            .unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    /// The same, where there may be no answer.
    ///
    /// # Errors
    /// When there is none.
    pub fn try_open(
        address: SocketAddr,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let host = address.to_string();
        let length = body.len().to_string();
        let mut head = format!("{method} {path} HTTP/1.1\r\n");
        for (name, value) in
            [("host", host.as_str()), ("connection", "close"), ("content-length", length.as_str())]
        {
            if !headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
                head += &format!("{name}: {value}\r\n");
            }
        }
        headers.iter().for_each(|(name, value)| head += &format!("{name}: {value}\r\n"));
        (&stream).write_all(&[head.as_bytes(), b"\r\n", body].concat())?;
        let mut reader = BufReader::new(stream);
        let line = line(&mut reader)?;
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| io::Error::other(format!("no status: {line:?}")))?;
        let mut headers = Vec::new();
        loop {
            let line = self::line(&mut reader)?;
            let Some((name, value)) = line.split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let left = match (header(&headers, "transfer-encoding"), header(&headers, "content-length")) {
            (Some("chunked"), _) => Left::Chunks(0),
            (_, Some(length)) => Left::Bytes(length.parse().map_err(io::Error::other)?),
            _ if matches!(status, 101 | 204 | 304) => Left::Bytes(0),
            _ => Left::Unknown,
        };
        let left = if method == "HEAD" { Left::Bytes(0) } else { left };
        Ok(Self { status, headers, body: BufReader::new(Body { reader, left }) })
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// The next line, without its end; none at the end.
    ///
    /// # Panics
    /// When it breaks off, or nothing comes.
    #[track_caller]
    pub fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        match self.body.read_line(&mut line) {
            Ok(0) => None,
            Ok(_) => Some(line.trim_end_matches('\n').to_owned()),
            Err(error) => panic!("the answer broke off: {error}"),
        }
    }

    /// The next server-sent event, comments left out; none at the end.
    ///
    /// # Panics
    /// When it breaks off, or nothing comes.
    #[track_caller]
    pub fn event(&mut self) -> Option<ServerEvent> {
        let mut event = ServerEvent::default();
        loop {
            let line = self.line()?;
            match line.split_once(": ") {
                Some(("event", kind)) => kind.clone_into(&mut event.event),
                Some(("id", id)) => event.id = Some(id.to_owned()),
                Some(("data", data)) => data.clone_into(&mut event.data),
                Some(_) => {}
                None if !event.event.is_empty() => return Some(event),
                None => {}
            }
        }
    }

    /// Exactly so many bytes of what comes behind the head, as after an upgrade.
    ///
    /// # Panics
    /// When they do not come.
    #[track_caller]
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.body.get_mut().reader.read_exact(&mut bytes).expect("bytes come");
        bytes
    }
}

impl ServerEvent {
    /// What it says, as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.data).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

fn header<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h str> {
    headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

fn line(reader: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    match reader.read_line(&mut line)? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(line.trim_end().to_owned()),
    }
}

#[derive(Debug)]
struct Body {
    reader: BufReader<TcpStream>,
    left: Left,
}

#[derive(Debug)]
enum Left {
    Bytes(usize),
    /// Of the present chunk.
    Chunks(usize),
    Unknown,
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Left::Chunks(0) = self.left {
            let size = line(&mut self.reader)?;
            let size = usize::from_str_radix(&size, 16).map_err(io::Error::other)?;
            if size == 0 {
                line(&mut self.reader)?;
                self.left = Left::Bytes(0);
            } else {
                self.left = Left::Chunks(size);
            }
        }
        let wanted = match self.left {
            Left::Bytes(left) | Left::Chunks(left) => buffer.len().min(left),
            Left::Unknown => buffer.len(),
        };
        if wanted == 0 {
            return Ok(0);
        }
        let read = self.reader.read(&mut buffer[..wanted])?;
        match &mut self.left {
            Left::Bytes(_) | Left::Chunks(_) if read == 0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            Left::Bytes(left) => *left -= read,
            Left::Chunks(left) => {
                *left -= read;
                if *left == 0 {
                    line(&mut self.reader)?;
                }
            }
            Left::Unknown => {}
        }
        Ok(read)
    }
}
