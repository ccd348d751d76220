//! [`Finding`]: what a search found in one text.

use crate::{MarkedText, SearchTree, drawing::Drawing};
use std::ops::Range;
use steadfast_perturb::{Lexicon, WordId};

/// The vulnerable area of a text, and the tree that it was read from.
///
/// A search is heuristic: an area is where the model was seen to depend on the text, not the proof that it does so
/// nowhere else.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Finding {
    #[cfg_attr(feature = "serde", serde(skip))]
    text: Vec<WordId>,
    tree: SearchTree,
    area: Vec<Range<usize>>,
    #[cfg_attr(feature = "serde", serde(skip))]
    fingerprint: u64,
}

impl Finding {
    pub(crate) const fn new(
        text: Vec<WordId>,
        tree: SearchTree,
        area: Vec<Range<usize>>,
        fingerprint: u64,
    ) -> Self {
        Self { text, tree, area, fingerprint }
    }

    /// The text that was searched.
    #[must_use]
    pub fn text(&self) -> &[WordId] {
        &self.text
    }

    /// The tree: all segments that were looked at, with their visits and values.
    #[must_use]
    pub const fn tree(&self) -> &SearchTree {
        &self.tree
    }

    /// `T(x′)`, the vulnerable area: positions of words, from left to right, without overlaps. Empty if nothing that
    /// was tried made the model deviate.
    #[must_use]
    pub fn area(&self) -> &[Range<usize>] {
        &self.area
    }

    /// How many words the area has.
    #[must_use]
    pub fn area_words(&self) -> usize {
        self.area.iter().map(ExactSizeIterator::len).sum()
    }

    /// Whether a segment lies in the area.
    #[must_use]
    pub fn covers(&self, segment: &Range<usize>) -> bool {
        self.area.iter().any(|area| area.start <= segment.start && segment.end <= area.end)
    }

    /// For each word, the mean deviation of the smallest segment holding it that was visited: how much hangs on it,
    /// as far as the search went. 0 for words that no visited segment holds.
    #[must_use]
    pub fn attribution(&self) -> Vec<f64> {
        self.tree.attribution()
    }

    /// The text with the area marked.
    #[must_use]
    pub fn marked(&self, lexicon: &Lexicon) -> MarkedText {
        MarkedText::new(lexicon, &self.text, &self.area)
    }

    /// The tree as lines of text, to print.
    #[must_use]
    pub fn drawing<'a>(&'a self, lexicon: &'a Lexicon) -> Drawing<'a> {
        Drawing::new(lexicon, &self.text, &self.tree)
    }

    pub(crate) const fn fingerprint(&self) -> u64 {
        self.fingerprint
    }
}
