//! Which pages may have a row that is looked for.

use std::ops::Range;

use arrow_schema::{DataType, Schema};
use bytes::Bytes;
use parquet::arrow::arrow_reader::{RowSelection, RowSelector};
use search::{Needle, token_hash};

use super::bloom;
use super::opened::Opened;
use crate::columns::{EXTRA, FLAGS, RAW};
use crate::index::directory::{Page, source_bit};
use crate::index::filter::Filter;
use crate::index::grams::{StoredGrams, page_bit};
use crate::index::tokens::stored;
use crate::index::{NO_LEVEL, level_place};
use crate::{Needs, ReadError, Selection, Summary};

/// The most bytes of filters that are read at once.
const READ_MAX: u64 = 1 << 20;

/// False when the summary alone says that no row has what is needed.
pub(super) fn summary_may_match(summary: &Summary, schema: &Schema, needs: &Needs) -> bool {
    let among = |names: &Option<Vec<String>>, there: &dyn Fn(&String) -> bool| {
        names.as_ref().is_none_or(|names| names.iter().any(there))
    };
    needs.time.is_none_or(|time| overlap(time, summary.time))
        && needs.position.is_none_or(|position| overlap(position, summary.position))
        && among(&needs.sources, &|name| summary.sources.contains_key(name))
        && among(&needs.levels, &|name| level_place(name) == NO_LEVEL || summary.levels.contains_key(name))
        && needs.equals.iter().all(|(column, _)| schema.index_of(column).is_ok())
}

/// The pages of an open part that may match, among some of its row groups.
pub(super) fn pages(
    part: &Opened,
    needs: &Needs,
    among: &dyn Fn(usize) -> bool,
) -> Result<Option<Selection>, ReadError> {
    if needs.equals.iter().any(|(column, value)| excluded(part, column, value)) {
        return Ok(None);
    }
    let masks = Masks::of(part, needs);
    let mut selection = Selection::default();
    for (group, pages) in part.directory.row_groups.iter().enumerate().filter(|(group, _)| among(*group)) {
        let mut wanted: Vec<bool> = pages.iter().map(|page| masks.may_match(page)).collect();
        if !wanted.contains(&true) || bloom_excludes(part, group, needs)? {
            continue;
        }
        if !needs.contains.is_empty() {
            ask_grams(part, group, &needs.contains, &mut wanted)?;
        }
        if !matches!(needs.message, Needle::Any) {
            ask_filters(part, pages, &needs.message, &mut wanted)?;
        }
        let rows: u64 = pages
            .iter()
            .zip(&wanted)
            .filter(|(_, wanted)| **wanted)
            .map(|(page, _)| u64::from(page.rows))
            .sum();
        if rows > 0 {
            selection.rows += rows;
            selection.row_groups.push((group, row_selection(pages, &wanted)));
        }
    }
    Ok((selection.rows > 0).then_some(selection))
}

/// What is needed, as the bits of a page say it.
struct Masks<'a> {
    needs: &'a Needs,
    levels: u8,
    sources: u64,
}

impl<'a> Masks<'a> {
    fn of(part: &Opened, needs: &'a Needs) -> Self {
        let names = &part.directory.sources;
        let place = |name: &String| names.iter().position(|there| there == name);
        let sources = needs.sources.as_ref().map_or(u64::MAX, |wanted| {
            wanted.iter().filter_map(place).fold(0, |bits, place| bits | source_bit(place))
        });
        let levels = needs
            .levels
            .as_ref()
            .map_or(u8::MAX, |wanted| wanted.iter().fold(0, |bits, level| bits | 1 << level_place(level)));
        Self { needs, levels, sources }
    }

    fn may_match(&self, page: &Page) -> bool {
        page.levels & self.levels != 0
            && page.sources & self.sources != 0
            && self.needs.time.is_none_or(|time| overlap(time, page.time))
            && self.needs.position.is_none_or(|position| overlap(position, page.position))
    }
}

fn overlap<T: Ord + Copy>(one: (T, T), other: (T, T)) -> bool {
    one.0 <= other.1 && other.0 <= one.1
}

