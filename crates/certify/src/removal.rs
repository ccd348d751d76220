//! What a text's own tokens are worth, measured: the class's probability given that some of them are deleted.
//!
//! Edits that take the tokens `D` out of a text cost a class what it owes to noisy copies that keep some of `D`. Without knowing
//! it one must take the worst, `q ≥ (p − 1 + A) / A`. But the copies that lack `D` are among the noisy copies already, and their
//! votes bound `q_D = P(class | all of D deleted)` itself. See `docs/theory.md`, section 9.
//!
//! - [`RemovalBounds`]: lower bounds on `q`, by the number of removed tokens.
//! - [`RemovalVotes`]: the votes on copies that lack given tokens.
//! - [`RemovalNoise`]: a noise that says which tokens it deleted.

use crate::{
    Bits, ClassBounds, ClassId, Confidence, Error, Interval, Lower, Noise, NoiseFingerprint, VoteCounts,
    confidence::clopper_pearson_lower, error::Parameter, round::Enclosure,
};
use rand_core::Rng;

/// A noise that deletes tokens, and can say which.
pub trait RemovalNoise: Noise {
    /// The number of tokens of an input.
    fn tokens(&self, input: &Self::Input) -> usize;

    /// Draws one noisy copy of `input`, the one that [`Noise::sample`] draws from the same random numbers, and the tokens that
    /// are missing in it, by their place.
    fn sample_with_removed(&self, input: &Self::Input, rng: &mut dyn Rng) -> (Self::Sample, Bits);
}

impl<N: RemovalNoise + ?Sized> RemovalNoise for &N {
    fn tokens(&self, input: &N::Input) -> usize {
        (**self).tokens(input)
    }
    fn sample_with_removed(&self, input: &N::Input, rng: &mut dyn Rng) -> (N::Sample, Bits) {
        (**self).sample_with_removed(input, rng)
    }
}

/// Lower bounds on the least probability of one class given that a set of the text's tokens is deleted, over all sets of one
/// token, of two, ….
///
/// Sizes that were not measured are bounded from smaller ones by the threat that uses these bounds: with the most deleted
/// token `w` of `D` put aside, `q_D ≥ (q_{D∖w} − 1 + δ(w)) / δ(w)`.
///
/// ```
/// use steadfast_certify::{EditThreat, Interval, NoiseFingerprint, RemovalBounds, Threat, ThreatModel};
///
/// // A word and its absence: class 1 where the word is gone, class 0 where it is kept.
/// let (rate, noise) = (Interval::enclosing("0.75")?, NoiseFingerprint::new("deletion of one word", []));
/// let removals = RemovalBounds::exact(Some(noise), 1, &[rate], &[1, 0])?;
/// assert_eq!(removals.of_size(1).p(), 1.0);
/// // To replace the word leaves 0.75; to insert one beside it leaves 0.75².
/// let top = removals.top();
/// let threat = Threat::new(noise, EditThreat::uniform(rate, 1)).measured(removals)?;
/// assert!((threat.lower_bound(top, 1).p() - 0.5625).abs() < 1e-12);
/// # Ok::<(), steadfast_certify::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct RemovalBounds {
    noise: Option<NoiseFingerprint>,
    class: ClassId,
    top: Lower,
    removed: Vec<Lower>,
    /// The bounds of the same votes, which hold together with these and with no others.
    #[cfg_attr(feature = "serde", serde(skip))]
    partner: Option<ClassBounds>,
}

impl RemovalBounds {
    /// A class of probability at least `top` under `noise`, and of at least what `removed` lists given that any one, two, …
    /// tokens are deleted.
    ///
    /// That they all hold together is the caller's word, as for [`ClassBounds::exact`](crate::ClassBounds::exact).
    #[must_use]
    pub fn new(
        noise: Option<NoiseFingerprint>,
        class: ClassId,
        top: Lower,
        removed: impl IntoIterator<Item = Lower>,
    ) -> Self {
        Self { noise, class, top, removed: removed.into_iter().collect(), partner: None }
    }

