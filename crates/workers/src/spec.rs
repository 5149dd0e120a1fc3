use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A handler, and how it is to be run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spec {
    /// Whose handler it is: the pipeline's name, for the log and the names of threads.
    pub name: String,
    /// `FILE.py:NAME` or `module:NAME`. NAME may have dots.
    pub handler: String,
    /// What `from_config` of a class is given.
    pub config: serde_json::Value,
    /// Where a relative FILE is, and where modules are looked for first: the directory of the configuration.
    pub directory: PathBuf,
    /// The interpreter: a path, or a name to be looked for on the PATH. `python3` by default; 3.9 or later.
    pub python: PathBuf,
    /// How many processes. By default one for a coroutine function, or if there are several threads, and as many as the machine has
    /// processors for any other.
    pub workers: Option<NonZeroUsize>,
    /// How many threads of a process run a plain function. By default one; as many as there are processors if the
    /// interpreter has no global lock.
    pub threads: Option<NonZeroUsize>,
    /// How many lines may wait at once in a process that runs a coroutine function. 1024 by default.
    pub concurrency: NonZeroUsize,
    /// A worker that gets no line done for so long is killed. 30 s by default.
    pub timeout: Duration,
    /// A worker that is not ready after so long is killed. 60 s by default.
    pub start_timeout: Duration,
    /// A worker that takes more memory than this while it works is killed, in bytes. 1 GiB by default. Only where there is
    /// `/proc`; what it starts itself does not count.
    pub memory_max: u64,
    /// A worker that prints more than this for one batch is killed, in bytes. 64 MiB by default.
    pub output_max: u64,
    /// How much of what a worker prints goes to the log, in bytes per second; the rest is counted. 64 KiB by default.
    pub log_rate: u64,
    /// The wait before a worker that died is started again. It doubles, up to `retry_max`, until one gets something done. 100 ms by
    /// default.
    pub retry_first: Duration,
    /// The longest such wait. 10 s by default.
    pub retry_max: Duration,
    /// True: when FILE changes, it is loaded anew.
    pub watch: bool,
}

impl Spec {
    /// The handler `handler`, with everything else as it is by default. Relative paths are looked for in `directory`.
    pub fn new(handler: impl Into<String>, directory: impl Into<PathBuf>) -> Self {
        Self {
            name: "python".to_owned(),
            handler: handler.into(),
            config: serde_json::Value::Null,
            directory: directory.into(),
            python: PathBuf::from("python3"),
            workers: None,
            threads: None,
            concurrency: NonZeroUsize::new(1024).unwrap_or(NonZeroUsize::MIN),
            timeout: Duration::from_secs(30),
            start_timeout: Duration::from_secs(60),
            memory_max: 1 << 30,
            output_max: 64 << 20,
            log_rate: 64 << 10,
            retry_first: Duration::from_millis(100),
            retry_max: Duration::from_secs(10),
            watch: false,
        }
    }

    /// The handler, with the whole path of its file.
    pub(crate) fn located(&self) -> String {
        match (self.file(), self.handler.rsplit_once(':')) {
            (Some(file), Some((_, name))) => format!("{}:{name}", file.display()),
            _ => self.handler.clone(),
        }
    }

    /// The file that the handler is in, if it names one.
    pub(crate) fn file(&self) -> Option<PathBuf> {
        let (place, _) = self.handler.rsplit_once(':')?;
        let is_file = Path::new(place).extension().is_some_and(|end| end == "py");
        is_file.then(|| self.directory.join(place))
    }
}

#[cfg(test)]
mod tests {
    use super::Spec;

    #[test]
    fn a_file_is_found_beside_the_configuration() {
        let located = |handler: &str| Spec::new(handler, "/etc/catchment").located();
        assert_eq!(located("h.py:one"), "/etc/catchment/h.py:one");
        assert_eq!(located("sub/h.py:A.b"), "/etc/catchment/sub/h.py:A.b");
        assert_eq!(located("/opt/h.py:one"), "/opt/h.py:one");
        assert_eq!(located("package.module:one"), "package.module:one");
        assert_eq!(located("nothing"), "nothing");
    }
}
