//! [`IndependentTokenNoise`]: noises whose copies can be enumerated.

use super::{Deletion, Masking};
use crate::WordId;
use steadfast_certify::{Noise, Rate};

/// A noise that keeps each word of a text independently of the others.
pub trait IndependentTokenNoise: Noise<Input = [WordId], Sample = Vec<WordId>> {
    /// The rate at which `word` is not kept.
    fn rate_of(&self, word: WordId) -> Rate;

    /// What the noise shows of `text` if it keeps the words at `places`, which ascend.
    fn show(&self, text: &[WordId], places: &[usize]) -> Vec<WordId>;

    /// How many words a text shows, the clean one or a noisy copy. Each word shows or does not, whatever stands around it.
    fn kept(&self, noisy: &[WordId]) -> usize;
}

impl IndependentTokenNoise for Deletion {
    fn rate_of(&self, word: WordId) -> Rate {
        self.rate(word)
    }

    fn show(&self, text: &[WordId], places: &[usize]) -> Vec<WordId> {
        places.iter().filter_map(|&place| text.get(place)).copied().collect()
    }

    fn kept(&self, noisy: &[WordId]) -> usize {
        noisy.len()
    }
}

impl IndependentTokenNoise for Masking {
    fn rate_of(&self, _: WordId) -> Rate {
        self.rate()
    }

    fn show(&self, text: &[WordId], places: &[usize]) -> Vec<WordId> {
        let mut shown = vec![WordId::MASK; text.len()];
        for &place in places {
            if let (Some(slot), Some(&word)) = (shown.get_mut(place), text.get(place)) {
                *slot = word;
            }
        }
        shown
    }

    fn kept(&self, noisy: &[WordId]) -> usize {
        noisy.iter().filter(|&&word| word != WordId::MASK).count()
    }
}
