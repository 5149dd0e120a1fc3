use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::process::{Child, Command, Stdio};

/// Where rows for a person go: the standard output, through a pager when that is a terminal.
///
/// `PAGER` names the pager; empty means none. `less` shows a short answer without taking the screen.
pub(crate) enum Screen {
    Plain(BufWriter<io::Stdout>),
    Paged(BufWriter<std::process::ChildStdin>, Child),
}

impl Screen {
    pub(crate) fn plain() -> Self {
        Self::Plain(BufWriter::with_capacity(64 << 10, io::stdout()))
    }

    pub(crate) fn paged() -> Self {
        if io::stdout().is_terminal() { Self::pager().unwrap_or_else(Self::plain) } else { Self::plain() }
    }

    fn pager() -> Option<Self> {
        let pager = std::env::var("PAGER").unwrap_or_else(|_| "less".to_owned());
        let mut words = pager.split_whitespace();
        let mut command = Command::new(words.next()?);
        command.args(words).stdin(Stdio::piped());
        if std::env::var_os("LESS").is_none() {
            command.env("LESS", "FRX");
        }
        let mut child = command.spawn().ok()?;
        let input = child.stdin.take()?;
        Some(Self::Paged(BufWriter::new(input), child))
    }

    /// Passes on what is left, and waits until the reader has closed the pager.
    pub(crate) fn close(self) -> io::Result<()> {
        match self {
            Self::Plain(mut out) => out.flush(),
            Self::Paged(out, mut child) => {
                let flushed = out.into_inner().map(drop).map_err(io::IntoInnerError::into_error);
                child.wait()?;
                flushed
            }
        }
    }
}

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(out) => out.write(bytes),
            Self::Paged(out, _) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(out) => out.flush(),
            Self::Paged(out, _) => out.flush(),
        }
    }
}
