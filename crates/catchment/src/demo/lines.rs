use fastrand::Rng;
use record::clock;

/// What a simulated server writes about.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Access,
    Json,
    Logfmt,
    Syslog,
    Sensor,
}

impl Kind {
    pub(super) fn of(index: usize) -> Self {
        [Self::Access, Self::Json, Self::Logfmt, Self::Syslog, Self::Sensor][index % 5]
    }

    /// A line as such a server would write it now.
    pub(super) fn line(self, rng: &mut Rng) -> String {
        let time = clock::wall();
        match self {
            Self::Access => {
                let (method, path) = *pick(
                    rng,
                    &[("GET", "/"), ("GET", "/cart"), ("POST", "/checkout"), ("GET", "/api/items?page=7")],
                );
                let (status, bytes, host) =
                    (pick(rng, &[200, 200, 200, 304, 404, 500]), rng.u32(100..90_000), rng.u8(..));
                format!(
                    "10.0.7.{host} - - [{time}] \"{method} {path} HTTP/1.1\" {status} {bytes} \"-\" \"curl/8.9\""
                )
            }
            Self::Json => {
                let (level, message) = *pick(
                    rng,
                    &[
                        ("info", "order placed"),
                        ("info", "caf\u{e9} reservation confirmed \u{2615}"),
                        ("warn", "payment provider is slow"),
                        ("error", "connection refused"),
                    ],
                );
                let (id, took) = (rng.u64(..), rng.u32(1..900));
                format!(
                    "{{\"time\":\"{time}\",\"level\":\"{level}\",\"message\":\"{message}\",\"trace_id\":\"{id:016x}\",\"took_ms\":{took}}}"
                )
            }
            Self::Logfmt => {
                let (level, message) =
                    *pick(rng, &[("info", "job done"), ("debug", "cache hit"), ("warn", "retrying")]);
                format!(
                    "time={time} level={level} msg=\"{message}\" worker={} queue={}",
                    rng.u8(..8),
                    rng.u16(..500)
                )
            }
            Self::Syslog => {
                let message = *pick(
                    rng,
                    &[
                        "Accepted publickey for deploy",
                        "session opened for user root",
                        "Connection reset by peer",
                    ],
                );
                format!(
                    "<{}>1 {time} gw-{} sshd {} - - {message}",
                    rng.u8(8..120),
                    rng.u8(1..9),
                    rng.u16(300..)
                )
            }
            Self::Sensor => {
                format!(
                    "sensor=boiler-{} temperature={:.2} pressure={:.1}",
                    rng.u8(1..5),
                    60.0 + rng.f64() * 30.0,
                    1.0 + rng.f64()
                )
            }
        }
    }
}

fn pick<'a, T>(rng: &mut Rng, choices: &'a [T]) -> &'a T {
    &choices[rng.usize(..choices.len())]
}
