//! [`Weighting`]: the probability of each candidate of a word, as integers.
//!
//! The integers *are* the law: noises and certificates use the same ones, so no certificate depends on the accuracy of the
//! probabilities behind them. An error there (at most 10⁻⁶ for CROWD's law) makes the law differ from CROWD's by that much; the
//! certificate stays sound.

mod beta;
mod distribution;
mod selection;

use crate::SynonymsError;
use selection::{LEAST_SIMILARITY, select};

/// The sum of the weights of the candidates of a word: a weight w is the probability w·2⁻³².
pub const WEIGHT_TOTAL: u64 = 1 << 32;

/// The families of laws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Family {
    /// All candidates are equally likely (SAFER, Ye et al., ACL 2020, arXiv:2005.14424).
    Uniform,
    /// The released code of CROWD: the candidate with the largest product of a beta draw and its similarity to the word.
    Crowd,
    /// The same with the similarity to the medoid of the component: all words of a component share one law. Requires
    /// [`Grouping::Closed`](crate::Grouping::Closed).
    CrowdComponent,
}

impl Family {
    /// All families.
    pub const ALL: [Self; 3] = [Self::Uniform, Self::Crowd, Self::CrowdComponent];

    pub(crate) fn code(self) -> u64 {
        match self {
            Self::Uniform => 0,
            Self::Crowd => 1,
            Self::CrowdComponent => 2,
        }
    }

    pub(crate) fn from_code(code: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.code() == code)
    }
}

impl std::fmt::Display for Family {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Uniform => "uniform",
            Self::Crowd => "crowd",
            Self::CrowdComponent => "crowd-component",
        })
    }
}

/// A family and a temperature T: weights in proportion to π(v)^{1/T}, where π is the law of the family.
///
/// T = 1 is the family itself, a larger T is closer to the uniform law over the candidates with π(v) > 0, and T below 1
/// sharpens. (Raising the similarities to 1/T would not lead to the uniform law, since the beta distribution is fitted to them.)
///
/// ```
/// use steadfast_synonyms::{Family, WEIGHT_TOTAL, Weighting};
///
/// let weights = Weighting::new(Family::Crowd, 4.0)?.weights(&[1.0, 0.9, 0.6])?;
/// assert_eq!(weights.iter().sum::<u64>(), WEIGHT_TOTAL);
/// assert!(weights.is_sorted_by(|a, b| a > b));
/// # Ok::<(), steadfast_synonyms::SynonymsError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weighting {
    family: Family,
    temperature: f64,
}

impl Weighting {
    /// The family at a temperature.
    ///
    /// # Errors
    /// [`SynonymsError::Parameter`] unless 0.01 ≤ `temperature` ≤ 1000.
    pub fn new(family: Family, temperature: f64) -> Result<Self, SynonymsError> {
        if !(0.01..=1000.0).contains(&temperature) {
            return Err(SynonymsError::parameter(
                "temperature",
                temperature,
                "a number from 0.01 to 1000; 1 is the law itself",
            ));
        }
        Ok(Self { family, temperature })
    }

    /// The family.
    #[must_use]
    pub fn family(self) -> Family {
        self.family
    }

    /// The temperature.
    #[must_use]
    pub fn temperature(self) -> f64 {
        self.temperature
    }

    /// Integer weights of candidates with these similarities, which sum to [`WEIGHT_TOTAL`].
    ///
    /// They are the law that is sampled and certified. For CROWD's families they differ from the law of its code by at most 10⁻⁶
    /// per candidate (an estimate), on which no certificate depends.
    ///
    /// # Errors
    /// [`SynonymsError::Parameter`] for an empty list, and, unless the family is uniform, for similarities above 1, a list without one
    /// of at least 0.01, or a law that cannot be computed to 10⁻⁶.
    pub fn weights(self, similarities: &[f64]) -> Result<Vec<u64>, SynonymsError> {
        let mut probabilities = match self.family {
            Family::Uniform => vec![1.0; similarities.len()],
            Family::Crowd | Family::CrowdComponent => select(similarities)?,
        };
        if self.temperature != 1.0 {
            for (probability, similarity) in probabilities.iter_mut().zip(similarities) {
                if self.family == Family::Uniform || *similarity >= LEAST_SIMILARITY {
                    *probability = libm::pow(*probability, 1.0 / self.temperature);
                }
            }
        }
        apportion(&probabilities)
    }
}

impl From<Family> for Weighting {
    fn from(family: Family) -> Self {
        Self { family, temperature: 1.0 }
    }
}

