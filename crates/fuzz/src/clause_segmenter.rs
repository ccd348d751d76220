//! [`ClauseSegmenter`]: where segments are split.

use std::{collections::HashSet, ops::Range};
use steadfast_perturb::{Lexicon, WordId};

/// Tokens that end a part.
const PUNCTUATION: &[&str] =
    &[".", ",", ";", ":", "!", "?", "…", "-", "–", "—", ")", "]", "(", "[", "\"", "“", "”"];

/// English words that begin a clause.
const CLAUSE_WORDS: &[&str] = &[
    "after", "although", "and", "as", "because", "before", "but", "if", "or", "since", "so", "than", "that",
    "though", "unless", "until", "when", "where", "whether", "which", "while", "who", "whose", "yet",
];

/// Splits segments at clauses: after punctuation, and before a word that begins a clause.
///
/// A segment is split in two (FRS, Eq. 7), at the clause boundary nearest to its middle. A boundary that would leave less
/// than a quarter of the words on one side is ignored, so that a segment of `n` words is down to single words after
/// `O(log n)` splits. Without a boundary the segment is halved.
///
/// ```
/// use std::sync::Arc;
/// use steadfast_fuzz::{ClauseSegmenter, Fuzzer, SearchSettings};
/// use steadfast_perturb::{Lexicon, MutationWeights, SegmentMutation, WordList};
///
/// let lexicon = Arc::new(Lexicon::new());
/// let words = WordList::new(vec![lexicon.intern("film")]);
/// let mutation = SegmentMutation::new(MutationWeights::default(), words)?;
/// let german = ClauseSegmenter::new(&lexicon, &[".", ","], &["und", "aber", "dass", "weil"]);
/// let fuzzer = Fuzzer::new(lexicon, mutation, SearchSettings::default())?.segmenter(german);
/// # Ok::<(), steadfast_fuzz::FuzzError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClauseSegmenter {
    after: HashSet<WordId>,
    before: HashSet<WordId>,
}

impl ClauseSegmenter {
    /// Splits at common punctuation and at lower-case English words that begin a clause. They are added to the lexicon.
    #[must_use]
    pub fn english(lexicon: &Lexicon) -> Self {
        Self::new(lexicon, PUNCTUATION, CLAUSE_WORDS)
    }

    /// Splits after words of the first list and before words of the second. They are added to the lexicon.
    #[must_use]
    pub fn new(lexicon: &Lexicon, after: &[&str], before: &[&str]) -> Self {
        let ids = |words: &[&str]| words.iter().map(|word| lexicon.intern(word)).collect();
        Self { after: ids(after), before: ids(before) }
    }

    /// Halves segments.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// For each word of a text, whether a part begins with it.
    pub(crate) fn starts(&self, text: &[WordId]) -> Vec<bool> {
        let mut ended = false;
        text.iter()
            .map(|word| {
                std::mem::replace(&mut ended, self.after.contains(word)) || self.before.contains(word)
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
        let starts = ClauseSegmenter::english(&lexicon).starts(&words);
        let position = split(&(0..words.len()), &starts);
        (lexicon.detokenize(&words[..position]), lexicon.detokenize(&words[position..]))
    }

    #[test]
    fn splits_after_punctuation_and_before_clauses() {
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
