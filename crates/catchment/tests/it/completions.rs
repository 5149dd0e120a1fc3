//! `catchment completions` and `catchment man`.

use std::process::Command;

use crate::program;

#[test]
fn each_shell_completes_every_command() {
    let program = program();
    for shell in ["bash", "zsh", "fish"] {
        let script = program.output(&["completions", shell]).expect_code(0).text();
        for command in ["collect", "status", "top", "--data-dir"] {
            assert!(script.contains(command.trim_start_matches("--")), "{shell}: no {command}");
        }
    }
    program.output(&["completions", "tcsh"]).expect_code(2);
    // The one that is on every machine where these tests run.
    let script = program.write("complete.bash", program.output(&["completions", "bash"]).stdout);
    let asks = "source \"$0\"; COMP_WORDS=(catchment sta); COMP_CWORD=1; _catchment catchment sta catchment; \
                echo \"${COMPREPLY[@]}\"";
    let completed = Command::new("bash").args(["-c", asks]).arg(&script).output().expect("bash runs");
    assert_eq!(String::from_utf8_lossy(&completed.stdout).trim(), "status", "{completed:?}");
}

#[test]
fn there_is_a_manual_page_for_each_command() {
    let program = program();
    let page = program.output(&["man"]).expect_code(0).text();
    assert!(page.starts_with(".ie") && page.contains(".TH catchment 1"), "{page}");
    assert!(page.contains("Exit codes"), "{page}");
    program.output(&["man", "--dir", "man1"]).expect_code(0);
    for page in ["catchment.1", "catchment-run.1", "catchment-store-verify.1", "catchment-top.1"] {
        let text = std::fs::read_to_string(program.dir().join("man1").join(page)).expect(page);
        assert!(text.contains(".SH SYNOPSIS"), "{page}");
    }
    program.write("file", "");
    program.output(&["man", "--dir", "file"]).expect_code(1).expect_stderr("cannot write manual pages");
}
