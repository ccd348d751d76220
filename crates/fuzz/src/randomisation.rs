//! [`Randomiser`]: randomised copies of a text that was searched (FRS, Eq. 10 to 14).

use crate::{
    Error, Finding, Rates, SegmentNoise, Weights,
    key::{Stream, stream},
};
use std::{fmt, ops::Range, sync::Arc};
use steadfast_certify::{Noise, Rate, rand_core::Rng};
use steadfast_perturb::{WordId, edit::damerau_levenshtein_within};

/// What one coin decides about (Eq. 12).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum Coin {
    /// A segment that the search did not split, as published.
    #[default]
    Segment,
    /// A single word.
    Word,
}

/// How texts are randomised.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Randomisation {
    /// How often segments are mutated.
    pub rates: Rates,
    /// What one coin decides about.
    #[cfg_attr(feature = "serde", serde(default))]
    pub coin: Coin,
    /// `Λ`: the largest Damerau–Levenshtein distance of a copy from its text, in words, over the length of the longer
    /// one (Eq. 10).
    pub threshold: f64,
    /// Copies that are drawn before one without a valid copy is an error.
    pub attempts: u32,
    /// All copies are drawn from this seed, the text and the voter's number.
    pub seed: u64,
}

impl Randomisation {
    /// The given rates, one coin for each segment, `Λ = 1` (every copy is valid), 1,000 attempts, seed 0.
    #[must_use]
    pub const fn new(rates: Rates) -> Self {
        Self { rates, coin: Coin::Segment, threshold: 1.0, attempts: 1_000, seed: 0 }
    }
}

/// Mutates segments of texts at random, those of the vulnerable area most often.
///
/// A copy for a voter depends on the seed, the voter's number, the text and its area alone. Copies have no known law,
/// since those beyond the threshold are drawn again: no votes on them enter a certificate.
#[derive(Clone)]
pub struct Randomiser {
    mutation: Arc<SegmentNoise>,
    settings: Randomisation,
}

impl Randomiser {
    /// Copies whose segments are changed by `mutation`.
    ///
    /// # Errors
    /// [`Error::Parameter`] unless `0 ≤ Λ ≤ 1` and at least one copy may be drawn.
    pub fn new(
        mutation: impl Noise<Input = [WordId], Sample = Vec<WordId>> + Send + Sync + 'static,
        settings: Randomisation,
    ) -> Result<Self, Error> {
        if !(0.0..=1.0).contains(&settings.threshold) {
            return Err(Error::parameter("distance threshold Λ", settings.threshold, "0 ≤ Λ ≤ 1"));
        }
        if settings.attempts == 0 {
            return Err(Error::parameter("attempts at a randomised copy", 0, "at least 1"));
        }
        Ok(Self { mutation: Arc::new(mutation), settings })
    }

    /// The settings.
    #[must_use]
    pub const fn settings(&self) -> &Randomisation {
        &self.settings
    }

    /// The rates that apply to a text.
    #[must_use]
    pub fn weights(&self, finding: &Finding) -> Weights {
        self.settings.rates.weights(finding.area_words(), finding.text().len())
    }

    /// The copies for the voter of this number, one for each text, in order.
    ///
    /// # Errors
    /// [`Error::Rejected`] if no attempt at a text lies within the threshold.
    pub fn randomise(&self, findings: &[Finding], voter: u64) -> Result<Vec<Vec<WordId>>, Error> {
        let copy = |(text, finding): (usize, &Finding)| {
            self.copy(finding, voter).ok_or_else(|| Error::Rejected {
                text,
                words: finding.text().len(),
                attempts: self.settings.attempts,
                threshold: self.settings.threshold,
            })
        };
        findings.iter().enumerate().map(copy).collect()
    }

    /// The first attempt within the threshold.
    fn copy(&self, finding: &Finding, voter: u64) -> Option<Vec<WordId>> {
        let segments = self.segments(finding);
        let mut rng = stream(self.settings.seed, finding.fingerprint(), Stream::Voter(voter));
        (0..self.settings.attempts)
            .map(|_| self.attempt(finding.text(), &segments, &mut rng))
            .find(|copy| self.is_close(copy, finding.text()))
    }

    /// What the coins decide about, and how often they say yes (Eq. 11).
    fn segments(&self, finding: &Finding) -> Vec<(Range<usize>, Rate)> {
        let weights = self.weights(finding);
        let weighed = |segment: Range<usize>| {
            let rate = if finding.covers(&segment) { weights.area } else { weights.rest };
            (segment, rate)
        };
        match self.settings.coin {
            Coin::Segment => finding.tree().leaves().into_iter().map(weighed).collect(),
            Coin::Word => (0..finding.text().len()).map(|word| weighed(word..word + 1)).collect(),
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
        // One more than the product, which rounding may have left just below a whole number.
        let cutoff = (self.settings.threshold * longer) as usize + 1;
        damerau_levenshtein_within(copy, text, cutoff)
            .is_some_and(|distance| distance as f64 / longer <= self.settings.threshold)
    }
}

impl fmt::Debug for Randomiser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Randomiser")
            .field("mutation", &self.mutation)
            .field("settings", &self.settings)
            .finish()
    }
}
