//! [`Randomizer`]: randomized copies of a text that was searched (FRS, Eq. 10 to 14).

use crate::{
    FuzzError, Rates, SegmentNoise, VulnerableArea, Weights,
    key::{Stream, stream},
};
use std::{fmt, ops::Range, sync::Arc};
use steadfast_certify::{Noise, Rate, rand_core::Rng};
use steadfast_perturb::{WordId, edit::damerau_levenshtein_within};

/// What is randomized as a whole, by one draw (Eq. 12).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
#[non_exhaustive]
pub enum RandomizationUnit {
    /// A segment that the search did not split, as published.
    #[default]
    Segment,
    /// A single word.
    Word,
}

/// How texts are randomized.
///
/// ```
/// use steadfast_certify::Rate;
/// use steadfast_fuzz::{Randomization, RandomizationUnit, Rates};
///
/// let rates = Rates::new(Rate::new(0.2)?, Rate::new(0.9)?)?;
/// let settings = Randomization::new(rates).unit(RandomizationUnit::Word).threshold(0.7);
/// assert_eq!((settings.attempts, settings.seed), (1_000, 0));
/// # Ok::<(), steadfast_fuzz::FuzzError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct Randomization {
    /// How often segments are mutated.
    pub rates: Rates,
    /// What is randomized as a whole.
    #[cfg_attr(feature = "serde", serde(default))]
    pub unit: RandomizationUnit,
    /// `Λ`: the largest Damerau–Levenshtein distance of a copy from its text, in words, over the length of the longer
    /// one (Eq. 10).
    pub threshold: f64,
    /// The number of copies that are drawn until one is valid; a text without a valid one is an error.
    pub attempts: u32,
    /// The seed of all copies; each also depends on the text and the voter's number.
    pub seed: u64,
}

impl Randomization {
    /// The given rates, one draw for each segment, `Λ = 1` (every copy is valid), 1,000 attempts, seed 0.
    #[must_use]
    pub const fn new(rates: Rates) -> Self {
        Self { rates, unit: RandomizationUnit::Segment, threshold: 1.0, attempts: 1_000, seed: 0 }
    }

    crate::setters! {
        /// Sets what is randomized as a whole.
        unit: RandomizationUnit,
        /// Sets `Λ`, the largest normalized distance of a copy from its text.
        threshold: f64,
        /// Sets the number of copies that are drawn until one is valid.
        attempts: u32,
        /// Sets the seed.
        seed: u64,
    }
}

/// Mutates segments of texts at random, those of the vulnerable area at the highest rate.
///
/// A copy for a voter depends on the seed, the voter's number, the text and its area alone. The law of copies is unknown,
/// since those beyond the threshold are drawn again, so votes on them enter no certificate.
#[derive(Clone)]
pub struct Randomizer {
    mutation: Arc<SegmentNoise>,
    settings: Randomization,
}

impl Randomizer {
    /// Randomizes by `mutation`.
    ///
    /// # Errors
    /// [`FuzzError::Parameter`] unless `0 ≤ Λ ≤ 1` and at least one copy may be drawn.
    pub fn new(
        mutation: impl Noise<Input = [WordId], Sample = Vec<WordId>> + Send + Sync + 'static,
        settings: Randomization,
    ) -> Result<Self, FuzzError> {
        if !(0.0..=1.0).contains(&settings.threshold) {
            return Err(FuzzError::parameter("distance threshold Λ", settings.threshold, "0 ≤ Λ ≤ 1"));
        }
        if settings.attempts == 0 {
            return Err(FuzzError::parameter("number of attempts at a randomized copy", 0, "at least 1"));
        }
        Ok(Self { mutation: Arc::new(mutation), settings })
    }

    /// The settings.
    #[must_use]
    pub const fn settings(&self) -> &Randomization {
        &self.settings
    }

    /// The rates that apply to a text.
    #[must_use]
    pub fn weights(&self, area: &VulnerableArea) -> Weights {
        self.settings.rates.weights(area.word_count(), area.text().len())
    }

    /// The copies for the voter of this number, one for each text, in order.
    ///
    /// # Errors
    /// [`FuzzError::Rejected`] if no attempt at a text lies within the threshold.
    pub fn randomize(&self, areas: &[VulnerableArea], voter: u64) -> Result<Vec<Vec<WordId>>, FuzzError> {
        let copy = |(text, area): (usize, &VulnerableArea)| {
            self.copy(area, voter).ok_or_else(|| FuzzError::Rejected {
                text,
                words: area.text().len(),
                attempts: self.settings.attempts,
                threshold: self.settings.threshold,
            })
        };
        areas.iter().enumerate().map(copy).collect()
    }

    /// The first attempt within the threshold.
    fn copy(&self, area: &VulnerableArea, voter: u64) -> Option<Vec<WordId>> {
        let segments = self.segments(area);
        let mut rng = stream(self.settings.seed, area.fingerprint(), Stream::Voter(voter));
        (0..self.settings.attempts)
            .map(|_| self.attempt(area.text(), &segments, &mut rng))
            .find(|copy| self.is_close(copy, area.text()))
    }

    /// The units that are randomized, and the rate of each (Eq. 11).
    fn segments(&self, area: &VulnerableArea) -> Vec<(Range<usize>, Rate)> {
        let weights = self.weights(area);
        let weighed = |segment: Range<usize>| {
            let rate = if area.covers(&segment) { weights.area } else { weights.rest };
            (segment, rate)
        };
        match self.settings.unit {
            RandomizationUnit::Segment => area.tree().leaves().into_iter().map(weighed).collect(),
            RandomizationUnit::Word => (0..area.text().len()).map(|word| weighed(word..word + 1)).collect(),
        }
    }

    /// One copy (Eq. 12 and 13).
    fn attempt(&self, text: &[WordId], segments: &[(Range<usize>, Rate)], rng: &mut dyn Rng) -> Vec<WordId> {
        let mut copy = Vec::with_capacity(text.len());
        for (segment, rate) in segments {
            let words = text.get(segment.clone()).unwrap_or_default();
            if rng.next_u32() < rate.numerator() {
                copy.extend(self.mutation.sample(words, rng));
            } else {
                copy.extend_from_slice(words);
            }
        }
        copy
    }

    /// Whether a copy keeps to the threshold (Eq. 14).
    fn is_close(&self, copy: &[WordId], text: &[WordId]) -> bool {
        let longer = copy.len().max(text.len()).max(1) as f64;
        // Rounding may have left the product just below a whole number.
        let cutoff = (self.settings.threshold * longer) as usize + 1;
        damerau_levenshtein_within(copy, text, cutoff)
            .is_some_and(|distance| distance as f64 / longer <= self.settings.threshold)
    }
}

impl fmt::Debug for Randomizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Randomizer")
            .field("mutation", &self.mutation)
            .field("settings", &self.settings)
            .finish()
    }
}