    /// The bounds for every size, of a noise that deletes each token of a text independently with the probability in
    /// `rates`, from the `answers` to all its noisy copies: at `Σ 2ⁱ` over the kept tokens `i`, the class that the base
    /// classifier answers to the copy that keeps these.
    ///
    /// `O(n 2ⁿ)` for `n` tokens: one token after another is averaged over (for sets without it) and taken out (for sets
    /// with it).
    ///
    /// # Guarantee
    /// Each bound is rounded down from the exact minimum, by less than `4n` units in the last place.
    ///
    /// # Errors
    /// [`Error::Parameter`] unless there are `2ⁿ` answers.
    pub fn exact(
        noise: Option<NoiseFingerprint>,
        class: ClassId,
        rates: &[Interval],
        answers: &[ClassId],
    ) -> Result<Self, Error> {
        if u32::try_from(rates.len()).ok().and_then(|tokens| 1_usize.checked_shl(tokens))
            != Some(answers.len())
        {
            return Err(Error::Parameter(Parameter {
                name: "answers",
                given: format!("{} for {} tokens", answers.len(), rates.len()),
                expected: "one for every subset of the tokens",
            }));
        }
        let indicator = |one: bool| if one { Enclosure::ONE } else { Enclosure::ZERO };
        let own = given_removed(rates, answers.iter().map(|&answer| indicator(answer == class)).collect());
        let rest = given_removed(rates, answers.iter().map(|&answer| indicator(answer != class)).collect());
        let mut least = vec![Lower::ONE; rates.len() + 1];
        for (set, (own, rest)) in own.iter().zip(&rest).enumerate() {
            if let Some(least) = least.get_mut(set.count_ones() as usize) {
                // What the class has, and what it lacks: either bounds it, each accurate where the other is not.
                *least = least.and(Lower::from_p(own.lower).or(Lower::from_rest(rest.upper)));
            }
        }
        let mut least = least.into_iter();
        let top = least.next().unwrap_or(Lower::ZERO);
        Ok(Self::new(noise, class, top, least))
    }

    /// Whether these bounds are about the class of `bounds` and hold together with them. Those that were sampled do with the
    /// bounds of the same votes only, which share the confidence.
    pub(crate) fn hold_with(&self, bounds: &ClassBounds) -> bool {
        self.class == bounds.class() && self.partner.is_none_or(|partner| partner == *bounds)
    }

    /// The noise and the input they are about.
    #[must_use]
    pub const fn noise(&self) -> Option<NoiseFingerprint> {
        self.noise
    }

    /// The class they are about.
    #[must_use]
    pub const fn class(&self) -> ClassId {
        self.class
    }

    /// The bound on the class's probability where nothing is removed.
    #[must_use]
    pub const fn top(&self) -> Lower {
        self.top
    }

    /// The bound for sets of so many tokens; one that says nothing where none was measured.
    #[must_use]
    pub fn of_size(&self, tokens: usize) -> Lower {
        match tokens.checked_sub(1) {
            None => self.top,
            Some(index) => self.removed.get(index).copied().unwrap_or(Lower::ZERO),
        }
    }
}

/// From a value for each set of kept tokens to its mean given that the tokens of `D` are deleted, for each set `D`.
fn given_removed(rates: &[Interval], mut values: Vec<Enclosure>) -> Vec<Enclosure> {
    for (token, rate) in rates.iter().enumerate() {
        let (deleted, kept) = (rate.enclosure(), rate.complement().enclosure());
        let half = 1 << token;
        for block in values.chunks_mut(2 * half) {
            let (without, with) = block.split_at_mut(half);
            for (without, with) in without.iter_mut().zip(with) {
                let gone = *without;
                *without = deleted * gone + kept * *with;
                *with = gone;
            }
        }
    }
    values
}

/// The votes on noisy copies that lack given tokens, for a family of sets of tokens that was fixed before any vote: all sets of
/// up to a size, as long as there are not too many of them.
///
/// # Guarantee
/// Given which copies lack a set, the answers on them are independent and of the class with probability `q`: the bounds of
/// [`crate::confidence`] hold for their counts, however many there happen to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemovalVotes {
    classes: usize,
    sets: Vec<Vec<u32>>,
    /// Per set: the copies that lack it, by class, and last those that are near-ties.
    counts: Vec<u64>,
}

impl RemovalVotes {
    /// Most sets that are measured, whatever was asked for.
    pub const MOST_SETS: usize = 1 << 14;

    /// No votes yet, on a text of so many tokens; sets of up to `size` tokens, and smaller ones where there would be more than
    /// [`Self::MOST_SETS`].
    ///
    /// # Errors
    /// [`Error::Parameter`] for no classes.
    pub(crate) fn new(tokens: usize, classes: usize, size: usize) -> Result<Self, Error> {
        if classes == 0 {
            return Err(Error::Parameter(Parameter {
                name: "number of classes",
                given: "0".to_owned(),
                expected: "at least 1",
            }));
        }
        let mut sets: Vec<Vec<u32>> = Vec::new();
        let mut largest: Vec<Vec<u32>> = vec![vec![]];
        for size in 1..=size.min(tokens) {
            // C(n, k) = C(n, k − 1) (n − k + 1) / k.
            let next = largest.len().saturating_mul(tokens - size + 1) / size;
            if sets.len().saturating_add(next) > Self::MOST_SETS {
                break;
            }
            let extended = |set: &Vec<u32>| {
                let first = set.last().map_or(0, |last| last + 1);
                let set = set.clone();
                (first..tokens as u32).map(move |token| [set.as_slice(), &[token]].concat())
            };
            largest = largest.iter().flat_map(extended).collect();
            sets.extend(largest.iter().cloned());
        }
        let counts = vec![0; sets.len() * (classes + 1)];
        Ok(Self { classes, sets, counts })
    }

