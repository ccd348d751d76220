//! [`Asked`]: what a smoothed classifier makes of clean and of triggered texts.

use super::{
    Attacked, Decision, Labelled, Smoothed,
    workshop::{Trained, Workshop},
};
use crate::{
    Error,
    metrics::{BackdoorMetrics, Confusion},
};
use std::{
    cell::RefCell,
    collections::{BTreeMap, btree_map::Entry},
    time::Instant,
};
use steadfast_certify::{ClassId, Confidence, ScoringClassifier, Threat};
use steadfast_perturb::WordId;

/// Noisy copies that are asked about at a time.
pub(super) const BATCH: usize = 64;

/// Texts with a trigger draw from streams of their own.
const TRIGGERED: u64 = 1 << 32;

/// The level of the projection at which sampling gives up.
pub(super) fn optimism() -> Result<Confidence, Error> {
    Ok(Confidence::alpha(0.03)?)
}

/// What an attacker may do to a text, of each kind that is asked about.
pub(super) type Threats<'a> =
    dyn Fn(&[WordId]) -> Result<Vec<Box<Threat>>, steadfast_perturb::PerturbError> + 'a;

/// Decisions on clean texts, answers to triggered ones, and what they come to.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) decisions: Vec<Decision>,
    pub(super) answers: Vec<ClassId>,
    pub(super) attacked: Attacked,
    /// Whether a triggered text's true class is outvoted, of those that were asked about again.
    outvoted: RefCell<BTreeMap<usize, bool>>,
}

impl Asked {
    /// Bounds clean texts against their `threats`, and answers triggered ones.
    ///
    /// # Errors
    /// Those of [`Smoothed::decide`], [`Error::Paused`] after Ctrl-C, [`Error::PoisonedTarget`].
    pub(super) fn of<C: ScoringClassifier<Vec<WordId>>>(
        smoothed: &Smoothed<'_, C>,
        trained: &Trained,
        [clean, triggered]: [&[Labelled]; 2],
        target: ClassId,
        threats: &Threats<'_>,
        workshop: &Workshop<'_>,
        title: &str,
    ) -> Result<Self, Error> {
        let start = Instant::now();
        let console = workshop.console;
        let bar = console.bar(title, (clean.len() + triggered.len()) as u64);
        let step = || if console.advance(&bar, 1).is_break() { Err(workshop.stopped()) } else { Ok(()) };
        let decide = |(number, (text, _)): (u64, &Labelled)| {
            step()?;
            let decision = smoothed.decide(number, text, &threats(text)?, &|| console.flow());
            decision.map_err(|error| workshop.stopped_or(error))
        };
        let answer =
            |(number, (text, _)): (u64, &Labelled)| step().and_then(|()| smoothed.answer(number, text));
        let decisions: Vec<Decision> = (0..).zip(clean).map(decide).collect::<Result<_, _>>()?;
        let answers: Vec<ClassId> = (TRIGGERED..).zip(triggered).map(answer).collect::<Result<_, _>>()?;
        bar.finish_and_clear();
        let mean = |of: fn(&Decision) -> u64| {
            decisions.iter().map(of).sum::<u64>() as f64 / decisions.len().max(1) as f64
        };
        let attacked = Attacked {
            metrics: metrics(
                [clean, triggered],
                decisions.iter().map(Decision::class),
                answers.iter().copied(),
                target,
            )?,
            detection: None,
            model_queries: mean(|decision| decision.model_queries),
            samples: mean(|decision| decision.samples),
            training: vec![trained.tuned.clone()],
            training_seconds: trained.seconds,
            seconds: start.elapsed().as_secs_f64(),
        };
        Ok(Self { decisions, answers, attacked, outvoted: RefCell::default() })
    }

    /// Of each triggered text for which `covers` says whether its certificate covers the attack: that, and whether nothing speaks
    /// against the certificate. Those that are covered and answered wrongly are asked about again, with all votes of the plan, once
    /// for all certificates of these decisions.
    ///
    /// # Errors
    /// Those of [`Smoothed::majority_differs`], [`Error::Paused`] after Ctrl-C.
    pub(super) fn checked<C: ScoringClassifier<Vec<WordId>>>(
        &self,
        smoothed: &Smoothed<'_, C>,
        triggered: &[Labelled],
        workshop: &Workshop<'_>,
        covers: impl Fn(usize) -> Option<bool>,
    ) -> Result<Vec<(bool, bool)>, Error> {
        let mut outvoted = self.outvoted.borrow_mut();
        let mut checked = Vec::new();
        for (index, ((text, class), answer)) in triggered.iter().zip(&self.answers).enumerate() {
            let Some(covered) = covers(index) else { continue };
            let mut refuted = false;
            if covered && answer != class {
                refuted = match outvoted.entry(index) {
                    Entry::Occupied(known) => *known.get(),
                    Entry::Vacant(_) if workshop.console.flow().is_break() => return Err(workshop.stopped()),
                    Entry::Vacant(new) => {
                        *new.insert(smoothed.majority_differs(TRIGGERED + index as u64, text, *class)?)
                    }
                };
            }
            checked.push((covered, !refuted));
        }
        Ok(checked)
    }
}

/// What answers to clean and to triggered texts come to.
///
/// # Errors
/// [`Error::PoisonedTarget`] if triggered texts are of the target class.
pub(super) fn metrics(
    [clean, triggered]: [&[Labelled]; 2],
    clean_answers: impl IntoIterator<Item = ClassId>,
    triggered_answers: impl IntoIterator<Item = ClassId>,
    target: ClassId,
) -> Result<BackdoorMetrics, Error> {
    let right = confusion(clean, clean_answers.into_iter().map(Some));
    BackdoorMetrics::of(&right, &confusion(triggered, triggered_answers.into_iter().map(Some)), target)
}

/// Answers against the truth; no answer is an abstention.
pub(super) fn confusion(texts: &[Labelled], answers: impl IntoIterator<Item = Option<ClassId>>) -> Confusion {
    Confusion::count(texts.iter().zip(answers).map(|((_, class), answer)| (*class, answer)))
}
