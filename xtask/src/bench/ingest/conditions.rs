//! Where and when it was measured.

use std::fs;
use std::process::Command;
use std::thread;

use rustix::system::uname;

use super::build::Tools;
use super::plan::{Kind, Plan};

/// The conditions as `(what, value)`. What cannot be found out says so: a report is not lost for it.
pub(crate) fn read(tools: &Tools, plan: &Plan) -> Vec<(&'static str, String)> {
    let system = uname();
    let seconds = |kind| {
        let time = plan.time(kind);
        format!("{} s after {} s of warming up", time.window.as_secs(), time.warm_up.as_secs())
    };
    vec![
        ("date", output(tools, "date", &["-u", "+%Y-%m-%d %H:%M UTC"])),
        ("commit", commit(tools)),
        ("kernel", format!("{} {}", system.sysname().to_string_lossy(), system.release().to_string_lossy())),
        ("processor", processor()),
        ("memory", memory()),
        ("disk", disk(tools)),
        ("rounds", plan.rounds.to_string()),
        ("window, saturated", seconds(Kind::Saturated)),
        ("window, paced", seconds(Kind::Paced)),
        ("the yardstick's commit, KiB at most", (plan.yardstick_batch_bytes >> 10).to_string()),
    ]
}

fn commit(tools: &Tools) -> String {
    let commit = output(tools, "git", &["rev-parse", "--short", "HEAD"]);
    match output(tools, "git", &["status", "--porcelain"]).as_str() {
        "" => commit,
        _ => format!("{commit} and uncommitted changes"),
    }
}

fn processor() -> String {
    let cores = thread::available_parallelism().map_or_else(|_| "?".to_owned(), |cores| cores.to_string());
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name =
        info.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split(": ").nth(1));
    format!("{cores} cores, {}", name.unwrap_or("model unknown"))
}

fn memory() -> String {
    let info = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib: Option<u64> = info.split_ascii_whitespace().nth(1).and_then(|kib| kib.parse().ok());
    kib.map_or_else(|| "unknown".to_owned(), |kib| format!("{} GiB", (kib + (1 << 19)) >> 20))
}

fn disk(tools: &Tools) -> String {
    let scratch = tools.scratch.display().to_string();
    let table = output(tools, "df", &["--output=source,fstype", &scratch]);
    table
        .lines()
        .last()
        .map_or_else(String::new, |row| row.split_ascii_whitespace().collect::<Vec<_>>().join(", "))
}

fn output(tools: &Tools, program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).current_dir(&tools.root).args(arguments).output();
    match output {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        _ => "unknown".to_owned(),
    }
}
