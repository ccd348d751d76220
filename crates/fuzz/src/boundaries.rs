//! [`Boundaries`]: where a text falls into parts.

use std::{collections::HashSet, ops::Range};
use steadfast_perturb::{Lexicon, WordId};

/// Marks that end a part.
const PUNCTUATION: &[&str] =
    &[".", ",", ";", ":", "!", "?", "…", "-", "–", "—", ")", "]", "(", "[", "\"", "“", "”"];

/// English words that begin a clause.
const CLAUSE_WORDS: &[&str] = &[
    "after", "although", "and", "as", "because", "before", "but", "if", "or", "since", "so", "than", "that",
    "though", "unless", "until", "when", "where", "whether", "which", "while", "who", "whose", "yet",
];

/// Words at which a segment is split: behind punctuation, and before a word that begins a clause.
///
/// A segment is split in two (FRS, Eq. 7), at the boundary that is nearest to its middle. Boundaries that would leave
/// less than a quarter of the words on one side are passed over, so that a segment of `n` words is down to single
/// words after `O(log n)` splits; where none is left, the segment is halved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Boundaries {
    behind: HashSet<WordId>,
    before: HashSet<WordId>,
}

impl Boundaries {
    /// Common punctuation, and English words that begin a clause, in lower case. They become words of the lexicon.
    #[must_use]
    pub fn english(lexicon: &Lexicon) -> Self {
        Self::new(lexicon, PUNCTUATION, CLAUSE_WORDS)
    }

    /// Splits behind words of the first list and before words of the second. They become words of the lexicon.
    #[must_use]
    pub fn new(lexicon: &Lexicon, behind: &[&str], before: &[&str]) -> Self {
        let ids = |words: &[&str]| words.iter().map(|word| lexicon.intern(word)).collect();
        Self { behind: ids(behind), before: ids(before) }
    }

    /// No boundaries: segments are halved.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// For each word of a text, whether a part begins with it.
    pub(crate) fn starts(&self, text: &[WordId]) -> Vec<bool> {
        let mut ended = false;
        text.iter()
            .map(|word| {
                std::mem::replace(&mut ended, self.behind.contains(word)) || self.before.contains(word)
            })
            .collect()
    }
}

/// Where a segment of at least two words is split: the position of the second part's first word.
pub(crate) fn split(segment: &Range<usize>, starts: &[bool]) -> usize {
    let middle = segment.start + segment.len() / 2;
    let least = segment.len().div_ceil(4);
    (segment.start + least..=segment.end - least)
        .filter(|&position| starts.get(position) == Some(&true))
        .min_by_key(|position| position.abs_diff(middle))
        .unwrap_or(middle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use steadfast_perturb::Tokenizer;

    fn parts(text: &str) -> (String, String) {
        let lexicon = Lexicon::new();
        let words = Tokenizer::words().tokenize(&lexicon, text);
        let starts = Boundaries::english(&lexicon).starts(&words);
        let position = split(&(0..words.len()), &starts);
        (lexicon.detokenize(&words[..position]), lexicon.detokenize(&words[position..]))
    }

    #[test]
    fn splits_behind_punctuation_and_before_clauses() {
        assert_eq!(parts("a slow start , a fine end").1, "a fine end");
        assert_eq!(parts("a film of charm that nobody saw").1, "that nobody saw");
        // A boundary at the very end would leave next to nothing on one side.
        assert_eq!(parts("it is a very fine film .").1, "very fine film .");
        assert_eq!(parts("fine film"), ("fine".to_owned(), "film".to_owned()));
        // The nearest to the middle.
        assert_eq!(parts("one , two three , four five six seven").1, "four five six seven");
    }

    #[test]
    fn both_sides_have_words() {
        for length in 2..40 {
            for starts in [vec![false; 50], vec![true; 50]] {
                let position = split(&(3..3 + length), &starts);
                let least = length / 4;
                assert!(position > 3 && position < 3 + length);
                assert!(position - 3 >= least && 3 + length - position >= least);
            }
        }
    }
}
