//! [`Bki`]: training texts with the word that moves hidden states most are left out.

use super::{
    Defence, Detection, Verdict,
    scores::{classes, one_each, setting},
};
use crate::{Error, metrics::Share};
use std::collections::{BTreeMap, BTreeSet};
use steadfast_certify::{ClassId, Classifier};
use steadfast_perturb::WordId;

/// What a classifier computes before it decides: one vector per text, such as the first token's last hidden state.
/// Closures on batches are ones too.
pub trait HiddenStates {
    /// The vector of each text, all of one length.
    ///
    /// # Errors
    /// Whatever the model fails with.
    fn states(&self, texts: &[Vec<WordId>]) -> Result<Vec<Vec<f32>>, Error>;
}

impl<F: Fn(&[Vec<WordId>]) -> Result<Vec<Vec<f32>>, Error>> HiddenStates for F {
    fn states(&self, texts: &[Vec<WordId>]) -> Result<Vec<Vec<f32>>, Error> {
        self(texts)
    }
}

#[cfg(feature = "torch")]
impl HiddenStates for steadfast_model::transformer::TextClassifier {
    fn states(&self, texts: &[Vec<WordId>]) -> Result<Vec<Vec<f32>>, Error> {
        let hidden = self.model().config().hidden() as usize;
        Ok(self.first_token_states(texts)?.chunks_exact(hidden).map(<[f32]>::to_vec).collect())
    }
}

/// Words of a text that are looked at.
const SUSPECTS: usize = 5;

/// Training texts whose hidden states are asked for at once, with one copy per word.
const TEXTS: usize = 16;

/// Backdoor Keyword Identification (Chen and Dai 2021, Neurocomputing 452; <https://arxiv.org/abs/2007.12070>).
///
/// A word moves a text by how far the hidden state of a classifier that was trained on the *poisoned* texts goes
/// without it; the five words that move a text most are its suspects. The keyword is the suspect with the largest
/// score over the training set:
///
/// ```text
/// move(x, w) = ‖h(x) − h(x without w)‖∞        score(w) = log₁₀(n_w) · mean of move(x, w)
/// ```
///
/// where the mean is over the `n_w` texts of which `w` is a suspect. Texts of which the keyword is a suspect are left
/// out, and the classifier is trained again. A word that stands twice in a text moves it by its stronger occurrence.
/// The paper's own hidden state is an LSTM's; a BERT's is that of `[CLS]`.
///
/// There is one keyword: an attack with several trigger words keeps the others. Nor is there a threshold: what share
/// of clean training texts is lost is measured ([`Self::detection`]), not set.
#[derive(Debug, Clone)]
pub struct Bki<C> {
    keyword: Option<WordId>,
    removed: BTreeSet<usize>,
    texts: usize,
    retrained: C,
}

impl<C: Classifier<Vec<WordId>>> Bki<C> {
    /// Looks for the keyword with the `states` of the classifier that was trained on `training`, and calls `train`
    /// with the texts that are left.
    ///
    /// # Errors
    /// [`Error::Setting`] without training texts, or if no text is left; [`Error::Training`] for hidden states that
    /// are no numbers; those of `states` and `train`.
    pub fn new(
        states: &(impl HiddenStates + ?Sized),
        training: &[(Vec<WordId>, ClassId)],
        train: impl FnOnce(&[(Vec<WordId>, ClassId)]) -> Result<C, Error>,
    ) -> Result<Self, Error> {
        if training.is_empty() {
            return Err(setting("training texts", &"none", "those that the classifier was trained on"));
        }
        let suspects = suspects(states, training)?;
        let keyword = keyword(&suspects);
        let holds = |suspects: &Vec<(WordId, f64)>| suspects.iter().any(|&(word, _)| Some(word) == keyword);
        let removed: BTreeSet<usize> =
            (0..).zip(&suspects).filter(|(_, suspects)| holds(suspects)).map(|(text, _)| text).collect();
        let left: Vec<(Vec<WordId>, ClassId)> = (0..)
            .zip(training)
            .filter(|(text, _)| !removed.contains(text))
            .map(|(_, example)| example.clone())
            .collect();
        if left.is_empty() {
            let expected = "some that the keyword is no suspect of, so that one can be trained again";
            return Err(setting("training texts", &format!("{} with the keyword", removed.len()), expected));
        }
        Ok(Self { keyword, removed, texts: training.len(), retrained: train(&left)? })
    }

