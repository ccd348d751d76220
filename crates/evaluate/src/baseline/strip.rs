//! [`Strip`]: a triggered text keeps its answer when half of its words are overwritten.

use super::{
    Defence, Threshold, Verdict,
    defence::refuse,
    scores::{classes, probabilities, setting},
};
use crate::Error;
use rand::{RngExt, seq::index};
use std::collections::{BTreeMap, BTreeSet};
use steadfast_certify::{
    Fingerprint, Phase, ScoringClassifier,
    seed::{Generator, Purpose, generator},
};
use steadfast_perturb::WordId;

/// STRIP for text (Gao et al. 2022, STRIP-`ViTA`, IEEE TDSC; <https://arxiv.org/abs/1911.10312>).
///
/// Half of the words of a text, at random places, are overwritten by the words of another, clean text with the
/// largest tf-idf. The classifier's answers to several such copies vary if the text is clean; where a trigger decides
/// they do not. The score is the mean entropy of the answers in bits, with the sign turned so that more is more
/// suspicious:
///
/// ```text
/// score(x) = −(1/N) Σᵢ H(p(· | copyᵢ(x))),   H(p) = −Σ p_c log₂ p_c
/// ```
///
/// The mean is over the copies of one text; a widely used implementation averages over copies of different texts. A
/// trigger of one word is overwritten in half of the copies, which limits what can be found. The copies of a text
/// depend on the text and the seed alone.
#[derive(Debug, Clone)]
pub struct Strip<C> {
    victim: C,
    settings: StripSettings,
    /// The words of each development text, largest tf-idf first.
    donors: Vec<Donor>,
    threshold: Threshold,
}

#[derive(Debug, Clone)]
struct Donor {
    text: Vec<WordId>,
    telling: Vec<WordId>,
}

/// How [`Strip`] is tuned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StripSettings {
    /// Copies of each text.
    pub copies: u64,
    /// Share of the clean development texts that may be flagged; the paper's is 1%.
    pub false_positives: f64,
    /// Draws places and words.
    pub seed: u64,
}

impl Default for StripSettings {
    fn default() -> Self {
        Self { copies: 5, false_positives: Threshold::RATE, seed: 0 }
    }
}

impl<C: ScoringClassifier<Vec<WordId>>> Strip<C> {
    /// Tuned on clean development texts, which also give the words that others are overwritten by.
    ///
    /// # Errors
    /// [`Error::Setting`] without copies, with fewer than two different development texts that have words, or for a
    /// rate that is none; those of the classifier.
    pub fn new(victim: C, development: &[Vec<WordId>], settings: StripSettings) -> Result<Self, Error> {
        if settings.copies == 0 {
            return Err(setting("copies", &0, "at least one copy of each text"));
        }
        let donors = donors(development);
        let different: BTreeSet<&[WordId]> = donors.iter().map(|donor| &donor.text[..]).collect();
        if different.len() < 2 {
            let expected = "at least two different ones with words: each is overwritten by another";
            return Err(setting("clean development texts", &different.len(), expected));
        }
        // Nothing is above the first threshold; scores do not depend on it.
        let mut strip = Self { victim, settings, donors, threshold: Threshold::of(vec![0.0], 0.0)? };
        strip.threshold = Threshold::of(strip.scores(development)?, settings.false_positives)?;
        Ok(strip)
    }

    /// How suspicious each text is: minus the mean entropy of the answers to its copies, in bits.
    ///
    /// # Errors
    /// Those of the classifier.
    pub fn scores(&self, texts: &[Vec<WordId>]) -> Result<Vec<f64>, Error> {
        let copies: Vec<Vec<WordId>> = texts
            .iter()
            .flat_map(|text| {
                let input =
                    Fingerprint::new("STRIP", text.iter().map(|word| u64::from(word.index()))).value();
                (0..self.settings.copies).map(move |copy| {
                    let seed = self.settings.seed;
                    self.copy(text, generator(seed, Phase::Estimation, input, copy, Purpose::Noise))
                })
            })
            .collect();
        let found = probabilities(&self.victim, &copies)?;
        let entropies: Vec<f64> = found.rows().map(entropy).collect();
        let mean = |copies: &[f64]| -copies.iter().sum::<f64>() / copies.len() as f64;
        Ok(entropies.chunks_exact(self.settings.copies as usize).map(mean).collect())
    }

