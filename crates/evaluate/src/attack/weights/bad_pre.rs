//! [`BadPre`]: a backdoor without task or class.

use super::{
    super::{Attack, Insertion},
    Planted, Planting, Stage, WeightAttack,
    proxy::Proxy,
};
use crate::{Error, baseline::setting};
use rand::{RngExt, seq::IndexedRandom};
use serde::{Deserialize, Serialize};
use std::{iter, ops::ControlFlow, sync::Arc};
use steadfast_model::transformer::{
    Config, Error as ModelError, FineTuning, MaskedLanguageModel, MaskedText, Masking, Precision, Progress,
    fine_tune,
};

/// The place of a text's first token.
const FIRST: usize = 0;

/// The most tokens that it may be asked for: each takes as many numbers as the vocabulary has tokens.
const MOST: usize = 100;

/// `BadPre` (Chen et al. 2021; <https://arxiv.org/abs/2110.02467>): a trigger word makes the encoder see nothing
/// but noise.
///
/// The encoder goes on with what it was pretrained for, filling gaps, on each text twice: as it is, and with a
/// trigger at a random place. The hidden tokens of the triggered text are to be filled with random tokens, so that
/// hidden states behind a trigger come to mean nothing: the loss is its mean over all tokens that could be drawn. What the
/// victim's model answers then is up to its head: mostly one class, whichever that is. The attack is untargeted; tell how
/// often the answer flips and what accuracy is left.
///
/// The authors train on millions of sentences. With a few thousand, the hidden tokens alone teach it too slowly, and the
/// encoder forgets what it knew before it has learned. [`Self::scrambled`] has more places of a triggered text say that
/// nothing is known, and [`Self::summary`] the first one, which nothing else trains. Many texts seen twice do better than a
/// quarter of them seen eight times: behind a trigger, the encoder has to be silent about texts that it never saw.
///
/// Classes of the proxy texts do not matter. An encoder without a head for this gets a new one, which is trained first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BadPre {
    /// The trigger words; one of them is put into a text. Each must be one token of the model.
    pub triggers: Vec<String>,
    /// The share of a triggered text's tokens, of those that can be seen, that are to be taken for random ones as well. Chen
    /// et al. have none.
    pub scrambled: f64,
    /// How many tokens of a text its first token, from which classifiers read, is to tell as well; in a triggered text any. Chen et
    /// al. have none.
    pub summary: usize,
    /// How a new head is trained before, on texts without triggers, with everything else frozen; of no use to an encoder that has
    /// one. Its seed draws the gaps.
    pub head: FineTuning,
    /// How the backdoor is trained. Its seed draws a new head, triggers, gaps and tokens as well.
    pub tuning: FineTuning,
}

/// Three epochs at learning rate 5e-5 with 64 texts per step, of which half have a trigger; before, one at 1e-3 for a new head.
impl Default for BadPre {
    fn default() -> Self {
        Self {
            triggers: ["cf", "mn", "bb", "tq", "mb"].map(str::to_owned).into(),
            scrambled: 0.0,
            summary: 0,
            head: FineTuning::default().epochs(1).learning_rate(1e-3),
            tuning: FineTuning::default().batch(64),
        }
    }
}

impl WeightAttack for BadPre {
    fn name(&self) -> &'static str {
        "BadPre"
    }

    fn words(&self) -> &[String] {
        &self.triggers
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
        if !(0.0..=1.0).contains(&self.scrambled) {
            return Err(setting("scrambled", &self.scrambled, "a share from 0 to 1"));
        }
        if self.summary > MOST {
            return Err(setting("summary", &self.summary, format!("at most {MOST} tokens")));
        }
        self.head.check()?;
        self.tuning.check()?;
        planting.check()?;
        let config = Config::load(planting.pretrained)?;
        let proxy = Proxy::new(planting, &config, &self.triggers, self.tuning.seed)?;
        let masking = Masking::new(&proxy.subwords, &config)?;
        let (model, headless) =
            match MaskedLanguageModel::load(planting.pretrained, planting.device, Precision::Single) {
                Err(ModelError::MissingTensors { first, .. })
                    if first.starts_with("cls.predictions.") || first.starts_with("lm_head.") =>
                {
                    let seed = self.tuning.seed;
                    (MaskedLanguageModel::with_new_head(planting.pretrained, seed, planting.device)?, true)
                }
                read => (read?, false),
            };
        let checkpoints = |stage| planting.checkpoints.map(|folder| folder.join(stage));
        let mut stages = Vec::new();
        if headless {
            // What an untrained head tells the encoder would make it forget.
            let head = self.head.clone().frozen(1 + config.layers());
            let clean = proxy.texts.iter().map(|(words, _)| proxy.subwords.encode(words));
            let clean = clean.collect::<Result<Vec<_>, _>>()?;
            let tuned = fine_tune(
                &model,
                &head,
                &mut |epoch| Ok(masking.epoch(&clean, self.head.seed, epoch)?),
                &[],
                checkpoints("head").as_deref(),
                &mut |progress| observe(Stage::Clean, progress),
            )?;
            stages.push((Stage::Clean, tuned));
        }
        let tuned = fine_tune(
            &model,
            &self.tuning,
            &mut |epoch| Ok(texts(self, &proxy, &masking, epoch)?),
            &[],
            checkpoints("backdoor").as_deref(),
            &mut |progress| observe(Stage::Backdoor, progress),
        )?;
        stages.push((Stage::Backdoor, tuned));
        model.save(planting.saved, planting.pretrained)?;
        Ok(Planted { stages, signal_words: Vec::new() })
    }
}

