//! Lines whose format nobody said.

use crate::found::{Found, Reason};
use crate::recent::Recent;
use crate::{access, cri, head, json, klog, pairs, syslog};

/// Finds the format of each line by its looks.
///
/// A line is of a format only beyond doubt, and of one at most, so what came before never changes what a line is. The last
/// format of its peer is tried first because that is mostly right, and saves the others. Owns the table of them.
#[derive(Debug, Default)]
pub(crate) struct Auto {
    recent: Recent<Kind>,
}

/// The formats that can be told by their looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Json,
    Pairs,
    Syslog,
    Access,
    Klog,
    Cri,
}

const KINDS: [Kind; 6] = [Kind::Json, Kind::Cri, Kind::Syslog, Kind::Klog, Kind::Access, Kind::Pairs];
/// What may stand in a line of syslog or of a container.
const INNER: [Kind; 4] = [Kind::Json, Kind::Klog, Kind::Access, Kind::Pairs];

impl Auto {
    pub(crate) fn read(&mut self, line: &str, peer: &str, found: &mut Found) {
        let last = self.recent.get(peer);
        let others = KINDS.into_iter().filter(|kind| Some(*kind) != last);
        let kind = last.into_iter().chain(others).find(|kind| try_read(*kind, line, found));
        match kind {
            Some(kind) if Some(kind) != last => self.recent.set(peer, kind),
            Some(_) => {}
            None => found.set_head(&head::read(line)),
        }
    }
}

/// Reads the line if it is of that kind beyond doubt. Else nothing is found.
fn try_read(kind: Kind, line: &str, found: &mut Found) -> bool {
    if !kind.is_likely(line) {
        return false;
    }
    let is_read = kind.read(line, found).unwrap_or(false);
    if !is_read {
        found.clear();
    }
    is_read
}

impl Kind {
    /// A cheap look.
    fn is_likely(self, line: &str) -> bool {
        let bytes = line.as_bytes();
        let Some(first) = bytes.first() else { return false };
        match self {
            Self::Json => matches!(first, b'{' | b' ' | b'\t'),
            Self::Pairs => pairs::is_likely(line),
            Self::Syslog => *first == b'<' || bytes.get(3) == Some(&b' ') || bytes.get(10) == Some(&b'T'),
            Self::Access => access::is_likely(line),
            Self::Klog => first.is_ascii_uppercase() && bytes.get(1).is_some_and(u8::is_ascii_digit),
            Self::Cri => bytes.get(10) == Some(&b'T') && first.is_ascii_digit(),
        }
    }

    fn read(self, line: &str, found: &mut Found) -> Result<bool, Reason> {
        match self {
            Self::Json => {
                json::read(line, found)?;
                if !found.has_level() {
                    found.set_level(found.message().and_then(|message| head::read(message).level));
                }
            }
            Self::Pairs => return pairs::read_strictly(line, found),
            Self::Access => access::read(line, found)?,
            Self::Klog => klog::read(line, found)?,
            Self::Cri => read_inner(cri::read(line, found)?, found)?,
            Self::Syslog => {
                let Some(message) = syslog::read_strictly(line, found)? else { return Ok(false) };
                read_inner(message, found)?;
            }
        }
        Ok(true)
    }
}

/// Takes apart what stood in another line. A level in there is closer to what happened, a time is less exact than the one outside.
fn read_inner(message: &str, found: &mut Found) -> Result<(), Reason> {
    let outer = found.begin_inner();
    // Lines for journals and the like mark JSON with a cookie.
    let text = message.strip_prefix("@cee:").map_or(message, str::trim_start);
    let is_read = INNER.into_iter().any(|kind| {
        kind.is_likely(text) && {
            let is_read = kind.read(text, found).unwrap_or(false);
            if !is_read {
                found.undo(&outer);
            }
            is_read
        }
    });
    if !is_read {
        found.set_head(&head::read(message));
    }
    found.end_inner(&outer, message);
    Ok(())
}

#[cfg(test)]
mod tests;
