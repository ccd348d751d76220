//! [`Fuzzer`]: searches over many texts at once.

use crate::{
    ClauseSegmenter, FuzzError, NodeId, Objective, SearchSettings, SearchTree, VulnerableArea,
    answers::Answers,
    key::{Stream, fingerprint, stream},
    settings::Convergence,
};
use std::{fmt, ops::ControlFlow, sync::Arc};
use steadfast_certify::{Noise, seed::Generator};
use steadfast_perturb::{Lexicon, WordId};

/// A mutation of a segment: any noise of texts, whether or not its law is known.
pub type SegmentNoise = dyn Noise<Input = [WordId], Sample = Vec<WordId>> + Send + Sync;

/// One step of a search, for an observer.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Step<'a> {
    /// The text's index.
    pub text: usize,
    /// Its words.
    pub words: &'a [WordId],
    /// The tree, with this step. Others of the same round may follow.
    pub tree: &'a SearchTree,
    /// The node whose segment was mutated.
    pub node: NodeId,
    /// The text with that segment mutated, `x̃`.
    pub changed: &'a [WordId],
    /// `E(x̃, x′)`, the objective's deviation.
    pub deviation: f64,
}

/// Searches texts for the segments on which a model depends most, by Monte Carlo tree search (FRS, Section 4.3.1).
///
/// A search depends on the settings and its own text alone: not on other texts, on their order, or on the batch size,
/// provided that the objective's responses do not. The mutation has to be a function of the segment and the generator.
///
/// The crate's first page has an example, and so does [`objective::from_probabilities`](crate::objective::from_probabilities).
#[derive(Clone)]
pub struct Fuzzer {
    lexicon: Arc<Lexicon>,
    segmenter: ClauseSegmenter,
    mutation: Arc<SegmentNoise>,
    settings: SearchSettings,
}

impl Fuzzer {
    /// Searches texts of `lexicon`, which are split at English clauses and mutated by `mutation`.
    ///
    /// [`SegmentMutation`](steadfast_perturb::SegmentMutation) changes all words of a segment at once, so that a step
    /// shows whether the segment matters. [`Mutation`](steadfast_perturb::Mutation) edits a fixed number of words in it.
    /// Any other noise of texts is possible, too.
    ///
    /// # Errors
    /// [`FuzzError::Parameter`] for settings outside their domain, such as a budget of 0.
    pub fn new(
        lexicon: Arc<Lexicon>,
        mutation: impl Noise<Input = [WordId], Sample = Vec<WordId>> + Send + Sync + 'static,
        settings: SearchSettings,
    ) -> Result<Self, FuzzError> {
        settings.check()?;
        let segmenter = ClauseSegmenter::english(&lexicon);
        Ok(Self { lexicon, segmenter, mutation: Arc::new(mutation), settings })
    }

    /// Splits segments by another segmenter.
    #[must_use]
    pub fn segmenter(self, segmenter: ClauseSegmenter) -> Self {
        Self { segmenter, ..self }
    }

    /// The settings.
    #[must_use]
    pub const fn settings(&self) -> &SearchSettings {
        &self.settings
    }

    /// The lexicon of the texts.
    #[must_use]
    pub const fn lexicon(&self) -> &Arc<Lexicon> {
        &self.lexicon
    }

    /// The vulnerable area of each text, in order. That of an empty text is empty.
    ///
    /// The objective is asked about up to `budget + 1` variants of a text, about equal ones once.
    ///
    /// # Errors
    /// [`FuzzError::Model`], [`FuzzError::Answers`] or [`FuzzError::Deviation`] if the objective fails;
    /// [`FuzzError::UnknownWord`].
    pub fn search<O: Objective + ?Sized>(
        &self,
        objective: &O,
        texts: &[Vec<WordId>],
    ) -> Result<Vec<VulnerableArea>, FuzzError> {
        self.search_observed(objective, texts, |_| ControlFlow::Continue(()))
    }

