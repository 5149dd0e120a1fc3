use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;

use crate::names::near;

/// Why there is no answer, or no more of it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum QueryError {
    /// The text is not SQL.
    #[error("not valid SQL: {0}")]
    Syntax(String),
    /// The text is SQL for something that a query may not do.
    #[error(
        "`{0}` is not allowed: queries only read; use SELECT, WITH, EXPLAIN, DESCRIBE logs or SHOW TABLES"
    )]
    Forbidden(String),
    /// The text is longer than [`crate::Engine::SQL_BYTES_MAX`], or the search's SQL is.
    #[error("the query has {bytes} bytes; at most {max} are allowed")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// What is allowed.
        max: usize,
    },
    /// There is only the table `logs`.
    #[error("no table `{0}`: the only table is `logs`")]
    UnknownTable(String),
    /// No record has such a field, and no column of the table has this name.
    #[error("no column `{name}` in `logs`{}", offer(.near))]
    UnknownColumn {
        /// The name in the query.
        name: String,
        /// Names like it, the likest first.
        near: Vec<String>,
        /// Where it stands in the query, line and column from 1, if that is known.
        place: Option<(u64, u64)>,
    },
    /// The query cannot be planned: a function that is not there, types that do not fit, and the like.
    #[error("{0}")]
    Plan(String),
    /// It failed while it ran, on a value or on a file.
    #[error("{0}")]
    Execution(String),
    /// A part is not as it was written. Queries that leave it alone are answered.
    #[error("`{path}` is damaged: {what}", path = path.display())]
    Damaged {
        /// The part's file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// It needs more memory than all queries may have together.
    #[error(
        "the query needs more memory than the {} MiB that queries may have: ask for a shorter time, fewer columns or \
         groups, add LIMIT, or raise the memory limit of queries", .limit_bytes.div_ceil(1 << 20)
    )]
    Memory {
        /// [`crate::Limits::memory_bytes`].
        limit_bytes: usize,
    },
    /// It took longer than a query may take.
    #[error(
        "the query was stopped after {} s, the time limit of queries: ask for a shorter time, or raise the time limit",
        .limit.as_secs_f64()
    )]
    Time {
        /// [`crate::Limits::time`].
        limit: Duration,
    },
    /// Somebody cancelled it.
    #[error("the query was cancelled")]
    Cancelled,
    /// The engine's threads could not be started.
    #[error("starting the threads for queries: {0}")]
    Threads(std::sync::Arc<io::Error>),
    /// The engine went away, or broke down over this query.
    #[error("the query ended unexpectedly: {0}")]
    Broken(String),
}

fn offer(near: &[String]) -> String {
    match near {
        [] => "; DESCRIBE logs lists them".to_owned(),
        names => format!(
            "; is it {}?",
            names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ")
        ),
    }
}

impl QueryError {
    /// What DataFusion said, in fewer words.
    pub(crate) fn from_datafusion(error: &DataFusionError, memory_bytes: usize) -> Self {
        if let Some(read) = read_error(error) {
            return Self::read(read);
        }
        match error.find_root() {
            DataFusionError::ResourcesExhausted(_) => Self::Memory { limit_bytes: memory_bytes },
            DataFusionError::SchemaError(schema, _) => Self::schema(schema, place(error)),
            DataFusionError::SQL(parser, _) => Self::Syntax(plain(&parser.to_string())),
            DataFusionError::Plan(text) => Self::plan(text),
            DataFusionError::Execution(text) => Self::Execution(text.clone()),
            DataFusionError::External(source) => Self::Execution(source.to_string()),
            DataFusionError::NotImplemented(text) => Self::Plan(format!("not supported: {text}")),
            other => Self::Execution(other.strip_backtrace()),
        }
    }

    fn read(error: &part::ReadError) -> Self {
        match error {
            part::ReadError::Damaged { path, what } => {
                Self::Damaged { path: path.clone(), what: what.clone() }
            }
            part::ReadError::Io { path, source } if error.is_damage() => {
                Self::Damaged { path: path.clone(), what: source.to_string() }
            }
            other => Self::Execution(other.to_string()),
        }
    }

    fn schema(error: &SchemaError, place: Option<(u64, u64)>) -> Self {
        match error {
            SchemaError::FieldNotFound { field, valid_fields } => Self::UnknownColumn {
                name: field.name.clone(),
                near: near(&field.name, valid_fields.iter().map(|valid| valid.name.as_str())),
                place,
            },
            other => Self::Plan(other.to_string()),
        }
    }

    fn plan(text: &str) -> Self {
        let unknown = text.strip_prefix("table '").and_then(|rest| rest.strip_suffix("' not found"));
        match unknown {
            Some(name) => {
                let own = format!("{}.{}.", crate::session::CATALOG, crate::session::SCHEMA);
                Self::UnknownTable(name.strip_prefix(&own).unwrap_or(name).to_owned())
            }
            None => Self::Plan(text.to_owned()),
        }
    }
}

/// What a part said, from under all that was wrapped around it.
fn read_error(error: &DataFusionError) -> Option<&part::ReadError> {
    let mut at: &(dyn Error + 'static) = error;
    loop {
        match at.downcast_ref() {
            Some(read) => return Some(read),
            None => at = at.source()?,
        }
    }
}

/// Where in the query it is.
fn place(error: &DataFusionError) -> Option<(u64, u64)> {
    let start = error.diagnostic()?.span?.start;
    (start.line > 0).then_some((start.line, start.column))
}

/// The parser's words without its prefix.
fn plain(text: &str) -> String {
    text.strip_prefix("sql parser error: ").unwrap_or(text).to_owned()
}
