use crate::multiline::{BadMultiline, Joiner, Multiline};
use crate::stage::{BadStage, Stage, Stages};

/// The longest name of a cursor, in bytes; [`CURSOR_PREFIX`] is part of it.
const CURSOR_NAME_MAX: usize = 64;
const CURSOR_PREFIX: &str = "pipe-";

/// What a pipeline does, apart from its outputs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spec {
    /// Its name, 1 to 59 of `a-z`, `0-9`, `_` and `-`. Its place in the journal is kept under it.
    pub name: String,
    /// The sources whose lines it takes; empty for all.
    pub from: Vec<String>,
    /// How lines are joined to records first; none for a record of each line.
    pub multiline: Option<Multiline>,
    /// What is done with each record, in this order.
    pub stages: Vec<Stage>,
    /// So many threads work on its stages, but no more than there are cores; its own alone with 0 or 1.
    pub threads: usize,
}

/// What no pipeline can be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// The name cannot be part of a cursor's name.
    #[error("`{0}` cannot name a pipeline: use 1 to 59 of `a-z`, `0-9`, `_` and `-`")]
    Name(String),
    /// Lines cannot be joined so.
    #[error("`multiline` of pipeline `{name}`: {bad}")]
    Multiline {
        /// The pipeline.
        name: String,
        /// What is wrong.
        bad: BadMultiline,
    },
    /// A stage cannot do what it is told.
    #[error("stage {number} of pipeline `{name}`: {bad}")]
    Stage {
        /// The pipeline.
        name: String,
        /// Which stage; the first one is 1.
        number: usize,
        /// What is wrong with it.
        bad: BadStage,
    },
}

impl Spec {
    /// Checks the name and every stage.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), SpecError> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
        if !(1..=CURSOR_NAME_MAX - CURSOR_PREFIX.len()).contains(&self.name.len())
            || !self.name.bytes().all(allowed)
        {
            return Err(SpecError::Name(self.name.clone()));
        }
        self.joiner(0)?;
        self.ready().map(drop)
    }

    /// What joins its lines, if anything does, within so many bytes.
    pub(crate) fn joiner(&self, held_max: usize) -> Result<Option<Joiner>, SpecError> {
        let joiner = self.multiline.as_ref().map(|told| Joiner::new(told, held_max)).transpose();
        joiner.map_err(|bad| SpecError::Multiline { name: self.name.clone(), bad })
    }

    /// Its stages, ready to work.
    pub(crate) fn ready(&self) -> Result<Stages, SpecError> {
        let bad = |(index, bad)| SpecError::Stage { name: self.name.clone(), number: index + 1, bad };
        Stages::new(&self.stages).map_err(bad)
    }

    /// The same, on threads of their own if it asks for them.
    pub(crate) fn ready_on_threads(&self) -> Result<Stages, SpecError> {
        let stages = self.ready()?.on_threads(&self.stages, self.threads);
        stages.map_err(|(index, bad)| SpecError::Stage { name: self.name.clone(), number: index + 1, bad })
    }

    /// The name of its cursor, and of its thread.
    pub fn cursor_name(&self) -> String {
        format!("{CURSOR_PREFIX}{}", self.name)
    }

    /// True when a stage runs the user's own code. Who only reads does not run it: it may do more than to change records.
    pub fn runs_code(&self) -> bool {
        self.stages.iter().any(Stage::runs_code)
    }

    /// True when the lines of `source` are for it.
    pub(crate) fn takes(&self, source: &str) -> bool {
        self.from.is_empty() || self.from.iter().any(|name| name == source)
    }
}

#[cfg(test)]
mod tests {
    use super::{Spec, SpecError};
    use crate::{OwnedValue, Stage};

    #[test]
    fn a_name_must_fit_its_cursor() {
        let named = |name: &str| Spec { name: name.to_owned(), ..Spec::default() };
        for good in ["a", "main-2_x", &"x".repeat(59)] {
            assert_eq!(named(good).check(), Ok(()), "{good}");
            assert!(named(good).cursor_name().len() <= 64);
        }
        for bad in ["", "Main", "a b", "a/b", &"x".repeat(60)] {
            assert_eq!(named(bad).check(), Err(SpecError::Name(bad.to_owned())));
        }
    }

    #[test]
    fn a_bad_stage_is_named_by_its_number() {
        let set = Stage::Set(vec![("position".to_owned(), OwnedValue::Int(1))]);
        let spec = Spec {
            name: "main".to_owned(),
            stages: vec![Stage::Parse(parse::Format::Json.into()), set],
            ..Spec::default()
        };
        let message = spec.check().unwrap_err().to_string();
        assert!(message.starts_with("stage 2 of pipeline `main`: `position`"), "{message}");
    }
}
