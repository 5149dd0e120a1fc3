//! epoll, as both tools use it: a descriptor is known by a number of the caller's choice.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::Errno;

/// One epoll instance. It owns its descriptor and room for `at_once` events, and nothing of what is registered.
pub struct Epoll {
    fd: OwnedFd,
    events: Vec<Event>,
}

impl std::fmt::Debug for Epoll {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Epoll").field("fd", &self.fd).finish_non_exhaustive()
    }
}

impl Epoll {
    /// A new instance that hands out at most `at_once` events per wait.
    ///
    /// # Errors
    /// The process or the system is out of descriptors.
    pub fn new(at_once: usize) -> io::Result<Self> {
        Ok(Self { fd: epoll::create(CreateFlags::CLOEXEC)?, events: Vec::with_capacity(at_once) })
    }

    /// Watches `source`, which is `token` from now on, until its descriptor is closed.
    ///
    /// # Errors
    /// The descriptor cannot be watched (a plain file, `/dev/null`) or there is no memory for it.
    pub fn add(&self, source: impl AsFd, token: u64, flags: EventFlags) -> io::Result<()> {
        Ok(epoll::add(&self.fd, source, EventData::new_u64(token), flags)?)
    }

    /// Changes what a watched `source` is watched for.
    ///
    /// # Errors
    /// The descriptor is not watched.
    pub fn modify(&self, source: impl AsFd, token: u64, flags: EventFlags) -> io::Result<()> {
        Ok(epoll::modify(&self.fd, source, EventData::new_u64(token), flags)?)
    }

    /// Waits for events without limit and gives how many there are. A signal makes it none.
    ///
    /// # Errors
    /// Those of `epoll_wait`, but not `EINTR`.
    pub fn wait(&mut self) -> io::Result<usize> {
        self.events.clear();
        match epoll::wait(&self.fd, spare_capacity(&mut self.events), None) {
            Ok(_) | Err(Errno::INTR) => Ok(self.events.len()),
            Err(error) => Err(error.into()),
        }
    }

    /// The `index`-th event of the last wait: token and flags.
    pub fn event(&self, index: usize) -> (u64, EventFlags) {
        let event = self.events[index];
        (event.data.u64(), event.flags)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn tells_who_is_ready_by_token() -> io::Result<()> {
        let mut epoll = Epoll::new(8)?;
        let (reader, mut writer) = UnixStream::pair()?;
        let (silent, _other) = UnixStream::pair()?;
        epoll.add(&silent, 6, EventFlags::IN)?;
        epoll.add(&reader, 7, EventFlags::IN)?;
        writer.write_all(b"x")?;
        assert_eq!(epoll.wait()?, 1);
        assert_eq!(epoll.event(0), (7, EventFlags::IN));

        epoll.modify(&reader, 8, EventFlags::IN | EventFlags::OUT)?;
        assert_eq!(epoll.wait()?, 1);
        assert_eq!(epoll.event(0), (8, EventFlags::IN | EventFlags::OUT));
        Ok(())
    }
}
