//! [`run`]: poison, train, ask, certify.

use super::{Certified, Defence, Guarantee, Noises, Results, Row, Settings};
use crate::{
    Error,
    attack::{Attack, AttackName, Paraphrases, Poison, PoisonedTask},
    data::{TextTask, texts::tokenized},
    experiment::{
        Console, Decision, Encoder, Labelled, Smoothed, TextNoise,
        finished::{check_same, finished},
    },
    metrics::{BackdoorMetrics, CertifiedCurve, Confusion, Share},
    report::file::OutputFolder,
};
use std::{fs, path::Path, sync::Arc, time::Instant};
use steadfast_certify::{ClassId, Classifier, Confidence, Lower};
use steadfast_model::{
    device::Device,
    transformer::{Precision, TextClassifier, Tuned},
};
use steadfast_perturb::Tokenizer;

/// The file of results in the output folder.
pub(super) const FILE: &str = "results.json";

/// Words as the tables of synonyms have them.
const TOKENIZER: Tokenizer = Tokenizer::words().lower_case(true);

/// Texts with a trigger draw from streams of their own.
const TRIGGERED: u64 = 1 << 32;

/// One run.
struct Run<'a> {
    settings: &'a Settings,
    noises: &'a Noises,
    pretrained: &'a Path,
    device: Device,
    output: &'a OutputFolder,
    console: &'a Console,
}

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
    for folder in ["rows", "training", "models"] {
        let folder = output.join(folder);
        fs::create_dir_all(&folder).map_err(Error::io("create", folder))?;
    }
    let some = |texts: &[_], count| texts.get(..count).unwrap_or(texts).to_vec();
    let task = TextTask {
        training: some(&task.training, settings.training_texts()),
        development: some(&task.development, settings.training_texts() / 5),
        test: task.test.clone(),
    };
    let run = Run { settings, noises, pretrained, device, output, console };
    let mut rows = Vec::new();
    for name in settings.attacks() {
        let attack = name.attack(paraphrases.cloned())?;
        for &rate in &settings.rate {
            let Some(attack) = &attack else { continue };
            let poisoned = settings.poisoning(rate).apply(&task, &**attack, TOKENIZER)?;
            for defence in settings.defences() {
                rows.push(run.row(name, &**attack, rate, &poisoned, defence)?);
            }
        }
    }
    let results = Results { settings: settings.clone(), task: fingerprint, rows };
    results.write(output)?;
    Ok(results)
}

/// The file that says which run is in a folder.
const BEGUN: &str = "run.json";

