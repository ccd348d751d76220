//! [`run`]: the same decisions by every plan, counted in model queries.

use super::{Results, Settings, settings::LENGTHS};
use crate::{
    Error,
    baseline::{NaiveBayes, Trained},
    data::TextTask,
    experiment::{
        Console,
        finished::{check_same, finished},
    },
    report::file::OutputFolder,
};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::{cell, ops::ControlFlow, sync::Arc};
use steadfast_certify::{
    BoxError, Certifier, ClassBounds, ClassId, Classifier, Confidence, Noise, PartialVotes, Plan, Rate,
    SmoothedClassifier, ThreatModel, VoteCounts, confidence::Prior,
};
use steadfast_perturb::{Deletion, Enumeration, Lexicon, Tokenizer, WordId};

/// One rate, one range of lengths, one fixed number of samples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// The deletion rate.
    pub rate: f64,
    /// The number of edits that was to be certified.
    pub radius: u32,
    /// The shortest and the longest text, in words.
    pub lengths: (usize, usize),
    /// Texts.
    pub texts: usize,
    /// Samples of the fixed plan: what it asks.
    pub fixed: u64,
    /// Texts that the fixed plan certifies.
    pub certified: usize,
    /// Questions and decisions of the mixture martingale.
    pub anytime: Spent,
    /// The same after enumerating the copies that keep few words.
    pub enumerated: Spent,
    /// Questions and decisions of five looks with Clopper–Pearson bounds.
    pub looks: Spent,
}

/// What one way of stopping early spends and loses, over the texts of a cell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Spent {
    /// Mean number of model queries.
    pub calls: f64,
    /// Texts that the fixed plan certifies and this one does not.
    pub lost: usize,
    /// Texts that this one certifies and the fixed plan does not.
    pub won: usize,
}

/// The texts, the classifier, and everything that is the same for all of them.
struct Bench<'a> {
    settings: &'a Settings,
    lexicon: Arc<Lexicon>,
    classifier: NaiveBayes,
    certifier: Certifier,
    optimism: Confidence,
}

/// The file of results in the output folder.
pub(super) const FILE: &str = "calls.json";

/// Compares the plans on the test texts of a task, or takes the results of a finished run from the output folder.
///
/// # Errors
/// [`Error::Certify`] for settings that are refused, [`Error::Training`] for too few texts,
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
    let Trained { lexicon, classifier, test } = NaiveBayes::of_task(task, Tokenizer::words())?;
    let bench = Bench {
        settings,
        classifier,
        lexicon,
        certifier: Certifier::new(Confidence::alpha(settings.alpha)?),
        optimism: Confidence::alpha(settings.optimism)?,
    };
    let total = settings.rates.len() * LENGTHS.len() * settings.fixed.len();
    let bar = console.bar("comparing plans", total as u64);
    let mut cells = Vec::with_capacity(total);
    for &rate in &settings.rates {
        let noise = Deletion::uniform(Arc::clone(&bench.lexicon), Rate::new(rate)?)?;
        for lengths in LENGTHS {
            let chosen: Vec<(u64, &[WordId])> = (0..)
                .zip(test.iter().map(|(text, _)| &text[..]))
                .filter(|(_, text)| (lengths.0..=lengths.1).contains(&text.len()))
                .take(settings.limit)
                .collect();
            for &fixed in &settings.fixed {
                if console.flow().is_break() {
                    return Err(Error::Stopped { path: output.path().to_owned() });
                }
                cells.push(bench.cell(&noise, rate, lengths, &chosen, fixed)?);
                bar.inc(1);
            }
        }
    }
    bar.finish_and_clear();
    Ok(Results { settings: settings.clone(), task: fingerprint, cells })
}

