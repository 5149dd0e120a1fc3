use std::io::{self, ErrorKind, Write};

use jiff::Timestamp;
use pipeline::output::json::write_record;
use record::{Batch, Micros, clock, escape_controls};
use serde_json::{Map, Value, json};

use super::{Trial, source_of};
use crate::cli::{self, StatusFormat};
use crate::config::{self, Config, Pipeline, Test};
use crate::exit::{Exit, complain};

/// Where a line comes from that does not say.
const PEER: &str = "test";

/// What no test has to expect.
const ALWAYS_THERE: [&str; 7] = ["position", "time", "received", "source", "peer", "message", "flags"];

/// Runs every test of a configuration.
pub(crate) fn test(options: &cli::Test) -> Exit {
    let config = match config::load(&options.config.file) {
        Ok(config) => config,
        Err(problems) => {
            complain(format_args!("the configuration is wrong\n{problems}"));
            return Exit::BadConfig;
        }
    };
    if config.tests.is_empty() {
        complain(format_args!("{} has no `[[test]]`", options.config.file.display()));
    }
    match run_all(&config, options.format) {
        Ok(0) => Exit::Done,
        Ok(_) => Exit::Failed,
        // Whoever read our output has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Exit::Done,
        Err(error) => {
            complain(error);
            Exit::Failed
        }
    }
}

/// Returns how many failed.
fn run_all(config: &Config, format: StatusFormat) -> io::Result<usize> {
    let mut out = io::stdout().lock();
    let mut failed = 0;
    for test in &config.tests {
        let differences = run(test, config);
        failed += usize::from(!differences.is_empty());
        match format {
            StatusFormat::Text => {
                let result = if differences.is_empty() { "ok    " } else { "FAILED" };
                writeln!(out, "{result}  {}", escape_controls(&test.name))?;
                for difference in &differences {
                    writeln!(out, "          {}", escape_controls(&difference.to_string()))?;
                }
            }
            StatusFormat::Json => {
                let shown: Vec<_> = differences.iter().map(Difference::json).collect();
                let passed = differences.is_empty();
                let (name, pipeline) = (&test.name, &test.pipeline);
                writeln!(
                    out,
                    "{}",
                    json!({ "name": name, "pipeline": pipeline, "passed": passed, "differences": shown })
                )?;
            }
        }
    }
    let passed = config.tests.len() - failed;
    match format {
        StatusFormat::Text => writeln!(out, "{passed} passed, {failed} failed")?,
        StatusFormat::Json => writeln!(out, "{}", json!({ "passed": passed, "failed": failed }))?,
    }
    Ok(failed)
}

/// What is not as a test expects it. Records are numbered from 1.
#[derive(Debug, PartialEq)]
enum Difference {
    Start(String),
    Value { record: usize, name: String, expected: Value, found: Option<Value> },
    More { record: usize, name: String, found: Value },
    Missing { record: usize, expected: Map<String, Value> },
    Unexpected { record: usize, found: Map<String, Value> },
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Start(why) => write!(f, "the pipeline cannot start: {why}"),
            Self::Value { record, name, expected, found: Some(found) } => {
                write!(f, "record {record}: {name}: expected {expected}, found {found}")
            }
            Self::Value { record, name, expected, found: None } => {
                write!(f, "record {record}: {name}: expected {expected}, found none")
            }
            Self::More { record, name, found } => {
                write!(f, "record {record}: {name}: not expected, found {found}")
            }
            Self::Missing { record, expected } => {
                write!(f, "record {record}: missing, expected {}", Value::Object(expected.clone()))
            }
            Self::Unexpected { record, found } => {
                write!(f, "record {record}: not expected, found {}", Value::Object(found.clone()))
            }
        }
    }
}

impl Difference {
    fn json(&self) -> Value {
        let text = self.to_string();
        match self {
            Self::Start(_) => json!({ "text": text }),
            Self::Value { record, name, expected, found } => {
                json!({ "text": text, "record": record, "field": name, "expected": expected, "found": found })
            }
            Self::More { record, name, found } => {
                json!({ "text": text, "record": record, "field": name, "found": found })
            }
            Self::Missing { record, expected } => {
                json!({ "text": text, "record": record, "expected": expected })
            }
            Self::Unexpected { record, found } => json!({ "text": text, "record": record, "found": found }),
        }
    }
}

fn run(test: &Test, config: &Config) -> Vec<Difference> {
    let Some(pipeline) = config.pipelines.iter().find(|pipeline| pipeline.name == test.pipeline) else {
        return vec![Difference::Start("it is not there".to_owned())];
    };
    match records(test, pipeline, &source_of(pipeline, config)) {
        Ok(batch) => compare(test, &batch.iter().map(object).collect::<Vec<_>>()),
        Err(error) => vec![Difference::Start(error)],
    }
}

/// What comes out of the pipeline.
fn records(test: &Test, pipeline: &Pipeline, source: &str) -> Result<Batch, String> {
    let mut trial = Trial::new(pipeline)?;
    let now = clock::wall();
    for input in &test.input {
        let source = input.source.as_deref().unwrap_or(source);
        let peer = input.peer.as_deref().unwrap_or(PEER);
        trial.push(input.line.as_bytes(), source, peer, input.received.map_or(now, Micros));
    }
    trial.end();
    let mut batch = trial.records();
    trial.stages.apply(&mut batch).map_err(|error| error.to_string())?;
    Ok(batch)
}

