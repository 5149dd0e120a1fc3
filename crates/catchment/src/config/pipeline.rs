use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use toml::de::DeValue;

use super::keys;
use super::problem::{Report, Reported};
use super::read::{At, Read, Table};
use super::store::within;
use super::value::{Wrong, mismatch, path_below, quoted, text};

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

/// One step of a pipeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Stage {
    /// Only records of these sources and peers go on; an empty list means all. A `*` stands for any characters.
    Where { source: Vec<String>, peer: Vec<String> },
    /// Each record is given these fields.
    Set(Vec<(String, Scalar)>),
    /// A line that is a JSON object becomes fields.
    ParseJson,
}

/// The value of a field in the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Scalar {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
}

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

/// A pipeline as it is written.
pub(super) struct Written {
    pub(super) name: Read<String>,
    pub(super) from: Vec<Read<String>>,
    stages: Vec<Read<Stage>>,
    pub(super) to: Vec<Read<Output>>,
    place: super::problem::Place,
}

const NAME_BYTES_MAX: usize = 32;
const OUTPUTS: &str = "`\"store\"`, `\"tail\"`, `\"stdout\"` or `{ file = \"records.ndjson\" }`";

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
            stages: table.list("stages", "a list of stages", stage),
            to: table.list("to", "a list of outputs", |value| output(value, base)),
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
            report.add(&self.place.below("to"), "missing", format!("write a list of {OUTPUTS}"));
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

fn output(value: &DeValue<'_>, base: &Path) -> Result<Output, Wrong> {
    if let Some(table) = value.as_table() {
        return file(table, base);
    }
    let word = value.as_str().ok_or_else(|| mismatch(OUTPUTS, value))?;
    match word {
        "store" => Ok(Output::Store),
        "tail" => Ok(Output::Tail),
        "stdout" => Ok(Output::Stdout),
        _ => Err(Wrong::new(format!("{} is no output", quoted(word)), format!("write {OUTPUTS}"))),
    }
}

fn file(table: &toml::de::DeTable<'_>, base: &Path) -> Result<Output, Wrong> {
    let (mut path, mut json) = (None, true);
    for (key, value) in table {
        let word = value.get_ref().as_str().ok_or_else(|| mismatch("a text", value.get_ref()));
        match (&**key.get_ref(), word) {
            ("file", word) => path = Some(within("file", word.and_then(|word| path_below(base, word)))?),
            ("format", Ok("json")) => json = true,
            ("format", Ok("text")) => json = false,
            ("format", _) => {
                return Err(Wrong::new("`format` is not understood", "write `\"json\"` or `\"text\"`"));
            }
            (other, _) => {
                let message = format!("{} is no key of an output", quoted(other));
                return Err(Wrong::new(message, "write `{ file = \"records.ndjson\", format = \"json\" }`"));
            }
        }
    }
    let path = path.ok_or_else(|| Wrong::new("this output is no file", format!("write {OUTPUTS}")))?;
    Ok(Output::File { path, json })
}

fn stage(value: &DeValue<'_>) -> Result<Stage, Wrong> {
    let expected = "a stage such as `{ parse = \"json\" }`, `{ where = { peer = \"gw-*\" } }` or `{ set = { site = \"north\" } }`";
    let table = value.as_table().ok_or_else(|| mismatch(expected, value))?;
    let mut entries = table.iter();
    let (Some((key, value)), None) = (entries.next(), entries.next()) else {
        return Err(Wrong::new("a stage has one key", format!("write {expected}")));
    };
    let value = value.get_ref();
    match &**key.get_ref() {
        "parse" => match value.as_str() {
            Some("json") => Ok(Stage::ParseJson),
            Some(other) => Err(Wrong::new(format!("{} is no parser", quoted(other)), "write `\"json\"`")),
            None => Err(mismatch("the name of a parser", value)),
        },
        "where" => condition(value),
        "set" => set(value),
        other => Err(Wrong::new(format!("{} is no stage", quoted(other)), format!("write {expected}"))),
    }
}

fn condition(value: &DeValue<'_>) -> Result<Stage, Wrong> {
    let expected = "a condition such as `{ source = \"gateways\", peer = [\"gw-1*\", \"gw-2*\"] }`";
    let table = value.as_table().ok_or_else(|| mismatch(expected, value))?;
    let (mut source, mut peer) = (Vec::new(), Vec::new());
    for (key, value) in table {
        let names = names(value.get_ref());
        match &**key.get_ref() {
            "source" => source = within("source", names)?,
            "peer" => peer = within("peer", names)?,
            other => {
                let message = format!("{} is no condition", quoted(other));
                return Err(Wrong::new(message, format!("write {expected}")));
            }
        }
    }
    if source.is_empty() && peer.is_empty() {
        return Err(Wrong::new("there is no condition", format!("write {expected}")));
    }
    Ok(Stage::Where { source, peer })
}

