//! What goes back over the control socket: frames of a kind, a length and bytes.
//!
//! ```text
//! frame   0 kind   1 length, u32, little-endian   5 payload
//! ```
//!
//! An answer is any number of `event` frames, each with one line of JSON, whose beginnings may come in `part` frames before it, and
//! of `data` frames, whose payloads joined are one Arrow IPC stream; then one `end` or one `failed` frame with the reason. A frame has at most [`PAYLOAD_MAX`] bytes.

use std::io::{self, Read, Write};

/// The largest payload of a frame, in bytes.
pub(crate) const PAYLOAD_MAX: usize = 1 << 20;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Part of an Arrow IPC stream.
    Data = 1,
    /// One line of JSON.
    Event = 2,
    /// Why there is no more.
    Failed = 3,
    /// That was all.
    End = 4,
    /// The beginning of an event that is too long for one frame.
    Part = 5,
}

pub(crate) fn write(out: &mut impl Write, kind: Kind, payload: &[u8]) -> io::Result<()> {
    let mut rest = payload;
    while rest.len() > PAYLOAD_MAX {
        let (chunk, behind) = rest.split_at(PAYLOAD_MAX);
        frame(out, if kind == Kind::Event { Kind::Part } else { kind }, chunk)?;
        rest = behind;
    }
    frame(out, kind, rest)
}

fn frame(out: &mut impl Write, kind: Kind, payload: &[u8]) -> io::Result<()> {
    out.write_all(&[kind as u8])?;
    out.write_all(&(payload.len() as u32).to_le_bytes())?;
    out.write_all(payload)
}

/// Reads one frame; its payload replaces what is in `payload`.
pub(crate) fn read(input: &mut impl Read, payload: &mut Vec<u8>) -> io::Result<Kind> {
    let mut head = [0; 5];
    input.read_exact(&mut head)?;
    let [kind, length @ ..] = head;
    let length = u32::from_le_bytes(length) as usize;
    let kind = match kind {
        1 => Kind::Data,
        2 => Kind::Event,
        3 => Kind::Failed,
        4 => Kind::End,
        5 => Kind::Part,
        _ => return Err(io::Error::new(io::ErrorKind::InvalidData, "the answer is not understood")),
    };
    if length > PAYLOAD_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the answer is not understood"));
    }
    payload.resize(length, 0);
    input.read_exact(payload)?;
    Ok(kind)
}

/// Makes data frames of what is written to it: one for each flush, or when [`PAYLOAD_MAX`] is reached.
pub(crate) struct DataWriter<W: Write> {
    out: W,
    gathered: Vec<u8>,
}

impl<W: Write> DataWriter<W> {
    pub(crate) fn new(out: W) -> Self {
        Self { out, gathered: Vec::new() }
    }
}

impl<W: Write> Write for DataWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(PAYLOAD_MAX - self.gathered.len());
        self.gathered.extend_from_slice(&bytes[..taken]);
        if self.gathered.len() == PAYLOAD_MAX {
            self.flush()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.gathered.is_empty() {
            write(&mut self.out, Kind::Data, &self.gathered)?;
            self.gathered.clear();
        }
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::{DataWriter, Kind, PAYLOAD_MAX, read, write};

    #[test]
    fn what_is_written_is_read() {
        let mut wire = Vec::new();
        write(&mut wire, Kind::Event, b"{}").unwrap();
        write(&mut wire, Kind::End, b"").unwrap();
        let (mut input, mut payload) = (&wire[..], Vec::new());
        assert_eq!((read(&mut input, &mut payload).unwrap(), &payload[..]), (Kind::Event, &b"{}"[..]));
        assert_eq!((read(&mut input, &mut payload).unwrap(), payload.len()), (Kind::End, 0));
        assert!(read(&mut input, &mut payload).is_err());
    }

    #[test]
    fn data_is_cut_into_frames_and_joined_again() {
        let (mut wire, bytes) = (Vec::new(), vec![7; 2 * PAYLOAD_MAX + 5]);
        let mut out = DataWriter::new(&mut wire);
        out.write_all(&bytes).unwrap();
        out.flush().unwrap();
        let (mut input, mut payload, mut joined) = (&wire[..], Vec::new(), Vec::new());
        while !input.is_empty() {
            assert_eq!(read(&mut input, &mut payload).unwrap(), Kind::Data);
            joined.extend_from_slice(&payload);
        }
        assert!(joined == bytes);
    }

    #[test]
    fn nonsense_is_refused() {
        for wire in [&b"\x09\0\0\0\0"[..], b"\x01\xff\xff\xff\xff", b"\x01\x05\0\0\0ab"] {
            assert!(read(&mut &wire[..], &mut Vec::new()).is_err());
        }
    }
}
