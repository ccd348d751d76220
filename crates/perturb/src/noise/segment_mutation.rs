//! [`SegmentMutation`]: one edit of all words of a segment at once.
//!
//! [`Mutation`](super::Mutation) edits word by word, so most of a long segment stays as it was. Here a drawn kind of
//! edit is applied to every word, which removes most of what the segment contributes to an answer. One step of a search
//! then shows whether the segment matters.

use super::{
    MutationWeights, Replacements,
    draw::{below, position},
};
use crate::{PerturbError, WordId};
use std::{fmt, sync::Arc};
use steadfast_certify::{EditKind, Noise, rand_core::Rng};

/// One kind of edit, drawn by weight, applied to every word of a text; it has no law.
///
/// - deletion: all words are deleted;
/// - insertion: a new word is inserted before or after each word;
/// - substitution: each word is replaced;
/// - transposition: the words are shuffled uniformly.
///
/// A word for which the source has no word is left unchanged. One word cannot be transposed; the empty text stays empty.
///
/// ```
/// use steadfast_certify::{EditKind, Noise, seed};
/// use steadfast_perturb::{Lexicon, MutationWeights, SegmentMutation, Tokenizer, WordList};
///
/// let lexicon = Lexicon::new();
/// let text = Tokenizer::words().tokenize(&lexicon, "a film of rare charm");
/// let dull = lexicon.intern("dull");
/// let mutation = SegmentMutation::new(MutationWeights::only(&[EditKind::Substitution]), WordList::new(vec![dull]))?;
/// let mut rng = seed::generator(1, seed::Phase::Training, 0, 0, seed::Purpose::Noise);
/// assert_eq!(mutation.sample(&text, &mut rng), [dull; 5]);
/// # Ok::<(), steadfast_perturb::PerturbError>(())
/// ```
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
