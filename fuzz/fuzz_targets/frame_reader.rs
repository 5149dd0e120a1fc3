//! Whatever the bytes of a segment are, reading ends, and gives nothing that was not written.
#![no_main]

use catchment_fuzz::{damage, journal_on_disk, read_all};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let disk = journal_on_disk();
    let whole = read_all(&disk);
    if damage(&disk, input) == 0 {
        assert_eq!(whole, 24 * 8);
    }
    read_all(&disk);
});
