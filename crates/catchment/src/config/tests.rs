//! The configuration as a whole; each group of keys has its own tests beside it.

use std::path::Path;

use super::testing::{config, config_of, problems_of, try_parse};
use super::{Config, DEFAULT, Kind, LogFormat, keys, load};

/// The default file with every setting switched on.
fn all_switched_on() -> String {
    let lines = DEFAULT.lines().map(|line| match line.strip_prefix('#') {
        Some(setting) if !setting.is_empty() && !setting.starts_with(' ') => setting,
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_default_file_says_what_an_empty_one_means() {
    assert_eq!(config(DEFAULT), config(""));
}

#[test]
fn the_examples_in_the_default_file_show_the_defaults() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    std::fs::write(dir.path().join("gateways.txt"), "gw-3.example:514\n").expect("room for a small file");
    let bare = r#"
        [[source]]
        name = "gateways"
        kind = "connect"
        targets = ["gw-1.example:514", "gw-2.example:514"]
        targets_file = "gateways.txt"
        retention = { age = "7d", bytes = "1 GiB" }
        [[source]]
        name = "apps"
        kind = "listen"
        address = "127.0.0.1:5140"
        [[pipeline]]
        name = "main"
        from = ["gateways", "apps"]
        to = ["store", "tail", "errors", "hub"]
        [[output]]
        name = "errors"
        kind = "file"
        path = "errors.ndjson"
        [[output]]
        name = "hub"
        kind = "forward"
        target = "hub.example:5140"
        [[test]]
        name = "a line is a record"
        input = ["one", { line = "two", source = "apps", peer = "gw-1.example:514", received = "2026-11-22T14:00:00Z" }]
        expect = [{ message = "one" }, { message = "two", time = "2026-11-22T14:00:00Z" }]
        [web]
        address = "127.0.0.1:8514"
    "#;
    assert_eq!(try_parse(&all_switched_on(), dir.path()), try_parse(bare, dir.path()));
    assert!(try_parse(bare, dir.path()).is_ok());
}

#[test]
fn the_default_file_has_every_key() {
    let text = all_switched_on();
    for section in keys::SECTIONS {
        for key in section.keys() {
            let found = text.lines().any(|line| {
                line.split_once(" =").is_some_and(|(name, _)| name == *key)
                    || line == format!("[{key}]")
                    || line == format!("[[{key}]]")
            });
            assert!(found, "{key}");
        }
    }
}

#[test]
fn every_mistake_at_once() {
    let text = r#"data_dir = 7
memory_limits = "1 GiB"

[journal]
segment_bytes = "64 MB"
at_cap = "burn"
loops = 2
colour = "blue"

[[source]]
name = "gateways"
kind = "connect"
targets = ["gw-1.example:514", "gw-2.example", "GW-1.example:514"]
backoff_min = "2m"
address = "127.0.0.1:5140"

[[source]]
name = "gateways"
kind = "listen"
address = "0.0.0.0:5140"
chunk_bytes = 0
max_peers = 5

[[source]]
kind = "listen"
address = "127.0.0.1:5140"
peers_max = 0

[output]
"#;
    let expected = r#"a:1: data_dir: expected a path, found an integer
a:2: memory_limits: unknown key; did you mean `memory_limit`?
a:5: journal.segment_bytes: `64 MB` is not a size: write a whole number and B, KiB, MiB, GiB or TiB, such as `64 MiB`
a:6: journal.at_cap: expected one of `"block"`, `"drop_oldest"`, found `burn`
a:7: journal.loops: unknown key; `loops` belongs at the top of the file, above the first section
a:8: journal.colour: unknown key; `catchment config default` prints every key
a:13: source[1].targets[2]: `gw-2.example` is not a target: write `host:port`
a:13: source[1].targets[3]: `GW-1.example:514` is a target already, in line 13; remove one of them
a:14: source[1].backoff_min: `backoff_min`, 2m, is more than `backoff_max`, 1m; lower the first or raise the second
a:15: source[1].address: only a source with `kind = "listen"` has this key
a:18: source[2].name: `gateways` is the name of the source in line 11; give each source its own
a:20: source[2].address: `0.0.0.0:5140` can be reached from other machines; write `public = true` if that is meant, or listen on `127.0.0.1`
a:21: source[2].chunk_bytes: `0` is out of range; write 16 B to 64 KiB
a:22: source[2].max_peers: unknown key; it is called `peers_max`
a:24: source[3].name: missing; every source has a name of its own
a:26: source[3].address: `127.0.0.1:5140` is in use by `0.0.0.0:5140` in line 20; choose another port or path
a:27: source[3].peers_max: `0` is out of range; write 1 to 1000000
a:29: output: expected a list of tables; write `[[output]]`, in two pairs of brackets, above each one's keys"#;
    assert_eq!(problems_of(text), expected);
}

#[test]
fn broken_syntax_has_line_and_column() {
    for (text, expected) in [
        ("loops = ", "a:1:9: string values must be quoted, expected literal string"),
        ("loops = 1\nloops = 2", "a:2:1: duplicate key"),
        ("[journal", "a:1:9: unclosed table, expected `]`"),
        ("data_dir = \"data\n", "a:1:17: invalid basic string, expected `\"`"),
        (
            "loops = 1 2\n\u{e9}\u{e9} = = 3\n[x",
            "a:1:9: string values must be quoted, expected literal string\n\
             a:2:1: invalid unquoted key, expected letters, numbers, `-`, `_`\n\
             a:2:6: extra `=`, expected nothing\n\
             a:2:8: unexpected key or value, expected newline, `#`\n\
             a:3:3: unclosed table, expected `]`",
        ),
    ] {
        assert_eq!(problems_of(text), expected, "{text}");
    }
}

#[test]
fn line_ends_and_byte_order_marks_of_other_systems() {
    let config = config("\u{feff}loops = 2\r\nlog_format = \"json\"\r\n");
    assert_eq!((config.loops.map(Into::into), config.log_format), (Some(2_usize), LogFormat::Json));
}

#[test]
fn a_file_is_read_with_the_paths_from_its_directory() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("catchment.toml");
    std::fs::write(&path, "[[source]]\nname = 's'\nkind = 'listen'\naddress = 'unix:s'\n").expect("room");
    let config = load(&path).expect("no mistake");
    assert_eq!(config.data_dir, dir.path().join("data"));
    let Kind::Listen(listen) = &config.sources[0].kind else { panic!("it listens") };
    assert_eq!(listen.address.to_string(), format!("unix:{}/s", dir.path().display()));
}

#[test]
fn a_file_that_is_not_there_or_not_text() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("catchment.toml");
    let shown = || load(&path).expect_err("a problem").to_string().replace(&path.display().to_string(), "c");
    assert_eq!(
        shown(),
        "c: cannot be read: No such file or directory (os error 2); `catchment config default` prints one to start from"
    );
    std::fs::write(&path, b"loops = 1\n# z\xfcrich\n").expect("room for a small file");
    assert_eq!(shown(), "c:2:4: not UTF-8 text");
}

