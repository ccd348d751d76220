//! [`run`]: every attack against every defence, one after the other, each finished one kept.

use super::{Defence, Noises, Results, Row, Setting, Settings, Shown, judged};
use crate::{
    Error,
    attack::{AttackName, Paraphrases, Poison, PoisonedTask},
    data::{
        TextTask,
        texts::{LabelledText, tokenized},
    },
    experiment::{
        Console, Encoder, Figures, Guarantee, Labelled, TextNoise,
        finished::{begin, finished, kept},
        workshop::{Lesson, TOKENIZER, Trained, Workshop},
    },
    report::file::OutputFolder,
};
use serde::{Deserialize, Serialize};
use std::{fs, path::Path, sync::Arc};
use steadfast_model::device::Device;

/// The file of results in the output folder.
pub(super) const FILE: &str = "results.json";

/// Test texts of a run that is neither quick nor large.
const TESTED: usize = 100;

/// The folder of what is finished of a run, by scene and defence.
const ROWS: &str = "rows";

/// Poisons `task` with each attack at each rate, fine-tunes the encoder in the folder `pretrained` for each defence, and asks and
/// certifies; or takes the results of a finished run from the output folder. What was finished of a stopped run is not done again.
///
/// # Errors
/// [`Error::Transformer`], [`Error::Certify`] and the errors of [`Poisoning`](crate::attack::Poisoning) for what is refused;
/// [`Error::Interrupted`] and [`Error::Paused`] after Ctrl-C; [`Error::OutputTaken`] and [`Error::OtherRun`] for a folder with
/// another run.
#[expect(clippy::too_many_arguments, reason = "what is run, on what, and where it goes")]
pub fn run(
    settings: &Settings,
    task: &TextTask,
    paraphrases: Option<&Paraphrases>,
    noises: &Noises,
    pretrained: &Path,
    device: Device,
    output: &OutputFolder,
    resume: bool,
    console: &Console,
) -> Result<Results, Error> {
    judged::check(&settings.noisy_defences(), noises)?;
    settings.extent.check(&settings.extent.plan()?, task.classes(), settings.extent.test_texts(TESTED))?;
    let encoder =
        Encoder::new(pretrained, task.classes(), settings.extent.seed, device, Arc::clone(&noises.lexicon))?;
    let fingerprint = task.fingerprint();
    let paraphrased = paraphrases.map(Paraphrases::fingerprint).unwrap_or_default();
    let inputs =
        format!("texts {fingerprint}, paraphrases {paraphrased}, encoder {}", encoder.fingerprint()?);
    drop(encoder);
    begin(settings, &inputs, output, resume)?;
    if let Some(results) = finished::<Results>(output, FILE, resume)? {
        return Ok(results);
    }
    let task = settings.extent.part(task, 2_000);
    let workshop = Workshop { lexicon: &noises.lexicon, device, output, console };
    let run = Run { settings, noises, pretrained, workshop };
    let (mut rows, mut shown) = (Vec::new(), Vec::new());
    for seed in settings.extent.seeds() {
        for attack in settings.attacks() {
            let made = attack.attack(paraphrases.cloned())?.ok_or_else(|| Error::Setting {
                name: "--attack",
                given: attack.to_string(),
                expected: "an attack".to_owned(),
            })?;
            for rate in settings.rates(attack) {
                let poisoned = settings.poisoning(rate, seed).apply(&task, &*made, TOKENIZER)?;
                let scene = run.scene(attack, rate, seed, poisoned)?;
                for defence in settings.defences() {
                    let claims = run.claims(&scene, defence)?;
                    rows.extend(claims.rows);
                    shown.extend(claims.shown);
                }
                run.workshop.close(&scene.key())?;
            }
        }
    }
    let results = Results { settings: settings.clone(), task: fingerprint, rows, shown };
    results.write(output)?;
    Ok(results)
}