/// One name, or a list of names.
fn names(value: &DeValue<'_>) -> Result<Vec<String>, Wrong> {
    if let Some(one) = value.as_str() {
        return Ok(vec![one.to_owned()]);
    }
    let list = value.as_array().ok_or_else(|| mismatch("a name or a list of names", value))?;
    list.iter()
        .map(|name| {
            name.get_ref().as_str().map(str::to_owned).ok_or_else(|| mismatch("a name", name.get_ref()))
        })
        .collect()
}

fn set(value: &DeValue<'_>) -> Result<Stage, Wrong> {
    let expected = "fields with their values, such as `{ site = \"north\", rack = 7 }`";
    let table = value.as_table().ok_or_else(|| mismatch(expected, value))?;
    let fields = table.iter().map(|(key, value)| {
        let name = key.get_ref().to_string();
        let value = within(&name, scalar(value.get_ref()))?;
        Ok((name, value))
    });
    fields.collect::<Result<_, _>>().map(Stage::Set)
}

fn scalar(value: &DeValue<'_>) -> Result<Scalar, Wrong> {
    let integer =
        value.as_integer().and_then(|integer| i64::from_str_radix(integer.as_str(), integer.radix()).ok());
    let float = value.as_float().and_then(|float| float.as_str().parse().ok());
    None.or(value.as_bool().map(Scalar::Bool))
        .or(integer.map(Scalar::Int))
        .or(float.map(Scalar::Float))
        .or(value.as_str().map(|text| Scalar::Text(text.to_owned())))
        .ok_or_else(|| mismatch("a text, a number, `true` or `false`", value))
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::{Output, Pipeline, Scalar, Stage};
    use crate::config::testing::{config, problems};

    const MAIN: &str = "[[pipeline]]\nname = 'main'\n";

    #[test]
    fn without_any_everything_goes_to_store_and_tail() {
        assert_eq!(config("").pipelines, [Pipeline::main()]);
    }

    #[test]
    fn values() {
        let text = format!(
            "{MAIN}from = ['s']\nto = ['store', 'tail', 'stdout', {{ file = 'out/a.txt', format = 'text' }}]\n\
             stages = [{{ parse = 'json' }}, {{ where = {{ peer = 'gw-*', source = ['s'] }} }}, \
             {{ set = {{ site = 'north', rack = 7, ratio = 0.5, on = true }} }}]"
        );
        let file = Output::File { path: "/base/out/a.txt".into(), json: false };
        let mut set = vec![
            ("site".to_owned(), Scalar::Text("north".to_owned())),
            ("rack".to_owned(), Scalar::Int(7)),
            ("ratio".to_owned(), Scalar::Float(0.5)),
            ("on".to_owned(), Scalar::Bool(true)),
        ];
        set.sort_by(|one, other| one.0.cmp(&other.0));
        let stages = vec![
            Stage::ParseJson,
            Stage::Where { source: vec!["s".to_owned()], peer: vec!["gw-*".to_owned()] },
            Stage::Set(set),
        ];
        let to = vec![Output::Store, Output::Tail, Output::Stdout, file];
        let expected = Pipeline { name: "main".to_owned(), from: vec!["s".to_owned()], stages, to };
        assert_eq!(config(&text).pipelines, [expected]);
    }

    #[test]
    fn mistakes() {
        for (keys, expected) in [
            ("to = ['store']\nfrom = ['t']", "a:4: pipeline[1].from[1]: `t` is no source; there are `s`"),
            (
                "to = ['disk']",
                "a:3: pipeline[1].to[1]: `disk` is no output; write `\"store\"`, `\"tail\"`, `\"stdout\"` or `{ file = \"records.ndjson\" }`",
            ),
            (
                "to = ['tail', 'tail']",
                "a:3: pipeline[1].to[2]: this output is in the list already; remove one of them",
            ),
            (
                "to = ['tail']\nstages = [{ parse = 'xml' }]",
                "a:4: pipeline[1].stages[1]: `xml` is no parser; write `\"json\"`",
            ),
            (
                "to = ['tail']\nstages = [{ where = {} }]",
                "a:4: pipeline[1].stages[1]: there is no condition; write a condition such as `{ source = \"gateways\", peer = [\"gw-1*\", \"gw-2*\"] }`",
            ),
            (
                "to = ['tail']\nstages = [{ set = { a = [1] } }]",
                "a:4: pipeline[1].stages[1]: `a`: expected a text, a number, `true` or `false`, found an array",
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
