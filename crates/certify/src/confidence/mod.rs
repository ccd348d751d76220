//! From counts to probabilities: bounds that hold with a stated confidence.
//!
//! - [`Confidence`]: the level, and how it is shared between bounds.
//! - [`clopper_pearson_lower`], [`clopper_pearson_upper`]: the exact one-sided binomial bounds.
//! - [`anytime_lower`], [`anytime_upper`]: bounds that stay valid whenever sampling stops.
//! - [`required_votes`], [`required_samples`]: what it takes to certify.
//! - [`holm_at_radius`]: which of many inputs are certified together at one radius.

mod binomial;
mod holm;
mod quantile;

pub use holm::holm_at_radius;

use crate::{Error, Lower, Upper, error::Parameter};
use std::fmt;

/// The confidence of a statement: it is wrong with probability at most `α`.
///
/// ```
/// use steadfast_certify::Confidence;
///
/// assert_eq!(Confidence::alpha(0.001)?, Confidence::level(0.999)?);
/// // The one taken for the other is refused.
/// assert!(Confidence::alpha(0.999).is_err() && Confidence::level(0.001).is_err());
/// // Five statements that hold together.
/// assert_eq!(Confidence::alpha(0.001)?.shared_by(5).to_string(), "0.0002");
/// # Ok::<(), steadfast_certify::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "f64", into = "f64"))]
pub struct Confidence {
    alpha: f64,
}

impl Confidence {
    /// The level at which a run is given up as hopeless, unless another is set: `α = 0.03`.
    pub(crate) const FUTILITY: Self = Self { alpha: 0.03 };

    /// Statements that are wrong with probability at most `alpha`, such as 0.001.
    ///
    /// # Errors
    /// [`Error::Parameter`] unless `0 < alpha ≤ 0.5`: what is right half of the time is no statement, and whoever writes 0.999
    /// means [`Self::level`].
    pub fn alpha(alpha: f64) -> Result<Self, Error> {
        // Written so that NaN is refused.
        if !(f64::MIN_POSITIVE..=0.5).contains(&alpha) {
            return Err(Error::Parameter(Parameter {
                name: "α",
                given: alpha.to_string(),
                expected: "an error probability above 0 and at most 0.5, such as 0.001 for a confidence of 99.9%; \
                           Confidence::level takes 0.999",
            }));
        }
        Ok(Self { alpha })
    }

    /// Statements that are right with probability at least `level = 1 − α`, such as 0.999.
    ///
    /// # Errors
    /// [`Error::Parameter`] unless `0.5 ≤ level < 1`.
    pub fn level(level: f64) -> Result<Self, Error> {
        if !(0.5..1.0).contains(&level) {
            return Err(Error::Parameter(Parameter {
                name: "confidence level",
                given: level.to_string(),
                expected: "a probability of at least 0.5 and below 1, such as 0.999; Confidence::alpha takes 0.001",
            }));
        }
        // The decimal complement, where there is a short one: 1 − 0.999 would be 0.0010000000000000009 in binary.
        let rest = 1.0 - level;
        let decimal = (rest * 1e12).round() / 1e12;
        Self::alpha(if 1.0 - decimal == level { decimal } else { rest.next_down() })
    }

    /// The error probability `α`.
    #[must_use]
    pub const fn error_probability(self) -> f64 {
        self.alpha
    }

    /// The confidence at which each of `count` statements must hold for all of them to hold together (Bonferroni).
    #[must_use]
    pub fn shared_by(self, count: u64) -> Self {
        let share = (self.alpha / count.max(1) as f64).next_down();
        if count <= 1 { self } else { Self { alpha: share.max(f64::MIN_POSITIVE) } }
    }
}

impl Default for Confidence {
    /// `α = 0.001`.
    fn default() -> Self {
        Self { alpha: 0.001 }
    }
}

/// The error probability `α` as people write it: at most six significant digits, rounded up.
impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nearest = format!("{:.5e}", self.alpha);
        let nearest = nearest.parse::<f64>().unwrap_or(self.alpha);
        // What the share of a Bonferroni correction lost by rounding down is no digit that anybody wants to read.
        let rounded = if nearest >= self.alpha {
            nearest
        } else {
            let unit = 10_f64.powi(self.alpha.log10().floor() as i32 - 5);
            format!("{:.5e}", self.alpha + unit).parse::<f64>().unwrap_or(self.alpha)
        };
        if rounded < 1e-6 { write!(f, "{rounded:e}") } else { write!(f, "{rounded}") }
    }
}

