//! A search: which records, in which order, and how many.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::Schema;
use datafusion::arrow::temporal_conversions::timestamp_us_to_datetime;
use futures::stream::{self, StreamExt};
use part::columns::{self, NTH};
use part::{FieldType, Needs};
use search::{Column, Query};
use tokio::task::yield_now;

use crate::QueryError;
use crate::engine::short;
use crate::planner::{Answer, Batches, Planner};
use crate::table::Logs;
use crate::windows::Windows;

/// A search for records.
#[derive(Clone, Debug)]
pub struct Search {
    /// What they match.
    pub query: Query,
    /// The earliest event time, in microseconds since 1970, included.
    pub since: Option<i64>,
    /// The event time before which they are, in microseconds since 1970, not included.
    pub until: Option<i64>,
    /// At most so many of them: the first ones in the search's order.
    pub limit: Option<usize>,
    /// The oldest first instead of the newest.
    pub ascending: bool,
    /// In the order of their positions, all at once, whatever [`Search::ascending`] says.
    pub by_position: bool,
    /// From this position to that one, both included.
    pub position: Option<(u64, u64)>,
    /// Only of this source.
    pub source: Option<String>,
    /// Only of this peer.
    pub peer: Option<String>,
    /// Only what comes behind the record with this time and position, in the search's order of times.
    pub behind: Option<(i64, u64, u64)>,
}

impl Search {
    /// All records that match `query`, the newest first.
    pub fn new(query: Query) -> Self {
        Self {
            query,
            since: None,
            until: None,
            limit: None,
            ascending: false,
            by_position: false,
            position: None,
            source: None,
            peer: None,
            behind: None,
        }
    }

    /// The first and the last time that it may find, both included.
    fn span(&self) -> (i64, i64) {
        // Nothing is before the earliest instant there is.
        let to = self.until.map_or(i64::MAX, |until| until.saturating_sub(1));
        let (from, to) =
            (self.since.unwrap_or(i64::MIN), if self.until == Some(i64::MIN) { i64::MIN } else { to });
        match self.behind {
            Some((time, ..)) if self.ascending => (from.max(time), to),
            Some((time, ..)) => (from, to.min(time)),
            None => (from, to),
        }
    }

    fn is_empty(&self) -> bool {
        self.limit == Some(0) || self.until == Some(i64::MIN)
    }

    /// What it asks of a record, in SQL; `query` is that of its query. `nth` tells whether any line became several records.
    fn conditions(&self, query: &str, nth: bool) -> Vec<String> {
        let text = |column, value: &String| format!("{column} = '{}'", value.replace('\'', "''"));
        let mut all: Vec<String> = Vec::new();
        all.extend(self.since.map(|since| format!("time >= {}", instant(since))));
        all.extend(self.until.map(|until| format!("time < {}", instant(until))));
        all.extend(self.position.map(|(from, to)| format!("position BETWEEN {from} AND {to}")));
        all.extend(self.source.as_ref().map(|source| text(columns::SOURCE, source)));
        all.extend(self.peer.as_ref().map(|peer| text(columns::PEER, peer)));
        all.extend(self.behind.map(|(time, position, of_line)| {
            let (time, than) = (instant(time), if self.ascending { '>' } else { '<' });
            let next = format!("position {than} {position}");
            let next = match nth {
                true => {
                    format!("({next} OR (position = {position} AND coalesce({NTH}, 0) {than} {of_line}))")
                }
                false => next,
            };
            format!("(time {than} {time} OR (time = {time} AND {next}))")
        }));
        all.push(format!("({query})"));
        all
    }

    /// `nth` tells whether any line became several records.
    fn select(&self, conditions: &[String], limit: Option<usize>, nth: bool) -> String {
        let order = match (self.by_position, self.ascending, nth) {
            (true, _, false) => "position",
            (true, _, true) => "position, nth NULLS FIRST",
            (false, true, false) => "time ASC, position ASC",
            (false, true, true) => "time ASC, position ASC, nth ASC NULLS FIRST",
            (false, false, false) => "time DESC, position DESC",
            (false, false, true) => "time DESC, position DESC, nth DESC NULLS LAST",
        };
        let limit = limit.map(|limit| format!(" LIMIT {limit}")).unwrap_or_default();
        format!("SELECT * FROM logs WHERE {} ORDER BY {order}{limit}", conditions.join(" AND "))
    }
}

/// The SELECT that a search stands for.
pub fn search_sql(search: &Search) -> String {
    search.select(&search.conditions(&search.query.to_sql(), false), search.limit, false)
}

/// What a search asks of a record of a table like `schema`, as a boolean SQL expression.
pub fn search_condition(search: &Search, schema: &Schema) -> String {
    let nth = schema.field_with_name(NTH).is_ok();
    search.conditions(&search.query.to_sql_for(&|name| column(schema, name)), nth).join(" AND ")
}

/// A time as SQL.
fn instant(micros: i64) -> String {
    // Years of four digits are what every reader of SQL knows.
    const FIRST: i64 = -62_135_596_800_000_000;
    const LAST: i64 = 253_402_300_799_999_999;
    match timestamp_us_to_datetime(micros) {
        Some(time) if (FIRST..=LAST).contains(&micros) => format!("'{time:?}Z'"),
        _ => format!("to_timestamp_micros({micros})"),
    }
}

