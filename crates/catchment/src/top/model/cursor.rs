use super::Peers;

/// The row that keys act on, and the rows that are on the screen.
///
/// It stays with its peer while the order changes around it; until somebody moves it, it stays at the top.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cursor {
    /// Source and name of its peer.
    peer: Option<(String, String)>,
    place: usize,
    /// The first row on the screen.
    top: usize,
    /// So many rows are on the screen.
    page: usize,
}

impl Cursor {
    pub(crate) fn place(&self) -> usize {
        self.place
    }

    pub(super) fn page(&self) -> usize {
        self.page.max(1)
    }

    /// The first row on a screen with room for so many.
    pub(crate) fn scroll(&mut self, page: usize, rows: usize) -> usize {
        self.page = page;
        let highest = self.place.saturating_sub(page.saturating_sub(1));
        self.top = self.top.clamp(highest, self.place).min(rows.saturating_sub(page));
        self.top
    }

    /// Finds its peer again; where that is gone, it takes the one that has its place.
    pub(super) fn settle(&mut self, peers: &Peers) {
        let Some((source, peer)) = &self.peer else {
            self.place = 0;
            return;
        };
        match peers.place_of(source, peer) {
            Some(place) => self.place = place,
            None => self.put(self.place, peers),
        }
    }

    pub(super) fn put(&mut self, place: usize, peers: &Peers) {
        self.place = place.min(peers.len().saturating_sub(1));
        // With nothing to be on, it is where it would be: what comes back finds it there.
        if let Some(row) = peers.get(self.place) {
            self.peer = Some((row.peer.source.clone(), row.peer.peer.clone()));
        }
    }

    pub(super) fn move_by(&mut self, rows: isize, peers: &Peers) {
        self.put(self.place.saturating_add_signed(rows), peers);
    }

    /// To the top, where it stays.
    pub(super) fn home(&mut self) {
        *self = Self { page: self.page, ..Self::default() };
    }
}
