//! A place in a text that moves on.

/// A text, and how far it was read. Only ASCII is matched, so that the place is always between two characters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// How many bytes were read.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// What was not read yet.
    #[inline]
    pub(crate) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(crate) fn is_end(&self) -> bool {
        self.at == self.text.len()
    }

    /// The next byte.
    #[inline]
    pub(crate) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Passes `byte`, which is ASCII, if it is next.
    #[inline]
    pub(crate) fn eat(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    /// Passes `text` if it is next.
    pub(crate) fn eat_text(&mut self, text: &str) -> bool {
        let is_next = self.rest().as_bytes().starts_with(text.as_bytes());
        self.at += if is_next { text.len() } else { 0 };
        is_next
    }

    /// Passes `len` bytes, after which a character must begin.
    pub(crate) fn pass(&mut self, len: usize) {
        self.at += len;
    }

    /// Passes spaces; says how many.
    pub(crate) fn spaces(&mut self) -> usize {
        let from = self.at;
        while self.eat(b' ') {}
        self.at - from
    }

    /// Passes bytes for which `is` holds. It must not hold for a part of a character.
    #[inline]
    pub(crate) fn take_while(&mut self, is: impl Fn(u8) -> bool) -> &'a str {
        let rest = self.rest();
        let len = rest.bytes().position(|byte| !is(byte)).unwrap_or(rest.len());
        self.at += len;
        &rest[..len]
    }

    /// What comes before `end`, an ASCII byte, and passes both. Stays when there is none.
    #[inline]
    pub(crate) fn until(&mut self, end: u8) -> Option<&'a str> {
        let rest = self.rest();
        let len = memchr::memchr(end, rest.as_bytes())?;
        self.at += len + 1;
        Some(&rest[..len])
    }

    /// What comes before the next space or the end, and passes both. `None` when that is nothing.
    pub(crate) fn word(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        let len = memchr::memchr(b' ', rest.as_bytes()).unwrap_or(rest.len());
        self.at = (self.at + len + 1).min(self.text.len());
        (len > 0).then(|| &rest[..len])
    }

    /// A number of `least` to `most` digits, at most nine.
    #[inline]
    pub(crate) fn number(&mut self, least: usize, most: usize) -> Option<u32> {
        let bytes = &self.text.as_bytes()[self.at..];
        let (mut len, mut number) = (0, 0);
        while len < most
            && let Some(digit) = bytes.get(len).filter(|byte| byte.is_ascii_digit())
        {
            number = number * 10 + u32::from(digit - b'0');
            len += 1;
        }
        self.at += len;
        (len >= least).then_some(number)
    }

    /// What stands between two quotes, and passes both. A backslash hides the byte behind it. Stays when there is no such text.
    pub(crate) fn quoted(&mut self) -> Option<&'a str> {
        let quote = self.peek().filter(|byte| matches!(byte, b'"' | b'\''))?;
        let rest = &self.rest()[1..];
        let mut from = 0;
        loop {
            let len = from + memchr::memchr2(quote, b'\\', &rest.as_bytes()[from..])?;
            if rest.as_bytes()[len] == quote {
                self.at += len + 2;
                return Some(&rest[..len]);
            }
            from = (len + 2).min(rest.len());
        }
    }
}
