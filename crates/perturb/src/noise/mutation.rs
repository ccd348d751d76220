//! [`Mutation`]: random edits, to search for texts on which a classifier changes its answer.
//!
//! A number of edits one after the other, each a deletion, insertion, substitution or transposition of neighbors with given
//! weights: the set M of fuzzed randomized smoothing (FRS, ICLR 2025). The result lies at most that many edits away in
//! Damerau–Levenshtein distance. Its law is not computed, so no certificate accepts votes on mutated texts.

use super::{
    Substitution,
    draw::{below, position},
};
use crate::{EditOp, EditScript, PerturbError, WordId};
use std::{fmt, sync::Arc};
use steadfast_certify::{EditKind, Noise, rand_core::Rng};

/// Relative probabilities of the four kinds of edits; equal by default. A kind of weight 0 never occurs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MutationWeights {
    /// A word is deleted.
    pub deletion: u32,
    /// A word is inserted.
    pub insertion: u32,
    /// A word is replaced.
    pub substitution: u32,
    /// Two neighboring words are transposed.
    pub transposition: u32,
}

impl Default for MutationWeights {
    fn default() -> Self {
        Self { deletion: 1, insertion: 1, substitution: 1, transposition: 1 }
    }
}

impl MutationWeights {
    /// Equal weights for these kinds and 0 for the others; a kind that is named twice has twice the weight.
    ///
    /// ```
    /// use steadfast_certify::EditKind;
    /// use steadfast_perturb::MutationWeights;
    ///
    /// let weights = MutationWeights::only(&[EditKind::Deletion, EditKind::Substitution]);
    /// assert_eq!((weights.deletion, weights.insertion), (1, 0));
    /// ```
    #[must_use]
    pub fn only(kinds: &[EditKind]) -> Self {
        let weight = |kind| kinds.iter().filter(|&&named| named == kind).count() as u32;
        Self {
            deletion: weight(EditKind::Deletion),
            insertion: weight(EditKind::Insertion),
            substitution: weight(EditKind::Substitution),
            transposition: weight(EditKind::Transposition),
        }
    }

    /// Refuses weights that are all zero.
    pub(super) fn check(self) -> Result<(), PerturbError> {
        if self == (Self { deletion: 0, insertion: 0, substitution: 0, transposition: 0 }) {
            return Err(PerturbError::parameter(
                "weights of the kinds of edits",
                "all 0",
                "at least one above 0",
            ));
        }
        Ok(())
    }

    /// A random kind among those that are possible in a text of `words` words; `None` if there is none.
    pub(super) fn draw(self, words: usize, rng: &mut dyn Rng) -> Option<EditKind> {
        let possible = |weight: u32, least: usize| if words >= least { u64::from(weight) } else { 0 };
        let deletion = possible(self.deletion, 1);
        let substitution = deletion + possible(self.substitution, 1);
        let transposition = substitution + possible(self.transposition, 2);
        let total = transposition + u64::from(self.insertion);
        if total == 0 {
            return None;
        }
        let kind = below(total, rng);
        Some(if kind < deletion {
            EditKind::Deletion
        } else if kind < substitution {
            EditKind::Substitution
        } else if kind < transposition {
            EditKind::Transposition
        } else {
            EditKind::Insertion
        })
    }
}

/// The source of new words. Closures with the same signature implement it, a synonym function for instance.
pub trait Replacements: Send + Sync {
    /// A replacement of `original`, or a word to insert if that is `None`; `None` if there is no such word.
    fn draw(&self, original: Option<WordId>, rng: &mut dyn Rng) -> Option<WordId>;
}

impl<F: Fn(Option<WordId>, &mut dyn Rng) -> Option<WordId> + Send + Sync> Replacements for F {
    fn draw(&self, original: Option<WordId>, rng: &mut dyn Rng) -> Option<WordId> {
        self(original, rng)
    }
}

/// Words of a list, each entry equally likely.
///
/// ```
/// use steadfast_certify::seed;
/// use steadfast_perturb::{Replacements, WordId, WordList};
///
/// let words = WordList::new(vec![WordId::from_index(7)]);
/// let mut rng = seed::generator(1, seed::Phase::Training, 0, 0, seed::Purpose::Noise);
/// assert_eq!(words.draw(None, &mut rng), Some(WordId::from_index(7)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordList(Vec<WordId>);

impl WordList {
    /// The words of a list; an empty list replaces nothing.
    #[must_use]
    pub const fn new(words: Vec<WordId>) -> Self {
        Self(words)
    }
}

impl Replacements for WordList {
    fn draw(&self, _: Option<WordId>, rng: &mut dyn Rng) -> Option<WordId> {
        if self.0.is_empty() { None } else { self.0.get(position(self.0.len(), rng)).copied() }
    }
}

/// Words in proportion to their frequency in given texts.
///
/// ```
/// use steadfast_certify::seed;
/// use steadfast_perturb::{Frequencies, Lexicon, Replacements, Tokenizer};
///
/// let lexicon = Lexicon::new();
/// let text = Tokenizer::words().tokenize(&lexicon, "dull, dull, dull");
/// let words = Frequencies::of([&text[..]]);
/// let mut rng = seed::generator(1, seed::Phase::Training, 0, 0, seed::Purpose::Noise);
/// assert!(words.draw(None, &mut rng).is_some_and(|word| text.contains(&word)));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frequencies {
    words: Vec<WordId>,
    /// Occurrences of the words up to and including each.
    cumulative: Vec<u64>,
}

