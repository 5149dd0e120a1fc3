use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray as _;
use arrow_array::types::TimestampMicrosecondType;
use arrow_schema::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::access::Access;
use super::paint::Paint;
use super::printer::{Look, Printer};
use super::records::shown_time;
use super::search::wanted;
use super::{ReadError, finish};
use crate::cli::{self, RowFormat};
use crate::control::request::Search;
use crate::exit::Exit;

/// Rows of a Parquet row group: what is held in memory at once.
const ROW_GROUP_ROWS: usize = 65_536;

/// `catchment export`.
pub(crate) fn export(options: &cli::Export) -> Exit {
    finish(run(options))
}

fn run(options: &cli::Export) -> Result<(), ReadError> {
    let kind = Kind::of(&options.output).ok_or_else(|| {
        let file = options.output.display();
        ReadError::Usage(format!("`--output {file}`: its ending must be .parquet, .csv, .ndjson or .arrow"))
    })?;
    let search = Search { ascending: true, ..wanted(&options.words, &options.between)? };
    let access = Access::of(&options.place)?;
    let bar = Bar::new(&access, &search)?;
    let mut answer = access.search(&search)?;
    // A file under its name is a whole one.
    let unfinished = unfinished(&options.output);
    let mut file = OutputFile::create(&unfinished, kind, &answer.schema())?;
    let written: Result<u64, ReadError> = (|| {
        let mut rows = 0;
        for batch in answer.by_ref() {
            let batch = batch?;
            file.rows(&batch)?;
            rows += batch.num_rows() as u64;
            bar.show(rows, &batch);
        }
        file.finish()?;
        std::fs::rename(&unfinished, &options.output)?;
        Ok(rows)
    })();
    bar.end();
    match written {
        Ok(rows) => {
            tell(format_args!("{rows} records in `{}`", options.output.display()));
            super::complete(answer)
        }
        Err(error) => {
            let _ = std::fs::remove_file(&unfinished);
            Err(error)
        }
    }
}

fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".unfinished");
    name.into()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Parquet,
    Rows(RowFormat),
}

impl Kind {
    fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "parquet" => Some(Self::Parquet),
            "csv" => Some(Self::Rows(RowFormat::Csv)),
            "ndjson" | "jsonl" | "json" => Some(Self::Rows(RowFormat::Json)),
            "arrow" | "arrows" => Some(Self::Rows(RowFormat::Arrow)),
            _ => None,
        }
    }
}

enum OutputFile {
    Parquet(Box<ArrowWriter<BufWriter<File>>>),
    Rows(Printer<BufWriter<File>>),
}

impl OutputFile {
    #[expect(
        clippy::disallowed_methods,
        reason = "the file that was asked for is not part of the data directory"
    )]
    fn create(path: &Path, kind: Kind, schema: &SchemaRef) -> Result<Self, ReadError> {
        let file = File::create(path)
            .map_err(|error| io::Error::new(error.kind(), format!("`{}`: {error}", path.display())))?;
        let out = BufWriter::with_capacity(256 << 10, file);
        match kind {
            Kind::Rows(format) => {
                Ok(Self::Rows(Printer::new(out, schema, format, Look::Table, Paint::never())?))
            }
            Kind::Parquet => {
                let writer = ArrowWriter::try_new(out, schema.clone(), Some(parquet_properties()?))
                    .map_err(into_io)?;
                Ok(Self::Parquet(Box::new(writer)))
            }
        }
    }

    fn rows(&mut self, batch: &RecordBatch) -> io::Result<()> {
        match self {
            Self::Parquet(writer) => writer.write(batch).map_err(into_io),
            Self::Rows(printer) => printer.rows(batch),
        }
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::Parquet(writer) => writer.into_inner().map_err(into_io)?.flush(),
            Self::Rows(printer) => printer.finish().map(drop),
        }
    }
}

/// How Parquet files of records are written.
pub(crate) fn parquet_properties() -> io::Result<WriterProperties> {
    let zstd = ZstdLevel::try_new(3).map_err(io::Error::other)?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(zstd))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS));
    Ok(properties.build())
}

fn into_io(error: parquet::errors::ParquetError) -> io::Error {
    io::Error::other(error)
}

/// How far it is, on a terminal. Records come in the order of their times, so the time says how much is left.
struct Bar {
    shown: bool,
    from: i64,
    to: i64,
}

impl Bar {
    const WIDTH: usize = 30;

    fn new(access: &Access<'_>, search: &Search) -> Result<Self, ReadError> {
        let mut bar = Self { shown: io::stderr().is_terminal(), from: 0, to: 0 };
        if bar.shown {
            for batch in access.sql("SELECT min(time), max(time) FROM logs")? {
                let batch = batch?;
                let time = |column: usize| {
                    let column = batch.column(column).as_primitive_opt::<TimestampMicrosecondType>()?;
                    column.iter().next().flatten()
                };
                (bar.from, bar.to) = (time(0).unwrap_or(0), time(1).unwrap_or(0));
            }
            bar.from = bar.from.max(search.since.unwrap_or(bar.from));
            bar.to = bar.to.min(search.until.unwrap_or(bar.to));
        }
        Ok(bar)
    }

    fn show(&self, rows: u64, batch: &RecordBatch) {
        if !self.shown {
            return;
        }
        let times =
            batch.column_by_name("time").and_then(|time| time.as_primitive_opt::<TimestampMicrosecondType>());
        let Some(now) = times.and_then(|times| times.values().last().copied()) else { return };
        let share = (now - self.from) as f64 / (self.to - self.from).max(1) as f64;
        let full = ((share.clamp(0.0, 1.0)) * Self::WIDTH as f64) as usize;
        let (full, empty) = ("#".repeat(full), "-".repeat(Self::WIDTH - full));
        // A terminal that is gone is no reason to stop.
        let _ = write!(io::stderr(), "\r\x1b[K[{full}{empty}] {rows} records, {}", shown_time(now));
    }

    fn end(&self) {
        if self.shown {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

#[expect(clippy::print_stderr, reason = "the person at the terminal waits for it")]
fn tell(text: std::fmt::Arguments<'_>) {
    eprintln!("{text}");
}
