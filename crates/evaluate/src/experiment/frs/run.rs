//! [`run`]: every backdoor against every defence, one after the other, each finished one kept.

use super::{
    Backdoor, Defence, Implanted, Results, Row, Settings, Vocabulary,
    cases::{self, Cases},
    scene::Scene,
    voted::undefended,
};
use crate::{
    Error,
    attack::Paraphrases,
    data::{
        TextTask,
        texts::{LabelledText, tokenized},
    },
    experiment::{
        Console, Encoder, Labelled, TextNoise,
        finished::{begin, finished, kept},
        workshop::{Lesson, TOKENIZER, Trained, Workshop},
    },
    report::file::OutputFolder,
};
use serde::{Deserialize, Serialize};
use std::{fs, path::Path, sync::Arc};
use steadfast_certify::Fingerprint;
use steadfast_model::{device::Device, transformer::FineTuning};
use steadfast_perturb::Lexicon;

/// The file of results in the output folder.
pub(super) const FILE: &str = "results.json";

/// Training texts of a run that is neither quick nor large: each attack is planted, and then up to eight encoders are fine-tuned.
pub(super) const TRAINING: usize = 1_200;

/// Test texts of a run that is neither quick nor large.
pub(super) const TESTED: usize = 60;

/// The folder of what is finished of a run, by scene and defence.
const ROWS: &str = "rows";

/// Plants each backdoor in the encoder in the folder `pretrained`, with `proxy` texts or else the victim's own, fine-tunes the result on
/// clean texts of `task` for each defence, and asks and certifies; or takes the results of a finished run from the output folder.
/// What was finished of a stopped run is not done again.
///
/// # Errors
/// [`Error::Transformer`], [`Error::Certify`], [`Error::Fuzz`] and the errors of [`WeightAttack`](crate::attack::weights::WeightAttack) for
/// what is refused; [`Error::Interrupted`] and [`Error::Paused`] after Ctrl-C; [`Error::OutputTaken`] and [`Error::OtherRun`] for a
/// folder with another run.
#[expect(clippy::too_many_arguments, reason = "what is run, on what, and where it goes")]
pub fn run(
    settings: &Settings,
    task: &TextTask,
    proxy: Option<&[LabelledText]>,
    paraphrases: Option<&Paraphrases>,
    pretrained: &Path,
    device: Device,
    output: &OutputFolder,
    resume: bool,
    console: &Console,
) -> Result<Results, Error> {
    let lexicon = Arc::new(Lexicon::new());
    let extent = &settings.extent;
    settings.check(&lexicon, paraphrases, task.classes())?;
    // With a lexicon of its own, so that triggers do not number the words of the run.
    let encoder = Encoder::new(pretrained, task.classes(), extent.seed, device, Arc::new(Lexicon::new()))?;
    let fingerprint = task.fingerprint();
    let proxies = proxy
        .unwrap_or_default()
        .iter()
        .map(|text| Fingerprint::new(&text.text, [text.class as u64]).value());
    let proxies = Fingerprint::new("proxy texts", proxies);
    let paraphrased = paraphrases.map(Paraphrases::fingerprint).unwrap_or_default();
    let inputs = format!(
        "texts {fingerprint}, paraphrases {paraphrased}, proxy texts {proxies}, encoder {}",
        encoder.fingerprint()?
    );
    for attack in settings.attacks() {
        if let Some(attack) = attack.attack(settings, paraphrases, extent.seed)? {
            encoder.check_triggers(TOKENIZER, attack.words())?;
        }
    }
    drop(encoder);
    begin(settings, &inputs, output, resume)?;
    if let Some(results) = finished::<Results>(output, FILE, resume)? {
        return Ok(results);
    }
    let proxy = proxy.unwrap_or(&task.training);
    let task = extent.part(task, TRAINING);
    let labelled = |texts| tokenized(texts, &lexicon, TOKENIZER);
    let run = Run {
        settings,
        training: labelled(&task.training),
        development: labelled(&task.development),
        test: labelled(&task.test),
        proxy,
        task: &task,
        paraphrases,
        pretrained,
        workshop: Workshop { lexicon: &lexicon, device, output, console },
    };
    let rows_folder = output.join(ROWS);
    fs::create_dir_all(&rows_folder).map_err(Error::io("create", rows_folder))?;
    let mut results = Results::new(settings.clone(), fingerprint);
    for seed in extent.seeds() {
        for attack in settings.attacks() {
            let played = run.played(attack, seed)?;
            results.backdoors.push(played.implanted);
            for claims in played.claims {
                results.rows.extend(claims.rows);
                results.vocabularies.extend(claims.vocabulary);
            }
            results.found.extend(played.cases.found);
            results.cases.extend(played.cases.shown);
        }
    }
    results.write(output)?;
    Ok(results)
}

