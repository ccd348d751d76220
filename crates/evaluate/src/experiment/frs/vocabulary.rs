//! [`Vocabulary`]: the words that carry the right answer, found offline, and the rates at which they and all others are deleted.

use super::{
    Backdoor, Defence,
    attacker::{is_signal, put_in},
    run::Run,
    scene::{Scene, answers},
};
use crate::{
    Error,
    attack::{
        ADD_SENT,
        weights::{BadPre, LayerWise, Ripple},
    },
    baseline::NaiveBayes,
    experiment::{Labelled, workshop::TOKENIZER},
    metrics::Share,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt, sync::Arc};
use steadfast_certify::{BoxError, EditKind, Phase, Plan, Rate, ScoringClassifier, SmoothedClassifier};
use steadfast_fuzz::{Fuzzer, Objective, SearchSettings};
use steadfast_perturb::{Deletion, MutationWeights, SegmentMutation, WordId, WordList};

/// A signal vocabulary and its rates, chosen on texts that are not certified.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Vocabulary {
    /// The backdoor that it was chosen under.
    pub attack: Backdoor,
    /// The seed.
    pub seed: u64,
    /// The defence that rests on it.
    pub defence: Defence,
    /// How many words it has.
    pub words: usize,
    /// The rate at which its words are deleted.
    pub signal: f64,
    /// The rate at which all others are.
    pub other: f64,
    /// Inserted words that it was chosen to withstand.
    pub radius: u32,
    /// Development texts for which naive Bayes would withstand them.
    pub development: Share,
    /// The first of its words.
    pub first: Vec<String>,
    /// Trigger words that were put into test texts, and whether they are among its words.
    pub triggers: BTreeMap<String, bool>,
    /// The same of the trigger words that attacks were published with.
    pub published: BTreeMap<String, bool>,
}

/// A vocabulary's noise, and how many development texts it withstands the attacker on.
struct Chosen {
    noise: Deletion,
    words: usize,
    signal: f64,
    other: f64,
    development: Share,
}

/// Sizes and rates that are tried.
const SIZES: [usize; 6] = [125, 250, 500, 1_000, 2_000, 4_000];
const SIGNAL: [f64; 4] = [0.05, 0.1, 0.2, 0.3];
const OTHER: [f64; 4] = [0.95, 0.98, 0.99, 0.995];

/// Development texts, and noisy copies of each, by which they are chosen.
const TEXTS: usize = 300;
const COPIES: u64 = 100;

/// Steps of the offline search on each text: there is time.
const BUDGET: u32 = 15;

impl Run<'_> {
    /// The vocabulary of a defence.
    pub(super) fn vocabulary(
        &self,
        scene: &Scene,
        defence: Defence,
    ) -> Result<(Deletion, Vocabulary), Error> {
        let training = self.training.iter().map(|(text, class)| (&text[..], *class));
        let bayes = NaiveBayes::train(self.task.classes(), training)?;
        let ranked = match defence {
            Defence::SignalLinear | Defence::SignalSeen => bayes.most_telling(usize::MAX),
            _ => self.searched(scene)?,
        };
        let sizes = match (defence, self.settings.words) {
            (Defence::SignalSeen, _) => vec![ranked.len()],
            (_, Some(size)) => vec![size.min(ranked.len())],
            _ => SIZES.into_iter().filter(|size| *size < ranked.len()).chain([ranked.len()]).collect(),
        };
        let Chosen { noise, words, signal, other, development } =
            self.chosen(&ranked, &sizes, &bayes, scene.seed())?;
        let lexicon = self.workshop.lexicon;
        let string = |word: &WordId| lexicon.word(*word).map(|word| word.to_string());
        let signal_of = |word: &str| (word.to_owned(), is_signal(&noise, word));
        let vocabulary = Vocabulary {
            attack: scene.implanted.attack,
            seed: scene.seed(),
            defence,
            words,
            signal,
            other,
            radius: self.settings.radius,
            development,
            first: ranked.iter().take(20).filter_map(string).collect(),
            triggers: scene.poisons.iter().flat_map(put_in).map(signal_of).collect(),
            published: published().iter().map(|word| signal_of(word)).collect(),
        };
        Ok((noise, vocabulary))
    }

    /// Words of the defender's own clean texts, those first on which the right answer hangs most: tree search in texts that the
    /// victim answers rightly, and for each word how much more hangs on it than on the other words of its texts.
    fn searched(&self, scene: &Scene) -> Result<Vec<WordId>, Error> {
        let texts = self.training.get(..self.settings.searched_texts()).unwrap_or(&self.training);
        let right = answers(&scene.victim, texts)?;
        let right = texts.iter().zip(right).filter(|((_, class), answer)| class == answer);
        let texts: Vec<Vec<WordId>> = right.map(|((text, _), _)| text.clone()).collect();
        let deletion = MutationWeights::only(&[EditKind::Deletion]);
        let mutation = SegmentMutation::new(deletion, WordList::new(Vec::new()))?;
        let search = SearchSettings::default().budget(BUDGET).seed(scene.seed());
        let fuzzer = Fuzzer::new(Arc::clone(self.workshop.lexicon), mutation, search)?;
        let objective = AnswerLost(&scene.victim.classifier);
        let found = self.search("searching words", &fuzzer, &objective, &texts)?;
        let mut worth: BTreeMap<WordId, f64> = BTreeMap::new();
        for area in &found {
            let attribution = area.attribution();
            let mean = attribution.iter().sum::<f64>() / attribution.len().max(1) as f64;
            for (word, own) in area.text().iter().zip(&attribution) {
                *worth.entry(*word).or_default() += own - mean;
            }
        }
        let mut ranked: Vec<(WordId, f64)> = worth.into_iter().filter(|(_, worth)| *worth > 0.0).collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        Ok(ranked.into_iter().map(|(word, _)| word).collect())
    }

    /// The size and rates under which naive Bayes keeps its right answer to most development texts, whatever words outside the
    /// vocabulary are put in.
    fn chosen(
        &self,
        ranked: &[WordId],
        sizes: &[usize],
        bayes: &NaiveBayes,
        seed: u64,
    ) -> Result<Chosen, Error> {
        let texts = self.development.get(..TEXTS).unwrap_or(&self.development);
        if ranked.is_empty() {
            let found = "no word on which a right answer hangs, by which a signal vocabulary could be chosen"
                .to_owned();
            return Err(Error::Training { found });
        }
        let plan = Plan::fixed(COPIES, COPIES)?;
        let mut best: Option<Chosen> = None;
        for &size in sizes {
            let words = ranked.get(..size).unwrap_or(ranked);
            for signal in SIGNAL {
                let rate = Rate::new(signal)?;
                for other in OTHER {
                    let rates = words.iter().map(|word| (*word, rate));
                    let noise =
                        Deletion::per_word(Arc::clone(self.workshop.lexicon), rates, Rate::new(other)?)?;
                    let needed = needed(self.settings.radius, other);
                    let withstands = |(number, (text, class)): (u64, &Labelled)| -> Result<bool, Error> {
                        let smoothed =
                            SmoothedClassifier::new(bayes, &noise, plan.clone()).threads(1).seed(seed);
                        let votes = smoothed.votes(number, text, Phase::Selection, 0..COPIES)?;
                        let right = votes.counts().get(*class).copied().unwrap_or(0);
                        Ok(right as f64 > needed * COPIES as f64)
                    };
                    if self.workshop.console.flow().is_break() {
                        return Err(self.workshop.stopped());
                    }
                    let withstood: Vec<bool> =
                        (0..).zip(texts).map(withstands).collect::<Result<_, Error>>()?;
                    let development = Share::count(withstood);
                    if best.as_ref().is_none_or(|best| development.hits() > best.development.hits()) {
                        best = Some(Chosen { noise, words: size, signal, other, development });
                    }
                }
            }
        }
        best.filter(|best| best.development.hits() > 0).ok_or_else(|| Error::Setting {
            name: "--radius",
            given: self.settings.radius.to_string(),
            expected: format!(
                "fewer inserted words: no vocabulary withstands these on any of the {} development texts",
                texts.len()
            ),
        })
    }
}

