//! [`Deletion`]: words are deleted without leaving a gap.
//!
//! Each token of the text is deleted independently of the others. The rate `δ(w)` depends on the word alone, not on its
//! position, its neighbors or the length of the text, and is fixed before any text is certified. The classifier sees the
//! remaining words in order. The empty text is a valid sample; it is not drawn again.
//!
//! Rates are multiples of 2⁻³². One rate for all words is drawn 64 words at a time
//! ([`bernoulli`](steadfast_certify::noise::bernoulli)); rates per word by comparing one 32-bit number per word with the rate's
//! numerator. Both are exact.
//!
//! The noise behind edit certificates: Huang et al., RS-Del, `NeurIPS` 2023, <https://arxiv.org/abs/2302.01757>.

use super::draw::{BLOCK, Numbers, keep, lanes};
use crate::{Lexicon, PerturbError, WordId};
use std::{collections::BTreeMap, sync::Arc};
use steadfast_certify::{
    Bits, Fingerprint, Noise, NoiseFingerprint, Rate, RemovalNoise, noise::bernoulli, rand_core::Rng,
};

/// Each word is deleted independently, at one rate or at a rate of its own; the remaining words keep their order.
///
/// A rate belongs to a word, not to a position, a neighbor or the length of the text, and is fixed before any text is
/// certified. The empty text may be drawn and is then the sample; a classifier needs a fixed answer to it. Rates are multiples
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
///
/// // Nine of ten words are deleted, but "charm" only every second time.
/// let charm = lexicon.intern("charm");
/// let noise = Deletion::per_word(lexicon, [(charm, Rate::new(0.5)?)], Rate::new(0.9)?)?;
/// assert_eq!(noise.rate(charm).value(), 0.5);
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
        Self::per_word(lexicon, [], rate)
    }

    /// The given words are deleted at their own rates, all others, unseen ones included, at the rate `default`.
    ///
    /// A word of rate zero ([`Rate::NEVER`]) is always kept.
    ///
    /// # Errors
    /// [`PerturbError::Parameter`] if a word is given twice with different rates, is not in this lexicon or is the mask, and
    /// if all rates are zero.
    pub fn per_word(
        lexicon: Arc<Lexicon>,
        rates: impl IntoIterator<Item = (WordId, Rate)>,
        default: Rate,
    ) -> Result<Self, PerturbError> {
        let table = rate_table(&lexicon, rates)?;
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
        let parameters = Fingerprint::new("rates", numbers).value();
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

    /// All rates as plain data, by word: what a settings file holds.
    #[must_use]
    pub fn rates_by_word(&self) -> DeletionRates {
        let own = (0..).zip(&self.rates).filter(|&(_, &rate)| rate != self.default);
        let words = own.filter_map(|(index, &rate)| {
            Some((self.lexicon.word(WordId::from_index(index))?.as_ref().to_owned(), rate))
        });
        DeletionRates { default: self.default, words: words.collect() }
    }

    /// The rate of all words without a rate of their own, unseen ones included.
    #[must_use]
    pub const fn default_rate(&self) -> Rate {
        self.default
    }

    /// The smallest rate of any word, unseen ones included.
    #[must_use]
    pub fn smallest_rate(&self) -> Rate {
        self.rates.iter().copied().fold(self.default, Rate::min)
    }

    /// The rate `δ`, if all words share it.
    #[must_use]
    pub fn uniform_rate(&self) -> Option<Rate> {
        self.rates.is_empty().then_some(self.default)
    }

    /// The lexicon of the noise.
    #[must_use]
    pub const fn lexicon(&self) -> &Arc<Lexicon> {
        &self.lexicon
    }
}

/// The given rates by word id.
fn rate_table(
    lexicon: &Lexicon,
    rates: impl IntoIterator<Item = (WordId, Rate)>,
) -> Result<Vec<Option<Rate>>, PerturbError> {
    let known = lexicon.len();
    let mut table: Vec<Option<Rate>> = Vec::new();
    for (word, rate) in rates {
        let index = word.index() as usize;
        // The mask is no word, so a rate of it could not be written by word.
        if index >= known || word == WordId::MASK {
            return Err(PerturbError::parameter(
                "word with a rate of its own",
                if word == WordId::MASK { "the mask".to_owned() } else { format!("id {index}") },
                "a word of the noise's lexicon",
            ));
        }
        if table.len() <= index {
            table.resize(index + 1, None);
        }
        let Some(entry) = table.get_mut(index) else { continue };
        if entry.is_some_and(|before| before != rate) {
            return Err(PerturbError::parameter(
                "rates of words",
                format_args!("two rates for {:?}", lexicon.word(word).unwrap_or_default()),
                "one rate for each word",
            ));
        }
        *entry = Some(rate);
    }
    Ok(table)
}

