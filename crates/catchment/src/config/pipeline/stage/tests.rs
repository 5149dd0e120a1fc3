use std::num::NonZeroUsize;
use std::time::Duration;

use parse::{Format, Parse, TimestampFormat};
use pipeline::{Dedupe, OwnedValue, RateKey, RateLimit, Redact, Stage, Vrl, Where};

use crate::config::testing::{config, problems};

fn stages(stages: &str) -> String {
    format!("[[pipeline]]\nname = 'main'\nto = ['tail']\nstages = [{stages}]")
}

#[test]
fn each_kind() {
    let text = |text: &str| text.to_owned();
    let timestamp = TimestampFormat { field: text("at"), formats: vec![text("%Y-%m-%d")] };
    for (written, expected) in [
        ("{ parse = 'json' }", Stage::Parse(Format::Json.into())),
        (
            "{ parse = 'syslog', zone = 'Europe/Berlin' }",
            Stage::Parse(Parse { format: Format::Syslog, zone: Some(text("Europe/Berlin")) }),
        ),
        ("{ parse = { regex = '(?P<a>x)' } }", Stage::Parse(Format::Regex(text("(?P<a>x)")).into())),
        (
            "{ parse = { timestamp = { field = 'at', formats = '%Y-%m-%d' } } }",
            Stage::Parse(Format::Timestamp(timestamp).into()),
        ),
        (
            "{ where = { peer = 'gw-*', source = ['s'] } }",
            Stage::Where(Where { source: vec![text("s")], peer: vec![text("gw-*")] }),
        ),
        (
            "{ set = { on = true, rack = 7, ratio = 0.5, site = 'north' } }",
            Stage::Set(vec![
                (text("on"), OwnedValue::Bool(true)),
                (text("rack"), OwnedValue::Int(7)),
                (text("ratio"), OwnedValue::Float(0.5)),
                (text("site"), OwnedValue::Str(text("north"))),
            ]),
        ),
        (
            "{ where = '.level == \"error\"' }",
            Stage::WhereTrue(Vrl { text: text(".level == \"error\""), environment: false }),
        ),
        (
            "{ vrl = '.host = get_env_var!(\"HOST\")', environment = true }",
            Stage::Vrl(Vrl { text: text(".host = get_env_var!(\"HOST\")"), environment: true }),
        ),
        ("{ sample = 10 }", Stage::Sample(10)),
        (
            "{ dedupe = { within = '10s' } }",
            Stage::Dedupe(Dedupe {
                lines: 10_000,
                within: Some(Duration::from_secs(10)),
                across_peers: false,
            }),
        ),
        (
            "{ rate_limit = { key = 'host', per_second = 5 } }",
            Stage::RateLimit(RateLimit { key: RateKey::Field(text("host")), per_second: 5, burst: 5 }),
        ),
        (
            "{ redact = ['cards', { customer = 'C-\\d{6}' }] }",
            Stage::Redact(Redact {
                cards: true,
                patterns: vec![(text("customer"), text("C-\\d{6}"))],
                ..Redact::default()
            }),
        ),
        ("{ python = 'h.py:f' }", Stage::Python(Box::new(workers::Spec::new("h.py:f", "/base")))),
        (
            "{ python = 'pkg.mod:A.b', workers = 2, threads = 4, concurrency = 9, timeout = '5s', memory_max = '64 MiB', \
             config = { a = 1, b = [true, 0.5, 'x'] }, interpreter = 'venv/bin/python', watch = true }",
            Stage::Python(Box::new(workers::Spec {
                workers: NonZeroUsize::new(2),
                threads: NonZeroUsize::new(4),
                concurrency: NonZeroUsize::new(9).unwrap(),
                timeout: Duration::from_secs(5),
                memory_max: 64 << 20,
                config: serde_json::json!({ "a": 1, "b": [true, 0.5, "x"] }),
                python: "/base/venv/bin/python".into(),
                watch: true,
                ..workers::Spec::new("pkg.mod:A.b", "/base")
            })),
        ),
    ] {
        assert_eq!(config(&stages(written)).pipelines[0].stages, [expected], "{written}");
    }
}

#[test]
fn mistakes() {
    for (written, expected) in [
        (
            "{ prase = 'json' }",
            "`prase` is no stage; there are `parse`, `vrl`, `where`, `set`, `sample`, `dedupe`, `rate_limit`, `redact`, `enrich`, `geoip`, `route`, `python`",
        ),
        (
            "{ parse = 'json', sample = 2 }",
            "`parse` and `sample` are two stages; write each as a table of its own",
        ),
        (
            "{ sample = 2, zone = 'UTC' }",
            "unknown key `zone`; write a stage such as `{ sample = 10 }`, which lets one record of ten go on",
        ),
        ("{ sample = 0 }", "`sample`: `0` is out of range; write 1 to 4294967295"),
        ("{ parse = { regex = '(' } }", "the regular expression: "),
        ("{ parse = 'auto', zone = 'Mars' }", "`Mars` is no time zone: "),
        (
            "{ where = {} }",
            "`where`: there is no condition; write an expression that is true or false, or a condition such as ",
        ),
        (
            "{ where = { peer = 'x' }, environment = true }",
            "unknown key `environment`; write a stage such as ",
        ),
        ("{ vrl = 7 }", "`vrl`: expected a script, found an integer"),
        ("{ set = { a = [1] } }", "`set`: `a`: expected a text, a number, `true` or `false`, found an array"),
        ("{ set = { peer = 'x' } }", "`peer` cannot be set: "),
        (
            "{ rate_limit = { key = 'peer' } }",
            "`rate_limit`: `per_second` is missing; write a limit such as ",
        ),
        ("{ python = 'handler' }", "`python`: `handler` names no handler; write `FILE.py:NAME`, "),
        ("{ python = 'h.py:f', workers = 0 }", "`workers`: `0` is out of range; write 1 to 256"),
        ("{ python = 'h.py:f', config = { a = { b = nan } } }", "`config`: `a`: `b`: `nan` is no number"),
        ("{ redact = ['names'] }", "`redact`: `names` is not known; write a list of "),
    ] {
        let found = problems(&stages(written));
        assert!(found.starts_with(&format!("a:4: pipeline[1].stages[1]: {expected}")), "{found}");
    }
}

#[test]
fn a_script_is_shown_where_it_is_wrong() {
    let script = "[[pipeline]]\nname = 'main'\nto = ['tail']\nstages = [\n  { sample = 2 },\n  { vrl = '''\n.a = 1\n.b = nope(.a)\n''' },\n]";
    let shown = problems(script);
    let first = "a:8: pipeline[1].stages[2]: `vrl`: call to undefined function\n  error[E105]: call to undefined function\n";
    assert!(shown.starts_with(first), "{shown}");
    assert!(shown.contains("┌─ a:8:6\n") && shown.contains("8 │ .b = nope(.a)\n"), "{shown}");
    let shown = problems(&stages("{ where = '.status' }"));
    assert!(
        shown.starts_with("a:4: pipeline[1].stages[1]: `where`: a condition is to be true or false\n"),
        "{shown}"
    );
    assert!(shown.contains("┌─ a:4:22\n"), "{shown}");
    let shown = problems(&stages("{ vrl = '.a = get_env_var!(\"HOME\")' }"));
    assert!(
        shown.contains("`get_env_var` reads the environment: allow it with `environment = true`"),
        "{shown}"
    );
}
