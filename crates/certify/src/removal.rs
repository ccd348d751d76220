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
    Bits, ClassId, Confidence, Error, Lower, Noise, NoiseFingerprint, VoteCounts,
    confidence::clopper_pearson_lower, error::Parameter,
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

/// Lower bounds on the probability of one class given that some of the text's tokens are deleted, for every choice of up to so
/// many tokens.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct RemovalBounds {
    noise: Option<NoiseFingerprint>,
    class: ClassId,
    /// Least over all choices of up to `0, 1, 2, …` tokens; never rising.
    least: Vec<Lower>,
}

impl RemovalBounds {
    /// Bounds for a class of probability at least `top` under `noise`, where `by_size` bounds its probability given that any one token, any
    /// two, … are deleted.
    ///
    /// That they hold is the caller's word, as for [`ClassBounds::exact`](crate::ClassBounds::exact).
    #[must_use]
    pub fn new(
        noise: Option<NoiseFingerprint>,
        class: ClassId,
        top: Lower,
        by_size: impl IntoIterator<Item = Lower>,
    ) -> Self {
        let mut so_far = top;
        let least = std::iter::once(top).chain(by_size);
        let least = least.map(|bound| {
            so_far = so_far.and(bound);
            so_far
        });
        Self { noise, class, least: least.collect() }
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

    /// The bound for any `removed` tokens, and up to how many it was measured.
    pub(crate) fn least(&self, removed: u32) -> (Lower, u32) {
        let measured = (removed as usize).min(self.least.len().saturating_sub(1));
        (self.least.get(measured).copied().unwrap_or(Lower::ZERO), measured as u32)
    }
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
    pub fn new(tokens: usize, classes: usize, size: usize) -> Result<Self, Error> {
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
    pub fn record(&mut self, removed: &Bits, class: ClassId) {
        let place = class.min(self.classes);
        for (set, counts) in self.sets.iter().zip(self.counts.chunks_exact_mut(self.classes + 1)) {
            if set.iter().all(|&token| removed.get(token as usize))
                && let Some(count) = counts.get_mut(place)
            {
                *count += 1;
            }
        }
    }

    /// Lower bounds for `class`, whose own probability is at least `top`, each at `level`.
    ///
    /// # Errors
    /// [`Error::Parameter`] never for counts that were recorded.
    pub fn bounds(
        &self,
        noise: Option<NoiseFingerprint>,
        class: ClassId,
        top: Lower,
        level: Confidence,
    ) -> Result<RemovalBounds, Error> {
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
        Ok(RemovalBounds::new(noise, class, top, by_size))
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
