use std::time::Duration;

use parse::{Format, Parse, TimestampFormat};
use pipeline::{Dedupe, OwnedValue, RateKey, RateLimit, Redact, Stage, Where};

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
    ] {
        assert_eq!(config(&stages(written)).pipelines[0].stages, [expected], "{written}");
    }
}

#[test]
fn mistakes() {
    for (written, expected) in [
        (
            "{ prase = 'json' }",
            "`prase` is no stage; there are `parse`, `where`, `set`, `sample`, `dedupe`, `rate_limit`, `redact`",
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
        ("{ where = {} }", "`where`: there is no condition; write a condition such as "),
        ("{ set = { a = [1] } }", "`set`: `a`: expected a text, a number, `true` or `false`, found an array"),
        ("{ set = { peer = 'x' } }", "`peer` cannot be set: "),
        (
            "{ rate_limit = { key = 'peer' } }",
            "`rate_limit`: `per_second` is missing; write a limit such as ",
        ),
        ("{ redact = ['names'] }", "`redact`: `names` is not known; write a list of "),
    ] {
        let found = problems(&stages(written));
        assert!(found.starts_with(&format!("a:4: pipeline[1].stages[1]: {expected}")), "{found}");
    }
}
