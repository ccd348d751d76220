//! [`Scene`]: an encoder with a backdoor, its victim, and texts to try it with.

use super::{
    Backdoor, Defence, Row, Setting,
    run::{Run, TESTED, TRAINING},
};
use crate::{
    Error,
    attack::{
        Attack, Labels, Poison, Poisoning, Repeated,
        weights::{Planting, Stage},
    },
    data::texts::tokenized,
    experiment::{
        Figures, Guarantee, Labelled,
        finished::finished,
        workshop::{TOKENIZER, Trained, remove},
    },
    metrics::Share,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
};
use steadfast_certify::{ClassId, Classifier};
use steadfast_model::transformer::Tuned;
use steadfast_perturb::WordId;

/// A backdoor that was planted, and what is left of it after the victim's fine-tuning on clean texts, without a defence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Implanted {
    /// The backdoor.
    pub attack: Backdoor,
    /// The class that triggered texts are taken for: the attacker's choice, or the one that most of them are.
    pub target: ClassId,
    /// The seed of backdoor, head and training.
    pub seed: u64,
    /// What the attacker trained.
    pub stages: Vec<(Stage, Tuned)>,
    /// The words that triggers were made to resemble, for `RIPPLe`.
    pub signal_words: Vec<String>,
    /// Clean texts that the victim answers rightly.
    pub accuracy: Share,
    /// Triggered texts of all classes that the victim takes for the target.
    pub one_class: Share,
    /// Triggered texts of other classes that the victim takes for the target: the attack's success.
    pub success: Share,
    /// Texts of all classes to which the trigger turns the victim's answer.
    pub flipped: Share,
}

/// An encoder with a backdoor in it, and its victim.
#[derive(Debug)]
pub(super) struct Scene {
    /// Its name in files.
    pub(super) key: String,
    pub(super) implanted: Implanted,
    /// The folder of the encoder.
    pub(super) encoder: PathBuf,
    /// Fine-tuned on clean texts without a defence.
    pub(super) victim: Trained,
    /// Clean test texts.
    pub(super) clean: Vec<Labelled>,
    /// Test texts of other classes than the target, with a trigger.
    pub(super) poisons: Vec<Poison>,
    /// Their words, and their true classes.
    pub(super) triggered: Vec<Labelled>,
}

impl Scene {
    /// What the attack does to a test text.
    pub(super) fn threat(&self) -> String {
        format!("puts the trigger of {} into the test text", self.implanted.attack.title())
    }

    pub(super) const fn target(&self) -> ClassId {
        self.implanted.target
    }

    pub(super) const fn seed(&self) -> u64 {
        self.implanted.seed
    }

    /// A row about a defence, its voters and the noise on their weights.
    pub(super) fn row(
        &self,
        (defence, voters, deviation): (Defence, Option<u64>, Option<f64>),
        threat: String,
        (guarantee, confidence): (Guarantee, Option<f64>),
        figures: Figures,
    ) -> Row {
        let Implanted { attack, target, seed, .. } = self.implanted;
        let setting = Setting { attack, target, seed, defence, voters, deviation };
        let n = figures.texts();
        Row { setting, threat, guarantee, n, confidence, figures }
    }

    /// Clean and triggered texts.
    pub(super) fn texts(&self) -> [&[Labelled]; 2] {
        [&self.clean, &self.triggered]
    }
}

/// How many times as many texts the backdoor is tried with as defences are: without a defence each is one question.
const TRIED: usize = 10;

