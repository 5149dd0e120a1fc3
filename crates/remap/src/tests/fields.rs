use record::{Level, Value};

use super::{fields, lines, script, with};

#[test]
fn a_field_that_is_removed_is_gone_and_others_stay_in_their_order() {
    let named = [("b.y", Value::Int(1)), ("a", Value::Int(2)), ("b.x", Value::Int(3)), ("c", Value::Int(4))];
    let batch = with(&named, "del(.b.y); .d = 5; .a = null");
    assert_eq!(fields(batch.get(0)), [("b.x", Value::Int(3)), ("c", Value::Int(4)), ("d", Value::Int(5))]);
    let batch = with(&named, "del(.b); .c = {\"e\": {}, \"f\": {\"g\": []}}");
    assert_eq!(fields(batch.get(0)), [("a", Value::Int(2)), ("c.f.g", Value::Str("[]"))]);
    // All of it, and only what is new.
    let batch = with(&named, ". = {\"n\": 1}");
    assert_eq!((fields(batch.get(0)), batch.get(0).message()), (vec![("n", Value::Int(1))], "text"));
}

#[test]
fn a_name_and_names_below_it_are_both_kept() {
    let one = [
        ("a", Value::Int(1)),
        ("a.b", Value::Int(2)),
        ("a.b.c", Value::Int(3)),
        ("message.x", Value::Int(4)),
    ];
    let mut other = one;
    other.reverse();
    for named in [one, other] {
        let batch = with(&named, "x = .; .sum = (.a + .\"a.b\") ?? 0; . = .; .z = length(x)");
        let record = batch.get(0);
        for (name, value) in named {
            assert_eq!(record.field(name), Some(value), "{name} of {named:?}");
        }
        assert_eq!(record.field("sum"), Some(Value::Int(3)), "{named:?}");
        assert_eq!(record.fields().len(), 6);
    }
    let batch = with(&[("a.b.c", Value::Int(1)), ("a.b", Value::Int(2))], ".a.b = 3");
    assert_eq!(fields(batch.get(0)), [("a.b.c", Value::Int(1)), ("a.b", Value::Int(3))]);
}

#[test]
fn odd_names_and_values_come_back_as_they_were() {
    let deep = vec!["d"; 40].join(".");
    let long = "n".repeat(300);
    let named = [
        ("", Value::Int(0)),
        ("..", Value::Int(1)),
        (".a", Value::Int(2)),
        ("a.", Value::Int(3)),
        ("é \"x\"[0]", Value::Int(4)),
        (&*deep, Value::Int(5)),
        (&*long, Value::Int(6)),
        ("nan", Value::Float(f64::NAN)),
        ("inf", Value::Float(f64::INFINITY)),
        ("early", Value::Time(-1)),
        ("never", Value::Time(i64::MAX)),
        ("source", Value::Str("a field")),
        ("position", Value::Int(8)),
        ("message", Value::Str("another")),
    ];
    let batch = with(&named, "x = .; .seen = exists(.a)");
    let record = batch.get(0);
    let (mut left, mut was) = (fields(record), named.to_vec());
    assert_eq!(left.pop(), Some(("seen", Value::Bool(true))));
    for list in [&mut left, &mut was] {
        let nan = list.remove(7);
        assert!(matches!(nan, ("nan", Value::Float(value)) if value.is_nan()), "{nan:?}");
    }
    assert_eq!(left, was);
}

#[test]
fn objects_below_sixteen_others_are_text() {
    let at = format!(".{}", vec!["a"; 15].join("."));
    let batch = with(&[], &format!("{at}.b = 1; {at}.c = {{\"d\": {{\"e\": [true]}}}}"));
    let prefix = vec!["a"; 15].join(".");
    assert_eq!(
        fields(batch.get(0)),
        [
            (&*format!("{prefix}.b"), Value::Int(1)),
            (&*format!("{prefix}.c"), Value::Str(r#"{"d":{"e":[true]}}"#)),
        ]
    );
}

#[test]
fn a_field_named_level_is_one_while_the_record_has_no_level() {
    let level = |value: Value<'_>, text: &str| {
        let batch = with(&[("level", value)], text);
        let record = batch.get(0);
        assert_eq!(record.field("error.reason"), None, "{text}");
        (record.level(), record.field("level").map(|value| format!("{value:?}")))
    };
    // Unchanged, it stays what it was.
    assert_eq!(level(Value::Int(35), ".x = .level"), (None, Some("Int(35)".to_owned())));
    assert_eq!(level(Value::Str("loud"), ". = ."), (None, Some("Str(\"loud\")".to_owned())));
    assert_eq!(level(Value::Int(35), "if .level == 35 { .level = \"warn\" }"), (Some(Level::Warn), None));
    assert_eq!(level(Value::Int(35), "del(.level)"), (None, None));
    let batch = with(&[("level.code", Value::Int(3))], ".x = .level.code");
    assert_eq!(fields(batch.get(0)), [("level.code", Value::Int(3)), ("x", Value::Int(3))]);

    let mut batch = lines(&["a", "b", "c"]);
    for index in 0..3 {
        batch.set_level(index, Some(Level::Error));
        batch.set_field(index, "level", Value::Str("hidden"));
    }
    script(
        r#"
        if .message == "a" { .was = .level }
        if .message == "b" { del(.level) }
        if .message == "c" { .level = {"code": 3} }
        "#,
    )
    .apply(&mut batch);
    assert_eq!(batch.get(0).field("was"), Some(Value::Str("error")));
    let left: Vec<_> = batch.iter().map(|record| (record.level(), record.field("level"))).collect();
    let hidden = Some(Value::Str("hidden"));
    assert_eq!(left, [(Some(Level::Error), hidden), (None, hidden), (None, hidden)]);
    assert_eq!(batch.get(2).field("level.code"), Some(Value::Int(3)));
}

#[test]
fn what_a_script_does_not_name_costs_it_nothing_and_stays() {
    let named = [("big", Value::Str("x")), ("tag", Value::Str("old"))];
    let batch = with(&named, ".tag = \"new\"; .unnested = false");
    assert_eq!(
        fields(batch.get(0)),
        [("big", Value::Str("x")), ("tag", Value::Str("new")), ("unnested", Value::Bool(false))]
    );
    // A field of the record before is none of this one's.
    let mut batch = lines(&["a", "b"]);
    batch.set_field(0, "tag", Value::Str("a's"));
    script(".copy = .tag").apply(&mut batch);
    assert_eq!(fields(batch.get(1)), []);
    // `get` and `unnest` take all of the record without naming it.
    let batch =
        with(&[("a", Value::Int(1))], "y = [\"a\"]; .got = get!(., y); .n = length(unnest(.b) ?? [])");
    assert_eq!(batch.get(0).field("got"), Some(Value::Int(1)));
}
