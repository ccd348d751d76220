//! [`Certifier`]: from a tally to class bounds to a certificate.

use crate::{
    Certificate, ClassBounds, ClassId, Confidence, Error, Law, Lower, Plan, Tally, Threat, Upper,
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
        let shares = self.shares(
            tally.plan(),
            tally.selection().is_some(),
            tally.class(),
            tally.estimation().counts(),
        )?;
        Ok(shares.bounds(self.confidence, tally.estimation().ballot().law()))
    }

    /// The bounds that the plan would end with if the chosen class kept its share of the votes, taken at its upper bound at the level
    /// `optimism`: for stopping a run because it is hopeless, which spends no confidence.
    ///
    /// What is foreseen is not what was seen, so the result carries no law and no certificate can be made of it. Ask the
    /// threat for its [`radius`](Threat::radius).
    ///
    /// # Errors
    /// [`Error::Parameter`] if there are no votes yet.
    pub fn outlook(&self, tally: &Tally, optimism: Confidence) -> Result<ClassBounds, Error> {
        Ok(self.foreseen(tally, tally.class(), optimism)?.bounds(self.confidence, None))
    }

    pub(crate) fn foreseen(
        &self,
        tally: &Tally,
        class: ClassId,
        optimism: Confidence,
    ) -> Result<Shares, Error> {
        let votes = tally.estimation();
        let (mut counts, total) = (votes.counts().to_vec(), votes.total());
        let count = counts.get(class).copied().unwrap_or(0);
        let remaining = tally.plan().maximum().saturating_sub(total);
        let share = clopper_pearson_upper(count, total, optimism)?.p();
        let more = ((remaining as f64 * share).ceil() as u64).min(remaining);
        let rival =
            (0..counts.len()).filter(|&other| other != class).max_by_key(|&other| votes.counts().get(other));
        for (class, more) in [(Some(class), more), (rival, remaining - more)] {
            if let Some(count) = class.and_then(|class| counts.get_mut(class)) {
                *count += more;
            }
        }
        self.shares(tally.plan(), tally.selection().is_some(), class, &counts)
    }

    /// Bounds on every class's share of the sampled noisy inputs.
    pub(crate) fn shares(
        &self,
        plan: &Plan,
        chosen_beforehand: bool,
        class: ClassId,
        counts: &[u64],
    ) -> Result<Shares, Error> {
        let total = counts.iter().sum();
        let statements = self.bounds_in_use(counts.len() as u64, chosen_beforehand);
        let reading = plan.reading(total, self.confidence.shared_by(statements))?;
        let count = counts.get(class).copied().unwrap_or(0);
        let top = match reading {
            BoundAt::Look(level) => clopper_pearson_lower(count, total, level)?,
            BoundAt::Anytime(prior, level) => anytime_lower(count, total, prior, level)?,
        };
        let others = counts.iter().enumerate().map(|(other, &count)| match (self.competitors, reading) {
            (Competitors::Together, _) => Ok(top.complement()),
            _ if other == class => Ok(Upper::ONE),
            (_, BoundAt::Look(level)) => clopper_pearson_upper(count, total, level),
            (_, BoundAt::Anytime(prior, level)) => anytime_upper(count, total, prior, level),
        });
        Ok(Shares { class, top, others: others.collect::<Result<_, _>>()? })
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

/// Bounds on the classes' shares of sampled noisy inputs: from below for one class, from above for all others.
#[derive(Clone, Debug)]
pub(crate) struct Shares {
    pub(crate) class: ClassId,
    pub(crate) top: Lower,
    /// One per class; that of the class itself has no meaning.
    pub(crate) others: Vec<Upper>,
}

impl Shares {
    fn bounds(&self, confidence: Confidence, law: Option<Law>) -> ClassBounds {
        let others = self.others.iter().enumerate().filter(|&(other, _)| other != self.class);
        let runner_up = others.fold(Upper::ZERO, |worst, (_, &share)| worst.and(share));
        ClassBounds::sampled(self.class, self.top, runner_up, confidence, law)
    }
}