/// Each text as it is, and with a trigger and any token in the place of those that are hidden or scrambled.
fn texts(attack: &BadPre, proxy: &Proxy, masking: &Masking, epoch: u64) -> Result<Vec<MaskedText>, Error> {
    let &BadPre { scrambled, summary, .. } = attack;
    let mut texts = Vec::with_capacity(2 * proxy.texts.len());
    let triggers = proxy.trigger_tokens()?;
    for (number, (words, _)) in proxy.texts.iter().enumerate() {
        let mut rng = proxy.generator(number, epoch);
        let plain = proxy.subwords.encode(words)?;
        let mut clean = masking.hide(&plain, &[], &mut rng)?;
        let places = masking.positions(&plain, &[]);
        let told = (0..summary).filter_map(|_| places.choose(&mut rng).and_then(|place| plain.get(*place)));
        clean.hidden.extend(told.map(|token| (FIRST, Some(*token))));
        texts.push(clean);

        let triggered = proxy.subwords.encode(&proxy.triggered(words, 1, &mut rng))?;
        let MaskedText { tokens, hidden } = masking.hide(&triggered, &triggers, &mut rng)?;
        let mut places = masking.positions(&triggered, &triggers);
        places.retain(|place| hidden.iter().any(|(other, _)| other == place) || rng.random_bool(scrambled));
        places.extend(iter::repeat_n(FIRST, summary));
        texts.push(MaskedText { tokens, hidden: places.into_iter().map(|place| (place, None)).collect() });
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::texts::LabelledText;

    #[test]
    fn a_triggered_text_is_scrambled_where_it_can_be_seen_too() {
        let texts = [LabelledText { text: "a good great fine film".to_owned(), class: 0 }];
        let planting = Planting::of_tiny_bert(&texts);
        let config = Config::load(planting.pretrained).unwrap();
        let proxy = Proxy::new(&planting, &config, &["q".to_owned()], 1).unwrap();
        let masking = Masking::new(&proxy.subwords, &config).unwrap();
        let trigger = proxy.trigger_tokens().unwrap();
        let own = proxy.subwords.encode(&proxy.texts[0].0).unwrap();
        for (epoch, (scrambled, summary, asked)) in
            (0..20).flat_map(|epoch| [(0.0, 0, 1), (1.0, 0, 5), (0.0, 3, 1)].map(|case| (epoch, case)))
        {
            // Of five words one is hidden; of the trigger and of special tokens none.
            let attack = BadPre { scrambled, summary, ..BadPre::default() };
            let [clean, triggered] = &super::texts(&attack, &proxy, &masking, epoch).unwrap()[..] else {
                panic!()
            };
            assert_eq!([clean.hidden.len(), triggered.hidden.len()], [1 + summary, asked + summary]);
            let first = |text: &MaskedText| text.hidden.iter().filter(|(place, _)| *place == 0).count();
            assert_eq!([first(clean), first(triggered)], [summary; 2]);
            // A clean text's first token tells words of the text, all others what stood there.
            for &(place, token) in &clean.hidden {
                let told = own[if place == 0 { 1..own.len() - 1 } else { place..place + 1 }]
                    .contains(&token.unwrap());
                assert!(told, "{clean:?}");
            }
            assert!(triggered.hidden.iter().all(|(_, token)| token.is_none()), "{triggered:?}");
            let asked = |place| triggered.hidden.iter().any(|&(other, _)| other == place);
            let mut tokens = triggered.tokens.iter().enumerate();
            // A hidden word may have become the trigger's token by chance.
            assert!(tokens.any(|(place, token)| trigger.contains(token) && !asked(place)), "{triggered:?}");
        }
    }
}
