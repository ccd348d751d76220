//! [`Masking`]: words that are covered, so that their places stay.

use super::draw::BLOCK;
use crate::{Lexicon, PerturbError, WordId};
use std::sync::Arc;
use steadfast_certify::{Law, Noise, Rate, noise::bernoulli, rand_core::Rng};

/// Each word becomes [`WordId::MASK`] independently, at the rate `ω`; the length stays.
///
/// Exact: rates are multiples of 2⁻³², drawn 64 words at a time. Each word keeps its place, so insertions and deletions are
/// visible: this noise is for substitutions only.
#[derive(Clone, Debug)]
pub struct Masking {
    lexicon: Arc<Lexicon>,
    rate: Rate,
}

impl Masking {
    /// Every word is masked at `rate`.
    ///
    /// # Errors
    /// [`PerturbError::Parameter`] if the rate is zero: without noise nothing can be certified.
    pub fn new(lexicon: Arc<Lexicon>, rate: Rate) -> Result<Self, PerturbError> {
        if rate == Rate::NEVER {
            return Err(PerturbError::parameter(
                "masking rate",
                "0",
                "a rate above 0, since without noise nothing can be certified",
            ));
        }
        Ok(Self { lexicon, rate })
    }

    /// The rate `ω` at which a word is masked.
    #[must_use]
    pub const fn rate(&self) -> Rate {
        self.rate
    }

    /// The lexicon whose words this is about.
    #[must_use]
    pub const fn lexicon(&self) -> &Arc<Lexicon> {
        &self.lexicon
    }
}

impl Noise for Masking {
    type Input = [WordId];
    type Sample = Vec<WordId>;

    fn sample(&self, input: &[WordId], rng: &mut dyn Rng) -> Vec<WordId> {
        let mut out = Vec::with_capacity(input.len());
        for block in input.chunks(BLOCK) {
            let masked = bernoulli::word(self.rate, rng);
            out.extend(
                block
                    .iter()
                    .enumerate()
                    .map(|(lane, &word)| if masked >> lane & 1 == 1 { WordId::MASK } else { word }),
            );
        }
        out
    }

    /// The rate, then the words in order.
    fn law(&self, input: &[WordId]) -> Option<Law> {
        let hashes = self.lexicon.content_hashes(input)?;
        Some(Law::new("masking", std::iter::once(self.rate.numerator().into()).chain(hashes)))
    }
}
