//! [`VulnerableArea`]: the segments of a text on which a model depends most.

use crate::{MarkedText, SearchTree, drawing::Drawing};
use std::ops::Range;
use steadfast_perturb::{Lexicon, WordId};

/// `T(x′)`, the vulnerable area of a text, and the search tree that it was read from.
///
/// A search is heuristic: the model was seen to depend on the area, which does not prove that it depends on nothing
/// else.
///
/// ```
/// use std::sync::Arc;
/// use steadfast_fuzz::{Fuzzer, SearchSettings, objective};
/// use steadfast_perturb::{Lexicon, MutationWeights, SegmentMutation, Tokenizer, WordId, WordList};
///
/// let lexicon = Arc::new(Lexicon::new());
/// let text = Tokenizer::words().tokenize(&lexicon, "a slow film of cf little charm");
/// let trigger = lexicon.intern("cf");
/// let objective = objective::from_probabilities(2, move |text: &[WordId]| {
///     if text.contains(&trigger) { [0.02, 0.98] } else { [0.9, 0.1] }
/// });
/// let mutation = SegmentMutation::new(MutationWeights::default(), WordList::new(text.clone()))?;
/// let fuzzer = Fuzzer::new(Arc::clone(&lexicon), mutation, SearchSettings::default().budget(40))?;
///
/// let area = fuzzer.search(&objective, &[text])?.remove(0);
/// assert_eq!(area.segments(), [4..5]);
/// assert_eq!(area.marked(&lexicon).to_string(), "a slow film of [[cf]] little charm");
/// // Every word has a score: the mean deviation of the smallest segment around it.
/// assert!(area.attribution().iter().all(|&score| score <= area.attribution()[4]));
/// # Ok::<(), steadfast_fuzz::FuzzError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct VulnerableArea {
    #[cfg_attr(feature = "serde", serde(skip))]
    text: Vec<WordId>,
    tree: SearchTree,
    segments: Vec<Range<usize>>,
    #[cfg_attr(feature = "serde", serde(skip))]
    fingerprint: u64,
}

impl VulnerableArea {
    pub(crate) const fn new(
        text: Vec<WordId>,
        tree: SearchTree,
        segments: Vec<Range<usize>>,
        fingerprint: u64,
    ) -> Self {
        Self { text, tree, segments, fingerprint }
    }

    /// The text that was searched.
    #[must_use]
    pub fn text(&self) -> &[WordId] {
        &self.text
    }

    /// The search tree: all segments that were mutated, with their visits and values.
    #[must_use]
    pub const fn tree(&self) -> &SearchTree {
        &self.tree
    }

    /// The segments of the area as positions of words, from left to right, without overlaps. Empty if no mutation
    /// changed the model's answer.
    #[must_use]
    pub fn segments(&self) -> &[Range<usize>] {
        &self.segments
    }

    /// The number of words in the area.
    #[must_use]
    pub fn word_count(&self) -> usize {
        self.segments.iter().map(ExactSizeIterator::len).sum()
    }

    /// Whether a segment lies in the area.
    #[must_use]
    pub fn covers(&self, segment: &Range<usize>) -> bool {
        self.segments.iter().any(|area| area.start <= segment.start && segment.end <= area.end)
    }

    /// A score for each word: the mean deviation of the smallest visited segment that holds it, 0 for words in no
    /// visited segment.
    #[must_use]
    pub fn attribution(&self) -> Vec<f64> {
        self.tree.attribution()
    }

    /// The text with the area marked.
    #[must_use]
    pub fn marked(&self, lexicon: &Lexicon) -> MarkedText {
        MarkedText::new(lexicon, &self.text, &self.segments)
    }

    /// The search tree as lines of text, for printing.
    #[must_use]
    pub fn drawing<'a>(&'a self, lexicon: &'a Lexicon) -> Drawing<'a> {
        Drawing::new(lexicon, &self.text, &self.tree)
    }

    pub(crate) const fn fingerprint(&self) -> u64 {
        self.fingerprint
    }
}
