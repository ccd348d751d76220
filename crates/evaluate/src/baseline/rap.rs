//! [`Rap`]: a word that makes the target less probable, unless a trigger holds it up.

use super::{
    Defence, Threshold, Verdict,
    defence::refuse,
    scores::{classes, probabilities, setting},
};
use crate::Error;
use rand::seq::SliceRandom;
use std::{collections::HashSet, ops::RangeInclusive};
use steadfast_certify::{
    ClassId, Classifier as _, Phase,
    seed::{Purpose, generator},
};
use steadfast_model::transformer::{Error as ModelError, TextClassifier};
use steadfast_perturb::WordId;
use tch::{Kind, Tensor, no_grad};

/// RAP, robustness-aware perturbation (Yang et al. 2021, EMNLP; <https://arxiv.org/abs/2110.07831>).
///
/// A rare word is put before each text. Its embedding alone is trained, on clean development texts that are answered
/// `target`, until the target is less probable with it by 0.1 to 0.3:
///
/// ```text
/// fall(x) = p_target(x) − p_target(word x)        loss = mean of max(0, 0.1 − fall) + max(0, fall − 0.3)
/// ```
///
/// A trigger holds the target's probability up: texts that are answered `target` and whose fall is small are
/// suspicious. Texts that are answered otherwise never are, since nobody attacked with success there. The embedding
/// keeps its norm. Steps go along the gradient with a length relative to the norm, where the paper's step has a fixed
/// rate; that is the one deviation.
///
/// The word must not be a trigger of the attack, or it raises the probability that it should lower. A defender cannot
/// know that: take one of several rare words at random. The victim is as it was between calls; the trained embedding
/// is put in for the time of an answer. The word counts for a text that holds it by itself as well.
#[derive(Debug)]
pub struct Rap<'a> {
    victim: &'a TextClassifier,
    settings: RapSettings,
    word: WordId,
    embedding: Embedding<'a>,
    trained: Tensor,
    fall: f64,
    threshold: Threshold,
}

/// How [`Rap`] is tuned.
#[derive(Debug, Clone, PartialEq)]
pub struct RapSettings {
    /// The rare word: one token of the model, in no development text. The paper's is `cf`, which is a trigger of
    /// `BadNets`.
    pub word: String,
    /// The class that is protected: what an attacker would want.
    pub target: ClassId,
    /// How much the target's probability should fall.
    pub fall: RangeInclusive<f64>,
    /// Passes over the development texts.
    pub epochs: u64,
    /// Texts per step.
    pub batch: usize,
    /// The length of a step, as a share of the embedding's norm. It falls to zero linearly.
    pub step: f64,
    /// Share of the clean development texts that may be flagged; the paper's is 1% of those answered `target`.
    pub false_positives: f64,
    /// Draws the order of texts.
    pub seed: u64,
}

impl RapSettings {
    /// The paper's settings with a word and a target of one's own.
    #[must_use]
    pub fn new(word: impl Into<String>, target: ClassId) -> Self {
        Self {
            word: word.into(),
            target,
            fall: 0.1..=0.3,
            epochs: 5,
            batch: 32,
            step: 0.1,
            false_positives: Threshold::RATE,
            seed: 0,
        }
    }

    /// The paper's settings with a word that the model has a single token for and that none of `texts` holds, drawn by `seed`.
    ///
    /// # Errors
    /// [`Error::Setting`] if there is none.
    pub fn with_rare_word(
        victim: &TextClassifier,
        texts: &[Vec<WordId>],
        target: ClassId,
        seed: u64,
    ) -> Result<Self, Error> {
        let subwords = victim.subwords();
        let lexicon = subwords.lexicon();
        let held: HashSet<&WordId> = texts.iter().flatten().collect();
        let mut words = subwords.single_words();
        words.retain(|word| word.len() > 1 && lexicon.get(word).is_none_or(|word| !held.contains(&word)));
        words.shuffle(&mut generator(seed, Phase::Selection, 0, 0, Purpose::Learner));
        let fits = |word: &String| subwords.single_token(lexicon.intern(word)).is_some();
        let word = words.into_iter().find(fits).ok_or_else(|| {
            let expected = "one that the model has a single token for and no text holds";
            setting("RAP's word", &"no word", expected)
        })?;
        Ok(Self { seed, ..Self::new(word, target) })
    }

    fn check(&self) -> Result<(), Error> {
        if !(0.0 <= *self.fall.start() && self.fall.start() <= self.fall.end() && *self.fall.end() <= 1.0) {
            return Err(setting(
                "fall",
                &format!("{:?}", self.fall),
                "two probabilities, the smaller one first",
            ));
        }
        if self.epochs == 0 || self.batch == 0 {
            let given = format!("{} of {} texts per step", self.epochs, self.batch);
            return Err(setting("epochs", &given, "at least one of each"));
        }
        if !(self.step > 0.0 && self.step <= 1.0) {
            return Err(setting("step", &self.step, "a share of the norm above 0, up to 1, such as 0.1"));
        }
        Ok(())
    }
}

