use std::collections::HashMap;
use std::sync::Arc;

/// More names than this are forgotten when the batch is emptied.
const KEPT: usize = 4096;

/// The names of fields, each kept once.
///
/// What bounds it: the names in one batch, and what the batches before had, up to [`KEPT`].
#[derive(Debug, Default)]
pub(super) struct Names {
    names: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, u32>,
}

impl Names {
    pub(super) fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let (number, name) = (self.names.len() as u32, Arc::<str>::from(name));
        self.names.push(Arc::clone(&name));
        self.numbers.insert(name, number);
        number
    }

    pub(super) fn name(&self, number: u32) -> &str {
        &self.names[number as usize]
    }

    /// No field has a name any more.
    pub(super) fn trim(&mut self) {
        if self.names.len() > KEPT {
            *self = Self::default();
        }
    }
}
