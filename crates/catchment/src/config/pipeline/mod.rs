mod handler;
mod multiline;
mod output;
mod route;
mod stage;

use std::path::Path;

use pipeline::{Multiline, Stage};
use serde::{Deserialize, Serialize};

use output::Item;
pub(crate) use output::Output;

use super::keys;
use super::output as outputs;
use super::problem::{Report, Reported};
use super::read::{At, Read, Table};
use super::source;
use super::value::{Wrong, count, or_false, quoted, text};

/// `[[pipeline]]`: from sources, through stages, to outputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pipeline {
    /// Its name, unlike any other's: 1 to 32 of `a-z 0-9 _ -`.
    pub(crate) name: String,
    /// The sources whose lines it takes; none for all.
    pub(crate) from: Vec<String>,
    /// How lines are joined to records first.
    #[serde(default)]
    pub(crate) multiline: Option<Multiline>,
    /// What happens to each record, in this order.
    pub(crate) stages: Vec<Stage>,
    /// So many threads work on the stages, 1 to 64, but no more than there are cores.
    #[serde(default = "one")]
    pub(crate) threads: usize,
    /// Where the records go: at least one.
    pub(crate) to: Vec<Output>,
}

/// A pipeline as it is written.
pub(super) struct Written {
    pub(super) name: Read<String>,
    pub(super) from: Vec<Read<String>>,
    multiline: Read<Option<Multiline>>,
    stages: Vec<Read<Stage>>,
    threads: Read<usize>,
    to: Vec<Read<Item>>,
    place: super::problem::Place,
}

const NAME_BYTES_MAX: usize = 32;
const THREADS_MAX: usize = 64;

/// The pipeline's own thread, alone.
fn one() -> usize {
    1
}

impl Pipeline {
    /// What runs when the file has no `[[pipeline]]`.
    pub(crate) fn main() -> Self {
        let to = vec![Output::Store, Output::Tail];
        let (name, from, stages) = ("main".to_owned(), Vec::new(), Vec::new());
        Self { name, from, multiline: None, stages, threads: one(), to }
    }

    /// True when lines of this source pass through it.
    pub(crate) fn takes(&self, source: &str) -> bool {
        self.from.is_empty() || self.from.iter().any(|name| name == source)
    }
}

impl Written {
    pub(super) fn read(table: &Table<'_>, base: &Path) -> Self {
        table.refuse_unknown(&keys::PIPELINE);
        Self {
            name: table.require("name", "every pipeline has a name of its own", text("a name", check_name)),
            from: table.list(
                "from",
                "a list of names of sources",
                text("the name of a source", |name| Ok(name.to_owned())),
            ),
            multiline: table.get_or("multiline", None, or_false(multiline::read)),
            stages: table.list("stages", "a list of stages", |value| stage::read(value, base)),
            threads: table.get_or("threads", one(), count(1..=THREADS_MAX)),
            to: table.list("to", "a list of outputs", |value| output::read(value, base)),
            place: table.place().clone(),
        }
    }

    /// True when the output of this name is in `to`.
    pub(super) fn leads_to(&self, name: &str) -> bool {
        self.to.iter().flatten().any(|item| matches!(&item.value, Item::Name(other) if other == name))
    }

    /// True when it writes to this file by itself.
    pub(super) fn writes(&self, path: &Path) -> bool {
        let mut to = self.to.iter().flatten();
        to.any(|item| matches!(&item.value, Item::Output(output) if output.path() == Some(path)))
    }

