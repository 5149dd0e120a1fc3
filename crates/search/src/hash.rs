//! The hash of a token, as filters in files keep it.

use crate::token::{TOKEN_BYTES_MAX, fold, is_word_byte, words};

const START: u64 = 0xa076_1d64_78bd_642f;
const STEP: u64 = 0xe703_7ed1_a0b4_28db;
const END: u64 = 0x8ebc_6af0_9c88_c6e3;

/// The hash of a token, as [`tokens`](crate::tokens) yields it. It is kept in files, and stays the same for ever, on every machine.
///
/// The token's bytes are read eight at a time as little-endian numbers, the last one filled up with zeros. The state
/// starts as `0xa0761d6478bd642f`; each number `n` makes it `m(state ^ n, 0xe7037ed1a0b428db)`; the hash is
/// `m(state ^ length in bytes, 0x8ebc6af09c88c6e3)`. `m` multiplies to 128 bits and joins both halves with exclusive or.
#[inline]
pub fn token_hash(token: &str) -> u64 {
    hash(token.as_bytes(), token.len(), |number| number)
}

/// Calls `f` with the hash of each token of `text`, in order, as often as the token is there. Allocates nothing.
#[inline]
pub fn for_each_token_hash(text: &str, mut f: impl FnMut(u64)) {
    if text.is_ascii() {
        for_each_ascii_word(text.as_bytes(), |start, end| f(hash_ascii_word(text.as_bytes(), start, end)));
    } else {
        words(text).for_each(|word| f(hash_word(word)));
    }
}

/// The hash of the token at the start of `bytes`, `len` bytes long, each eight of which are first changed by `change`.
#[inline]
fn hash(bytes: &[u8], len: usize, change: fn(u64) -> u64) -> u64 {
    let mut state = START;
    let mut at = 0;
    while at < len {
        state = multiply(state ^ change(number(bytes, at, len - at)), STEP);
        at += 8;
    }
    multiply(state ^ len as u64, END)
}

#[inline]
fn multiply(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

/// The number that the `len` bytes at `at` are, of which at most eight count. There is at least one.
#[inline]
fn number(bytes: &[u8], at: usize, len: usize) -> u64 {
    let number = match bytes[at..].first_chunk() {
        Some(eight) => u64::from_le_bytes(*eight),
        // Close to the end the eight before it are read, as long as there are so many.
        None => match bytes.last_chunk() {
            Some(eight) => u64::from_le_bytes(*eight) >> (8 * (at + 8 - bytes.len())),
            None => bytes[at..].iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)),
        },
    };
    number & u64::MAX >> (64 - 8 * len.min(8))
}

/// Calls `f` with the bounds of each word of an ASCII text.
///
/// It looks at 64 bytes at a time: one bit for each tells whether it is part of a word, and words start and end where
/// neighbouring bits differ.
#[inline]
fn for_each_ascii_word(text: &[u8], mut f: impl FnMut(usize, usize)) {
    let mut start = None;
    let mut blocks = text.chunks_exact(64);
    let mut base = 0;
    let mut last = [0; 64];
    loop {
        let (mask, done) = match blocks.next() {
            Some(block) => (word_bits(block.try_into().unwrap_or(&last)), false),
            None => {
                last[..blocks.remainder().len()].copy_from_slice(blocks.remainder());
                (word_bits(&last), true)
            }
        };
        let mut edges = mask ^ (mask << 1 | u64::from(start.is_some()));
        while edges != 0 {
            let at = base + edges.trailing_zeros() as usize;
            edges &= edges - 1;
            match start.take() {
                None => start = Some(at),
                Some(start) => f(start, at),
            }
        }
        if done {
            // The remainder is shorter than a block, so a word in it has ended.
            return;
        }
        base += 64;
    }
}

/// Bit `i` is set when byte `i` is part of a word.
#[inline]
fn word_bits(block: &[u8; 64]) -> u64 {
    let mut flags = [0; 64];
    for (flag, byte) in flags.iter_mut().zip(block) {
        let letter = (byte | 0x20).wrapping_sub(b'a') < 26;
        *flag = u8::from(letter | (byte.wrapping_sub(b'0') < 10) | (*byte == b'_'));
    }
    // Eight flags, each 0 or 1, become eight bits by one multiplication, which moves flag `i` to bit `56 + i`.
    flags.chunks_exact(8).rev().fold(0, |bits, eight| {
        let eight = u64::from_le_bytes(eight.try_into().unwrap_or_default());
        bits << 8 | eight.wrapping_mul(0x0102_0408_1020_4080) >> 56
    })
}

