//! [`Substitution`]: each word is replaced by a draw from its row.
//!
//! The word `w` becomes `v` with probability `π_w(v)`, independently at each position; `π_w` is a row of integer weights that sum
//! to 2³², so that the sampler (one 32-bit draw per word) and a certificate use the same numbers. A word without a row is
//! never replaced. Each row also holds the set `A(w)` of the words that an attacker may substitute for `w`.
//!
//! Ye, Gong and Liu, SAFER, ACL 2020, <https://doi.org/10.18653/v1/2020.acl-main.317>.
#![expect(
    clippy::indexing_slicing,
    reason = "slots hold row indices, and alias tables lie inside the buckets"
)]

use super::{
    alias::{Bucket, TOTAL, append, pick, shift},
    draw::{BLOCK, Numbers},
};
use crate::{Lexicon, PerturbError, WordId};
use std::sync::Arc;
use steadfast_certify::{Fingerprint, Noise, NoiseFingerprint, rand_core::Rng};

/// The replacements of one word: candidates with integer weights that sum to 2³².
///
/// ```
/// use std::sync::Arc;
/// use steadfast_perturb::{Lexicon, Row, Substitution};
///
/// let lexicon = Arc::new(Lexicon::new());
/// let [good, fine, great] = ["good", "fine", "great"].map(|word| lexicon.intern(word));
/// // "good" always becomes "fine"; the attacker may replace it by "great" only.
/// let row = Row::new(good, [(fine, 1 << 32)]).allowing([great]);
/// let noise = Substitution::new(lexicon, [row])?;
/// assert_eq!(noise.allowed(good), Some(&[great][..]));
/// # Ok::<(), steadfast_perturb::PerturbError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Row {
    word: WordId,
    weights: Vec<(WordId, u64)>,
    allowed: Option<Vec<WordId>>,
}

impl Row {
    /// The row of `word`; the word itself is a candidate only if it is among them.
    ///
    /// A candidate of weight 0 is never drawn, but the attacker may use it.
    pub fn new(word: WordId, weights: impl IntoIterator<Item = (WordId, u64)>) -> Self {
        Self { word, weights: weights.into_iter().collect(), allowed: None }
    }

    /// Sets the words `A(w)` that an attacker may substitute; by default these are the candidates.
    pub fn allowing(self, words: impl IntoIterator<Item = WordId>) -> Self {
        Self { allowed: Some(words.into_iter().collect()), ..self }
    }
}

/// Each word is replaced by a draw from its row; words without a row are never replaced.
///
/// ```
/// use std::sync::Arc;
/// use steadfast_certify::{Noise, seed};
/// use steadfast_perturb::{Lexicon, Row, Substitution};
///
/// let lexicon = Arc::new(Lexicon::new());
/// let [good, fine, film] = ["good", "fine", "film"].map(|word| lexicon.intern(word));
/// // Three quarters and one quarter of 2³².
/// let row = Row::new(good, [(good, 3 << 30), (fine, 1 << 30)]);
/// let noise = Substitution::new(lexicon, [row])?;
/// let mut rng = seed::generator(1, seed::Phase::Estimation, 0, 0, seed::Purpose::Noise);
/// let noisy = noise.sample(&[good, film], &mut rng);
/// assert!(noisy == [good, film] || noisy == [fine, film]);
/// assert_eq!(noise.overlap(good, fine), 1 << 30);
/// # Ok::<(), steadfast_perturb::PerturbError>(())
/// ```
#[derive(Clone)]
pub struct Substitution {
    lexicon: Arc<Lexicon>,
    /// By word id; words past the end have no row.
    slots: Vec<Slot>,
    buckets: Vec<Bucket>,
    rows: Vec<Stored>,
    /// The fingerprint of all rows, by words.
    parameters: u64,
}

/// Where a word's alias table and row are. Kept small, since a sample looks one up for each word.
#[derive(Clone, Copy)]
struct Slot {
    start: u32,
    shift: u32,
    row: u32,
}

impl Slot {
    /// A word without a row.
    const NONE: Self = Self { start: 0, shift: 0, row: u32::MAX };
}

