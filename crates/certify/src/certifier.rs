//! [`Certifier`]: from votes to class bounds to a certificate.

use crate::{
    Certificate, ClassBounds, ClassId, Confidence, Error, Lower, MeasuredVotes, Plan, Radius, RemovalBounds,
    Threat, ThreatModel, Upper, VoteCounts, VoteHeader,
    confidence::{anytime_lower, anytime_upper, clopper_pearson_lower, clopper_pearson_upper},
    error::Parameter,
    plan::BoundAt,
};

/// How the runner-up, the strongest rival of the certified class, is bounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum RunnerUp {
    /// All others together: no other class can have more than what the top class's lower bound leaves. All of `α` goes
    /// into that one bound. Exact for two classes.
    #[default]
    Complement,
    /// Each class on its own at an equal share of `α`. Better where many classes split the rest.
    PerClass,
}

/// Turns votes into certificates at one confidence.
///
/// ```
/// use steadfast_certify::{BitFlips, Bits, Certifier, Confidence, Plan, Rate};
///
/// let threat = BitFlips::symmetric(Rate::new(0.1)?)?.threat(&Bits::zeros(784))?;
/// let certifier = Certifier::new(Confidence::alpha(0.001)?);
/// // What unanimous votes would certify: no run of this plan gets further.
/// let reach = certifier.reach(&threat, &Plan::fixed(100, 1_000)?, 2)?;
/// assert_eq!(reach.and_then(|radius| radius.count()), Some(1));
/// # Ok::<(), steadfast_certify::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Certifier {
    confidence: Confidence,
    runner_up: RunnerUp,
}

impl Certifier {
    /// Certificates that are false with probability at most `α` each.
    ///
    /// For certificates of many inputs that hold together, give [`Confidence::shared_by`] the number of inputs.
    #[must_use]
    pub fn new(confidence: Confidence) -> Self {
        Self { confidence, runner_up: RunnerUp::default() }
    }

    /// The same, with the runner-up bounded in this way.
    #[must_use]
    pub const fn runner_up(self, runner_up: RunnerUp) -> Self {
        Self { runner_up, ..self }
    }

    /// The same at another confidence.
    pub(crate) const fn at(self, confidence: Confidence) -> Self {
        Self { confidence, ..self }
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
        match (self.runner_up, chosen_beforehand) {
            (RunnerUp::Complement, true) => 1,
            (RunnerUp::Complement, false) | (RunnerUp::PerClass, true) => classes,
            (RunnerUp::PerClass, false) => 2 * classes,
        }
    }

    /// The radius that unanimous votes of the whole plan would certify; `None` if not even the input itself. No run of this
    /// plan gets further.
    ///
    /// # Errors
    /// [`Error::Parameter`] for no classes.
    pub fn reach<M: ThreatModel + ?Sized>(
        &self,
        threat: &Threat<M>,
        plan: &Plan,
        classes: usize,
    ) -> Result<Option<Radius>, Error> {
        if classes == 0 {
            return Err(Error::Parameter(Parameter {
                name: "number of classes",
                given: "0".to_owned(),
                expected: "at least 1",
            }));
        }
        let mut counts = vec![0; classes];
        if let Some(count) = counts.first_mut() {
            *count = plan.maximum();
        }
        let shares = self.shares(plan, plan.selection() > 0, 0, (&counts, 0))?;
        Ok(threat.model().radius(&shares.bounds(self.confidence, None)))
    }

    /// Bounds on the chosen class and its runner-up. Near-ties within a rounding tolerance count against the chosen class.
    ///
    /// # Guarantee
    /// Whatever the class probabilities are, the chance that the plan's votes lead, at any of its checkpoints, to a bound on
    /// the wrong side of one of them is at most `α`. With a rounding tolerance this holds for every classifier whose logits
    /// are within it of those that were asked.
    ///
    /// # Errors
    /// [`Error::Unplanned`] if the number of votes is not one of the plan's checkpoints, [`Error::Parameter`] for a rounding
    /// tolerance with a plan without selection samples.
    pub fn bounds(&self, votes: &VoteCounts) -> Result<ClassBounds, Error> {
        let class = votes.class();
        let counts = (votes.estimation().counts(), votes.near_ties()?);
        let shares = self.shares(votes.plan(), votes.selection().is_some(), class, counts)?;
        Ok(shares.bounds(self.confidence, Some(votes.estimation().header())))
    }

    /// The bounds that the plan would end with if the chosen class kept its share of the votes, taken at its upper bound at
    /// `futility_level`: for stopping a run because it is hopeless, which spends no confidence.
    ///
    /// What is projected was not seen, so the result names no noise and no certificate can be made of it. Ask the threat for
    /// its [`radius`](ThreatModel::radius).
    ///
    /// # Errors
    /// [`Error::Parameter`] if there are no votes yet, and as [`Self::bounds`].
    pub fn projected_bounds(
        &self,
        votes: &VoteCounts,
        futility_level: Confidence,
    ) -> Result<ClassBounds, Error> {
        Ok(self.projected(votes, votes.class(), futility_level)?.bounds(self.confidence, None))
    }

