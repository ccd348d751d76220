//! [`Strata`]: exact knowledge of the likeliest noisy inputs, joined with samples of the rest.
//!
//! On short texts a noise that deletes or masks most words has few likely outcomes. They are enumerated and classified once
//! each, with their exact mass; only the rest, of mass `W`, is sampled, from its conditional law. For a class with exact mass
//! `e` and a share of at least `q` of the rest,
//!
//! ```text
//! p ≥ e + W q.
//! ```
//!
//! With `W = 0` there is no sampling error at all. Which inputs are enumerated may depend on the clean input, on exact answers
//! and on the votes that chose the class, but never on the votes that bound its probability.

use crate::{
    Certifier, ClassBounds, ClassId, Confidence, Error, Interval, Lower, NoiseFingerprint, Upper, VoteCounts,
    certifier::Shares,
    error::{NoiseName, Parameter},
    round::Enclosure,
};

/// The probability mass of enumerated noisy inputs, by the class that the base classifier answers.
///
/// ```
/// use steadfast_certify::{Certifier, Confidence, Interval, NoiseFingerprint, Strata};
///
/// let (law, rest) = (NoiseFingerprint::new("noise", []), NoiseFingerprint::new("noise, not enumerated", []));
/// let mut strata = Strata::new(2, Some(law), Some(rest))?;
/// strata.record(1, Interval::enclosing("0.75")?)?;
/// strata.record(0, Interval::enclosing("0.05")?)?;
/// // Nothing was sampled: the remaining 0.2 may be anybody's.
/// let bounds = strata.bounds(&Certifier::new(Confidence::alpha(0.001)?), None)?;
/// assert_eq!(bounds.class(), 1);
/// assert!((bounds.top().p() - 0.75).abs() < 1e-12 && (bounds.runner_up().p() - 0.25).abs() < 1e-12);
/// # Ok::<(), steadfast_certify::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Strata {
    law: Option<NoiseFingerprint>,
    rest_law: Option<NoiseFingerprint>,
    masses: Vec<Enclosure>,
}

impl Strata {
    /// No outcomes yet, of the noise of `law`, on a classifier with so many classes; what will not be enumerated has the
    /// conditional law `rest_law`.
    ///
    /// # Errors
    /// [`Error::Parameter`] for no classes.
    pub fn new(
        classes: usize,
        law: Option<NoiseFingerprint>,
        rest_law: Option<NoiseFingerprint>,
    ) -> Result<Self, Error> {
        if classes == 0 {
            return Err(Error::Parameter(Parameter {
                name: "number of classes",
                given: "0".to_owned(),
                expected: "at least 1",
            }));
        }
        Ok(Self { law, rest_law, masses: vec![Enclosure::ZERO; classes] })
    }

    /// Adds an outcome of this probability for which the base classifier answers `class`.
    ///
    /// # Errors
    /// [`Error::Parameter`] if there is no such class, if the masses would surely exceed one, or if the rest is declared to have
    /// the law of the whole noise, so that what is enumerated would be counted twice.
    pub fn record(&mut self, class: ClassId, mass: Interval) -> Result<(), Error> {
        if self.law.is_some() && self.law == self.rest_law {
            return Err(Error::Parameter(Parameter {
                name: "law of the rest",
                given: "that of the whole noise".to_owned(),
                expected: "the conditional law of what is not enumerated",
            }));
        }
        let total = self.enumerated() + mass.enclosure();
        let classes = self.masses.len();
        match self.masses.get_mut(class) {
            Some(sum) if total.lower <= 1.0 => {
                *sum = *sum + mass.enclosure();
                Ok(())
            }
            _ => Err(Error::Parameter(Parameter {
                name: "outcome",
                given: format!("class {class} of {classes} with mass {}", mass.lower().p()),
                expected: "an existing class, and masses that sum to at most 1",
            })),
        }
    }

    /// The probability `W` of what was not enumerated.
    #[must_use]
    pub fn rest(&self) -> Interval {
        Interval::from_enclosure(self.enumerated()).complement()
    }

    fn enumerated(&self) -> Enclosure {
        self.masses.iter().fold(Enclosure::ZERO, |sum, &mass| sum + mass)
    }