/// Whatever is done to the file, reading it ends with a configuration or with problems that have a place.
#[test]
fn a_damaged_file_never_ends_the_program() {
    let mut random = fastrand::Rng::with_seed(2);
    let whole = all_switched_on().replace("targets_file", "#");
    let pieces = [
        "[",
        "]]",
        "=",
        "\"",
        "'''",
        "\n",
        "{",
        "1",
        "-",
        "false",
        "[[source]]",
        ".",
        "\u{e9}",
        "\0",
        "#",
        ",",
    ];
    let mut accepted = 0;
    for _ in 0..300 {
        let mut text: Vec<char> = whole.chars().collect();
        for _ in 0..random.usize(1..4) {
            let at = random.usize(..text.len());
            let end = (at + random.usize(..6)).min(text.len());
            text.splice(at..end, random.choice(pieces).unwrap_or_default().chars());
        }
        let text: String = text.into_iter().collect();
        match try_parse(&text, Path::new("/base")) {
            Ok(_) => accepted += 1,
            Err(problems) => {
                for line in problems.to_string().lines() {
                    assert!(line.starts_with("a:") || line.starts_with("and "), "{line}");
                    assert!(!line.chars().any(char::is_control), "{line:?}");
                }
            }
        }
    }
    // Much of the file is comments.
    assert!((1..300).contains(&accepted), "{accepted} accepted");
}

#[test]
fn equal_files_are_equal_configurations() {
    let one: Config = config_of("[[source]]\nname = 's'\nkind = 'connect'\ntargets = ['a:1']");
    let other = config_of("source = [{ kind = 'connect', name = 's', targets = ['a:1'] }] # the same");
    assert_eq!(one, other);
}
