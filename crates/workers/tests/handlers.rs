//! Every kind of handler, and what it may return.

mod common;

use std::sync::{Mutex, OnceLock};

use common::{Code, batch, messages, process, reasons};
use proptest::prelude::*;
use record::{Level, OwnedValue, Position, Value};
use workers::{Gives, Pool, Spec};

const KINDS: &str = r#"
import asyncio, functools, time
import catchment

def plain(line): return line.upper()
async def coroutine(line: str):
    await asyncio.sleep(0.001 * (ord(line[0]) % 3))
    return line.upper()
def generator(line):
    for word in line.split(): yield word.upper()
async def async_generator(line):
    for word in line.split():
        await asyncio.sleep(0)
        yield word.upper()
class Instance:
    suffix = ""
    @classmethod
    def from_config(cls, config):
        made = cls()
        made.suffix = config["suffix"]
        return made
    def start(self): self.suffix += "!"
    def process(self, line): return line.upper() + self.suffix
    @staticmethod
    def static(line): return line.upper()
class Async:
    async def start(self): self.loop = asyncio.get_running_loop()
    async def process(self, line):
        assert self.loop is asyncio.get_running_loop()
        return line.upper()
class Callable:
    def __call__(self, line): return line.upper()
class AsyncCallable:
    async def __call__(self, line): return line.upper()
called, async_called = Callable(), AsyncCallable()
partial = functools.partial(lambda suffix, line: line.upper() + suffix, "?")
"#;

#[test]
fn each_kind_of_handler_changes_its_lines_in_order() {
    let code = Code::new(KINDS);
    for (name, suffix) in [
        ("plain", ""),
        ("coroutine", ""),
        ("Instance", "-x!"),
        ("Instance.static", ""),
        ("Async", ""),
        ("called", ""),
        ("async_called", ""),
        ("partial", "?"),
    ] {
        let config = serde_json::json!({ "suffix": "-x" });
        let mut pool = Pool::start(Spec { config, ..code.spec(name) }).unwrap();
        let mut records = batch(&["one", "two", "", "tre\u{e9} \u{1f600}\0"]);
        pool.process(&mut records).unwrap();
        let text = |line: &str| format!("{line}{suffix}");
        let mut expected = vec![text("ONE"), text("TWO"), text(""), text("TRE\u{c9} \u{1f600}\0")];
        if name == "coroutine" {
            // An empty line is none for it.
            expected[2] = String::new();
            assert!(reasons(&records)[2].starts_with("IndexError"));
        }
        assert_eq!(messages(&records), expected, "{name}");
    }
}

#[test]
fn a_generator_makes_none_one_or_many_records_of_a_line() {
    for name in ["generator", "async_generator"] {
        let records = process(KINDS, name, &["a b", "", "c", "d e f"]);
        assert_eq!(messages(&records), ["A", "B", "C", "D", "E", "F"]);
        let positions: Vec<u64> = records.iter().map(|record| record.position().0).collect();
        assert_eq!(positions, [100, 100, 102, 103, 103, 103]);
    }
}

#[test]
fn the_function_that_people_write_today_runs_unchanged() {
    let code = "async def process_log_line(line: str):\n    print(f\"[LOG] {line}\")\n";
    let records = process(code, "process_log_line", &["one", "two"]);
    assert_eq!((messages(&records), reasons(&records)), (vec!["one", "two"], vec!["", ""]));
}