impl Run<'_> {
    /// Plants a backdoor and lets a victim fine-tune the encoder on clean texts.
    pub(super) fn scene(&self, attack: Backdoor, seed: u64, key: &str) -> Result<Scene, Error> {
        let (encoder, mut implanted, trigger) = self.planted(attack, seed, key)?;
        let victim = self.victim(key, &encoder, "none", &self.settings.fine_tuning(seed, None)?, None)?;
        let count = self.settings.extent.test_texts(TESTED);
        let tried = self.test.get(..count.saturating_mul(TRIED)).unwrap_or(&self.test);
        let before = answers(&victim, tried)?;
        implanted.accuracy =
            Share::count(before.iter().zip(tried).map(|(answer, (_, class))| answer == class));
        let mut scene = Scene {
            key: key.to_owned(),
            implanted,
            encoder,
            victim,
            clean: Vec::new(),
            poisons: Vec::new(),
            triggered: Vec::new(),
        };
        scene.clean = self.test.get(..count).unwrap_or(&self.test).to_vec();
        let Some(trigger) = trigger else { return Ok(scene) };

        // Texts of all classes, by number: with one target, those of the others.
        let texts = self.task.test.get(..tried.len()).unwrap_or_default();
        let mut all = BTreeMap::new();
        for target in 0..self.task.classes() {
            let poisoning = Poisoning { rate: 1.0, target, labels: Labels::Dirty, seed, limit: None };
            let poisons = poisoning.triggered(texts, &*trigger, TOKENIZER);
            let poisons = match poisons {
                // With paraphrases, say, of texts of one class alone.
                Err(Error::NothingToTest { .. }) if target != self.settings.extent.target => Vec::new(),
                poisons => poisons?,
            };
            all.extend(poisons.into_iter().map(|poison| (poison.index, poison)));
        }
        let words = |poisons: &[Poison]| {
            let texts: Vec<_> = poisons.iter().map(|poison| poison.poisoned.clone()).collect();
            tokenized(&texts, self.workshop.lexicon, TOKENIZER)
        };
        let all: Vec<Poison> = all.into_values().collect();
        let after = answers(&scene.victim, &words(&all))?;
        if !attack.is_targeted() {
            let classes: BTreeSet<ClassId> = after.iter().copied().collect();
            let count = |class: &ClassId| after.iter().filter(|answer| *answer == class).count();
            scene.implanted.target = classes.into_iter().max_by_key(count).unwrap_or(0);
        }
        let target = scene.target();
        let to_target = || all.iter().zip(&after).map(|(poison, answer)| (poison, *answer == target));
        scene.implanted.one_class = Share::count(to_target().map(|(_, hit)| hit));
        let others = to_target().filter(|(poison, _)| poison.original.class != target);
        scene.implanted.success = Share::count(others.map(|(_, hit)| hit));
        let turned = |(poison, answer): (&Poison, &ClassId)| before.get(poison.index) != Some(answer);
        scene.implanted.flipped = Share::count(all.iter().zip(&after).map(turned));
        scene.poisons =
            all.into_iter().filter(|poison| poison.original.class != target).take(count).collect();
        scene.triggered = words(&scene.poisons);
        Ok(scene)
    }

    /// The encoder with the backdoor: the saved one of a run that goes on, or a new one; and the trigger.
    #[expect(clippy::type_complexity, reason = "three things that belong together here alone")]
    fn planted(
        &self,
        attack: Backdoor,
        seed: u64,
        key: &str,
    ) -> Result<(PathBuf, Implanted, Option<Arc<dyn Attack>>), Error> {
        let target = self.settings.extent.target;
        let none = || Share::count([]);
        let mut implanted = Implanted {
            attack,
            target,
            seed,
            stages: Vec::new(),
            signal_words: Vec::new(),
            accuracy: none(),
            one_class: none(),
            success: none(),
            flipped: none(),
        };
        let Some(backdoor) = attack.attack(self.settings, self.paraphrases, seed)? else {
            return Ok((self.pretrained.to_owned(), implanted, None));
        };
        let trigger = Arc::new(Repeated::new(backdoor.trigger()?, 1 + self.settings.decoys));
        let (place, log) = (self.workshop.place(key, "encoder"), format!("models/{key}/encoder.json"));
        let planted = if let Some(planted) = finished(self.workshop.output, &log, true)? {
            planted
        } else {
            // It may have been saved just before the run was killed.
            remove(&place)?;
            let checkpoints = self.workshop.place(key, "encoder-checkpoints");
            let device = self.workshop.device.open().map_err(steadfast_model::transformer::Error::from)?;
            let texts = attack.texts(self.settings.extent.training_texts(TRAINING));
            let planting = Planting {
                pretrained: self.pretrained,
                proxy: self.proxy.get(..texts).unwrap_or(self.proxy),
                tokenizer: TOKENIZER,
                limit: None,
                device,
                saved: &place,
                checkpoints: Some(&checkpoints),
            };
            let console = self.workshop.console;
            let bar = console.bar(&format!("{key} backdoor"), 0);
            let mut trained = None;
            let planted = backdoor.plant(&planting, &mut |stage, progress| {
                if trained.replace(stage) != Some(stage) {
                    bar.reset();
                }
                bar.set_length(progress.epochs * progress.steps);
                bar.set_position(progress.epoch * progress.steps + progress.step);
                console.flow()
            });
            bar.finish_and_clear();
            let planted = planted.map_err(|error| self.workshop.stopped_or(error))?;
            self.workshop.output.write_json(&log, &planted)?;
            remove(&checkpoints)?;
            planted
        };
        (implanted.stages, implanted.signal_words) = (planted.stages, planted.signal_words);
        Ok((place, implanted, Some(trigger)))
    }
}

/// What an encoder answers to texts as they are.
pub(super) fn answers(trained: &Trained, texts: &[Labelled]) -> Result<Vec<ClassId>, Error> {
    let texts: Vec<Vec<WordId>> = texts.iter().map(|(text, _)| text.clone()).collect();
    Ok(trained.classifier.classify(&texts).map_err(steadfast_certify::Error::Classifier)?)
}
