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
    /// The name that was asked for last, and what came after each name: most records have the same names in the same order,
    /// and one comparison costs less than a hash.
    last: usize,
    after: Vec<u32>,
}

impl Names {
    #[inline]
    pub(super) fn number(&mut self, name: &str) -> u32 {
        let guess = self.after.get(self.last).copied().unwrap_or_default();
        let number = match self.names.get(guess as usize) {
            Some(guessed) if **guessed == *name => guess,
            _ => self.look_up(name),
        };
        self.last = number as usize;
        number
    }

    fn look_up(&mut self, name: &str) -> u32 {
        let number = match self.numbers.get(name) {
            Some(number) => *number,
            None => self.add(name),
        };
        if let Some(after) = self.after.get_mut(self.last) {
            *after = number;
        }
        number
    }

    fn add(&mut self, name: &str) -> u32 {
        let (number, name) = (self.names.len() as u32, Arc::<str>::from(name));
        self.names.push(Arc::clone(&name));
        self.after.push(number);
        self.numbers.insert(name, number);
        number
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    #[inline]
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

#[cfg(test)]
mod tests {
    use super::Names;

    #[test]
    fn a_name_has_one_number_whatever_came_before_it() {
        let (mut names, mut seed) = (Names::default(), 1_u32);
        for _ in 0..2000 {
            // The order repeats now and then, and breaks off.
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let name = format!("n{}", seed >> 28);
            let number = names.number(&name);
            assert_eq!(names.name(number), name);
            assert_eq!(names.number(&name), number);
        }
        assert_eq!(names.names.len(), 16);
    }
}
