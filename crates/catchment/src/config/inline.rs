//! Tables within a value: `{ parse = "syslog", zone = "Europe/Berlin" }`.

use toml::de::{DeTable, DeValue};

use super::value::{Wrong, mismatch, quoted};

/// One such table, read key by key. What is wrong is said of the value as a whole, and names the key.
pub(super) struct Inline<'t> {
    rows: &'t DeTable<'t>,
    /// What it should be, with an example.
    expected: &'t str,
}

impl<'t> Inline<'t> {
    pub(super) fn of(value: &'t DeValue<'t>, expected: &'t str) -> Result<Self, Wrong> {
        let rows = value.as_table().ok_or_else(|| mismatch(expected, value))?;
        Ok(Self { rows, expected })
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.rows.contains_key(key)
    }

    /// Its keys with their values.
    pub(super) fn rows(&self) -> impl Iterator<Item = (&str, &DeValue<'t>)> {
        self.rows.iter().map(|(key, value)| (&**key.get_ref(), value.get_ref()))
    }

    /// Refuses every key but these.
    pub(super) fn allow(&self, keys: &[&str]) -> Result<(), Wrong> {
        match self.rows().find(|(key, _)| !keys.contains(key)) {
            Some((key, _)) => Err(self.wrong(format!("unknown key {}", quoted(key)))),
            None => Ok(()),
        }
    }

    pub(super) fn get<T>(
        &self,
        key: &str,
        read: impl FnOnce(&DeValue<'t>) -> Result<T, Wrong>,
    ) -> Result<Option<T>, Wrong> {
        self.rows.get(key).map(|value| within(key, read(value.get_ref()))).transpose()
    }

    pub(super) fn require<T>(
        &self,
        key: &str,
        read: impl FnOnce(&DeValue<'t>) -> Result<T, Wrong>,
    ) -> Result<T, Wrong> {
        self.get(key, read)?.ok_or_else(|| self.wrong(format!("`{key}` is missing")))
    }

    /// Says that something is wrong with the table, and how one is written.
    pub(super) fn wrong(&self, message: impl Into<String>) -> Wrong {
        Wrong::new(message, format!("write {}", self.expected))
    }
}

/// Says which key it is that is wrong.
pub(super) fn within<T>(key: &str, read: Result<T, Wrong>) -> Result<T, Wrong> {
    read.map_err(|wrong| Wrong { message: format!("{}: {}", quoted(key), wrong.message), ..wrong })
}

/// One text, or a list of them.
pub(super) fn texts(expected: &str) -> impl Fn(&DeValue<'_>) -> Result<Vec<String>, Wrong> {
    move |value| {
        if let Some(one) = value.as_str() {
            return Ok(vec![one.to_owned()]);
        }
        let list =
            value.as_array().ok_or_else(|| mismatch(&format!("{expected} or a list of such"), value))?;
        list.iter()
            .map(|one| {
                let one = one.get_ref();
                one.as_str().map(str::to_owned).ok_or_else(|| mismatch(expected, one))
            })
            .collect()
    }
}
