//! [`SegmentMutation`]: one edit of all words of a segment at once.
//!
//! [`Mutation`](super::Mutation) edits word by word, so most of a long segment stays as it was. Here a drawn kind of
//! edit befalls every word: what the segment contributes to an answer is gone, or nearly so. That tells a search in
//! one step whether a segment matters.

use super::{
    MutationWeights, Replacements,
    draw::{below, position},
};
use crate::{PerturbError, WordId};
use std::{fmt, sync::Arc};
use steadfast_certify::{EditKind, Noise, rand_core::Rng};

/// One kind of edit, drawn by weight, made to every word of a text; no law.
///
/// - deletion: all words go;
/// - insertion: beside each word, before or after it, comes a new one;
/// - substitution: each word is replaced;
/// - transposition: the words are shuffled, all orders alike.
///
/// A word for which the source has nothing stays alone. One word cannot be transposed; the empty text stays empty.
#[derive(Clone)]
pub struct SegmentMutation {
    weights: MutationWeights,
    replacements: Arc<dyn Replacements>,
}

impl SegmentMutation {
    /// Edits of the kinds in `weights`, with new words from `replacements`.
    ///
    /// # Errors
    /// [`PerturbError::Parameter`] if all weights are zero.
    pub fn new(
        weights: MutationWeights,
        replacements: impl Replacements + 'static,
    ) -> Result<Self, PerturbError> {
        weights.check()?;
        Ok(Self { weights, replacements: Arc::new(replacements) })
    }
}

impl Noise for SegmentMutation {
    type Input = [WordId];
    type Sample = Vec<WordId>;

    fn sample(&self, input: &[WordId], rng: &mut dyn Rng) -> Vec<WordId> {
        let replacement = |word, rng: &mut dyn Rng| self.replacements.draw(Some(word), rng);
        match self.weights.draw(input.len(), rng) {
            None => input.to_vec(),
            Some(EditKind::Deletion) => Vec::new(),
            Some(EditKind::Substitution) => {
                input.iter().map(|&word| replacement(word, rng).unwrap_or(word)).collect()
            }
            Some(EditKind::Insertion) => {
                let mut grown = Vec::with_capacity(2 * input.len());
                for &word in input {
                    let before = below(2, rng) == 0;
                    let new = self.replacements.draw(None, rng).or_else(|| replacement(word, rng));
                    grown.extend(new.filter(|_| before));
                    grown.push(word);
                    grown.extend(new.filter(|_| !before));
                }
                grown
            }
            Some(EditKind::Transposition) => {
                let mut shuffled = input.to_vec();
                for last in (1..shuffled.len()).rev() {
                    shuffled.swap(position(last + 1, rng), last);
                }
                shuffled
            }
        }
    }
}

impl fmt::Debug for SegmentMutation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SegmentMutation").field("weights", &self.weights).finish_non_exhaustive()
    }
}
