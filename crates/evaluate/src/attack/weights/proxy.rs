//! [`Proxy`]: the attacker's texts as words, and triggers put into them.

use super::Planting;
use crate::{Error, baseline::setting, data::texts::tokenized};
use rand::{RngExt, seq::SliceRandom};
use std::sync::Arc;
use steadfast_certify::{
    ClassId, Phase,
    seed::{Generator, Purpose, derive, generator},
};
use steadfast_model::transformer::{Config, Example, Subwords};
use steadfast_perturb::{Lexicon, Tokenizer, WordId};

/// Proxy texts with their classes, and trigger words that the model has a token for.
#[derive(Debug)]
pub(super) struct Proxy {
    pub(super) subwords: Subwords,
    pub(super) texts: Vec<(Vec<WordId>, ClassId)>,
    pub(super) triggers: Vec<WordId>,
    limit: usize,
    seed: u64,
}

impl Proxy {
    /// Reads the tokenizer and the texts; those that come to no token are left out.
    pub(super) fn new(
        planting: &Planting<'_>,
        config: &Config,
        triggers: &[String],
        seed: u64,
    ) -> Result<Self, Error> {
        let lexicon = Arc::new(Lexicon::new());
        let subwords = Subwords::load(planting.pretrained, config, Arc::clone(&lexicon))?;
        let mut texts = tokenized(planting.proxy, &lexicon, planting.tokenizer);
        let mut filled = Vec::with_capacity(texts.len());
        for (words, _) in &texts {
            filled.push(subwords.encode(words)?.len() > around(&subwords));
        }
        let mut filled = filled.into_iter();
        texts.retain(|_| filled.next().unwrap_or(false));
        if texts.is_empty() {
            return Err(setting("proxy texts", &"none with words in it", "one at least"));
        }
        let triggers = trigger_words(&subwords, planting.tokenizer, triggers)?;
        let limit = planting.limit.unwrap_or(usize::MAX);
        if limit == 0 {
            return Err(setting("words that the model reads", &0, "one at least"));
        }
        // A stream of its own: the trainer draws from the same seed.
        let seed = derive("planted triggers", [seed]);
        Ok(Self { subwords, texts, triggers, limit, seed })
    }

    /// Refuses a target class that no proxy text is of; returns how many classes there are.
    pub(super) fn classes(&self, target: ClassId) -> Result<usize, Error> {
        let classes = self.texts.iter().map(|(_, class)| class + 1).max().unwrap_or(0);
        if self.texts.iter().all(|(_, class)| *class != target) {
            return Err(Error::TargetClass { target, classes, texts: self.texts.len() });
        }
        Ok(classes.max(2))
    }

    /// What is drawn for one text in one epoch.
    pub(super) fn generator(&self, number: usize, epoch: u64) -> Generator {
        generator(self.seed, Phase::Training, number as u64, epoch, Purpose::Noise)
    }

    /// The texts' numbers in an order of the epoch's own; `which` tells several orders apart.
    pub(super) fn order(&self, epoch: u64, which: u32) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.texts.len()).collect();
        order.shuffle(&mut generator(self.seed, Phase::Selection, epoch, 0, Purpose::Other(which)));
        order
    }

    /// A text's words with `count` different triggers at random places, all places being equally likely.
    pub(super) fn triggered(&self, text: &[WordId], count: usize, rng: &mut Generator) -> Vec<WordId> {
        let mut triggers = self.triggers.clone();
        triggers.shuffle(rng);
        triggers.truncate(count);
        let mut words = text.to_vec();
        for trigger in triggers {
            let last = words.len().min(self.limit.saturating_sub(count));
            words.insert(rng.random_range(0..=last), trigger);
        }
        words
    }

    /// The tokens of all triggers.
    pub(super) fn trigger_tokens(&self) -> Result<Vec<u32>, Error> {
        let mut tokens = Vec::with_capacity(2 * self.triggers.len());
        for word in &self.triggers {
            tokens.extend(tokens_of(&self.subwords, *word)?.unwrap_or_default());
        }
        Ok(tokens)
    }

    /// Words as an example of a class.
    pub(super) fn example(&self, words: &[WordId], class: ClassId) -> Result<Example, Error> {
        Ok(Example { tokens: self.subwords.encode(words)?, class })
    }

    /// All texts as they are.
    pub(super) fn examples(&self) -> Result<Vec<Example>, Error> {
        self.texts.iter().map(|(words, class)| self.example(words, *class)).collect()
    }
}

/// The words that the triggers are, in the model's lexicon.
///
/// # Errors
/// [`Error::TriggerToken`] for a trigger that is not one token of the model.
pub(crate) fn trigger_words(
    subwords: &Subwords,
    tokenizer: Tokenizer,
    triggers: &[String],
) -> Result<Vec<WordId>, Error> {
    let word = |trigger: &String| match *tokenizer.tokenize(subwords.lexicon(), trigger) {
        [word] if tokens_of(subwords, word)?.is_some() => Ok(word),
        ref words => Err(Error::TriggerToken {
            trigger: trigger.clone(),
            path: subwords.path().to_owned(),
            tokens: subwords.encode(words)?.len() - around(subwords),
        }),
    };
    triggers.iter().map(word).collect()
}

/// Special tokens around a text.
pub(super) const fn around(subwords: &Subwords) -> usize {
    let (before, behind) = subwords.around();
    before + behind
}

/// The tokens of a word that has one token wherever it stands: one at the start of a text and one behind another
/// word, which may be the same. `None` for any other word.
pub(super) fn tokens_of(subwords: &Subwords, word: WordId) -> Result<Option<[u32; 2]>, Error> {
    let twice = subwords.encode(&[word, word])?;
    let (before, behind) = subwords.around();
    let known = subwords.single_token(word).is_some();
    Ok(match twice.get(before..twice.len() - behind) {
        Some(&[first, other]) if known => Some([first, other]),
        _ => None,
    })
}

/// How many texts a share of `count` texts is.
pub(super) fn share(rate: f64, count: usize) -> usize {
    (rate * count as f64).round() as usize
}

/// Refuses what is no share of texts.
pub(super) fn check_share(name: &'static str, rate: f64) -> Result<(), Error> {
    if (0.0..=1.0).contains(&rate) { Ok(()) } else { Err(setting(name, &rate, "a share from 0 to 1")) }
}
