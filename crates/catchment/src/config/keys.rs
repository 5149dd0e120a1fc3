//! Every key of the file, and what to say about one that is none.

/// The keys of one table of the file.
pub(super) struct Section {
    /// How a message speaks of the place where the keys belong.
    place: &'static str,
    keys: &'static [&'static str],
}

/// The keys above the first section.
pub(super) const TOP: Section = Section {
    place: "at the top of the file, above the first section",
    keys: &[
        "data_dir",
        "memory_limit",
        "loops",
        "log_format",
        "log_level",
        "stop_timeout",
        "journal",
        "source",
        "pipeline",
        "output",
        "test",
        "store",
        "query",
        "web",
    ],
};

/// The keys of `[journal]`.
pub(super) const JOURNAL: Section = Section {
    place: "in `[journal]`",
    keys: &["segment_bytes", "bytes_max", "at_cap", "keep_bytes", "hold_back", "batch_bytes"],
};

/// The keys of `[[source]]`: those of every source, then those of [`CONNECT`] and [`LISTEN`].
pub(super) const SOURCE: Section = Section {
    place: "in a `[[source]]`",
    keys: &[
        "name",
        "kind",
        "chunk_bytes",
        "line_bytes_max",
        "ack",
        "idle_timeout",
        "keepalive",
        "retention",
        "journal_only",
        "targets",
        "targets_file",
        "targets_max",
        "connect_timeout",
        "backoff_min",
        "backoff_max",
        "address",
        "peers_max",
        "public",
    ],
};

/// The keys that only a source that connects has.
pub(super) const CONNECT: &[&str] =
    &["targets", "targets_file", "targets_max", "connect_timeout", "backoff_min", "backoff_max"];

/// The keys that only a source that listens has.
pub(super) const LISTEN: &[&str] = &["address", "peers_max", "public"];

/// The keys of `[[pipeline]]`.
pub(super) const PIPELINE: Section =
    Section { place: "in a `[[pipeline]]`", keys: &["name", "from", "multiline", "stages", "threads", "to"] };

/// The keys of `[[test]]`.
pub(super) const TEST: Section =
    Section { place: "in a `[[test]]`", keys: &["name", "pipeline", "input", "expect", "exactly"] };

/// The keys of `[[output]]`.
pub(super) const OUTPUT: Section = Section {
    place: "in an `[[output]]`",
    keys: &[
        "name",
        "kind",
        "path",
        "format",
        "target",
        "ack",
        "window_bytes",
        "connect_timeout",
        "timeout",
        "backoff_min",
        "backoff_max",
    ],
};

/// The keys of `[store]`.
pub(super) const STORE: Section = Section {
    place: "in `[store]`",
    keys: &[
        "memtable_bytes",
        "flush_after",
        "retention",
        "disk_free_min",
        "url",
        "options",
        "cache_bytes",
        "linger",
    ],
};

/// The keys of `[query]`.
pub(super) const QUERY: Section = Section { place: "in `[query]`", keys: &["memory_bytes", "time_max"] };

/// The keys of `[web]`.
pub(super) const WEB: Section =
    Section { place: "in `[web]`", keys: &["address", "public", "token_file", "tls", "hosts", "tails_max"] };

pub(super) const SECTIONS: [&Section; 9] =
    [&TOP, &JOURNAL, &SOURCE, &PIPELINE, &OUTPUT, &TEST, &STORE, &QUERY, &WEB];

/// What a key used to be called, or is called in other programs, and what it is called now.
const RENAMED: &[(&str, &str)] = &[
    ("max_connections", "peers_max"),
    ("max_peers", "peers_max"),
    ("max_targets", "targets_max"),
    ("max_line_bytes", "line_bytes_max"),
    ("max_line_length", "line_bytes_max"),
    ("max_bytes", "bytes_max"),
    ("reconnect_min", "backoff_min"),
    ("reconnect_max", "backoff_max"),
    ("shutdown_timeout", "stop_timeout"),
    ("sources", "source"),
    ("pipelines", "pipeline"),
    ("outputs", "output"),
    ("sink", "output"),
];