/// Begins to answer `search` from `logs`.
pub(crate) async fn answer(planner: Arc<Planner>, logs: Logs, search: Search) -> Result<Answer, QueryError> {
    let schema = logs.columns();
    let nth = schema.field_with_name(NTH).is_ok();
    let conditions = search.conditions(&search.query.to_sql_for(&|name| column(&schema, name)), nth);
    let sql = search.select(&conditions, search.limit, nth);
    short(&sql)?;
    if search.by_position {
        return planner.answer(logs, &sql).await;
    }
    let needs = planner.needs(logs.clone(), &sql).await?;
    if search.is_empty() {
        return Ok(Answer { schema, batches: stream::empty().boxed() });
    }
    let (from, to) = search.span();
    let windows = Windows::new(logs.spreads(), from, to, search.ascending);
    let hunt = Hunt {
        planner,
        logs,
        conditions,
        needs,
        nth,
        left: search.limit,
        search,
        windows,
        rows: FIRST_ROWS,
        current: None,
    };
    Ok(Answer { schema, batches: stream::try_unfold(hunt, Hunt::next).boxed() })
}

/// What a search must know of a field's column.
fn column(schema: &Schema, name: &str) -> Column {
    let kind = schema.field_with_name(name).ok().map(|field| FieldType::of(field.data_type()));
    match kind {
        Some(Some(FieldType::Bool)) => Column::Bool,
        Some(Some(FieldType::Int)) => Column::Int,
        Some(Some(FieldType::Float)) => Column::Float,
        Some(Some(FieldType::String)) => Column::Text,
        Some(Some(FieldType::Time)) => Column::Time,
        Some(None) => Column::Unknown,
        None => Column::Missing,
    }
}

/// The first window has so many rows, for a quick first answer.
const FIRST_ROWS: u64 = 64 << 10;
/// Windows have at most so many, however little is found in them.
const MOST_ROWS: u64 = 64 << 20;
/// Windows grow as long as fewer rows than this are found in one, since it has to be sorted.
const FOUND_ROWS: u64 = 16 << 10;

/// A search under way: one window of time after the other, each a query of its own.
struct Hunt {
    planner: Arc<Planner>,
    logs: Logs,
    search: Search,
    conditions: Vec<String>,
    /// What a row must have to fulfil them.
    needs: Needs,
    /// Some lines became several records.
    nth: bool,
    windows: Windows,
    /// How many rows the next window is to have.
    rows: u64,
    /// How many more to find.
    left: Option<usize>,
    current: Option<Window>,
}

struct Window {
    span: (i64, i64),
    batches: Batches,
    found: u64,
}

impl Hunt {
    /// The next rows, or `None` when there are no more.
    async fn next(mut self) -> Result<Option<(RecordBatch, Self)>, QueryError> {
        loop {
            let Some(window) = &mut self.current else {
                if self.left == Some(0) || !self.open_window().await? {
                    return Ok(None);
                }
                continue;
            };
            match window.batches.next().await {
                Some(Ok(batch)) => {
                    window.found += batch.num_rows() as u64;
                    self.left = self.left.map(|left| left.saturating_sub(batch.num_rows()));
                    return Ok(Some((batch, self)));
                }
                Some(Err(error)) => self.give_up_window(error)?,
                None => self.close_window(),
            }
        }
    }

    /// False when all time has been looked through.
    async fn open_window(&mut self) -> Result<bool, QueryError> {
        let Some((span, logs)) = self.next_window().await? else { return Ok(false) };
        let mut conditions = self.conditions.clone();
        conditions.push(format!(
            "time >= to_timestamp_micros({}) AND time <= to_timestamp_micros({})",
            span.0, span.1
        ));
        let sql = self.search.select(&conditions, self.left, self.nth);
        let batches = self.planner.answer(logs, &sql).await?.batches;
        self.current = Some(Window { span, batches, found: 0 });
        Ok(true)
    }

    /// The next window in which there may be something. It takes longer to plan a query than to ask the indexes.
    async fn next_window(&mut self) -> Result<Option<((i64, i64), Logs)>, QueryError> {
        while let Some(span) = self.windows.next(self.rows) {
            let logs = self.logs.within(span.0, span.1);
            if logs.may_have(&self.needs, span).map_err(|error| self.planner.explain(&error))? {
                return Ok(Some((span, logs)));
            }
            self.windows.took(span);
            self.rows = (self.rows * 2).min(MOST_ROWS);
            // Whoever cancels the search is heard here.
            yield_now().await;
        }
        Ok(None)
    }

    fn close_window(&mut self) {
        if let Some(window) = self.current.take() {
            self.windows.took(window.span);
            self.rows = match window.found {
                0..FOUND_ROWS => (self.rows * 2).min(MOST_ROWS),
                found if found > 4 * FOUND_ROWS => (self.rows / 2).max(1),
                _ => self.rows,
            };
        }
    }

    /// A window that needs too much memory is tried again as several small ones.
    fn give_up_window(&mut self, error: QueryError) -> Result<(), QueryError> {
        match self.current.take() {
            Some(Window { span: (from, to), found: 0, .. })
                if matches!(error, QueryError::Memory { .. }) && from < to && self.rows > 1 =>
            {
                self.rows = (self.rows / 16).max(1);
                Ok(())
            }
            _ => Err(error),
        }
    }
}
