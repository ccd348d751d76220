//! [`Deletion`]: words that vanish, without leaving a gap.
//!
//! Each token of the text is deleted independently of the others; a word `w` at the rate `δ(w)`, which depends on the word
//! alone, not on its place, its neighbors or the length of the text, and is fixed before any text is certified. The
//! classifier sees what is kept, in order. The empty text is a text: it is kept, not drawn again.
//!
//! Rates are multiples of 2⁻³². One rate for all words is drawn 64 words at a time
//! ([`bernoulli`](steadfast_certify::noise::bernoulli)); rates per word by comparing one 32-bit number per word with the rate's
//! numerator. Both are exact.
//!
//! The noise behind edit certificates: Huang et al., RS-Del, `NeurIPS` 2023, <https://arxiv.org/abs/2302.01757>.

use super::draw::{BLOCK, Numbers, keep, lanes};
use crate::{Lexicon, PerturbError, WordId};
use std::sync::Arc;
use steadfast_certify::{Law, Noise, Rate, noise::bernoulli, rand_core::Rng};

/// Each word is deleted independently, at one rate or at a rate of its own; what is kept stands side by side, in order.
///
/// A rate belongs to a word, not to a place, a neighbor or the length of the text, and is fixed before any text is
/// certified. The empty text may come out and is then the sample; a classifier needs a fixed answer to it. Rates are multiples
/// of 2⁻³² and drawn exactly.
///
/// ```
/// use std::sync::Arc;
/// use steadfast_certify::{Noise, Rate, seed};
/// use steadfast_perturb::{Deletion, Lexicon, Tokenizer};
///
/// let lexicon = Arc::new(Lexicon::new());
/// let text = Tokenizer::words().tokenize(&lexicon, "a film of rare charm");
/// let noise = Deletion::uniform(Arc::clone(&lexicon), Rate::new(0.5)?)?;
/// let mut rng = seed::generator(1, seed::Phase::Estimation, 0, 0, seed::Purpose::Noise);
/// let noisy = noise.sample(&text, &mut rng);
/// assert!(noisy.len() <= text.len());
/// # Ok::<(), steadfast_perturb::PerturbError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Deletion {
    lexicon: Arc<Lexicon>,
    default: Rate,
    /// Rates by word id; words past the end have the default rate. Empty if there is one rate for all words.
    rates: Vec<Rate>,
    /// The fingerprint of all rates, by words.
    parameters: u64,
}

impl Deletion {
    /// Every word is deleted at the rate `δ`.
    ///
    /// # Errors
    /// [`PerturbError::Parameter`] if the rate is zero: without noise nothing can be certified.
    pub fn uniform(lexicon: Arc<Lexicon>, rate: Rate) -> Result<Self, PerturbError> {
        Self::per_word(lexicon, rate, [])
    }

    /// The given words are deleted at their own rates, all others, unseen ones included, at the rate `default`.
    ///
    /// A rate of zero ([`Rate::NEVER`]) keeps a word always.
    ///
    /// # Errors
    /// [`PerturbError::Parameter`] if a word is given twice with different rates, is not of this lexicon, or if all rates are zero.
    pub fn per_word(
        lexicon: Arc<Lexicon>,
        default: Rate,
        rates: impl IntoIterator<Item = (WordId, Rate)>,
    ) -> Result<Self, PerturbError> {
        let known = lexicon.len();
        let mut table: Vec<Option<Rate>> = Vec::new();
        for (word, rate) in rates {
            let index = word.index() as usize;
            if index >= known {
                return Err(PerturbError::parameter(
                    "word with a rate of its own",
                    format_args!("id {index}"),
                    "a word of the noise's lexicon",
                ));
            }
            if table.len() <= index {
                table.resize(index + 1, None);
            }
            if let Some(entry) = table.get_mut(index) {
                if entry.is_some_and(|before| before != rate) {
                    return Err(PerturbError::parameter(
                        "rates of words",
                        format_args!("two rates for {:?}", lexicon.word(word).unwrap_or_default()),
                        "one rate for each word",
                    ));
                }
                *entry = Some(rate);
            }
        }
        if default == Rate::NEVER && table.iter().flatten().all(|&rate| rate == Rate::NEVER) {
            return Err(PerturbError::parameter(
                "deletion rates",
                "0 for every word",
                "at least one rate above 0, since without noise nothing can be certified",
            ));
        }
        let same = table.iter().flatten().all(|&rate| rate == default);
        let rates: Vec<Rate> =
            if same { Vec::new() } else { table.into_iter().map(|rate| rate.unwrap_or(default)).collect() };
        let own = (0..).zip(&rates).filter(|&(_, &rate)| rate != default);
        let mut own: Vec<[u64; 2]> = own
            .filter_map(|(index, rate)| {
                Some([lexicon.content_hash(WordId::from_index(index))?, rate.numerator().into()])
            })
            .collect();
        own.sort_unstable();
        let numbers = std::iter::once(default.numerator().into()).chain(own.into_iter().flatten());
        let parameters = Law::new("rates", numbers).fingerprint();
        Ok(Self { lexicon, default, rates, parameters })
    }

    /// The rate `δ(w)` at which `word` is deleted.
    #[must_use]
    pub fn rate(&self, word: WordId) -> Rate {
        self.rates.get(word.index() as usize).copied().unwrap_or(self.default)
    }

    /// The rates of the tokens of a text, in order.
    #[must_use]
    pub fn rates<'a>(&'a self, text: &'a [WordId]) -> impl ExactSizeIterator<Item = Rate> + 'a {
        text.iter().map(|&word| self.rate(word))
    }

    /// The rate of all words without a rate of their own, those that were never seen included.
    #[must_use]
    pub const fn default_rate(&self) -> Rate {
        self.default
    }

    /// The smallest rate of any word, those that were never seen included.
    #[must_use]
    pub fn smallest_rate(&self) -> Rate {
        self.rates.iter().copied().fold(self.default, Rate::min)
    }

    /// The rate `δ`, if all words share it.
    #[must_use]
    pub fn uniform_rate(&self) -> Option<Rate> {
        self.rates.is_empty().then_some(self.default)
    }

    /// The lexicon whose words this is about.
    #[must_use]
    pub const fn lexicon(&self) -> &Arc<Lexicon> {
        &self.lexicon
    }
}

impl Noise for Deletion {
    type Input = [WordId];
    type Sample = Vec<WordId>;

    fn sample(&self, input: &[WordId], rng: &mut dyn Rng) -> Vec<WordId> {
        let mut out = Vec::new();
        let mut numbers = Numbers::new();
        for block in input.chunks(BLOCK) {
            let deleted = if self.rates.is_empty() {
                bernoulli::word(self.default, rng)
            } else {
                numbers
                    .draw(block.len(), rng)
                    .zip(self.rates(block))
                    .enumerate()
                    .fold(0, |word, (lane, (number, rate))| {
                        word | u64::from(number < rate.numerator()) << lane
                    })
            };
            let kept = !deleted & lanes(block.len());
            // Exact for a text of one block, so that remembered samples waste nothing.
            out.reserve(kept.count_ones() as usize);
            keep(block, kept, &mut out);
        }
        out
    }

    /// All rates, those of words that the text does not hold included, since an attacker may put such words in; then the
    /// words in order.
    fn law(&self, input: &[WordId]) -> Option<Law> {
        let hashes = self.lexicon.content_hashes(input)?;
        Some(Law::new("deletion", std::iter::once(self.parameters).chain(hashes)))
    }
}
