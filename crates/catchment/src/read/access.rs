use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arrow_array::RecordBatch;
use arrow_ipc::reader::StreamReader;
use arrow_schema::SchemaRef;
use query::{Engine, Limits, QueryError, Rows};
use store::Snapshot;

use crate::cli::Place;
use crate::control::client::{Answer, AskError, ask, is_running};
use crate::control::request::{Begun, Request, Search};
use crate::remote;

/// What a query may take when no collector runs.
const LIMITS: Limits = Limits { memory_bytes: 512 << 20, time: Duration::from_secs(24 * 3600), threads: 2 };

/// Where answers come from: the collector that runs on the data directory, or the files themselves.
pub(crate) enum Access<'a> {
    Running(&'a Path),
    Alone { engine: Arc<Engine>, snapshot: Arc<Snapshot> },
}

/// Rows as they come.
pub(crate) struct Answered {
    /// What the answer does not know of, if there is something.
    pub(crate) missing: Option<String>,
    source: Source,
}

enum Source {
    Running {
        schema: SchemaRef,
        batches: Box<StreamReader<BufReader<Answer>>>,
    },
    Alone {
        first: Option<Result<RecordBatch, QueryError>>,
        rows: Rows,
        /// Works on them as long as it lives.
        _engine: Arc<Engine>,
    },
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AccessError {
    #[error("{0}")]
    Ask(#[from] AskError),
    #[error("{0}")]
    Answer(std::io::Error),
    #[error("{0}")]
    Store(#[from] store::OpenError),
    #[error("{0}")]
    Query(#[from] query::QueryError),
    #[error("{0}")]
    Remote(#[from] objects::OpenError),
    #[error("{0}")]
    Connect(#[from] objects::ConnectError),
    #[error("{0}")]
    Words(#[from] search::SyntaxError),
}

impl<'a> Access<'a> {
    pub(crate) fn of(place: &'a Place) -> Result<Self, AccessError> {
        match &place.store_url {
            Some(url) => Self::alone(remote::snapshot(url)?),
            None => Self::open(&place.data.data_dir),
        }
    }

    fn open(data_dir: &'a Path) -> Result<Self, AccessError> {
        if is_running(data_dir) {
            Ok(Self::Running(data_dir))
        } else {
            Self::alone(super::alone::snapshot(data_dir)?)
        }
    }

    /// Only what is in parts need be found.
    pub(crate) fn open_parts(data_dir: &'a Path) -> Result<Self, AccessError> {
        if is_running(data_dir) {
            return Ok(Self::Running(data_dir));
        }
        Self::alone(super::alone::parts(data_dir)?)
    }

    fn alone(snapshot: Snapshot) -> Result<Self, AccessError> {
        Ok(Self::Alone { engine: Arc::new(Engine::new(LIMITS)?), snapshot: Arc::new(snapshot) })
    }

    pub(crate) fn sql(&self, sql: &str) -> Result<Answered, AccessError> {
        match self {
            Self::Running(dir) => Answered::running(dir, &Request::Query { sql: sql.to_owned() }),
            Self::Alone { engine, snapshot } => {
                Answered::alone(engine, snapshot, |snapshot| engine.sql(snapshot, sql))
            }
        }
    }

    pub(crate) fn search(&self, search: &Search) -> Result<Answered, AccessError> {
        match self {
            Self::Running(dir) => Answered::running(dir, &Request::Search(search.clone())),
            Self::Alone { engine, snapshot } => {
                let search = parsed(search)?;
                Answered::alone(engine, snapshot, |snapshot| engine.search(snapshot, &search))
            }
        }
    }
}

/// The search that is asked for, as the engine takes it.
pub(crate) fn parsed(search: &Search) -> Result<query::Search, search::SyntaxError> {
    Ok(query::Search {
        since: search.since,
        until: search.until,
        limit: search.limit,
        ascending: search.ascending,
        ..query::Search::new(search::Query::parse(&search.words)?)
    })
}

impl Answered {
    fn running(dir: &Path, request: &Request) -> Result<Self, AccessError> {
        let mut answer = ask(dir, request)?;
        let begun = answer.event().map_err(AccessError::Answer)?.unwrap_or_default();
        let begun: Begun = serde_json::from_str(begun).map_err(|error| AccessError::Answer(error.into()))?;
        let batches = StreamReader::try_new(BufReader::new(answer), None)
            .map_err(|error| AccessError::Answer(reason(error)))?;
        let source = Source::Running { schema: batches.schema(), batches: Box::new(batches) };
        Ok(Self { missing: begun.missing, source })
    }

    fn alone(
        engine: &Arc<Engine>,
        snapshot: &Arc<Snapshot>,
        ask: impl Fn(Arc<Snapshot>) -> Result<Rows, QueryError>,
    ) -> Result<Self, AccessError> {
        let begun = query::begin(Arc::clone(snapshot), ask, |_, _| {}, |_| {})?;
        let source = Source::Alone { first: begun.first, rows: begun.rows, _engine: Arc::clone(engine) };
        Ok(Self { missing: begun.missing, source })
    }

    pub(crate) fn schema(&self) -> SchemaRef {
        match &self.source {
            Source::Running { schema, .. } => Arc::clone(schema),
            Source::Alone { rows, .. } => rows.schema(),
        }
    }
}

impl Iterator for Answered {
    type Item = Result<RecordBatch, AccessError>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.source {
            Source::Running { batches, .. } => {
                Some(batches.next()?.map_err(|error| AccessError::Answer(reason(error))))
            }
            Source::Alone { first, rows, .. } => {
                let item = first.take().or_else(|| rows.next())?;
                Some(item.map_err(AccessError::from))
            }
        }
    }
}

/// What the collector said, without what the format made of it.
fn reason(error: arrow_schema::ArrowError) -> std::io::Error {
    match error {
        arrow_schema::ArrowError::IoError(_, error) => error,
        other => std::io::Error::other(other),
    }
}
