//! `kind = "forward"`: lines go on to another collector.

use std::time::Duration;

use pipeline::{ForwardOptions, ForwardText};
use serde::{Deserialize, Serialize};

use crate::config::output::Sink;
use crate::config::problem::{Place, Report, Reported};
use crate::config::read::{At, Read, Table, both};
use crate::config::source::check_ack;
use crate::config::target::Target;
use crate::config::value::{Wrong, choice, memory, or_false, period, text};
use crate::units::Period;

/// An output that sends lines on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Forward {
    /// Where to.
    pub(crate) target: Target,
    /// One JSON object for each record, and not its line.
    pub(crate) json: bool,
    /// What the other end answers to each line: 1 to 16 bytes; none for one that answers nothing.
    pub(crate) ack: Option<Vec<u8>>,
    /// The memory for lines that are not acked, in bytes: 64 KiB to 64 MiB.
    pub(crate) window_bytes: usize,
    /// How long one attempt may take: 1 ms to 1 h.
    pub(crate) connect_timeout: Duration,
    /// How long nothing may go while something is owed: 1 ms to 1 h.
    pub(crate) timeout: Duration,
    /// The wait after a first failure, before jitter: 1 ms to 1 h.
    pub(crate) backoff_min: Duration,
    /// The wait after many, before jitter: `backoff_min` to 1 h.
    pub(crate) backoff_max: Duration,
}

/// Such an output as it is written.
struct Written {
    target: Read<Target>,
    json: Read<bool>,
    ack: Read<Option<Vec<u8>>>,
    window_bytes: Read<usize>,
    connect_timeout: Read<Duration>,
    timeout: Read<Duration>,
    backoff_min: Read<Duration>,
    backoff_max: Read<Duration>,
}

const WAIT_MIN: Duration = Duration::from_millis(1);
const WAIT_MAX: Duration = Duration::from_secs(3600);

impl Written {
    fn read(table: &Table<'_>) -> Self {
        let target = text("a target such as `\"hub.example:5140\"`", |text| {
            text.parse().map_err(|error| Wrong::new(format!("{error}"), ""))
        });
        let ack = or_false(text("a text such as `\"ACK\\n\"`, or `false`", check_ack));
        let wait = || period(WAIT_MIN..=WAIT_MAX);
        Self {
            target: table.require("target", "write where lines go: `target = \"host:port\"`", target),
            json: table.get_or("format", false, choice(&[("line", false), ("json", true)])),
            ack: table.get_or("ack", Some(b"ACK\n".to_vec()), ack),
            window_bytes: table.get_or("window_bytes", 1 << 20, memory(64 << 10..=64 << 20)),
            connect_timeout: table.get_or("connect_timeout", Duration::from_secs(10), wait()),
            timeout: table.get_or("timeout", Duration::from_secs(60), wait()),
            backoff_min: table.get_or("backoff_min", Duration::from_millis(500), wait()),
            backoff_max: table.get_or("backoff_max", Duration::from_secs(60), wait()),
        }
    }

    fn check(self, report: &Report) -> Result<Forward, Reported> {
        if let Some((min, max)) = both(&self.backoff_min, &self.backoff_max)
            && min.value > max.value
        {
            let [shortest, longest] = [min.value, max.value].map(Period);
            let message = format!("`backoff_min`, {shortest}, is more than `backoff_max`, {longest}");
            return Err(report.add(min.blame(max), message, "lower the first or raise the second"));
        }
        Ok(Forward {
            target: self.target?.value,
            json: self.json?.value,
            ack: self.ack?.value,
            window_bytes: self.window_bytes?.value,
            connect_timeout: self.connect_timeout?.value,
            timeout: self.timeout?.value,
            backoff_min: self.backoff_min?.value,
            backoff_max: self.backoff_max?.value,
        })
    }
}

impl Forward {
    pub(in crate::config) fn read(table: &Table<'_>, place: Place) -> Read<Sink> {
        let forward = Written::read(table).check(table.report())?;
        Ok(At { value: Sink::Forward(forward), place, written: true })
    }

    /// As the pipeline takes it.
    pub(crate) fn options(&self) -> ForwardOptions {
        ForwardOptions {
            host: self.target.host.clone(),
            port: self.target.port,
            text: if self.json { ForwardText::Json } else { ForwardText::Line },
            ack: self.ack.clone(),
            window_bytes: self.window_bytes,
            connect_timeout: self.connect_timeout,
            timeout: self.timeout,
            backoff_min: self.backoff_min,
            backoff_max: self.backoff_max,
        }
    }

    /// The memory that it may take, in bytes: the window's memory doubles as it grows, and one record is written out.
    pub(crate) fn memory_bytes(&self) -> u64 {
        2 * self.window_bytes as u64 + (1 << 20)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Forward;
    use crate::config::testing::{config, problems};
    use crate::config::{Named, Output, Sink};

    const TO: &str = "[[pipeline]]\nname = 'main'\nto = ['hub']\n";

    fn forward(keys: &str) -> Forward {
        let text = format!("{TO}[[output]]\nname = 'hub'\nkind = 'forward'\ntarget = 'h:1'\n{keys}");
        match config(&text).pipelines[0].to[0].clone() {
            Output::Named(Named { sink: Sink::Forward(forward), .. }) => forward,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn values() {
        let defaults = Forward {
            target: "h:1".parse().unwrap(),
            json: false,
            ack: Some(b"ACK\n".to_vec()),
            window_bytes: 1 << 20,
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(60),
            backoff_min: Duration::from_millis(500),
            backoff_max: Duration::from_secs(60),
        };
        for (keys, expected) in [
            ("", defaults.clone()),
            ("format = 'json'\nack = false", Forward { json: true, ack: None, ..defaults.clone() }),
            ("window_bytes = '64 MiB'", Forward { window_bytes: 64 << 20, ..defaults.clone() }),
            ("timeout = '5s'", Forward { timeout: Duration::from_secs(5), ..defaults }),
        ] {
            assert_eq!(forward(keys), expected, "{keys}");
        }
    }

    #[test]
    fn mistakes() {
        for (keys, expected) in [
            ("", "a:4: output[1].target: missing; write where lines go: `target = \"host:port\"`"),
            ("target = 'hub'", "a:7: output[1].target: `hub` is not a target: write `host:port`"),
            (
                "target = 'h:1'\nformat = 'text'",
                "a:8: output[1].format: expected one of `\"line\"`, `\"json\"`, found `text`",
            ),
            (
                "target = 'h:1'\nwindow_bytes = 1",
                "a:8: output[1].window_bytes: `1` is out of range; write 64 KiB to 64 MiB",
            ),
            (
                "target = 'h:1'\nbackoff_max = '1ms'",
                "a:8: output[1].backoff_max: `backoff_min`, 500ms, is more than `backoff_max`, 1ms; \
                 lower the first or raise the second",
            ),
            (
                "target = 'h:1'\npath = 'x'",
                "a:8: output[1].path: an output with `kind = \"forward\"` has no such key",
            ),
        ] {
            let text = format!("{TO}[[output]]\nname = 'hub'\nkind = 'forward'\n{keys}");
            assert_eq!(problems(&text), expected, "{text}");
        }
    }
}
