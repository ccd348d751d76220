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
    Certifier, ClassBounds, ClassId, Confidence, Error, Interval, Lower, NoiseFingerprint, Tolerance, Upper,
    VoteCounts,
    certifier::Shares,
    error::{NoiseName, Parameter},
    round::Enclosure,
};

/// The probability mass of enumerated noisy inputs, by the class that the base classifier answers.
///
/// ```
/// use steadfast_certify::{Certifier, Confidence, Interval, NoiseFingerprint, Strata};
///
/// let [whole, rest] = ["noise", "noise, not enumerated"].map(|name| Some(NoiseFingerprint::new(name, [])));
/// let outcomes = [(1, Interval::enclosing("0.75")?), (0, Interval::enclosing("0.05")?)];
/// let strata = Strata::new(whole, rest, 2, None, outcomes)?;
/// // Nothing was sampled: the remaining 0.2 may be anybody's.
/// let bounds = strata.bounds(&Certifier::new(Confidence::alpha(0.001)?), None)?;
/// assert_eq!(bounds.class(), 1);
/// assert!((bounds.top().p() - 0.75).abs() < 1e-12 && (bounds.runner_up().p() - 0.25).abs() < 1e-12);
/// # Ok::<(), steadfast_certify::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Strata {
    noise: Option<NoiseFingerprint>,
    rest: Option<NoiseFingerprint>,
    tolerance: Option<Tolerance>,
    masses: Vec<Enclosure>,
    /// The mass of near-ties, which belong to no class.
    near_ties: Enclosure,
}

impl Strata {
    /// The enumerated outcomes of `noise`, each with the class that a classifier of `classes` classes answers and its
    /// probability; what is not among them has the conditional distribution `rest`. A classifier with a rounding `tolerance`
    /// answers near-ties with `classes`.
    ///
    /// All outcomes are given at once, since `rest` is the distribution of exactly the others: an outcome that was added later
    /// would be sampled a second time. That `rest` fits the outcomes is the caller's word; noises that enumerate give it
    /// themselves.
    ///
    /// # Errors
    /// [`Error::Parameter`] for no classes, an outcome of a class that does not exist, masses that surely exceed one, or a
    /// `rest` that is the whole noise, so that what is enumerated would be counted twice.
    pub fn new(
        noise: Option<NoiseFingerprint>,
        rest: Option<NoiseFingerprint>,
        classes: usize,
        tolerance: Option<Tolerance>,
        outcomes: impl IntoIterator<Item = (ClassId, Interval)>,
    ) -> Result<Self, Error> {
        let refused =
            |name, given: String, expected| Err(Error::Parameter(Parameter { name, given, expected }));
        if classes == 0 {
            return refused("number of classes", "0".to_owned(), "at least 1");
        }
        let mut strata = Self {
            noise,
            rest,
            tolerance,
            masses: vec![Enclosure::ZERO; classes],
            near_ties: Enclosure::ZERO,
        };
        for (outcomes_before, (class, mass)) in outcomes.into_iter().enumerate() {
            if outcomes_before == 0 && noise.is_some() && noise == rest {
                return refused(
                    "noise of the rest",
                    "the whole noise".to_owned(),
                    "the conditional noise of what is not enumerated",
                );
            }
            let total = strata.enumerated() + mass.enclosure();
            let sum = match strata.masses.get_mut(class) {
                None if class == classes && tolerance.is_some() => Some(&mut strata.near_ties),
                sum => sum,
            };
            match sum {
                Some(sum) if total.lower <= 1.0 => *sum = *sum + mass.enclosure(),
                _ => {
                    return refused(
                        "outcome",
                        format!("class {class} of {classes} with mass {}", mass.lower().p()),
                        "an existing class, and masses that sum to at most 1",
                    );
                }
            }
        }
        Ok(strata)
    }

    /// The probability `W` of what was not enumerated.
    #[must_use]
    pub fn rest(&self) -> Interval {
        Interval::from_enclosure(self.enumerated()).complement()
    }

    fn enumerated(&self) -> Enclosure {
        self.masses.iter().fold(self.near_ties, |sum, &mass| sum + mass)
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
        let Some(votes) = sampled else {
            let class = self.leader(&[]);
            let shares = Shares { class, top: Lower::ZERO, others: vec![Upper::ONE; self.masses.len()] };
            let (top, runner_up) = self.join(&shares);
            return Ok(ClassBounds::exact(class, top, runner_up, self.noise).tolerating(self.tolerance));
        };
        self.check(votes)?;
        let class = self.class(votes);
        let counts = (votes.estimation().counts(), votes.near_ties()?);
        let shares = certifier.shares(votes.plan(), votes.selection().is_some(), class, counts)?;
        let (top, runner_up) = self.join(&shares);
        Ok(ClassBounds::sampled(class, top, runner_up, certifier.confidence(), self.noise)
            .tolerating(self.tolerance))
    }

    /// As [`Certifier::projected_bounds`], with the enumerated outcomes.
    ///
    /// # Errors
    /// As [`Self::bounds`].
    pub fn projected_bounds(
        &self,
        certifier: &Certifier,
        votes: &VoteCounts,
        futility_level: Confidence,
    ) -> Result<ClassBounds, Error> {
        self.check(votes)?;
        let shares = certifier.projected(votes, self.class(votes), futility_level)?;
        let (top, runner_up) = self.join(&shares);
        Ok(ClassBounds::sampled(shares.class, top, runner_up, certifier.confidence(), None))
    }

    fn check(&self, votes: &VoteCounts) -> Result<(), Error> {
        let (header, classes) = (votes.estimation().header(), votes.estimation().counts().len());
        if header.noise().is_none() || header.noise() != self.rest {
            return Err(Error::NoiseMismatch {
                votes: NoiseName(header.noise()),
                threat: NoiseName(self.rest),
            });
        }
        let mismatch = |what, left: String, right: String| Err(Error::Mismatch { what, left, right });
        if classes != self.masses.len() {
            return mismatch("number of classes", classes.to_string(), self.masses.len().to_string());
        }
        if header.tolerance() != self.tolerance {
            let shown = |tolerance: Option<Tolerance>| format!("{:?}", tolerance.map(Tolerance::epsilon));
            return mismatch("rounding tolerance", shown(header.tolerance()), shown(self.tolerance));
        }
        Ok(())
    }

    /// The class that a certificate would be about.
    fn class(&self, votes: &VoteCounts) -> ClassId {
        self.leader(votes.selection().unwrap_or(votes.estimation()).counts())
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
        let (mut own, mut all_others) = (Enclosure::ZERO, self.near_ties);
        let mut runner_up = Upper::ZERO;
        for (class, (&mass, share)) in self.masses.iter().zip(&shares.others).enumerate() {
            if class == shares.class {
                own = mass;
            } else {
                all_others = all_others + mass;
                let reached = mass + self.near_ties + Enclosure::exact(share.p()) * rest.enclosure();
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
