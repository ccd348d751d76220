//! [`Masking`]: words are replaced by a mask, so that positions stay visible.

use super::draw::BLOCK;
use crate::{Lexicon, PerturbError, WordId};
use std::sync::Arc;
use steadfast_certify::{Noise, NoiseFingerprint, Rate, noise::bernoulli, rand_core::Rng};

/// Each word becomes [`WordId::MASK`] independently, at the rate `ω`; the length stays.
///
/// Rates are multiples of 2⁻³² and drawn exactly, 64 words at a time. Each word keeps its position, so insertions and
/// deletions are visible: this noise is for substitutions only.
///
/// ```
/// use std::sync::Arc;
/// use steadfast_certify::{Noise, Rate, seed};
/// use steadfast_perturb::{Lexicon, Masking, Tokenizer, WordId};
///
/// let lexicon = Arc::new(Lexicon::new());
/// let text = Tokenizer::words().tokenize(&lexicon, "a film of rare charm");
/// let noise = Masking::new(lexicon, Rate::new(0.5)?)?;
/// let mut rng = seed::generator(1, seed::Phase::Estimation, 0, 0, seed::Purpose::Noise);
/// let noisy = noise.sample(&text, &mut rng);
/// assert!(noisy.iter().zip(&text).all(|(noisy, word)| noisy == word || *noisy == WordId::MASK));
/// # Ok::<(), steadfast_perturb::PerturbError>(())
/// ```
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

    /// The lexicon of the noise.
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
    fn fingerprint(&self, input: &[WordId]) -> Option<NoiseFingerprint> {
        let hashes = self.lexicon.content_hashes(input)?;
        Some(NoiseFingerprint::new("masking", std::iter::once(self.rate.numerator().into()).chain(hashes)))
    }
}

/// The rate of a [`Masking`]: plain data that can be read and written without a lexicon.
///
/// ```
/// use std::sync::Arc;
/// use steadfast_certify::Rate;
/// use steadfast_perturb::{Lexicon, MaskingRate};
///
/// let noise = MaskingRate::new(Rate::new(0.5)?).into_noise(Arc::new(Lexicon::new()))?;
/// assert_eq!(MaskingRate::from(&noise).rate, noise.rate());
/// # Ok::<(), steadfast_perturb::PerturbError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct MaskingRate {
    /// The rate at which a word is masked.
    pub rate: Rate,
}

impl MaskingRate {
    /// Every word is masked at `rate`.
    #[must_use]
    pub const fn new(rate: Rate) -> Self {
        Self { rate }
    }

    /// The noise with this rate.
    ///
    /// # Errors
    /// [`PerturbError::Parameter`] if the rate is zero.
    pub fn into_noise(self, lexicon: Arc<Lexicon>) -> Result<Masking, PerturbError> {
        Masking::new(lexicon, self.rate)
    }
}

impl From<&Masking> for MaskingRate {
    fn from(noise: &Masking) -> Self {
        Self::new(noise.rate)
    }
}