/// As [`Confidence::alpha`].
impl TryFrom<f64> for Confidence {
    type Error = Error;
    fn try_from(alpha: f64) -> Result<Self, Error> {
        Self::alpha(alpha)
    }
}

impl From<Confidence> for f64 {
    fn from(confidence: Confidence) -> Self {
        confidence.alpha
    }
}

/// The one-sided Clopper–Pearson lower bound on a probability, from `count` successes in `samples` trials (Clopper and
/// Pearson, Biometrika 26, 1934; Wang et al. 2020, Eq. 5).
///
/// # Guarantee
/// If the trials are independent, the probability is below the bound with probability at most `α`. The returned double is
/// never above the exact value `Beta⁻¹(α; count, samples − count + 1)`. For `α ≤ ½` and up to 10⁷ samples it is within 10⁻¹²
/// of it, relative to the smaller of `p` and `1 − p`.
///
/// # Errors
/// [`Error::Parameter`] if there are no samples or more successes than samples.
///
/// ```
/// use steadfast_certify::confidence::{Confidence, clopper_pearson_lower};
///
/// let bound = clopper_pearson_lower(10_000, 10_000, Confidence::alpha(0.001)?)?;
/// assert!((bound.p() - 0.999_309_463).abs() < 1e-9);
/// # Ok::<(), steadfast_certify::Error>(())
/// ```
pub fn clopper_pearson_lower(count: u64, samples: u64, confidence: Confidence) -> Result<Lower, Error> {
    check_counts(count, samples)?;
    Ok(quantile::clopper_pearson_lower(count, samples, confidence.alpha))
}

/// The one-sided Clopper–Pearson upper bound on a probability.
///
/// # Guarantee
/// As [`clopper_pearson_lower`], on the other side: never below the exact value `Beta⁻¹(1 − α; count + 1, samples − count)`.
///
/// # Errors
/// As [`clopper_pearson_lower`].
pub fn clopper_pearson_upper(count: u64, samples: u64, confidence: Confidence) -> Result<Upper, Error> {
    check_counts(count, samples)?;
    Ok(quantile::clopper_pearson_lower(samples - count, samples, confidence.alpha).complement())
}

/// Pseudo-votes that say, before any vote is seen, where the probability is expected: the prior Beta(`agree`, `differ`)
/// of the mixture martingale. Any prior is valid; a good one needs fewer samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Prior {
    agree: std::num::NonZeroU32,
    differ: std::num::NonZeroU32,
}

impl Prior {
    /// The prior Beta(`agree`, `differ`).
    ///
    /// # Errors
    /// [`Error::Parameter`] if either is zero.
    pub fn new(agree: u32, differ: u32) -> Result<Self, Error> {
        match (agree.try_into(), differ.try_into()) {
            (Ok(agree), Ok(differ)) => Ok(Self { agree, differ }),
            _ => Err(Error::Parameter(Parameter {
                name: "prior",
                given: format!("Beta({agree}, {differ})"),
                expected: "two positive pseudo-counts",
            })),
        }
    }

    const fn pseudo_votes(self) -> (u64, u64) {
        (self.agree.get() as u64, self.differ.get() as u64)
    }
}

impl Default for Prior {
    /// Beta(10, 1): most votes are expected to agree, as they must where anything is to be certified.
    fn default() -> Self {
        Self { agree: std::num::NonZeroU32::MIN.saturating_add(9), differ: std::num::NonZeroU32::MIN }
    }
}

/// A lower bound that may be read after every sample, and acted on: the confidence sequence of the Beta mixture martingale
/// (Robbins 1970; Waudby-Smith and Ramdas 2024).
///
/// # Guarantee
/// If the trials are independent, the probability is *ever* below the bound, at any number of samples, with probability
/// at most `α`.
///
/// # Errors
/// As [`clopper_pearson_lower`].
pub fn anytime_lower(count: u64, samples: u64, prior: Prior, confidence: Confidence) -> Result<Lower, Error> {
    check_counts(count, samples)?;
    Ok(quantile::mixture_lower(count, samples, prior.pseudo_votes(), confidence.alpha))
}

