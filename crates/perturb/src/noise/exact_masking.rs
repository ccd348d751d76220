//! [`ExactMasking`]: all but exactly `k` words are covered.
//!
//! The `k` words that are kept are a uniform draw from all subsets of that size, by Floyd's method (Bentley and Floyd 1987,
//! <https://doi.org/10.1145/30401.315746>) with unbiased integers; of the kept and the masked words, the fewer are drawn.
//! A text of fewer than `k` words is kept whole: [`ExactMasking::kept`] says how many words of a text are kept, and both the
//! sampler and the law go by that number.
//!
//! The noise of `RanMASK`: Zeng et al. 2023, <https://doi.org/10.1162/coli_a_00476>.

use super::draw::position;
use crate::{Lexicon, PerturbError, WordId};
use std::sync::Arc;
use steadfast_certify::{Law, Noise, rand_core::Rng};

/// Exactly `k` words are kept, a uniform subset; the others become [`WordId::MASK`]. The length stays.
///
/// A text of fewer than `k` words is kept whole: its law is that of `k` = its length, under which no swap can be certified.
#[derive(Clone, Debug)]
pub struct ExactMasking {
    lexicon: Arc<Lexicon>,
    kept: u32,
}

impl ExactMasking {
    /// Keeps exactly `kept` words of every text that has as many, and all words of a shorter one.
    ///
    /// # Errors
    /// [`PerturbError::Parameter`] if `kept` is zero: the classifier would see nothing but the text's length.
    pub fn new(lexicon: Arc<Lexicon>, kept: u32) -> Result<Self, PerturbError> {
        if kept == 0 {
            return Err(PerturbError::parameter(
                "number of kept words k",
                0,
                "at least 1, so that something is seen",
            ));
        }
        Ok(Self { lexicon, kept })
    }

    /// How many words of a text of `length` words are kept: `min(k, length)`.
    #[must_use]
    pub fn kept(&self, length: usize) -> usize {
        length.min(self.kept as usize)
    }

    /// The lexicon whose words this is about.
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
        let (mut out, drawn) =
            if kept < masked { (vec![WordId::MASK; input.len()], kept) } else { (input.to_vec(), masked) };
        let mut chosen = vec![0_u64; input.len().div_ceil(64)];
        for last in input.len() - drawn..input.len() {
            // `last` itself is still free: only smaller places were drawn before.
            let place = position(last + 1, rng);
            let place = if take(&mut chosen, place) { place } else { last };
            take(&mut chosen, place);
            if let (Some(slot), Some(&word)) = (out.get_mut(place), input.get(place)) {
                *slot = if kept < masked { word } else { WordId::MASK };
            }
        }
        out
    }

    /// How many words are kept, then the words in order.
    fn law(&self, input: &[WordId]) -> Option<Law> {
        let hashes = self.lexicon.content_hashes(input)?;
        Some(Law::new("exact-masking", std::iter::once(self.kept(input.len()) as u64).chain(hashes)))
    }
}

/// Marks a place; whether it was free.
fn take(chosen: &mut [u64], place: usize) -> bool {
    let Some(word) = chosen.get_mut(place / 64) else { return false };
    let bit = 1 << (place % 64);
    let free = *word & bit == 0;
    *word |= bit;
    free
}
