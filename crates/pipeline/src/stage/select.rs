use record::Batch;
use serde::{Deserialize, Serialize};

/// Which records go on, by where they come from. Both must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Where {
    /// Sources, each exact or with `*` for any text; empty for all.
    pub source: Vec<String>,
    /// Peers, in the same way.
    pub peer: Vec<String>,
}

/// [`Where`] at work. Neighbours mostly come from the same peer, so the last answer is kept.
#[derive(Debug)]
pub(super) struct Select {
    which: Where,
    source: String,
    peer: String,
    goes_on: Option<bool>,
}

impl Select {
    pub(super) fn new(which: Where) -> Self {
        Self { which, source: String::new(), peer: String::new(), goes_on: None }
    }

    pub(super) fn apply(&mut self, batch: &mut Batch) {
        batch.retain(|record| self.goes_on(record.source(), record.peer()));
    }

    fn goes_on(&mut self, source: &str, peer: &str) -> bool {
        if let Some(goes_on) = self.goes_on
            && self.peer == peer
            && self.source == source
        {
            return goes_on;
        }
        let is_one_of = |patterns: &[String], name: &str| {
            patterns.is_empty() || patterns.iter().any(|pattern| matches(pattern, name))
        };
        let goes_on = is_one_of(&self.which.source, source) && is_one_of(&self.which.peer, peer);
        source.clone_into(&mut self.source);
        peer.clone_into(&mut self.peer);
        self.goes_on = Some(goes_on);
        goes_on
    }
}

/// True when `name` is `pattern`, in which each `*` stands for any text, also none.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(head) else { return false };
    let Some((middle, tail)) = rest.rsplit_once('*') else { return name.ends_with(rest) };
    // The leftmost place for each part leaves the most room for the others.
    for part in middle.split('*') {
        let Some(at) = name.find(part) else { return false };
        name = &name[at + part.len()..];
    }
    name.ends_with(tail)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use record::{Batch, Line, LineFlags, Micros, Position};

    use super::{Select, Where, matches};

    #[test]
    fn source_and_peer_must_both_match() {
        let mut batch = Batch::new();
        for (position, (source, peer)) in
            [("a", "gw-1:514"), ("a", "gw-2:514"), ("b", "gw-1:514"), ("a", "web:514"), ("a", "gw-1:514")]
                .into_iter()
                .enumerate()
        {
            let (position, received) = (Position(position as u64), Micros(1));
            batch.push(&Line { position, received, source, peer, bytes: b"", flags: LineFlags::default() });
        }
        let which = Where { source: vec!["a".to_owned()], peer: vec!["gw-*:514".to_owned(), "x".to_owned()] };
        Select::new(which).apply(&mut batch);
        assert_eq!(batch.iter().map(|record| record.position().0).collect::<Vec<_>>(), [0, 1, 4]);
        Select::new(Where::default()).apply(&mut batch);
        assert_eq!(batch.len(), 3);
    }

    /// Tries every length for every star.
    fn model(pattern: &[u8], name: &[u8]) -> bool {
        match pattern {
            [] => name.is_empty(),
            [b'*', rest @ ..] => (0..=name.len()).any(|n| model(rest, &name[n..])),
            [first, rest @ ..] => name.first() == Some(first) && model(rest, &name[1..]),
        }
    }

    proptest! {
        #[test]
        fn stars_stand_for_any_text(pattern in "[ab*]{0,8}", name in "[ab]{0,8}") {
            prop_assert_eq!(matches(&pattern, &name), model(pattern.as_bytes(), name.as_bytes()));
        }
    }
}
