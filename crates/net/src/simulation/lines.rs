use fastrand::Rng;

/// The line `number` of the peer `peer`, without its newline: most say whose they are, all are of the kinds that have
/// broken collectors before. `chunk` and `line_max` are the lengths at which something happens.
pub(super) fn line(random: &mut Rng, peer: usize, number: usize, chunk: usize, line_max: usize) -> Vec<u8> {
    let text = format!("peer-{peer} line-{number} ");
    let mut line = match random.u32(..16) {
        0 => Vec::new(),
        1 => format!("{} monkeys in {text}", random.u32(..3000)).into_bytes(),
        2 => format!("   \t {text}  ").into_bytes(),
        3 => [text.as_bytes(), b"\0\0 NUL \0"].concat(),
        4 => [text.as_bytes(), &[0xff, 0xc3, 0x28, 0xe2, 0x82], b" not UTF-8 \x80"].concat(),
        5 => filled(text, near(random, chunk)),
        6 => filled(text, near(random, line_max)),
        7 => filled(text, random.usize(..=3 * line_max)),
        8 => filled(text, random.usize(..=4 * chunk)),
        9 => "\u{1f41f}\u{20ac}\u{e9}".repeat(random.usize(..chunk)).into_bytes(),
        _ => filled(text, random.usize(..80)),
    };
    if random.u32(..8) == 0 {
        line.extend(&b"\r\r"[..random.usize(1..=2)]);
    }
    line
}

fn near(random: &mut Rng, length: usize) -> usize {
    (length + random.usize(..5)).saturating_sub(2)
}

/// The text, and more up to `length` bytes.
fn filled(text: String, length: usize) -> Vec<u8> {
    let mut line = text.into_bytes();
    let missing = length.saturating_sub(line.len());
    line.extend((0..missing).map(|place| b'a' + (place % 26) as u8));
    line
}
