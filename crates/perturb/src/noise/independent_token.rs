//! [`IndependentTokenNoise`]: noises whose samples can be enumerated.

use super::{Deletion, Masking};
use crate::WordId;
use steadfast_certify::{Noise, Rate};

/// A noise that keeps each word of a text independently of the others.
///
/// ```
/// use std::sync::Arc;
/// use steadfast_certify::Rate;
/// use steadfast_perturb::{IndependentTokenNoise, Lexicon, Masking, Tokenizer, WordId};
///
/// let lexicon = Arc::new(Lexicon::new());
/// let text = Tokenizer::words().tokenize(&lexicon, "a dull film");
/// let noise = Masking::new(lexicon, Rate::new(0.9)?)?;
/// assert_eq!(noise.show(&text, &[1]), [WordId::MASK, text[1], WordId::MASK]);
/// assert_eq!(noise.kept(&noise.show(&text, &[1])), 1);
/// # Ok::<(), steadfast_perturb::PerturbError>(())
/// ```
pub trait IndependentTokenNoise: Noise<Input = [WordId], Sample = Vec<WordId>> {
    /// The rate at which `word` is not kept.
    fn rate_of(&self, word: WordId) -> Rate;

    /// The sample of `text` in which the words at `positions` (ascending) are kept.
    fn show(&self, text: &[WordId], positions: &[usize]) -> Vec<WordId>;

    /// The number of visible words of a text, clean or noisy. Whether a word is visible depends on that word alone.
    fn kept(&self, noisy: &[WordId]) -> usize;
}

impl IndependentTokenNoise for Deletion {
    fn rate_of(&self, word: WordId) -> Rate {
        self.rate(word)
    }

    fn show(&self, text: &[WordId], positions: &[usize]) -> Vec<WordId> {
        positions.iter().filter_map(|&position| text.get(position)).copied().collect()
    }

    fn kept(&self, noisy: &[WordId]) -> usize {
        noisy.len()
    }
}

impl IndependentTokenNoise for Masking {
    fn rate_of(&self, _: WordId) -> Rate {
        self.rate()
    }

    fn show(&self, text: &[WordId], positions: &[usize]) -> Vec<WordId> {
        let mut shown = vec![WordId::MASK; text.len()];
        for &position in positions {
            if let (Some(slot), Some(&word)) = (shown.get_mut(position), text.get(position)) {
                *slot = word;
            }
        }
        shown
    }

    fn kept(&self, noisy: &[WordId]) -> usize {
        noisy.iter().filter(|&&word| word != WordId::MASK).count()
    }
}
