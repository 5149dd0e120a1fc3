use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::access::AccessError;
use super::pager::Screen;
use super::records::shown_time;
use super::{ReadError, finish};
use crate::app::STORE_DIR;
use crate::cli::{self, StatusFormat};
use crate::exit::{Exit, complain};
use crate::remote;
use crate::saved;
use crate::units::rounded;

/// `catchment store ls`.
pub(crate) fn list(options: &cli::StoreLs) -> Exit {
    finish(print_parts(options))
}

fn print_parts(options: &cli::StoreLs) -> Result<(), ReadError> {
    let dir = directory(&options.data.data_dir);
    let snapshot = super::alone::parts(&options.data.data_dir)?;
    let mut out = Screen::plain();
    let mut total = (0, 0, 0);
    if options.format == StatusFormat::Text {
        writeln!(
            out,
            "{:<26}  {:<26}  {:>12}  {:>10}  {:>10}  file",
            "from", "to", "rows", "size", "filters"
        )?;
    }
    for part in &snapshot.parts {
        let summary = part.summary();
        let path = part.path().strip_prefix(&dir).unwrap_or(part.path()).display().to_string();
        total = (total.0 + 1, total.1 + summary.rows, total.2 + summary.bytes);
        match options.format {
            StatusFormat::Json => {
                let row = json!({ "file": path, "summary": summary });
                writeln!(out, "{row}")?;
            }
            StatusFormat::Text => writeln!(
                out,
                "{:<26}  {:<26}  {:>12}  {:>10}  {:>10}  {path}",
                shown_time(summary.time.0),
                shown_time(summary.time.1),
                summary.rows,
                rounded(summary.bytes),
                rounded(summary.index_bytes)
            )?,
        }
    }
    if options.format == StatusFormat::Text {
        writeln!(out, "{} parts, {} rows, {}", total.0, total.1, rounded(total.2))?;
    }
    out.close()?;
    Ok(())
}

/// `catchment store verify`.
pub(crate) fn verify(data: &cli::Data) -> Exit {
    match verified(&data.data_dir) {
        Ok(report) => {
            if !report.elsewhere.is_empty() {
                tell(format_args!(
                    "{} parts are only on object storage, and were not read",
                    report.elsewhere.len()
                ));
            }
            for part in &report.damaged {
                complain(format_args!(
                    "`{}` is damaged, with {} rows: {}",
                    part.path.display(),
                    part.rows,
                    part.why
                ));
            }
            for (path, why) in &report.unread {
                complain(format_args!("`{}` could not be read: {why}", path.display()));
            }
            let rows: u64 = report.good.iter().map(|part| part.summary().rows).sum();
            let (good, damaged) = (report.good.len(), report.damaged.len());
            tell(format_args!(
                "{good} parts with {rows} rows are as they were written, {damaged} are damaged"
            ));
            if report.is_good() { Exit::Done } else { Exit::Failed }
        }
        Err(error) => {
            complain(error);
            Exit::CannotStart
        }
    }
}

fn verified(data_dir: &Path) -> Result<store::Report, AccessError> {
    let dir = directory(data_dir);
    match saved::remote(data_dir) {
        Some(remote) => Ok(store::verify_with(&dir, &remote::connect(&remote)?)?),
        None => Ok(store::verify(&dir)?),
    }
}

fn directory(data_dir: &Path) -> PathBuf {
    data_dir.join(STORE_DIR)
}

#[expect(clippy::print_stdout, reason = "it is what was asked for")]
fn tell(text: std::fmt::Arguments<'_>) {
    println!("{text}");
}
