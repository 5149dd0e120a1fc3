use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::ops::{Deref, DerefMut};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::Program;
use crate::process::{Ended, Process};
use crate::until::until;

/// A running collector: `catchment run` or `catchment collect`. It is killed when it is dropped.
#[derive(Debug)]
pub struct Collector<'a> {
    program: &'a Program,
    process: Process,
    arguments: Vec<String>,
}

/// It ended before it answered.
#[derive(Debug)]
pub(crate) struct NotReady(pub(crate) Ended);

impl<'a> Collector<'a> {
    pub(crate) fn start(
        program: &'a Program,
        command: Command,
        arguments: &[&str],
    ) -> Result<Self, NotReady> {
        let process = Process::start(command, program.dir(), "collector");
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let mut collector = Self { program, process, arguments };
        let ended = until("the collector answers", || match collector.process.has_ended() {
            Some(ended) => Some(Some(ended)),
            None => collector.ask().map(|_| None),
        });
        ended.map_or(Ok(collector), |ended| Err(NotReady(ended)))
    }

    /// What the collector says about itself.
    #[track_caller]
    pub fn status(&self) -> Value {
        until("the collector answers", || self.ask())
    }

    /// Waits until the status is so.
    #[track_caller]
    pub fn until_status(&self, what: &str, mut is_so: impl FnMut(&Value) -> bool) -> Value {
        until(what, || self.ask().filter(&mut is_so))
    }

    /// Waits until the log on stderr says this.
    #[track_caller]
    pub fn until_log(&self, text: &str) {
        until(&format!("the log says {text:?}"), || self.process.stderr().contains(text).then_some(()));
    }

    /// The address that the source called `source` listens on, the port as the system chose it.
    #[track_caller]
    pub fn address(&self, source: &str) -> SocketAddr {
        let logged = format!("listening source=\"{source}\" address=");
        until(&format!("the log says where {source} listens"), || {
            let stderr = self.process.stderr();
            let (_, rest) = stderr.rsplit_once(&logged)?;
            rest.lines().next()?.parse().ok()
        })
    }

    /// The address at which subscribers of the output called `output` connect.
    #[track_caller]
    pub fn subscribers_address(&self, output: &str) -> SocketAddr {
        let logged = format!("subscribers are let in output=\"{output}\" address=");
        until(&format!("the log says where {output} lets subscribers in"), || {
            let stderr = self.process.stderr();
            let (_, rest) = stderr.rsplit_once(&logged)?;
            rest.lines().next()?.parse().ok()
        })
    }

    /// Where the page is, the port as the system chose it.
    #[track_caller]
    pub fn page(&self) -> SocketAddr {
        until("the log says where the page is", || {
            let stderr = self.process.stderr();
            let (_, rest) = stderr.rsplit_once("the page is there url=http")?;
            let (_, rest) = rest.split_once("://")?;
            rest.split('/').next()?.parse().ok()
        })
    }

    /// `kill -9`, and the same command again.
    #[track_caller]
    pub fn restart(&mut self) {
        self.process.kill();
        self.start_again();
    }

    /// The same command again, after it ended.
    #[track_caller]
    pub fn start_again(&mut self) {
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        *self = self.program.collector(&arguments);
    }

    /// The status as this very process tells it; none when it does not answer.
    fn ask(&self) -> Option<Value> {
        let mut socket = UnixStream::connect(self.program.data_dir().join("catchment.sock")).ok()?;
        socket.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        socket.write_all(b"{\"ask\":\"status\"}\n").ok()?;
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).ok()?;
        // An event has a head of five bytes; how long it is, and the end that follows it, a parser of JSON sees itself.
        let mut values = serde_json::Deserializer::from_slice(answer.get(5..)?).into_iter();
        let status: Value = values.next()?.ok()?;
        (status["process"] == self.process.id()).then_some(status)
    }
}

impl Deref for Collector<'_> {
    type Target = Process;

    fn deref(&self) -> &Process {
        &self.process
    }
}

impl DerefMut for Collector<'_> {
    fn deref_mut(&mut self) -> &mut Process {
        &mut self.process
    }
}
