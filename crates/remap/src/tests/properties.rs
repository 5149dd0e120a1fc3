use proptest::prelude::*;
use record::{Level, OwnedValue, Value};

use super::{lines, script};
use crate::{Options, Predicate, Script};

/// Scripts that change, read, fail on and abort at whatever they are given.
const SCRIPTS: [&str; 8] = [
    ". = .",
    ".a = .b; del(.c.d); .b = .message",
    ".a.b.c = {\"x\": .a, \"y\": [.b, .message, .time]}",
    ". |= object(parse_json(.message) ?? {}) ?? {}",
    ".n = to_int!(.message)",
    "if starts_with(.message, \"a\") { abort }; .level = .message",
    ". = map_keys(., recursive: true) -> |key| { upcase(key) }",
    ". = merge(., {\"copy\": .}, deep: true); .message = slice!(.message, 1)",
];

fn any_value() -> impl Strategy<Value = OwnedValue> {
    prop_oneof![
        any::<bool>().prop_map(OwnedValue::Bool),
        any::<i64>().prop_map(OwnedValue::Int),
        any::<f64>().prop_map(OwnedValue::Float),
        "\\PC{0,12}".prop_map(OwnedValue::Str),
        any::<i64>().prop_map(OwnedValue::Time),
    ]
}

fn any_fields() -> impl Strategy<Value = Vec<(String, OwnedValue)>> {
    let name = prop_oneof!["[abcd.]{0,6}", "\\PC{1,8}", Just("level".to_owned()), Just("source".to_owned())];
    proptest::collection::vec((name, any_value()), 0..8)
}

fn any_message() -> impl Strategy<Value = String> {
    prop_oneof!["\\PC{0,30}", "[0-9a]{0,20}", r#"\{"[a-d.]{1,3}":(1|"x"|\[2,\{\}\]|\{"b":null\})\}"#]
}

/// Something like a script.
fn any_script() -> impl Strategy<Value = String> {
    let token = proptest::sample::select(vec![
        ".",
        ".a",
        ".a.b",
        ".a[0]",
        ".\"x y\"",
        "%m",
        "x",
        "x, err",
        "=",
        "|=",
        "==",
        "+",
        "-",
        "/",
        "??",
        "&&",
        "||",
        "!",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        ";",
        "\n",
        " ",
        "1",
        "-9223372036854775808",
        "0.5",
        "\"t {{ x }}\"",
        "r'a+'",
        "t'2026-01-01T00:00:00Z'",
        "null",
        "true",
        "if ",
        "else ",
        "abort",
        "return ",
        "del",
        "exists",
        "to_int",
        "parse_json!",
        "string!(.message)",
        "split",
        "for_each",
        "-> |k, v|",
        "# c",
        "\\",
        "é",
    ]);
    proptest::collection::vec(token, 0..25).prop_map(|tokens| tokens.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_stands_in_a_script_it_is_refused_or_run(text in any_script()) {
        match Script::compile(&text, Options::default()) {
            Ok(mut script) => {
                let mut batch = lines(&["12", "{\"a\":{\"b\":[1]}}"]);
                script.apply(&mut batch);
                prop_assert_eq!(batch.len() as u64 + script.aborted(), 2);
            }
            Err(bad) => prop_assert!(!bad.diagnostics().rendered_in("f", &text, 0..text.len()).is_empty()),
        }
        let _ = Predicate::compile(&text, Options::default());
    }

    #[test]
    fn whatever_a_record_is_no_script_panics_or_loses_it(
        records in proptest::collection::vec((any_message(), any_fields(), 0..8_usize), 1..4),
        which in 0..SCRIPTS.len(),
    ) {
        let messages: Vec<&str> = records.iter().map(|(message, ..)| message.as_str()).collect();
        let mut batch = lines(&messages);
        for (index, (_, fields, level)) in records.iter().enumerate() {
            batch.set_level(index, Level::ALL.get(*level).copied());
            fields.iter().for_each(|(name, value)| batch.set_field(index, name, value.value()));
        }
        let mut before = lines(&messages);
        for (index, (_, fields, _)) in records.iter().enumerate() {
            fields.iter().for_each(|(name, value)| before.set_field(index, name, value.value()));
        }
        let mut script = script(SCRIPTS[which]);
        script.apply(&mut batch);
        prop_assert_eq!(batch.len() as u64 + script.aborted(), records.len() as u64);
        prop_assert!(script.last_failure().is_none_or(|(_, reason)| !reason.contains("panicked")));
        for record in batch.iter() {
            let index = record.position().0 as usize - 1;
            let failed = record.field("error.reason").is_some();
            let as_before = before.get(index);
            if failed {
                prop_assert_eq!(record.message(), messages[index]);
            }
            if failed || which == 0 {
                // All is as it was, in its order.
                let fields: Vec<String> = record
                    .fields()
                    .filter(|(name, _)| !name.starts_with("error."))
                    .map(|field| format!("{field:?}"))
                    .collect();
                let were: Vec<String> = as_before.fields().map(|field| format!("{field:?}")).collect();
                prop_assert_eq!(fields, were);
                prop_assert_eq!(record.level(), Level::ALL.get(records[index].2).copied());
            }
            if which == 2 && !failed {
                let has = |text: &str| record.fields().any(|(_, value)| matches!(value, Value::Str(all) if all.contains(text)));
                let mut quoted = String::new();
                record::json::write_str(&mut quoted, messages[index]);
                prop_assert!(has(&quoted));
            }
        }
    }
}
