//! Which three bytes follow each other in the messages of a row group, and in which of its pages: rules out a text that is no whole
//! word.
//!
//! A table of 65,536 places. Three bytes have the place that is the upper 16 bits of their number, least byte first, times
//! 0x9E3779B1, modulo 2^32. Bit 5 of each byte is ignored, so that ASCII letters are the same in any case.
//!
//! ```text
//! 0 kind   0: for each place that is there, in order, twice how many places it is behind the one before it or behind -1, less 1, as
//!          LEB128; and 1 more if it is in all pages, otherwise a byte with a bit for each page that has it, the lowest for the first
//!          page, the highest for all from the eighth on
//!          1: a bit for each place, the lowest of a byte first; which pages is not known
//! ```

use super::codec::{Decoder, put};

const PLACES: usize = 1 << 16;
const BY_PAGE: u8 = 0;
const TABLE: u8 = 1;

/// With more bytes than this, which pages is left out.
const BY_PAGE_MAX: usize = 16 << 10;

/// The bit of a page, by its place in its row group.
pub(crate) fn page_bit(page: usize) -> u8 {
    1 << page.min(7)
}

/// The set while it is filled, page by page.
///
/// What it owns: two bytes for each place. It keeps its 128 KiB.
pub(crate) struct Grams {
    /// Those of the page that is being added, which is quicker than to set bits.
    now: Box<[u8]>,
    pages: Box<[u8]>,
    page: usize,
    text_bytes: usize,
}

impl Grams {
    pub(crate) fn new() -> Self {
        let places = || vec![0; PLACES].into_boxed_slice();
        Self { now: places(), pages: places(), page: 0, text_bytes: 0 }
    }

    /// Adds a text of the page.
    pub(crate) fn add(&mut self, text: &str) {
        self.text_bytes += text.len();
        for place in places(text) {
            self.now[place] = 1;
        }
    }

    /// What comes now is of another page.
    pub(crate) fn end_page(&mut self) {
        let bit = page_bit(self.page);
        for (pages, now) in self.pages.iter_mut().zip(&mut self.now) {
            *pages |= std::mem::take(now) * bit;
        }
        self.page += 1;
    }

    /// The set of all pages in bytes, which is then empty; `None` when it is not worth it: when it takes more than so many percent
    /// of the texts.
    pub(crate) fn take(&mut self, percent_max: usize) -> Option<Vec<u8>> {
        let all = (0..self.page).fold(0, |all, page| all | page_bit(page));
        let mut bytes = vec![BY_PAGE];
        let mut next = 0;
        for (place, pages) in self.pages.iter().enumerate().filter(|(_, pages)| **pages != 0) {
            put(&mut bytes, ((place - next) as u64) << 1 | u64::from(*pages == all));
            if *pages != all {
                bytes.push(*pages);
            }
            next = place + 1;
        }
        if bytes.len() > BY_PAGE_MAX {
            bytes.clear();
            bytes.push(TABLE);
            let bits =
                |eight: &[u8]| eight.iter().rev().fold(0, |bits, pages| bits << 1 | u8::from(*pages != 0));
            bytes.extend(self.pages.chunks(8).map(bits));
        }
        let worth = bytes.len() <= self.text_bytes * percent_max / 100;
        self.pages.fill(0);
        (self.page, self.text_bytes) = (0, 0);
        worth.then_some(bytes)
    }
}

/// The set as stored: for each place the bits of its pages.
pub(crate) struct StoredGrams(Box<[u8]>);

impl StoredGrams {
    /// `None` when the bytes are no such set.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let (kind, rest) = bytes.split_first()?;
        let mut all = vec![0; PLACES].into_boxed_slice();
        match *kind {
            BY_PAGE => {
                let (mut from, mut next) = (Decoder(rest), 0usize);
                while !from.0.is_empty() {
                    let number = from.number()?;
                    let place = next.checked_add(usize::try_from(number >> 1).ok()?)?;
                    *all.get_mut(place)? = if number & 1 == 1 { u8::MAX } else { from.byte()? };
                    next = place + 1;
                }
            }
            TABLE if rest.len() == PLACES / 8 => {
                for (place, pages) in all.iter_mut().enumerate() {
                    *pages = if rest[place / 8] >> (place % 8) & 1 == 1 { u8::MAX } else { 0 };
                }
            }
            _ => return None,
        }
        Some(Self(all))
    }

    /// The bits of the pages that may have a message with the text, in any case of its ASCII letters. No other page has one.
    pub(crate) fn pages(&self, text: &str) -> u8 {
        places(text).fold(u8::MAX, |pages, place| pages & self.0[place])
    }
}

