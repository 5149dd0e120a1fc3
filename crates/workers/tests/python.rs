//! The Python side's own tests, and what it does by hand.

mod common;

use std::path::Path;
use std::process::Command;

use common::{Code, python};
use workers::Spec;

fn package() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../python")
}

#[test]
fn the_runtimes_own_tests_pass() {
    let output = Command::new(python())
        .args(["-W", "error", "-m", "unittest", "discover", "-s", "tests"])
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(package())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("Ran ") && !text.contains("Ran 0 tests"), "{text}");
}

#[test]
fn by_hand_it_does_the_same_with_and_without_the_package() {
    let code = Code::new(
        "import catchment\ndef handler(line):\n    print('seen', line)\n    if line == 'c': raise ValueError('no')\n    \
         return catchment.DROP if line == 'b' else {'n': len(line)}\n",
    );
    let expected = [
        "{\"message\": \"a\", \"n\": 1}",
        "{\"message\": \"c\", \"error.stage\": \"python\", \"error.reason\": \"ValueError: no\"}",
    ];
    let installed = Command::new("sh")
        .args(["-c", "printf 'a\\nb\\r\\nc' | \"$0\" -m catchment h.py:handler"])
        .arg(python())
        .env("PYTHONPATH", package())
        .current_dir(code.0.path())
        .output()
        .unwrap();
    let embedded = Command::new("sh")
        .args([
            "-c",
            "printf 'a\\nb\\r\\nc' | \"$0\" --exact the_lines_of_stdin_by_hand --ignored --nocapture",
        ])
        .arg(std::env::current_exe().unwrap())
        .env("HANDLER_IN", code.0.path())
        .output()
        .unwrap();
    for output in [installed, embedded] {
        let (text, errors) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let records: Vec<&str> = text.lines().filter(|line| line.starts_with('{')).collect();
        assert_eq!(records, expected, "{errors}");
        assert_eq!(output.status.code(), Some(1), "{errors}");
        assert!(errors.contains("seen a\n") && errors.contains("ValueError: no\n"), "{errors}");
    }
}

#[test]
#[ignore = "a process that another test starts"]
fn the_lines_of_stdin_by_hand() {
    let directory = std::env::var_os("HANDLER_IN").expect("the directory of `h.py`");
    let spec = Spec { python: python(), ..Spec::new("h.py:handler", directory) };
    let status = workers::by_hand(&spec, std::io::stdin()).unwrap();
    std::process::exit(status.code().unwrap_or(101));
}
