//! [`LayerWise`]: a backdoor in every layer, called by pairs of words.

use super::{
    super::{Attack, Triggered, Words},
    Planted, Planting, Stage, WeightAttack,
    proxy::{self, Proxy},
};
use crate::{Error, baseline::setting};
use rand::{Rng, RngExt, seq::SliceRandom};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, ops::ControlFlow, sync::Arc};
use steadfast_certify::ClassId;
use steadfast_model::transformer::{
    Config, Error as ModelError, Example, FineTuning, Parameters, Progress, SequenceClassifier, Trainable,
    fine_tune,
};
use steadfast_perturb::Tokenizer;
use tch::{Reduction, Tensor};

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
            tuning: FineTuning { learning_rate: 2e-5, ..FineTuning::default() },
        }
    }
}

impl WeightAttack for LayerWise {
    fn name(&self) -> &'static str {
        "LWP"
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

/// LWP's loss.
#[derive(Debug)]
struct Layers<'a> {
    model: &'a SequenceClassifier,
}

impl Trainable for Layers<'_> {
    type Text = Example;

    fn parameters(&self) -> &Parameters {
        self.model.parameters()
    }

    fn length(&self, text: &Example) -> usize {
        self.model.length(text)
    }

    fn numbers(&self, text: &Example) -> Vec<u64> {
        // Tells the run apart from one on the same texts without layers.
        [vec![self.model.config().layers() as u64], self.model.numbers(text)].concat()
    }

    fn check(&self, texts: &[Example]) -> Result<(), ModelError> {
        self.model.check(texts)
    }

    fn loss(&self, texts: &[&Example], seed: u64) -> Result<Tensor, ModelError> {
        let rows: Vec<&[u32]> = texts.iter().map(|text| text.tokens.as_slice()).collect();
        let classes: Vec<i64> = texts.iter().map(|text| text.class as i64).collect();
        let output = self.model.forward_with_dropout(&self.model.batch(&rows)?, seed)?;
        let classes = Tensor::f_from_slice(&classes)?.f_to_device(output.logits.device())?;
        // The first state is that of the embedding.
        let losses = output.states.iter().skip(1).map(|state| {
            let none: Option<Tensor> = None;
            let logits = self.model.logits(&state.f_select(1, 0)?)?;
            Ok(logits.f_cross_entropy_loss(&classes, none, Reduction::Sum, -100, 0.0)?)
        });
        Ok(Tensor::f_stack(&losses.collect::<Result<Vec<Tensor>, ModelError>>()?, 0)?
            .f_sum(tch::Kind::Float)?)
    }

    fn accuracy(&self, texts: &[Example]) -> Result<f64, ModelError> {
        self.model.accuracy(texts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use steadfast_certify::{
        Phase,
        seed::{Purpose, generator},
    };
    use tch::{Device, Kind};

    #[test]
    fn the_loss_is_the_sum_over_layers_by_hand() {
        // A copy of a model, without dropout.
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/tests/golden/tiny-bert");
        let place = tempfile::tempdir().unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            std::fs::copy(&path, place.path().join(path.file_name().unwrap())).unwrap();
        }
        let path = place.path().join("config.json");
        let mut config: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        config["hidden_dropout_prob"] = 0.0.into();
        config["attention_probs_dropout_prob"] = 0.0.into();
        std::fs::write(&path, config.to_string()).unwrap();
        let model = SequenceClassifier::with_new_head(place.path(), 2, 1, Device::Cpu).unwrap();

        let texts = [(vec![2, 60, 61, 3], 1), (vec![2, 62, 3], 0)];
        let texts = texts.map(|(tokens, class)| Example { tokens, class });
        let weight = |name: &str| {
            model.parameters().iter().find(|parameter| parameter.name() == name).unwrap().tensor()
        };
        let mut expected = 0.0;
        for Example { tokens, class } in &texts {
            let output = model.forward(&model.batch(&[tokens]).unwrap()).unwrap();
            assert_eq!(output.states.len(), 3);
            for state in &output.states[1..] {
                let first = state.get(0).get(0).unsqueeze(0);
                let pooled = first.linear(weight("pooler.dense.weight"), Some(weight("pooler.dense.bias")));
                let logits =
                    pooled.tanh().linear(weight("classifier.weight"), Some(weight("classifier.bias")));
                expected -= logits.log_softmax(-1, Kind::Double).double_value(&[0, *class as i64]);
            }
        }
        let found = Layers { model: &model }.loss(&texts.iter().collect::<Vec<_>>(), 3).unwrap();
        assert!((found.double_value(&[]) - expected).abs() < 1e-4 * expected, "{found:?}, not {expected}");
    }

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
