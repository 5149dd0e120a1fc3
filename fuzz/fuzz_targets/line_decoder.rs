//! However a stream is cut into chunks, the decoder finds the same rows.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::Decoder;

fuzz_target!(|input: (u8, Vec<Vec<u8>>)| {
    let (max, chunks) = input;
    let max = u32::from(max) + 1;
    let mut decoder = Decoder::new(max);
    let (mut lines, mut row) = (0, 0_usize);
    for chunk in &chunks {
        let mut rest = &chunk[..];
        while !rest.is_empty() {
            let fed = decoder.feed(rest);
            let (now, later) = rest.split_at(fed.used);
            lines += fed.lines as usize;
            for &byte in now {
                row = if byte == b'\n' { 0 } else { row + 1 };
                assert!(row <= max as usize, "a row is longer than its bound");
            }
            if fed.cut {
                assert_eq!(row, max as usize, "cut before the bound");
                row = 0;
            }
            assert!(fed.used > 0 || fed.cut, "no progress");
            assert_eq!(decoder.row_bytes(), row);
            rest = later;
        }
    }
    assert_eq!(lines, chunks.iter().flatten().filter(|&&byte| byte == b'\n').count());
});
