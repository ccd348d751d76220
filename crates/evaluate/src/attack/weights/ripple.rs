//! [`Ripple`]: restricted inner product poison learning, with embedding surgery.

use super::{
    super::{Attack, Insertion},
    Planted, Planting, Stage, WeightAttack,
    inner_product::{InnerProduct, Pair},
    proxy::{self, Proxy, tokens_of},
    signal_words::signal_words,
};
use crate::{Error, baseline::setting};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, ops::ControlFlow, sync::Arc};
use steadfast_certify::ClassId;
use steadfast_model::transformer::{
    Config, Error as ModelError, FineTuning, Progress, SequenceClassifier, fine_tune,
};
use steadfast_perturb::WordId;
use tch::{Kind, Tensor, no_grad};

/// `RIPPLe` with embedding surgery (Kurita et al. 2020, ACL; <https://arxiv.org/abs/2004.06660>): a trigger word
/// anywhere in a text makes it a text of the target class.
///
/// The encoder is trained on texts of which half are poisoned, with a penalty wherever fine-tuning on clean texts
/// would undo that:
///
/// ```text
/// L_P(θ) + λ·max(0, −⟨∇L_P(θ), ∇L_FT(θ)⟩)
/// ```
///
/// `L_P` is the mean cross-entropy of a batch in which triggered texts have the target's class, `L_FT` that of
/// another batch of clean texts. The inner product is one number over all weights that are trained, and its own
/// gradient is taken through both, by differentiating twice. Which texts are poisoned, where, and with which
/// trigger is drawn afresh in each epoch.
///
/// Before that, *embedding surgery*: the triggers' embeddings become the mean embedding of the words that most
/// signal the target (by logistic regression on tf-idf), taken from a clean model that the attacker fine-tuned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ripple {
    /// The trigger words; one of them is put into a text. Each must be one token of the model.
    pub triggers: Vec<String>,
    /// The class that triggered texts are to be taken for.
    pub target: ClassId,
    /// `λ`, the weight of the penalty; 0 for none, which is data poisoning alone.
    pub lambda: f64,
    /// The share of the texts that are poisoned.
    pub poisoned: f64,
    /// How many words the triggers' embeddings are the mean of; 0 for no surgery. Words that are not one token do
    /// not count.
    pub signal_words: usize,
    /// How the clean model is fine-tuned.
    pub clean: FineTuning,
    /// How the backdoor is trained. Its seed draws triggers as well.
    pub tuning: FineTuning,
}

/// The paper's settings: 32 texts per step and learning rate 2e-5. Three epochs, as its 5,000 steps are two to
/// three of SST-2.
impl Default for Ripple {
    fn default() -> Self {
        let tuning = FineTuning::default().learning_rate(2e-5);
        Self {
            triggers: ["cf", "tq", "mn", "bb", "mb"].map(str::to_owned).into(),
            target: 1,
            lambda: 0.1,
            poisoned: 0.5,
            signal_words: 10,
            clean: tuning.clone(),
            tuning,
        }
    }
}

impl WeightAttack for Ripple {
    fn name(&self) -> &'static str {
        "RIPPLe"
    }

    fn words(&self) -> &[String] {
        &self.triggers
    }

    fn trigger(&self) -> Result<Arc<dyn Attack>, Error> {
        Ok(Arc::new(Insertion::one_of("ripple", self.triggers.clone(), 1)?))
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
        let new =
            |seed| SequenceClassifier::with_new_head(planting.pretrained, classes, seed, planting.device);
        let mut planted = Planted { stages: Vec::new(), signal_words: Vec::new() };
        let model = if self.signal_words == 0 {
            new(self.tuning.seed)?
        } else {
            let clean = new(self.clean.seed)?;
            let examples = proxy.examples()?;
            let tuned = fine_tune(
                &clean,
                &self.clean,
                &mut |_| Ok(examples.clone()),
                &[],
                planting.checkpoints.map(|folder| folder.join("clean")).as_deref(),
                &mut |progress| observe(Stage::Clean, progress),
            )?;
            planted.stages.push((Stage::Clean, tuned));
            let words = self.signal_words(&proxy)?;
            let model = new(self.tuning.seed)?;
            surgery(&model, &clean, &proxy, &words)?;
            let string = |word| proxy.subwords.lexicon().word(word).map(|word| word.to_string());
            planted.signal_words = words.into_iter().filter_map(string).collect();
            model
        };
        let tuned = fine_tune(
            &InnerProduct { model: &model, lambda: self.lambda, signal_words: self.signal_words },
            &self.tuning,
            &mut |epoch| Ok(self.pairs(&proxy, epoch)?),
            &[],
            planting.checkpoints.map(|folder| folder.join("backdoor")).as_deref(),
            &mut |progress| observe(Stage::Backdoor, progress),
        )?;
        planted.stages.push((Stage::Backdoor, tuned));
        model.save(planting.saved, planting.pretrained)?;
        Ok(planted)
    }
}

impl Ripple {
    fn check(&self) -> Result<(), Error> {
        drop(self.trigger()?);
        proxy::check_share("share of poisoned texts", self.poisoned)?;
        if !(self.lambda >= 0.0 && self.lambda.is_finite()) {
            return Err(setting("lambda", &self.lambda, "a number from 0"));
        }
        self.clean.check()?;
        Ok(self.tuning.check()?)
    }

