//! [`ExactMasking`]: all words but exactly `k` are masked.
//!
//! The `k` words that are kept are a uniform draw from all subsets of that size, by Floyd's method (Bentley and Floyd 1987,
//! <https://doi.org/10.1145/30401.315746>) with unbiased integers; of the kept and the masked words, the smaller set is drawn.
//! A text of fewer than `k` words is kept whole: [`ExactMasking::kept`] is the number of words that are kept, and both the
//! sampler and the law use that number.
//!
//! The noise of `RanMASK`: Zeng et al. 2023, <https://doi.org/10.1162/coli_a_00476>.

use super::draw::position;
use crate::{Lexicon, PerturbError, WordId};
use std::sync::Arc;
use steadfast_certify::{Noise, NoiseFingerprint, rand_core::Rng};

/// Exactly `k` words are kept, a uniform subset; the others become [`WordId::MASK`]. The length stays.
///
/// A text of fewer than `k` words is kept whole: its law is that of `k` = its length, under which no substitution can be
/// certified.
///
/// ```
/// use std::sync::Arc;
/// use steadfast_certify::{Noise, seed};
/// use steadfast_perturb::{ExactMasking, Lexicon, Tokenizer, WordId};
///
/// let lexicon = Arc::new(Lexicon::new());
/// let text = Tokenizer::words().tokenize(&lexicon, "a film of rare charm");
/// let noise = ExactMasking::new(lexicon, 2)?;
/// let mut rng = seed::generator(1, seed::Phase::Estimation, 0, 0, seed::Purpose::Noise);
/// let noisy = noise.sample(&text, &mut rng);
/// assert_eq!(noisy.iter().filter(|&&word| word != WordId::MASK).count(), 2);
/// # Ok::<(), steadfast_perturb::PerturbError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ExactMasking {
    lexicon: Arc<Lexicon>,
    kept: u32,
}

impl ExactMasking {
    /// Keeps exactly `kept` words of every text that has as many, and all words of a shorter one.
    ///
    /// # Errors
    /// [`PerturbError::Parameter`] if `kept` is zero: the classifier would see only the text's length.
    pub fn new(lexicon: Arc<Lexicon>, kept: u32) -> Result<Self, PerturbError> {
        if kept == 0 {
            return Err(PerturbError::parameter(
                "number of kept words k",
                0,
                "at least 1, so that the classifier sees a word",
            ));
        }
        Ok(Self { lexicon, kept })
    }

    /// The number of words that are kept of a text of `length` words: `min(k, length)`.
    #[must_use]
    pub fn kept(&self, length: usize) -> usize {
        length.min(self.kept as usize)
    }

    /// The lexicon of the noise.
    #[must_use]
    pub const fn lexicon(&self) -> &Arc<Lexicon> {
        &self.lexicon
    }
}

impl Noise for ExactMasking {
    type Input = [WordId];
    type Sample = Vec<WordId>;

    fn sample(&self, input: &[WordId], rng: &mut dyn Rng) -> Vec<WordId> {
        let kept = self.kept(input.len());
        let masked = input.len() - kept;
        let (mut out, count) =
            if kept < masked { (vec![WordId::MASK; input.len()], kept) } else { (input.to_vec(), masked) };
        let mut chosen = vec![0_u64; input.len().div_ceil(64)];
        for last in input.len() - count..input.len() {
            // `last` is still free: only smaller positions were drawn before.
            let drawn = position(last + 1, rng);
            let place = if take(&mut chosen, drawn) { drawn } else { last };
            take(&mut chosen, place);
            if let (Some(slot), Some(&word)) = (out.get_mut(place), input.get(place)) {
                *slot = if kept < masked { word } else { WordId::MASK };
            }
        }
        out
    }

    /// The number of kept words, then the words in order.
    fn fingerprint(&self, input: &[WordId]) -> Option<NoiseFingerprint> {
        let hashes = self.lexicon.content_hashes(input)?;
        Some(NoiseFingerprint::new(
            "exact-masking",
            std::iter::once(self.kept(input.len()) as u64).chain(hashes),
        ))
    }
}

/// Marks a position; returns whether it was free.
fn take(chosen: &mut [u64], place: usize) -> bool {
    let Some(word) = chosen.get_mut(place / 64) else { return false };
    let bit = 1 << (place % 64);
    let free = *word & bit == 0;
    *word |= bit;
    free
}
