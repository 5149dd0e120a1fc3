use ratatui::style::{Color, Modifier, Style};
use record::Level;

/// What a text stands for, as colours that the person has chosen for the terminal, so that they can be read on dark and on light. None
/// when `NO_COLOR` is set (no-color.org); then bold, faint and reversed text say it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Colors {
    on: bool,
}

impl Colors {
    pub(crate) fn of_environment() -> Self {
        Self { on: std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) }
    }

    #[cfg(test)]
    pub(crate) fn new(on: bool) -> Self {
        Self { on }
    }

    fn in_color(self, color: Color) -> Style {
        if self.on { Style::new().fg(color) } else { Style::new() }
    }

    pub(super) fn good(self) -> Style {
        self.in_color(Color::Green)
    }

    pub(super) fn odd(self) -> Style {
        self.in_color(Color::Yellow)
    }

    pub(super) fn bad(self) -> Style {
        self.in_color(Color::Red).add_modifier(Modifier::BOLD)
    }

    pub(super) fn moving(self) -> Style {
        self.in_color(Color::Cyan)
    }

    pub(super) fn faint(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    pub(super) fn heading(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    pub(super) fn selected(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    pub(super) fn level(self, level: Option<Level>) -> Style {
        match level {
            Some(Level::Trace | Level::Debug) => self.faint(),
            Some(Level::Info) => self.good(),
            Some(Level::Notice) => self.moving(),
            Some(Level::Warn) => self.odd(),
            Some(Level::Error | Level::Fatal) => self.bad(),
            None => Style::new(),
        }
    }

    /// Of a peer.
    pub(super) fn state(self, state: &str) -> Style {
        match state {
            "connected" => self.good(),
            "connecting" => self.moving(),
            "backing_off" => self.odd(),
            _ => self.faint(),
        }
    }
}
