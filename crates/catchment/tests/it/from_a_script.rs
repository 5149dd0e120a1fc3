//! The page `docs/from-a-script.md`, typed as it stands: its files are written, its commands run, and what they print is compared.

use std::path::Path;

use testkit::{Process, Program, until, unused_address};

use crate::program;

const PAGE: &str = include_str!("../../../../docs/from-a-script.md");

/// Where the page's server listens.
const ADDRESS: &str = "127.0.0.1:5140";

/// A code block: what is behind its fence, and its lines.
struct Block {
    kind: String,
    lines: Vec<String>,
}

fn blocks(page: &str) -> Vec<Block> {
    let fences = page.split("```").skip(1).step_by(2);
    fences
        .map(|block| {
            let (kind, text) = block.split_once('\n').unwrap();
            Block { kind: kind.to_owned(), lines: text.lines().map(str::to_owned).collect() }
        })
        .collect()
}

/// The page's commands find the program where they look for it.
fn command(program: &Program, script: &str) -> std::process::Command {
    let bin = Path::new(env!("CARGO_BIN_EXE_catchment")).parent().unwrap().display();
    program.command_in_bash(&format!("PATH={bin}:$PATH\n{script}"), &[])
}

/// Runs the commands of a block. `None` when they do not print what the page says, yet.
fn run(program: &Program, block: &Block, started: &mut Vec<(String, Process)>) -> Result<(), String> {
    let commands = block.lines.split(|line| line.starts_with("$ ")).skip(1);
    let names = block.lines.iter().filter_map(|line| line.strip_prefix("$ "));
    for (script, expected) in names.zip(commands) {
        if let Some(script) = script.strip_suffix(" &") {
            if !started.iter().any(|(known, _)| known == script) {
                let process = program.start_by(
                    &format!("background-{}", started.len()),
                    command(program, &format!("exec {script}")),
                );
                started.push((script.to_owned(), process));
            }
            continue;
        }
        let ended = program.start_by("typed", command(program, script)).wait();
        let text = ended.text();
        let expected: Vec<&str> =
            expected.iter().map(String::as_str).filter(|line| !line.is_empty()).collect();
        let fits = match &expected[..] {
            [first, "..."] => text.lines().next() == Some(first),
            all => text.lines().map(str::trim_end).eq(all.iter().copied()),
        };
        if !fits {
            return Err(format!(
                "`{script}` printed\n{text}{}instead of\n{}",
                ended.stderr,
                expected.join("\n")
            ));
        }
    }
    Ok(())
}

#[test]
fn every_command_on_the_page_does_what_the_page_says() {
    let program = program();
    let page = PAGE.replace(ADDRESS, &unused_address("127.0.0.1").to_string());
    let (host, port) = ADDRESS.split_once(':').unwrap();
    let page = page.replace(
        &format!("\"{host}\", {port}"),
        &format!(
            "\"{host}\", {}",
            page.split("--listen 127.0.0.1:").nth(1).unwrap().split(' ').next().unwrap()
        ),
    );
    let (mut started, mut files, mut commands) = (Vec::new(), 0, 0);
    for block in blocks(&page) {
        match block.kind.split_once(' ') {
            Some((_, name)) => {
                program.write(name, block.lines.join("\n") + "\n");
                files += 1;
            }
            None if block.kind == "console" => {
                let mut last = String::new();
                // Servers take a while to start, and a pipeline to pass what came.
                let done = || run(&program, &block, &mut started).map_err(|why| last = why).ok();
                let typed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    until("the page is right", done);
                }));
                assert!(typed.is_ok(), "{last}");
                commands += 1;
                // One that hands out a file once ends by itself.
                started.retain_mut(|(script, process)| {
                    !script.contains("--once") || process.wait().code.is_none()
                });
            }
            None => panic!("a block of the kind `{}` has no name", block.kind),
        }
    }
    assert!(files >= 5 && commands >= 5, "{files} files, {commands} blocks of commands");
}