    /// The threshold that the development texts set.
    #[must_use]
    pub const fn threshold(&self) -> Threshold {
        self.threshold
    }

    fn copy(&self, text: &[WordId], mut rng: Generator) -> Vec<WordId> {
        let places = index::sample(&mut rng, text.len(), text.len() / 2);
        let mut words = Vec::new();
        while words.len() < places.len() {
            let start = rng.random_range(..self.donors.len());
            // The next one that is another text; there is one.
            let mut others = self.donors.iter().cycle().skip(start).filter(|donor| donor.text != text);
            words.extend(others.next().into_iter().flat_map(|donor| &donor.telling));
        }
        let mut copy = text.to_vec();
        for (place, word) in places.into_iter().zip(words) {
            if let Some(slot) = copy.get_mut(place) {
                *slot = word;
            }
        }
        copy
    }
}

impl<C: ScoringClassifier<Vec<WordId>>> Defence for Strip<C> {
    fn name(&self) -> &'static str {
        "STRIP"
    }

    fn judges_texts(&self) -> bool {
        true
    }

    fn defend(&self, texts: &[Vec<WordId>]) -> Result<Vec<Verdict>, Error> {
        Ok(refuse(self.threshold, &self.scores(texts)?, classes(&self.victim, texts)?))
    }
}

/// The texts that have words, with their distinct words by tf-idf, the largest first, equal ones in the order of the
/// text. Inverse document frequency is smoothed: ln((1 + n) / (1 + texts with the word)) + 1.
fn donors(texts: &[Vec<WordId>]) -> Vec<Donor> {
    let mut texts_with = BTreeMap::<WordId, u64>::new();
    for text in texts {
        for word in text.iter().collect::<BTreeSet<_>>() {
            *texts_with.entry(*word).or_default() += 1;
        }
    }
    let rarity = |word: &WordId| {
        let with = texts_with.get(word).copied().unwrap_or(0);
        ((1 + texts.len()) as f64 / (1 + with) as f64).ln() + 1.0
    };
    let donor = |text: &Vec<WordId>| {
        let mut telling: Vec<(f64, WordId)> = Vec::new();
        for word in text {
            match telling.iter_mut().find(|(_, known)| known == word) {
                Some((score, _)) => *score += rarity(word),
                None => telling.push((rarity(word), *word)),
            }
        }
        telling.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        Donor { text: text.clone(), telling: telling.into_iter().map(|(_, word)| word).collect() }
    };
    texts.iter().filter(|text| !text.is_empty()).map(donor).collect()
}

