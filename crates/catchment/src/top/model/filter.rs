use crate::control::Peer;

/// A filter is no longer than a person types.
pub(crate) const FILTER_CHARS_MAX: usize = 80;

/// Which peers are shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    text: String,
    /// The words of the text, lower-cased.
    words: Vec<String>,
    /// Only those with which something is wrong.
    pub(super) troubled: bool,
}

impl Filter {
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn is_troubled(&self) -> bool {
        self.troubled
    }

    pub(super) fn edit(&mut self, change: impl FnOnce(&mut String)) {
        change(&mut self.text);
        if let Some((end, _)) = self.text.char_indices().nth(FILTER_CHARS_MAX) {
            self.text.truncate(end);
        }
        self.words = self.text.split_whitespace().map(str::to_lowercase).collect();
    }

    /// Every word is somewhere in the peer's name, its source, its state or its last error.
    pub(super) fn takes(&self, peer: &Peer) -> bool {
        if self.troubled && !is_troubled(peer) {
            return false;
        }
        if self.words.is_empty() {
            return true;
        }
        let error = peer.last_error.as_deref().unwrap_or_default();
        let texts = [&peer.peer, &peer.source, &peer.state, error].map(str::to_lowercase);
        self.words.iter().all(|word| texts.iter().any(|text| text.contains(word)))
    }
}

fn is_troubled(peer: &Peer) -> bool {
    peer.last_error.is_some() || !matches!(peer.state.as_str(), "connected" | "done")
}
