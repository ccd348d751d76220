//! [`RoundingTolerant`]: a classifier whose near-ties count for no class.
//!
//! A certificate is about one function. A network that is computed in single precision is nearly one: the batch, the number of
//! threads, another processor move its logits by rounding, and where two classes are close the answer may turn. If no logit
//! moves by more than `ε`, only answers whose two best logits are within `2ε` can turn. They are set apart here, and counted
//! against whichever class is certified. What is certified then holds for every function within `ε` of the one that was asked.

use crate::{
    BoxError, ClassId, Classifier, Error, Fingerprint, Probabilities, ScoringClassifier, error::Parameter,
};
use std::fmt;

/// How far rounding may move a logit: `ε`, positive and at most [`Self::LARGEST`].
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "f64", into = "f64"))]
pub struct Tolerance(f64);

/// A tolerance is never NaN.
impl Eq for Tolerance {}

impl Tolerance {
    /// Single precision tells logits up to 87 apart, less the logarithm of the number of classes: beyond, a probability
    /// underflows and its logit may be anything. `2ε` stays below that for up to 2³² classes.
    pub const LARGEST: f64 = 32.0;

    /// The tolerance `epsilon`, in units of a logit (natural logarithms).
    ///
    /// # Errors
    /// [`Error::Parameter`] unless `0 < epsilon ≤ 32`.
    pub fn new(epsilon: f64) -> Result<Self, Error> {
        // Written so that NaN is refused.
        if epsilon > 0.0 && epsilon <= Self::LARGEST {
            return Ok(Self(epsilon));
        }
        Err(Error::Parameter(Parameter {
            name: "rounding tolerance",
            given: epsilon.to_string(),
            expected: "a positive number of at most 32, since probabilities in single precision tell no larger distances of \
                       logits apart",
        }))
    }

    /// `ε`.
    #[must_use]
    pub const fn epsilon(self) -> f64 {
        self.0
    }
}

impl fmt::Display for Tolerance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 1e-3 { write!(f, "{:e}", self.0) } else { write!(f, "{}", self.0) }
    }
}

impl TryFrom<f64> for Tolerance {
    type Error = Error;
    fn try_from(epsilon: f64) -> Result<Self, Error> {
        Self::new(epsilon)
    }
}

impl From<Tolerance> for f64 {
    fn from(tolerance: Tolerance) -> Self {
        tolerance.0
    }
}

/// Sets near-ties apart: answers that a change of all logits by up to `ε` could turn. They are answered with the number of
/// classes, as [`Classifier::rounding_tolerance`] says, and [`Certifier`](crate::Certifier) counts them against the class that
/// is certified.
///
/// [`SmoothedClassifier::rounding_tolerance`](crate::SmoothedClassifier::rounding_tolerance) wraps a classifier so. The
/// distance of two logits is the logarithm of the quotient of their probabilities, so any classifier that knows its
/// probabilities can be wrapped.
///
/// ```
/// use steadfast_certify::{Classifier, RoundingTolerant, Tolerance, scoring_from_fn};
///
/// let coin = scoring_from_fn(2, |&p: &f32| vec![1.0 - p, p]);
/// let tolerant = RoundingTolerant::new(coin, Tolerance::new(0.1)?);
/// assert_eq!(tolerant.classify(&[0.2, 0.49, 0.7]).unwrap(), [0, 2, 1]);
/// assert_eq!(tolerant.class_count(), 2);
/// # Ok::<(), steadfast_certify::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct RoundingTolerant<C> {
    classifier: C,
    tolerance: Tolerance,
}

impl<C> RoundingTolerant<C> {
    /// Distrusts answers that logits moved by up to `tolerance` could turn.
    #[must_use]
    pub const fn new(classifier: C, tolerance: Tolerance) -> Self {
        Self { classifier, tolerance }
    }

