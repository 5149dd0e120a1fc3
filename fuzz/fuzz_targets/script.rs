//! Whatever stands in a script, it is refused or runs, and no record is lost on which it did not abort.
#![no_main]

use libfuzzer_sys::fuzz_target;
use record::{Batch, Line, LineFlags, Micros, Position, Value};
use remap::{Options, Predicate, Script};

fuzz_target!(|input: (String, Vec<(Vec<u8>, String, i64)>)| {
    let (text, records) = input;
    let mut batch = Batch::new();
    for (position, (bytes, name, number)) in (1..).zip(&records) {
        let (position, received, flags) = (Position(position), Micros(1), LineFlags::default());
        batch.push(&Line { position, received, source: "s", peer: "p", bytes, flags });
        batch.set_field(batch.len() - 1, name, Value::Int(*number));
    }
    match Script::compile(&text, Options::default()) {
        Ok(mut script) => {
            script.apply(&mut batch);
            assert_eq!(batch.len() as u64 + script.aborted(), records.len() as u64);
            assert!(script.last_failure().is_none_or(|(_, reason)| !reason.contains("panicked")));
        }
        Err(bad) => assert!(!bad.diagnostics().rendered_in("f", &text, 0..text.len()).is_empty()),
    }
    let _ = Predicate::compile(&text, Options::default());
});
