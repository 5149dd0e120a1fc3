//! `[[test]]`: lines that go into a pipeline, and the records that are to come out.

use serde_json::{Map, Value};
use toml::de::{DeTable, DeValue};

use super::inline::{Inline, within};
use super::keys;
use super::pipeline::Pipeline;
use super::problem::{Report, Reported};
use super::read::{Read, Table};
use super::value::{Wrong, boolean, mismatch, quoted, text};

/// One test, as `catchment test` runs it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Test {
    /// What it shows.
    pub(crate) name: String,
    /// The pipeline that it is about, one of the configuration's.
    pub(crate) pipeline: String,
    /// At least one line.
    pub(crate) input: Vec<Input>,
    /// The records that come out, in their order: what each has at least, by its name.
    pub(crate) expect: Vec<Map<String, Value>>,
    /// No record has another field, or a level, beside what is expected.
    pub(crate) exactly: bool,
}

/// A line, and where it pretends to come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Input {
    pub(crate) line: String,
    pub(crate) source: Option<String>,
    pub(crate) peer: Option<String>,
    /// In microseconds since 1970.
    pub(crate) received: Option<u64>,
}

/// A test as it is written.
pub(super) struct Written {
    name: Read<String>,
    pipeline: Result<Option<super::read::At<String>>, Reported>,
    input: Read<Vec<Input>>,
    expect: Read<Vec<Map<String, Value>>>,
    exactly: Read<bool>,
}

const INPUT: &str = "a line, or a list of lines or of such tables as `{ line = \"…\", source = \"apps\", peer = \"gw-1:514\" }`";
const EXPECT: &str =
    "a list of records, such as `[{ level = \"error\", message = \"no\", status = 500 }]`; `[]` for none";

impl Written {
    pub(super) fn read(table: &Table<'_>) -> Self {
        table.refuse_unknown(&keys::TEST);
        let word = |text: &str| Ok(text.to_owned());
        Self {
            name: table.require("name", "write what the test shows", text("a name", word)),
            pipeline: table.get("pipeline", text("the name of a pipeline", word)),
            input: table.require("input", &format!("write {INPUT}"), input),
            expect: table.require("expect", &format!("write {EXPECT}"), expect),
            exactly: table.get_or("exactly", false, boolean),
        }
    }

    /// Without pipelines those of the file are wrong, which has been reported.
    pub(super) fn check(self, pipelines: Option<&[Pipeline]>, report: &Report) -> Result<Test, Reported> {
        let is_wrong = pipelines.is_none();
        let pipelines = pipelines.unwrap_or_default();
        let pipeline = match self.pipeline? {
            Some(named) if !is_wrong && pipelines.iter().all(|pipeline| pipeline.name != named.value) => {
                let names: Vec<_> = pipelines.iter().map(|pipeline| quoted(&pipeline.name)).collect();
                let hint = format!("there are {}", names.join(", "));
                return Err(report.add(
                    &named.place,
                    format!("{} is no pipeline", quoted(&named.value)),
                    hint,
                ));
            }
            Some(named) => named.value,
            None => pipelines.first().map(|first| first.name.clone()).unwrap_or_default(),
        };
        Ok(Test {
            name: self.name?.value,
            pipeline,
            input: self.input?.value,
            expect: self.expect?.value,
            exactly: self.exactly?.value,
        })
    }
}

fn input(value: &DeValue<'_>) -> Result<Vec<Input>, Wrong> {
    let Some(list) = value.as_array() else { return Ok(vec![line(value)?]) };
    if list.is_empty() {
        return Err(Wrong::new("there is no line", format!("write {INPUT}")));
    }
    list.iter().map(|item| line(item.get_ref())).collect()
}

fn line(value: &DeValue<'_>) -> Result<Input, Wrong> {
    if let Some(line) = value.as_str() {
        return Ok(Input { line: one_line(line)?, ..Input::default() });
    }
    if value.as_table().is_none() {
        return Err(mismatch(INPUT, value));
    }
    let table = Inline::of(value, INPUT)?;
    table.allow(&["line", "source", "peer", "received"])?;
    let name = |key| table.get(key, text("a name", |name| Ok(name.to_owned())));
    Ok(Input {
        line: table.require("line", text("a line", one_line))?,
        source: name("source")?,
        peer: name("peer")?,
        received: table.get("received", received)?,
    })
}

fn one_line(line: &str) -> Result<String, Wrong> {
    match line.contains('\n') {
        true => Err(Wrong::new("a line has no newline in it", "write a list of lines")),
        false => Ok(line.to_owned()),
    }
}

