use fastrand::Rng;

/// Line `number` of peer `peer`, the same every time: its text follows from these and the seed.
///
/// It begins with digits or spaces, and may hold tabs, NUL bytes and characters of several bytes. One in twenty is longer than
/// a chunk of 1024 bytes.
pub(crate) fn line(seed: u64, peer: usize, number: usize) -> String {
    let mut rng = Rng::with_seed(seed ^ (peer as u64) << 40 ^ (number as u64) << 8);
    let filler = if rng.usize(..20) == 0 { rng.usize(1000..6000) } else { rng.usize(..200) };
    let mut line = header(peer, number);
    let end = line.len() + filler;
    while line.len() < end {
        line.push_str(
            ["lorem", " ", "\t", "4711", "\u{e9}\u{2615}", "\0", "\r-", "{\"a\":1}", "ipsum dolor sit amet"]
                [rng.usize(..9)],
        );
    }
    line.push('.');
    line
}

/// How every line of a peer begins.
pub(crate) fn header(peer: usize, number: usize) -> String {
    format!("{}{peer} {number} ", " ".repeat(number % 3))
}

/// The peer and the number that a text begins with, if both are there whole.
pub(crate) fn parse_header(text: &str) -> Option<(usize, usize)> {
    let mut words = text.trim_start_matches(' ').splitn(3, ' ');
    let (peer, number) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    words.next().map(|_| (peer, number))
}

#[cfg(test)]
mod tests {
    use super::{line, parse_header};

    #[test]
    fn a_line_tells_whose_it_is_and_follows_from_the_seed() {
        for number in 0..1000 {
            let text = line(7, 12, number);
            assert_eq!(parse_header(&text), Some((12, number)));
            assert_eq!(text, line(7, 12, number));
            assert!(!text.contains('\n') && !text.ends_with('\r'));
        }
        assert_ne!(line(7, 12, 3), line(8, 12, 3));
        assert_eq!(parse_header("  12 3"), None);
        assert_eq!(parse_header("x 3 y"), None);
    }
}