impl Frequencies {
    /// The words of `texts`, in proportion to their occurrences; no words if there are no texts.
    #[must_use]
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a [WordId]>) -> Self {
        let mut sorted: Vec<WordId> = texts.into_iter().flatten().copied().collect();
        sorted.sort_unstable();
        let runs = || sorted.chunk_by(|a, b| a == b);
        let words = runs().filter_map(|run| run.first().copied()).collect();
        let cumulative = runs()
            .scan(0, |sum, run| {
                *sum += run.len() as u64;
                Some(*sum)
            })
            .collect();
        Self { words, cumulative }
    }
}

impl Replacements for Frequencies {
    fn draw(&self, _: Option<WordId>, rng: &mut dyn Rng) -> Option<WordId> {
        let occurrence = below(*self.cumulative.last()?, rng);
        self.words.get(self.cumulative.partition_point(|&sum| sum <= occurrence)).copied()
    }
}

/// A draw from the row of the original; `None` for words without a row and for insertions.
impl Replacements for Substitution {
    fn draw(&self, original: Option<WordId>, rng: &mut dyn Rng) -> Option<WordId> {
        let word = original?;
        self.weights(word)?;
        Some(self.replacement(word, rng.next_u32()))
    }
}

/// A number of random edits; it has no law.
///
/// Only possible kinds are drawn: words can only be inserted into the empty text, and a single word has no neighbor. An
/// insertion asks the source for a word to insert and, if there is none, for a replacement of a random word of the text. An
/// edit for which the source has no word, or that would change nothing, is skipped, so the requested number is an upper
/// bound.
///
/// ```
/// use steadfast_certify::seed;
/// use steadfast_perturb::{Lexicon, Mutation, MutationWeights, Tokenizer, WordList, edit::damerau_levenshtein};
///
/// let lexicon = Lexicon::new();
/// let text = Tokenizer::words().tokenize(&lexicon, "a film of rare charm");
/// let words = WordList::new(vec![lexicon.intern("dull")]);
/// let mutation = Mutation::new(2, MutationWeights::default(), words)?;
/// let mut rng = seed::generator(1, seed::Phase::Training, 0, 0, seed::Purpose::Noise);
/// let (mutated, script) = mutation.mutate(&text, &mut rng);
/// assert_eq!(script.apply(&text)?, mutated);
/// assert!(damerau_levenshtein(&text, &mutated) <= 2);
/// # Ok::<(), steadfast_perturb::PerturbError>(())
/// ```
#[derive(Clone)]
pub struct Mutation {
    count: u32,
    weights: MutationWeights,
    replacements: Arc<dyn Replacements>,
}

impl Mutation {
    /// `count` edits of the kinds in `weights`, with new words from `replacements`.
    ///
    /// # Errors
    /// [`PerturbError::Parameter`] if all weights are zero.
    pub fn new(
        count: u32,
        weights: MutationWeights,
        replacements: impl Replacements + 'static,
    ) -> Result<Self, PerturbError> {
        weights.check()?;
        Ok(Self { count, weights, replacements: Arc::new(replacements) })
    }

    /// A mutated text and the edits that lead to it.
    pub fn mutate(&self, text: &[WordId], rng: &mut dyn Rng) -> (Vec<WordId>, EditScript<WordId>) {
        let mut mutated = text.to_vec();
        let edits = (0..self.count).filter_map(|_| self.step(&mut mutated, rng)).collect();
        (mutated, edits)
    }

    /// One edit, unless it is skipped.
    fn step(&self, text: &mut Vec<WordId>, rng: &mut dyn Rng) -> Option<EditOp<WordId>> {
        match self.weights.draw(text.len(), rng)? {
            EditKind::Deletion => {
                let position = position(text.len(), rng);
                Some(EditOp::Delete { position, token: text.remove(position) })
            }
            EditKind::Substitution => {
                let position = position(text.len(), rng);
                let slot = text.get_mut(position)?;
                let to = self.replacements.draw(Some(*slot), rng).filter(|to| to != slot)?;
                Some(EditOp::Substitute { position, from: std::mem::replace(slot, to), to })
            }
            EditKind::Transposition => {
                let position = position(text.len() - 1, rng);
                match text.get_mut(position..)? {
                    [first, second, ..] if first != second => std::mem::swap(first, second),
                    _ => return None,
                }
                Some(EditOp::Transpose { position })
            }
            EditKind::Insertion => {
                let place = position(text.len() + 1, rng);
                let token = self.replacements.draw(None, rng).or_else(|| {
                    let neighbor = text.get(position(text.len().max(1), rng)).copied()?;
                    self.replacements.draw(Some(neighbor), rng)
                })?;
                text.insert(place, token);
                Some(EditOp::Insert { position: place, token })
            }
        }
    }
}

impl Noise for Mutation {
    type Input = [WordId];
    type Sample = Vec<WordId>;

    fn sample(&self, input: &[WordId], rng: &mut dyn Rng) -> Vec<WordId> {
        self.mutate(input, rng).0
    }
}

impl fmt::Debug for Mutation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mutation")
            .field("count", &self.count)
            .field("weights", &self.weights)
            .finish_non_exhaustive()
    }
}
