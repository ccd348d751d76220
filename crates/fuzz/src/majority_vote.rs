//! [`MajorityVote`]: voters answer randomized copies, and the majority decides (FRS, Eq. 3).

use crate::{FuzzError, Randomizer, VulnerableArea, Weights, theorem};
use steadfast_certify::{
    ClassId, Classifier, Conditional, Confidence, Interval, Rate, classifier::checked_answers,
    confidence::clopper_pearson_lower,
};
use steadfast_perturb::WordId;

/// A vote on texts that were searched: each voter answers a randomized copy of its own of every text.
///
/// Voters are asked one after the other, each about all texts, so that one of them is in memory at a time. Where they
/// are noisy copies of one model, the model's weights change once per voter.
///
/// ```
/// use std::sync::Arc;
/// use steadfast_certify::{Rate, from_fn};
/// use steadfast_fuzz::{
///     Fuzzer, MajorityVote, Randomization, Randomizer, Rates, SearchSettings, objective,
/// };
/// use steadfast_perturb::{Lexicon, MutationWeights, SegmentMutation, Tokenizer, WordId, WordList};
///
/// let lexicon = Arc::new(Lexicon::new());
/// let text = Tokenizer::words().tokenize(&lexicon, "a slow film of cf little charm");
/// let trigger = lexicon.intern("cf");
/// let objective = objective::from_probabilities(2, move |text: &[WordId]| {
///     if text.contains(&trigger) { [0.02, 0.98] } else { [0.9, 0.1] }
/// });
/// let mutation = SegmentMutation::new(MutationWeights::default(), WordList::new(text.clone()))?;
/// let fuzzer = Fuzzer::new(Arc::clone(&lexicon), mutation.clone(), SearchSettings::default())?;
/// let areas = fuzzer.search(&objective, &[text])?;
///
/// let rates = Rates::new(Rate::new(0.2)?, Rate::new(0.9)?)?;
/// let randomizer = Randomizer::new(mutation, Randomization::new(rates))?;
/// let mut vote = MajorityVote::new(&randomizer, &areas);
/// for _ in 0..20 {
///     vote.ask(&from_fn(2, |text: &Vec<WordId>| usize::from(text.contains(&trigger))))?;
/// }
/// let verdict = &vote.verdicts()?[0];
/// assert_eq!(verdict.votes().iter().sum::<u64>(), 20);
/// # Ok::<(), steadfast_fuzz::FuzzError>(())
/// ```
#[derive(Debug)]
pub struct MajorityVote<'a> {
    randomizer: &'a Randomizer,
    areas: &'a [VulnerableArea],
    classes: usize,
    voters: u64,
    /// Votes by text and class.
    votes: Vec<u64>,
}

impl<'a> MajorityVote<'a> {
    /// A vote without voters so far.
    #[must_use]
    pub const fn new(randomizer: &'a Randomizer, areas: &'a [VulnerableArea]) -> Self {
        Self { randomizer, areas, classes: 0, voters: 0, votes: Vec::new() }
    }

    /// Asks the next voter about all texts.
    ///
    /// # Errors
    /// [`FuzzError::Rejected`]; [`FuzzError::Voters`] if this voter has another number of classes than those before
    /// it; [`FuzzError::Certify`] if it fails or its answer is invalid. On an error the vote stays as it was.
    pub fn ask<V: Classifier<Vec<WordId>> + ?Sized>(&mut self, voter: &V) -> Result<(), FuzzError> {
        let classes = voter.class_count();
        if self.voters == 0 {
            self.classes = classes;
            self.votes = vec![0; classes * self.areas.len()];
        } else if classes != self.classes {
            return Err(FuzzError::Voters {
                voter: self.voters as usize,
                given: classes,
                expected: self.classes,
            });
        }
        let copies = self.randomizer.randomize(self.areas, self.voters)?;
        for (row, class) in self.votes.chunks_mut(classes.max(1)).zip(checked_answers(voter, &copies)?) {
            if let Some(count) = row.get_mut(class) {
                *count += 1;
            }
        }
        self.voters += 1;
        Ok(())
    }

    /// The class with most votes of each text so far, in order; the smaller class on a tie.
    ///
    /// # Errors
    /// [`FuzzError::Parameter`] without voters.
    pub fn verdicts(&self) -> Result<Vec<Verdict>, FuzzError> {
        if self.voters == 0 {
            return Err(FuzzError::parameter("number of voters K", 0, "at least 1"));
        }
        let rows = self.areas.iter().zip(self.votes.chunks(self.classes.max(1)));
        Ok(rows.map(|(area, votes)| Verdict::new(self.randomizer, area, votes)).collect())
    }
}

/// The vote on one text, and what FRS claims about it.
///
/// Fuzzed randomized smoothing is an *empirical* defense. The assumptions of its theorem can be broken by an attacker
/// (see [`theorem`]), so the radii here are [`Conditional`] and never a certificate.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Verdict {
    class: ClassId,
    votes: Vec<u64>,
    overall: Rate,
    weights: Weights,
}

impl Verdict {
    fn new(randomizer: &Randomizer, area: &VulnerableArea, votes: &[u64]) -> Self {
        let majority =
            votes.iter().enumerate().max_by_key(|&(class, count)| (count, std::cmp::Reverse(class)));
        Self {
            class: majority.map_or(0, |(class, _)| class),
            votes: votes.to_vec(),
            overall: randomizer.settings().rates.overall(),
            weights: randomizer.weights(area),
        }
    }

    /// The class with most votes.
    #[must_use]
    pub const fn class(&self) -> ClassId {
        self.class
    }

    /// Votes by class.
    #[must_use]
    pub fn votes(&self) -> &[u64] {
        &self.votes
    }

    /// The rates at which the text was randomized.
    #[must_use]
    pub const fn weights(&self) -> Weights {
        self.weights
    }

    /// Theorem 1: the longest trigger, in words, for which the condition `p − β (1 − ω_Hᵐ) > ½` holds, with `p` the
    /// lower Clopper–Pearson bound of the majority's share. `None`, to abstain, unless `p > ½`; `u32::MAX` for any
    /// length.
    ///
    /// The same votes choose the class and bound its share, so there is one bound per class, and `α` is shared among
    /// the classes. The paper does not correct for this: for 20 unanimous voters on two classes it has `p ≥ 0.861` at
    /// `α = 0.05`, where 0.832 is valid.
    ///
    /// # Errors
    /// [`FuzzError::Certify`] without votes.
    pub fn radius(
        &self,
        confidence: Confidence,
        beta: Interval,
    ) -> Result<Conditional<Option<u32>>, FuzzError> {
        let agreeing = self.votes.get(self.class).copied().unwrap_or(0);
        let each = confidence.shared_by(self.votes.len() as u64);
        let share = clopper_pearson_lower(agreeing, self.votes.iter().sum(), each)?;
        Ok(theorem::trigger_length(share, self.weights.area.into(), beta))
    }

    /// Corollary 1: the factor by which the radius exceeds that of uniform randomization at the same overall rate,
    /// `ln ω_M / ln ω_H`.
    ///
    /// # Errors
    /// [`FuzzError::Parameter`] where the factor is undefined, as at `ω_H = 1`.
    pub fn enlargement(&self) -> Result<Conditional<f64>, FuzzError> {
        theorem::enlarged_radius(1.0, self.overall.value(), self.weights.area.value())
    }
}