    /// How many bounds must hold together: one for each set, and one for the class's own probability. Each holds at that share
    /// of the confidence.
    #[must_use]
    pub fn statements(&self) -> u64 {
        self.sets.len() as u64 + 1
    }

    /// Counts a copy that lacks `removed`, answered with `class`, or with the number of classes for a near-tie, which counts
    /// against every class.
    pub(crate) fn record(&mut self, removed: &Bits, class: ClassId) {
        let place = class.min(self.classes);
        for (set, counts) in self.sets.iter().zip(self.counts.chunks_exact_mut(self.classes + 1)) {
            if set.iter().all(|&token| removed.get(token as usize))
                && let Some(count) = counts.get_mut(place)
            {
                *count += 1;
            }
        }
    }

    /// Lower bounds for the class of `bounds`, each at `level`.
    pub(crate) fn bounds(&self, bounds: &ClassBounds, level: Confidence) -> Result<RemovalBounds, Error> {
        let class = bounds.class();
        let mut by_size: Vec<Lower> = Vec::new();
        for (set, counts) in self.sets.iter().zip(self.counts.chunks_exact(self.classes + 1)) {
            let total = counts.iter().sum();
            let count = counts.get(class).copied().unwrap_or(0);
            let bound = if total == 0 { Lower::ZERO } else { clopper_pearson_lower(count, total, level)? };
            by_size.resize(by_size.len().max(set.len()), Lower::ONE);
            if let Some(least) = by_size.get_mut(set.len() - 1) {
                *least = least.and(bound);
            }
        }
        let removals = RemovalBounds::new(bounds.noise(), class, bounds.top(), by_size);
        Ok(RemovalBounds { partner: Some(*bounds), ..removals })
    }
}

/// The votes of a plan and, from the same samples, those on copies that lack given tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeasuredVotes {
    pub(crate) votes: VoteCounts,
    pub(crate) removals: RemovalVotes,
}

impl MeasuredVotes {
    /// The votes of the plan.
    #[must_use]
    pub const fn votes(&self) -> &VoteCounts {
        &self.votes
    }

    /// The votes on copies that lack given tokens.
    #[must_use]
    pub const fn removals(&self) -> &RemovalVotes {
        &self.removals
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EditCounts, EditThreat, Threat, Upper};

    #[test]
    fn families_of_sets_are_bounded() {
        assert_eq!(RemovalVotes::new(100, 2, 2).unwrap().statements(), 1 + 100 + 4_950);
        assert_eq!(RemovalVotes::new(300, 2, 2).unwrap().statements(), 1 + 300);
        assert_eq!(RemovalVotes::new(100_000, 2, 2).unwrap().statements(), 1);
        assert_eq!(RemovalVotes::new(3, 2, 9).unwrap().statements(), 8);
        assert!(RemovalVotes::new(3, 0, 1).is_err());
    }

    #[test]
    fn near_ties_count_against_every_class_and_bounds_hold_with_their_own_votes_only() {
        let mut votes = RemovalVotes::new(2, 2, 1).unwrap();
        for (removed, class) in
            [([true, false], 1), ([true, true], 2), ([false, true], 1), ([false, false], 0)]
        {
            votes.record(&Bits::from(removed.to_vec()), class);
        }
        assert_eq!(votes.counts, [0, 1, 1, 0, 1, 1]);
        let noise = NoiseFingerprint::new("deletion", []);
        let bounds = |p: f64| ClassBounds::exact(1, Lower::from_p(p), Upper::from_rest(p), Some(noise));
        let removals = votes.bounds(&bounds(0.9), Confidence::alpha(0.5).unwrap()).unwrap();
        let threat = Threat::new(noise, EditThreat::uniform(Interval::enclosing("0.9").unwrap(), 2));
        let measured = threat.measured(removals.clone()).unwrap();
        // One of two copies at α = ½.
        assert!((removals.of_size(1).p() - 0.292_893).abs() < 1e-6, "{removals:?}");
        let deletion = EditCounts { deletions: 1, ..EditCounts::default() };
        assert!(measured.lower_bound_after(Lower::ONE, &deletion).p() > 0.88);
        assert!(removals.hold_with(&bounds(0.9)) && !removals.hold_with(&bounds(0.95)));
        let other = ClassBounds::exact(0, Lower::from_p(0.9), Upper::from_rest(0.9), Some(noise));
        assert!(!removals.hold_with(&other));
    }
}