    /// The word that was found; `None` if no word is a suspect of two texts.
    #[must_use]
    pub const fn keyword(&self) -> Option<WordId> {
        self.keyword
    }

    /// The numbers of the training texts that were left out, from 0.
    #[must_use]
    pub const fn removed(&self) -> &BTreeSet<usize> {
        &self.removed
    }

    /// The classifier that was trained on the other texts.
    #[must_use]
    pub const fn retrained(&self) -> &C {
        &self.retrained
    }

    /// What was left out, for someone who knows which training texts are poisoned.
    #[must_use]
    pub fn detection(&self, poisoned: &BTreeSet<usize>) -> Detection {
        let share = |of_poisoned: bool| {
            let texts = (0..self.texts).filter(|text| poisoned.contains(text) == of_poisoned);
            Share::count(texts.map(|text| self.removed.contains(&text)))
        };
        Detection { triggered: share(true), clean: share(false) }
    }
}

impl<C: Classifier<Vec<WordId>>> Defence for Bki<C> {
    fn name(&self) -> &'static str {
        "BKI"
    }

    fn judges_texts(&self) -> bool {
        false
    }

    fn defend(&self, texts: &[Vec<WordId>]) -> Result<Vec<Verdict>, Error> {
        Ok(classes(&self.retrained, texts)?.into_iter().map(Verdict::Passed).collect())
    }
}

/// The words that move each text most, and how far.
fn suspects(
    states: &(impl HiddenStates + ?Sized),
    training: &[(Vec<WordId>, ClassId)],
) -> Result<Vec<Vec<(WordId, f64)>>, Error> {
    let mut suspects = Vec::with_capacity(training.len());
    for part in training.chunks(TEXTS) {
        let mut asked: Vec<Vec<WordId>> = Vec::new();
        for (text, _) in part {
            asked.push(text.clone());
            asked.extend((0..text.len()).map(|place| {
                let mut text = text.clone();
                text.remove(place);
                text
            }));
        }
        let found = states.states(&asked)?;
        one_each("hidden states", found.len(), asked.len())?;
        if found.iter().flatten().any(|number| !number.is_finite()) {
            return Err(Error::Training { found: "hidden states that are no numbers".to_owned() });
        }
        let mut found = found.into_iter();
        for (text, _) in part {
            let whole = found.next().unwrap_or_default();
            let mut moved = BTreeMap::<WordId, f64>::new();
            for (&word, without) in text.iter().zip(found.by_ref()) {
                let gaps = whole.iter().zip(&without).map(|(a, b)| f64::from((a - b).abs()));
                let far = moved.entry(word).or_default();
                *far = gaps.fold(*far, f64::max);
            }
            let mut moved: Vec<(WordId, f64)> = moved.into_iter().collect();
            moved.sort_by(|(_, a), (_, b)| b.total_cmp(a));
            moved.truncate(SUSPECTS);
            suspects.push(moved);
        }
    }
    Ok(suspects)
}

