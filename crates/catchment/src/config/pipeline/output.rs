//! Where records go.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use toml::de::DeValue;

use crate::config::inline::Inline;
use crate::config::output::{Named, Sink};
use crate::config::value::{Wrong, choice, mismatch, path};

/// Where records go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Output {
    /// The queryable table.
    Store,
    /// Whoever runs `catchment tail`.
    Tail,
    /// The standard output.
    Stdout,
    /// A file that grows.
    File { path: PathBuf, json: bool },
    /// What an `[[output]]` says.
    Named(Named),
}

impl Output {
    /// The file that it writes to.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::File { path, .. } | Self::Named(Named { sink: Sink::File { path, .. }, .. }) => Some(path),
            Self::Store | Self::Tail | Self::Stdout | Self::Named(_) => None,
        }
    }

    /// What a `route` stage calls it.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::Store => Some("store"),
            Self::Tail => Some("tail"),
            Self::Stdout => Some("stdout"),
            Self::Named(named) => Some(&named.name),
            Self::File { .. } => None,
        }
    }

    /// What people know it by.
    pub(crate) fn title(&self) -> String {
        let file = || self.path().map(|path| path.display().to_string());
        self.name().map(str::to_owned).or_else(file).unwrap_or_default()
    }

    /// True when no pipeline can have both.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self == other || self.path().is_some() && self.path() == other.path()
    }
}

/// An item of `to` as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Output(Output),
    /// The name of an `[[output]]`, perhaps.
    Name(String),
}

impl Item {
    /// True when no two pipelines can have both, or no one.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Output(one), Self::Output(other)) => one.is_like(other),
            (one, other) => one == other,
        }
    }
}

pub(super) const EXPECTED: &str = "`\"store\"`, `\"tail\"`, `\"stdout\"`, the name of an `[[output]]` or `{ file = \"records.ndjson\", format = \"json\" }`";

pub(super) fn read(value: &DeValue<'_>, base: &Path) -> Result<Item, Wrong> {
    if value.as_table().is_some() {
        return file(&Inline::of(value, EXPECTED)?, base).map(Item::Output);
    }
    let word = value.as_str().ok_or_else(|| mismatch(EXPECTED, value))?;
    Ok(match word {
        "store" => Item::Output(Output::Store),
        "tail" => Item::Output(Output::Tail),
        "stdout" => Item::Output(Output::Stdout),
        name => Item::Name(name.to_owned()),
    })
}

fn file(table: &Inline<'_>, base: &Path) -> Result<Output, Wrong> {
    table.allow(&["file", "format"])?;
    let path = table.require("file", path(base))?;
    let json = table.get("format", choice(&[("json", true), ("text", false)]))?.unwrap_or(true);
    Ok(Output::File { path, json })
}

#[cfg(test)]
mod tests {
    use super::Output;
    use crate::config::testing::{config, problems};

    #[test]
    fn outputs() {
        let to = "['store', 'tail', 'stdout', { file = 'out/a.txt', format = 'text' }, { file = 'b' }]";
        let expected = [
            Output::Store,
            Output::Tail,
            Output::Stdout,
            Output::File { path: "/base/out/a.txt".into(), json: false },
            Output::File { path: "/base/b".into(), json: true },
        ];
        let config = config(&format!("[[pipeline]]\nname = 'main'\nto = {to}"));
        assert_eq!(config.pipelines[0].to, expected);
    }

    #[test]
    fn mistakes() {
        for (to, expected) in [
            (
                "'disk'",
                "`disk` is no output; there are `store`, `tail`, `stdout`, or write `{ file = \"records.ndjson\", format = \"json\" }`",
            ),
            (
                "{ format = 'text' }",
                "`file` is missing; write `\"store\"`, `\"tail\"`, `\"stdout\"`, the name of an `[[output]]` or `{ file = \"records.ndjson\", format = \"json\" }`",
            ),
            (
                "{ file = 'a', kind = 1 }",
                "unknown key `kind`; write `\"store\"`, `\"tail\"`, `\"stdout\"`, the name of an `[[output]]` or `{ file = \"records.ndjson\", format = \"json\" }`",
            ),
            (
                "{ file = 'a', format = 'xml' }",
                "`format`: expected one of `\"json\"`, `\"text\"`, found `xml`",
            ),
        ] {
            let text = format!("[[pipeline]]\nname = 'main'\nto = [{to}]");
            assert_eq!(problems(&text), format!("a:3: pipeline[1].to[1]: {expected}"));
        }
    }
}
