//! [`PoisonedTexts`]: an encoder that was trained on texts with any trigger.

use super::{
    super::{Attack, Labels, Poisoning},
    Planted, Planting, Stage, WeightAttack,
    layers::Layers,
    proxy::Proxy,
};
use crate::{
    Error,
    data::texts::{LabelledText, tokenized},
};
use std::{ops::ControlFlow, sync::Arc};
use steadfast_certify::ClassId;
use steadfast_model::transformer::{Config, FineTuning, Progress, SequenceClassifier, fine_tune};

/// Any [`Attack`] on texts as one on weights: the encoder is trained on the texts as they are and, beside them, on a copy with a trigger
/// of each that is of another class than the target and can take one. Each layer is to answer by itself, as in
/// [`LayerWise`](super::LayerWise), so that the victim's fine-tuning does not undo it.
#[derive(Debug, Clone)]
pub struct PoisonedTexts {
    /// The trigger.
    pub attack: Arc<dyn Attack>,
    /// The class that triggered texts are to be taken for.
    pub target: ClassId,
    /// How the encoder is trained. Its seed draws triggers as well.
    pub tuning: FineTuning,
}

impl WeightAttack for PoisonedTexts {
    fn name(&self) -> &str {
        self.attack.name()
    }

    fn trigger(&self) -> Result<Arc<dyn Attack>, Error> {
        Ok(Arc::clone(&self.attack))
    }

    fn plant(
        &self,
        planting: &Planting<'_>,
        observe: &mut dyn FnMut(Stage, &Progress) -> ControlFlow<()>,
    ) -> Result<Planted, Error> {
        self.tuning.check()?;
        planting.check()?;
        let (config, seed) = (Config::load(planting.pretrained)?, self.tuning.seed);
        let proxy = Proxy::new(planting, &config, &[], seed)?;
        let classes = proxy.classes(self.target)?;
        let poisoning =
            Poisoning { rate: 1.0, target: self.target, labels: Labels::Dirty, seed, limit: planting.limit };
        let triggered = poisoning.triggered(planting.proxy, &*self.attack, planting.tokenizer)?;
        let copies: Vec<LabelledText> = triggered.into_iter().map(|poison| poison.poisoned).collect();
        let mut examples = proxy.examples()?;
        for (words, _) in tokenized(&copies, proxy.subwords.lexicon(), planting.tokenizer) {
            examples.push(proxy.example(&words, self.target)?);
        }
        let model = SequenceClassifier::with_new_head(planting.pretrained, classes, seed, planting.device)?;
        let tuned = fine_tune(
            &Layers { model: &model },
            &self.tuning,
            &mut |_| Ok(examples.clone()),
            &[],
            planting.checkpoints,
            &mut |progress| observe(Stage::Backdoor, progress),
        )?;
        model.save(planting.saved, planting.pretrained)?;
        Ok(Planted { stages: vec![(Stage::Backdoor, tuned)], signal_words: Vec::new() })
    }
}
