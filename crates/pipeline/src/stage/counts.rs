use record::Position;

/// What one stage did since its pipeline began. Lines that are read again are counted again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StageCounts {
    /// The stage's name in the configuration.
    pub stage: &'static str,
    /// Records that came to it.
    pub records: u64,
    /// Records that came out of it.
    pub passed: u64,
    /// Records that did not go on.
    pub dropped: u64,
    /// Records that it could not do its work on. They went on, with the reason.
    pub failed: u64,
    /// The last of them, and why.
    pub last_failure: Option<(Position, String)>,
    /// Records from which it took something out, or to which it added something.
    pub changed: u64,
    /// What is wrong with a file that it would read again.
    pub trouble: Option<String>,
}

impl StageCounts {
    pub(super) fn of(stage: &'static str) -> Self {
        Self { stage, ..Self::default() }
    }

    /// Adds what another thread counted for the same stage.
    pub(super) fn add(&mut self, other: &Self) {
        self.records += other.records;
        self.passed += other.passed;
        self.dropped += other.dropped;
        self.failed += other.failed;
        self.changed += other.changed;
        let position = |counts: &Self| counts.last_failure.as_ref().map(|(position, _)| *position);
        if position(other) > position(self) {
            self.last_failure.clone_from(&other.last_failure);
        }
    }
}
