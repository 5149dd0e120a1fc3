use proptest::prelude::*;

use crate::Query;

fn canonical(text: &str) -> String {
    Query::parse(text).unwrap_or_else(|error| panic!("{error}")).to_string()
}

#[test]
fn everything_that_can_be_written() {
    for (text, expected) in [
        ("", "*"),
        ("  ", "*"),
        ("*", "*"),
        ("Refused", "refused"),
        ("a b  c", "a b c"),
        ("a AND b OR c", "a b OR c"),
        ("a (b c) d", "a b c d"),
        ("(a OR b) OR (c)", "a OR b OR c"),
        ("a (b OR c)", "a (b OR c)"),
        ("a(b)\"c\"", "a b c"),
        ("-a NOT b NOT(c d) --e", "-a -b -(c d) -(-e)"),
        ("or and not \\OR \"NOT\"", "or and not or not"),
        ("ORacle NOTe", "oracle note"),
        ("conn* \"Connection, ref\"* foo-ba* foo-*", "conn* \"connection ref\"* \"foo ba\"* foo"),
        ("10.0.0.1 user@host", "\"10 0 0 1\" \"user host\""),
        ("12\\:30 \\(x\\) a\\ b \\-c", "\"12 30\" x \"a b\" c"),
        ("\"say \\\"hi\\\" c:\\dir\"", "\"say hi c dir\""),
        ("/a|b/ /\\/x\\/ \\\\/", "/a|b/ /\\/x\\/ \\\\/"),
        (
            "level:WARNING level:>=err level:<=debug level:f*",
            "level:warn level:/^(error|fatal)$/ level:/^(trace|debug)$/ level:fatal",
        ),
        ("level:* level:/^(info|panic)$/ level:<trace", "level:* level:info level:>fatal"),
        ("source:a peer:10.0.0.1:514 peer:* source:>b", "source:a peer:10.0.0.1:514 * source:>b"),
        ("status:>=500 status:<600 a:>1 b:<=-2", "status:>=500 status:<600 a:>1 b:<=-2"),
        (
            "msg:\"two words\" msg:\"two wo\"* msg:pre* msg:* msg:/a\\/b/",
            "msg:\"two words\" msg:\"two wo\"* msg:pre* msg:* msg:/a\\/b/",
        ),
        (
            "f:\"\" f:\"*\" f:\\* f:\"c:\\dir\" f:a\\\"b f:>\"x y\"",
            "f:\"\" f:\"*\" f:\"*\" f:\"c:\\\\dir\" f:\"a\\\"b\" f:>\"x y\"",
        ),
        ("http.status:200 a\\ b:1 \\-x:1 k8s.io\\/name:x", "http.status:200 a\\ b:1 \\-x:1 k8s.io\\/name:x"),
        ("message:Foo message:\"a b\" message:fo* message:/x/ message:*", "foo \"a b\" fo* /x/ *"),
        (
            "time:>=2026-01-31 received:<2026-01-31T12:00:00.5+01:00",
            "time:>=2026-01-31T00:00:00Z received:<2026-01-31T11:00:00.500Z",
        ),
        ("position:>=7 position:18446744073709551615 time:*", "position:>=7 position:18446744073709551615 *"),
        (
            "flags:split flags:split,unterminated flags:* raw:*",
            "flags:split flags:unterminated,split flags:* raw:*",
        ),
    ] {
        assert_eq!(canonical(text), expected, "{text}");
        assert_eq!(canonical(expected), expected);
    }
}

