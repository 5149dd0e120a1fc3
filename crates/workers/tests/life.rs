//! Reloading, stopping, and what is left when a collector is killed.

mod common;

use std::process::{Command, Stdio};
use std::time::Duration;

use common::{Code, batch, messages, python, reasons};
use record::clock;
use workers::{Pool, Spec};

/// Sends one line through until it comes out as `expected`.
fn until(pool: &mut Pool, expected: &str) {
    let start = clock::monotonic();
    loop {
        let mut records = batch(&["x"]);
        pool.process(&mut records).unwrap();
        if messages(&records) == [expected] {
            return;
        }
        assert_eq!(reasons(&records), [""]);
        assert!(clock::monotonic() - start < Duration::from_secs(20), "{:?}", messages(&records));
    }
}

#[test]
fn new_code_takes_over_without_a_line_lost_also_when_it_is_given_something_else() {
    let code = Code::new("def handler(line): return 'old'\n");
    let mut pool = code.pool("handler");
    until(&mut pool, "old");
    let before = pool.handle().status().pids;
    code.write("def handler(record: dict): return record['peer'] + ' new'\n");
    pool.handle().reload();
    until(&mut pool, "p new");
    let status = pool.handle().status();
    assert_eq!((status.failed, status.restarts), (0, 0));
    assert!(status.pids.iter().any(|pid| !before.contains(pid)));
}

#[test]
fn new_code_that_cannot_be_loaded_changes_nothing() {
    let code = Code::new("def handler(line): return 'old'\n");
    let mut pool = code.pool("handler");
    code.write("nonsense(\n");
    pool.handle().reload();
    let start = clock::monotonic();
    while pool.handle().status().last_error.is_none() {
        until(&mut pool, "old");
        assert!(clock::monotonic() - start < Duration::from_secs(20));
    }
    assert!(pool.handle().status().last_error.unwrap().contains("SyntaxError"));
    until(&mut pool, "old");
    code.write("def handler(line): return 'newer'\n");
    pool.handle().reload();
    until(&mut pool, "newer");
}

#[test]
fn a_changed_file_is_noticed() {
    let code = Code::new("def handler(line): return 'old'\n");
    let mut pool = Pool::start(Spec { watch: true, ..code.spec("handler") }).unwrap();
    until(&mut pool, "old");
    code.write("def handler(line): return 'changed'\n");
    until(&mut pool, "changed");
}

#[test]
fn who_waits_when_it_is_stopped_is_told() {
    let code = Code::new("import time\ndef handler(line): time.sleep(1000)\n");
    let mut pool = code.pool("handler");
    let handle = pool.handle();
    let waits = std::thread::spawn(move || pool.process(&mut batch(&["x"])));
    while handle.status().pids.is_empty() {
        std::thread::yield_now();
    }
    handle.stop();
    assert!(waits.join().unwrap().is_err());
    assert!(handle.status().pids.is_empty());
}

#[test]
fn who_is_killed_finishes_no_line() {
    let code = Code::new("import time\ndef handler(line): time.sleep(1000)\n");
    let mut pool = code.pool("handler");
    pool.submit(batch(&["x"])).unwrap();
    pool.handle().kill();
    assert!(pool.collect().is_err());
    drop(pool);
}

#[test]
fn close_is_called_before_a_worker_ends() {
    let code = Code::new(
        "import asyncio\nclass Handler:\n  async def process(self, line): pass\n  async def close(self):\n    \
         await asyncio.sleep(0)\n    open(__file__ + '.closed', 'w').close()\n",
    );
    drop(code.pool("Handler"));
    assert!(code.0.path().join("h.py.closed").exists());
}

#[test]
fn no_worker_outlives_a_killed_collector_whatever_it_does() {
    // The last one holds the interpreter's lock and never lets it go.
    for how in ["time.sleep(1000)", "while True: pass", "re.match('(a*)*b', 'a' * 60)"] {
        let code = Code::new(&format!(
            "import os, re, time\ndef handler(line):\n    open(__file__ + '.tmp', 'w').write(str(os.getpid()))\n    \
             os.rename(__file__ + '.tmp', __file__ + '.pid')\n    {how}\n"
        ));
        let mut collector = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_collector_to_be_killed", "--ignored"])
            .env("HANDLER_IN", code.0.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let start = clock::monotonic();
        let wait = |what: &str, is: &dyn Fn() -> bool| {
            while !is() {
                assert!(clock::monotonic() - start < Duration::from_secs(30), "{how}: {what}");
                std::thread::sleep(Duration::from_millis(5));
            }
        };
        let pid = code.0.path().join("h.py.pid");
        wait("the handler is never called", &|| pid.exists());
        let pid = std::fs::read_to_string(pid).unwrap();
        let alive = || {
            let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            !status.is_empty() && !status.contains("State:\tZ")
        };
        assert!(alive());
        collector.kill().unwrap();
        collector.wait().unwrap();
        wait("the worker is still there", &|| !alive());
    }
}

#[test]
#[ignore = "a process that another test starts and kills"]
fn a_collector_to_be_killed() {
    let directory = std::env::var_os("HANDLER_IN").expect("the directory of `h.py`");
    let spec = Spec { python: python(), ..Spec::new("h.py:handler", directory) };
    let mut pool = Pool::start(spec).unwrap();
    pool.process(&mut batch(&["x"])).unwrap();
}