/// Strikes out the pages whose filters say that no message has the needle. A page without a filter stays.
fn ask_filters(part: &Opened, pages: &[Page], needle: &Needle, wanted: &mut [bool]) -> Result<(), ReadError> {
    let mut window = Window::default();
    for (at, page) in pages.iter().enumerate().filter(|(at, _)| wanted[*at]).collect::<Vec<_>>() {
        let Some((start, len)) = page.filter else { continue };
        let range = start..start + u64::from(len);
        if !window.holds(&range) {
            // Those of the next wanted pages lie behind it.
            let last = pages[at..].iter().zip(&wanted[at..]).filter(|(_, wanted)| **wanted);
            let ends = last.filter_map(|(page, _)| page.filter.map(|(at, len)| at + u64::from(len)));
            let end = ends.take_while(|end| *end <= start + READ_MAX).last().unwrap_or(range.end);
            window = Window { start, bytes: part.read(start..end.max(range.end))? };
        }
        let filter = Filter::parse(window.get(&range))
            .ok_or_else(|| ReadError::damaged(&part.path, format!("no token filter is at {start}")))?;
        wanted[at] = needle.may_match(&|token| filter.may_hold(stored(token_hash(token))));
    }
    Ok(())
}

/// Bytes of the file that are in memory.
#[derive(Default)]
struct Window {
    start: u64,
    bytes: Bytes,
}

impl Window {
    fn holds(&self, range: &Range<u64>) -> bool {
        self.start <= range.start && range.end <= self.start + self.bytes.len() as u64
    }

    fn get(&self, range: &Range<u64>) -> &[u8] {
        &self.bytes[(range.start - self.start) as usize..(range.end - self.start) as usize]
    }
}

/// True when the index knows all values of the column, and this is none of them.
fn excluded(part: &Opened, column: &str, value: &str) -> bool {
    is_text(part, column) && part.directory.values_of(column).is_some_and(|values| values.excludes(value))
}

/// Strikes out the pages whose messages lack three bytes of one of the texts.
fn ask_grams(part: &Opened, group: usize, texts: &[String], wanted: &mut [bool]) -> Result<(), ReadError> {
    let Some(grams) = stored_grams(part, group)? else { return Ok(()) };
    let pages = texts.iter().fold(u8::MAX, |pages, text| pages & grams.pages(text));
    for (at, wanted) in wanted.iter_mut().enumerate() {
        *wanted &= pages & page_bit(at) != 0;
    }
    Ok(())
}

/// The grams of a row group, if it has any.
pub(super) fn stored_grams(part: &Opened, group: usize) -> Result<Option<StoredGrams>, ReadError> {
    let Some((at, len)) = part.directory.grams.get(group).copied().flatten() else { return Ok(None) };
    let grams = StoredGrams::parse(&part.read(at..at.saturating_add(u64::from(len)))?);
    grams.map(Some).ok_or_else(|| ReadError::damaged(&part.path, format!("no grams are at {at}")))
}

/// True when a Bloom filter of the row group says that one of the values is not there.
fn bloom_excludes(part: &Opened, group: usize, needs: &Needs) -> Result<bool, ReadError> {
    for (column, value) in needs.equals.iter().filter(|(column, _)| is_text(part, column)) {
        if let Some((at, _)) = part.metadata.schema().column_with_name(column)
            && bloom::excludes(part, group, at, value)?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(super) fn is_text(part: &Opened, column: &str) -> bool {
    let text = part
        .metadata
        .schema()
        .field_with_name(column)
        .is_ok_and(|field| field.data_type() == &DataType::Utf8View);
    text && ![EXTRA, FLAGS, RAW].contains(&column)
}

fn row_selection(pages: &[Page], wanted: &[bool]) -> RowSelection {
    let selectors = pages
        .iter()
        .zip(wanted)
        .map(|(page, wanted)| RowSelector { row_count: page.rows as usize, skip: !wanted });
    RowSelection::from_iter(selectors)
}
