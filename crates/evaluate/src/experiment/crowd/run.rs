//! [`run`]: every attack against every defence, one after the other, each finished one kept.

use super::{Defence, Figures, Guarantee, Noises, Results, Row, Setting, Settings, Shown, judged};
use crate::{
    Error,
    attack::{AttackName, Paraphrases, Poison, PoisonedTask},
    data::{
        TextTask,
        texts::{LabelledText, tokenized},
    },
    experiment::{
        Console, Encoder, Labelled, TextNoise,
        finished::{check_same, finished},
    },
    report::file::OutputFolder,
};
use serde::{Deserialize, Serialize};
use std::{fs, path::Path, sync::Arc, time::Instant};
use steadfast_model::{
    device::Device,
    transformer::{Precision, TextClassifier, Tuned},
};
use steadfast_perturb::Tokenizer;

/// The file of results in the output folder.
pub(super) const FILE: &str = "results.json";

/// The file that says which run is in a folder.
const BEGUN: &str = "run.json";

/// The folder of what is finished of a run, by scene and defence.
const ROWS: &str = "rows";

/// Words as the tables of synonyms have them.
pub(super) const TOKENIZER: Tokenizer = Tokenizer::words().lower_case(true);

/// Poisons `task` with each attack at each rate, fine-tunes the encoder in the folder `pretrained` for each defence, and asks and
/// certifies; or takes the results of a finished run from the output folder. What was finished of a stopped run is not done again.
///
/// # Errors
/// [`Error::Transformer`], [`Error::Certify`] and the errors of [`Poisoning`](crate::attack::Poisoning) for what is refused;
/// [`Error::Interrupted`] and [`Error::Stopped`] after Ctrl-C; [`Error::OutputTaken`] and [`Error::OtherRun`] for a folder with
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
    let encoder =
        Encoder::new(pretrained, task.classes(), settings.seed, device, Arc::clone(&noises.lexicon))?;
    let fingerprint = task.fingerprint();
    let inputs = format!("texts {fingerprint}, encoder {}", encoder.fingerprint()?);
    drop(encoder);
    let begun = output.join(BEGUN);
    match finished::<(Settings, String)>(output, BEGUN, resume)? {
        Some((found, data)) => check_same(begun, (&found, &data), (settings, &inputs))?,
        None => drop(output.write_json(BEGUN, &(settings, &inputs))?),
    }
    if let Some(results) = finished::<Results>(output, FILE, resume)? {
        return Ok(results);
    }
    let some = |texts: &[_], count| texts.get(..count).unwrap_or(texts).to_vec();
    let task = TextTask {
        training: some(&task.training, settings.training_texts()),
        development: some(&task.development, settings.training_texts() / 5),
        test: task.test.clone(),
    };
    let run = Run { settings, noises, pretrained, device, output, console };
    let (mut rows, mut shown) = (Vec::new(), Vec::new());
    for seed in settings.seeds() {
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
                let models = output.join(scene.models());
                fs::remove_dir_all(&models).map_err(Error::io("remove", models))?;
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
    device: Device,
    output: &'a OutputFolder,
    pub(super) console: &'a Console,
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

    fn models(&self) -> String {
        format!("models/{}", self.key())
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
        let count = self.settings.test_texts();
        let poisons: Vec<Poison> = poisoned.test.iter().take(count).cloned().collect();
        let triggered: Vec<_> = poisons.iter().map(|poison| poison.poisoned.clone()).collect();
        let mut clean = self.words(&poisoned.task.test);
        clean.truncate(count);
        let scene = Scene { attack, rate, seed, clean, triggered: self.words(&triggered), poisons, poisoned };
        for folder in [ROWS, &scene.models()] {
            let folder = self.output.join(folder);
            fs::create_dir_all(&folder).map_err(Error::io("create", folder))?;
        }
        Ok(scene)
    }

    /// The rows of a defence, of which those that were finished are read.
    fn claims(&self, scene: &Scene, defence: Defence) -> Result<Claims, Error> {
        let file = format!("{ROWS}/{}-{defence}.json", scene.key());
        // Only a run that goes on gets here with a file that is there.
        if let Some(claims) = finished(self.output, &file, true)? {
            return Ok(claims);
        }
        let claims = match defence {
            Defence::Uniform | Defence::Crowd | Defence::CrowdComponent { .. } | Defence::Deletion { .. } => {
                self.smoothed(scene, defence)?
            }
            _ => Claims { rows: self.judged(scene, defence)?, shown: Vec::new() },
        };
        self.output.write_json(&file, &claims)?;
        Ok(claims)
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
        let n = match &figures {
            Figures::Attacked(attacked) => attacked.metrics.clean.of(),
            Figures::Certified(certified) => certified.all_words.of(),
        };
        Row { setting, threat, guarantee, n, confidence, figures }
    }

    pub(super) fn words(&self, texts: &[LabelledText]) -> Vec<Labelled> {
        tokenized(texts, &self.noises.lexicon, TOKENIZER)
    }

    /// The encoder under the name `name` of this scene, fine-tuned on these texts: the saved one of a run that goes on, or a new one.
    pub(super) fn classifier(
        &self,
        scene: &Scene,
        name: &str,
        training: &[Labelled],
        development: &[Labelled],
        noise: Option<&TextNoise>,
    ) -> Result<Trained, Error> {
        let lexicon = &self.noises.lexicon;
        let place = self.output.join(scene.models()).join(name);
        let log = format!("{}/{name}.json", scene.models());
        if let Some((tuned, seconds)) = finished(self.output, &log, true)? {
            let device = self.device.open().map_err(steadfast_model::transformer::Error::from)?;
            let classifier = TextClassifier::load(&place, Arc::clone(lexicon), device, Precision::Single)?;
            return Ok(Trained { classifier, tuned, seconds });
        }
        let checkpoints = Path::new("checkpoints").join(format!("{}-{name}", scene.key()));
        let start = Instant::now();
        let classes = scene.poisoned.task.classes();
        let encoder = Encoder::new(self.pretrained, classes, scene.seed, self.device, Arc::clone(lexicon))?;
        let (classifier, tuned) = encoder.tune(
            &format!("{} {name}", scene.key()),
            &self.settings.fine_tuning(scene.seed)?,
            training,
            development,
            noise,
            self.output,
            &checkpoints,
            self.console,
        )?;
        let seconds = start.elapsed().as_secs_f64();
        if place.exists() {
            // It was saved just before the run was killed.
            fs::remove_dir_all(&place).map_err(Error::io("remove", &place))?;
        }
        classifier.model().save(&place, self.pretrained)?;
        self.output.write_json(&log, &(&tuned, seconds))?;
        let checkpoints = self.output.join(checkpoints);
        fs::remove_dir_all(&checkpoints).map_err(Error::io("remove", checkpoints))?;
        Ok(Trained { classifier, tuned, seconds })
    }

    /// The error of a run that was stopped.
    pub(super) fn stopped(&self) -> Error {
        Error::Stopped { path: self.output.path().to_owned() }
    }
}

/// A fine-tuned encoder.
pub(super) struct Trained {
    pub(super) classifier: TextClassifier,
    pub(super) tuned: Tuned,
    pub(super) seconds: f64,
}
