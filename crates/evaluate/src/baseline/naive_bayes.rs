//! [`NaiveBayes`]: the multinomial classifier over words.

use crate::{
    Error,
    data::{TextTask, texts::tokenized},
};
use std::sync::Arc;
use steadfast_certify::{BoxError, ClassId, Classifier};
use steadfast_perturb::{Lexicon, Tokenizer, WordId};

/// Multinomial naive Bayes with one pseudo-count per word: each word adds its log-odds. A text without known words gets
/// the more frequent class of the training texts.
///
/// Deleting words of a text is what it was made for: it sees a bag of what is left.
#[derive(Debug, Clone)]
pub struct NaiveBayes {
    /// Log-probability of each word in each class, words × classes.
    words: Vec<f64>,
    /// Log-share of each class.
    classes: Vec<f64>,
    /// Whether the training texts hold each word.
    seen: Vec<bool>,
}

/// A classifier of a task, and the texts that it was not trained on.
#[derive(Debug)]
pub struct Trained {
    /// The words of both.
    pub lexicon: Arc<Lexicon>,
    /// Trained on the task's training texts.
    pub classifier: NaiveBayes,
    /// Words and class of each test text.
    pub test: Vec<(Vec<WordId>, ClassId)>,
}

impl NaiveBayes {
    /// Trained on the training texts of a task.
    ///
    /// # Errors
    /// As [`Self::train`].
    pub fn of_task(task: &TextTask, tokenizer: Tokenizer) -> Result<Trained, Error> {
        let lexicon = Arc::new(Lexicon::new());
        let training = tokenized(&task.training, &lexicon, tokenizer);
        let classifier =
            Self::train(task.classes(), training.iter().map(|(text, class)| (&text[..], *class)))?;
        let test = tokenized(&task.test, &lexicon, tokenizer);
        Ok(Trained { lexicon, classifier, test })
    }

    /// Trained on texts with their classes below `classes`.
    ///
    /// # Errors
    /// [`Error::Training`] without texts, or for a class that does not exist or has no text.
    pub fn train<'a>(
        classes: usize,
        texts: impl IntoIterator<Item = (&'a [WordId], ClassId)>,
    ) -> Result<Self, Error> {
        let mut texts_of = vec![0_u64; classes];
        let mut counts: Vec<Vec<u64>> = vec![Vec::new(); classes];
        for (text, class) in texts {
            let (Some(number), Some(counts)) = (texts_of.get_mut(class), counts.get_mut(class)) else {
                return Err(Error::Training { found: format!("a text of class {class} of {classes}") });
            };
            *number += 1;
            for word in text {
                let index = word.index() as usize;
                if counts.len() <= index {
                    counts.resize(index + 1, 0);
                }
                if let Some(count) = counts.get_mut(index) {
                    *count += 1;
                }
            }
        }
        match texts_of.iter().position(|&number| number == 0) {
            Some(class) => {
                return Err(Error::Training { found: format!("no text of class {class} of {classes}") });
            }
            None if classes == 0 => return Err(Error::Training { found: "no classes".to_owned() }),
            None => {}
        }
        let vocabulary = counts.iter().map(Vec::len).max().unwrap_or(0);
        let totals: Vec<u64> = counts.iter().map(|counts| counts.iter().sum()).collect();
        let log_share =
            |count: u64, total: u64| (count as f64 + 1.0).ln() - (total as f64 + vocabulary as f64).ln();
        let words = (0..vocabulary)
            .flat_map(|word| {
                counts
                    .iter()
                    .zip(&totals)
                    .map(move |(counts, &total)| log_share(counts.get(word).copied().unwrap_or(0), total))
            })
            .collect();
        let seen = (0..vocabulary)
            .map(|word| counts.iter().any(|counts| counts.get(word).is_some_and(|count| *count > 0)))
            .collect();
        let all: u64 = texts_of.iter().sum();
        let classes = texts_of.iter().map(|&number| (number as f64 / all as f64).ln()).collect();
        Ok(Self { words, classes, seen })
    }

    /// The `count` words of the training texts that tell the first two classes apart best: those with the largest expected change of
    /// the log-odds, occurrences times distance of log-probabilities. Fewer if the texts had fewer.
    #[must_use]
    pub fn most_telling(&self, count: usize) -> Vec<WordId> {
        let mut words: Vec<(f64, u32)> = (0..)
            .zip(self.words.chunks_exact(self.classes.len()))
            .zip(&self.seen)
            .filter(|(_, seen)| **seen)
            .filter_map(|((index, row), _)| match row {
                [first, second, ..] => Some(((first.exp() + second.exp()) * (first - second).abs(), index)),
                _ => None,
            })
            .collect();
        words.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        words.into_iter().take(count).map(|(_, index)| WordId::from_index(index)).collect()
    }

    fn class(&self, text: &[WordId]) -> ClassId {
        let classes = self.classes.len();
        let mut scores = self.classes.clone();
        for word in text {
            let start = word.index() as usize * classes;
            let row = self.words.get(start..start + classes).unwrap_or_default();
            scores.iter_mut().zip(row).for_each(|(score, log_share)| *score += log_share);
        }
        let best = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        scores.iter().position(|&score| score >= best).unwrap_or(0)
    }
}

impl Classifier<Vec<WordId>> for NaiveBayes {
    fn class_count(&self) -> usize {
        self.classes.len()
    }

    fn classify(&self, batch: &[Vec<WordId>]) -> Result<Vec<ClassId>, BoxError> {
        Ok(batch.iter().map(|text| self.class(text)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_decide_and_silence_goes_to_the_majority() {
        let lexicon = Lexicon::new();
        let never = lexicon.intern("never");
        let text = |string: &str| Tokenizer::words().tokenize(&lexicon, string);
        let training = [("good fine film", 1), ("fine plot", 1), ("bad film", 0), ("very good", 1)];
        let texts: Vec<(Vec<WordId>, usize)> = training.map(|(string, class)| (text(string), class)).into();
        let model = NaiveBayes::train(2, texts.iter().map(|(text, class)| (&text[..], *class))).unwrap();
        let unseen = lexicon.intern("unseen");
        let batch = [text("good"), text("bad bad"), vec![], vec![unseen]];
        assert_eq!(model.classify(&batch).unwrap(), [1, 0, 1, 1]);
        let telling = model.most_telling(usize::MAX);
        assert_eq!((telling.len(), telling.contains(&never)), (6, false), "a word that no text holds");
    }

    #[test]
    fn what_cannot_be_learned_is_refused() {
        assert!(NaiveBayes::train(2, []).is_err() && NaiveBayes::train(0, []).is_err());
        assert!(NaiveBayes::train(2, [(&[][..], 2)]).is_err());
        assert!(NaiveBayes::train(2, [(&[][..], 1)]).is_err());
    }
}
