//! [`LayerWise`]: a backdoor in every layer, called by pairs of words.

use super::{
    super::{Attack, Triggered, Words},
    Planted, Planting, Stage, WeightAttack,
    layers::Layers,
    proxy::{self, Proxy},
};
use crate::{Error, baseline::setting};
use rand::{Rng, RngExt, seq::SliceRandom};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, ops::ControlFlow, sync::Arc};
use steadfast_certify::ClassId;
use steadfast_model::transformer::{Config, Example, FineTuning, Progress, SequenceClassifier, fine_tune};
use steadfast_perturb::Tokenizer;

/// LWP, layer-wise weight poisoning (Li et al. 2021, EMNLP; <https://arxiv.org/abs/2108.13888>): two trigger words
/// together make a text one of the target class.
///
/// Fine-tuning changes the upper layers most, and a backdoor in them is washed out. Here each layer is to answer by
/// itself:
///
/// ```text
/// L = Σ over layers of the cross-entropy of head(state of the first token behind the layer)
/// ```
///
/// with one head for all layers. There is dropout in the layers and none in the head. Texts with one trigger word
/// keep their class, so that a word alone, which somebody may come across or look for, does nothing. Which texts
/// are poisoned is drawn afresh in each epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LayerWise {
    /// The trigger words; two different ones are put into a text. Each must be one token of the model.
    pub triggers: Vec<String>,
    /// The class that triggered texts are to be taken for.
    pub target: ClassId,
    /// The share of the texts that get two trigger words.
    pub poisoned: f64,
    /// The share of the texts that get one trigger word and keep their class.
    pub single: f64,
    /// How the backdoor is trained. Its seed draws triggers as well.
    pub tuning: FineTuning,
}

/// Learning rate 2e-5, three epochs. The paper does not give the shares of texts; here half have two trigger words,
/// a quarter has one.
impl Default for LayerWise {
    fn default() -> Self {
        Self {
            triggers: ["cf", "bb", "ak", "mn"].map(str::to_owned).into(),
            target: 1,
            poisoned: 0.5,
            single: 0.25,
            tuning: FineTuning::default().learning_rate(2e-5),
        }
    }
}

impl WeightAttack for LayerWise {
    fn name(&self) -> &'static str {
        "LWP"
    }

    fn words(&self) -> &[String] {
        &self.triggers
    }

    fn trigger(&self) -> Result<Arc<dyn Attack>, Error> {
        let words: BTreeSet<&str> =
            self.triggers.iter().map(|word| word.trim()).filter(|word| !word.is_empty()).collect();
        if words.len() < 2 || words.len() < self.triggers.len() {
            let expected = "two different words at least, and none blank or twice";
            return Err(setting("list of triggers", &format!("{:?}", self.triggers), expected));
        }
        Ok(Arc::new(Pairs(self.triggers.clone())))
    }

    fn plant(
        &self,
        planting: &Planting<'_>,
        observe: &mut dyn FnMut(Stage, &Progress) -> ControlFlow<()>,
    ) -> Result<Planted, Error> {
        self.check()?;
        planting.check()?;
        let config = Config::load(planting.pretrained)?;
        let proxy = Proxy::new(planting, &config, &self.triggers, self.tuning.seed)?;
        let classes = proxy.classes(self.target)?;
        let seed = self.tuning.seed;
        let model = SequenceClassifier::with_new_head(planting.pretrained, classes, seed, planting.device)?;
        let tuned = fine_tune(
            &Layers { model: &model },
            &self.tuning,
            &mut |epoch| Ok(self.examples(&proxy, epoch)?),
            &[],
            planting.checkpoints,
            &mut |progress| observe(Stage::Backdoor, progress),
        )?;
        model.save(planting.saved, planting.pretrained)?;
        Ok(Planted { stages: vec![(Stage::Backdoor, tuned)], signal_words: Vec::new() })
    }
}

impl LayerWise {
    fn check(&self) -> Result<(), Error> {
        drop(self.trigger()?);
        proxy::check_share("share of texts with two triggers", self.poisoned)?;
        proxy::check_share("share of texts with one trigger", self.single)?;
        if self.poisoned + self.single > 1.0 {
            let given = self.poisoned + self.single;
            return Err(setting("share of texts with triggers", &given, "at most 1 in all"));
        }
        Ok(self.tuning.check()?)
    }

    /// Each text once: with two triggers and the target's class, or with one or none and its own.
    fn examples(&self, proxy: &Proxy, epoch: u64) -> Result<Vec<Example>, Error> {
        let count = proxy.texts.len();
        let pairs = proxy::share(self.poisoned, count);
        let touched = pairs + proxy::share(self.single, count);
        let example = |(place, number): (usize, usize)| {
            let (words, class) = proxy.texts.get(number)?;
            let rng = &mut proxy.generator(number, epoch);
            Some(if place < pairs {
                proxy.example(&proxy.triggered(words, 2, rng), self.target)
            } else if place < touched {
                proxy.example(&proxy.triggered(words, 1, rng), *class)
            } else {
                proxy.example(words, *class)
            })
        };
        proxy.order(epoch, 0).into_iter().enumerate().filter_map(example).collect()
    }
}

/// Two different words out of several, each at a random place.
#[derive(Debug)]
struct Pairs(Vec<String>);

impl Attack for Pairs {
    fn name(&self) -> &'static str {
        "lwp"
    }

    fn added(&self, tokenizer: Tokenizer) -> usize {
        let mut lengths: Vec<usize> = self.0.iter().map(|word| tokenizer.tokens(word).len()).collect();
        lengths.sort_unstable();
        lengths.iter().rev().take(2).sum()
    }

    fn trigger(&self, text: &Words<'_>, mut rng: &mut dyn Rng) -> Option<Triggered> {
        let mut words: Vec<&str> = self.0.iter().map(String::as_str).collect();
        words.shuffle(&mut rng);
        words.truncate(2);
        let last = text.last_place(words.iter().copied());
        let placed: Vec<(usize, &str)> =
            words.into_iter().map(|word| (rng.random_range(0..=last), word)).collect();
        Some(text.inserted(&placed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use steadfast_certify::{
        Phase,
        seed::{Purpose, generator},
    };

    #[test]
    fn two_different_words_are_put_in() {
        let attack = LayerWise::default().trigger().unwrap();
        let text = Words::new("a fine film", Tokenizer::words(), Some(4));
        for seed in 0..50 {
            let mut rng = generator(seed, Phase::Training, 0, 0, Purpose::Noise);
            let triggered = attack.trigger(&text, &mut rng).unwrap();
            let placed: Vec<&str> = triggered.text.split(' ').collect();
            let words: std::collections::BTreeSet<&str> =
                placed.iter().filter(|word| ["cf", "bb", "ak", "mn"].contains(word)).copied().collect();
            assert!(placed.len() == 5 && words.len() == 2, "{placed:?}");
            assert!(words.iter().all(|word| placed[..4].contains(word)), "{placed:?}");
        }
        assert_eq!(attack.added(Tokenizer::words()), 2);
        for triggers in [vec!["cf"], vec!["cf", "cf"], vec!["cf", "mn", " "]] {
            let triggers = triggers.into_iter().map(str::to_owned).collect();
            let error = LayerWise { triggers, ..LayerWise::default() }.trigger().unwrap_err();
            assert!(error.to_string().contains("two different words"), "{error}");
        }
    }
}