    fn decide(&self, row: &[f32], near_tie: ClassId) -> ClassId {
        let (mut best, mut second) = ((0, f32::NEG_INFINITY), f32::NEG_INFINITY);
        for (class, &probability) in row.iter().enumerate() {
            if probability > best.1 {
                second = best.1;
                best = (class, probability);
            } else {
                second = second.max(probability);
            }
        }
        // A single class has no rival. A probability of zero has underflowed, which the largest tolerance allows for.
        let distance = f64::from(best.1).ln() - f64::from(second.max(0.0)).ln();
        // What single precision does to a difference of logits, its exponential and their sum.
        let rounding = f64::from(f32::EPSILON) * (distance + 8.0);
        let decided = distance - rounding > 2.0 * self.tolerance.epsilon() || distance == f64::INFINITY;
        if decided { best.0 } else { near_tie }
    }
}

impl<X, C: ScoringClassifier<X>> Classifier<X> for RoundingTolerant<C> {
    fn class_count(&self) -> usize {
        self.classifier.class_count()
    }

    fn classify(&self, batch: &[X]) -> Result<Vec<ClassId>, BoxError> {
        let near_tie = self.class_count();
        Ok(self.classifier.probabilities(batch)?.rows().map(|row| self.decide(row, near_tie)).collect())
    }

    fn classifier_id(&self) -> Fingerprint {
        Fingerprint::new(
            "rounding tolerant",
            [self.classifier.classifier_id().value(), self.tolerance.epsilon().to_bits()],
        )
    }

    fn rounding_tolerance(&self) -> Option<Tolerance> {
        Some(self.tolerance)
    }
}