impl Deletion {
    /// Draws which tokens of each block are kept.
    fn each_block(&self, input: &[WordId], rng: &mut dyn Rng, mut visit: impl FnMut(&[WordId], u64)) {
        let mut numbers = Numbers::new();
        for block in input.chunks(BLOCK) {
            let deleted = if self.rates.is_empty() {
                bernoulli::word(self.default, rng)
            } else {
                let drawn = numbers.draw(block.len(), rng).zip(self.rates(block));
                drawn.enumerate().fold(0, |word, (lane, (number, rate))| {
                    word | u64::from(number < rate.numerator()) << lane
                })
            };
            visit(block, !deleted & lanes(block.len()));
        }
    }
}

impl Noise for Deletion {
    type Input = [WordId];
    type Sample = Vec<WordId>;

    fn sample(&self, input: &[WordId], rng: &mut dyn Rng) -> Vec<WordId> {
        let mut out = Vec::new();
        self.each_block(input, rng, |block, kept| {
            // Exact for a text of one block, so that cached samples waste no memory.
            out.reserve(kept.count_ones() as usize);
            keep(block, kept, &mut out);
        });
        out
    }

    /// All rates, including those of words that the text does not contain, since an attacker may insert such words; then the
    /// words in order.
    fn fingerprint(&self, input: &[WordId]) -> Option<NoiseFingerprint> {
        let hashes = self.lexicon.content_hashes(input)?;
        Some(NoiseFingerprint::new("deletion", std::iter::once(self.parameters).chain(hashes)))
    }
}

impl RemovalNoise for Deletion {
    fn tokens(&self, input: &[WordId]) -> usize {
        input.len()
    }

    fn sample_with_removed(&self, input: &[WordId], rng: &mut dyn Rng) -> (Vec<WordId>, Bits) {
        let (mut out, mut removed) = (Vec::new(), Vec::with_capacity(input.len().div_ceil(BLOCK)));
        self.each_block(input, rng, |block, kept| {
            keep(block, kept, &mut out);
            removed.push(!kept & lanes(block.len()));
        });
        // A block of tokens is a word of 64 bits.
        (out, Bits::from_words(input.len(), removed).unwrap_or_default())
    }
}

/// The rates of a [`Deletion`] by word: plain data that can be read and written without a lexicon.
///
/// ```
/// use std::sync::Arc;
/// use steadfast_certify::Rate;
/// use steadfast_perturb::{DeletionRates, Lexicon};
///
/// let rates = DeletionRates::new(Rate::new(0.9)?, [("charm".to_owned(), Rate::new(0.5)?)]);
/// let noise = rates.clone().into_noise(Arc::new(Lexicon::new()))?;
/// assert_eq!(noise.rates_by_word(), rates);
/// # Ok::<(), steadfast_perturb::PerturbError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct DeletionRates {
    /// The rate of all words without a rate of their own.
    pub default: Rate,
    /// Words with a rate of their own. A word that is read twice is an error.
    #[cfg_attr(feature = "serde", serde(default, deserialize_with = "words_once"))]
    pub words: BTreeMap<String, Rate>,
}

impl DeletionRates {
    /// These words have their own rates, all others the rate `default`. Of a word that is given twice the last rate counts.
    pub fn new(default: Rate, words: impl IntoIterator<Item = (String, Rate)>) -> Self {
        Self { default, words: words.into_iter().collect() }
    }

    /// The noise with these rates; their words are interned in `lexicon`.
    ///
    /// # Errors
    /// [`PerturbError::Parameter`] if all rates are zero.
    pub fn into_noise(self, lexicon: Arc<Lexicon>) -> Result<Deletion, PerturbError> {
        let rates: Vec<(WordId, Rate)> =
            self.words.iter().map(|(word, &rate)| (lexicon.intern(word), rate)).collect();
        Deletion::per_word(lexicon, rates, self.default)
    }
}

/// Reads a map of rates by word and refuses repeated words, of which a plain map would keep the last.
#[cfg(feature = "serde")]
fn words_once<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Rate>, D::Error> {
    struct Words;

    impl<'de> serde::de::Visitor<'de> for Words {
        type Value = BTreeMap<String, Rate>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a map of rates by word")
        }

        fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut words = BTreeMap::new();
            while let Some((word, rate)) = map.next_entry::<String, Rate>()? {
                if words.contains_key(&word) {
                    return Err(serde::de::Error::custom(format_args!(
                        "two rates for {word:?}; expected one"
                    )));
                }
                words.insert(word, rate);
            }
            Ok(words)
        }
    }

    deserializer.deserialize_map(Words)
}
