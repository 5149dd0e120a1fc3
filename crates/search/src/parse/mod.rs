//! From text to a condition: recursive descent.

mod chars;
#[cfg(test)]
mod tests;

use self::chars::{Chars, Value};
use crate::columns::{condition, words};
use crate::error::SyntaxError;
use crate::expr::{Expr, Test};
use crate::pattern::Pattern;
use crate::value::{Operand, Relation, ValueTest};

/// The longest search, in bytes.
const BYTES_MAX: usize = 8 << 10;
/// The most words, phrases, fields and patterns.
const TERMS_MAX: usize = 256;
/// The most patterns: each may take a few MiB.
const PATTERNS_MAX: usize = 16;
/// How deep parentheses and negations may stand in one another.
const DEPTH_MAX: usize = 16;

/// The condition that `text` stands for.
pub(crate) fn parse(text: &str) -> Result<Expr, SyntaxError> {
    let failed = |fault: Fault| SyntaxError::new(text, fault.at, fault.message);
    if text.len() > BYTES_MAX {
        let at = text.floor_char_boundary(BYTES_MAX);
        return Err(failed(Fault::new(at, format!("the search is longer than {BYTES_MAX} bytes"))));
    }
    Parser { chars: Chars::new(text), depth: 0, terms: 0, patterns: 0 }.whole().map_err(failed)
}

/// What is wrong, and at which byte.
#[derive(Debug)]
struct Fault {
    at: usize,
    message: String,
}

impl Fault {
    fn new(at: usize, message: impl Into<String>) -> Self {
        Self { at, message: message.into() }
    }
}

struct Parser<'a> {
    chars: Chars<'a>,
    depth: usize,
    terms: usize,
    patterns: usize,
}

