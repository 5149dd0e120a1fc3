use record::{Batch, Position};

/// Keeps about one record of `one_in`. Which ones, their positions decide, so that it is the same ones whenever they are read.
pub(super) fn apply(one_in: u32, batch: &mut Batch) {
    batch.retain(|record| is_kept(record.position(), one_in));
}

fn is_kept(position: Position, one_in: u32) -> bool {
    // A position is an address, and lines of one length would have all the same remainder: it is mixed first.
    mix(position.0).is_multiple_of(u64::from(one_in))
}

/// SplitMix64's last step (Steele, Lea and Flood 2014): each bit of the number changes half of the others.
fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use record::Position;

    use super::is_kept;

    proptest! {
        #[test]
        fn about_one_in_so_many_whatever_the_length_of_lines(one_in in 1..200_u32, length in 1..300_u64, from in any::<u32>()) {
            let lines = u64::from(one_in) * 200;
            let kept = (0..lines).filter(|n| is_kept(Position(u64::from(from) + n * length), one_in)).count();
            prop_assert!(one_in == 1 && kept == 200 || (120..280).contains(&kept), "{} of {}", kept, lines);
        }
    }
}
