//! Where records go.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use toml::de::DeValue;

use crate::config::inline::Inline;
use crate::config::value::{Wrong, choice, mismatch, path, quoted};

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
}

pub(super) const EXPECTED: &str =
    "`\"store\"`, `\"tail\"`, `\"stdout\"` or `{ file = \"records.ndjson\", format = \"json\" }`";

pub(super) fn read(value: &DeValue<'_>, base: &Path) -> Result<Output, Wrong> {
    if value.as_table().is_some() {
        return file(&Inline::of(value, EXPECTED)?, base);
    }
    let word = value.as_str().ok_or_else(|| mismatch(EXPECTED, value))?;
    match word {
        "store" => Ok(Output::Store),
        "tail" => Ok(Output::Tail),
        "stdout" => Ok(Output::Stdout),
        _ => Err(Wrong::new(format!("{} is no output", quoted(word)), format!("write {EXPECTED}"))),
    }
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
                "`disk` is no output; write `\"store\"`, `\"tail\"`, `\"stdout\"` or `{ file = \"records.ndjson\", format = \"json\" }`",
            ),
            (
                "{ format = 'text' }",
                "`file` is missing; write `\"store\"`, `\"tail\"`, `\"stdout\"` or `{ file = \"records.ndjson\", format = \"json\" }`",
            ),
            (
                "{ file = 'a', kind = 1 }",
                "unknown key `kind`; write `\"store\"`, `\"tail\"`, `\"stdout\"` or `{ file = \"records.ndjson\", format = \"json\" }`",
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