#[test]
fn errors_point_at_their_column() {
    for (text, column, message) in [
        ("a \"b", 3, "this quote is never closed"),
        ("ä (b OR c", 3, "this `(` is never closed"),
        ("a b)", 4, "this `)` closes nothing"),
        ("a OR", 5, "missing here"),
        ("OR a", 1, "missing here"),
        ("a AND AND b", 7, "missing here"),
        ("AND", 1, "missing here"),
        ("a ()", 4, "missing here"),
        ("a - b", 3, "`-` stands right before"),
        ("a -", 3, "`-` stands right before"),
        ("NOT", 4, "what must not be there is missing"),
        ("(-)", 3, "what must not be there is missing"),
        ("NOT OR a", 5, "what must not be there is missing"),
        ("a +++", 3, "`/\\+\\+\\+/` finds such text"),
        ("\"//\"", 1, "`/\\/\\//` finds such text"),
        ("a*b", 2, "`*` stands at the end"),
        ("status:", 8, "a value is missing after `status:`; `status:*`"),
        ("status: 5", 8, "a value is missing"),
        ("status:>", 9, "a value is missing"),
        ("(a:)", 4, "a value is missing"),
        (":x", 1, "the name of a field is missing"),
        ("a:(b OR c)", 3, "write `(a:a OR a:b)`"),
        ("a:>5*", 4, "a comparison takes no `*`"),
        ("/var/log", 6, "quotes around a path"),
        ("http://x", 6, "quotes around it"),
        ("/usr", 1, "no second `/`"),
        ("a /x(/", 3, "bad pattern: unclosed group"),
        ("/(\\w{100}){100}/", 1, "too large"),
        ("level:x*", 7, "no such level"),
        ("level:loud", 7, "no such level; there are trace, debug"),
        ("time:now", 6, "no time; write it like"),
        ("time:2026*", 6, "`time` is compared"),
        ("position:x", 10, "`position` is compared"),
        ("flags:big", 7, "one of unterminated, split, head_lost"),
        ("message:>a", 9, "`message` takes words"),
        ("raw:x", 5, "only `raw:*`"),
        ("extra:x", 7, "in SQL only"),
        ("a\\", 2, "a character is missing after `\\`"),
    ] {
        let error = Query::parse(text).expect_err(text);
        assert_eq!(error.column, column, "{text}: {error}");
        assert!(error.message.contains(message), "{text}: {error}");
    }
}

#[test]
fn an_error_shows_the_place_on_one_line() {
    let error = Query::parse("level:error\n\"conn").unwrap_err();
    let shown = "this quote is never closed; write `\\\"` for the character, at column 13\n  level:error \"conn\n              ^";
    assert_eq!(error.to_string(), shown);
    let long = format!("{} \"{}", "a".repeat(999), "b".repeat(500));
    let shown = Query::parse(&long).unwrap_err().to_string();
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!((lines[1].len(), lines[2]), (122, format!("  {:60}^", "").as_str()));
    assert_eq!(lines[1].as_bytes()[62], b'"');
}

#[test]
fn limits() {
    let depth = |n: usize| format!("{}a{}", "(".repeat(n), ")".repeat(n));
    for (good, bad, column, message) in [
        (depth(16), depth(17), 17, "more than 16 parentheses"),
        ("-".repeat(16) + "a", "-".repeat(17) + "a", 17, "more than 16 parentheses"),
        ("a ".repeat(256), "a ".repeat(257), 513, "more than 256 terms"),
        ("/a/ ".repeat(16), "/a/ ".repeat(17), 65, "more than 16 patterns"),
        ("a".repeat(8192), "ä".repeat(4097), 4097, "longer than 8192 bytes"),
    ] {
        Query::parse(&good).unwrap_or_else(|error| panic!("{error}"));
        let error = Query::parse(&bad).expect_err(&bad);
        assert_eq!(error.column, column, "{error}");
        assert!(error.message.contains(message), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn never_panics_and_what_it_reads_it_writes(
        text in "([a-bO \t():\"/\\\\*<>=.,ä0-9_-]|OR|AND|NOT|level|time|flags|2026-01-01){0,20}|(?s).{0,40}|\\PC{0,40}"
    ) {
        match Query::parse(&text) {
            Ok(query) => {
                let shown = query.to_string();
                prop_assert_eq!(Query::parse(&shown).map_err(|error| error.to_string()), Ok(query), "{:?}", shown);
            }
            Err(error) => prop_assert!((1..=text.chars().count() + 1).contains(&error.column), "{}", error),
        }
    }
}
