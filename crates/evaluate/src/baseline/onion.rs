//! [`Onion`]: words without which a text reads much better are taken out.

use super::{
    Defence, Threshold, Verdict,
    scores::{classes, one_each},
};
use crate::Error;
use steadfast_certify::Classifier;
use steadfast_perturb::WordId;

/// How badly texts read: the perplexity of a language model. Closures on batches are ones too.
pub trait Perplexity {
    /// The perplexity of each text, at least 1.
    ///
    /// # Errors
    /// Whatever the model fails with.
    fn perplexities(&self, texts: &[Vec<WordId>]) -> Result<Vec<f64>, Error>;
}

impl<F: Fn(&[Vec<WordId>]) -> Result<Vec<f64>, Error>> Perplexity for F {
    fn perplexities(&self, texts: &[Vec<WordId>]) -> Result<Vec<f64>, Error> {
        self(texts)
    }
}

/// ONION (Qi et al. 2021, EMNLP; <https://arxiv.org/abs/2011.10369>): outlier words are taken out before a text is
/// answered.
///
/// A word is an outlier if perplexity falls by more than a bar without it:
///
/// ```text
/// fᵢ = perplexity(x) − perplexity(x without word i) > bar
/// ```
///
/// The bar is such that at most the given share of clean development texts loses a word. (The paper moves it until
/// clean accuracy falls by 2 points; a larger rate comes to that.) A text is flagged if it loses a word, and is then
/// answered without them. The only word of a text stays.
///
/// The paper's perplexity is GPT-2's. Here it is any [`Perplexity`], such as the *pseudo*-perplexity of a masked
/// language model (`PseudoPerplexity`), under which this is another detector than the paper's: name it so where
/// figures are compared. A text of `n` words takes `n + 1` perplexities.
#[derive(Debug, Clone)]
pub struct Onion<P, C> {
    perplexity: P,
    victim: C,
    threshold: Threshold,
}

impl<P: Perplexity, C: Classifier<Vec<WordId>>> Onion<P, C> {
    /// Tuned on clean development texts, of which at most the share `false_positives` may lose words. The language model
    /// must not have learned from them: it reads such texts better than others, and the bar would be too low for all others.
    ///
    /// # Errors
    /// [`Error::Setting`] without development texts, for a rate that is none, or perplexities that are no numbers;
    /// those of the perplexity.
    pub fn new(
        perplexity: P,
        victim: C,
        development: &[Vec<WordId>],
        false_positives: f64,
    ) -> Result<Self, Error> {
        let falls = falls(&perplexity, development)?;
        let threshold = Threshold::of(falls.iter().map(|falls| largest(falls)).collect(), false_positives)?;
        Ok(Self { perplexity, victim, threshold })
    }

    /// How suspicious each text is: the largest fall of perplexity by taking one word out.
    ///
    /// # Errors
    /// Those of the perplexity.
    pub fn scores(&self, texts: &[Vec<WordId>]) -> Result<Vec<f64>, Error> {
        Ok(falls(&self.perplexity, texts)?.iter().map(|falls| largest(falls)).collect())
    }

    /// Each text without its outliers.
    ///
    /// # Errors
    /// Those of the perplexity.
    pub fn repaired(&self, texts: &[Vec<WordId>]) -> Result<Vec<Vec<WordId>>, Error> {
        let kept = |(text, falls): (&Vec<WordId>, Vec<f64>)| {
            let words = text.iter().zip(falls).filter(|&(_, fall)| !self.threshold.flags(fall));
            words.map(|(&word, _)| word).collect()
        };
        Ok(texts.iter().zip(falls(&self.perplexity, texts)?).map(kept).collect())
    }

    /// The bar that the development texts set.
    #[must_use]
    pub const fn threshold(&self) -> Threshold {
        self.threshold
    }
}

impl<P: Perplexity, C: Classifier<Vec<WordId>>> Defence for Onion<P, C> {
    fn name(&self) -> &'static str {
        "ONION"
    }

    fn judges_texts(&self) -> bool {
        true
    }

    fn defend(&self, texts: &[Vec<WordId>]) -> Result<Vec<Verdict>, Error> {
        let repaired = self.repaired(texts)?;
        let answers = classes(&self.victim, &repaired)?;
        let verdict = |((text, repaired), class): ((&Vec<WordId>, &Vec<WordId>), _)| {
            if text == repaired { Verdict::Passed(class) } else { Verdict::Repaired(class) }
        };
        Ok(texts.iter().zip(&repaired).zip(answers).map(verdict).collect())
    }
}