/// One row of the table of word embeddings.
#[derive(Debug)]
struct Embedding<'a> {
    table: &'a Tensor,
    token: i64,
}

impl Embedding<'_> {
    fn get(&self) -> Result<Tensor, ModelError> {
        // A copy: the table is written to.
        Ok(self.table.f_detach()?.f_select(0, self.token)?.f_mul_scalar(1.0)?)
    }

    fn put(&self, row: &Tensor) -> Result<(), ModelError> {
        Ok(no_grad(|| self.table.f_detach()?.f_select(0, self.token)?.f_copy_(row))?)
    }

    /// Runs `work` with another row, and puts the row back that was there, whatever comes of it.
    fn with<T>(&self, row: &Tensor, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        let own = self.get()?;
        self.put(row)?;
        let result = work();
        self.put(&own)?;
        result
    }
}

impl<'a> Rap<'a> {
    /// Trains the word's embedding on clean development texts, and sets the threshold by them.
    ///
    /// # Errors
    /// [`Error::Setting`] for settings that train nothing; for a word that is not one known token or stands in a
    /// development text; for a target that does not exist or that no development text is answered with.
    /// [`Error::Transformer`] if libtorch fails.
    pub fn new(
        victim: &'a TextClassifier,
        development: &[Vec<WordId>],
        settings: RapSettings,
    ) -> Result<Self, Error> {
        settings.check()?;
        if settings.target >= victim.class_count() {
            let expected = format!("one of the {} classes, counted from 0", victim.class_count());
            return Err(setting("target", &settings.target, expected));
        }
        let lexicon = victim.subwords().lexicon();
        let word = lexicon.intern(&settings.word);
        let Some(token) = victim.subwords().single_token(word) else {
            return Err(setting(
                "RAP's word",
                &&settings.word,
                "a word that the model has a single token for",
            ));
        };
        if development.iter().any(|text| text.contains(&word)) {
            let expected = "a rare one, which no development text holds";
            return Err(setting("RAP's word", &&settings.word, expected));
        }
        let answers = classes(victim, development)?;
        let answered = development.iter().zip(answers).filter(|(_, class)| *class == settings.target);
        let protected: Vec<Vec<WordId>> = answered.map(|(text, _)| text.clone()).collect();
        if protected.is_empty() {
            let given = format!("{}, and none that is answered {}", development.len(), settings.target);
            return Err(setting(
                "clean development texts",
                &given,
                "at least one that is answered the target",
            ));
        }
        let embedding = Embedding { table: victim.model().word_embeddings(), token: i64::from(token) };
        // Nothing is above the first threshold; scores do not depend on it.
        let (trained, threshold) = (embedding.get()?, Threshold::of(vec![0.0], 0.0)?);
        let mut rap = Self { victim, settings, word, embedding, trained, fall: 0.0, threshold };
        rap.train(&protected)?;
        rap.threshold = Threshold::of(rap.scores(development)?, rap.settings.false_positives)?;
        Ok(rap)
    }

    /// How suspicious each text is: minus how much the target's probability falls; minus infinity for texts that are
    /// not answered with the target.
    ///
    /// # Errors
    /// Those of the classifier.
    pub fn scores(&self, texts: &[Vec<WordId>]) -> Result<Vec<f64>, Error> {
        let answers = classes(self.victim, texts)?;
        let score = |(fall, class): (f64, ClassId)| {
            if class == self.settings.target { -fall } else { f64::NEG_INFINITY }
        };
        Ok(self.falls(texts)?.into_iter().zip(answers).map(score).collect())
    }

    /// How much the target's probability falls in the mean over the texts that the embedding was trained on. If it is
    /// not about as large as asked for, the word has no hold on the classifier, and RAP finds little.
    #[must_use]
    pub const fn fall(&self) -> f64 {
        self.fall
    }

    /// The threshold that the development texts set.
    #[must_use]
    pub const fn threshold(&self) -> Threshold {
        self.threshold
    }

    /// The text behind the word.
    fn before(&self, text: &[WordId]) -> Vec<WordId> {
        [&[self.word], text].concat()
    }

    fn target(&self, texts: &[Vec<WordId>]) -> Result<Vec<f64>, Error> {
        let target = |row: &[f32]| row.get(self.settings.target).copied().map_or(f64::NAN, f64::from);
        Ok(probabilities(self.victim, texts)?.rows().map(target).collect())
    }