#[inline]
fn places(text: &str) -> impl Iterator<Item = usize> {
    text.as_bytes().windows(3).map(|three| {
        let number = u32::from_le_bytes([three[0], three[1], three[2], 0]) & 0x00DF_DFDF;
        (number.wrapping_mul(0x9E37_79B1) >> 16) as usize
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{BY_PAGE, Grams, StoredGrams, TABLE, page_bit};

    fn stored(pages: &[Vec<String>]) -> Vec<u8> {
        let mut grams = Grams::new();
        for page in pages {
            page.iter().for_each(|text| grams.add(text));
            grams.end_page();
        }
        grams.take(1_000_000).unwrap_or_else(|| vec![BY_PAGE])
    }

    proptest! {
        #[test]
        fn never_no_to_what_is_there(
            pages in prop::collection::vec(prop::collection::vec("[a-cÄä0-9 ]{0,12}", 1..6), 1..11),
            from in 0usize..8,
            len in 0usize..8,
            upper: bool,
        ) {
            let stored = StoredGrams::parse(&stored(&pages)).unwrap();
            for (page, texts) in pages.iter().enumerate() {
                for text in texts {
                    let part: String = text.chars().skip(from).take(len).collect();
                    let part = if upper { part.to_ascii_uppercase() } else { part };
                    prop_assert!(stored.pages(&part) & page_bit(page) != 0);
                }
            }
        }

        #[test]
        fn any_bytes_do_no_harm(bytes: Vec<u8>, kind in 0u8..3) {
            let bytes: Vec<u8> = [kind].into_iter().chain(bytes).collect();
            if let Some(stored) = StoredGrams::parse(&bytes) {
                stored.pages("any text");
            }
        }
    }

    #[test]
    fn mostly_no_to_what_is_not() {
        let page = |rare: &str| -> Vec<String> {
            (0..5000)
                .map(|n| format!("request {n} took {} ms{}", n * 7, if n == 77 { rare } else { "" }))
                .collect()
        };
        let few = stored(&[page(""), page(" abzqxvcd"), page("")]);
        assert_eq!((few[0], few.len() < 3000), (BY_PAGE, true), "{}", few.len());
        let few = StoredGrams::parse(&few).unwrap();
        assert_eq!(few.pages("QUEST 77"), u8::MAX);
        assert_eq!((few.pages("zqxv"), few.pages("zqxw"), few.pages("quests")), (page_bit(1), 0, 0));
        assert_eq!((few.pages("zq"), few.pages("")), (u8::MAX, u8::MAX), "too short to say no");
        let mut random = fastrand::Rng::with_seed(3);
        let ids: Vec<String> = (0..9000).map(|_| (0..6).map(|_| random.alphanumeric()).collect()).collect();
        let many = stored(std::slice::from_ref(&ids));
        assert_eq!((many[0], many.len()), (TABLE, 8193));
        let many = StoredGrams::parse(&many).unwrap();
        assert!(ids.iter().all(|id| many.pages(id) == u8::MAX));
        assert_eq!(many.pages("no such text at all"), 0);
    }

    #[test]
    fn is_emptied_and_not_stored_when_it_is_large_for_its_texts() {
        let mut grams = Grams::new();
        grams.add("abcdefgh");
        grams.end_page();
        assert!(grams.take(2).is_none());
        (0..1000).for_each(|_| grams.add("xyz xyz xyz"));
        grams.end_page();
        let stored = StoredGrams::parse(&grams.take(2).unwrap()).unwrap();
        assert_eq!((stored.pages("xyz xyz"), stored.pages("abc")), (u8::MAX, 0));
    }

    /// They are in files: what was stored must be read for ever.
    #[test]
    fn stored_sets_are_understood() {
        let place = super::places("abc").collect::<Vec<_>>();
        assert_eq!(place, [21192]);
        let mut table = vec![0; 1 + 8192];
        (table[0], table[1 + 21192 / 8]) = (TABLE, 1 << (21192 % 8));
        for (stored, pages) in [
            (&[BY_PAGE, 0x91, 0xCB, 0x02][..], u8::MAX),
            (&[BY_PAGE, 0x90, 0xCB, 0x02, 5], 5),
            (&table, u8::MAX),
        ] {
            let stored = StoredGrams::parse(stored).unwrap();
            assert_eq!((stored.pages("abc"), stored.pages("aBC"), stored.pages("abcd")), (pages, pages, 0));
        }
    }
}
