//! Numbers and texts in few bytes: LEB128, signed ones in zigzag, texts with their length before them.

/// Adds a number.
pub(crate) fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Adds a number that may be negative.
pub(crate) fn put_signed(out: &mut Vec<u8>, value: i64) {
    put(out, ((value << 1) ^ (value >> 63)) as u64);
}

/// Adds a text.
pub(crate) fn put_text(out: &mut Vec<u8>, text: &str) {
    put(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// What was written, in the same order. `None` where the bytes end or cannot be what was asked for.
pub(crate) struct Decoder<'a>(pub(crate) &'a [u8]);

impl<'a> Decoder<'a> {
    pub(crate) fn number(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if (bits << shift) >> shift != bits {
                return None;
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    pub(crate) fn signed(&mut self) -> Option<i64> {
        let value = self.number()?;
        Some((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    pub(crate) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(crate) fn text(&mut self) -> Option<&'a str> {
        let len = usize::try_from(self.number()?).ok()?;
        std::str::from_utf8(self.bytes(len)?).ok()
    }

    /// How many things follow. Each takes at least a byte, so there are no more of them than bytes.
    pub(crate) fn count(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok().filter(|count| *count <= self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Decoder, put, put_signed, put_text};

    proptest! {
        #[test]
        fn what_was_put_comes_back(number: u64, signed: i64, text in ".{0,40}") {
            let mut bytes = Vec::new();
            put(&mut bytes, number);
            put_signed(&mut bytes, signed);
            put_text(&mut bytes, &text);
            let mut decoder = Decoder(&bytes);
            prop_assert_eq!(decoder.number(), Some(number));
            prop_assert_eq!(decoder.signed(), Some(signed));
            prop_assert_eq!(decoder.text(), Some(text.as_str()));
            prop_assert!(decoder.0.is_empty() && decoder.byte().is_none());
        }

        #[test]
        fn any_bytes_do_no_harm(bytes: Vec<u8>) {
            let mut decoder = Decoder(&bytes);
            while decoder.text().is_some() && decoder.signed().is_some() && decoder.count().is_some() {}
        }
    }
}