/// What one defence came to against one backdoor.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Claims {
    pub(super) rows: Vec<Row>,
    /// The signal vocabulary that it rests on, if it does.
    pub(super) vocabulary: Option<Vocabulary>,
}

/// A scene that is done.
#[derive(Debug, Serialize, Deserialize)]
struct Played {
    implanted: Implanted,
    claims: Vec<Claims>,
    cases: Cases,
}

/// One run.
pub(super) struct Run<'a> {
    pub(super) settings: &'a Settings,
    pub(super) training: Vec<Labelled>,
    pub(super) development: Vec<Labelled>,
    pub(super) test: Vec<Labelled>,
    pub(super) task: &'a TextTask,
    /// The attacker's texts, all of them.
    pub(super) proxy: &'a [LabelledText],
    pub(super) paraphrases: Option<&'a Paraphrases>,
    pub(super) pretrained: &'a Path,
    pub(super) workshop: Workshop<'a>,
}

impl Run<'_> {
    /// A backdoor against all defences; read, if it was finished.
    fn played(&self, attack: Backdoor, seed: u64) -> Result<Played, Error> {
        let key = format!("{attack}-{seed}");
        let file = format!("{ROWS}/{key}.json");
        let played = kept(self.workshop.output, &file, || {
            self.workshop.open(&key)?;
            let scene = self.scene(attack, seed, &key)?;
            let defences = self.settings.defences().into_iter();
            let claims = defences.map(|defence| self.claims(&scene, defence)).collect::<Result<_, _>>()?;
            Ok(Played { implanted: scene.implanted.clone(), claims, cases: self.cases(&scene)? })
        })?;
        self.workshop.close(&key)?;
        Ok(played)
    }

    /// What searches find in triggered texts; read, if it was finished.
    fn cases(&self, scene: &Scene) -> Result<Cases, Error> {
        let file = format!("{ROWS}/{}-cases.json", scene.key);
        kept(self.workshop.output, &file, || cases::searched(self, scene))
    }

    /// The rows of a defence, of which those that were finished are read.
    fn claims(&self, scene: &Scene, defence: Defence) -> Result<Claims, Error> {
        let file = format!("{ROWS}/{}-{defence}.json", scene.key);
        let rows = |rows| Claims { rows, vocabulary: None };
        kept(self.workshop.output, &file, || match defence {
            Defence::None => Ok(rows(vec![undefended(scene)?])),
            Defence::Voters
            | Defence::Fuzzing
            | Defence::Frs
            | Defence::FrsTraining
            | Defence::FrsInference => self.voted(scene, defence).map(rows),
            Defence::Signal | Defence::SignalLinear | Defence::SignalSeen => self.signal(scene, defence),
            Defence::Deletion { rate } => self.deletion(scene, rate).map(rows),
            Defence::Around { rate } => self.around(scene, rate).map(rows),
            Defence::TextGuard { groups } => self.partitioned(scene, groups).map(rows),
        })
    }

    /// The victim's encoder under the name `name`, fine-tuned on clean texts: as they are or under noise.
    pub(super) fn victim(
        &self,
        scene: &str,
        encoder: &Path,
        name: &str,
        tuning: &FineTuning,
        noise: Option<&TextNoise>,
    ) -> Result<Trained, Error> {
        let lesson = self.lesson(encoder, &self.training, &self.development, tuning);
        self.workshop.classifier(scene, name, lesson, noise)
    }

    /// What a victim learns from these texts.
    pub(super) fn lesson<'l>(
        &self,
        encoder: &'l Path,
        training: &'l [Labelled],
        development: &'l [Labelled],
        tuning: &'l FineTuning,
    ) -> Lesson<'l> {
        Lesson { pretrained: encoder, classes: self.task.classes(), training, development, tuning }
    }
}