/// A record under the names that queries use.
fn object(record: record::Record<'_>) -> Map<String, Value> {
    let mut text = String::new();
    write_record(&mut text, record);
    match serde_json::from_str(&text) {
        Ok(Value::Object(object)) => object,
        // It was written as an object a line above.
        _ => Map::new(),
    }
}

fn compare(test: &Test, found: &[Map<String, Value>]) -> Vec<Difference> {
    let mut differences = Vec::new();
    for index in 0..test.expect.len().max(found.len()) {
        let record = index + 1;
        match (test.expect.get(index), found.get(index)) {
            (Some(expected), Some(found)) => {
                for (name, expected) in expected {
                    let found = found.get(name);
                    if !found.is_some_and(|found| are_equal(expected, found)) {
                        let (name, expected, found) = (name.clone(), expected.clone(), found.cloned());
                        differences.push(Difference::Value { record, name, expected, found });
                    }
                }
                let others = found.iter().filter(|(name, _)| {
                    test.exactly && !expected.contains_key(*name) && !ALWAYS_THERE.contains(&name.as_str())
                });
                differences.extend(others.map(|(name, found)| Difference::More {
                    record,
                    name: name.clone(),
                    found: found.clone(),
                }));
            }
            (Some(expected), None) => {
                differences.push(Difference::Missing { record, expected: expected.clone() });
            }
            (None, Some(found)) => differences.push(Difference::Unexpected { record, found: found.clone() }),
            (None, None) => {}
        }
    }
    differences
}

/// Numbers are equal by their value, times however they are written.
fn are_equal(expected: &Value, found: &Value) -> bool {
    let number = |value: &Value| value.as_f64().filter(|_| !value.is_i64() || !found.is_i64());
    let time = |value: &Value| value.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    expected == found
        || number(expected).is_some_and(|expected| Some(expected) == found.as_f64())
        || time(expected).is_some_and(|expected| time(found) == Some(expected))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{are_equal, compare, run};
    use crate::config::{self, Config};

    fn config(text: &str) -> Config {
        let source = "[[source]]\nname = 'apps'\nkind = 'listen'\naddress = '127.0.0.1:0'\n";
        config::parse(&format!("{source}{text}"), "a", "/base".as_ref()).expect(text)
    }

    #[test]
    fn values_that_are_the_same() {
        for (one, other, same) in [
            (json!(1), json!(1.0), true),
            (json!(1), json!(2), false),
            (json!(9_007_199_254_740_993_i64), json!(9_007_199_254_740_992_i64), false),
            (json!("2026-11-22T14:00:00Z"), json!("2026-11-22T14:00:00.000000Z"), true),
            (json!("2026-11-22T14:00:00+01:00"), json!("2026-11-22T13:00:00.000000Z"), true),
            (json!("a"), json!("b"), false),
            (json!(true), json!("true"), false),
        ] {
            assert_eq!(are_equal(&one, &other), same, "{one} {other}");
        }
    }

    #[test]
    fn what_differs_is_told() {
        let config = config(
            "[[pipeline]]\nname = 'main'\nto = ['tail']\nstages = [{ parse = 'json' }]\n\
             [[test]]\nname = 'n'\nexactly = true\ninput = ['{\"message\":\"m\",\"a\":1,\"level\":\"info\"}', '{}']\n\
             expect = [{ message = 'x', b = 2 }]",
        );
        let mut shown: Vec<_> = run(&config.tests[0], &config).iter().map(ToString::to_string).collect();
        shown.sort();
        assert_eq!(
            shown[..4],
            [
                "record 1: a: not expected, found 1",
                "record 1: b: expected 2, found none",
                "record 1: level: not expected, found \"info\"",
                "record 1: message: expected \"x\", found \"m\"",
            ]
        );
        assert!(shown[4].starts_with("record 2: not expected, found {"), "{shown:?}");
        assert_eq!(shown.len(), 5);
        let missing = compare(&config.tests[0], &[]);
        assert!(missing[0].to_string().starts_with("record 1: missing, expected {"));
        assert_eq!(missing[0].json()["record"], Value::from(1));
    }

    #[test]
    fn lines_of_a_peer_are_joined_and_other_sources_are_not_taken() {
        let config = config(
            "[[source]]\nname = 'others'\nkind = 'listen'\naddress = '127.0.0.1:0'\njournal_only = true\n\
             [[pipeline]]\nname = 'main'\nfrom = ['apps']\nto = ['tail']\nmultiline = 'auto'\n\
             [[test]]\nname = 'n'\ninput = ['boom', { line = 'x', peer = 'b' }, { line = 'y', source = 'others' }, '  at a.b(C.java:1)']\n\
             expect = [{ message = \"boom\\n  at a.b(C.java:1)\" }, { message = 'x', peer = 'b' }]",
        );
        assert_eq!(run(&config.tests[0], &config), []);
    }
}