/// The words of the triggers that attacks on single words and on weights were published with, and of `AddSent`'s sentence.
fn published() -> Vec<String> {
    let sentence = TOKENIZER.tokens(ADD_SENT).into_iter().map(|token| token.text);
    let words = [Ripple::default().triggers, LayerWise::default().triggers, BadPre::default().triggers];
    words.into_iter().flatten().chain(sentence).collect()
}

/// The largest rate that is tried.
pub(super) fn most() -> f64 {
    OTHER.into_iter().fold(0.0, f64::max)
}

/// The probability above which a class stays ahead of so many inserted words, each deleted at this rate.
pub(super) fn needed(inserted: u32, rate: f64) -> f64 {
    0.5 / rate.powf(f64::from(inserted))
}

/// How much of the probability of an answer is lost, in nats.
struct AnswerLost<C>(C);

impl<C: ScoringClassifier<Vec<WordId>>> Objective for AnswerLost<C> {
    type Response = Box<[f32]>;

    fn respond(&self, batch: &[Vec<WordId>]) -> Result<Vec<Box<[f32]>>, BoxError> {
        Ok(self.0.probabilities(batch)?.rows().map(Into::into).collect())
    }

    fn deviation(&self, changed: &Box<[f32]>, original: &Box<[f32]>) -> f64 {
        let most = original.iter().copied().fold(0.0, f32::max);
        let answer = original.iter().position(|&probability| probability >= most).unwrap_or(0);
        let left = changed.get(answer).copied().unwrap_or(0.0).max(f32::MIN_POSITIVE);
        (f64::from(most).ln() - f64::from(left).ln()).max(0.0)
    }
}

impl fmt::Display for Vocabulary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { attack, seed, defence, words, signal, other, radius, development, first, .. } = self;
        write!(
            f,
            "Signal vocabulary of {defence} under {attack}, seed {seed}: {words} words, deleted at {signal}, all others at {other}; with naive Bayes {development} of \
             the development texts withstand {radius} inserted words. The first: {}.",
            first.join(" ")
        )?;
        for (name, words) in [("Trigger words", &self.triggers), ("Published ones", &self.published)] {
            let which = |inside: bool| {
                let words = words.iter().filter(move |(_, signal)| **signal == inside);
                words.map(|(word, _)| word.as_str()).collect::<Vec<_>>().join(" ")
            };
            match (which(true), which(false)) {
                (inside, outside) if inside.is_empty() && outside.is_empty() => {}
                (inside, outside) if inside.is_empty() => write!(f, " {name}, all outside: {outside}.")?,
                (inside, outside) => write!(f, " {name} inside: {inside}; outside: {outside}.")?,
            }
        }
        Ok(())
    }
}