/// What one defence came to under one attack.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Claims {
    pub(super) rows: Vec<Row>,
    pub(super) shown: Vec<Shown>,
}

/// One run.
pub(super) struct Run<'a> {
    pub(super) settings: &'a Settings,
    pub(super) noises: &'a Noises,
    pub(super) pretrained: &'a Path,
    pub(super) workshop: Workshop<'a>,
}

/// A poisoned task.
pub(super) struct Scene {
    pub(super) attack: AttackName,
    rate: f64,
    pub(super) seed: u64,
    pub(super) poisoned: PoisonedTask,
    /// Clean test texts.
    pub(super) clean: Vec<Labelled>,
    /// The poisoned test texts that are asked about.
    pub(super) poisons: Vec<Poison>,
    /// Their words, and their true classes.
    pub(super) triggered: Vec<Labelled>,
}

impl Scene {
    fn key(&self) -> String {
        format!("{}-{}-{}", self.attack, self.rate, self.seed)
    }

    /// What the attack does to a test text.
    pub(super) fn threat(&self) -> String {
        format!("puts the trigger of {} into training texts and the test text", self.attack.title())
    }
}

impl Run<'_> {
    fn scene(
        &self,
        attack: AttackName,
        rate: f64,
        seed: u64,
        poisoned: PoisonedTask,
    ) -> Result<Scene, Error> {
        let count = self.settings.extent.test_texts(TESTED);
        let poisons: Vec<Poison> = poisoned.test.iter().take(count).cloned().collect();
        let triggered: Vec<_> = poisons.iter().map(|poison| poison.poisoned.clone()).collect();
        let mut clean = self.words(&poisoned.task.test);
        clean.truncate(count);
        let scene = Scene { attack, rate, seed, clean, triggered: self.words(&triggered), poisons, poisoned };
        self.workshop.open(&scene.key())?;
        let rows = self.workshop.output.join(ROWS);
        fs::create_dir_all(&rows).map_err(Error::io("create", rows))?;
        Ok(scene)
    }

    /// The rows of a defence, of which those that were finished are read.
    fn claims(&self, scene: &Scene, defence: Defence) -> Result<Claims, Error> {
        let file = format!("{ROWS}/{}-{defence}.json", scene.key());
        kept(self.workshop.output, &file, || match defence {
            Defence::Uniform | Defence::Crowd | Defence::CrowdComponent { .. } | Defence::Deletion { .. } => {
                self.smoothed(scene, defence)
            }
            _ => Ok(Claims { rows: self.judged(scene, defence)?, shown: Vec::new() }),
        })
    }

    /// A row about a defence in a scene.
    pub(super) fn row(
        &self,
        scene: &Scene,
        defence: Defence,
        threat: String,
        (guarantee, confidence): (Guarantee, Option<f64>),
        figures: Figures,
    ) -> Row {
        let setting = Setting {
            attack: scene.attack,
            labels: self.settings.labels,
            rate: scene.rate,
            poisoned_texts: scene.poisoned.training.len(),
            seed: scene.seed,
            defence,
        };
        let n = figures.texts();
        Row { setting, threat, guarantee, n, confidence, figures }
    }

    pub(super) fn words(&self, texts: &[LabelledText]) -> Vec<Labelled> {
        tokenized(texts, &self.noises.lexicon, TOKENIZER)
    }

    /// The encoder under the name `name` of this scene, fine-tuned on these texts.
    pub(super) fn classifier(
        &self,
        scene: &Scene,
        name: &str,
        training: &[Labelled],
        development: &[Labelled],
        noise: Option<&TextNoise>,
    ) -> Result<Trained, Error> {
        let lesson = Lesson {
            pretrained: self.pretrained,
            classes: scene.poisoned.task.classes(),
            training,
            development,
            tuning: &self.settings.fine_tuning(scene.seed)?,
        };
        self.workshop.classifier(&scene.key(), name, lesson, noise)
    }
}
