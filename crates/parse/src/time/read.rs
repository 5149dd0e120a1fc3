//! Times at the beginning of a text.

use super::{Civil, Stamp, number};

const MONTHS: [&[u8; 3]; 12] =
    [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];
const DAYS: [&[u8; 3]; 7] = [b"mon", b"tue", b"wed", b"thu", b"fri", b"sat", b"sun"];

/// The date with a time of day that `text` begins with, and its length in bytes. Understood are
///
/// ```text
/// 2026-11-22T10:11:12.123456789+01:00   also with a space or `-` between, `/`, `.` or `:` in the date, a comma before the fraction
/// 20261122T101112Z                      also with colons in the time
/// Nov 22 10:11:12.123                   also with the year before or behind the time, and a day of the week before it
/// 22/Nov/2026:10:11:12 +0100            also with `-` or spaces in the date, a space before the time, a day of the week before it
/// 22.11.2026 10:11:12
/// 11-22 10:11:12.123                    month and day, as Android has it
/// 1795342272.123                        seconds since 1970 with a fraction, or 13 digits of milliseconds, or 10 of seconds
/// ```
///
/// each with the zone `Z`, `UTC`, `GMT` or an offset. Dates whose day and month could be either way round (`10/11/2026`) are not.
pub(crate) fn read(text: &[u8]) -> Option<(Stamp, usize)> {
    let mut reader = Reader { text, at: 0 };
    let stamp = match text.first()? {
        b'0'..=b'9' => reader.digit_first()?,
        byte if byte.is_ascii_alphabetic() => Stamp::Civil(reader.word_first()?),
        _ => return None,
    };
    let is_whole = reader.peek().is_none_or(|byte| !byte.is_ascii_alphanumeric());
    is_whole.then_some((stamp, reader.at))
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn digit_first(&mut self) -> Option<Stamp> {
        let digits = self.text.iter().take(14).take_while(|byte| byte.is_ascii_digit()).count();
        let separator = self.text.get(digits).copied();
        let civil = match (digits, separator) {
            (4, Some(separator @ (b'-' | b'/' | b'.' | b':'))) => self.year_first(separator)?,
            (8, Some(b'T' | b' ' | b'-')) => self.compact()?,
            (1 | 2, Some(separator @ (b'/' | b'-' | b' ' | b'.'))) => self.day_first(separator)?,
            (10 | 13, _) => return self.epoch(digits),
            _ => return None,
        };
        Some(Stamp::Civil(civil))
    }

    fn year_first(&mut self, separator: u8) -> Option<Civil> {
        let year = self.exactly(4)?;
        self.eat(separator)?;
        let month = self.exactly(2)?;
        self.eat(separator)?;
        let day = self.exactly(2)?;
        if !matches!(self.peek()?, b'T' | b't' | b' ' | b'-' | b'_') {
            return None;
        }
        self.at += 1;
        let date = Civil { year: Some(year), month: month as i8, day: day as i8, ..Civil::default() };
        self.time_of_day(date)
    }

    fn compact(&mut self) -> Option<Civil> {
        let (year, month, day) = (self.exactly(4)?, self.exactly(2)? as i8, self.exactly(2)? as i8);
        self.at += 1;
        let date = Civil { year: Some(year), month, day, ..Civil::default() };
        if self.text.get(self.at + 2) == Some(&b':') {
            return self.time_of_day(date);
        }
        let (hour, minute, second) = (self.exactly(2)? as i8, self.exactly(2)? as i8, self.exactly(2)? as i8);
        self.behind_time(Civil { hour, minute, second, ..date })
    }

    fn day_first(&mut self, separator: u8) -> Option<Civil> {
        let day = self.digits(1, 2)?;
        self.eat(separator)?;
        if self.peek()?.is_ascii_digit() {
            let month = self.exactly(2)? as i8;
            if separator == b'-' && self.peek() == Some(b' ') {
                // Month first, without a year.
                self.at += 1;
                return self.time_of_day(Civil { month: day as i8, day: month, ..Civil::default() });
            }
            if separator != b'.' {
                return None;
            }
            self.eat(b'.')?;
            let year = self.exactly(4)?;
            self.eat(b' ')?;
            return self.time_of_day(Civil { year: Some(year), month, day: day as i8, ..Civil::default() });
        }
        let month = self.month()?;
        self.eat(separator)?;
        let year = self.exactly(4)?;
        if !matches!(self.peek()?, b' ' | b':') {
            return None;
        }
        self.at += 1;
        self.time_of_day(Civil { year: Some(year), month, day: day as i8, ..Civil::default() })
    }

    fn word_first(&mut self) -> Option<Civil> {
        let first = self.three()?;
        if DAYS.contains(&&first) {
            self.at += 3;
            let _ = self.eat(b',');
            self.eat(b' ')?;
            if self.peek()?.is_ascii_digit() {
                return self.day_first(self.separator_behind_day()?);
            }
        }
        let month = self.month()?;
        self.eat(b' ')?;
        let _ = self.eat(b' ');
        let day = self.digits(1, 2)? as i8;
        let _ = self.eat(b',');
        self.eat(b' ')?;
        let mut civil = Civil { month, day, ..Civil::default() };
        if self.text.get(self.at..self.at + 4).is_some_and(|year| year.iter().all(u8::is_ascii_digit)) {
            civil.year = Some(self.exactly(4)?);
            self.eat(b' ')?;
        }
        self.time_of_day(civil)
    }

    fn separator_behind_day(&self) -> Option<u8> {
        self.text[self.at..].iter().copied().take(3).find(|byte| !byte.is_ascii_digit())
    }

    /// What comes after a date, but for the zone, the year and the like.
    fn time_of_day(&mut self, date: Civil) -> Option<Civil> {
        let hour = self.digits(1, 2)? as i8;
        self.eat(b':')?;
        let minute = self.exactly(2)? as i8;
        self.eat(b':')?;
        let second = self.exactly(2)? as i8;
        self.behind_time(Civil { hour, minute, second, ..date })
    }

    fn behind_time(&mut self, mut civil: Civil) -> Option<Civil> {
        self.fraction(&mut civil);
        self.afternoon(&mut civil);
        civil.offset = self.offset();
        if civil.year.is_none() && self.peek() == Some(b' ') {
            let digits =
                self.text[self.at + 1..].iter().take(5).take_while(|byte| byte.is_ascii_digit()).count();
            let is_alone = self.text.get(self.at + 5).is_none_or(|byte| b" ])".contains(byte));
            if digits == 4
                && is_alone
                && matches!(self.text[self.at + 1..], [b'1', b'9', ..] | [b'2', b'0', ..])
            {
                self.at += 1;
                civil.year = Some(self.exactly(4)?);
            }
        }
        Some(civil)
    }

    /// One to nine digits; more are passed.
    fn fraction(&mut self, civil: &mut Civil) {
        let is_fraction = matches!(self.text[self.at..], [b'.' | b',', b'0'..=b'9', ..]);
        if !is_fraction {
            return;
        }
        self.at += 1;
        let mut weight = 100_000_000;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            civil.nanos += i32::from(digit - b'0') * weight;
            weight /= 10;
            self.at += 1;
        }
    }

    fn afternoon(&mut self, civil: &mut Civil) {
        let [b' ', half @ (b'A' | b'P' | b'a' | b'p'), b'M' | b'm', ..] = self.text[self.at..] else {
            return;
        };
        if self.text.get(self.at + 3).is_some_and(u8::is_ascii_alphanumeric)
            || !(1..=12).contains(&civil.hour)
        {
            return;
        }
        self.at += 3;
        civil.hour = civil.hour % 12 + if half.eq_ignore_ascii_case(&b'P') { 12 } else { 0 };
    }

    /// `Z`, `UTC`, `GMT` or an offset, also behind a space.
    fn offset(&mut self) -> Option<i32> {
        let space = usize::from(self.peek() == Some(b' '));
        let rest = &self.text[self.at + space..];
        let (seconds, len) = match rest {
            [b'Z' | b'z', ..] => (0, 1),
            [b'U', b'T', b'C', ..] | [b'G', b'M', b'T', ..] => (0, 3),
            [sign @ (b'+' | b'-'), rest @ ..] => {
                let (seconds, len) = offset(rest, space > 0)?;
                (if *sign == b'-' { -seconds } else { seconds }, len + 1)
            }
            _ => return None,
        };
        if rest.get(len).is_some_and(u8::is_ascii_alphanumeric) {
            return None;
        }
        self.at += space + len;
        Some(seconds)
    }

    fn epoch(&mut self, digits: usize) -> Option<Stamp> {
        let mut micros = 0;
        for digit in &self.text[..digits] {
            micros = micros * 10 + i64::from(digit - b'0');
        }
        self.at = digits;
        let mut civil = Civil::default();
        self.fraction(&mut civil);
        number::from_int(micros).map(|micros| Stamp::Epoch(micros + i64::from(civil.nanos / 1000)))
    }

    fn month(&mut self) -> Option<i8> {
        let name = self.three()?;
        let month = MONTHS.iter().position(|month| **month == name)?;
        self.at += 3;
        Some(month as i8 + 1)
    }

    /// The next three bytes in lower case.
    fn three(&self) -> Option<[u8; 3]> {
        let name: [u8; 3] = self.text.get(self.at..self.at + 3)?.try_into().ok()?;
        Some(name.map(|byte| byte.to_ascii_lowercase()))
    }

    /// Exactly so many digits.
    fn exactly(&mut self, count: usize) -> Option<i16> {
        self.digits(count, count)
    }

    fn digits(&mut self, least: usize, most: usize) -> Option<i16> {
        let (from, mut number) = (self.at, 0);
        while self.at - from < most
            && let Some(digit @ b'0'..=b'9') = self.peek()
        {
            number = number * 10 + i16::from(digit - b'0');
            self.at += 1;
        }
        (self.at - from >= least).then_some(number)
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next.then_some(())
    }
}

/// `HH`, `HHMM` or `HH:MM` without its sign, in seconds, and its length.
fn offset(text: &[u8], is_apart: bool) -> Option<(i32, usize)> {
    let number = |at: usize| match text.get(at..at + 2) {
        Some([tens @ b'0'..=b'9', ones @ b'0'..=b'9']) => {
            Some(i32::from(tens - b'0') * 10 + i32::from(ones - b'0'))
        }
        _ => None,
    };
    let hours = number(0)?;
    let colon = usize::from(text.get(2) == Some(&b':'));
    let (minutes, len) = match number(2 + colon) {
        Some(minutes) => (minutes, 4 + colon),
        // A number of two digits behind a space is none.
        None if is_apart || colon > 0 => return None,
        None => (0, 2),
    };
    (hours < 24 && minutes < 60).then_some((hours * 3600 + minutes * 60, len))
}