    pub(crate) fn projected(
        &self,
        votes: &VoteCounts,
        class: ClassId,
        futility_level: Confidence,
    ) -> Result<Shares, Error> {
        let (seen, near_ties) = (votes.estimation().counts(), votes.near_ties()?);
        let total = votes.estimation().total();
        let count = seen.get(class).copied().unwrap_or(0);
        let remaining = votes.plan().maximum().saturating_sub(total);
        let share = clopper_pearson_upper(count, total, futility_level)?.p();
        let more = ((remaining as f64 * share).ceil() as u64).min(remaining);
        let rival = (0..seen.len()).filter(|&other| other != class).max_by_key(|&other| seen.get(other));
        let mut counts = seen.to_vec();
        for (class, more) in [(Some(class), more), (rival, remaining - more)] {
            if let Some(count) = class.and_then(|class| counts.get_mut(class)) {
                *count += more;
            }
        }
        self.shares(votes.plan(), votes.selection().is_some(), class, (&counts, near_ties))
    }

    /// Bounds on every class's share of the sampled noisy inputs.
    pub(crate) fn shares(
        &self,
        plan: &Plan,
        chosen_beforehand: bool,
        class: ClassId,
        (counts, near_ties): (&[u64], u64),
    ) -> Result<Shares, Error> {
        // Each rival is bounded as if it had all near-ties, and the class as if it had none.
        let total = counts.iter().sum::<u64>() + near_ties;
        let statements = self.bounds_in_use(counts.len() as u64, chosen_beforehand);
        let checkpoint = plan.bound_at(total, self.confidence.shared_by(statements))?;
        let count = counts.get(class).copied().unwrap_or(0);
        let top = match checkpoint {
            BoundAt::Checkpoint(level) => clopper_pearson_lower(count, total, level)?,
            BoundAt::Anytime(prior, level) => anytime_lower(count, total, prior, level)?,
        };
        let others = counts.iter().enumerate().map(|(other, &count)| match (self.runner_up, checkpoint) {
            (RunnerUp::Complement, _) => Ok(top.complement()),
            _ if other == class => Ok(Upper::ONE),
            (_, BoundAt::Checkpoint(level)) => clopper_pearson_upper(count + near_ties, total, level),
            (_, BoundAt::Anytime(prior, level)) => anytime_upper(count + near_ties, total, prior, level),
        });
        Ok(Shares { class, top, others: others.collect::<Result<_, _>>()? })
    }

    /// Bounds on the chosen class, its runner-up, and the class's probability given that tokens are deleted, all of which hold
    /// together at this confidence.
    ///
    /// # Errors
    /// As [`Self::bounds`].
    pub fn measured_bounds(&self, measured: &MeasuredVotes) -> Result<(ClassBounds, RemovalBounds), Error> {
        let (votes, removals) = (measured.votes(), measured.removals());
        let share = self.confidence.shared_by(removals.statements());
        let bounds = self.at(share).bounds(votes)?.with_confidence(self.confidence);
        // Where the same votes choose the class, the bounds must hold for whichever class they choose.
        let classes = if votes.selection().is_some() { 1 } else { votes.estimation().counts().len() as u64 };
        let level = share.shared_by(classes);
        let removals = removals.bounds(&bounds, level)?;
        Ok((bounds, removals))
    }

    /// The certificate that the votes support against `threat`.
    ///
    /// # Guarantee
    /// See [`Certificate`]; the confidence is that of this certifier.
    ///
    /// # Errors
    /// [`Error::NoiseMismatch`] if the votes were drawn under another noise than the threat's, from another input, or under an
    /// unknown noise; and as [`Self::bounds`].
    pub fn certify<M: ThreatModel + ?Sized>(
        &self,
        threat: &Threat<M>,
        votes: &VoteCounts,
    ) -> Result<Certificate, Error> {
        Certificate::issue(threat, self.bounds(votes)?, Some(votes.clone()))
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
    /// The bounds, about the noise of `header`; about none where nothing was seen.
    fn bounds(&self, confidence: Confidence, header: Option<&VoteHeader>) -> ClassBounds {
        let others = self.others.iter().enumerate().filter(|&(other, _)| other != self.class);
        let runner_up = others.fold(Upper::ZERO, |worst, (_, &share)| worst.and(share));
        let noise = header.and_then(VoteHeader::noise);
        ClassBounds::sampled(self.class, self.top, runner_up, confidence, noise)
            .tolerating(header.and_then(VoteHeader::tolerance))
    }
}
