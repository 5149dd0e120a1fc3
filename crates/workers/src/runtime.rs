use serde_json::{Value, json};

use crate::Spec;

/// The files of the Python package, which come with the program: nothing has to be installed.
const FILES: [(&str, &str); 16] = [
    ("__init__.py", include_str!("../../../python/catchment/__init__.py")),
    ("__main__.py", include_str!("../../../python/catchment/__main__.py")),
    ("_batch.py", include_str!("../../../python/catchment/_batch.py")),
    ("_columns.py", include_str!("../../../python/catchment/_columns.py")),
    ("_failures.py", include_str!("../../../python/catchment/_failures.py")),
    ("_guard.py", include_str!("../../../python/catchment/_guard.py")),
    ("_hand.py", include_str!("../../../python/catchment/_hand.py")),
    ("_lanes.py", include_str!("../../../python/catchment/_lanes.py")),
    ("_link.py", include_str!("../../../python/catchment/_link.py")),
    ("_load.py", include_str!("../../../python/catchment/_load.py")),
    ("_output.py", include_str!("../../../python/catchment/_output.py")),
    ("_plain.py", include_str!("../../../python/catchment/_plain.py")),
    ("_results.py", include_str!("../../../python/catchment/_results.py")),
    ("_threads.py", include_str!("../../../python/catchment/_threads.py")),
    ("_worker.py", include_str!("../../../python/catchment/_worker.py")),
    ("_boot.py", include_str!("../../../python/catchment/_boot.py")),
];

/// What an interpreter is told on its command line: to read the rest from its stdin, as a length and a JSON object.
pub(crate) const BOOT: &str = "\
import json, os
def take(count):
    data = b''
    while len(data) < count:
        part = os.read(0, count - len(data))
        if not part:
            os._exit(1)
        data += part
    return data
payload = json.loads(take(int.from_bytes(take(4), 'little')))
exec(compile(payload['files']['_boot.py'], '<catchment._boot>', 'exec'))
";

/// Which main program of the package is to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Run {
    Worker,
    Hand,
}

/// What an interpreter that runs [`BOOT`] reads first.
pub(crate) fn payload(spec: &Spec, run: Run) -> Vec<u8> {
    let files: serde_json::Map<String, Value> =
        FILES.iter().map(|(name, text)| ((*name).to_owned(), Value::from(*text))).collect();
    let run = match run {
        Run::Worker => "_worker",
        Run::Hand => "_hand",
    };
    let setup = json!({
        "handler": spec.located(),
        "config": spec.config,
        "path": spec.directory.to_string_lossy(),
        "threads": spec.threads,
        "concurrency": spec.concurrency,
        "log_rate": spec.log_rate,
        "parent": std::process::id(),
    });
    let text = json!({ "files": files, "run": run, "setup": setup }).to_string();
    let mut bytes = (text.len() as u32).to_le_bytes().to_vec();
    bytes.extend_from_slice(text.as_bytes());
    bytes
}
