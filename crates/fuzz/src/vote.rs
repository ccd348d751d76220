//! [`Poll`]: voters answer randomised copies, and the majority counts (FRS, Eq. 3).

use crate::{Error, Finding, Randomiser, Weights};
use steadfast_certify::{
    ClassId, Classifier, Conditional, Confidence, Interval, Rate, classifier::checked_answers,
    confidence::clopper_pearson_lower, frs,
};
use steadfast_perturb::WordId;

/// A vote on texts that were searched: every voter gets a randomised copy of its own of every text.
///
/// Voters are asked one after the other, each about all texts, so that only one needs to be at hand at a time; where
/// they are noisy copies of one model, the model's weights change once per voter.
#[derive(Debug)]
pub struct Poll<'a> {
    randomiser: &'a Randomiser,
    findings: &'a [Finding],
    classes: usize,
    voters: u64,
    /// Votes by text and class.
    votes: Vec<u64>,
}

impl<'a> Poll<'a> {
    /// A vote in which nobody was asked yet.
    #[must_use]
    pub const fn new(randomiser: &'a Randomiser, findings: &'a [Finding]) -> Self {
        Self { randomiser, findings, classes: 0, voters: 0, votes: Vec::new() }
    }

    /// Asks the next voter about all texts.
    ///
    /// # Errors
    /// [`Error::Rejected`], [`Error::Voters`] if this voter knows another number of classes than those before it, and
    /// [`Error::Certify`] if it fails or gives what is no answer. The vote is then as before.
    pub fn ask<V: Classifier<Vec<WordId>> + ?Sized>(&mut self, voter: &V) -> Result<(), Error> {
        let classes = voter.class_count();
        if self.voters == 0 {
            self.classes = classes;
            self.votes = vec![0; classes * self.findings.len()];
        } else if classes != self.classes {
            return Err(Error::Voters {
                voter: self.voters as usize,
                given: classes,
                expected: self.classes,
            });
        }
        let copies = self.randomiser.randomise(self.findings, self.voters)?;
        for (row, class) in self.votes.chunks_mut(classes.max(1)).zip(checked_answers(voter, &copies)?) {
            if let Some(count) = row.get_mut(class) {
                *count += 1;
            }
        }
        self.voters += 1;
        Ok(())
    }

    /// The majority's class of each text among the voters so far, in order; the smallest of several.
    ///
    /// # Errors
    /// [`Error::Parameter`] if no voter was asked.
    pub fn verdicts(&self) -> Result<Vec<Verdict>, Error> {
        if self.voters == 0 {
            return Err(Error::parameter("number of voters K", 0, "at least 1"));
        }
        let rows = self.findings.iter().zip(self.votes.chunks(self.classes.max(1)));
        Ok(rows.map(|(finding, votes)| Verdict::new(self.randomiser, finding, votes)).collect())
    }
}

/// The vote on one text, and what FRS claims of it.
///
/// Fuzzed randomised smoothing is an *empirical* defence. Its theorem takes for granted what an attacker can undo
/// (see
/// [`frs`]), so that the radii here are [`Conditional`] and never a certificate.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Verdict {
    class: ClassId,
    votes: Vec<u64>,
    overall: Rate,
    weights: Weights,
}

impl Verdict {
    fn new(randomiser: &Randomiser, finding: &Finding, votes: &[u64]) -> Self {
        let majority =
            votes.iter().enumerate().max_by_key(|&(class, count)| (count, std::cmp::Reverse(class)));
        Self {
            class: majority.map_or(0, |(class, _)| class),
            votes: votes.to_vec(),
            overall: randomiser.settings().rates.overall(),
            weights: randomiser.weights(finding),
        }
    }

    /// The majority's class.
    #[must_use]
    pub const fn class(&self) -> ClassId {
        self.class
    }

    /// Votes by class.
    #[must_use]
    pub fn votes(&self) -> &[u64] {
        &self.votes
    }

    /// The rates at which the text was randomised.
    #[must_use]
    pub const fn weights(&self) -> Weights {
        self.weights
    }

    /// Theorem 1: the longest trigger, in words, under which the condition `p − β (1 − ω_Hᵐ) > ½` holds, with `p` the
    /// lower Clopper–Pearson bound of the majority's share. `None`, to abstain, where `p` is not above ½; `u32::MAX`
    /// for any length.
    ///
    /// The votes that bound the share also choose the class, so the bound is one of as many as there are classes, and
    /// `α` is shared among them. The paper, which chooses and bounds by the same votes, does not say so: of 20
    /// unanimous voters on two classes it would have `p ≥ 0.861` at `α = 0.05`, where 0.832 is true.
    ///
    /// # Errors
    /// [`Error::Certify`] if there were no votes.
    pub fn radius(&self, confidence: Confidence, beta: Interval) -> Result<Conditional<Option<u32>>, Error> {
        let agreeing = self.votes.get(self.class).copied().unwrap_or(0);
        let each = confidence.shared_by(self.votes.len() as u64);
        let share = clopper_pearson_lower(agreeing, self.votes.iter().sum(), each)?;
        Ok(frs::trigger_length(share, self.weights.area.into(), beta))
    }

    /// Corollary 1: by how much the radius exceeds that of uniform randomisation at the same overall rate, `ln ω_M /
    /// ln ω_H`.
    ///
    /// # Errors
    /// [`Error::Certify`] where that is no number.
    pub fn enlargement(&self) -> Result<Conditional<f64>, Error> {
        Ok(frs::enlarged_radius(1.0, self.overall.value(), self.weights.area.value())?)
    }
}