#[derive(Clone)]
struct Stored {
    /// Sorted by word id.
    weights: Box<[(WordId, u64)]>,
    /// Sorted by word id.
    allowed: Box<[WordId]>,
    /// The fingerprint of the distribution, by words.
    fingerprint: u64,
}

impl Substitution {
    /// The noise with these rows.
    ///
    /// # Errors
    /// [`PerturbError::Parameter`] if the weights of a row do not sum to exactly 2³², a row names a candidate twice, a word has
    /// two rows, or a word is not in this lexicon.
    pub fn new(lexicon: Arc<Lexicon>, rows: impl IntoIterator<Item = Row>) -> Result<Self, PerturbError> {
        let mut table =
            Self { lexicon, slots: Vec::new(), buckets: Vec::new(), rows: Vec::new(), parameters: 0 };
        for row in rows {
            table.insert(row)?;
        }
        let words = table.words();
        let hashes = table.lexicon.content_hashes(&words).unwrap_or_default();
        let rows = hashes.into_iter().zip(&table.rows).map(|(hash, row)| (hash, row.fingerprint));
        // A row that always keeps its word is equivalent to no row.
        let mut rows: Vec<_> = rows.filter(|&(hash, row)| row != fingerprint([(hash, TOTAL)])).collect();
        rows.sort_unstable();
        let numbers = rows.into_iter().flat_map(|(hash, row)| [hash, row]);
        table.parameters = Fingerprint::new("rows", numbers).value();
        Ok(table)
    }

