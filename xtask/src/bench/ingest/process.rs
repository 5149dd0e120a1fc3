//! Child processes that never outlive this one, and directories that are gone when the run is.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use catchment_bench::clock;
use rustix::process::{Pid, Signal, kill_process};

/// How long a process may take to end once it is asked to.
const GRACE: Duration = Duration::from_secs(15);
const POLL_EVERY: Duration = Duration::from_millis(10);

/// A child that is measured. It owns the process, which is killed when this is dropped, and the file that its output
/// goes to.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
}

/// User memory of a process, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    /// The most that was ever resident.
    pub(crate) peak: u64,
    /// What is resident now and belongs to no file.
    pub(crate) anonymous: u64,
}

impl Process {
    /// Starts `command` with its output going to the file `log`.
    #[expect(clippy::disallowed_methods, reason = "this module owns the benchmark's files")]
    pub(crate) fn start(command: &mut Command, log: &Path) -> io::Result<Self> {
        let output = File::create(log)?;
        let program = command.get_program().display().to_string();
        let child =
            command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output).spawn().map_err(
                |error| io::Error::new(error.kind(), format!("cannot start `{program}`: {error}")),
            )?;
        Ok(Self { child, log: log.to_owned() })
    }

    /// Seconds of CPU, user and system, of all its threads so far; known to 10 ms.
    pub(crate) fn cpu_seconds(&self) -> io::Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let ticks = cpu_ticks(&stat).ok_or_else(|| io::Error::other(format!("`{stat}` has no CPU times")))?;
        Ok(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
    }

    pub(crate) fn memory(&self) -> io::Result<Memory> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let bytes = |key| kib(&status, key).map(|kib| kib * 1024);
        match (bytes("VmHWM:"), bytes("RssAnon:")) {
            (Some(peak), Some(anonymous)) => Ok(Memory { peak, anonymous }),
            _ => Err(self.failure("ended before its memory was read")),
        }
    }

    /// Asks it to end with SIGTERM and waits; an error if it does not end in time or not with success.
    pub(crate) fn terminate(mut self) -> io::Result<()> {
        if let Some(status) = self.child.try_wait()? {
            return Err(self.failure(&format!("ended by itself with {status}")));
        }
        if let Some(pid) = Pid::from_raw(self.child.id() as i32) {
            kill_process(pid, Signal::TERM)?;
        }
        self.wait(GRACE).map(|_| ())
    }

    /// Waits until it has ended; an error if it has not in time or not with success.
    pub(crate) fn wait(&mut self, limit: Duration) -> io::Result<ExitStatus> {
        let give_up = clock::monotonic() + limit.as_nanos() as u64;
        loop {
            match self.child.try_wait()? {
                Some(status) if status.success() => return Ok(status),
                Some(status) => return Err(self.failure(&format!("ended with {status}"))),
                None if clock::monotonic() > give_up => {
                    return Err(self.failure(&format!("did not end within {} s", limit.as_secs())));
                }
                None => thread::sleep(POLL_EVERY),
            }
        }
    }

    /// An error that says what happened and ends with the process's last words.
    pub(crate) fn failure(&self, what: &str) -> io::Error {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let last: Vec<&str> = log.lines().rev().take(3).collect();
        let last: Vec<&str> = last.into_iter().rev().collect();
        io::Error::other(format!("the process {what}; its last output: `{}`", last.join(" / ")))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A directory of one run; what is in it is removed at the end, whatever the end is.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// A new, empty directory `name` below `parent`.
    pub(crate) fn new(parent: &Path, name: &str) -> io::Result<Self> {
        let path = parent.join(format!("{name}-{}", std::process::id()));
        if path.exists() {
            fs::remove_dir_all(&path)?;
        }
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Seconds since the start of the machine that its processors were busy, summed over them, with the time that the
/// hypervisor took away.
pub(crate) fn machine_busy_seconds() -> io::Result<f64> {
    let stat = fs::read_to_string("/proc/stat")?;
    let ticks = busy_ticks(&stat).ok_or_else(|| io::Error::other("`/proc/stat` has no CPU times"))?;
    Ok(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}

/// All of the first line but idle and iowait; guests are within user.
fn busy_ticks(stat: &str) -> Option<u64> {
    let times: Vec<u64> = stat
        .lines()
        .next()?
        .split_ascii_whitespace()
        .skip(1)
        .take(8)
        .map_while(|time| time.parse().ok())
        .collect();
    (times.len() == 8).then(|| times.iter().sum::<u64>() - times[3] - times[4])
}

/// utime + stime of `/proc/PID/stat`, whose second field may contain anything.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let after_name = &stat[stat.rfind(')')? + 1..];
    let mut times = after_name.split_ascii_whitespace().skip(11);
    Some(times.next()?.parse::<u64>().ok()? + times.next()?.parse::<u64>().ok()?)
}

fn kib(status: &str, key: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    line.trim().strip_suffix("kB")?.trim_end().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_proc_tells() {
        let stat = "42 (a ) name) S 1 42 42 0 -1 4194560 500 0 0 0 120 34 0 0 20 0 2 0 12345 1 2";
        assert_eq!(cpu_ticks(stat), Some(154));
        assert_eq!(cpu_ticks("42 (short) S 1"), None);
        let machine = "cpu  100 1 20 9000 80 0 3 4 7 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n";
        assert_eq!((busy_ticks(machine), busy_ticks("cpu 1 2")), (Some(128), None));
        let status = "Name:\tx\nVmHWM:\t    4696 kB\nRssAnon:\t    2312 kB\n";
        assert_eq!(
            (kib(status, "VmHWM:"), kib(status, "RssAnon:"), kib(status, "VmSwap:")),
            (Some(4696), Some(2312), None)
        );
    }
}
