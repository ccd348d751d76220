//! [`run`]: fine-tuning, evaluation, and the saved model.

use super::{Results, Settings};
use crate::{
    Error,
    data::{TaskSummary, TextTask, texts::tokenized},
    experiment::{
        Console, Encoder,
        finished::{check_same, finished},
    },
    metrics::Confusion,
    report::file::OutputFolder,
};
use std::{path::Path, sync::Arc, time::Instant};
use steadfast_certify::Classifier;
use steadfast_model::{
    device::Device,
    transformer::{Config, Error as ModelError, Precision, TextClassifier},
};
use steadfast_perturb::{Lexicon, Tokenizer};

/// The file of results in the output folder.
pub(super) const FILE: &str = "classify.json";

/// The folder of the fine-tuned model in the output folder.
pub(super) const MODEL: &str = "model";

/// The folder of checkpoints there.
const CHECKPOINTS: &str = "checkpoints";

/// The file in that folder that says which task, split into parts in which way, the model was tuned on.
const TUNED_ON: &str = "tuned-on.txt";

/// Fine-tunes the encoder in the folder `pretrained` on a task, evaluates it on the test texts and saves it as `model` in the output
/// folder; or takes the results of a finished run from there. A run that was stopped goes on with `resume`.
///
/// # Errors
/// [`Error::Transformer`] for a model or settings that are refused, [`Error::Interrupted`] after Ctrl-C, [`Error::OutputTaken`] and
/// [`Error::OtherRun`] for a folder with another run.
pub fn run(
    settings: &Settings,
    task: &TextTask,
    pretrained: &Path,
    device: Device,
    output: &OutputFolder,
    resume: bool,
    console: &Console,
) -> Result<Results, Error> {
    let fine_tuning = settings.fine_tuning()?;
    let (place, checkpoints) = (output.join(MODEL), output.join(CHECKPOINTS));
    // A run that goes on has results or checkpoints; a model without either is somebody else's.
    let own = output.join(FILE).exists() || checkpoints.exists();
    let taken = if resume { place.exists() && !own } else { place.exists() || checkpoints.exists() };
    if taken {
        return Err(Error::OutputTaken { path: output.path().to_owned() });
    }
    let finished = finished::<Results>(output, FILE, resume)?;
    let lexicon = Arc::new(Lexicon::new());
    let encoder = Encoder::new(pretrained, task.classes(), settings.seed, device, Arc::clone(&lexicon))?;
    let weights = encoder.fingerprint()?;
    let fingerprint = task.fingerprint();
    if let Some(results) = finished {
        let path = output.join(FILE);
        if let Some(done) = &results.settings {
            check_same(path.clone(), (done, &results.task), (settings, &fingerprint))?;
        }
        if results.pretrained.as_ref() != Some(&weights) {
            let found = results.pretrained.unwrap_or_default();
            return Err(Error::OtherRun { path, what: "pretrained model", found, expected: weights });
        }
        return Ok(results);
    }
    let some = task.training.get(..settings.training_texts()).unwrap_or(&task.training);
    let words = |texts| tokenized(texts, &lexicon, Tokenizer::words());
    let (training, development) = (words(some), words(&task.development));
    let start = Instant::now();
    let (classifier, tuned) = encoder.tune(
        "fine-tuning",
        &fine_tuning,
        &training,
        &development,
        None,
        output,
        Path::new(CHECKPOINTS),
        console,
    )?;
    let trained = start.elapsed();

    // One that is there was saved by this run just before it was killed, and is saved again.
    if place.exists() {
        std::fs::remove_dir_all(&place).map_err(Error::io("remove", &place))?;
    }
    classifier.model().save(&place, pretrained)?;
    output.write(format!("{MODEL}/{TUNED_ON}"), format!("{fingerprint}\n").as_bytes())?;
    let mut results = Results {
        settings: Some(settings.clone()),
        pretrained: Some(weights),
        training: Some(tuned),
        training_seconds: Some(trained.as_secs_f64()),
        ..judge(&classifier, settings.test_texts(), task, fingerprint)?
    };
    results.texts_trained_on = training.len();
    results.write(output)?;
    std::fs::remove_dir_all(&checkpoints).map_err(Error::io("remove", checkpoints))?;
    Ok(results)
}

/// Evaluates the fine-tuned model in the folder `saved` on the test texts of a task.
///
/// # Errors
/// [`Error::Transformer`] for a folder without such a model, or one that answers fewer classes than the task has.
pub fn evaluate(
    saved: &Path,
    limit: Option<usize>,
    task: &TextTask,
    device: Device,
    precision: Precision,
) -> Result<Results, Error> {
    let device = device.open().map_err(ModelError::from)?;
    let classifier = TextClassifier::load(saved, Arc::new(Lexicon::new()), device, precision)?;
    let fingerprint = task.fingerprint();
    let tuned_on = std::fs::read_to_string(saved.join(TUNED_ON)).ok();
    let unseen = tuned_on.map(|tuned_on| tuned_on.trim() == fingerprint);
    Ok(Results { unseen, ..judge(&classifier, limit.unwrap_or(usize::MAX), task, fingerprint)? })
}

fn judge(
    classifier: &TextClassifier,
    limit: usize,
    task: &TextTask,
    fingerprint: String,
) -> Result<Results, Error> {
    let (found, expected) = (classifier.class_count(), task.classes());
    if found < expected {
        return Err(ModelError::Classes { found, expected }.into());
    }
    let test = task.test.get(..limit).unwrap_or(&task.test);
    let tokenizer = Tokenizer::words();
    let start = Instant::now();
    let texts = tokenized(test, classifier.subwords().lexicon(), tokenizer);
    let words: Vec<_> = texts.iter().map(|(words, _)| words.clone()).collect();
    let answers = classifier.classify(&words).map_err(steadfast_certify::Error::Classifier)?;
    let seconds = start.elapsed().as_secs_f64();
    let answered = texts.iter().zip(answers).map(|((_, class), answer)| (*class, Some(answer)));
    let parameters = classifier.model().parameters();
    let config: &Config = classifier.model().config();
    Ok(Results {
        settings: None,
        task: fingerprint,
        pretrained: None,
        unseen: None,
        summary: TaskSummary::of(task, tokenizer),
        encoder: format!(
            "{}, {} layers, {:.1} million parameters, {} on {}",
            config.family(),
            config.layers(),
            parameters.count() as f64 / 1e6,
            format!("{:?}", parameters.kind()).to_lowercase(),
            format!("{:?}", parameters.device()).to_lowercase()
        ),
        texts_trained_on: 0,
        training: None,
        training_seconds: None,
        test: Confusion::count(answered),
        test_seconds: seconds,
    })
}
