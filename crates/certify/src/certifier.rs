//! [`Certifier`]: from a tally to class bounds to a certificate.

use crate::{
    Certificate, ClassBounds, Confidence, Error, Lower, Plan, Tally, Threat, Upper,
    confidence::{anytime_lower, anytime_upper, clopper_pearson_lower, clopper_pearson_upper},
    plan::BoundAt,
};

/// How competing classes are bounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Competitors {
    /// All others together: no other class can have more than what the top class's lower bound leaves. All of `α` goes
    /// into that one bound. Exact for two classes.
    #[default]
    Together,
    /// Each class on its own at an equal share of `α`. Better where many classes split the rest.
    Separately,
}

/// Turns votes into certificates at one confidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Certifier {
    confidence: Confidence,
    competitors: Competitors,
}

impl Certifier {
    /// Certificates that are false with probability at most `α` each.
    ///
    /// For certificates of many inputs that hold together, give [`Confidence::shared_by`] the number of inputs.
    #[must_use]
    pub fn new(confidence: Confidence) -> Self {
        Self { confidence, competitors: Competitors::default() }
    }

    /// The same, with competitors bounded in this way.
    #[must_use]
    pub const fn competitors(self, competitors: Competitors) -> Self {
        Self { competitors, ..self }
    }

    /// The level of each certificate.
    #[must_use]
    pub const fn confidence(&self) -> Confidence {
        self.confidence
    }

    /// Refuses a plan under which not even unanimous votes could certify one of `classes` classes.
    ///
    /// # Errors
    /// [`Error::TooFewSamples`], which names the number of samples that would do.
    pub fn check(&self, plan: &Plan, classes: usize) -> Result<(), Error> {
        plan.check(self.confidence.shared_by(self.bounds_in_use(classes as u64, plan.selection() > 0)))
    }

    /// How many bounds must hold together. Where the same votes choose the class, the bound must hold for whichever class
    /// they choose.
    const fn bounds_in_use(&self, classes: u64, chosen_beforehand: bool) -> u64 {
        match (self.competitors, chosen_beforehand) {
            (Competitors::Together, true) => 1,
            (Competitors::Together, false) | (Competitors::Separately, true) => classes,
            (Competitors::Separately, false) => 2 * classes,
        }
    }

    /// Bounds on the chosen class and its competitors.
    ///
    /// # Guarantee
    /// Whatever the class probabilities are, the chance that the plan's votes lead, at any of its readings, to a bound on
    /// the wrong side of one of them is at most `α`.
    ///
    /// # Errors
    /// [`Error::Unplanned`] if the number of votes is not one at which the plan reads bounds.
    pub fn bounds(&self, tally: &Tally) -> Result<ClassBounds, Error> {
        let votes = tally.estimation();
        let total = votes.total();
        let classes = votes.counts().len() as u64;
        let statements = self.bounds_in_use(classes, tally.selection().is_some());
        let reading = tally.plan().reading(total, self.confidence.shared_by(statements))?;
        let class = tally.class();
        let count = |class: usize| votes.counts().get(class).copied().unwrap_or(0);
        let top: Lower = match reading {
            BoundAt::Look(level) => clopper_pearson_lower(count(class), total, level)?,
            BoundAt::Anytime(prior, level) => anytime_lower(count(class), total, prior, level)?,
        };
        let mut runner_up = top.complement();
        if self.competitors == Competitors::Separately {
            let mut worst = Upper::ZERO;
            for (other, &count) in votes.counts().iter().enumerate() {
                if other != class {
                    worst = worst.and(match reading {
                        BoundAt::Look(level) => clopper_pearson_upper(count, total, level)?,
                        BoundAt::Anytime(prior, level) => anytime_upper(count, total, prior, level)?,
                    });
                }
            }
            runner_up = worst.or(runner_up);
        }
        Ok(ClassBounds::sampled(class, top, runner_up, self.confidence, votes.ballot().law()))
    }

    /// The certificate that the votes support against `threat`.
    ///
    /// # Guarantee
    /// See [`Certificate`]; the confidence is that of this certifier.
    ///
    /// # Errors
    /// [`Error::Law`] if the votes were drawn under another noise law than the threat's, or under an unknown one;
    /// [`Error::Unplanned`] as in [`Self::bounds`].
    pub fn certify(&self, threat: &dyn Threat, tally: &Tally) -> Result<Certificate, Error> {
        Certificate::issue(threat, self.bounds(tally)?, Some(tally.clone()))
    }
}
