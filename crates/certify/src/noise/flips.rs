//! [`BitFlips`]: bits that flip, zeros and ones at rates of their own.

use super::{Noise, bernoulli};
use crate::{Bits, Error, Interval, NoiseFingerprint, Rate, Threat, error::Parameter, threat::FlipThreat};
use rand_core::Rng;

/// Every bit flips independently: a zero becomes one at rate `p₊`, a one becomes zero at rate `p₋`.
///
/// With `p₊ = p₋` this is the noise of Lee et al. 2019 for two values; with different rates it is the sparsity-aware noise
/// of Bojchevski et al. 2020.
///
/// ```
/// use steadfast_certify::{Bits, BitFlips, Noise, Rate, seed};
///
/// let noise = BitFlips::symmetric(Rate::new(0.1)?)?;
/// let image: Bits = (0..784).map(|pixel| pixel % 7 == 0).collect();
/// let mut rng = seed::generator(1, seed::Phase::Estimation, 0, 0, seed::Purpose::Noise);
/// let noisy = noise.sample(&image, &mut rng);
/// assert_eq!(noisy.len(), 784);
/// # Ok::<(), steadfast_certify::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "BitFlipsParts"))]
pub struct BitFlips {
    zero_to_one: Rate,
    one_to_zero: Rate,
}

impl BitFlips {
    /// Zeros flip at `zero_to_one`, ones at `one_to_zero`. One of them may be [`Rate::NEVER`].
    ///
    /// # Errors
    /// [`Error::Parameter`] if neither ever happens: without noise nothing can be certified.
    pub fn new(zero_to_one: Rate, one_to_zero: Rate) -> Result<Self, Error> {
        if zero_to_one == Rate::NEVER && one_to_zero == Rate::NEVER {
            return Err(Error::Parameter(Parameter {
                name: "flip rates",
                given: "0 and 0".to_owned(),
                expected: "at least one rate above 0, since without noise nothing can be certified",
            }));
        }
        Ok(Self { zero_to_one, one_to_zero })
    }

    /// Both values flip at the same rate.
    ///
    /// # Errors
    /// [`Error::Parameter`] if the rate is zero.
    pub fn symmetric(rate: Rate) -> Result<Self, Error> {
        Self::new(rate, rate)
    }

    /// The rate `p₊` at which a zero becomes one.
    #[must_use]
    pub const fn zero_to_one(&self) -> Rate {
        self.zero_to_one
    }

    /// The rate `p₋` at which a one becomes zero.
    #[must_use]
    pub const fn one_to_zero(&self) -> Rate {
        self.one_to_zero
    }

    /// The attack on `input`: any bits may be changed by an attacker.
    ///
    /// # Errors
    /// [`Error::Parameter`] for 2³² bits or more.
    pub fn threat(&self, input: &Bits) -> Result<Threat<FlipThreat>, Error> {
        u32::try_from(input.len()).map_err(|_| {
            Error::Parameter(Parameter {
                name: "number of bits",
                given: input.len().to_string(),
                expected: "fewer than 2³² bits",
            })
        })?;
        let ones = input.count_ones() as u32;
        let zeros = input.len() as u32 - ones;
        let [up, down] = [self.zero_to_one, self.one_to_zero].map(Interval::from);
        Ok(Threat::new(self.name(input), FlipThreat::new(up, down, zeros, ones)))
    }

    /// Rates and input, as a fingerprint.
    fn name(self, input: &Bits) -> NoiseFingerprint {
        let rates = [self.zero_to_one, self.one_to_zero].map(|rate| rate.numerator().into());
        let bits = std::iter::once(input.len() as u64).chain(input.words().iter().copied());
        NoiseFingerprint::new("bit-flips", rates.into_iter().chain(bits))
    }

    /// A noisy copy of each of 64 bits.
    fn noisy_word<R: Rng + ?Sized>(self, word: u64, rng: &mut R) -> u64 {
        if self.zero_to_one == self.one_to_zero {
            return word ^ bernoulli::word(self.zero_to_one, rng);
        }
        let flips = (!word & bernoulli::word(self.zero_to_one, rng))
            | (word & bernoulli::word(self.one_to_zero, rng));
        word ^ flips
    }
}

impl Noise for BitFlips {
    type Input = Bits;
    type Sample = Bits;

    fn sample(&self, input: &Bits, rng: &mut dyn Rng) -> Bits {
        input.map_words(|word| self.noisy_word(word, rng))
    }

    fn fingerprint(&self, input: &Bits) -> Option<NoiseFingerprint> {
        Some(self.name(input))
    }
}

/// The plain form of [`BitFlips`], for reading.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct BitFlipsParts {
    zero_to_one: Rate,
    one_to_zero: Rate,
}

#[cfg(feature = "serde")]
impl TryFrom<BitFlipsParts> for BitFlips {
    type Error = Error;
    fn try_from(parts: BitFlipsParts) -> Result<Self, Error> {
        Self::new(parts.zero_to_one, parts.one_to_zero)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Phase, Purpose, generator};

    #[test]
    fn zeros_and_ones_flip_at_their_own_rates() {
        let noise = BitFlips::new(Rate::new(0.02).unwrap(), Rate::new(0.4).unwrap()).unwrap();
        let input: Bits = (0..200_000).map(|i| i % 2 == 0).collect();
        let noisy = noise.sample(&input, &mut generator(3, Phase::Training, 0, 0, Purpose::Noise));
        let (mut up, mut down) = (0.0, 0.0);
        for (clean, seen) in input.iter().zip(noisy.iter()) {
            up += f64::from(u8::from(!clean && seen));
            down += f64::from(u8::from(clean && !seen));
        }
        assert!((up - 2_000.0_f64).abs() < 5.0 * 45.0, "{up}");
        assert!((down - 40_000.0_f64).abs() < 5.0 * 155.0, "{down}");
    }

    #[test]
    fn needs_noise() {
        assert!(BitFlips::symmetric(Rate::NEVER).is_err());
        assert!(BitFlips::new(Rate::NEVER, Rate::new(0.5).unwrap()).is_ok());
    }
}
