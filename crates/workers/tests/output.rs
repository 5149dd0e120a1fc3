//! What a handler prints and logs is in the collector's log.

mod common;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use common::{Code, batch};
use serde_json::Value;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn what_a_handler_prints_is_logged_with_its_worker_and_position_and_bounded() {
    let log = Log::default();
    let writer = log.clone();
    let format = tracing_subscriber::fmt().json().flatten_event(true).with_writer(move || writer.clone());
    tracing::subscriber::set_global_default(format.finish()).unwrap();
    let code = Code::new(
        "import asyncio, logging, os, sys\n\
         print('loading')\n\
         async def handler(line):\n    \
             if line == 'flood':\n        for _ in range(100000): print('f' * 99)\n    \
             print('begin', end=' ')\n    print(line, '\\x1b[31m')\n    await asyncio.sleep(0.01 if line == 'a' else 0)\n    \
             print('x\\ny', file=sys.stderr)\n    logging.error('bad %s', line)\n    os.write(1, b'raw\\n')\n",
    );
    let mut pool = code.pool("handler");
    pool.process(&mut batch(&["a", "b"])).unwrap();
    pool.process(&mut batch(&["flood"])).unwrap();
    let handle = pool.handle();
    drop(pool);
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let logged = |level: &str, position: Option<u64>, message: &str| {
        lines.iter().any(|line| {
            line["target"] == "python"
                && (&line["level"], &line["message"], &line["worker"], line["position"].as_u64())
                    == (&level.into(), &message.into(), &0.into(), position)
        })
    };
    assert!(logged("INFO", None, "loading"), "{text}");
    for (position, line) in [(100, "a"), (101, "b")] {
        assert!(logged("INFO", Some(position), &format!("begin {line} \\u{{1b}}[31m")), "{text}");
        assert!(logged("WARN", Some(position), "x") && logged("WARN", Some(position), "y"), "{text}");
        assert!(logged("ERROR", Some(position), &format!("root: bad {line}")), "{text}");
    }
    assert!(logged("INFO", None, "raw"), "{text}");
    // Ten megabytes were printed.
    assert!(text.len() < 1 << 20, "{} bytes are logged", text.len());
    let left_out = handle.status().left_out_bytes;
    assert!((9_000_000..10_000_100).contains(&left_out), "{left_out}");
}
