//! Exact draws for words of a text, many at a time.
//!
//! Noises take their generator as `&mut dyn Rng`. A virtual call per word would cost more than the draw, so numbers are
//! fetched in blocks; their number depends on the length of the text alone.
#![expect(clippy::indexing_slicing, reason = "positions in a block are masked to its size, a power of two")]

use crate::WordId;
use steadfast_certify::rand_core::Rng;

/// Words per block.
pub(super) const BLOCK: usize = 64;

/// A uniform 32-bit number for each of up to [`BLOCK`] words.
pub(super) struct Numbers([u8; 4 * BLOCK]);

impl Numbers {
    pub(super) const fn new() -> Self {
        Self([0; 4 * BLOCK])
    }

    /// Draws `count ≤ BLOCK` numbers.
    pub(super) fn draw(&mut self, count: usize, rng: &mut dyn Rng) -> impl Iterator<Item = u32> + '_ {
        let bytes = &mut self.0[..4 * count.min(BLOCK)];
        rng.fill_bytes(bytes);
        bytes.as_chunks::<4>().0.iter().map(|bytes| u32::from_le_bytes(*bytes))
    }
}

/// Appends the words of `block` (at most [`BLOCK`]) whose bit of `kept` is set.
pub(super) fn keep(block: &[WordId], kept: u64, out: &mut Vec<WordId>) {
    let mut buffer = [WordId::MASK; BLOCK];
    let mut length = 0;
    let mut rest = kept;
    while rest != 0 {
        buffer[length % BLOCK] = block[rest.trailing_zeros() as usize];
        length += 1;
        rest &= rest - 1;
    }
    out.extend_from_slice(&buffer[..length]);
}

/// Ones for the words of a block of `length ≤ 64`.
pub(super) const fn lanes(length: usize) -> u64 {
    if length >= BLOCK { u64::MAX } else { (1 << length) - 1 }
}

/// A uniform number below `bound ≥ 1`, without bias: multiply and reject (Lemire 2019, <https://doi.org/10.1145/3230636>).
pub(super) fn below(bound: u64, rng: &mut dyn Rng) -> u64 {
    // Draws whose low half is below 2⁶⁴ mod bound would favor some numbers.
    let rejected = bound.wrapping_neg().checked_rem(bound).unwrap_or(0);
    loop {
        let product = u128::from(rng.next_u64()) * u128::from(bound);
        if product as u64 >= rejected {
            return (product >> 64) as u64;
        }
    }
}

/// A uniform position in a sequence of `length ≥ 1`.
pub(super) fn position(length: usize, rng: &mut dyn Rng) -> usize {
    below(length as u64, rng) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use steadfast_certify::seed::{Phase, Purpose, generator};

    #[test]
    fn below_is_unbiased() {
        let mut rng = generator(1, Phase::Training, 0, 0, Purpose::Noise);
        let mut counts = [0.0_f64; 7];
        for _ in 0..70_000 {
            counts[below(7, &mut rng) as usize] += 1.0;
        }
        assert!(counts.iter().all(|count| (count - 10_000.0).abs() < 5.0 * 93.0), "{counts:?}");
        // A bound just above 2⁶³ would be badly skewed without rejection.
        let bound = (1 << 63) + 1;
        let low = (0..20_000).filter(|_| below(bound, &mut rng) < bound / 2).count();
        assert!((low as f64 - 10_000.0).abs() < 5.0 * 71.0, "{low}");
        assert_eq!(below(1, &mut rng), 0);
    }

    #[test]
    fn keeps_the_marked_words() {
        let block: Vec<WordId> = (0..64).map(WordId::from_index).collect();
        for kept in [0, 1, 1 << 63, 0b1011, u64::MAX] {
            let mut out = vec![WordId::from_index(99)];
            keep(&block, kept, &mut out);
            let expected = (0..64).filter(|&lane| kept >> lane & 1 == 1).map(WordId::from_index);
            assert_eq!(out[1..], expected.collect::<Vec<_>>());
        }
        assert_eq!((lanes(0), lanes(3), lanes(64)), (0, 7, u64::MAX));
    }
}
