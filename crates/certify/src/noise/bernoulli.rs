//! Independent events at one [`Rate`], drawn 64 at a time without rounding.
//!
//! Each of 64 lanes compares a uniform 32-bit number with the rate's numerator, most significant bit first: word `j` of
//! random bits is bit `j` of all 64 numbers. A lane is decided at the first bit that differs, so seven or eight words settle
//! all lanes on average instead of 32, and trailing zeros of the numerator end the comparison early. The result is exactly
//! Bernoulli(k·2⁻³²) in every lane.

use crate::Rate;
use rand_core::Rng;

/// 64 independent events at `rate`, one per bit.
pub fn word<R: Rng + ?Sized>(rate: Rate, rng: &mut R) -> u64 {
    let mut numerator = rate.numerator();
    let (mut happened, mut undecided) = (0_u64, u64::MAX);
    // Numbers equal to the numerator in all remaining bits are not below it: once only zeros remain, the
    // undecided lanes did not happen.
    while numerator != 0 && undecided != 0 {
        let bits = rng.next_u64();
        if numerator >> 31 == 1 {
            happened |= undecided & !bits;
            undecided &= bits;
        } else {
            undecided &= !bits;
        }
        numerator <<= 1;
    }
    happened
}

/// Fills `words` with independent events at `rate`, one per bit.
pub fn fill<R: Rng + ?Sized>(rate: Rate, rng: &mut R, words: &mut [u64]) {
    for slot in words {
        *slot = word(rate, rng);
    }
}

/// One event at `rate`.
pub fn event<R: Rng + ?Sized>(rate: Rate, rng: &mut R) -> bool {
    rng.next_u32() < rate.numerator()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Phase, Purpose, generator};

    /// A generator that plays back given words, to compare the sliced draw with a plain one bit by bit.
    struct Planes(std::vec::IntoIter<u64>);
    impl rand_core::TryRng for Planes {
        type Error = std::convert::Infallible;
        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            unreachable!("the sliced sampler draws words")
        }
        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            Ok(self.0.next().expect("the sliced sampler asked for more than 32 planes"))
        }
        fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Self::Error> {
            unreachable!("the sliced sampler draws words")
        }
    }

    #[test]
    fn every_lane_is_the_comparison_of_a_32_bit_number() {
        let mut rng = generator(1, Phase::Training, 0, 0, Purpose::Noise);
        let numerators = (0..200)
            .map(|_| rng.next_u32())
            .chain([0, 1, 2, u32::MAX, 1 << 31, (1 << 31) + 1, 429_496_730])
            .collect::<Vec<_>>();
        for numerator in numerators {
            let mut numbers: Vec<u32> = (0..64).map(|_| rng.next_u32()).collect();
            // Numbers next to the numerator are where an off-by-one would show.
            numbers[..3].copy_from_slice(&[
                numerator,
                numerator.saturating_sub(1),
                numerator.saturating_add(1),
            ]);
            let planes: Vec<u64> = (0..32)
                .map(|plane| {
                    numbers
                        .iter()
                        .enumerate()
                        .fold(0, |word, (lane, number)| word | u64::from(number >> (31 - plane) & 1) << lane)
                })
                .collect();
            let drawn = word(Rate::from_numerator(numerator), &mut Planes(planes.into_iter()));
            for (lane, &number) in numbers.iter().enumerate() {
                assert_eq!(drawn >> lane & 1 == 1, number < numerator, "{number} < {numerator}");
            }
        }
    }

    #[test]
    fn frequencies_fit_the_rate_and_lanes_are_uncorrelated() {
        let rate = Rate::new(0.1).unwrap();
        let mut rng = generator(7, Phase::Training, 0, 0, Purpose::Noise);
        let n = 40_000_u64;
        let (mut per_lane, mut neighbors) = ([0_u64; 64], 0_u64);
        for _ in 0..n {
            let drawn = word(rate, &mut rng);
            for (lane, count) in per_lane.iter_mut().enumerate() {
                *count += drawn >> lane & 1;
            }
            neighbors += u64::from((drawn & drawn >> 1).count_ones());
        }
        let deviation = (n as f64 * 0.09).sqrt();
        for count in per_lane {
            assert!((count as f64 - n as f64 * 0.1).abs() < 5.0 * deviation);
        }
        let pairs = n as f64 * 63.0;
        assert!((neighbors as f64 - pairs * 0.01).abs() < 5.0 * (pairs * 0.01).sqrt());
    }
}