impl Section {
    #[cfg(test)]
    pub(super) fn keys(&self) -> &'static [&'static str] {
        self.keys
    }

    /// True when `key` is one of its keys.
    pub(super) fn has(&self, key: &str) -> bool {
        self.keys.contains(&key)
    }
}

/// What to do about a key that is none of the section's: its new name, the section it belongs in, or the key
/// that it resembles.
pub(super) fn advice(section: &Section, key: &str) -> String {
    let renamed = RENAMED.iter().find(|(old, _)| *old == key);
    let name = renamed.map_or(key, |(_, new)| new);
    if let Some((_, new)) = renamed.filter(|(_, new)| section.has(new)) {
        return format!("it is called `{new}`");
    }
    if let Some(other) = SECTIONS.iter().find(|other| other.has(name)) {
        return format!("`{name}` belongs {}", other.place);
    }
    match nearest(section.keys, key) {
        Some(known) => format!("did you mean `{known}`?"),
        None => "`catchment config default` prints every key".to_owned(),
    }
}

/// The key that takes the fewest edits, if they are few for its length.
fn nearest<'k>(keys: &[&'k str], written: &str) -> Option<&'k str> {
    // A key of a megabyte resembles none, and is not worth a matrix.
    let written = Some(written).filter(|written| written.len() <= 64)?;
    let ranked = keys.iter().map(|key| (edits(key, written), *key)).min()?;
    Some(ranked).filter(|(edits, key)| *edits <= 1 + key.len() / 5).map(|(_, key)| key)
}

/// The Levenshtein distance: how many characters to insert, remove or replace.
fn edits(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (above, a) in from.chars().enumerate() {
        let mut diagonal = above;
        row[0] = above + 1;
        for (left, b) in to.chars().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[left + 1];
            row[left + 1] = replaced.min(diagonal + 1).min(row[left] + 1);
        }
    }
    row[to.chars().count()]
}

#[cfg(test)]
mod tests {
    use super::{CONNECT, JOURNAL, LISTEN, RENAMED, SECTIONS, SOURCE, TOP, advice, edits};

    #[test]
    fn distances() {
        for (from, to, distance) in
            [("", "", 0), ("", "ab", 2), ("kitten", "sitting", 3), ("ack", "ack", 0), ("h\u{e9}", "he", 1)]
        {
            assert_eq!((edits(from, to), edits(to, from)), (distance, distance), "{from} {to}");
        }
    }

    #[test]
    fn what_to_do_about_an_unknown_key() {
        for (section, key, expected) in [
            (&TOP, "memory_limits", "did you mean `memory_limit`?"),
            (&TOP, "shutdown_timeout", "it is called `stop_timeout`"),
            (&TOP, "segment_bytes", "`segment_bytes` belongs in `[journal]`"),
            (&TOP, "max_peers", "`peers_max` belongs in a `[[source]]`"),
            (&JOURNAL, "loops", "`loops` belongs at the top of the file, above the first section"),
            (&JOURNAL, "colour", "`catchment config default` prints every key"),
            (&SOURCE, "targest", "did you mean `targets`?"),
            (&SOURCE, "max_line_length", "it is called `line_bytes_max`"),
            (&SOURCE, "pipeline", "`pipeline` belongs at the top of the file, above the first section"),
        ] {
            assert_eq!(advice(section, key), expected);
        }
        assert_eq!(advice(&TOP, &"x".repeat(1 << 20)), "`catchment config default` prints every key");
    }

    #[test]
    fn the_lists_agree() {
        for (old, new) in RENAMED {
            assert!(SECTIONS.iter().any(|section| section.has(new)), "{new} is no key");
            assert!(!SECTIONS.iter().any(|section| section.has(old)), "{old} is a key still");
        }
        assert!(CONNECT.iter().chain(LISTEN).all(|key| SOURCE.has(key)));
        assert!(!CONNECT.iter().any(|key| LISTEN.contains(key)));
    }
}
