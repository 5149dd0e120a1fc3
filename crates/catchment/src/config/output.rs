use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::keys;
use super::pipeline;
use super::problem::{Report, Reported};
use super::read::{At, Read, Table};
use super::sink::forward::{self, Forward};
use super::value::{Wrong, choice, path, quoted, text};

/// `[[output]]`: where records go, under a name of the user's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Named {
    /// Its name, unlike any other's: 1 to 32 of `a-z 0-9 _ -`.
    pub(crate) name: String,
    /// What it is.
    pub(crate) sink: Sink,
}

/// The value of `kind`, with its keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Sink {
    /// A file that grows.
    File { path: PathBuf, json: bool },
    /// Another collector.
    Forward(Forward),
}

/// An output as it is written.
pub(super) struct Written {
    pub(super) name: Read<String>,
    sink: Result<At<Sink>, Reported>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    File,
    Forward,
}

const KINDS: &[(&str, Word)] = &[("file", Word::File), ("forward", Word::Forward)];

/// The keys that only one kind has, and that kind.
const FOREIGN: &[(Word, &[&str], &str)] = &[
    (Word::File, &["path"], "only an output with `kind = \"file\"` has this key"),
    (Word::Forward, forward::KEYS, "only an output with `kind = \"forward\"` has this key"),
];

/// What each pipeline can name without an `[[output]]`.
pub(super) const ALWAYS: [&str; 3] = ["store", "tail", "stdout"];

impl Written {
    pub(super) fn read(table: &Table<'_>, base: &Path) -> Self {
        table.refuse_unknown(&keys::OUTPUT);
        let hint = "write `kind = \"file\"` or `kind = \"forward\"`";
        let kind = table.require("kind", hint, choice(KINDS));
        let sink = kind.and_then(|kind| {
            for (_, keys, message) in FOREIGN.iter().filter(|(word, ..)| *word != kind.value) {
                table.refuse(keys, message);
            }
            Ok(match kind.value {
                Word::File => {
                    let at = table.require("path", "write the file that records go to", path(base));
                    let json = table.get_or("format", true, choice(&[("json", true), ("text", false)]));
                    let (at, json) = (at?, json?.value);
                    At { value: Sink::File { path: at.value, json }, place: at.place, written: true }
                }
                Word::Forward => {
                    let forward = forward::Written::read(table).check(table.report())?;
                    At { value: Sink::Forward(forward), place: kind.place, written: true }
                }
            })
        });
        Self {
            name: table.require("name", "every output has a name of its own", text("a name", check_name)),
            sink,
        }
    }

    /// The output, if nothing is wrong with it.
    pub(super) fn named(&self) -> Option<Named> {
        let (name, sink) = (self.name.as_ref().ok()?, self.sink.as_ref().ok()?);
        Some(Named { name: name.value.clone(), sink: sink.value.clone() })
    }
}

/// Reports what no two outputs may both say, and each that no pipeline leads to.
pub(super) fn check(outputs: &[&Written], pipelines: &[&pipeline::Written], report: &Report) {
    for (index, output) in outputs.iter().enumerate() {
        let before = &outputs[..index];
        if let Ok(name) = &output.name {
            let names = before.iter().filter_map(|earlier| earlier.name.as_ref().ok());
            if let Some(earlier) = names.clone().find(|earlier| earlier.value == name.value) {
                let message = format!(
                    "{} is the name of the output in line {}",
                    quoted(&name.value),
                    earlier.place.line
                );
                report.add(&name.place, message, "give each output its own");
            } else if !pipelines.iter().any(|pipeline| pipeline.leads_to(&name.value)) {
                let message = format!("no pipeline leads to {}", quoted(&name.value));
                report.add(&name.place, message, "add it to the `to` of one, or remove it");
            }
        }
        if let Ok(sink) = &output.sink {
            let sinks = before.iter().filter_map(|earlier| earlier.sink.as_ref().ok());
            let Sink::File { path, .. } = &sink.value else { continue };
            let same =
                |other: &&At<Sink>| matches!(&other.value, Sink::File { path: other, .. } if other == path);
            if let Some(earlier) = sinks.clone().find(same) {
                let path = quoted(&path.display().to_string());
                let message = format!("{path} is the file of the output in line {}", earlier.place.line);
                report.add(&sink.place, message, "give each output a file of its own");
            }
            let writes = |pipeline: &&&pipeline::Written| {
                pipeline.writes(path)
                    && !output.name.as_ref().is_ok_and(|name| pipeline.leads_to(&name.value))
            };
            if let Some(other) = pipelines.iter().find(writes) {
                let name = other.name.as_ref().map_or("another", |name| name.value.as_str());
                let path = quoted(&path.display().to_string());
                let message = format!("{path} is written by the pipeline {} already", quoted(name));
                report.add(&sink.place, message, "give each output a file of its own");
            }
        }
    }
}

