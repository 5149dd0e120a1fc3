//! What a handler can do wrong.

mod common;

use std::time::Duration;

use common::{Code, batch, messages, process, reasons};
use workers::{Pool, Spec, StartError, Status};

const LINES: [&str; 3] = ["one", "bad", "two"];

/// The code fails on the line `bad`; of the others it makes upper case.
fn failing(how: &str) -> Code {
    Code::new(&format!(
        "import asyncio, logging, os, sys, threading, time\n\
         def handler(line):\n    if line == 'bad':\n        {how}\n    return line.upper()\n\
         async def coroutine(line):\n    if line == 'bad':\n        {how}\n    return line.upper()\n"
    ))
}

fn run(spec: Spec) -> (Vec<String>, Vec<String>, Status) {
    let mut pool = Pool::start(spec).unwrap();
    let mut records = batch(&LINES);
    pool.process(&mut records).unwrap();
    let owned = |texts: Vec<&str>| texts.into_iter().map(str::to_owned).collect();
    let result = (owned(messages(&records)), owned(reasons(&records)));
    // It goes on after that.
    let mut records = batch(&["three"]);
    pool.process(&mut records).unwrap();
    assert_eq!(messages(&records), ["THREE"]);
    (result.0, result.1, pool.handle().status())
}

#[test]
fn an_exception_marks_its_line_and_the_others_go_on() {
    let failures = [
        ("raise ValueError('no \\ud800')", "ValueError: no \u{fffd}"),
        ("sys.exit(3)", "SystemExit: 3"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("raise asyncio.CancelledError", "asyncio.exceptions.CancelledError"),
        ("raise MemoryError", "MemoryError"),
        ("f = lambda: f(); f()", "RecursionError: maximum recursion depth exceeded"),
        ("return 42", "TypeError: a handler returned int"),
        ("return ['a']", "TypeError: a handler returned list"),
        ("return asyncio.sleep(0)", "TypeError: a"),
        ("return {'peer': 'x'}", "ValueError: `peer` cannot be set"),
        ("return {'level': 'loud'}", "`level` is to be one of"),
        ("return {'time': 5}", "ValueError: `time` is to be a datetime"),
        ("return {'': 5}", "ValueError: a field needs a name"),
        ("return {str(n): 1 for n in range(2000)}", "ValueError: more than 1024 fields"),
    ];
    let mut how = String::from("pass");
    for (number, (code, _)) in failures.iter().enumerate() {
        how += &format!("\n    if line == '{number}':\n        {code}");
    }
    let code = failing(&how);
    let lines: Vec<String> =
        (0..failures.len()).flat_map(|number| [number.to_string(), "x".to_owned()]).collect();
    for name in ["handler", "coroutine"] {
        let mut pool = Pool::start(code.spec(name)).unwrap();
        let mut records = batch(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        pool.process(&mut records).unwrap();
        for (number, (code, expected)) in failures.iter().enumerate() {
            let (reason, after) = (reasons(&records)[2 * number], messages(&records)[2 * number + 1]);
            assert_eq!((messages(&records)[2 * number], after), (lines[2 * number].as_str(), "X"));
            assert!(reason.starts_with(expected), "{name}: {code}: {reason}");
        }
        let status = pool.handle().status();
        assert_eq!((status.failed, status.restarts), (failures.len() as u64, 0));
    }
}

#[test]
fn the_traceback_is_kept_with_the_position_of_the_line() {
    let (_, _, status) = run(failing("raise ValueError('no')").spec("handler"));
    let (position, traceback) = &status.samples[0];
    assert_eq!((position.0, status.samples.len()), (101, 1));
    assert!(
        traceback.contains("h.py\", line 4, in handler") && traceback.ends_with("ValueError: no\n"),
        "{traceback}"
    );
    assert!(!traceback.contains("_plain"), "{traceback}");
}

#[test]
fn a_generator_without_end_is_a_failure_of_its_line() {
    let code = "import itertools\ndef handler(line): yield from itertools.count() if line == 'bad' else ['x']\n\
                async def coroutine(line):\n    while True: yield line\n";
    let records = process(code, "handler", &LINES);
    assert_eq!(messages(&records), ["x", "bad", "x"]);
    assert_eq!(reasons(&records)[1], "ValueError: more than 10000 records for one line");
    let records = process(code, "coroutine", &["bad"]);
    assert_eq!(reasons(&records), ["ValueError: more than 10000 records for one line"]);
}

#[test]
fn a_worker_that_ends_is_replaced_and_its_batch_passes_with_the_reason() {
    let cases = [
        ("os._exit(3)", "the worker ended: exit status: 3"),
        ("os.kill(os.getpid(), 9)", "the worker ended: signal: 9"),
        ("os.closerange(0, 1000)", "the worker"),
        ("time.sleep(1000)", "the worker got no line done for"),
        ("while True: pass", "the worker got no line done for"),
        ("x = bytearray(1 << 30); x[::4096] = b'x' * (1 << 18); time.sleep(1000)", "the worker took "),
        ("while True: os.write(1, b'x' * 65536)", "the worker printed more than 8388608 bytes"),
        ("os.fork() or time.sleep(1000); os._exit(0)", "the worker ended: exit status: 0"),
    ];
    std::thread::scope(|scope| {
        for (how, reason) in cases {
            scope.spawn(move || ends_with(how, reason));
        }
    });
}

fn ends_with(how: &str, expected: &str) {
    let code = failing(how);
    // Time enough to fail in the way that is meant, if the machine is slow.
    let timeout = if expected.contains("no line done") { 1000 } else { 60_000 };
    let spec = Spec {
        timeout: Duration::from_millis(timeout),
        memory_max: 256 << 20,
        output_max: 8 << 20,
        ..code.spec("handler")
    };
    let (messages, reasons, status) = run(spec);
    assert_eq!(messages, LINES, "{how}");
    assert!(reasons.iter().all(|text| text.starts_with(expected)), "{how}: {reasons:?}");
    assert_eq!((status.restarts, status.unhandled, status.lines), (2, 3, 4), "{how}");
}

#[test]
fn a_coroutine_that_never_ends_is_ended() {
    let code = failing("await asyncio.sleep(1000)");
    code.write(
        &std::fs::read_to_string(code.0.path().join("h.py"))
            .unwrap()
            .replace("def handler", "async def handler"),
    );
    let (messages, reasons, status) = run(Spec { timeout: Duration::from_secs(1), ..code.spec("coroutine") });
    assert_eq!(messages, LINES);
    assert!(reasons.iter().all(|text| text.starts_with("the worker got no line done for")), "{reasons:?}");
    assert_eq!(status.restarts, 2);
}

#[test]
fn a_batch_whose_worker_died_once_is_done_by_the_next() {
    let code = Code::new(
        "import os\ndef handler(line):\n    if not os.path.exists(__file__ + '.died'):\n        \
         open(__file__ + '.died', 'w').close()\n        os._exit(1)\n    return line.upper()\n",
    );
    let mut pool = code.pool("handler");
    let mut records = batch(&LINES);
    pool.process(&mut records).unwrap();
    assert_eq!((messages(&records), reasons(&records)), (vec!["ONE", "BAD", "TWO"], vec!["", "", ""]));
    let status = pool.handle().status();
    assert_eq!((status.restarts, status.unhandled), (1, 0));
    assert!(status.last_error.unwrap().contains("exit status: 1"));
}

#[test]
fn one_batch_that_kills_takes_no_other_with_it() {
    let code = failing("os._exit(1)");
    let mut pool = Pool::start(code.spec("handler")).unwrap();
    for lines in [["a", "b"], ["bad", "c"], ["d", "e"]] {
        pool.submit(batch(&lines)).unwrap();
    }
    let mut out = Vec::new();
    while let Some(records) = pool.collect().unwrap() {
        out.extend(messages(&records).into_iter().map(str::to_owned));
    }
    assert_eq!(out, ["A", "B", "bad", "c", "D", "E"]);
}

#[test]
fn what_goes_past_sys_stdout_and_floods_does_not_stop_it() {
    let how = "os.system('yes | head -c 3000000'); print('x' * 300000); sys.stderr.write('y\\n' * 100000); logging.info('z')";
    let (messages, reasons, status) = run(failing(how).spec("handler"));
    assert_eq!((messages[1].as_str(), reasons[1].as_str(), status.restarts), ("BAD", "", 0));
}

#[test]
fn closed_and_replaced_streams_are_the_handlers_own_affair() {
    for how in ["os.close(1); os.close(2); print('x')", "sys.stdout = None; print('x')", "sys.stdout.close()"]
    {
        let (messages, _, status) = run(failing(how).spec("handler"));
        assert_eq!((messages[1].as_str(), status.restarts), ("BAD", 0), "{how}");
    }
}

#[test]
fn a_daemon_thread_of_a_handler_does_not_keep_its_worker_from_ending() {
    let code = failing("threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()");
    let start = record::clock::monotonic();
    run(code.spec("handler"));
    assert!(record::clock::monotonic() - start < Duration::from_secs(5));
}

#[test]
fn code_that_cannot_be_loaded_is_told_with_its_traceback() {
    for (text, name, expected) in [
        ("import nowhere_to_be_found\n", "handler", "h.py\", line 1, in <module>"),
        ("def handler(line:\n", "handler", "SyntaxError"),
        ("x = 1\n", "handler", "AttributeError: `/"),
        ("handler = 5\n", "handler", "is a int: a handler is a function or a class with `process`"),
        ("class handler: pass\n", "handler", "`handler` has no method `process`"),
        (
            "class handler:\n  def start(self): raise OSError('no')\n  def process(self, line): pass\n",
            "handler",
            "OSError: no",
        ),
    ] {
        let error = Pool::check(&Code::new(text).spec(name)).unwrap_err();
        assert!(matches!(error, StartError::Handler { .. }), "{error}");
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn what_is_no_interpreter_and_what_never_starts_are_told() {
    let code = Code::new("import os\nos._exit(7)\n");
    let error = Pool::check(&code.spec("handler")).unwrap_err();
    assert!(error.to_string().contains("exit status: 7"), "{error}");
    let error = Pool::check(&Spec { python: "/no/python".into(), ..code.spec("handler") }).unwrap_err();
    assert!(matches!(error, StartError::Interpreter { .. }), "{error}");
    let code = Code::new("import time\ntime.sleep(1000)\n");
    let error =
        Pool::check(&Spec { start_timeout: Duration::from_millis(300), ..code.spec("handler") }).unwrap_err();
    assert!(matches!(error, StartError::Timeout { .. }), "{error}");
}
