use super::access::{Access, parsed};
use super::context::Context;
use super::pager::Screen;
use super::printer::Look;
use super::{ReadError, finish, print, times};
use crate::cli::{self, Between, RowFormat};
use crate::control::request::Search;
use crate::exit::Exit;

/// `catchment search`.
pub(crate) fn search(options: &cli::Search) -> Exit {
    finish(run(options))
}

fn run(options: &cli::Search) -> Result<(), ReadError> {
    let search = Search {
        limit: options.limit,
        ascending: options.oldest_first,
        ..wanted(&options.words, &options.between)?
    };
    // What is wrong with the words is wrong with any data.
    let stands_for = query::search_sql(&parsed(&search).map_err(super::AccessError::from)?);
    if options.sql {
        return say(&stands_for);
    }
    let access = Access::of(&options.place)?;
    let answer = access.search(&search)?;
    let screen = if options.format == RowFormat::Text { Screen::paged() } else { Screen::plain() };
    if options.context > 0 {
        return Context::new(&access, options.context).print(answer, screen, options.format);
    }
    print(answer, screen, options.format, Look::Records)
}

/// The search that words and times stand for.
pub(super) fn wanted(words: &[String], between: &Between) -> Result<Search, ReadError> {
    let time = |option: &str, text: &Option<String>| {
        text.as_deref().map(|text| times::parse(option, text)).transpose().map_err(ReadError::Usage)
    };
    Ok(Search {
        words: words.join(" "),
        since: time("--since", &between.since)?,
        until: time("--until", &between.until)?,
        ..Search::default()
    })
}

#[expect(clippy::print_stdout, reason = "it is what was asked for")]
fn say(text: &str) -> Result<(), ReadError> {
    println!("{text}");
    Ok(())
}
