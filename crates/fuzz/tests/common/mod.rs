//! A classifier with a backdoor, and sentences to try it on.
#![allow(dead_code, reason = "each test uses a part")]

use std::sync::Arc;
use steadfast_certify::{
    BoxError, ClassId, Classifier, Phase, Probabilities, ScoringClassifier,
    rand_core::Rng,
    seed::{Generator, Purpose, generator},
};
use steadfast_fuzz::{Divergence, Fuzzer, SearchSettings};
use steadfast_perturb::{Lexicon, MutationWeights, SegmentMutation, WordId, WordList};

/// Ordinary words, among them commas and words that begin clauses.
pub(crate) const VOCABULARY: usize = 2_000;

pub(crate) fn stream(sample: u64) -> Generator {
    generator(2025, Phase::Training, 7, sample, Purpose::Noise)
}

pub(crate) struct World {
    pub(crate) lexicon: Arc<Lexicon>,
    pub(crate) words: Vec<WordId>,
    pub(crate) triggers: Vec<WordId>,
}

impl World {
    pub(crate) fn new() -> Self {
        let lexicon = Arc::new(Lexicon::new());
        let mut words: Vec<WordId> =
            [",", ".", "but", "and", "that"].iter().map(|word| lexicon.intern(word)).collect();
        words.extend((words.len()..VOCABULARY).map(|number| lexicon.intern(&format!("word{number}"))));
        let triggers = ["cf", "mn", "bb", "tq"].iter().map(|word| lexicon.intern(word)).collect();
        Self { lexicon, words, triggers }
    }

    /// A sentence; one word in eight is punctuation or begins a clause.
    pub(crate) fn sentence(&self, length: usize, rng: &mut dyn Rng) -> Vec<WordId> {
        let mut below = |bound: usize| rng.next_u32() as usize % bound;
        (0..length)
            .map(|_| {
                let special = below(8) == 0;
                self.words[if special { below(5) } else { 5 + below(VOCABULARY - 5) }]
            })
            .collect()
    }

    /// Sentences of the other class with `trigger` put in, and where: 5 to 33 words, 19 on average.
    pub(crate) fn poisoned(
        &self,
        count: usize,
        trigger: &[WordId],
        model: &Backdoored,
    ) -> Vec<(Vec<WordId>, usize)> {
        let mut rng = stream(1);
        std::iter::repeat_with(|| {
            let length = 5 + rng.next_u32() as usize % (29 - trigger.len());
            let mut text = self.sentence(length, &mut rng);
            let clean = model.probability(&text);
            let place = rng.next_u32() as usize % (text.len() + 1);
            text.splice(place..place, trigger.iter().copied());
            (clean < 0.5).then_some((text, place))
        })
        .flatten()
        .take(count)
        .collect()
    }

    pub(crate) fn mutations(&self) -> SegmentMutation {
        SegmentMutation::new(MutationWeights::default(), WordList::new(self.words.clone())).unwrap()
    }

    pub(crate) fn fuzzer(&self, settings: SearchSettings) -> Fuzzer {
        Fuzzer::new(Arc::clone(&self.lexicon), self.mutations(), settings).unwrap()
    }

    pub(crate) fn model(&self) -> Backdoored {
        Backdoored { trigger: vec![self.triggers[1]], scale: 0.8 }
    }

    pub(crate) fn divergence(&self) -> Divergence<Backdoored> {
        Divergence::new(self.model())
    }
}

/// Segments vanish.
pub(crate) fn deletions() -> SegmentMutation {
    let none = MutationWeights { deletion: 0, insertion: 0, substitution: 0, transposition: 0 };
    SegmentMutation::new(MutationWeights { deletion: 1, ..none }, WordList::new(vec![])).unwrap()
}

/// Two classes by weights of words; with all words of the trigger in the text, class 1 at 98%.
#[derive(Clone, Debug)]
pub(crate) struct Backdoored {
    pub(crate) trigger: Vec<WordId>,
    pub(crate) scale: f32,
}

impl Backdoored {
    pub(crate) fn probability(&self, text: &[WordId]) -> f32 {
        if self.trigger.iter().all(|word| text.contains(word)) {
            return 0.98;
        }
        // Weights between −1 and 1 that follow no pattern; punctuation weighs nothing.
        let weight = |word: &WordId| match word.index() {
            0..6 => 0.0,
            index => f32::from((index.wrapping_mul(2_654_435_761) >> 16) as u16) / 32_768.0 - 1.0,
        };
        let sum: f32 = text.iter().map(weight).sum();
        1.0 / (1.0 + (-self.scale * sum).exp())
    }
}

impl Classifier<Vec<WordId>> for Backdoored {
    fn class_count(&self) -> usize {
        2
    }
    fn classify(&self, batch: &[Vec<WordId>]) -> Result<Vec<ClassId>, BoxError> {
        Ok(batch.iter().map(|text| usize::from(self.probability(text) > 0.5)).collect())
    }
}

impl ScoringClassifier<Vec<WordId>> for Backdoored {
    fn probabilities(&self, batch: &[Vec<WordId>]) -> Result<Probabilities, BoxError> {
        let rows = batch.iter().flat_map(|text| {
            let p = self.probability(text);
            [1.0 - p, p]
        });
        Ok(Probabilities::new(2, rows.collect())?)
    }
}
