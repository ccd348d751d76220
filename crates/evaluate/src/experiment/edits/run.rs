//! [`run`]: votes and certificates for every test text.

use super::{Results, Settings};
use crate::{
    Error,
    baseline::{NaiveBayes, Trained},
    data::{TaskSummary, TextTask},
    experiment::{
        Console,
        finished::{check_same, finished},
    },
    metrics::{CertifiedCurve, Share},
    report::file::OutputFolder,
};
use rayon::prelude::*;
use std::sync::Arc;
use steadfast_certify::{
    Certifier, ClassBounds, ClassId, Classifier, Confidence, EditKind, Plan, Rate, Smoothing, Threat,
};
use steadfast_perturb::{Deletion, Tokenizer, WordId};

/// The file of results in the output folder.
pub(super) const FILE: &str = "edits.json";

/// Certifies the test texts of a task against edits, or takes the results of a finished run from the output folder.
///
/// # Errors
/// [`Error::Certify`], [`Error::Perturb`] and [`Error::Setting`] for settings that are refused, [`Error::Training`] for too few texts,
/// [`Error::Stopped`] after Ctrl-C, [`Error::OutputTaken`] and [`Error::OtherRun`] for a folder with another run.
pub fn run(
    settings: &Settings,
    task: &TextTask,
    output: &OutputFolder,
    resume: bool,
    console: &Console,
) -> Result<Results, Error> {
    let fingerprint = task.fingerprint();
    if let Some(results) = finished::<Results>(output, FILE, resume)? {
        check_same(output.join(FILE), (&results.settings, &results.task), (settings, &fingerprint))?;
        return Ok(results);
    }
    let tokenizer = Tokenizer::words();
    let Trained { lexicon, classifier: model, test } = NaiveBayes::of_task(task, tokenizer)?;
    let test = test.get(..settings.limit).unwrap_or(&test);
    if test.is_empty() {
        let expected = format!("at least 1 of the {} test texts", task.test.len());
        return Err(Error::Setting { name: "--limit", given: settings.limit.to_string(), expected });
    }

    let uniform = Deletion::uniform(Arc::clone(&lexicon), Rate::new(settings.rate)?)?;
    let signal_rate = Rate::new(settings.signal_rate)?;
    let telling = model.most_telling(settings.signal).into_iter().map(|word| (word, signal_rate));
    let signal = Deletion::per_word(lexicon, telling, Rate::new(settings.other_rate)?)?;

    let right = |classes: Vec<ClassId>| {
        Share::count(classes.iter().zip(test).map(|(class, (_, label))| class == label))
    };
    let plain = model.classify(&test.iter().map(|(text, _)| text.clone()).collect::<Vec<_>>());
    let plain = right(plain.map_err(steadfast_certify::Error::Classifier)?);
    let bar = console.bar("certifying", 2 * test.len() as u64);
    let certifier = Certifier::new(Confidence::alpha(settings.alpha)?);
    let smoothing =
        Smoothing::new(Plan::fixed(settings.samples / 10, settings.samples)?).threads(1).seed(settings.seed);
    let bounds = |noise: &Deletion, number: usize, text: &[WordId]| -> Result<ClassBounds, Error> {
        if console.flow().is_break() {
            return Err(Error::Stopped { path: output.path().to_owned() });
        }
        let tally = smoothing.tally(noise, &model, number as u64, text)?;
        bar.inc(1);
        Ok(certifier.bounds(&tally)?)
    };
    let all = |noise: &Deletion| -> Result<Vec<ClassBounds>, Error> {
        test.par_iter().enumerate().map(|(number, (text, _))| bounds(noise, number, text)).collect()
    };
    let (under_uniform, under_signal) = (all(&uniform)?, all(&signal)?);
    bar.finish_and_clear();

    let curve = |name: &str, bounds: &[ClassBounds], threat: &dyn Fn(&[WordId]) -> Box<dyn Threat>| {
        let radii = bounds
            .iter()
            .zip(test)
            .map(|(bounds, (text, label))| threat(text).radius(bounds).filter(|_| bounds.class() == *label));
        CertifiedCurve::of_radii(name, radii)
    };
    let insertions = [EditKind::Insertion];
    let curves = vec![
        curve("one rate: any edits", &under_uniform, &|text| Box::new(uniform.edits(text))),
        curve("one rate: insertions", &under_uniform, &|text| {
            Box::new(uniform.edits(text).only(&insertions))
        }),
        curve("signal: insertions outside it", &under_signal, &|text| Box::new(signal.signal(text))),
        curve("signal: any edits, any words", &under_signal, &|text| Box::new(signal.edits(text))),
    ];
    let smoothed =
        [&under_uniform, &under_signal].map(|bounds| right(bounds.iter().map(ClassBounds::class).collect()));
    let summary = TaskSummary::of(task, tokenizer);
    Ok(Results { settings: settings.clone(), task: fingerprint, summary, plain, smoothed, curves })
}
