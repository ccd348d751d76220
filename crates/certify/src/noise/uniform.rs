//! [`UniformNoise`]: values that stay, or become any other value.

use super::{Noise, bernoulli};
use crate::{Error, Interval, NoiseFingerprint, Rate, Threat, error::Parameter, threat::UniformThreat};
use rand_core::Rng;

/// Every coordinate keeps its value with probability `β`, and otherwise takes one of the `K − 1` others, uniformly
/// (Lee et al. 2019; Wang et al. 2020, Eq. 2).
///
/// ```
/// use steadfast_certify::{Rate, UniformNoise};
///
/// let noise = UniformNoise::new(5, Rate::new(0.3)?)?;
/// assert_eq!(noise.threat(&[4, 0, 3])?.thresholds(1).len(), 2);
/// assert!(noise.threat(&[4, 0, 5]).is_err(), "five values are 0 to 4");
/// # Ok::<(), steadfast_certify::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "UniformNoiseParts"))]
pub struct UniformNoise {
    values: u32,
    change: Rate,
}

impl UniformNoise {
    /// Coordinates take values `0..values`; each changes at the rate `change = 1 − β`.
    ///
    /// # Errors
    /// [`Error::Parameter`] for fewer than two values or a rate of zero.
    pub fn new(values: u32, change: Rate) -> Result<Self, Error> {
        if values < 2 {
            return Err(Error::Parameter(Parameter {
                name: "number of values K",
                given: values.to_string(),
                expected: "at least 2",
            }));
        }
        if change == Rate::NEVER {
            return Err(Error::Parameter(Parameter {
                name: "rate of change 1 − β",
                given: "0".to_owned(),
                expected: "a rate above 0, since without noise nothing can be certified",
            }));
        }
        Ok(Self { values, change })
    }

    /// The number of values `K`.
    #[must_use]
    pub const fn values(&self) -> u32 {
        self.values
    }

    /// The rate `1 − β` at which a coordinate changes.
    #[must_use]
    pub const fn change(&self) -> Rate {
        self.change
    }

    /// The attack on `input`: an attacker may set any of its coordinates to any other value.
    ///
    /// # Errors
    /// [`Error::Parameter`] if a coordinate is not one of the `K` values `0..K`: such an input is outside the guarantee.
    pub fn threat(&self, input: &[u32]) -> Result<Threat<UniformThreat>, Error> {
        if let Some(value) = input.iter().find(|&&value| value >= self.values) {
            return Err(Error::Parameter(Parameter {
                name: "coordinate",
                given: value.to_string(),
                expected: "a value below the noise's number of values K",
            }));
        }
        let coordinates = u32::try_from(input.len()).unwrap_or(u32::MAX);
        let keep = Interval::from(self.change).complement();
        Ok(Threat::new(self.name(input), UniformThreat::new(self.values, keep, coordinates)?))
    }

    /// Parameters and input, as a fingerprint.
    fn name(self, input: &[u32]) -> NoiseFingerprint {
        let parameters = [self.values, self.change.numerator()];
        NoiseFingerprint::new("uniform", parameters.iter().chain(input).map(|&number| number.into()))
    }

    /// A noisy copy of one value. Values outside `0..K` are handled without a panic; no threat can be made from them.
    fn noisy<R: Rng + ?Sized>(self, value: u32, rng: &mut R) -> u32 {
        if bernoulli::event(self.change, rng) {
            let other = below(self.values - 1, rng);
            other + u32::from(other >= value)
        } else {
            value
        }
    }
}

/// A uniform number below `bound ≥ 1`, by rejection: no value is favored.
fn below<R: Rng + ?Sized>(bound: u32, rng: &mut R) -> u32 {
    // The largest multiple of `bound` that fits 32 bits; numbers above it are drawn again.
    let accepted = u32::MAX - (u32::MAX % bound + 1) % bound;
    loop {
        let number = rng.next_u32();
        if number <= accepted {
            return number % bound;
        }
    }
}

impl Noise for UniformNoise {
    type Input = [u32];
    type Sample = Vec<u32>;

    fn sample(&self, input: &[u32], rng: &mut dyn Rng) -> Vec<u32> {
        input.iter().map(|&value| self.noisy(value, rng)).collect()
    }

    fn fingerprint(&self, input: &[u32]) -> Option<NoiseFingerprint> {
        Some(self.name(input))
    }
}

/// The plain form of [`UniformNoise`], for reading.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct UniformNoiseParts {
    values: u32,
    change: Rate,
}

#[cfg(feature = "serde")]
impl TryFrom<UniformNoiseParts> for UniformNoise {
    type Error = Error;
    fn try_from(parts: UniformNoiseParts) -> Result<Self, Error> {
        Self::new(parts.values, parts.change)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Phase, Purpose, generator};

    #[test]
    fn others_are_equally_likely() {
        let noise = UniformNoise::new(5, Rate::new(0.4).unwrap()).unwrap();
        let noisy = noise.sample(&vec![2; 200_000], &mut generator(5, Phase::Training, 0, 0, Purpose::Noise));
        let mut counts = [0.0_f64; 5];
        for value in noisy {
            counts[value as usize] += 1.0;
        }
        for (value, count) in counts.into_iter().enumerate() {
            let p: f64 = if value == 2 { 0.6 } else { 0.1 };
            assert!((count - 2e5 * p).abs() < 5.0 * (2e5 * p * (1.0 - p)).sqrt(), "{value}: {count}");
        }
    }

    #[test]
    fn rejection_favours_no_residue() {
        // A bound just above 2³¹ would be badly skewed without rejection.
        let bound = (1 << 31) + 1;
        let mut rng = generator(6, Phase::Training, 0, 0, Purpose::Noise);
        let low = (0..20_000).filter(|_| below(bound, &mut rng) < bound / 2).count();
        assert!((low as f64 - 10_000.0).abs() < 5.0 * 71.0, "{low}");
        assert_eq!(below(1, &mut rng), 0);
    }

    #[test]
    fn refuses_degenerate_parameters() {
        assert!(UniformNoise::new(1, Rate::new(0.5).unwrap()).is_err());
        assert!(UniformNoise::new(2, Rate::NEVER).is_err());
        let noise = UniformNoise::new(3, Rate::new(0.5).unwrap()).unwrap();
        assert!(noise.threat(&[0, 3]).is_err());
        assert!(noise.threat(&[0, 2]).is_ok());
    }
}
