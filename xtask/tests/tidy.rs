//! House rules that a compiler does not know. Each failure says what to do.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// What each crate may know of the others. `record` is below everything; `wire`, `journal`, `serve` and `store` do not know
/// each other; only the program knows all.
const MAY_USE: &[(&str, &[&str])] = &[
    ("record", &[]),
    ("wire", &[]),
    ("journal", &["record"]),
    ("serve", &["record"]),
    ("download", &["record", "wire"]),
    ("workers", &["record"]),
    ("remap", &["record"]),
    ("net", &["journal", "record", "wire"]),
    ("search", &["record"]),
    ("parse", &["record"]),
    ("part", &["record", "search"]),
    ("store", &["part", "record", "search"]),
    ("objects", &["store"]),
    ("query", &["part", "record", "search", "store"]),
    ("web", &["query", "record", "search", "store"]),
    ("pipeline", &["journal", "parse", "record", "remap", "search", "wire", "workers"]),
    (
        "catchment",
        &[
            "download", "journal", "net", "objects", "parse", "part", "pipeline", "query", "record",
            "search", "serve", "store", "web", "wire", "workers",
        ],
    ),
    // Tools and tests may look at more, but the program is never linked with them.
    ("testkit", &["journal", "record"]),
    ("catchment-bench", &[]),
    ("xtask", &["catchment-bench", "net", "testkit"]),
];

/// Crates on the path of a line: nothing in them, or below them, runs on a general runtime.
const WITHOUT_RUNTIME: &[&str] =
    &["record", "wire", "journal", "net", "parse", "remap", "search", "pipeline", "part", "store", "workers"];
/// Those with `vrl` below them. It links a runtime for functions that reach the network, which are not built in, and starts none: what
/// it alone brings in is not looked at.
const WITH_VRL: &[&str] = &["remap", "pipeline"];
const RUNTIMES: &[&str] = &["tokio", "async-std", "smol", "futures-executor"];

/// Longer files are hard to read as one thing.
const LINES_MAX: usize = 450;

#[test]
fn crates_know_only_what_is_below_them() {
    let metadata = metadata();
    let rules: BTreeMap<&str, &[&str]> = MAY_USE.iter().copied().collect();
    let ours: BTreeSet<&str> =
        packages(&metadata).filter(|package| package["source"].is_null()).map(name).collect();
    for package in packages(&metadata).filter(|package| package["source"].is_null()) {
        let allowed = rules
            .get(name(package))
            .unwrap_or_else(|| panic!("say in `MAY_USE` what {} may use", name(package)));
        for dependency in package["dependencies"].as_array().unwrap() {
            let used = name(dependency);
            // A crate's tests may use what its code may not.
            if ours.contains(used) && dependency["kind"].is_null() {
                assert!(
                    allowed.contains(&used),
                    "`{}` must not know `{used}`: see ARCHITECTURE.md",
                    name(package)
                );
            }
        }
    }
}

#[test]
fn nothing_on_the_path_of_a_line_runs_on_a_general_runtime() {
    for package in WITHOUT_RUNTIME {
        // Of this package alone: `cargo metadata` shows the features that others want as well.
        let arguments =
            ["tree", "--offline", "--edges", "normal", "--prefix", "none", "--format", "{lib}", "--package"];
        let prune: &[&str] = if WITH_VRL.contains(package) { &["--prune", "vrl"] } else { &[] };
        let tree = Command::new(env!("CARGO"))
            .args(arguments)
            .arg(package)
            .args(prune)
            .current_dir(root())
            .output()
            .unwrap();
        assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
        let tree = String::from_utf8(tree.stdout).unwrap();
        assert!(tree.lines().any(|library| library == *package), "{tree}");
        for library in tree.lines() {
            assert!(!RUNTIMES.contains(&library), "`{package}` brings in `{library}`");
        }
    }
}

#[test]
fn files_are_short_and_safe() {
    for file in rust_files() {
        let text = fs::read_to_string(&file).unwrap();
        let lines = text.lines().count();
        let file = file.display();
        assert!(lines <= LINES_MAX, "{file} has {lines} lines: make two files of it, each of one thing");
        let root = ["/lib.rs", "/main.rs"].iter().any(|end| file.to_string().ends_with(&format!("src{end}")));
        assert!(!root || text.contains("#![forbid(unsafe_code)]"), "{file} does not forbid unsafe code");
    }
}

#[test]
fn each_invariant_names_a_test_that_exists() {
    let page = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let invariants = page.split("## Invariants").nth(1).expect("a section about the invariants");
    let invariants = invariants.split("\n## ").next().unwrap();
    let tests: BTreeSet<String> = rust_files()
        .iter()
        .flat_map(|file| {
            let text = fs::read_to_string(file).unwrap();
            text.split("fn ")
                .skip(1)
                .map(|rest| rest.split(['(', '<']).next().unwrap().to_owned())
                .collect::<Vec<_>>()
        })
        .collect();
    let named: Vec<&str> =
        invariants.split('`').skip(1).step_by(2).filter(|word| word.contains('_')).collect();
    assert!(named.len() >= 10, "the invariants name only {named:?}");
    for test in named {
        assert!(tests.contains(test), "ARCHITECTURE.md names the test `{test}`, which is not there");
    }
}

fn metadata() -> Value {
    // Of what this machine builds only: crates for other systems need not be here.
    let rustc = Command::new("rustc").arg("-vV").output().expect("rustc can be run");
    let version = String::from_utf8_lossy(&rustc.stdout);
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc tells its host");
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["metadata", "--format-version", "1", "--offline", "--filter-platform", host])
        .current_dir(root());
    let output = cargo.output().expect("cargo can be run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn packages(metadata: &Value) -> impl Iterator<Item = &Value> {
    metadata["packages"].as_array().unwrap().iter()
}

fn name(package: &Value) -> &str {
    package["name"].as_str().unwrap()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn rust_files() -> Vec<PathBuf> {
    let (mut files, mut open) =
        (Vec::new(), vec![root().join("crates"), root().join("xtask"), root().join("benches")]);
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
                open.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                files.push(path);
            }
        }
    }
    files
}
