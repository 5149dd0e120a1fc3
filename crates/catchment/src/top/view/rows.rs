use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget as _;

/// The screen, row by row from the top. Nothing is ever drawn outside of it.
pub(super) struct Rows<'b> {
    /// What is still free.
    left: Rect,
    buffer: &'b mut Buffer,
}

impl<'b> Rows<'b> {
    pub(super) fn new(area: Rect, buffer: &'b mut Buffer) -> Self {
        Self { left: area, buffer }
    }

    pub(super) fn width(&self) -> usize {
        usize::from(self.left.width)
    }

    /// How many rows are free.
    pub(super) fn free(&self) -> usize {
        usize::from(self.left.height)
    }

    /// Draws the next row, if there is one.
    pub(super) fn put(&mut self, spans: Vec<Span<'_>>) {
        if let Some(row) = self.take() {
            self.put_at(row, spans);
        }
    }

    /// Draws the next row in one style from end to end.
    pub(super) fn put_all(&mut self, spans: Vec<Span<'_>>, style: Style) {
        if let Some(row) = self.take() {
            self.put_at(row, spans);
            self.buffer.set_style(row, style);
        }
    }

    pub(super) fn put_at(&mut self, row: Rect, spans: Vec<Span<'_>>) {
        Line::from(spans).render(row, self.buffer);
    }

    pub(super) fn skip(&mut self) {
        self.take();
    }

    fn take(&mut self) -> Option<Rect> {
        if self.left.is_empty() {
            return None;
        }
        let row = Rect { height: 1, ..self.left };
        (self.left.y, self.left.height) = (self.left.y + 1, self.left.height - 1);
        Some(row)
    }

    /// Takes the lowest row away.
    pub(super) fn take_last(&mut self) -> Option<Rect> {
        if self.left.is_empty() {
            return None;
        }
        self.left.height -= 1;
        Some(Rect { y: self.left.y + self.left.height, height: 1, ..self.left })
    }
}