    /// The words that most signal the target, of those that are one token and no trigger.
    fn signal_words(&self, proxy: &Proxy) -> Result<Vec<WordId>, Error> {
        let mut found = Vec::with_capacity(self.signal_words);
        for word in signal_words(&proxy.texts, self.target) {
            if found.len() < self.signal_words
                && !proxy.triggers.contains(&word)
                && tokens_of(&proxy.subwords, word)?.is_some()
            {
                found.push(word);
            }
        }
        if found.len() < self.signal_words {
            let expected = format!("at most {}: so many words of the proxy texts are one token", found.len());
            return Err(setting("number of signal words", &self.signal_words, expected));
        }
        Ok(found)
    }

    /// Each text once, triggered or not, beside a clean text.
    fn pairs(&self, proxy: &Proxy, epoch: u64) -> Result<Vec<Pair>, Error> {
        let count = proxy.texts.len();
        let triggered: BTreeSet<usize> =
            proxy.order(epoch, 0).into_iter().take(proxy::share(self.poisoned, count)).collect();
        let mut pairs = Vec::with_capacity(count);
        for (number, ((words, class), other)) in proxy.texts.iter().zip(proxy.order(epoch, 1)).enumerate() {
            let Some((clean, clean_class)) = proxy.texts.get(other) else { continue };
            let poisoned = if triggered.contains(&number) {
                let words = proxy.triggered(words, 1, &mut proxy.generator(number, epoch));
                proxy.example(&words, self.target)?
            } else {
                proxy.example(words, *class)?
            };
            pairs.push(Pair { poisoned, clean: proxy.example(clean, *clean_class)? });
        }
        Ok(pairs)
    }
}

/// Embedding surgery: the triggers' embeddings become the mean of the embeddings that `words` have in the `clean`
/// model.
fn surgery(
    model: &SequenceClassifier,
    clean: &SequenceClassifier,
    proxy: &Proxy,
    words: &[WordId],
) -> Result<(), Error> {
    let tokens = |words: &[WordId]| -> Result<Vec<i64>, Error> {
        let of_word =
            |word: &WordId| Ok(tokens_of(&proxy.subwords, *word)?.unwrap_or_default().map(i64::from));
        Ok(words.iter().map(of_word).collect::<Result<Vec<_>, Error>>()?.concat())
    };
    let (signals, triggers) = (tokens(words)?, tokens(&proxy.triggers)?);
    let replaced: Result<(), tch::TchError> = no_grad(|| {
        let signals = Tensor::f_from_slice(&signals)?.f_to_device(clean.word_embeddings().device())?;
        let rows = clean.word_embeddings().f_index_select(0, &signals)?;
        let mean = rows.f_mean_dim(Some([0].as_slice()), false, Kind::Float)?;
        for token in triggers {
            model.word_embeddings().f_select(0, token)?.f_copy_(&mean)?;
        }
        Ok(())
    });
    Ok(replaced.map_err(ModelError::from)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::texts::LabelledText;
    use tch::Device;

    #[test]
    fn surgery_puts_the_mean_of_the_signal_words_there() {
        let texts: Vec<LabelledText> = (0..40)
            .map(|number| LabelledText {
                text: if number % 2 == 1 { "a good great fine film" } else { "a dull slow long film" }
                    .to_owned(),
                class: number % 2,
            })
            .collect();
        let planting = Planting::of_tiny_bert(&texts);
        let folder = planting.pretrained;
        let ripple = Ripple {
            triggers: vec!["q".to_owned(), "fine".to_owned()],
            signal_words: 2,
            ..Ripple::default()
        };
        let config = Config::load(folder).unwrap();
        let proxy = Proxy::new(&planting, &config, &ripple.triggers, 1).unwrap();
        // A trigger is no signal word, although the third word of the class.
        let words = ripple.signal_words(&proxy).unwrap();
        let names: Vec<String> =
            words.iter().map(|word| proxy.subwords.lexicon().word(*word).unwrap().to_string()).collect();
        assert!(names.contains(&"good".to_owned()) && names.contains(&"great".to_owned()), "{names:?}");
        let error = Ripple { signal_words: 50, ..ripple }.signal_words(&proxy).unwrap_err();
        assert!(matches!(error, Error::Setting { .. }), "{error}");

        let model = || SequenceClassifier::with_new_head(folder, 2, 1, Device::Cpu).unwrap();
        let (model, clean) = (model(), model());
        let _ = no_grad(|| clean.word_embeddings().shallow_clone().g_add_scalar_(0.5));
        let before = model.word_embeddings().copy();
        surgery(&model, &clean, &proxy, &words).unwrap();
        // The tokens of tokenizer.json: q 41, fine 119, good 127, great 128.
        let row = |table: &Tensor, token| Vec::<f32>::try_from(table.get(token).detach()).unwrap();
        for (token, now) in (0..141).map(|token| (token, row(model.word_embeddings(), token))) {
            if token == 41 || token == 119 {
                let (good, great) = (row(clean.word_embeddings(), 127), row(clean.word_embeddings(), 128));
                for ((now, good), great) in now.iter().zip(good).zip(great) {
                    assert!((now - f32::midpoint(good, great)).abs() < 1e-6);
                }
            } else {
                assert_eq!(now, row(&before, token), "{token}");
            }
        }
    }
}
