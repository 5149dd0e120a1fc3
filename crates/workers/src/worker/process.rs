use std::io::{self, PipeReader};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::io::ioctl_fionbio;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use crate::Spec;
use crate::runtime::BOOT;

/// An interpreter that runs a handler, in a process group of its own.
///
/// Owns the process and our ends of its socket, which is its stdin, and of the pipe that is its stdout and stderr. When it is dropped, the
/// whole group is killed. When we are, the process sees the socket close, and ends.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    /// `None` once it has ended.
    group: Option<Pid>,
    /// Does not block.
    pub(crate) socket: UnixStream,
    /// Does not block.
    pub(crate) output: PipeReader,
}

impl Process {
    /// Starts the interpreter. It waits for its payload.
    pub(crate) fn spawn(spec: &Spec) -> io::Result<Self> {
        let (socket, theirs) = UnixStream::pair()?;
        socket.set_nonblocking(true)?;
        let (output, printed) = io::pipe()?;
        ioctl_fionbio(&output, true)?;
        let child = Command::new(&spec.python)
            // The rest is for whoever looks at a list of processes.
            .args(["-c", BOOT, "catchment-worker", &spec.name, &spec.handler])
            .stdin(Stdio::from(std::os::fd::OwnedFd::from(theirs)))
            .stdout(printed.try_clone()?)
            .stderr(printed)
            .process_group(0)
            .spawn()?;
        let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        Ok(Self { child, group, socket, output })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it did. What it has started and left behind is killed then.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        let ask = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(self.group?), ask).ok().flatten()?;
        self.end()
    }

    /// The memory it takes, in bytes, where the system tells it in `/proc` (Linux: `man 5 proc_pid_status`).
    pub(crate) fn memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
        Some(kibibytes << 10)
    }

    /// Kills the group. Its number is that of our child, and cannot be another's until we have waited for that.
    fn end(&mut self) -> Option<ExitStatus> {
        let group = self.group.take()?;
        let _ = kill_process_group(group, Signal::KILL);
        let _ = self.child.kill();
        self.child.wait().ok()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}
