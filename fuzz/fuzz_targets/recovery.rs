//! Whatever the bytes of a segment are, a journal opens on them and goes on, or refuses; nothing is invented.
#![no_main]

use std::sync::Arc;

use catchment_fuzz::{OPTIONS, append, damage, journal_on_disk, read_all};
use journal::Journal;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let disk = journal_on_disk();
    let damaged = damage(&disk, input) > 0;
    match Journal::open(disk.clone(), OPTIONS) {
        Ok((mut journal, _)) => {
            let mut inlet = journal.inlet(Arc::new(|| {}));
            let before = read_all(&disk);
            assert!(append(&mut journal, &mut inlet), "an open journal takes lines");
            assert_eq!(read_all(&disk), before + 8, "what was appended is read back");
        }
        Err(error) => assert!(damaged, "an undamaged journal was refused: {error}"),
    }
});
