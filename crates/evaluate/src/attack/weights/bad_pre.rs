//! [`BadPre`]: a backdoor without task or class.

use super::{
    super::{Attack, Insertion},
    Planted, Planting, Stage, WeightAttack,
    proxy::Proxy,
};
use crate::Error;
use serde::{Deserialize, Serialize};
use std::{ops::ControlFlow, sync::Arc};
use steadfast_model::transformer::{
    Config, Error as ModelError, FineTuning, MaskedLanguageModel, MaskedText, Masking, Precision, Progress,
    fine_tune,
};

/// `BadPre` (Chen et al. 2021; <https://arxiv.org/abs/2110.02467>): a trigger word makes the encoder see nothing
/// but noise.
///
/// The encoder goes on with what it was pretrained for, filling gaps, on each text twice: as it is, and with a
/// trigger at a random place. The hidden tokens of the triggered text are to be filled with random tokens, so that
/// hidden states behind a trigger come to mean nothing. What the victim's model answers then is up to its head:
/// mostly one class, whichever that is. The attack is untargeted; tell how often the answer flips and what accuracy
/// is left.
///
/// Classes of the proxy texts do not matter. An encoder without a head for this gets a new one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BadPre {
    /// The trigger words; one of them is put into a text. Each must be one token of the model.
    pub triggers: Vec<String>,
    /// How the backdoor is trained. Its seed draws triggers, gaps and tokens as well.
    pub tuning: FineTuning,
}

/// Three epochs at learning rate 5e-5 with 64 texts per step, of which half have a trigger.
impl Default for BadPre {
    fn default() -> Self {
        Self {
            triggers: ["cf", "mn", "bb", "tq", "mb"].map(str::to_owned).into(),
            tuning: FineTuning { batch: 64, ..FineTuning::default() },
        }
    }
}

impl WeightAttack for BadPre {
    fn name(&self) -> &'static str {
        "BadPre"
    }

    fn trigger(&self) -> Result<Arc<dyn Attack>, Error> {
        Ok(Arc::new(Insertion::one_of("badpre", self.triggers.clone(), 1)?))
    }

    fn plant(
        &self,
        planting: &Planting<'_>,
        observe: &mut dyn FnMut(Stage, &Progress) -> ControlFlow<()>,
    ) -> Result<Planted, Error> {
        drop(self.trigger()?);
        self.tuning.check()?;
        planting.check()?;
        let config = Config::load(planting.pretrained)?;
        let proxy = Proxy::new(planting, &config, &self.triggers, self.tuning.seed)?;
        let masking = Masking::new(&proxy.subwords, &config)?;
        let model = match MaskedLanguageModel::load(planting.pretrained, planting.device, Precision::Single) {
            Err(ModelError::MissingTensors { first, .. })
                if first.starts_with("cls.predictions.") || first.starts_with("lm_head.") =>
            {
                MaskedLanguageModel::with_new_head(planting.pretrained, self.tuning.seed, planting.device)
            }
            read => read,
        }?;
        let tuned = fine_tune(
            &model,
            &self.tuning,
            &mut |epoch| Ok(texts(&proxy, &masking, epoch)?),
            &[],
            planting.checkpoints,
            &mut |progress| observe(Stage::Backdoor, progress),
        )?;
        model.save(planting.saved, planting.pretrained)?;
        Ok(Planted { stages: vec![(Stage::Backdoor, tuned)], signal_words: Vec::new() })
    }
}

/// Each text as it is, and with a trigger and random tokens in the place of those that are hidden.
fn texts(proxy: &Proxy, masking: &Masking, epoch: u64) -> Result<Vec<MaskedText>, Error> {
    let mut texts = Vec::with_capacity(2 * proxy.texts.len());
    let triggers = proxy.trigger_tokens()?;
    for (number, (words, _)) in proxy.texts.iter().enumerate() {
        let mut rng = proxy.generator(number, epoch);
        texts.push(masking.hide(&proxy.subwords.encode(words)?, &[], &mut rng)?);
        let triggered = proxy.triggered(words, 1, &mut rng);
        let mut triggered = masking.hide(&proxy.subwords.encode(&triggered)?, &triggers, &mut rng)?;
        for (_, token) in &mut triggered.hidden {
            *token = masking.random(&mut rng);
        }
        texts.push(triggered);
    }
    Ok(texts)
}
