/// A word, a number or a name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Token<'a> {
    /// Where it begins.
    pub(super) at: usize,
    pub(super) text: &'a [u8],
    /// The bracket that it is in.
    pub(super) bracket: Option<u8>,
    /// The byte before it.
    pub(super) before: Option<u8>,
    /// The byte behind it.
    pub(super) end: Option<u8>,
    /// The byte behind that.
    pub(super) next: Option<u8>,
}

impl Token<'_> {
    /// True for the only word in a bracket, and for one with a colon beside it: `[warn]`, `[core:error]`.
    pub(super) fn is_alone_in_bracket(&self) -> bool {
        match self.bracket {
            Some(b'[') => matches!(self.before, Some(b'[' | b':')) && matches!(self.end, Some(b']' | b':')),
            Some(b'(') => self.before == Some(b'(') && self.end == Some(b')'),
            Some(b'<') => self.before == Some(b'<') && self.end == Some(b'>'),
            _ => false,
        }
    }

    /// True for letters only: not for numbers, paths, addresses and dotted names.
    pub(super) fn is_word(&self) -> bool {
        self.text.len() > 1 && self.text.iter().all(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii())
    }
}

/// The tokens of a text.
pub(super) struct Tokens<'a> {
    text: &'a [u8],
    at: usize,
    bracket: Option<u8>,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0, bracket: None }
    }

    /// Goes on at another place.
    pub(super) fn go_on_at(&mut self, at: usize) {
        self.at = at.min(self.text.len());
    }

    pub(super) fn next(&mut self) -> Option<Token<'a>> {
        while let Some(byte) = self.text.get(self.at)
            && is_separator(*byte)
        {
            self.pass(*byte);
        }
        let rest = &self.text[self.at..];
        let is_letter = matches!(rest, [letter, b'/', ..] if letter.is_ascii_uppercase());
        let len = if is_letter {
            1
        } else {
            rest.iter().position(|byte| is_separator(*byte)).unwrap_or(rest.len())
        };
        let token = Token {
            at: self.at,
            text: &rest[..len],
            bracket: self.bracket,
            before: self.at.checked_sub(1).map(|at| self.text[at]),
            end: rest.get(len).copied(),
            next: rest.get(len + 1).copied(),
        };
        self.at += len;
        self.at += usize::from(is_letter);
        (!token.text.is_empty()).then_some(token)
    }

    fn pass(&mut self, byte: u8) {
        self.at += 1;
        match byte {
            b'[' | b'(' | b'<' => self.bracket = Some(byte),
            b']' | b')' | b'>' => self.bracket = None,
            _ => {}
        }
    }
}

/// For each byte whether it stands between tokens. Looked up, since this is asked for every byte of a line's head.
const SEPARATORS: [bool; 256] = {
    let (mut table, mut index) = ([false; 256], 0);
    let bytes = b" \t,;:|[](){}<>\"'=";
    while index < bytes.len() {
        table[bytes[index] as usize] = true;
        index += 1;
    }
    table
};

fn is_separator(byte: u8) -> bool {
    SEPARATORS[usize::from(byte)]
}
