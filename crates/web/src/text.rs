//! Bytes and names as text.

/// RFC 4648, with padding.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits =
            group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for digit in 0..4 {
            let digit_bits = bits >> (18 - 6 * digit) & 63;
            out.push(if digit <= group.len() { DIGITS[digit_bits as usize] as char } else { '=' });
        }
    }
    out
}

/// A name as SQL writes it.
pub(crate) fn sql_name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as SQL writes it.
pub(crate) fn sql_text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::{base64, sql_name, sql_text};

    #[test]
    fn as_others_write_it() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("\u{3ff}\0", "z78A"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
        assert_eq!((sql_name("a\"b"), sql_text("a'b")), ("\"a\"\"b\"".to_owned(), "'a''b'".to_owned()));
    }
}
