//! The type of a value that is written as text.

/// A value as a line has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Parsed<'a> {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(&'a str),
}

/// What a text is by its looks: what [`crate::Format::Kv`] makes of it, wherever the text is from.
pub fn typed_value(text: &str) -> record::Value<'_> {
    match typed(text) {
        Parsed::Bool(value) => record::Value::Bool(value),
        Parsed::Int(value) => record::Value::Int(value),
        Parsed::Float(value) => record::Value::Float(value),
        Parsed::Text(text) => record::Value::Str(text),
    }
}

/// A number of so many digits comes back from binary as it was (`f64::DIGITS`).
const EXACT_DIGITS: usize = 15;

/// What `text` is by its looks: `true` and `false`, whole numbers of 64 bits, decimal numbers, and text. Whatever would not come
/// back as the same value stays text: leading zeros, a plus, more digits than a number holds, `nan`; so do numbers with an
/// exponent but neither a point nor a sign in it, as they are more likely an id.
#[inline]
pub(crate) fn typed(text: &str) -> Parsed<'_> {
    let number = match text.as_bytes() {
        [b'0'..=b'9', ..] | [b'-', b'0'..=b'9', ..] => number(text),
        b"true" => Some(Parsed::Bool(true)),
        b"false" => Some(Parsed::Bool(false)),
        _ => None,
    };
    number.unwrap_or(Parsed::Text(text))
}

fn number(text: &str) -> Option<Parsed<'_>> {
    let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
    let whole = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if whole > 1 && digits[0] == b'0' {
        return None;
    }
    if whole == digits.len() {
        let is_minus_zero = digits == b"0" && text.len() == 2;
        return text.parse().ok().filter(|_| !is_minus_zero).map(Parsed::Int);
    }
    let (mut at, mut has_point, mut significant) = (whole, false, whole);
    if digits[at] == b'.' {
        let decimals = digits[at + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        has_point = decimals > 0;
        significant += decimals;
        at += 1 + decimals;
    }
    if let [b'e' | b'E', exponent @ ..] = &digits[at..] {
        let (signed, exponent) = match exponent {
            [b'+' | b'-', exponent @ ..] => (true, exponent),
            _ => (false, exponent),
        };
        let is_number = (1..=3).contains(&exponent.len()) && exponent.iter().all(u8::is_ascii_digit);
        if !is_number || !(signed || has_point) || (at > whole && !has_point) {
            return None;
        }
    } else if at != digits.len() || !has_point {
        return None;
    }
    let value: f64 = text.parse().ok()?;
    let is_in_range =
        value == 0.0 && digits[..at].iter().all(|byte| matches!(byte, b'0' | b'.')) || value.is_normal();
    let is_exact = significant <= EXACT_DIGITS || format!("{value:?}") == text;
    (is_in_range && is_exact).then_some(Parsed::Float(value))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Parsed, typed};

    #[test]
    fn each_text_has_one_type() {
        for (text, value) in [
            ("true", Parsed::Bool(true)),
            ("0", Parsed::Int(0)),
            ("-17", Parsed::Int(-17)),
            ("9223372036854775807", Parsed::Int(i64::MAX)),
            ("-9223372036854775808", Parsed::Int(i64::MIN)),
            ("21.5", Parsed::Float(21.5)),
            ("-0.0", Parsed::Float(-0.0)),
            ("1.10", Parsed::Float(1.1)),
            ("1e-05", Parsed::Float(1e-5)),
            ("2.5E+3", Parsed::Float(2500.0)),
            ("0.30000000000000004", Parsed::Float(0.30000000000000004)),
        ] {
            assert_eq!(typed(text), value, "{text}");
        }
        for text in [
            "",
            "-",
            "True",
            "007",
            "-01",
            "00.5",
            "-0",
            "+1",
            "1.",
            ".5",
            "1e5",
            "5e12345",
            "1.5e",
            "1e+",
            "1.e-5",
            "0x1f",
            "1_000",
            "1.2.3.4",
            "21.5C",
            "nan",
            "inf",
            "9223372036854775808",
            "3.14159265358979323846",
            "1.0e-400",
            "1.0e400",
            "10:11:12",
            "١",
        ] {
            assert_eq!(typed(text), Parsed::Text(text));
        }
    }

    proptest! {
        #[test]
        fn every_value_comes_back_as_it_was(text in prop_oneof![
            "-?[0-9]{1,20}", "-?[0-9]{1,10}\\.[0-9]{1,18}", "-?[0-9]{1,3}(\\.[0-9]{1,3})?[eE][+-]?[0-9]{1,3}", "[-+.eE0-9a-z]{0,8}",
        ]) {
            match typed(&text) {
                Parsed::Int(value) => prop_assert_eq!(value.to_string(), text),
                Parsed::Bool(value) => prop_assert_eq!(value.to_string(), text),
                Parsed::Text(value) => prop_assert_eq!(value, &text),
                Parsed::Float(value) => prop_assert_eq!(decimal(&format!("{value:e}")), decimal(&text)),
            }
        }
    }

    /// Sign, digits without zeros at either end, and the exponent of the first digit.
    fn decimal(text: &str) -> (bool, String, i32) {
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let (minus, whole) = (whole.starts_with('-'), whole.trim_start_matches('-'));
        let digits = format!("{whole}{fraction}");
        let zeros = digits.len() - digits.trim_start_matches('0').len();
        let first = exponent.parse::<i32>().unwrap() + whole.len() as i32 - zeros as i32;
        let digits = digits.trim_matches('0').to_owned();
        let first = if digits.is_empty() { 0 } else { first };
        (minus, digits, first)
    }
}