impl<X, C: ScoringClassifier<X>> ScoringClassifier<X> for RoundingTolerant<C> {
    fn probabilities(&self, batch: &[X]) -> Result<Probabilities, BoxError> {
        self.classifier.probabilities(batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        BitFlips, Bits, Certifier, Confidence, Interval, Noise, NoiseFingerprint, Phase, Plan, Rate,
        RunnerUp, Strata, VoteCounts, VoteHeader, Votes,
    };

    /// Votes of three classes and near-ties.
    fn counts(noise: Option<NoiseFingerprint>, selection: [u64; 4], estimation: [u64; 4]) -> VoteCounts {
        let votes = |phase, [a, b, c, ties]: [u64; 4]| {
            let header = VoteHeader::new(noise, Fingerprint::new("run", []), phase, 0..a + b + c + ties)
                .tolerating(Some(Tolerance::new(0.1).unwrap()));
            Votes::with_near_ties(header, vec![a, b, c], ties).unwrap()
        };
        let plan = Plan::fixed(selection.iter().sum(), estimation.iter().sum()).unwrap();
        let chosen = Some(votes(Phase::Selection, selection));
        VoteCounts::new(plan, chosen, votes(Phase::Estimation, estimation)).unwrap()
    }

    /// Rivals with enumerated mass of their own: the one with fewer votes may gain more by the near-ties.
    #[test]
    fn every_rival_is_bounded_with_all_near_ties() {
        let noise = |name| Some(NoiseFingerprint::new(name, []));
        let mass = |text| Interval::enclosing(text).unwrap();
        let tolerance = Some(Tolerance::new(0.1).unwrap());
        let outcomes = [(0, mass("0.30")), (1, mass("0.28"))];
        let strata = Strata::new(noise("whole"), noise("rest"), 3, tolerance, outcomes).unwrap();
        let votes = counts(noise("rest"), [9, 1, 0, 0], [4_000, 1_900, 2_000, 2_100]);
        let certifier = Certifier::new(Confidence::alpha(0.001).unwrap()).runner_up(RunnerUp::PerClass);
        let bounds = strata.bounds(&certifier, Some(&votes)).unwrap();
        assert!(bounds.runner_up().p() >= 0.28 + 0.42 * 0.40, "{bounds:?}");
        assert_eq!((bounds.class(), bounds.tolerance()), (0, tolerance));
    }

    #[test]
    fn each_rival_bounded_with_all_near_ties_gives_the_same_largest_bound() {
        let noise = BitFlips::symmetric(Rate::new(0.1).unwrap()).unwrap().fingerprint(&Bits::zeros(8));
        let certifier = Certifier::new(Confidence::alpha(0.01).unwrap()).runner_up(RunnerUp::PerClass);
        let whole = certifier.bounds(&counts(noise, [0, 9, 0, 1], [20, 900, 30, 50])).unwrap();
        for (rival, estimation) in [(0, [70, 900, 30, 0]), (2, [20, 900, 80, 0])] {
            let one = certifier.bounds(&counts(noise, [0, 10, 0, 0], estimation)).unwrap();
            assert!(one.runner_up().p() <= whole.runner_up().p(), "{rival}");
            assert_eq!((one.class(), one.top().p()), (1, whole.top().p()));
        }
    }

    #[test]
    fn votes_that_chose_the_class_themselves_are_refused() {
        let header = VoteHeader::new(None, Fingerprint::new("run", []), Phase::Estimation, 0..10)
            .tolerating(Some(Tolerance::new(0.1).unwrap()));
        let votes = Votes::with_near_ties(header, vec![4, 3], 3).unwrap();
        let counts = VoteCounts::new(Plan::fixed(0, 10).unwrap(), None, votes).unwrap();
        assert!(matches!(Certifier::default().bounds(&counts), Err(Error::Parameter(_))));
    }

    /// Gives each input the logits of its bits, moved by at most `shift`.
    struct Shifted(f64);

    impl Classifier<Bits> for Shifted {
        fn class_count(&self) -> usize {
            2
        }
        fn classify(&self, batch: &[Bits]) -> Result<Vec<ClassId>, BoxError> {
            Ok(self.probabilities(batch)?.classes_of_inputs())
        }
    }

    impl ScoringClassifier<Bits> for Shifted {
        fn probabilities(&self, batch: &[Bits]) -> Result<Probabilities, BoxError> {
            let row = |bits: &Bits| {
                let logit = bits.count_ones() as f64 - 4.0 + self.0;
                let p = (1.0 / (1.0 + (-logit).exp())) as f32;
                [1.0 - p, p]
            };
            Ok(Probabilities::new(2, batch.iter().flat_map(row).collect())?)
        }
    }

    #[test]
    fn a_decision_that_stands_stands_for_every_classifier_within_the_tolerance() {
        let inputs: Vec<Bits> = (0..256_u32).map(|x| (0..8).map(|bit| x >> bit & 1 == 1).collect()).collect();
        let tolerant =
            RoundingTolerant::new(Shifted(0.0), Tolerance::new(0.3).unwrap()).classify(&inputs).unwrap();
        // Exactly the ties are near-ties.
        assert_eq!(tolerant.iter().filter(|&&class| class == 2).count(), 70);
        for shift in [-0.3, -0.1, 0.2, 0.3] {
            let other = Shifted(shift).classify(&inputs).unwrap();
            for (tolerant, other) in tolerant.iter().zip(other) {
                assert!(*tolerant == 2 || *tolerant == other);
            }
        }
    }

    /// A probability that underflowed says only that its logit is far away: at most as far as the largest tolerance allows.
    #[test]
    fn tolerances_that_single_precision_cannot_judge_are_refused() {
        for bad in [0.0, -1.0, 32.1, 60.0, f64::NAN, f64::INFINITY] {
            assert!(Tolerance::new(bad).is_err(), "{bad}");
        }
        let far = |apart: f64| {
            crate::scoring_from_fn(2, move |(): &()| {
                let p = (1.0 / (1.0 + (-apart).exp())) as f32;
                vec![p, (1.0 / (1.0 + apart.exp())) as f32]
            })
        };
        let largest = Tolerance::new(Tolerance::LARGEST).unwrap();
        for (apart, answer) in [(105.0, 0), (90.0, 0), (64.1, 0), (63.9, 2), (10.0, 2)] {
            assert_eq!(
                RoundingTolerant::new(far(apart), largest).classify(&[()]).unwrap(),
                [answer],
                "{apart}"
            );
        }
    }
}