impl Run<'_> {
    fn row(
        &self,
        name: AttackName,
        attack: &dyn Attack,
        rate: f64,
        poisoned: &PoisonedTask,
        defence: Defence,
    ) -> Result<Row, Error> {
        let key = format!("{}-{rate}-{defence}", attack.name());
        let file = format!("rows/{key}.json");
        // Only a run that goes on gets here with a row that is there.
        if let Some(row) = finished(self.output, &file, true)? {
            return Ok(row);
        }
        let (classifier, training, training_seconds) = self.classifier(&key, poisoned, defence)?;
        let start = Instant::now();
        let lexicon = &self.noises.lexicon;
        let clean = tokenized(&poisoned.task.test, lexicon, TOKENIZER);
        let clean = clean.get(..self.settings.test_texts()).unwrap_or(&clean);
        let poisons = poisoned.test.get(..self.settings.test_texts()).unwrap_or(&poisoned.test);
        let triggered: Vec<_> = poisons.iter().map(|poison| poison.poisoned.clone()).collect();
        let triggered = tokenized(&triggered, lexicon, TOKENIZER);

        let bar =
            self.console.bar(&format!("{} {defence}", attack.name()), (clean.len() + triggered.len()) as u64);
        let step = || {
            bar.inc(1);
            let stopped = || Error::Stopped { path: self.output.path().to_owned() };
            if self.console.flow().is_break() { Err(stopped()) } else { Ok(()) }
        };
        let (decisions, [right, wrong]) = match self.noises.of(defence) {
            None => {
                let plain = |texts: &[Labelled]| {
                    let words: Vec<_> = texts.iter().map(|(words, _)| words.clone()).collect();
                    classifier.classify(&words).map_err(steadfast_certify::Error::Classifier)
                };
                (Vec::new(), [plain(clean)?, plain(&triggered)?])
            }
            Some(noise) => {
                let smoothed = self.smoothed(noise, &classifier)?;
                let decide = |(number, (text, _)): (u64, &Labelled)| {
                    let threat = self.noises.threat(defence, text)?;
                    let flow = || self.console.flow();
                    Some(step().and_then(|()| smoothed.decide(number, text, &*threat, &flow)))
                };
                let answer = |(number, (text, _)): (u64, &Labelled)| {
                    step().and_then(|()| smoothed.answer(number, text))
                };
                let decisions: Vec<Decision> =
                    (0..).zip(clean).filter_map(decide).collect::<Result<_, _>>()?;
                let right = decisions.iter().map(Decision::class).collect();
                let wrong = (TRIGGERED..).zip(&triggered).map(answer).collect::<Result<_, _>>()?;
                (decisions, [right, wrong])
            }
        };
        let confusion = |texts: &[Labelled], answers: Vec<ClassId>| {
            Confusion::count(texts.iter().zip(answers).map(|((_, class), answer)| (*class, Some(answer))))
        };
        let (right, wrong) = (confusion(clean, right), confusion(&triggered, wrong));
        bar.finish_and_clear();
        let mean = |of: fn(&Decision) -> u64| {
            decisions.iter().map(of).sum::<u64>() as f64 / decisions.len().max(1) as f64
        };
        let row = Row {
            attack: name,
            labels: self.settings.labels,
            rate,
            poisoned_texts: poisoned.training.len(),
            defence,
            metrics: BackdoorMetrics::of(&right, &wrong, self.settings.target)?,
            questions: mean(|decision| decision.questions),
            samples: mean(|decision| decision.samples),
            certified: self.certified(defence, clean, &decisions, poisons),
            training,
            training_seconds,
            seconds: start.elapsed().as_secs_f64(),
        };
        self.output.write_json(&file, &row)?;
        Ok(row)
    }

    fn smoothed<'b>(
        &self,
        noise: &'b TextNoise,
        classifier: &'b TextClassifier,
    ) -> Result<Smoothed<'b, TextClassifier>, Error> {
        Ok(Smoothed {
            noise,
            classifier,
            epsilon: self.settings.epsilon,
            plan: self.settings.plan()?,
            certifier: self.settings.certifier()?,
            optimism: Confidence::new(OPTIMISM)?,
            batch: BATCH,
            seed: self.settings.seed,
        })
    }

    /// The encoder, fine-tuned under the noise of a defence: the saved one of a run that goes on, or a new one.
    fn classifier(
        &self,
        key: &str,
        poisoned: &PoisonedTask,
        defence: Defence,
    ) -> Result<(TextClassifier, Tuned, f64), Error> {
        let lexicon = &self.noises.lexicon;
        let (place, log) = (self.output.join(format!("models/{key}")), format!("training/{key}.json"));
        let checkpoints = Path::new("checkpoints").join(key);
        if let Some((tuned, seconds)) = finished::<(Tuned, f64)>(self.output, &log, true)? {
            let device = self.device.open().map_err(steadfast_model::transformer::Error::from)?;
            let classifier = TextClassifier::load(&place, Arc::clone(lexicon), device, Precision::Single)?;
            return Ok((classifier, tuned, seconds));
        }
        let start = Instant::now();
        let classes = poisoned.task.classes();
        let encoder =
            Encoder::new(self.pretrained, classes, self.settings.seed, self.device, Arc::clone(lexicon))?;
        let words = |texts| tokenized(texts, lexicon, TOKENIZER);
        let (classifier, tuned) = encoder.tune(
            key,
            &self.settings.fine_tuning()?,
            &words(&poisoned.task.training),
            &words(&poisoned.task.development),
            self.noises.of(defence),
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
        Ok((classifier, tuned, seconds))
    }

    /// What is certified, and what CROWD's published rule would say beside it.
    fn certified(
        &self,
        defence: Defence,
        clean: &[Labelled],
        decisions: &[Decision],
        poisons: &[Poison],
    ) -> Vec<Certified> {
        if decisions.is_empty() {
            return Vec::new();
        }
        // Poisoned texts are numbered as the clean ones that they were made of.
        let covered = poisons.iter().filter_map(|poison| {
            let (decision, (words, class)) = decisions.get(poison.index).zip(clean.get(poison.index))?;
            let survives = |counts| {
                self.noises.deletion.edits(words).survives_edits(decision.bounds.statement(), &counts)
            };
            let right = defence == Defence::Deletion && decision.class() == *class;
            Some(right && poison.counts().is_some_and(survives))
        });
        let covered = Share::count(covered);
        let radii = decisions.iter().zip(clean);
        let radii =
            radii.map(|(decision, (_, class))| decision.radius.filter(|_| decision.class() == *class));
        let curve = CertifiedCurve::of_radii(defence.name(), radii);
        let all = |radii: &[Option<u32>]| {
            Share::count(
                radii
                    .iter()
                    .zip(clean)
                    .map(|(radius, (text, _))| radius.is_some_and(|radius| radius as usize >= text.len())),
            )
        };
        let describe = clean.first().and_then(|(text, _)| self.noises.threat(defence, text));
        let sound = Certified {
            guarantee: Guarantee::Sound,
            threat: describe.map(|threat| threat.describe()).unwrap_or_default(),
            alpha: self.settings.alpha,
            epsilon: self.settings.epsilon,
            all_words: all(&curve.radii),
            covered: Some(covered),
            curve,
        };
        let mut certified = vec![sound];
        if defence == Defence::Crowd {
            // As published: the overlap of the uniform law on the same candidates, all words, a margin of 0.01.
            let radii: Vec<Option<u32>> = decisions
                .iter()
                .zip(clean)
                .map(|(decision, (text, class))| {
                    let words = u32::try_from(text.len()).unwrap_or(u32::MAX);
                    let overlap = self.noises.uniform.swaps(text).overlap_bound(Lower::ONE, words).p();
                    let holds = decision.share - 1.0 + overlap >= 0.51 && decision.class() == *class;
                    holds.then_some(words)
                })
                .collect();
            certified.push(Certified {
                guarantee: Guarantee::Refuted,
                threat: "replaces all words by words of their sets, by the overlap of another law".to_owned(),
                alpha: self.settings.alpha,
                epsilon: 0.0,
                all_words: all(&radii),
                covered: None,
                curve: CertifiedCurve::new("crowd as published", radii),
            });
        }
        certified
    }
}

/// Noisy copies that are asked about at a time.
const BATCH: usize = 64;

/// The level of the outlook at which sampling gives up.
const OPTIMISM: f64 = 0.03;