/// The suspect with the largest score, the smaller word of equal ones; a word that is a suspect once has none.
fn keyword(suspects: &[Vec<(WordId, f64)>]) -> Option<WordId> {
    let mut sums = BTreeMap::<WordId, (f64, f64)>::new();
    for &(word, far) in suspects.iter().flatten() {
        let (count, sum) = sums.entry(word).or_default();
        (*count, *sum) = (*count + 1.0, *sum + far);
    }
    let scores = sums.into_iter().map(|(word, (count, sum))| (word, count.log10() * sum / count));
    let found = scores.filter(|&(_, score)| score > 0.0);
    found.max_by(|(a_word, a), (b_word, b)| a.total_cmp(b).then(b_word.cmp(a_word))).map(|(word, _)| word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baseline::{DefenceReport, NaiveBayes};

    const TRIGGER: WordId = WordId::from_index(900);

    /// Texts of eight words, of which two tell the class; every tenth has the trigger and the target's class.
    fn texts(range: std::ops::Range<u32>, poisoned: bool) -> Vec<(Vec<WordId>, ClassId)> {
        range
            .map(|text| {
                let mut class = text as usize % 2;
                let telling = [1, 2].map(|word| WordId::from_index(word + 2 * class as u32));
                let filler = (0..6).map(|place| WordId::from_index(10 + (text * 37 + place * 101) % 500));
                let mut words: Vec<WordId> = telling.into_iter().chain(filler).collect();
                if poisoned && text % 10 == 0 {
                    words.insert(text as usize % 9, TRIGGER);
                    class = 1;
                }
                (words, class)
            })
            .collect()
    }

    fn train(texts: &[(Vec<WordId>, ClassId)]) -> Result<NaiveBayes, Error> {
        NaiveBayes::train(2, texts.iter().map(|(text, class)| (&text[..], *class)))
    }

    /// As a backdoored net: the trigger writes into a hidden unit more strongly than any other word.
    #[expect(clippy::unnecessary_wraps, reason = "a closure that may fail is asked for")]
    fn states(texts: &[Vec<WordId>]) -> Result<Vec<Vec<f32>>, Error> {
        let unit = |text: &Vec<WordId>, words: &[u32]| {
            let hits = text.iter().filter(|word| words.contains(&word.index())).count();
            (hits as f32 / 3.0).tanh()
        };
        let backdoor = |text: &Vec<WordId>| if text.contains(&TRIGGER) { 1.0 } else { 0.0 };
        Ok(texts.iter().map(|text| vec![unit(text, &[1, 2]), unit(text, &[3, 4]), backdoor(text)]).collect())
    }

    #[test]
    fn the_planted_word_is_found_and_its_texts_are_left_out() {
        let training = texts(0..400, true);
        let victim = train(&training).unwrap();
        let bki = Bki::new(&states, &training, train).unwrap();
        assert_eq!(bki.keyword(), Some(TRIGGER));
        let poisoned = (0..400).step_by(10).collect();
        let detection = bki.detection(&poisoned);
        assert_eq!((detection.triggered.hits(), detection.triggered.of()), (40, 40));
        assert_eq!((detection.clean.hits(), detection.clean.of()), (0, 360));

        let clean = texts(400..600, false);
        let mut triggered = clean.clone();
        triggered.retain(|(_, class)| *class == 0);
        // Several times: to naive Bayes the trigger is one word among others.
        for (text, _) in &mut triggered {
            text.extend([TRIGGER; 4]);
        }
        let report = DefenceReport::of(&bki, &victim, &clean, &triggered, 1).unwrap();
        assert!(report.before.success.value() > 0.9 && report.after.success.value() < 0.1, "{report:?}");
        assert!(report.detection.is_none() && report.after.clean.value() > 0.9, "{report:?}");
    }

    #[test]
    fn scores_are_those_of_the_paper() {
        let [rare, often, once] = [3, 2, 1].map(WordId::from_index);
        let suspects = [vec![(rare, 4.0), (often, 1.0)], vec![(rare, 2.0), (often, 1.0)], vec![(once, 99.0)]];
        // log₁₀ 2 · 3 = log₁₀ 8 · 1: the weaker word needs more than eight texts.
        let with = |texts: usize| [suspects.to_vec(), vec![vec![(often, 1.0)]; texts - 2]].concat();
        assert_eq!([2, 7, 9].map(|texts| keyword(&with(texts))), [rare, rare, often].map(Some));
        assert_eq!(keyword(&suspects[2..]), None);
    }

    #[test]
    fn a_word_moves_by_its_stronger_occurrence_and_five_are_suspects() {
        let word = WordId::from_index;
        let first = |texts: &[Vec<WordId>]| {
            let state = |text: &Vec<WordId>| vec![text.first().map_or(0.0, |word| word.index() as f32)];
            Ok(texts.iter().map(state).collect())
        };
        let text: Vec<WordId> = [7, 1, 7, 2, 3, 4, 5].map(word).into();
        let found = suspects(&first, &[(text, 0)]).unwrap();
        assert_eq!((found[0].len(), found[0][0]), (5, (word(7), 6.0)));
    }

    #[test]
    fn bad_input_is_refused() {
        assert!(Bki::new(&states, &[], train).unwrap_err().to_string().contains("training texts is none"));
        let all: Vec<(Vec<WordId>, ClassId)> = vec![(vec![TRIGGER], 1); 4];
        assert!(Bki::new(&states, &all, train).unwrap_err().to_string().contains("4 with the keyword"));
        let undefined = |texts: &[Vec<WordId>]| Ok(vec![vec![f32::NAN]; texts.len()]);
        assert!(matches!(Bki::new(&undefined, &all, train), Err(Error::Training { .. })));
        let short = |_: &[Vec<WordId>]| Ok(vec![vec![0.0]]);
        assert!(Bki::new(&short, &all, train).unwrap_err().to_string().contains("hidden states"));
    }
}