fn received(value: &DeValue<'_>) -> Result<u64, Wrong> {
    const EXPECTED: &str = "a time such as `\"2026-11-22T14:00:00Z\"`";
    let written = value.as_str().map(str::to_owned).or_else(|| value.as_datetime().map(ToString::to_string));
    let written = written.ok_or_else(|| mismatch(EXPECTED, value))?;
    let time =
        written.parse::<jiff::Timestamp>().ok().and_then(|time| u64::try_from(time.as_microsecond()).ok());
    time.ok_or_else(|| {
        Wrong::new(format!("{} is no time after 1970", quoted(&written)), format!("write {EXPECTED}"))
    })
}

fn expect(value: &DeValue<'_>) -> Result<Vec<Map<String, Value>>, Wrong> {
    let list = value.as_array().ok_or_else(|| mismatch(EXPECT, value))?;
    let record = |value: &DeValue<'_>| {
        let rows = value.as_table().ok_or_else(|| mismatch(EXPECT, value))?;
        let mut record = Map::new();
        flatten(rows, "", &mut record)?;
        Ok(record)
    };
    list.iter().map(|item| record(item.get_ref())).collect()
}

/// A table within a record stands for fields with a dot in their names.
fn flatten(rows: &DeTable<'_>, before: &str, into: &mut Map<String, Value>) -> Result<(), Wrong> {
    for (key, value) in rows {
        let name = format!("{before}{}", key.get_ref());
        match value.get_ref().as_table() {
            Some(rows) => flatten(rows, &format!("{name}."), into)?,
            None => _ = into.insert(name.clone(), within(&name, scalar(value.get_ref()))?),
        }
    }
    Ok(())
}

fn scalar(value: &DeValue<'_>) -> Result<Value, Wrong> {
    let integer =
        value.as_integer().and_then(|integer| i64::from_str_radix(integer.as_str(), integer.radix()).ok());
    let float = value.as_float().and_then(|float| float.as_str().parse::<f64>().ok());
    None.or(value.as_bool().map(Value::from))
        .or(integer.map(Value::from))
        .or(float.map(Value::from))
        .or(value.as_str().map(Value::from))
        .or(value.as_datetime().map(|time| Value::from(time.to_string())))
        .ok_or_else(|| mismatch("a text, a number, a time, `true` or `false`", value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Input, Test};
    use crate::config::testing::{config, problems};

    #[test]
    fn a_test() {
        let text = "[[test]]\nname = 'n'\ninput = ['a', { line = 'b', peer = 'p', received = 1970-01-01T00:00:01Z }]\n\
                    expect = [{ message = 'm', http.status = 200, ok = true, 'a.b' = 1.5 }, {}]";
        let expect = [json!({ "message": "m", "http.status": 200, "ok": true, "a.b": 1.5 }), json!({})];
        let second = Input {
            line: "b".to_owned(),
            peer: Some("p".to_owned()),
            received: Some(1_000_000),
            ..Input::default()
        };
        let expected = Test {
            name: "n".to_owned(),
            pipeline: "main".to_owned(),
            input: vec![Input { line: "a".to_owned(), ..Input::default() }, second],
            expect: expect.iter().filter_map(|record| record.as_object().cloned()).collect(),
            exactly: false,
        };
        assert_eq!(config(text).tests, [expected]);
        let dropped = config("[[test]]\nname = 'n'\ninput = 'a'\nexpect = []\nexactly = true");
        assert!(dropped.tests[0].expect.is_empty() && dropped.tests[0].exactly);
    }

    #[test]
    fn mistakes() {
        for (keys, expected) in [
            ("input = 'a'", "a:1: test[1].expect: missing; write a list of records, such as "),
            ("expect = []", "a:1: test[1].input: missing; write a line, or a list "),
            ("expect = []\ninput = []", "a:4: test[1].input: there is no line; write "),
            ("expect = []\ninput = ['a', 7]", "a:4: test[1].input: expected a line, or a list "),
            ("expect = []\ninput = \"a\\nb\"", "a:4: test[1].input: a line has no newline in it; "),
            (
                "expect = [{ a = [1] }]\ninput = 'a'",
                "a:3: test[1].expect: `a`: expected a text, a number, a time, ",
            ),
            (
                "expect = []\ninput = 'a'\npipeline = 'mian'",
                "a:5: test[1].pipeline: `mian` is no pipeline; there are `main`",
            ),
            (
                "expect = []\ninput = 'a'\npipelin = 'main'",
                "a:5: test[1].pipelin: unknown key; did you mean `pipeline`?",
            ),
        ] {
            let found = problems(&format!("[[test]]\nname = 'n'\n{keys}"));
            assert!(found.starts_with(expected), "{found}");
        }
    }
}
