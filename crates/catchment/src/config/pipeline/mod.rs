mod output;
mod stage;

use std::path::Path;

use pipeline::Stage;
use serde::{Deserialize, Serialize};

pub(crate) use output::Output;

use super::keys;
use super::problem::{Report, Reported};
use super::read::{At, Read, Table};
use super::value::{Wrong, quoted, text};

/// `[[pipeline]]`: from sources, through stages, to outputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pipeline {
    /// Its name, unlike any other's: 1 to 32 of `a-z 0-9 _ -`.
    pub(crate) name: String,
    /// The sources whose lines it takes; none for all.
    pub(crate) from: Vec<String>,
    /// What happens to each record, in this order.
    pub(crate) stages: Vec<Stage>,
    /// Where the records go: at least one.
    pub(crate) to: Vec<Output>,
}

/// A pipeline as it is written.
pub(super) struct Written {
    pub(super) name: Read<String>,
    pub(super) from: Vec<Read<String>>,
    stages: Vec<Read<Stage>>,
    pub(super) to: Vec<Read<Output>>,
    place: super::problem::Place,
}

const NAME_BYTES_MAX: usize = 32;

impl Pipeline {
    /// What runs when the file has no `[[pipeline]]`.
    pub(crate) fn main() -> Self {
        let to = vec![Output::Store, Output::Tail];
        Self { name: "main".to_owned(), from: Vec::new(), stages: Vec::new(), to }
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
            stages: table.list("stages", "a list of stages", |value| stage::read(value, base)),
            to: table.list("to", "a list of outputs", |value| output::read(value, base)),
            place: table.place().clone(),
        }
    }

    pub(super) fn check(self, sources: &[&str], report: &Report) -> Result<Pipeline, Reported> {
        for from in self.from.iter().flatten() {
            if !sources.contains(&from.value.as_str()) {
                let hint = format!("there are {}", listed(sources));
                report.add(&from.place, format!("{} is no source", quoted(&from.value)), hint);
            }
        }
        if self.to.is_empty() {
            report.add(&self.place.below("to"), "missing", format!("write a list of {}", output::EXPECTED));
        }
        for (index, output) in self.to.iter().flatten().enumerate() {
            if self.to.iter().flatten().take(index).any(|earlier| earlier.value == output.value) {
                report.add(&output.place, "this output is in the list already", "remove one of them");
            }
        }
        let all = |list: Vec<Read<String>>| -> Result<Vec<String>, Reported> {
            list.into_iter().map(|item| item.map(|item| item.value)).collect()
        };
        let stages: Result<_, _> = self.stages.into_iter().map(|item| item.map(|item| item.value)).collect();
        let to: Result<Vec<Output>, _> =
            self.to.into_iter().map(|item| item.map(|item| item.value)).collect();
        Ok(Pipeline { name: self.name?.value, from: all(self.from)?, stages: stages?, to: to? })
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
            let others = pipelines[..index].iter().filter(|other| {
                other.to.iter().flatten().any(|theirs| match (&theirs.value, &output.value) {
                    (Output::File { path, .. }, Output::File { path: ours, .. }) => path == ours,
                    (theirs, ours) => theirs == ours,
                })
            });
            for other in others {
                let name = other.name.as_ref().map_or("another", |name| name.value.as_str());
                match &output.value {
                    Output::Store => {
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
                    Output::File { path, .. } => {
                        let message = format!(
                            "{} is written by the pipeline {} already",
                            quoted(&path.display().to_string()),
                            quoted(name)
                        );
                        report.add(&output.place, message, "give each pipeline a file of its own");
                    }
                    Output::Tail | Output::Stdout => {}
                }
            }
        }
    }
}

fn check_name(name: &str) -> Result<String, Wrong> {
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
