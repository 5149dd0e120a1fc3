use std::io::{self, Write};

use record::{Line, decode, escape_controls};
use serde::Serialize;

use crate::cli::Format;

/// Writes one line in the format asked for.
pub(crate) fn write_line(out: &mut impl Write, line: &Line<'_>, format: Format) -> io::Result<()> {
    match format {
        Format::Text => write_text(out, line),
        Format::Json => write_json(out, line),
        Format::Raw => {
            out.write_all(line.bytes)?;
            out.write_all(b"\n")
        }
    }
}

/// `peer  line`. Control characters are shown, never obeyed: what is piped today is looked at on a terminal tomorrow.
fn write_text(out: &mut impl Write, line: &Line<'_>) -> io::Result<()> {
    let decoded = decode(line.bytes);
    writeln!(out, "{}  {}", escape_controls(line.peer), escape_controls(&decoded.text))
}

/// One JSON object in one line.
fn write_json(out: &mut impl Write, line: &Line<'_>) -> io::Result<()> {
    #[derive(Serialize)]
    struct Json<'a> {
        position: u64,
        received: String,
        source: &'a str,
        peer: &'a str,
        line: &'a str,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        flags: Vec<&'static str>,
    }
    let decoded = decode(line.bytes);
    let json = Json {
        position: line.position.0,
        received: line.received.to_string(),
        source: line.source,
        peer: line.peer,
        line: &decoded.text,
        flags: line.flags.names().chain(decoded.invalid_utf8.then_some("invalid_utf8")).collect(),
    };
    serde_json::to_writer(&mut *out, &json)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use record::{Line, LineFlags, Micros, Position};

    use super::write_line;
    use crate::cli::Format;

    fn shown(bytes: &[u8], flags: LineFlags, format: Format) -> String {
        let (position, received) = (Position(7), Micros(1));
        let line = Line { position, received, source: "s", peer: "h:1", bytes, flags };
        let mut out = Vec::new();
        write_line(&mut out, &line, format).unwrap();
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn each_format() {
        let none = LineFlags::default();
        assert_eq!(shown(b"a\x1b[2J", none, Format::Text), "h:1  a\\u{1b}[2J\n");
        assert_eq!(shown(b"", none, Format::Text), "h:1  \n");
        assert_eq!(shown(b"a\r\0", none, Format::Raw), "a\r\0\n");
        assert_eq!(
            shown(b"a\"\xff", LineFlags::SPLIT, Format::Json),
            "{\"position\":7,\"received\":\"1970-01-01T00:00:00.000001Z\",\"source\":\"s\",\"peer\":\"h:1\",\
             \"line\":\"a\\\"\u{fffd}\",\"flags\":[\"split\",\"invalid_utf8\"]}\n"
        );
        assert!(!shown(b"plain", none, Format::Json).contains("flags"));
    }
}