/// The hash of the word between two places of an ASCII text.
#[inline]
fn hash_ascii_word(text: &[u8], start: usize, end: usize) -> u64 {
    hash(&text[start..], (end - start).min(TOKEN_BYTES_MAX), lower_case)
}

/// Eight ASCII characters in lower case.
#[inline]
fn lower_case(eight: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    // No sum reaches past its byte, and its highest bit tells the comparison's result.
    let from_a = eight + ONES * (0x80 - b'A' as u64);
    let beyond_z = eight + ONES * (0x80 - (b'Z' + 1) as u64);
    eight | ((from_a & !beyond_z & (ONES * 0x80)) >> 2)
}

/// The hash of a word in any script.
fn hash_word(word: &str) -> u64 {
    if word.bytes().all(is_word_byte) {
        return hash_ascii_word(word.as_bytes(), 0, word.len());
    }
    let mut token = [0; TOKEN_BYTES_MAX];
    let mut len = 0;
    for folded in word.chars().map(fold) {
        let Some(room) = token.get_mut(len..len + folded.len_utf8()) else { break };
        len += folded.encode_utf8(room).len();
    }
    hash(&token[..len], len, |number| number)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::{for_each_token_hash, token_hash};
    use crate::tokens;

    fn hashes(text: &str) -> Vec<u64> {
        let mut all = Vec::new();
        for_each_token_hash(text, |hash| all.push(hash));
        all
    }

    #[test]
    fn stays_the_same_for_ever() {
        let table = [
            ("", 0xe28f_2b20_61a2_b984),
            ("a", 0x2151_c7c1_6c11_6283),
            ("error", 0xd1b6_20a3_dc6a_9462),
            ("12345678", 0x9a7a_308a_3841_a015),
            ("connection_refused", 0x36a6_0e91_855b_57a4),
            ("käse", 0x5dca_1048_ae29_61e2),
            ("日志", 0x3fa6_2f8a_663a_2321),
        ];
        for (token, expected) in table {
            assert_eq!(token_hash(token), expected, "{token:?}: {:#018x}", token_hash(token));
        }
    }

    #[test]
    fn different_tokens_have_different_hashes() {
        let texts = (0..200_000).map(|n| format!("{n}")).chain((0..100_000).map(|n| format!("k{n:x}")));
        let all: HashSet<u64> = texts.map(|text| token_hash(&text)).collect();
        assert_eq!(all.len(), 300_000);
        // The low and the high bits alone are spread as well: a filter takes its places from them.
        for shift in [0, 48] {
            let places: HashSet<u64> = all.iter().map(|hash| hash >> shift & 0xffff).collect();
            assert!(places.len() > 64_000, "{}", places.len());
        }
    }

    proptest! {
        #[test]
        fn both_ways_agree(text in "[a-dA-D0-9_ .]{0,300}|[@\\[`{/:^_a-zA-Z]{0,80}|[a-zA-Z]{50,90}( [xÄ]{0,40})?|(?s).{0,80}|\\PC{0,80}") {
            let expected: Vec<u64> = tokens(&text).map(|token| token_hash(&token)).collect();
            prop_assert_eq!(hashes(&text), expected);
        }
    }

    /// Prints the speed: `cargo test --release -p search -- --ignored --nocapture speed`.
    #[test]
    #[ignore = "a measurement"]
    #[expect(clippy::print_stderr, reason = "what a measurement is for")]
    fn speed() {
        let line = r#"10.1.2.3 - - "GET /api/v1/items/4711?page=2 HTTP/1.1" 200 5120 "-" "Mozilla/5.0 (X11; Linux x86_64)" rt=0.012 "#;
        for text in [line.to_owned(), line.repeat(100), format!("ä{}", line.repeat(100))] {
            let rounds = 1_000_000 / text.len();
            let mut sum = 0_u64;
            // The best of many short ones is the one that nothing else disturbed.
            let best = (0..300).map(|_| {
                let started = record::clock::monotonic();
                for _ in 0..rounds {
                    for_each_token_hash(std::hint::black_box(&text), |hash| sum = sum.wrapping_add(hash));
                }
                record::clock::monotonic() - started
            });
            let seconds = best.min().unwrap_or_default().as_secs_f64();
            let speed = (rounds * text.len()) as f64 / 1e6 / seconds;
            eprintln!("{} bytes: {speed:.0} MB/s ({sum:x})", text.len());
        }
    }
}
