use std::fmt;

/// How serious a record is. Ordered: the later, the more serious.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Level {
    /// Every step.
    Trace,
    /// Why it happens.
    Debug,
    /// What happens.
    Info,
    /// Normal, and worth a look.
    Notice,
    /// What may need a hand.
    Warn,
    /// What failed.
    Error,
    /// What cannot go on.
    Fatal,
}

impl Level {
    /// All of them, the least serious first.
    pub const ALL: [Self; 7] =
        [Self::Trace, Self::Debug, Self::Info, Self::Notice, Self::Warn, Self::Error, Self::Fatal];

    /// The name, in lower case.
    pub fn name(self) -> &'static str {
        ["trace", "debug", "info", "notice", "warn", "error", "fatal"][self as usize]
    }

    /// The level that a word means, in any case: the names, their usual short forms, and syslog's `critical`, `alert`
    /// and `emergency`, which are fatal here. `None` for any other word.
    pub fn from_word(word: &str) -> Option<Self> {
        const WORDS: [(&str, Level); 27] = [
            ("info", Level::Info),
            ("error", Level::Error),
            ("warn", Level::Warn),
            ("debug", Level::Debug),
            ("warning", Level::Warn),
            ("err", Level::Error),
            ("notice", Level::Notice),
            ("trace", Level::Trace),
            ("fatal", Level::Fatal),
            ("critical", Level::Fatal),
            ("crit", Level::Fatal),
            ("alert", Level::Fatal),
            ("emergency", Level::Fatal),
            ("emerg", Level::Fatal),
            ("panic", Level::Fatal),
            ("information", Level::Info),
            ("informational", Level::Info),
            ("inf", Level::Info),
            ("wrn", Level::Warn),
            ("dbg", Level::Debug),
            ("severe", Level::Error),
            ("eror", Level::Error),
            ("dbug", Level::Debug),
            ("verbose", Level::Debug),
            ("trc", Level::Trace),
            ("ftl", Level::Fatal),
            ("vrb", Level::Trace),
        ];
        WORDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, level)| *level)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::Level;

    #[test]
    fn words_in_any_case() {
        for level in Level::ALL {
            assert_eq!(Level::from_word(&level.name().to_uppercase()), Some(level));
        }
        assert_eq!(Level::from_word("Warning"), Some(Level::Warn));
        assert_eq!(Level::from_word("EMERG"), Some(Level::Fatal));
        assert_eq!(Level::from_word("loud"), None);
        assert!(Level::Error > Level::Warn);
    }
}