impl Bench<'_> {
    fn cell(
        &self,
        noise: &Deletion,
        rate: f64,
        lengths: (usize, usize),
        texts: &[(u64, &[WordId])],
        fixed: u64,
    ) -> Result<Cell, Error> {
        let decisions: Vec<Decisions> = texts
            .par_iter()
            .map(|&(number, text)| self.decide(noise, Settings::radius(rate), number, text, fixed))
            .collect::<Result<_, _>>()?;
        let spent = |of: fn(&Decisions) -> (u64, bool)| {
            let calls: u64 = decisions.iter().map(|decisions| of(decisions).0).sum();
            Spent {
                calls: calls as f64 / decisions.len().max(1) as f64,
                lost: decisions.iter().filter(|decisions| decisions.fixed && !of(decisions).1).count(),
                won: decisions.iter().filter(|decisions| !decisions.fixed && of(decisions).1).count(),
            }
        };
        Ok(Cell {
            rate,
            radius: Settings::radius(rate),
            lengths,
            texts: texts.len(),
            fixed,
            certified: decisions.iter().filter(|decisions| decisions.fixed).count(),
            anytime: spent(|decisions| decisions.anytime),
            enumerated: spent(|decisions| decisions.enumerated),
            looks: spent(|decisions| decisions.looks),
        })
    }

    fn decide(
        &self,
        noise: &Deletion,
        radius: u32,
        number: u64,
        text: &[WordId],
        fixed: u64,
    ) -> Result<Decisions, Error> {
        let most = (fixed as f64 * self.settings.reserve).ceil() as u64;
        let threat = noise.edits(text)?;
        let holds = |bounds: &ClassBounds| threat.survives(bounds, radius);
        let once = self.smoothed(&self.classifier, noise, Plan::fixed(0, fixed)?).count(number, text)?;
        let bounds = |tally: &VoteCounts| self.certifier.bounds(tally);
        let outlook = |tally: &VoteCounts| self.certifier.projected_bounds(tally, self.optimism);

        let anytime = Plan::anytime(0, most, Prior::default())?;
        let looks = [most / 40, most / 15, most / 5, most / 2, most].map(|look| look.max(1));
        let mut looks = looks.to_vec();
        looks.dedup();
        let enumeration = Enumeration::new(noise, text, self.settings.enumerate.max(1))?;
        let asked = Asked::new(&self.classifier);
        let strata = enumeration.classify(&asked)?;
        let enumerated = if holds(&strata.bounds(&self.certifier, None)?) {
            (asked.count(), true)
        } else if let Some(rest) = enumeration.rest() {
            let joined = |tally: &VoteCounts| strata.bounds(&self.certifier, Some(tally));
            let outlook = |tally: &VoteCounts| strata.projected_bounds(&self.certifier, tally, self.optimism);
            let spent = self.early(rest, number, text, &anytime, &holds, &joined, &outlook)?;
            (asked.count() + spent.0, spent.1)
        } else {
            (asked.count(), false)
        };
        Ok(Decisions {
            fixed: holds(&bounds(&once)?),
            anytime: self.early(noise, number, text, &anytime, &holds, &bounds, &outlook)?,
            enumerated,
            looks: self.early(noise, number, text, &Plan::interim(0, looks)?, &holds, &bounds, &outlook)?,
        })
    }

    /// Samples until the bounds hold or have no outlook to; the model queries, and whether they hold.
    #[expect(clippy::too_many_arguments, reason = "one text, one plan, and three questions about its votes")]
    fn early<N: Noise<Input = [WordId], Sample = Vec<WordId>> + Sync>(
        &self,
        noise: &N,
        number: u64,
        text: &[WordId],
        plan: &Plan,
        holds: &dyn Fn(&ClassBounds) -> bool,
        bounds: &dyn Fn(&VoteCounts) -> Result<ClassBounds, steadfast_certify::Error>,
        outlook: &dyn Fn(&VoteCounts) -> Result<ClassBounds, steadfast_certify::Error>,
    ) -> Result<(u64, bool), Error> {
        let asked = Asked::new(&self.classifier);
        let enough = |tally: &VoteCounts| Ok(holds(&bounds(tally)?) || !holds(&outlook(tally)?));
        let observe = |_| ControlFlow::Continue(());
        let mut votes = PartialVotes::default();
        let tally = self
            .smoothed(&asked, noise, plan.clone())
            .count_until(number, text, &mut votes, enough, observe)?;
        Ok((asked.count(), holds(&bounds(&tally)?)))
    }

    fn smoothed<C, N>(&self, classifier: C, noise: N, plan: Plan) -> SmoothedClassifier<C, N> {
        SmoothedClassifier::new(classifier, noise, plan)
            .batch(self.settings.batch)
            .threads(1)
            .seed(self.settings.seed)
    }
}

/// What each plan decides on one text, and for how many model queries.
struct Decisions {
    fixed: bool,
    anytime: (u64, bool),
    enumerated: (u64, bool),
    looks: (u64, bool),
}

/// A classifier that counts what it is asked.
struct Asked<'a> {
    classifier: &'a NaiveBayes,
    count: cell::Cell<u64>,
}

impl<'a> Asked<'a> {
    fn new(classifier: &'a NaiveBayes) -> Self {
        Self { classifier, count: cell::Cell::new(0) }
    }

    fn count(&self) -> u64 {
        self.count.get()
    }
}

impl Classifier<Vec<WordId>> for Asked<'_> {
    fn class_count(&self) -> usize {
        self.classifier.class_count()
    }

    fn classify(&self, batch: &[Vec<WordId>]) -> Result<Vec<ClassId>, BoxError> {
        self.count.set(self.count.get() + batch.len() as u64);
        self.classifier.classify(batch)
    }
}
