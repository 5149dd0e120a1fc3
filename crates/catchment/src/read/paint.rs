use std::io::IsTerminal as _;

use record::Level;

/// Colours for a terminal: none when the output is none, or when `NO_COLOR` is set (no-color.org).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Paint {
    on: bool,
}

/// What a text stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ink {
    Plain,
    Faint,
    Heading,
    Of(Level),
}

impl Paint {
    pub(crate) fn for_stdout() -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { on: !refused && std::io::stdout().is_terminal() }
    }

    #[cfg(test)]
    pub(crate) fn always() -> Self {
        Self { on: true }
    }

    pub(crate) fn never() -> Self {
        Self { on: false }
    }

    /// The text in its colour. The text itself must be safe to show.
    pub(crate) fn put(self, out: &mut String, ink: Ink, text: &str) {
        let code = match ink {
            Ink::Plain => "",
            Ink::Faint => "2",
            Ink::Heading => "1",
            Ink::Of(Level::Trace | Level::Debug) => "2",
            Ink::Of(Level::Info) => "32",
            Ink::Of(Level::Notice) => "36",
            Ink::Of(Level::Warn) => "33",
            Ink::Of(Level::Error) => "31",
            Ink::Of(Level::Fatal) => "1;31",
        };
        if !self.on || code.is_empty() {
            return out.push_str(text);
        }
        for part in ["\x1b[", code, "m", text, "\x1b[0m"] {
            out.push_str(part);
        }
    }
}
