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
    Certifier, ClassBounds, ClassId, Classifier, Confidence, EditCounts, EditKind, Lower, Plan, Radius, Rate,
    RemovalBounds, SmoothedClassifier, Unit, Upper, threat::SEARCH_LIMIT,
};
use steadfast_perturb::{Deletion, Tokenizer, WordId};

/// Each of a text's own words is measured by itself: pairs would take more confidence than they give back.
const REMOVED: usize = 1;

/// What the votes on one text bound: its class alone, and together with the class's dependence on the text's own words.
struct Bounded {
    alone: ClassBounds,
    of_class: ClassBounds,
    removals: RemovalBounds,
}

type Radii<'a> = dyn Fn(&Bounded, &[WordId]) -> Result<Option<Radius>, Error> + 'a;

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
    let plan = Plan::fixed(settings.samples / 10, settings.samples)?;
    let bounds = |noise: &Deletion, number: usize, text: &[WordId]| -> Result<Bounded, Error> {
        if console.flow().is_break() {
            return Err(Error::Stopped { path: output.path().to_owned() });
        }
        let smoothed = SmoothedClassifier::new(&model, noise, plan.clone()).threads(1).seed(settings.seed);
        let votes = smoothed.count_measured(number as u64, text, REMOVED)?;
        bar.inc(1);
        let (of_class, removals) = certifier.measured_bounds(&votes)?;
        Ok(Bounded { alone: certifier.bounds(votes.votes())?, of_class, removals })
    };
    let all = |noise: &Deletion| -> Result<Vec<Bounded>, Error> {
        test.par_iter().enumerate().map(|(number, (text, _))| bounds(noise, number, text)).collect()
    };
    let (under_uniform, under_signal) = (all(&uniform)?, all(&signal)?);
    bar.finish_and_clear();

    let curve = |name: &str, bounds: &[Bounded], radius: &Radii<'_>| {
        let of = |(bounds, (text, label)): (&Bounded, &(Vec<WordId>, ClassId))| {
            Ok(radius(bounds, text)?.filter(|_| bounds.alone.class() == *label))
        };
        let radii = bounds.iter().zip(test).map(of).collect::<Result<Vec<_>, Error>>()?;
        Ok::<_, Error>(CertifiedCurve::of_radii(name, radii))
    };
    let insertions = [EditKind::Insertion];
    // Words put in outside the vocabulary, beside one of the text's own words that is taken out.
    let beside_one_removed = |left: &dyn Fn(&EditCounts) -> Lower| {
        let survives = |insertions| {
            let edits = EditCounts { insertions, deletions: 1, ..EditCounts::default() };
            left(&edits).exceeds(Upper::HALF)
        };
        let most = (0..=SEARCH_LIMIT).take_while(|&insertions| survives(insertions)).last();
        most.map(|insertions| Radius::Count(insertions, Unit::Insertions))
    };
    let curves = vec![
        curve("one rate: any edits", &under_uniform, &|bounds, text| {
            Ok(uniform.edits(text)?.radius(&bounds.alone))
        })?,
        curve("one rate: any edits, own words measured", &under_uniform, &|bounds, text| {
            Ok(uniform.edits(text)?.measured(bounds.removals.clone())?.radius(&bounds.of_class))
        })?,
        curve("one rate: insertions", &under_uniform, &|bounds, text| {
            Ok(uniform.edits(text)?.only(&insertions).radius(&bounds.alone))
        })?,
        curve("signal: insertions outside it", &under_signal, &|bounds, text| {
            Ok(signal.signal(text)?.radius(&bounds.alone))
        })?,
        curve("signal: insertions outside it, one own word removed", &under_signal, &|bounds, text| {
            let threat = signal.edits_within(text, [])?;
            Ok(beside_one_removed(&|edits| threat.lower_bound_after(bounds.alone.top(), edits)))
        })?,
        curve("signal: the same, own words measured", &under_signal, &|bounds, text| {
            let threat = signal.edits_within(text, [])?.measured(bounds.removals.clone())?;
            Ok(beside_one_removed(&|edits| threat.lower_bound_after(bounds.of_class.top(), edits)))
        })?,
        curve("signal: any edits, any words", &under_signal, &|bounds, text| {
            Ok(signal.edits(text)?.radius(&bounds.alone))
        })?,
    ];
    let smoothed = [&under_uniform, &under_signal]
        .map(|bounds| right(bounds.iter().map(|bounds| bounds.alone.class()).collect()));
    let summary = TaskSummary::of(task, tokenizer);
    Ok(Results { settings: settings.clone(), task: fingerprint, summary, plain, smoothed, curves })
}