#[test]
fn a_dict_sets_fields_of_every_kind() {
    let code = r#"
from datetime import datetime, timezone
import enum, uuid
class Colour(enum.Enum): RED = 1
def handler(line):
    return {"message": "m", "level": "WARN", "time": datetime(2024, 1, 2, 3, 4, 5, 6, timezone.utc), "b": True, "i": -7,
            "big": 2**70, "f": 1.5, "s": "t\ud800", "none": None, "nested": {"a": {"b": 1}}, "list": [1, {"x": "é"}],
            "when": datetime(1969, 12, 31, 23, 59, 59), "bytes": b"\xff", "colour": Colour.RED, 5: "number"}
"#;
    let records = process(code, "handler", &["one"]);
    let record = records.get(0);
    assert_eq!(reasons(&records), [""]);
    assert_eq!(
        (record.message(), record.level(), record.time()),
        ("m", Some(Level::Warn), 1_704_164_645_000_006)
    );
    let fields: Vec<_> = record.fields().collect();
    let expected = [
        ("b", Value::Bool(true)),
        ("i", Value::Int(-7)),
        ("big", Value::Str("1180591620717411303424")),
        ("f", Value::Float(1.5)),
        ("s", Value::Str("t\u{fffd}")),
        ("nested.a.b", Value::Int(1)),
        ("list", Value::Str("[1, {\"x\": \"\u{e9}\"}]")),
        ("when", Value::Time(-1_000_000)),
        ("bytes", Value::Str("\u{fffd}")),
        ("colour", Value::Str("Colour.RED")),
        ("5", Value::Str("number")),
    ];
    assert_eq!(fields, expected);
}

#[test]
fn a_record_is_given_whole_and_only_what_changed_comes_back() {
    let code = r#"
def handler(record: dict):
    if record["message"] == "no": return None
    seen = sorted((k, type(v).__name__) for k, v in record.items())
    record["seen"] = repr(seen)
    record["status"] += 1
    return record
"#;
    let code = Code::new(code);
    let mut records = batch(&["yes", "no"]);
    for index in 0..2 {
        records.set_field(index, "status", Value::Int(200));
    }
    records.set_field(0, "only", Value::Time(5));
    records.set_level(0, Some(Level::Info));
    code.pool("handler").process(&mut records).unwrap();
    assert_eq!(reasons(&records), ["", ""]);
    let seen = "[('level', 'str'), ('message', 'str'), ('only', 'datetime'), ('peer', 'str'), ('position', 'int'), \
                ('received', 'datetime'), ('source', 'str'), ('status', 'int'), ('time', 'datetime')]";
    let fields: Vec<_> = records.get(0).fields().collect();
    assert_eq!(fields, [("status", Value::Int(201)), ("only", Value::Time(5)), ("seen", Value::Str(seen))]);
    assert_eq!(records.get(1).fields().collect::<Vec<_>>(), [("status", Value::Int(200))]);
}

#[test]
fn bytes_are_given_as_they_were_sent() {
    let code = Code::new("def handler(line: bytes): return line.hex()\ndef same(line: bytes): return line\n");
    let line = |position| record::Line {
        position: Position(position),
        received: record::Micros(1),
        source: "s",
        peer: "p",
        bytes: b"\xff\x00a",
        flags: record::LineFlags::default(),
    };
    let mut records = record::Batch::new();
    records.push(&line(1));
    code.pool("handler").process(&mut records).unwrap();
    assert_eq!(messages(&records), ["ff0061"]);
    records.clear();
    records.push(&line(1));
    code.pool("same").process(&mut records).unwrap();
    assert_eq!((records.get(0).message(), records.get(0).raw()), ("\u{fffd}\0a", Some(&b"\xff\x00a"[..])));
}

#[test]
fn lines_are_dropped_and_the_order_is_kept_over_several_workers_and_batches() {
    let code = Code::new(
        "import asyncio, catchment, random, time\n\
         def handler(line):\n    time.sleep(random.random() / 3000)\n    return catchment.DROP if int(line) % 7 == 0 else line + '!'\n",
    );
    for (workers, threads) in [(3, 1), (1, 4)] {
        let count = |number: usize| std::num::NonZeroUsize::new(number);
        let spec = Spec { workers: count(workers), threads: count(threads), ..code.spec("handler") };
        let mut pool = Pool::start(spec).unwrap();
        let lines: Vec<String> = (0..5000).map(|number| number.to_string()).collect();
        let mut out: Vec<String> = Vec::new();
        for chunk in lines.chunks(1500) {
            let chunk: Vec<&str> = chunk.iter().map(String::as_str).collect();
            pool.submit(batch(&chunk)).unwrap();
        }
        while let Some(records) = pool.collect().unwrap() {
            out.extend(records.iter().map(|record| record.message().to_owned()));
        }
        let expected: Vec<String> =
            (0..5000).filter(|number| number % 7 != 0).map(|number| format!("{number}!")).collect();
        assert!(out == expected, "{} records are not the {} in order", out.len(), expected.len());
        assert_eq!(pool.handle().status().lines, 5000);
    }
}

