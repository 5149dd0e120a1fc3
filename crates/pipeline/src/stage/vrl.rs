use remap::{BadScript, Diagnostics, Options, Predicate, Script};
use serde::{Deserialize, Serialize};

/// A script of the Vector Remap Language, or an expression of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vrl {
    /// Its text.
    pub text: String,
    /// It may read the environment of the collector.
    pub environment: bool,
}

impl Vrl {
    pub(super) fn script(&self) -> Result<Script, BadScript> {
        Script::compile(&self.text, self.options())
    }

    pub(super) fn predicate(&self) -> Result<Predicate, BadScript> {
        Predicate::compile(&self.text, self.options())
    }

    /// What is odd about a good script.
    pub(super) fn script_warnings(&self) -> Option<Diagnostics> {
        self.script().ok().map(|script| script.warnings().clone()).filter(|warnings| !warnings.is_empty())
    }

    /// What is odd about a good expression.
    pub(super) fn predicate_warnings(&self) -> Option<Diagnostics> {
        self.predicate().ok().map(|it| it.warnings().clone()).filter(|warnings| !warnings.is_empty())
    }

    fn options(&self) -> Options {
        Options { environment: self.environment }
    }
}
