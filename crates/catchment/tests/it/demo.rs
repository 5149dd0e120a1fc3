//! `catchment demo`.

use testkit::{Signal, until};

use crate::program;

#[test]
fn it_shows_lines_ends_by_ctrl_c_and_leaves_nothing_behind() {
    let mut program = program();
    let temporary = program.dir().join("tmp");
    std::fs::create_dir(&temporary).expect("a directory");
    program.env("TMPDIR", &temporary.to_string_lossy());
    let mut demo = program.start("demo", &["demo", "--servers", "10", "--rate", "500"]);
    until("lines of several servers", || {
        let text = String::from_utf8_lossy(&demo.stdout()).into_owned();
        let peers: std::collections::BTreeSet<&str> =
            text.lines().filter_map(|line| line.split_once("  ")).map(|(peer, _)| peer).collect();
        (text.lines().count() > 500 && peers.len() == 10).then_some(())
    });
    assert!(std::fs::read_dir(&temporary).expect("a directory").count() > 0, "its data is there");
    demo.signal(Signal::INT);
    demo.wait().expect_code(0);
    assert_eq!(std::fs::read_dir(&temporary).expect("a directory").count(), 0, "nothing is left");
}

#[test]
fn it_ends_by_itself_and_keeps_its_data_where_told() {
    let program = program();
    let ended =
        program.output(&["demo", "--servers", "3", "--seconds", "2", "--data-dir", "data"]).expect_code(0);
    let printed = ended.text().lines().count();
    assert!(printed > 100, "{printed} lines in two seconds");
    assert!(program.lines().len() >= printed);
}
