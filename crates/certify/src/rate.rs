//! [`Rate`]: a probability that a sampler can draw exactly.

use crate::{Error, error::Parameter};
use std::{fmt, str::FromStr};

/// A probability `k · 2⁻³²`, the free parameter of every sampler.
///
/// One comparison of 32 uniform random bits with `k` draws it exactly, so the noise that is sampled and the noise that a
/// certificate assumes are the same law, to the last bit.
///
/// ```
/// use steadfast_certify::Rate;
///
/// let flip = Rate::new(0.1)?;
/// assert!((flip.value() - 0.1).abs() < 2f64.powi(-33));
/// assert_eq!(Rate::from_numerator(1 << 31).value(), 0.5);
/// # Ok::<(), steadfast_certify::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct Rate(u32);

impl Rate {
    /// The event that never happens.
    pub const NEVER: Self = Self(0);
    const SCALE: f64 = 4_294_967_296.0;

    /// The representable rate nearest to `probability`.
    ///
    /// # Errors
    /// [`Error::Parameter`] unless `0 < probability < 1`, and where the nearest multiple of 2⁻³² would be 0 or 1.
    pub fn new(probability: f64) -> Result<Self, Error> {
        let numerator = (probability * Self::SCALE).round();
        // Written so that NaN is refused.
        if !(1.0..Self::SCALE).contains(&numerator) {
            return Err(Error::Parameter(Parameter {
                name: "rate",
                given: probability.to_string(),
                expected: "a probability strictly between 0 and 1, at least 2⁻³² away from both",
            }));
        }
        Ok(Self(numerator as u32))
    }

    /// The rate `numerator · 2⁻³²`.
    #[must_use]
    pub const fn from_numerator(numerator: u32) -> Self {
        Self(numerator)
    }

    /// `k`, where the rate is `k · 2⁻³²`.
    #[must_use]
    pub const fn numerator(self) -> u32 {
        self.0
    }

    /// The rate as a double; exact.
    #[must_use]
    pub fn value(self) -> f64 {
        f64::from(self.0) / Self::SCALE
    }

    /// One minus the rate as a double; exact.
    #[must_use]
    pub fn complement(self) -> f64 {
        1.0 - self.value()
    }
}

impl fmt::Debug for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rate({}·2⁻³² ≈ {})", self.0, self.value())
    }
}

/// The shortest decimal that [`Rate::new`] takes for this rate: neighboring rates print differently.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Ten places suffice, since rates are 2.3e-10 apart.
        let mut digits = (0..=10).map(|places| format!("{:.places$}", self.value()));
        let same = |text: &String| text.parse::<Self>().is_ok_and(|rate| rate == *self);
        f.write_str(&digits.find(same).unwrap_or_else(|| self.value().to_string()))
    }
}

/// As [`Rate::new`].
impl TryFrom<f64> for Rate {
    type Error = Error;
    fn try_from(probability: f64) -> Result<Self, Error> {
        Self::new(probability)
    }
}

/// A decimal between 0 and 1; `0` is [`Rate::NEVER`].
impl FromStr for Rate {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        let refused = || {
            Error::Parameter(Parameter {
                name: "rate",
                given: format!("{text:?}"),
                expected: "a decimal from 0 to below 1, such as 0.9",
            })
        };
        let value: f64 = text.trim().parse().map_err(|_| refused())?;
        // What is too small for a double is no zero.
        let zero = !text.bytes().any(|byte| (b'1'..=b'9').contains(&byte));
        if zero && value == 0.0 { Ok(Self::NEVER) } else { Self::new(value) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_no_rate() {
        for bad in [0.0, 1.0, -0.1, 1.5, f64::NAN, f64::INFINITY, 1e-11, 1.0 - 1e-11] {
            assert!(Rate::new(bad).is_err(), "{bad}");
            assert!(Rate::try_from(bad).is_err(), "{bad}");
        }
        for bad in ["", "1", "one", "1e-400", "1.0", "-0.5", "NaN", "0.5 0.5"] {
            assert!(bad.parse::<Rate>().is_err(), "{bad}");
        }
    }

    #[test]
    fn rounds_to_the_nearest_multiple() {
        assert_eq!(Rate::new(0.5).unwrap().numerator(), 1 << 31);
        assert_eq!(Rate::new(2f64.powi(-32)).unwrap().numerator(), 1);
        assert_eq!(Rate::new(0.9).unwrap().numerator(), 3_865_470_566);
    }

    #[test]
    fn what_is_printed_is_read_back() {
        for (rate, text) in
            [(Rate::new(0.1).unwrap(), "0.1"), (Rate::NEVER, "0"), (Rate::new(0.98).unwrap(), "0.98")]
        {
            assert_eq!(rate.to_string(), text);
        }
        let step = 2_654_435_761_u32;
        let some = (0..5_000_u32).map(|index| index.wrapping_mul(step));
        for numerator in some.chain(0..100).chain(u32::MAX - 100..=u32::MAX) {
            let rate = Rate::from_numerator(numerator);
            assert_eq!(rate.to_string().parse::<Rate>().unwrap(), rate, "{numerator}");
        }
    }
}