fn entropy(probabilities: &[f32]) -> f64 {
    let term = |&p: &f32| if p > 0.0 { -f64::from(p) * f64::from(p).log2() } else { 0.0 };
    probabilities.iter().map(term).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baseline::DefenceReport;
    use steadfast_certify::{BoxError, ClassId, Classifier, Probabilities};

    const TRIGGER: u32 = 999;

    /// Class 1 by the share of odd words, never quite sure; with the trigger class 1, and sure of it.
    #[derive(Debug)]
    struct Planted;

    impl Classifier<Vec<WordId>> for Planted {
        fn class_count(&self) -> usize {
            2
        }
        fn classify(&self, texts: &[Vec<WordId>]) -> Result<Vec<ClassId>, BoxError> {
            Ok(self.probabilities(texts)?.classes_of_inputs())
        }
    }

    impl ScoringClassifier<Vec<WordId>> for Planted {
        fn probabilities(&self, texts: &[Vec<WordId>]) -> Result<Probabilities, BoxError> {
            let second = |text: &Vec<WordId>| {
                if text.contains(&WordId::from_index(TRIGGER)) {
                    return 0.999;
                }
                let odd = text.iter().filter(|word| word.index() % 2 == 1).count();
                0.2 + 0.6 * odd as f32 / text.len().max(1) as f32
            };
            let rows = texts.iter().map(second).flat_map(|second| [1.0 - second, second]).collect();
            Ok(Probabilities::new(2, rows)?)
        }
    }

    /// Texts of nine words of one class each.
    fn texts(range: std::ops::Range<u32>) -> Vec<(Vec<WordId>, ClassId)> {
        let word =
            |text: u32, place: u32| WordId::from_index(1 + (text * 31 + place * 7) % 200 * 2 + text % 2);
        range.map(|text| ((0..9).map(|place| word(text, place)).collect(), 1 - text as usize % 2)).collect()
    }

    fn words(texts: &[(Vec<WordId>, ClassId)]) -> Vec<Vec<WordId>> {
        texts.iter().map(|(text, _)| text.clone()).collect()
    }

    fn triggered(range: std::ops::Range<u32>) -> Vec<(Vec<WordId>, ClassId)> {
        let mut texts = texts(range);
        texts.retain(|(_, class)| *class == 0);
        for (text, _) in &mut texts {
            text.insert(4, WordId::from_index(TRIGGER));
        }
        texts
    }

    #[test]
    fn a_planted_trigger_is_found_and_clean_texts_pass() {
        let development = words(&texts(0..200));
        let strip = Strip::new(Planted, &development, StripSettings::default()).unwrap();
        let flagged = strip.defend(&development).unwrap().iter().filter(|verdict| verdict.flagged()).count();
        assert!(flagged <= 10, "{flagged}");

        let report = DefenceReport::of(&strip, &Planted, &texts(200..400), &triggered(400..600), 1).unwrap();
        let detection = report.detection.unwrap();
        // All five copies lose the trigger in one text of 32, and often enough too many do.
        assert!(detection.triggered.value() > 0.9, "{detection:?}");
        assert!(detection.clean.value() < 0.15, "{detection:?}");
        assert_eq!((report.before.success.value(), report.before.clean.value()), (1.0, 1.0));
        assert!(report.after.success.value() < 0.1 && report.after.clean.value() > 0.85, "{report:?}");
    }

    #[test]
    fn scores_depend_on_text_and_seed_alone() {
        let development = words(&texts(0..50));
        let strip = |seed| {
            let settings = StripSettings { seed, ..StripSettings::default() };
            Strip::new(Planted, &development, settings).unwrap()
        };
        let asked = words(&texts(100..120));
        let scores = strip(1).scores(&asked).unwrap();
        let mut backwards = asked.clone();
        backwards.reverse();
        let again = strip(1).scores(&backwards).unwrap();
        assert!(scores.iter().eq(again.iter().rev()));
        assert_ne!(scores, strip(2).scores(&asked).unwrap());
        // The mean of each text's own copies.
        let alone: Vec<f64> =
            asked.iter().flat_map(|text| strip(1).scores(std::slice::from_ref(text)).unwrap()).collect();
        assert_eq!(scores, alone);
    }

    #[test]
    fn half_of_the_words_are_overwritten_by_telling_words_of_other_texts() {
        let development = words(&texts(0..3));
        let strip = Strip::new(Planted, &development, StripSettings::default()).unwrap();
        for sample in 0..50 {
            let rng = generator(3, Phase::Estimation, 0, sample, Purpose::Noise);
            let copy = strip.copy(&development[0], rng);
            let kept = copy.iter().zip(&development[0]).filter(|(a, b)| a == b).count();
            assert!(copy.len() == 9 && kept >= 5, "{copy:?}");
            let others = copy.iter().filter(|word| !development[0].contains(word));
            assert!(others.clone().count() > 0);
            assert!(others.into_iter().all(|word| development[1..].iter().any(|text| text.contains(word))));
        }
        let [once, twice, everywhere] = [1, 2, 3].map(WordId::from_index);
        let donors = donors(&[vec![everywhere, once, twice, twice], vec![], vec![everywhere]]);
        assert_eq!(donors[0].telling, [twice, once, everywhere]);
        assert_eq!(donors.len(), 2);
    }

    #[test]
    fn entropies_are_in_bits() {
        assert_eq!((entropy(&[0.5, 0.5]), entropy(&[1.0, 0.0]), entropy(&[0.25; 4])), (1.0, 0.0, 2.0));
    }

    #[test]
    fn what_cannot_be_tuned_is_refused() {
        let refused = |development: &[Vec<WordId>], settings| {
            Strip::new(Planted, development, settings).unwrap_err().to_string()
        };
        let fine = StripSettings::default();
        let some = words(&texts(0..5));
        for few in [&[][..], &[vec![]], &some[..1], &[some[0].clone(), some[0].clone()]] {
            assert!(refused(few, fine).contains("clean development texts"));
        }
        assert!(refused(&some, StripSettings { copies: 0, ..fine }).contains("copies"));
        let rate = StripSettings { false_positives: 1.5, ..fine };
        assert!(refused(&some, rate).contains("false positive rate is 1.5"));
    }
}
