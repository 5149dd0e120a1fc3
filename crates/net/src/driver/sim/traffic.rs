use std::io::{self, ErrorKind};

use super::link::Side;
use super::state::State;

/// What is done to a connection that stands.
impl State {
    pub(super) fn read(&mut self, id: u64, side: Side, buffer: &mut [u8]) -> io::Result<usize> {
        let most = self.luck(buffer.len())?;
        let link = self.link(id)?;
        let result = link.read(side, buffer, most);
        let emptied = match &result {
            Ok(taken) => *taken > 0 && *taken < buffer.len(),
            Err(error) => error.kind() == ErrorKind::WouldBlock,
        };
        if let Some(watch) = link.end(side).watch.as_mut().filter(|_| emptied) {
            watch.read_armed = true;
        }
        if result.as_ref().is_ok_and(|&taken| taken > 0) {
            self.tell_if_writable(id, side.other());
        }
        if emptied {
            self.tell_if_readable(id, side);
        }
        result
    }

    pub(super) fn write(&mut self, id: u64, side: Side, bytes: &[u8]) -> io::Result<usize> {
        let most = self.luck(bytes.len())?;
        let buffer = self.options.buffer_bytes;
        let link = self.link(id)?;
        let result = link.write(side, bytes, most, buffer);
        let filled = match &result {
            Ok(taken) => *taken < bytes.len(),
            Err(error) => error.kind() == ErrorKind::WouldBlock,
        };
        let news = link.end(side).reset || (filled && link.room(side, buffer) > 0);
        if let Some(watch) = link.end(side).watch.as_mut().filter(|_| filled) {
            watch.write_armed = true;
        }
        if news {
            self.tell(id, side);
        }
        if result.as_ref().is_ok_and(|&taken| taken > 0) {
            self.arrived(id, side.other());
        }
        result
    }

    pub(super) fn set_buffer_bytes(&mut self, bytes: usize) {
        self.options.buffer_bytes = bytes;
        let links: Vec<u64> = self.links.keys().copied().collect();
        for (link, side) in links.into_iter().flat_map(|link| [(link, Side::Dialler), (link, Side::Accepter)])
        {
            self.tell_if_writable(link, side);
        }
    }

    pub(super) fn shutdown(&mut self, id: u64, side: Side) {
        if let Some(link) = self.links.get_mut(&id) {
            link.end(side.other()).ended = true;
            self.arrived(id, side.other());
        }
    }

    /// Breaks the connection. In rough weather each end may lose what it had not read yet.
    pub(super) fn reset(&mut self, id: u64, side: Side) {
        for one in [side, side.other()] {
            let lost = self.options.rough && self.random.bool();
            let Some(link) = self.links.get_mut(&id) else { return };
            link.end(one).reset = true;
            if lost || one == side {
                link.end(one).incoming.clear();
            }
        }
        self.arrived(id, side.other());
    }

    pub(super) fn close(&mut self, id: u64, side: Side) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let unread = !link.end(side).incoming.is_empty();
        link.end(side).alive = false;
        link.end(side).watch = None;
        link.end(side).incoming.clear();
        if !link.end(side.other()).alive {
            self.links.remove(&id);
        } else if unread {
            self.reset(id, side);
        } else {
            self.shutdown(id, side);
        }
    }

    /// How much of `asked` is done this time, or that nothing is.
    fn luck(&mut self, asked: usize) -> io::Result<usize> {
        if !self.options.rough || asked == 0 {
            return Ok(asked);
        }
        match self.random.u32(..16) {
            0 => Err(ErrorKind::Interrupted.into()),
            1..4 => Ok(self.random.usize(1..=asked)),
            _ => Ok(asked),
        }
    }

    /// Something has come to this end.
    fn arrived(&mut self, id: u64, side: Side) {
        // Real kernels name a socket with every arrival; no loop may count on it.
        let again = self.options.rough && self.random.bool();
        let Some(link) = self.links.get_mut(&id) else { return };
        if link.end(side).watch.as_ref().is_some_and(|watch| watch.read_armed || again) {
            self.tell(id, side);
        }
    }

    /// There is more room for what this end writes.
    fn tell_if_writable(&mut self, id: u64, side: Side) {
        let Some(link) = self.links.get_mut(&id) else { return };
        if link.end(side).watch.as_ref().is_some_and(|watch| watch.write_armed) {
            self.tell(id, side);
        }
    }

    fn tell_if_readable(&mut self, id: u64, side: Side) {
        let buffer = self.options.buffer_bytes;
        let Some(link) = self.links.get_mut(&id) else { return };
        let told = link.end(side).watch.as_ref().is_some_and(|watch| watch.over_told);
        if !told && link.readiness(side, buffer).0 {
            self.tell(id, side);
        }
    }
}