/// As a message lists what there is: what is always there, and these.
pub(super) fn listed(outputs: &[&Written]) -> String {
    let named = outputs.iter().filter_map(|output| Some(output.name.as_ref().ok()?.value.as_str()));
    ALWAYS.into_iter().chain(named).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn check_name(name: &str) -> Result<String, Wrong> {
    if ALWAYS.contains(&name) {
        return Err(Wrong::new(
            format!("{} is what every pipeline can name", quoted(name)),
            "choose another name",
        ));
    }
    pipeline::check_name(name).map_err(|_| {
        Wrong::new(format!("{} is not an output's name", quoted(name)), "write 1 to 32 of `a-z 0-9 _ -`")
    })
}

#[cfg(test)]
mod tests {
    use super::{Named, Sink};
    use crate::config::Output;
    use crate::config::testing::{config, problems};

    const ERRORS: &str = "[[output]]\nname = 'errors'\nkind = 'file'\npath = 'errors.txt'\nformat = 'text'\n";

    #[test]
    fn an_output_by_its_name() {
        let text = format!("{ERRORS}[[pipeline]]\nname = 'main'\nto = ['store', 'errors']");
        let sink = Sink::File { path: "/base/errors.txt".into(), json: false };
        let named = Output::Named(Named { name: "errors".to_owned(), sink });
        assert_eq!(config(&text).pipelines[0].to, [Output::Store, named]);
    }

    #[test]
    fn mistakes() {
        let to = |names: &str| format!("[[pipeline]]\nname = 'main'\nto = [{names}]");
        for (outputs, pipelines, expected) in [
            (
                ERRORS.to_owned(),
                to("'store'"),
                "a:2: output[1].name: no pipeline leads to `errors`; add it to the `to` of one, or remove it",
            ),
            (
                ERRORS.to_owned(),
                String::new(),
                "a:2: output[1].name: no pipeline leads to `errors`; add it to the `to` of one, or remove it",
            ),
            (
                ERRORS.to_owned(),
                to("'errors', 'eror'"),
                "a:8: pipeline[1].to[2]: `eror` is no output; there are `store`, `tail`, `stdout`, `errors`, or write \
                 `{ file = \"records.ndjson\", format = \"json\" }`",
            ),
            (
                format!("{ERRORS}{ERRORS}"),
                to("'errors'"),
                "a:7: output[2].name: `errors` is the name of the output in line 2; give each output its own\n\
                 a:9: output[2].path: `/base/errors.txt` is the file of the output in line 4; give each output a file of its own",
            ),
            (
                "[[output]]\nname = 'tail'\nkind = 'disk'\n".to_owned(),
                to("'tail'"),
                "a:2: output[1].name: `tail` is what every pipeline can name; choose another name\n\
                 a:3: output[1].kind: expected one of `\"file\"`, `\"forward\"`, found `disk`",
            ),
            (
                ERRORS.replace("path", "url"),
                to("'errors'"),
                "a:1: output[1].path: missing; write the file that records go to\n\
                 a:4: output[1].url: unknown key; `url` belongs in `[store]`",
            ),
            (
                ERRORS.to_owned(),
                format!("{}\n{}", to("'errors'"), to("'errors'").replace("main", "other")),
                "a:11: pipeline[2].to[1]: `errors` is written by the pipeline `main` already; give each pipeline an output of its own",
            ),
            (
                ERRORS.to_owned(),
                to("'errors', { file = 'errors.txt' }"),
                "a:8: pipeline[1].to[2]: this output is in the list already; remove one of them",
            ),
        ] {
            let text = format!("{outputs}{pipelines}");
            assert_eq!(problems(&text), expected, "{text}");
        }
    }
}