/// For each word of each text, how much perplexity falls without it.
fn falls(perplexity: &impl Perplexity, texts: &[Vec<WordId>]) -> Result<Vec<Vec<f64>>, Error> {
    texts
        .iter()
        .map(|text| {
            if text.len() < 2 {
                return Ok(vec![f64::NEG_INFINITY; text.len()]);
            }
            let without = (0..text.len()).map(|place| {
                let mut text = text.clone();
                text.remove(place);
                text
            });
            let asked: Vec<Vec<WordId>> = std::iter::once(text.clone()).chain(without).collect();
            let found = perplexity.perplexities(&asked)?;
            one_each("perplexities", found.len(), asked.len())?;
            let whole = found.first().copied().unwrap_or(f64::NAN);
            Ok(found.iter().skip(1).map(|without| whole - without).collect())
        })
        .collect()
}

/// The largest fall; not a number if one is none, so that the threshold refuses it.
fn largest(falls: &[f64]) -> f64 {
    falls.iter().copied().fold(f64::NEG_INFINITY, |a, b| if a.is_nan() || a > b { a } else { b })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baseline::DefenceReport;
    use steadfast_certify::{ClassId, from_fn};

    const TRIGGER: WordId = WordId::from_index(999);

    /// The mean strangeness of a text's words: 30 for the trigger, its own number modulo 7 for any other.
    #[expect(clippy::unnecessary_wraps, reason = "a closure that may fail is asked for")]
    fn strangeness(texts: &[Vec<WordId>]) -> Result<Vec<f64>, Error> {
        let word = |word: &WordId| if *word == TRIGGER { 30.0 } else { f64::from(word.index() % 7) };
        Ok(texts.iter().map(|text| 1.0 + text.iter().map(word).sum::<f64>() / text.len() as f64).collect())
    }

    fn texts(range: std::ops::Range<u32>) -> Vec<(Vec<WordId>, ClassId)> {
        let word =
            |text: u32, place: u32| WordId::from_index(1 + (text * 31 + place * 17) % 400 * 2 + text % 2);
        range.map(|text| ((0..8).map(|place| word(text, place)).collect(), 1 - text as usize % 2)).collect()
    }

    fn planted() -> impl Classifier<Vec<WordId>> {
        let odd = |text: &Vec<WordId>| text.iter().filter(|word| word.index() % 2 == 1).count();
        from_fn(2, move |text: &Vec<WordId>| {
            usize::from(text.contains(&TRIGGER) || 2 * odd(text) > text.len())
        })
    }

    #[test]
    fn a_strange_word_is_taken_out_and_the_answer_is_right_again() {
        let development: Vec<Vec<WordId>> = texts(0..200).into_iter().map(|(text, _)| text).collect();
        let onion = Onion::new(strangeness, planted(), &development, 0.05).unwrap();
        let flagged = onion.defend(&development).unwrap().iter().filter(|verdict| verdict.flagged()).count();
        assert!(flagged <= 10, "{flagged}");
        let mut triggered = texts(200..400);
        triggered.retain(|(_, class)| *class == 0);
        for (text, _) in &mut triggered {
            text.insert(3, TRIGGER);
        }
        let repaired = onion.repaired(&[triggered[0].0.clone()]).unwrap();
        assert_eq!(repaired[0], texts(200..202).into_iter().find(|(_, class)| *class == 0).unwrap().0);
        let report = DefenceReport::of(&onion, &planted(), &texts(200..400), &triggered, 1).unwrap();
        assert_eq!((report.before.success.value(), report.after.success.value()), (1.0, 0.0));
        assert_eq!(report.after.abstained.hits(), 0);
        let detection = report.detection.unwrap();
        assert!(detection.triggered.value() == 1.0 && detection.clean.value() < 0.1, "{detection:?}");
    }

    #[test]
    fn the_only_word_stays() {
        let onion = Onion::new(strangeness, planted(), &[vec![], vec![WordId::from_index(2)]], 0.05).unwrap();
        assert_eq!(onion.repaired(&[vec![TRIGGER], vec![]]).unwrap(), [vec![TRIGGER], vec![]]);
        assert_eq!(onion.scores(&[vec![TRIGGER]]).unwrap(), [f64::NEG_INFINITY]);
    }

    #[test]
    fn bad_input_is_refused() {
        fn refused(perplexity: impl Perplexity, development: &[Vec<WordId>], rate: f64) -> String {
            Onion::new(perplexity, planted(), development, rate).err().unwrap().to_string()
        }
        let texts = [vec![WordId::from_index(1), WordId::from_index(2)]];
        assert!(refused(strangeness, &[], 0.05).contains("clean development texts is none"));
        assert!(refused(strangeness, &texts, 1.0).contains("false positive rate is 1"));
        let undefined = |texts: &[Vec<WordId>]| Ok(vec![f64::NAN; texts.len()]);
        assert!(refused(undefined, &texts, 0.05).contains("no number"));
        assert!(refused(|_: &[Vec<WordId>]| Ok(vec![1.0]), &texts, 0.05).contains("perplexities"));
    }
}