    /// Bounds on the chosen class and its competitors. `sampled` are votes on the rest; without them the rest counts for
    /// every competitor.
    ///
    /// The class is the one whose exact mass and share of the selection votes are largest together.
    ///
    /// # Guarantee
    /// As [`Certifier::bounds`]; exact if nothing was sampled.
    ///
    /// # Errors
    /// [`Error::NoiseMismatch`] if the votes are not about the rest, [`Error::Mismatch`] for another number of classes, and as
    /// [`Certifier::bounds`].
    pub fn bounds(&self, certifier: &Certifier, sampled: Option<&VoteCounts>) -> Result<ClassBounds, Error> {
        let Some(tally) = sampled else {
            let class = self.leader(&[]);
            let shares = Shares { class, top: Lower::ZERO, others: vec![Upper::ONE; self.masses.len()] };
            let (top, runner_up) = self.join(&shares);
            return Ok(ClassBounds::exact(class, top, runner_up, self.law));
        };
        self.check(tally)?;
        let class = self.class(tally);
        let counts = tally.estimation().counts();
        let shares = certifier.shares(tally.plan(), tally.selection().is_some(), class, counts)?;
        let (top, runner_up) = self.join(&shares);
        Ok(ClassBounds::sampled(class, top, runner_up, certifier.confidence(), self.law))
    }

    /// As [`Certifier::projected_bounds`], with the enumerated outcomes.
    ///
    /// # Errors
    /// As [`Self::bounds`].
    pub fn projected_bounds(
        &self,
        certifier: &Certifier,
        tally: &VoteCounts,
        futility_level: Confidence,
    ) -> Result<ClassBounds, Error> {
        self.check(tally)?;
        let shares = certifier.projected(tally, self.class(tally), futility_level)?;
        let (top, runner_up) = self.join(&shares);
        Ok(ClassBounds::sampled(shares.class, top, runner_up, certifier.confidence(), None))
    }

    fn check(&self, tally: &VoteCounts) -> Result<(), Error> {
        let votes = tally.estimation();
        let law = votes.header().noise();
        if law.is_none() || law != self.rest_law {
            return Err(Error::NoiseMismatch { votes: NoiseName(law), threat: NoiseName(self.rest_law) });
        }
        if votes.counts().len() != self.masses.len() {
            return Err(Error::Mismatch {
                what: "number of classes",
                left: votes.counts().len().to_string(),
                right: self.masses.len().to_string(),
            });
        }
        Ok(())
    }

    /// The class that a certificate would be about.
    fn class(&self, tally: &VoteCounts) -> ClassId {
        self.leader(tally.selection().unwrap_or(tally.estimation()).counts())
    }

    fn leader(&self, counts: &[u64]) -> ClassId {
        let total = counts.iter().sum::<u64>().max(1) as f64;
        let rest = self.rest().lower().p();
        let estimate = |class: usize, mass: &Enclosure| {
            mass.lower + rest * counts.get(class).copied().unwrap_or(0) as f64 / total
        };
        let estimates: Vec<f64> =
            self.masses.iter().enumerate().map(|(class, mass)| estimate(class, mass)).collect();
        let most = estimates.iter().copied().fold(0.0, f64::max);
        estimates.iter().position(|&estimate| estimate >= most).unwrap_or(0)
    }

    /// Bounds on whole probabilities from bounds on shares of the rest.
    fn join(&self, shares: &Shares) -> (Lower, Upper) {
        let rest = self.rest();
        let part = |share: Lower| Enclosure { lower: share.p(), upper: share.p() } * rest.enclosure();
        let (mut own, mut all_others) = (Enclosure::ZERO, Enclosure::ZERO);
        let mut runner_up = Upper::ZERO;
        for (class, (&mass, share)) in self.masses.iter().zip(&shares.others).enumerate() {
            if class == shares.class {
                own = mass;
            } else {
                all_others = all_others + mass;
                let reached = mass + Enclosure::exact(share.p()) * rest.enclosure();
                runner_up = runner_up.and(Upper::from_p(reached.upper));
            }
        }
        let missed = Enclosure::exact(shares.top.rest()) * rest.enclosure();
        // What the class has, and what it lacks: either bounds it, each accurate where the other is not.
        let top =
            Lower::from_p((own + part(shares.top)).lower).or(Lower::from_rest((all_others + missed).upper));
        (top, runner_up)
    }
}