    pub(super) fn check(
        self,
        sources: &[&str],
        outputs: &[&outputs::Written],
        report: &Report,
    ) -> Result<Pipeline, Reported> {
        for stage in self.stages.iter().flatten() {
            handler::check(stage, report);
        }
        for from in self.from.iter().flatten() {
            if !sources.contains(&from.value.as_str()) {
                let hint = format!("there are {}", listed(sources));
                report.add(&from.place, format!("{} is no source", quoted(&from.value)), hint);
            }
        }
        if self.to.is_empty() {
            report.add(&self.place.below("to"), "missing", format!("write a list of {}", output::EXPECTED));
        }
        let to: Vec<Read<Output>> =
            self.to.into_iter().map(|item| item.and_then(|item| resolve(item, outputs, report))).collect();
        route::check(&self.stages, &to, &self.place, report);
        for (index, output) in to.iter().flatten().enumerate() {
            if to.iter().flatten().take(index).any(|earlier| earlier.value.is_like(&output.value)) {
                report.add(&output.place, "this output is in the list already", "remove one of them");
            }
        }
        let all = |list: Vec<Read<String>>| -> Result<Vec<String>, Reported> {
            list.into_iter().map(|item| item.map(|item| item.value)).collect()
        };
        let stages: Result<_, _> = self.stages.into_iter().map(|item| item.map(|item| item.value)).collect();
        let to: Result<Vec<Output>, _> = to.into_iter().map(|item| item.map(|item| item.value)).collect();
        Ok(Pipeline {
            name: self.name?.value,
            from: all(self.from)?,
            multiline: self.multiline?.value,
            stages: stages?,
            threads: self.threads?.value,
            to: to?,
        })
    }
}

/// What an item of `to` means.
fn resolve(item: At<Item>, outputs: &[&outputs::Written], report: &Report) -> Read<Output> {
    let At { value, place, written } = item;
    let name = match value {
        Item::Output(value) => return Ok(At { value, place, written }),
        Item::Name(name) => name,
    };
    let is_it = |output: &&&outputs::Written| output.name.as_ref().is_ok_and(|own| own.value == name);
    match outputs.iter().find(is_it).map(|output| output.named()) {
        Some(Some(named)) => Ok(At { value: Output::Named(named), place, written }),
        // What is wrong with it was reported there.
        Some(None) => Err(Reported),
        None => {
            let hint = format!(
                "there are {}, or write `{{ file = \"records.ndjson\", format = \"json\" }}`",
                outputs::listed(outputs)
            );
            Err(report.add(&place, format!("{} is no output", quoted(&name)), hint))
        }
    }
}

/// Reports each source whose lines no pipeline takes, if it does not say that it is meant so: they would be journalled, and freed unread.
pub(super) fn take_all(pipelines: &[&Written], sources: &[&source::Written], report: &Report) {
    let named = || pipelines.iter().flat_map(|pipeline| &pipeline.from);
    let is_known = |name: &At<String>| {
        sources.iter().any(|source| source.name.as_ref().is_ok_and(|known| known.value == name.value))
    };
    // A name that is wrong may have been meant for it.
    if named().any(|from| !from.as_ref().is_ok_and(is_known)) {
        return;
    }
    let takes_all = pipelines.is_empty() || pipelines.iter().any(|pipeline| pipeline.from.is_empty());
    for source in sources {
        let (Ok(name), Ok(journal_only)) = (&source.name, &source.journal_only) else { continue };
        let is_taken = takes_all || named().flatten().any(|from| from.value == name.value);
        if !is_taken && !journal_only.value {
            let message = format!("no pipeline takes the lines of {}", quoted(&name.value));
            let hint = "add it to the `from` of one, or write `journal_only = true` if its lines are to end in the journal";
            report.add(&name.place, message, hint);
        } else if is_taken && journal_only.value {
            report.add(
                &journal_only.place,
                "a pipeline takes its lines",
                "write the `from` of each pipeline, without it",
            );
        }
    }
}

/// Reports what no two pipelines may both say.
pub(super) fn differ(pipelines: &[&Written], sources: &[&str], report: &Report) {
    let mut names: Vec<&At<String>> = Vec::new();
    for name in pipelines.iter().filter_map(|pipeline| pipeline.name.as_ref().ok()) {
        if let Some(earlier) = names.iter().find(|earlier| earlier.value == name.value) {
            let message =
                format!("{} is the name of the pipeline in line {}", quoted(&name.value), earlier.place.line);
            report.add(&name.place, message, "give each pipeline its own");
        }
        names.push(name);
    }
    outputs_differ(pipelines, sources, report);
}

