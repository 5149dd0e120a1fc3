use parse::BadParse;
use remap::BadScript;

/// Why a stage cannot do what it is told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadStage {
    /// Every record has it already, and no stage changes it.
    #[error("`{0}` cannot be set: it says where a record comes from; choose another name")]
    Fixed(String),
    /// Not a name of a field.
    #[error("a field needs a name of 1 to 255 bytes")]
    Name,
    /// Not a level.
    #[error("`level` is to be one of trace, debug, info, notice, warn, error, fatal")]
    Level,
    /// Not a text.
    #[error("`message` is to be a text")]
    Message,
    /// The lines cannot be read in that way.
    #[error("{0}")]
    Parse(#[from] BadParse),
    /// The script cannot be compiled.
    #[error("{0}")]
    Script(#[from] BadScript),
    /// None of no records.
    #[error("`sample` is to be 1 or more: one record of so many goes on")]
    Sample,
    /// Too little or too much to remember.
    #[error("`dedupe` is to remember 1 to {max} lines")]
    Dedupe {
        /// The most that it can.
        max: usize,
    },
    /// Nothing would ever go on.
    #[error("`rate_limit` is to let at least 1 record go on in a second, and at most {max}; so is its burst")]
    Rate {
        /// The most that it can.
        max: u32,
    },
    /// A file that a stage needs is not there, or not what it should be.
    #[error("{0}")]
    File(String),
    /// Two conditions for one output.
    #[error("`{0}` is routed to by an earlier stage already: join the conditions with `||`")]
    RoutedTwice(String),
    /// More than there are bits.
    #[error("the `route` stages of a pipeline name at most {max} outputs")]
    Routes {
        /// The most that they can.
        max: usize,
    },
    /// No regular expression, or one that also finds what is not there.
    #[error("the pattern of `{name}`: {reason}")]
    Pattern {
        /// What the pattern finds.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
}
