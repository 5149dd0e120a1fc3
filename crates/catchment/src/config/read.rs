use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keys::{self, Section};
use super::problem::{Place, Report, Reported};
use super::text::Text;
use super::value::{self, Wrong};

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct At<T> {
    pub(super) value: T,
    /// Its own place, or that of its table when it is a default.
    pub(super) place: Place,
    /// False when it is a default.
    pub(super) written: bool,
}

/// What was found under a key. An error has been reported already, so that reading goes on with the next key.
pub(super) type Read<T> = Result<At<T>, Reported>;

impl<T> At<T> {
    /// Where to report that this value and `other` do not go together: what somebody wrote, not a default.
    pub(super) fn blame<'p, U>(&'p self, other: &'p At<U>) -> &'p Place {
        if self.written || !other.written { &self.place } else { &other.place }
    }
}

/// Both, where neither is wrong by itself.
pub(super) fn both<'r, T, U>(one: &'r Read<T>, other: &'r Read<U>) -> Option<(&'r At<T>, &'r At<U>)> {
    one.as_ref().ok().zip(other.as_ref().ok())
}

/// One table of the file, read key by key; what is wrong with a value goes to the report.
pub(super) struct Table<'t> {
    text: &'t Text<'t>,
    report: &'t Report,
    /// None where the file leaves the table out.
    rows: Option<&'t DeTable<'t>>,
    place: Place,
}

/// Parses the file. All that is broken in its syntax is reported, and such a file is read no further: what
/// would be found in the rest of it could be a consequence of that.
pub(super) fn parse<'t>(
    file: &str,
    text: &'t str,
    places: &Text<'_>,
    report: &Report,
) -> Result<DeTable<'t>, Reported> {
    let (table, errors) = DeTable::parse_recoverable(text);
    let reported = errors.iter().map(|error| {
        let place = error.span().map_or_else(|| Place::file(file), |span| places.place(span.start));
        report.add(&place, error.message(), "")
    });
    reported.last().map_or(Ok(table.into_inner()), Err)
}

impl<'t> Table<'t> {
    /// The table that is the file itself.
    pub(super) fn root(file: &str, table: &'t DeTable<'t>, text: &'t Text<'t>, report: &'t Report) -> Self {
        Self { text, report, rows: Some(table), place: Place::file(file) }
    }

    /// The table as a whole.
    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    pub(super) fn report(&self) -> &'t Report {
        self.report
    }

    /// Reports every key that is none of the section's.
    pub(super) fn refuse_unknown(&self, section: &Section) {
        for key in self.rows.iter().flat_map(|rows| rows.keys()) {
            if !section.has(key.get_ref()) {
                let place = self.place_of(key.span().start, key.get_ref());
                self.report.add(&place, "unknown key", keys::advice(section, key.get_ref()));
            }
        }
    }

    /// Reports each of `keys` that is there.
    pub(super) fn refuse(&self, keys: &[&str], message: &str) {
        for key in keys {
            if let Some(value) = self.value(key) {
                self.report.add(&self.place_of(value.span().start, key), message, "");
            }
        }
    }

    /// The value of a key that may be left out.
    pub(super) fn get<T>(
        &self,
        key: &str,
        read: impl FnOnce(&DeValue<'_>) -> Result<T, Wrong>,
    ) -> Result<Option<At<T>>, Reported> {
        let Some(value) = self.value(key) else { return Ok(None) };
        let place = self.place_of(value.span().start, key);
        match read(value.get_ref()) {
            Ok(value) => Ok(Some(At { value, place, written: true })),
            Err(wrong) => Err(self.add(wrong, place, value.span())),
        }
    }

    /// The value of a key, or its default.
    pub(super) fn get_or<T>(
        &self,
        key: &str,
        default: T,
        read: impl FnOnce(&DeValue<'_>) -> Result<T, Wrong>,
    ) -> Read<T> {
        let value = self.get(key, read)?;
        Ok(value.unwrap_or_else(|| At { value: default, place: self.place.below(key), written: false }))
    }

    /// The value of a key that must be there.
    pub(super) fn require<T>(
        &self,
        key: &str,
        hint: &str,
        read: impl FnOnce(&DeValue<'_>) -> Result<T, Wrong>,
    ) -> Read<T> {
        let value = self.get(key, read)?;
        value.ok_or_else(|| self.report.add(&self.place.below(key), "missing", hint))
    }

    /// The values of an array, each with its own place; none when the key is left out.
    pub(super) fn list<T>(
        &self,
        key: &str,
        expected: &str,
        read: impl Fn(&DeValue<'_>) -> Result<T, Wrong>,
    ) -> Vec<Read<T>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let Some(array) = value.get_ref().as_array() else {
            let wrong = value::mismatch(expected, value.get_ref());
            return vec![Err(self.add(wrong, self.place_of(value.span().start, key), value.span()))];
        };
        let items = array.iter().enumerate().map(|(index, item)| {
            let place = self.place_of(item.span().start, &numbered(key, index));
            match read(item.get_ref()) {
                Ok(value) => Ok(At { value, place, written: true }),
                Err(wrong) => Err(self.add(wrong, place, item.span())),
            }
        });
        items.collect()
    }

    /// The table `[key]`; an empty one when it is left out.
    pub(super) fn table(&self, key: &str) -> Result<Table<'t>, Reported> {
        let Some(value) = self.value(key) else {
            return Ok(Self { rows: None, place: self.place.below(key), ..*self });
        };
        let place = self.place_of(value.span().start, key);
        match value.get_ref().as_table() {
            Some(rows) => Ok(Self { rows: Some(rows), place, ..*self }),
            None => Err(self.report.add(&place, "expected a table", format!("write `[{key}]`"))),
        }
    }

    /// The tables `[[key]]`, in the order of the file.
    pub(super) fn tables(&self, key: &str) -> Vec<Result<Table<'t>, Reported>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let hint = format!("write `[[{key}]]`, in two pairs of brackets, above each one's keys");
        let Some(array) = value.get_ref().as_array() else {
            let place = self.place_of(value.span().start, key);
            return vec![Err(self.report.add(&place, "expected a list of tables", hint))];
        };
        let tables = array.iter().enumerate().map(|(index, item)| {
            let place = self.place_of(item.span().start, &numbered(key, index));
            match item.get_ref().as_table() {
                Some(rows) => Ok(Self { rows: Some(rows), place, ..*self }),
                None => Err(self.report.add(&place, "expected a table", hint.clone())),
            }
        });
        tables.collect()
    }

    /// Reports what is wrong with the value at `span`; of a script in it also what its compiler shows, and where in it.
    fn add(&self, wrong: Wrong, place: Place, span: Range<usize>) -> Reported {
        let Wrong { message, hint, script } = wrong;
        let Some(script) = script else { return self.report.add(&place, message, hint) };
        let offset = script.offset_in(self.text.as_str(), span.clone());
        let place = Place { key: place.key, ..self.text.place(offset) };
        let shown = script.rendered_in(&place.file, self.text.as_str(), span);
        self.report.add_with(&place, message, hint, shown)
    }

    fn value(&self, key: &str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.rows?.get(key)
    }

    fn place_of(&self, offset: usize, key: &str) -> Place {
        Place { key: self.place.below(key).key, ..self.text.place(offset) }
    }
}

/// People count from one.
fn numbered(key: &str, index: usize) -> String {
    format!("{key}[{}]", index + 1)
}