/// A record is in the store once, by its position, and in a file in the order of one pipeline.
fn outputs_differ(pipelines: &[&Written], sources: &[&str], report: &Report) {
    let takes = |pipeline: &Written, source: &str| {
        pipeline.from.is_empty() || pipeline.from.iter().flatten().any(|from| from.value == source)
    };
    for (index, pipeline) in pipelines.iter().enumerate() {
        for output in pipeline.to.iter().flatten() {
            let others = pipelines[..index]
                .iter()
                .filter(|other| other.to.iter().flatten().any(|theirs| theirs.value.is_like(&output.value)));
            for other in others {
                let name = other.name.as_ref().map_or("another", |name| name.value.as_str());
                match &output.value {
                    Item::Output(Output::Store) => {
                        if let Some(source) =
                            sources.iter().find(|source| takes(pipeline, source) && takes(other, source))
                        {
                            let message = format!(
                                "{} reaches the store through the pipeline {} already",
                                quoted(source),
                                quoted(name)
                            );
                            report.add(
                                &output.place,
                                message,
                                "let a source reach the store through one pipeline only",
                            );
                        }
                    }
                    Item::Name(output_name) => {
                        let message = format!(
                            "{} is written by the pipeline {} already",
                            quoted(output_name),
                            quoted(name)
                        );
                        report.add(&output.place, message, "give each pipeline an output of its own");
                    }
                    Item::Output(Output::File { path, .. }) => {
                        let message = format!(
                            "{} is written by the pipeline {} already",
                            quoted(&path.display().to_string()),
                            quoted(name)
                        );
                        report.add(&output.place, message, "give each pipeline a file of its own");
                    }
                    Item::Output(Output::Tail | Output::Stdout | Output::Named(_)) => {}
                }
            }
        }
    }
}

pub(super) fn check_name(name: &str) -> Result<String, Wrong> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    if (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(allowed) {
        return Ok(name.to_owned());
    }
    Err(Wrong::new(format!("{} is not a pipeline's name", quoted(name)), "write 1 to 32 of `a-z 0-9 _ -`"))
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::Pipeline;
    use crate::config::testing::{config, problems};

    const MAIN: &str = "[[pipeline]]\nname = 'main'\n";

    #[test]
    fn without_any_everything_goes_to_store_and_tail() {
        assert_eq!(config("").pipelines, [Pipeline::main()]);
    }

    #[test]
    fn a_source_without_a_pipeline() {
        let text = format!(
            "{MAIN}from = ['t']\nto = ['tail']\n[[source]]\nname = 't'\nkind = 'listen'\naddress = '127.0.0.1:0'"
        );
        assert_eq!(
            problems(&text),
            "a:10: source[2].name: no pipeline takes the lines of `s`; add it to the `from` of one, or write `journal_only = true` if its \
             lines are to end in the journal"
        );
        let only = |pipelines: &str, source: &str| {
            format!("{pipelines}[[source]]\nname = 't'\n{source}kind = 'listen'\naddress = '127.0.0.1:0'")
        };
        config(&only(&format!("{MAIN}from = ['s']\nto = ['tail']\n"), "journal_only = true\n"));
        assert_eq!(
            problems(&only("", "journal_only = true\n")),
            "a:3: source[1].journal_only: a pipeline takes its lines; write the `from` of each pipeline, without it"
        );
    }

    #[test]
    fn mistakes() {
        for (keys, expected) in [
            ("to = ['store']\nfrom = ['t']", "a:4: pipeline[1].from[1]: `t` is no source; there are `s`"),
            (
                "to = ['tail', 'tail']",
                "a:3: pipeline[1].to[2]: this output is in the list already; remove one of them",
            ),
            (
                "to = ['store']\n[[pipeline]]\nname = 'other'\nto = ['store']",
                "a:6: pipeline[2].to[1]: `s` reaches the store through the pipeline `main` already; let a source reach the store through one pipeline only",
            ),
            (
                "to = ['tail']\n[[pipeline]]\nname = 'main'\nto = ['tail']",
                "a:5: pipeline[2].name: `main` is the name of the pipeline in line 2; give each pipeline its own",
            ),
        ] {
            assert_eq!(problems(&format!("{MAIN}{keys}")), expected, "{keys}");
        }
    }
}
