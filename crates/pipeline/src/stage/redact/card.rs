//! Numbers of payment cards (ISO/IEC 7812).

use std::ops::Range;

const DIGITS_LEAST: usize = 13;
const DIGITS_MOST: usize = 19;

/// Where card numbers are: 13 to 19 digits, in groups with single spaces or hyphens between or without, that nothing goes on from on
/// either side, that begin like those of a network, and whose check digit is right. So one in ten of other numbers that begin and
/// are as long as one of a card is taken for one.
pub(super) fn find(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(from) = bytes[at..].iter().position(u8::is_ascii_digit).map(|ahead| at + ahead) {
        let run = run(bytes, from);
        let is_part_of_a_name =
            from > 0 && (bytes[from - 1].is_ascii_alphabetic() || bytes[from - 1] == b'_');
        let goes_on = bytes.get(run.end).is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_');
        at = run.end;
        if run.digits.len() < DIGITS_LEAST || is_part_of_a_name || goes_on {
            continue;
        }
        found.extend(run.card(from));
    }
    found
}

/// Digits with single spaces or hyphens between them.
struct Run {
    digits: Vec<(usize, u8)>,
    end: usize,
}

fn run(bytes: &[u8], from: usize) -> Run {
    let (mut digits, mut at) = (Vec::new(), from);
    loop {
        match bytes[at..] {
            [digit @ b'0'..=b'9', ..] => digits.push((at, digit - b'0')),
            [b' ' | b'-', b'0'..=b'9', ..] => {}
            _ => return Run { digits, end: at },
        }
        at += 1;
    }
}

impl Run {
    /// The card that the run is, or that its groups are but for others before or behind: a port, a year.
    fn card(&self, from: usize) -> Option<Range<usize>> {
        let is_start = |index: usize| index == 0 || self.digits[index].0 != self.digits[index - 1].0 + 1;
        let is_end = |index: usize| index + 1 == self.digits.len() || is_start(index + 1);
        debug_assert_eq!(self.digits[0].0, from, "a run begins with a digit");
        for first in (0..self.digits.len()).filter(|first| is_start(*first)) {
            for len in (DIGITS_LEAST..=DIGITS_MOST).rev() {
                let Some(digits) = self.digits.get(first..first + len) else { continue };
                if is_end(first + len - 1) && is_card(digits) {
                    return Some(digits[0].0..digits[len - 1].0 + 1);
                }
            }
        }
        None
    }
}

fn is_card(digits: &[(usize, u8)]) -> bool {
    let head = digits.iter().take(4).fold(0, |head, (_, digit)| head * 10 + u32::from(*digit));
    let is_known = match digits.len() {
        13 => head / 1000 == 4,
        14 => matches!(head / 10, 300..=305) || matches!(head / 100, 36 | 38 | 39),
        15 => matches!(head / 100, 34 | 37),
        16 => {
            head / 1000 == 4
                || matches!(head / 100, 35 | 51..=55 | 62 | 65)
                || matches!(head, 2221..=2720 | 6011 | 6440..=6499)
                || matches!(head / 100, 50 | 56..=58 | 63 | 67)
        }
        _ => head / 1000 == 4 || matches!(head / 100, 50 | 56..=58 | 62 | 63 | 67),
    };
    is_known && luhn(digits)
}

/// The check digit of ISO/IEC 7812-1, annex B.
fn luhn(digits: &[(usize, u8)]) -> bool {
    let doubled = |digit: u8| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(index, (_, digit))| u32::from(if index % 2 == 1 { doubled(*digit) } else { *digit }))
        .sum();
    sum.is_multiple_of(10)
}