#[test]
fn a_thousand_coroutines_sleep_at_once() {
    let code = Code::new("import asyncio\nasync def handler(line: str): await asyncio.sleep(0.2)\n");
    let mut pool = code.pool("handler");
    let lines: Vec<String> = (0..1000).map(|number| number.to_string()).collect();
    let mut records = batch(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    let start = record::clock::monotonic();
    pool.process(&mut records).unwrap();
    let took = record::clock::monotonic() - start;
    // One after the other it would be 200 s.
    assert!(took.as_secs() < 10, "{took:?}");
}

#[test]
fn what_is_checked_tells_how_it_is_called() {
    let code = Code::new(
        "from typing import Any, Dict\n\
         from collections.abc import Mapping\n\
         def a(line): pass\ndef b(line: bytes): pass\ndef c(r: Dict[str, Any]): pass\n\
         async def d(r: 'dict'): pass\nasync def e(r: Mapping): yield 1\ndef f(x: 'Missing'): yield 1\n",
    );
    for (name, kind, gives) in [
        ("a", "def", Gives::Text),
        ("b", "def", Gives::Bytes),
        ("c", "def", Gives::Record),
        ("d", "async", Gives::Record),
        ("e", "async generator", Gives::Record),
        ("f", "generator", Gives::Text),
    ] {
        let about = Pool::check(&code.spec(name)).unwrap();
        assert_eq!((about.kind.as_str(), about.gives), (kind, gives), "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn any_record_goes_there_and_back(
        lines in prop::collection::vec(("\\PC{0,9}", prop::collection::btree_map("[a-d\u{e9}]{1,2}", value(), 0..5)), 1..12),
    ) {
        static ECHO: OnceLock<(Mutex<Pool>, Code)> = OnceLock::new();
        let (pool, _) = ECHO.get_or_init(|| {
            let code = Code::new(
                "OWN = ('position', 'time', 'received', 'source', 'peer', 'level', 'message')\n\
                 def handler(record: dict):\n    changed = {'copy ' + k: v for k, v in record.items() if k not in OWN}\n    \
                 return {'message': record['message'][::-1], **changed}\n",
            );
            (Mutex::new(code.pool("handler")), code)
        });
        let texts: Vec<&str> = lines.iter().map(|(text, _)| text.as_str()).collect();
        let mut records = batch(&texts);
        for (index, (_, fields)) in lines.iter().enumerate() {
            fields.iter().for_each(|(name, value)| records.set_field(index, name, value.value()));
        }
        pool.lock().unwrap().process(&mut records).unwrap();
        prop_assert_eq!(records.len(), lines.len());
        for (record, (text, fields)) in records.iter().zip(&lines) {
            prop_assert_eq!(record.message(), text.chars().rev().collect::<String>());
            prop_assert_eq!(record.fields().len(), 2 * fields.len());
            for (name, value) in fields {
                prop_assert_eq!(record.field(name), Some(value.value()));
                prop_assert_eq!(record.field(&format!("copy {name}")), Some(value.value()));
            }
        }
    }
}

fn value() -> impl Strategy<Value = OwnedValue> {
    prop_oneof![
        any::<bool>().prop_map(OwnedValue::Bool),
        any::<i64>().prop_map(OwnedValue::Int),
        (-1e300..1e300).prop_map(OwnedValue::Float),
        "\\PC{0,9}".prop_map(OwnedValue::Str),
        // From the year 1 to the year 9999: what Python has.
        (-62_135_596_800_000_000_i64..253_402_300_800_000_000).prop_map(OwnedValue::Time),
    ]
}