impl Parser<'_> {
    fn whole(mut self) -> Result<Expr, Fault> {
        self.chars.skip_space();
        if self.chars.peek().is_none() {
            return Ok(Expr::Everything);
        }
        let expr = self.either()?;
        match self.chars.peek() {
            None => Ok(expr),
            Some(_) => {
                Err(Fault::new(self.chars.at(), "this `)` closes nothing; write `\\)` for the character"))
            }
        }
    }

    /// `a OR b`
    fn either(&mut self) -> Result<Expr, Fault> {
        let mut either = Vec::new();
        loop {
            match self.all()? {
                Expr::Or(more) => either.extend(more),
                expr => either.push(expr),
            }
            if !self.chars.eat_keyword("OR") {
                return Ok(only(&mut either).unwrap_or(Expr::Or(either)));
            }
        }
    }

    /// `a b`, `a AND b`
    fn all(&mut self) -> Result<Expr, Fault> {
        let mut all = Vec::new();
        let mut must = true;
        loop {
            self.chars.skip_space();
            let ends = matches!(self.chars.peek(), None | Some(')')) || self.chars.is_keyword("OR");
            if ends && !must {
                return Ok(only(&mut all).unwrap_or(Expr::And(all)));
            }
            if ends || self.chars.is_keyword("AND") && must {
                return Err(Fault::new(self.chars.at(), "something to search for is missing here"));
            }
            must = self.chars.eat_keyword("AND");
            if must {
                continue;
            }
            match self.unary()? {
                Expr::And(more) => all.extend(more),
                expr => all.push(expr),
            }
        }
    }

    /// `-a`, `NOT a`
    fn unary(&mut self) -> Result<Expr, Fault> {
        let at = self.chars.at();
        if !self.chars.eat_keyword("NOT") && !self.chars.eat('-') {
            return self.atom();
        }
        if self.chars.text_from(at) == "-" && self.chars.peek().is_none_or(char::is_whitespace) {
            return Err(Fault::new(
                at,
                "`-` stands right before what must not be there; write `\\-` for the character",
            ));
        }
        self.chars.skip_space();
        if matches!(self.chars.peek(), None | Some(')'))
            || self.chars.is_keyword("OR")
            || self.chars.is_keyword("AND")
        {
            return Err(Fault::new(self.chars.at(), "what must not be there is missing here"));
        }
        self.deeper(at)?;
        let expr = self.unary()?;
        self.depth -= 1;
        Ok(Expr::Not(Box::new(expr)))
    }

    fn atom(&mut self) -> Result<Expr, Fault> {
        let at = self.chars.at();
        if self.chars.eat('(') {
            self.deeper(at)?;
            let expr = self.either()?;
            if !self.chars.eat(')') {
                return Err(Fault::new(at, "this `(` is never closed"));
            }
            self.depth -= 1;
            return Ok(expr);
        }
        self.terms += 1;
        if self.terms > TERMS_MAX {
            return Err(Fault::new(at, format!("the search has more than {TERMS_MAX} terms")));
        }
        match self.chars.peek() {
            Some('"') => {
                let text = self.chars.quoted()?;
                let open = self.chars.eat('*');
                words(&text, open).map(Expr::Test).map_err(|message| Fault::new(at, message))
            }
            Some('/') => self.pattern().map(|pattern| Expr::Test(Test::Message(pattern))),
            _ => self.term(),
        }
    }

    /// `word`, `wor*`, `name:…`
    fn term(&mut self) -> Result<Expr, Fault> {
        let at = self.chars.at();
        let Value { text, open } = self.chars.bare(true)?;
        if self.chars.eat(':') {
            if text.is_empty() {
                return Err(Fault::new(at, "the name of a field is missing before `:`"));
            }
            let value_at = self.chars.at();
            let test = self.value_test(&text)?;
            return condition(text, test).map_err(|message| Fault::new(value_at, message));
        }
        match text.as_str() {
            "" if open => Ok(Expr::Everything),
            _ => words(&text, open).map(Expr::Test).map_err(|message| Fault::new(at, message)),
        }
    }

    /// What follows `name:`.
    fn value_test(&mut self, name: &str) -> Result<ValueTest, Fault> {
        match self.chars.peek() {
            Some('/') => return self.pattern().map(ValueTest::Like),
            Some('(') => {
                let message = format!("a field takes one value; write `({name}:a OR {name}:b)`");
                return Err(Fault::new(self.chars.at(), message));
            }
            _ => {}
        }
        let relation = self.relation();
        let at = self.chars.at();
        let value = match self.chars.peek() {
            Some('"') => {
                let text = self.chars.quoted()?;
                Value { text, open: self.chars.eat('*') }
            }
            None | Some(')') => return Err(missing(at, name)),
            Some(c) if c.is_whitespace() => return Err(missing(at, name)),
            Some(_) => self.chars.bare(false)?,
        };
        match (relation, value) {
            (None, Value { text, open: true }) if self.chars.text_from(at) == "*" && text.is_empty() => {
                Ok(ValueTest::Exists)
            }
            (None, Value { text, open: true }) => Ok(ValueTest::Begins(text)),
            (Some(_), Value { open: true, .. }) => {
                Err(Fault::new(at, "a comparison takes no `*`; write `\\*` for the character"))
            }
            (relation, Value { text, .. }) => {
                Ok(ValueTest::Is(relation.unwrap_or(Relation::Equal), Operand::new(text)))
            }
        }
    }

    fn relation(&mut self) -> Option<Relation> {
        let (or_equal, alone) = match self.chars.peek()? {
            '<' => (Relation::AtMost, Relation::Less),
            '>' => (Relation::AtLeast, Relation::More),
            _ => return None,
        };
        self.chars.next();
        Some(if self.chars.eat('=') { or_equal } else { alone })
    }

    fn pattern(&mut self) -> Result<Pattern, Fault> {
        let at = self.chars.at();
        let source = self.chars.slashed()?;
        self.patterns += 1;
        if self.patterns > PATTERNS_MAX {
            return Err(Fault::new(at, format!("the search has more than {PATTERNS_MAX} patterns")));
        }
        Pattern::new(&source).map_err(|message| Fault::new(at, message))
    }

    fn deeper(&mut self, at: usize) -> Result<(), Fault> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(Fault::new(
                at,
                format!("more than {DEPTH_MAX} parentheses and negations in one another"),
            ));
        }
        Ok(())
    }
}

fn missing(at: usize, name: &str) -> Fault {
    Fault::new(at, format!("a value is missing after `{name}:`; `{name}:*` asks whether there is one"))
}

/// The only one of them.
fn only(exprs: &mut Vec<Expr>) -> Option<Expr> {
    if exprs.len() == 1 { exprs.pop() } else { None }
}