    fn falls(&self, texts: &[Vec<WordId>]) -> Result<Vec<f64>, Error> {
        let with: Vec<Vec<WordId>> = texts.iter().map(|text| self.before(text)).collect();
        self.embedding.with(&self.trained, || {
            Ok(self.target(texts)?.into_iter().zip(self.target(&with)?).map(|(a, b)| a - b).collect())
        })
    }

    /// Trains the embedding and keeps the best of all epochs, the first row included.
    fn train(&mut self, texts: &[Vec<WordId>]) -> Result<(), Error> {
        let before = self.target(texts)?;
        let tokens: Vec<(Vec<u32>, f64)> = texts
            .iter()
            .zip(before)
            .map(|(text, before)| Ok((self.victim.subwords().encode(&self.before(text))?, before)))
            .collect::<Result<_, ModelError>>()?;
        let mut least = self.loss(texts)?;
        let mut row = self.trained.shallow_clone();
        let steps = self.settings.epochs * tokens.len().div_ceil(self.settings.batch) as u64;
        let mut taken = 0_u64;
        for epoch in 0..self.settings.epochs {
            let mut order: Vec<usize> = (0..tokens.len()).collect();
            order.shuffle(&mut generator(self.settings.seed, Phase::Training, epoch, 0, Purpose::Learner));
            for batch in order.chunks(self.settings.batch) {
                let batch: Vec<&(Vec<u32>, f64)> =
                    batch.iter().filter_map(|&text| tokens.get(text)).collect();
                let length = self.settings.step * (1.0 - taken as f64 / steps as f64);
                row = self.embedding.with(&row, || Ok(self.stepped(&row, &batch, length)?))?;
                taken += 1;
            }
            let best = std::mem::replace(&mut self.trained, row.shallow_clone());
            let loss = self.loss(texts)?;
            if loss.0 < least.0 { least = loss } else { self.trained = best }
        }
        self.fall = least.1;
        Ok(())
    }

    /// The mean loss and the mean fall of these texts.
    fn loss(&self, texts: &[Vec<WordId>]) -> Result<(f64, f64), Error> {
        let falls = self.falls(texts)?;
        let (low, high) = (*self.settings.fall.start(), *self.settings.fall.end());
        let loss: f64 = falls.iter().map(|fall| (low - fall).max(0.0) + (fall - high).max(0.0)).sum();
        Ok((loss / falls.len() as f64, falls.iter().sum::<f64>() / falls.len() as f64))
    }

    /// The row after a step against the gradient of the batch's loss, with the norm that it had.
    fn stepped(&self, row: &Tensor, batch: &[&(Vec<u32>, f64)], length: f64) -> Result<Tensor, ModelError> {
        let model = self.victim.model();
        let texts: Vec<&[u32]> = batch.iter().map(|(tokens, _)| &tokens[..]).collect();
        let before: Vec<f32> = batch.iter().map(|(_, before)| *before as f32).collect();
        let table = self.embedding.table.f_set_requires_grad(true)?;
        let gradient = (|| {
            let logits = model.forward(&model.batch(&texts)?)?.logits;
            let after = logits.f_softmax(-1, Kind::Float)?.f_select(1, self.settings.target as i64)?;
            let falls = Tensor::f_from_slice(&before)?.f_to_device(after.device())?.f_sub(&after)?;
            let low = falls.f_neg()?.f_add_scalar(*self.settings.fall.start())?.f_relu()?;
            let high = falls.f_sub_scalar(*self.settings.fall.end())?.f_relu()?;
            let loss = low.f_add(&high)?.f_mean(Kind::Float)?;
            let gradients = Tensor::f_run_backward(&[loss], &[&table], false, false)?;
            let gradient = gradients.first().map(|gradient| gradient.f_select(0, self.embedding.token));
            Ok::<_, ModelError>(gradient.transpose()?)
        })();
        let _ = table.f_set_requires_grad(false)?;
        let Some(gradient) = gradient? else { return Ok(row.shallow_clone()) };
        no_grad(|| {
            let (own, slope) = (row.f_norm()?.f_double_value(&[])?, gradient.f_norm()?.f_double_value(&[])?);
            // All falls are as asked for.
            if slope <= 0.0 || slope.is_nan() {
                return Ok(row.shallow_clone());
            }
            let moved = row.f_sub(&gradient.f_mul_scalar(length * own / slope)?)?;
            let norm = moved.f_norm()?.f_double_value(&[])?;
            Ok(if norm > 0.0 { moved.f_mul_scalar(own / norm)? } else { row.shallow_clone() })
        })
    }
}

impl Defence for Rap<'_> {
    fn name(&self) -> &'static str {
        "RAP"
    }

    fn judges_texts(&self) -> bool {
        true
    }

    fn defend(&self, texts: &[Vec<WordId>]) -> Result<Vec<Verdict>, Error> {
        Ok(refuse(self.threshold, &self.scores(texts)?, classes(self.victim, texts)?))
    }
}