    /// As [`Self::search`]. `observe` is called after each step, and [`ControlFlow::Break`] ends all searches.
    ///
    /// # Errors
    /// [`FuzzError::Stopped`] if `observe` breaks, and as [`Self::search`].
    pub fn search_observed<O: Objective + ?Sized>(
        &self,
        objective: &O,
        texts: &[Vec<WordId>],
        mut observe: impl FnMut(Step<'_>) -> ControlFlow<()>,
    ) -> Result<Vec<VulnerableArea>, FuzzError> {
        // As many texts together as fill a batch with the steps of one round.
        let together = (self.settings.batch / self.settings.leaves as usize).max(1);
        let mut answers = Answers::new(objective, self.settings.batch);
        let mut areas = Vec::with_capacity(texts.len());
        for (group, members) in texts.chunks(together).enumerate() {
            let searches = members.iter().enumerate();
            let mut searches = searches
                .map(|(member, words)| self.begin(group * together + member, words))
                .collect::<Result<Vec<_>, _>>()?;
            answers.forget_many();
            self.rounds(&mut answers, &mut searches, |step| match observe(step) {
                ControlFlow::Continue(()) => Ok(()),
                ControlFlow::Break(()) => Err(FuzzError::Stopped { text: step.text, texts: texts.len() }),
            })?;
            areas.extend(searches.into_iter().map(|search| self.finish(search)));
        }
        Ok(areas)
    }

    fn begin<'a>(&self, text: usize, words: &'a [WordId]) -> Result<Search<'a>, FuzzError> {
        let fingerprint = fingerprint(&self.lexicon, words, text)?;
        Ok(Search {
            text,
            words,
            starts: self.segmenter.starts(words),
            tree: SearchTree::new(words.len()),
            fingerprint,
            rng: stream(self.settings.seed, fingerprint, Stream::Search),
            left: if words.is_empty() { 0 } else { self.settings.budget },
            convergence: Convergence::default(),
        })
    }

    /// Steps of all searches, in rounds, until all are done.
    fn rounds<O: Objective + ?Sized>(
        &self,
        answers: &mut Answers<'_, O>,
        searches: &mut [Search<'_>],
        mut observe: impl FnMut(Step<'_>) -> Result<(), FuzzError>,
    ) -> Result<(), FuzzError> {
        let originals: Vec<usize> =
            searches.iter().map(|search| answers.enqueue(search.words.to_vec())).collect();
        let mut steps = Vec::new();
        while searches.iter().any(|search| search.left > 0) {
            for (search, original) in searches.iter_mut().zip(&originals) {
                for _ in 0..search.left.min(self.settings.leaves) {
                    let (node, changed) = self.step(search);
                    steps.push((search.text, node, answers.enqueue(changed), *original));
                }
            }
            answers.ask()?;
            let mut steps = steps.drain(..).peekable();
            for search in searches.iter_mut() {
                let mut converged = false;
                while let Some((_, node, changed, original)) = steps.next_if(|step| step.0 == search.text) {
                    let deviation = answers.deviation(changed, original)?;
                    search.tree.record(node, deviation);
                    search.left -= 1;
                    let Search { text, words, ref tree, .. } = *search;
                    observe(Step { text, words, tree, node, changed: answers.text(changed), deviation })?;
                    converged = search.convergence.reached(&self.settings, &search.tree);
                }
                if converged {
                    search.left = 0;
                }
            }
        }
        Ok(())
    }

    /// Selects a node and mutates its segment (FRS, steps 1 to 3).
    fn step(&self, search: &mut Search<'_>) -> (NodeId, Vec<WordId>) {
        let node = search.tree.select(self.settings.exploration, &search.starts);
        let segment = search.tree.nodes().get(node).map_or(0..0, |node| node.segment().clone());
        let part = |range| search.words.get(range).unwrap_or_default();
        let mutated = self.mutation.sample(part(segment.clone()), &mut search.rng);
        (node, [part(0..segment.start), &mutated, part(segment.end..search.words.len())].concat())
    }

    fn finish(&self, search: Search<'_>) -> VulnerableArea {
        let area = search.tree.most_valuable(self.settings.area_share);
        VulnerableArea::new(search.words.to_vec(), search.tree, area, search.fingerprint)
    }
}

impl fmt::Debug for Fuzzer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fuzzer")
            .field("mutation", &self.mutation)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// A search under way.
struct Search<'a> {
    text: usize,
    words: &'a [WordId],
    starts: Vec<bool>,
    tree: SearchTree,
    fingerprint: u64,
    rng: Generator,
    /// The rest of the budget.
    left: u32,
    convergence: Convergence,
}