/// Integer weights in proportion to `shares` that sum to [`WEIGHT_TOTAL`]: largest remainders, ties to the first.
///
/// Each weight differs from its exact share by less than 1. A share of 0 stays 0.
pub(crate) fn apportion(shares: &[f64]) -> Result<Vec<u64>, SynonymsError> {
    let total: f64 = shares.iter().sum();
    let valid =
        shares.iter().all(|share| share.is_finite() && *share >= 0.0) && total > 0.0 && total.is_finite();
    if !valid {
        let expected = "finite numbers of at least 0 that are not all 0";
        return Err(SynonymsError::parameter("shares", format!("{shares:?}"), expected));
    }
    let exact: Vec<f64> = shares.iter().map(|share| share / total * WEIGHT_TOTAL as f64).collect();
    let mut weights: Vec<u64> = exact.iter().map(|exact| exact.floor() as u64).collect();
    let mut order: Vec<usize> =
        (0..exact.len()).filter(|index| shares.get(*index).is_some_and(|share| *share > 0.0)).collect();
    let remainder = |index: &usize| exact.get(*index).map_or(0.0, |exact| exact.fract());
    order.sort_by(|a, b| remainder(b).total_cmp(&remainder(a)).then(a.cmp(b)));
    // Rounding changes the sum of the quotients by far less than 1, so the sum is off by at most one unit per share.
    let given: u64 = weights.iter().sum();
    for &index in order.iter().cycle().take(WEIGHT_TOTAL.saturating_sub(given) as usize) {
        if let Some(weight) = weights.get_mut(index) {
            *weight += 1;
        }
    }
    for &index in order.iter().rev().take(given.saturating_sub(WEIGHT_TOTAL) as usize) {
        if let Some(weight) = weights.get_mut(index) {
            *weight = weight.saturating_sub(1);
        }
    }
    Ok(weights)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ties_go_to_the_first() {
        assert_eq!(apportion(&[1.0, 1.0, 1.0]).unwrap(), [1_431_655_766, 1_431_655_765, 1_431_655_765]);
        assert_eq!(apportion(&[0.0, 2.0]).unwrap(), [0, WEIGHT_TOTAL]);
        for bad in [&[][..], &[0.0], &[-1.0, 2.0], &[f64::NAN], &[f64::INFINITY]] {
            assert!(matches!(apportion(bad), Err(SynonymsError::Parameter(_))), "{bad:?}");
        }
    }

    #[test]
    fn temperature_interpolates_to_the_uniform_law() {
        let list = [1.0, 0.9, 0.6];
        let kept =
            |temperature| Weighting::new(Family::Crowd, temperature).unwrap().weights(&list).unwrap()[0];
        assert_eq!(kept(1.0), Weighting::from(Family::Crowd).weights(&list).unwrap()[0]);
        assert!(kept(0.5) > kept(1.0) && kept(1.0) > kept(2.0) && kept(2.0) > kept(10.0));
        let uniform = Weighting::from(Family::Uniform).weights(&list).unwrap();
        let hot = Weighting::new(Family::Crowd, 1000.0).unwrap().weights(&list).unwrap();
        assert!(
            hot.iter().zip(&uniform).all(|(hot, uniform)| hot.abs_diff(*uniform) < WEIGHT_TOTAL / 50),
            "{hot:?}"
        );
        // A candidate of probability 0 stays at 0 at any temperature.
        assert_eq!(Weighting::new(Family::Crowd, 1000.0).unwrap().weights(&[1.0, 0.5, -0.1]).unwrap()[2], 0);
        for bad in [0.0, -1.0, 1e4, f64::NAN] {
            assert!(matches!(Weighting::new(Family::Crowd, bad), Err(SynonymsError::Parameter(_))));
        }
    }

    #[test]
    fn the_uniform_family_ignores_similarities() {
        assert_eq!(Weighting::from(Family::Uniform).weights(&[1.0, -0.5]).unwrap(), [1 << 31, 1 << 31]);
        assert!(Weighting::from(Family::Uniform).weights(&[]).is_err());
    }

    proptest! {
        #[test]
        fn weights_sum_to_the_total_and_approximate_their_shares(shares in prop::collection::vec(0f64..1.0, 1..200)) {
            prop_assume!(shares.iter().any(|share| *share > 0.0));
            let total: f64 = shares.iter().sum();
            let weights = apportion(&shares).unwrap();
            prop_assert_eq!(weights.iter().sum::<u64>(), WEIGHT_TOTAL);
            for (weight, share) in weights.iter().zip(&shares) {
                prop_assert!((*weight as f64 - share / total * WEIGHT_TOTAL as f64).abs() <= 1.0 + 1e-5);
            }
        }
    }
}
