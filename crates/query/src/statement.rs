//! The one gate that a text passes before it is planned: only what reads the table comes through.

use arrow_schema::Schema;
use datafusion::sql::parser::{DFParser, Statement};
use datafusion::sql::sqlparser::ast::Statement as Sql;

use crate::QueryError;
use crate::table::LOGS;

/// What a text asks for.
#[derive(Debug)]
pub(crate) enum Asked {
    /// Rows, or how they would be found.
    Rows(Statement),
    /// The columns of the table.
    Columns,
    /// The tables there are.
    Tables,
}

/// Reads one statement. Anything that is more than a question is refused.
pub(crate) fn parse(text: &str) -> Result<Asked, QueryError> {
    let mut statements = DFParser::parse_sql(text).map_err(|error| QueryError::from_datafusion(&error, 0))?;
    let Some(statement) = statements.pop_front() else {
        return Err(QueryError::Syntax("there is no statement".to_owned()));
    };
    if !statements.is_empty() {
        return Err(QueryError::Syntax("more than one statement; give one at a time".to_owned()));
    }
    asked(statement)
}

fn asked(statement: Statement) -> Result<Asked, QueryError> {
    let only_logs = |name: String, asked| match name.trim_matches('"') {
        LOGS => Ok(asked),
        other => Err(QueryError::UnknownTable(other.to_owned())),
    };
    match statement {
        Statement::Explain(explain) => match asked(*explain.statement.clone())? {
            Asked::Rows(_) => Ok(Asked::Rows(Statement::Explain(explain))),
            Asked::Columns | Asked::Tables => Err(QueryError::Forbidden("EXPLAIN".to_owned())),
        },
        Statement::Statement(sql) => match *sql {
            Sql::Query(_) => Ok(Asked::Rows(Statement::Statement(sql))),
            Sql::ExplainTable { table_name, .. } => only_logs(table_name.to_string(), Asked::Columns),
            Sql::ShowColumns { show_options, .. } => {
                let table = show_options.show_in.and_then(|show_in| show_in.parent_name);
                only_logs(table.map(|name| name.to_string()).unwrap_or_default(), Asked::Columns)
            }
            Sql::ShowTables { .. } => Ok(Asked::Tables),
            other => Err(refused(&other.to_string())),
        },
        other => Err(refused(&other.to_string())),
    }
}

fn refused(text: &str) -> QueryError {
    QueryError::Forbidden(text.split_whitespace().next().unwrap_or_default().to_uppercase())
}

/// A column's type in the words of SQL.
pub(crate) fn type_name(schema: &Schema, index: usize) -> &'static str {
    match part::FieldType::of(schema.field(index).data_type()) {
        Some(part::FieldType::Bool) => "BOOLEAN",
        Some(part::FieldType::Int) => "BIGINT",
        Some(part::FieldType::Float) => "DOUBLE",
        Some(part::FieldType::String) => "TEXT",
        Some(part::FieldType::Time) => "TIMESTAMP WITH TIME ZONE",
        None if schema.field(index).name() == part::columns::POSITION => "BIGINT UNSIGNED",
        None => "BYTEA",
    }
}
