//! [`PoisonedTexts`]: an encoder that was trained on poisoned texts.

use super::{
    super::{Attack, Poisoning},
    Planted, Planting, Stage, WeightAttack,
    proxy::Proxy,
};
use crate::{Error, data::TextTask};
use std::{ops::ControlFlow, sync::Arc};
use steadfast_model::transformer::{Config, FineTuning, Progress, SequenceClassifier, fine_tune};

/// Data poisoning alone: the encoder is fine-tuned on texts of which some carry a trigger and the target's class, and handed on. Any
/// [`Attack`] on texts becomes one on weights in this way; nothing but chance keeps the victim's fine-tuning from undoing it.
#[derive(Debug, Clone)]
pub struct PoisonedTexts {
    /// The trigger.
    pub attack: Arc<dyn Attack>,
    /// Which texts get it.
    pub poisoning: Poisoning,
    /// How the encoder is trained.
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
        // The proxy texts serve as test texts as well: one of them at least must be one that the backdoor can be tried with.
        let proxy = planting.proxy.to_vec();
        let task = TextTask { training: proxy.clone(), development: Vec::new(), test: proxy };
        let poisoned = self.poisoning.apply(&task, &*self.attack, planting.tokenizer)?;
        let config = Config::load(planting.pretrained)?;
        let planting = Planting { proxy: &poisoned.task.training, ..*planting };
        let proxy = Proxy::new(&planting, &config, &[], self.tuning.seed)?;
        let (classes, seed) = (task.classes().max(2), self.tuning.seed);
        let model = SequenceClassifier::with_new_head(planting.pretrained, classes, seed, planting.device)?;
        let examples = proxy.examples()?;
        let tuned = fine_tune(
            &model,
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