    fn insert(&mut self, row: Row) -> Result<(), PerturbError> {
        let Row { word, mut weights, allowed } = row;
        let shown = || self.lexicon.word(word).unwrap_or_default();
        weights.sort_unstable();
        if let Some(pair) = weights.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            let twice = self.lexicon.word(pair[0].0).unwrap_or_default();
            return Err(PerturbError::parameter(
                "candidates of a word",
                format_args!("{twice:?} twice for {:?}", shown()),
                "each candidate once",
            ));
        }
        let sum: u128 = weights.iter().map(|&(_, weight)| u128::from(weight)).sum();
        if sum != u128::from(TOTAL) {
            return Err(PerturbError::parameter(
                "weights of a word's candidates",
                format_args!("a sum of {sum} for {:?}", shown()),
                "a sum of exactly 2³² = 4294967296",
            ));
        }
        let mut allowed: Vec<WordId> =
            allowed.unwrap_or_else(|| weights.iter().map(|&(candidate, _)| candidate).collect());
        allowed.sort_unstable();
        allowed.dedup();
        let candidates: Vec<WordId> = weights.iter().map(|&(candidate, _)| candidate).collect();
        let known = self.lexicon.len();
        let is_foreign = |word: &&WordId| word.index() as usize >= known;
        let mut named = std::iter::once(&word).chain(&candidates).chain(&allowed);
        let (None, Some(hashes)) = (named.find(is_foreign), self.lexicon.content_hashes(&candidates)) else {
            return Err(PerturbError::parameter(
                "words of a row",
                format_args!("an id of another lexicon in the row of {:?}", shown()),
                "words of the noise's lexicon",
            ));
        };
        let index = word.index() as usize;
        if self.slots.get(index).is_some_and(|slot| slot.row != u32::MAX) {
            return Err(PerturbError::parameter(
                "rows",
                format_args!("two for {:?}", shown()),
                "one row for each word",
            ));
        }
        let (start, row) = (u32::try_from(self.buckets.len()), u32::try_from(self.rows.len()));
        let (Ok(start), Ok(row)) = (start, row) else {
            return Err(PerturbError::parameter("rows", "more than 2³² candidates", "a smaller table"));
        };
        if self.slots.len() <= index {
            self.slots.resize(index + 1, Slot::NONE);
        }
        self.slots[index] = Slot { start, shift: shift(append(&weights, &mut self.buckets)), row };
        let fingerprint = fingerprint(hashes.into_iter().zip(weights.iter().map(|&(_, weight)| weight)));
        self.rows.push(Stored { weights: weights.into(), allowed: allowed.into(), fingerprint });
        Ok(())
    }

    /// The row of `word`: candidates and their weights in units of 2⁻³², sorted by word id. `None` for a word without a row,
    /// which is never replaced.
    #[must_use]
    pub fn weights(&self, word: WordId) -> Option<&[(WordId, u64)]> {
        self.row(word).map(|row| &*row.weights)
    }

    /// The words `A(w)` that an attacker may substitute for `word`, sorted by word id. `None` for a word without a row, which
    /// has no replacement: `A(w) = {w}`.
    #[must_use]
    pub fn allowed(&self, word: WordId) -> Option<&[WordId]> {
        self.row(word).map(|row| &*row.allowed)
    }

    /// The overlap `Σ_v min(π_a(v), π_b(v))` of the laws of two words, in units of 2⁻³²: exact.
    #[must_use]
    pub fn overlap(&self, a: WordId, b: WordId) -> u64 {
        let (alone_a, alone_b) = ([(a, TOTAL)], [(b, TOTAL)]);
        let mut others = self.weights(b).unwrap_or(&alone_b).iter().peekable();
        let mut overlap = 0;
        for &(candidate, weight) in self.weights(a).unwrap_or(&alone_a) {
            while others.next_if(|other| other.0 < candidate).is_some() {}
            if let Some(&(_, other)) = others.next_if(|other| other.0 == candidate) {
                overlap += weight.min(other);
            }
        }
        overlap
    }

    /// The words that have a row, in the order in which the rows were given.
    #[must_use]
    pub fn words(&self) -> Vec<WordId> {
        let mut words: Vec<(u32, WordId)> = (0..)
            .zip(&self.slots)
            .filter(|(_, slot)| slot.row != u32::MAX)
            .map(|(index, slot)| (slot.row, WordId::from_index(index)))
            .collect();
        words.sort_unstable();
        words.into_iter().map(|(_, word)| word).collect()
    }

    /// The lexicon of the noise.
    #[must_use]
    pub const fn lexicon(&self) -> &Arc<Lexicon> {
        &self.lexicon
    }

    fn row(&self, word: WordId) -> Option<&Stored> {
        self.slots.get(word.index() as usize).and_then(|slot| self.rows.get(slot.row as usize))
    }

    /// The replacement of `word` that the uniform number `draw` selects.
    #[inline]
    pub(super) fn replacement(&self, word: WordId, draw: u32) -> WordId {
        match self.slots.get(word.index() as usize) {
            Some(slot) if slot.row != u32::MAX => pick(&self.buckets, slot.start, slot.shift, draw),
            _ => word,
        }
    }
}

/// The fingerprint of a distribution over words, independent of their order.
fn fingerprint(weights: impl IntoIterator<Item = (u64, u64)>) -> u64 {
    let mut weights: Vec<(u64, u64)> = weights.into_iter().filter(|&(_, weight)| weight > 0).collect();
    weights.sort_unstable();
    Fingerprint::new("row", weights.into_iter().flat_map(|(hash, weight)| [hash, weight])).value()
}

impl Noise for Substitution {
    type Input = [WordId];
    type Sample = Vec<WordId>;

    fn sample(&self, input: &[WordId], rng: &mut dyn Rng) -> Vec<WordId> {
        let mut out = Vec::with_capacity(input.len());
        let mut numbers = Numbers::new();
        for block in input.chunks(BLOCK) {
            let draws = numbers.draw(block.len(), rng);
            out.extend(block.iter().zip(draws).map(|(&word, draw)| self.replacement(word, draw)));
        }
        out
    }

    /// All rows, including those of words that the text does not contain, since an attacker may use such words; then the words
    /// in order.
    fn fingerprint(&self, input: &[WordId]) -> Option<NoiseFingerprint> {
        let hashes = self.lexicon.content_hashes(input)?;
        Some(NoiseFingerprint::new("substitution", std::iter::once(self.parameters).chain(hashes)))
    }
}

impl std::fmt::Debug for Substitution {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Substitution({} rows, {:?})", self.rows.len(), self.lexicon)
    }
}