/// An upper bound that may be read after every sample: the mirror image of [`anytime_lower`], the prior being about the
/// complementary event.
///
/// # Errors
/// As [`clopper_pearson_lower`].
pub fn anytime_upper(count: u64, samples: u64, prior: Prior, confidence: Confidence) -> Result<Upper, Error> {
    check_counts(count, samples)?;
    Ok(anytime_lower(samples - count, samples, prior, confidence)?.complement())
}

/// The smallest number of successes in `samples` trials whose Clopper–Pearson lower bound strictly exceeds `threshold`;
/// `None` if even unanimous votes do not.
#[must_use]
pub fn required_votes(samples: u64, threshold: Upper, confidence: Confidence) -> Option<u64> {
    let enough = |count| quantile::clopper_pearson_lower(count, samples, confidence.alpha).exceeds(threshold);
    if samples > MAXIMUM_SAMPLES { None } else { smallest(samples, enough) }
}

/// The smallest number of samples at which unanimous votes bound the probability strictly above `threshold`; `None` if no
/// number does.
///
/// ```
/// use steadfast_certify::{Upper, confidence::{Confidence, required_samples}};
///
/// assert_eq!(required_samples(Upper::from_rest(0.000_685_871_056_241_427), Confidence::alpha(0.001)?), Some(10_069));
/// # Ok::<(), steadfast_certify::Error>(())
/// ```
#[must_use]
pub fn required_samples(threshold: Upper, confidence: Confidence) -> Option<u64> {
    let enough =
        |samples| quantile::clopper_pearson_lower(samples, samples, confidence.alpha).exceeds(threshold);
    smallest(MAXIMUM_SAMPLES, enough)
}

/// The smallest positive number up to `most` that is `enough`, where all greater ones are too.
pub(crate) fn smallest(most: u64, enough: impl Fn(u64) -> bool) -> Option<u64> {
    let (mut too_few, mut suffices) = (0, 1.min(most));
    while suffices == 0 || !enough(suffices) {
        if suffices == most {
            return None;
        }
        too_few = suffices;
        suffices = suffices.saturating_mul(2).min(most);
    }
    while suffices - too_few > 1 {
        let middle = too_few + (suffices - too_few) / 2;
        if enough(middle) {
            suffices = middle;
        } else {
            too_few = middle;
        }
    }
    Some(suffices)
}

/// Refuses a number of samples with which not even unanimous votes exceed `threshold`.
///
/// # Errors
/// [`Error::TooFewSamples`], which names the number that would do, and [`Error::Parameter`] for a threshold that no number
/// of samples can exceed.
pub fn check_feasible(samples: u64, threshold: Upper, confidence: Confidence) -> Result<(), Error> {
    if required_votes(samples, threshold, confidence).is_some() {
        return Ok(());
    }
    let needed = required_samples(threshold, confidence).ok_or_else(|| {
        Error::Parameter(Parameter {
            name: "threshold",
            given: threshold.p().to_string(),
            expected: "a probability below 1 that a number of samples can exceed",
        })
    })?;
    Err(Error::TooFewSamples {
        samples,
        alpha: confidence.alpha,
        unanimous: quantile::clopper_pearson_lower(samples, samples, confidence.alpha).p(),
        threshold: threshold.p(),
        needed,
    })
}

/// Counts up to here are exact doubles with room to spare.
const MAXIMUM_SAMPLES: u64 = 1 << 52;

fn check_counts(count: u64, samples: u64) -> Result<(), Error> {
    if samples == 0 {
        return Err(Error::Parameter(Parameter {
            name: "number of samples",
            given: "0".to_owned(),
            expected: "at least 1",
        }));
    }
    if count > samples || samples > MAXIMUM_SAMPLES {
        return Err(Error::Parameter(Parameter {
            name: "count",
            given: format!("{count} of {samples}"),
            expected: "no more successes than samples, and at most 2⁵² samples",
        }));
    }
    Ok(())
}
