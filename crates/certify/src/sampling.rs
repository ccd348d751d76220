//! The loop from an input to votes: which samples are drawn in which order, by whom, and who answers them.
//!
//! Sample `i` is drawn from its own random stream and its answer is counted at its own place, so votes are the same for any
//! number of threads and, where the classifier's answer does not depend on the batch, for any batch size. Equal noisy inputs
//! are classified once.

use crate::{
    Bits, ClassId, Classifier, Error, Noise, Phase, Plan, RemovalNoise, VoteHeader,
    classifier::checked_answers,
    seed::{Purpose, generator},
};
use std::{
    collections::HashMap,
    hash::Hash,
    ops::{ControlFlow, Range},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc,
    thread,
};

/// Distinct noisy inputs whose answers are remembered, at most; bounds the memory of long runs.
const REMEMBERED: usize = 1 << 20;

/// Samples of one phase that are drawn and answered together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) phase: Phase,
    pub(crate) samples: Range<u64>,
    /// Whether the estimation samples reach a checkpoint of the plan with this step.
    pub(crate) checkpoint: bool,
}

/// The steps that are left of a plan: first the selection, then the estimation from checkpoint to checkpoint. Known beforehand,
/// so that each sampling thread can work ahead on its own share.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    batch: u64,
    plan: Option<Plan>,
    selection: Vec<Range<u64>>,
    estimation: Vec<Range<u64>>,
    /// The phase of what comes after the selection.
    later: Phase,
    checkpoint: u64,
}

impl Schedule {
    /// What is left of `plan` where `selection` and `estimation` are covered already.
    pub(crate) fn remaining(
        plan: &Plan,
        batch: u64,
        selection: Option<&VoteHeader>,
        estimation: Option<&VoteHeader>,
    ) -> Self {
        let gaps = |header: Option<&VoteHeader>, total: u64| {
            let mut gaps: Vec<Range<u64>> = match header {
                Some(header) => header.missing(total),
                None => std::iter::once(0..total).filter(|gap| !gap.is_empty()).collect(),
            };
            // Taken from the end.
            gaps.reverse();
            gaps
        };
        // Votes beyond a hole were seen already: the next checkpoint is the first that counts them all.
        let seen = estimation.and_then(|header| header.samples().last()).map_or(0, |range| range.end);
        let estimation = gaps(estimation, plan.maximum());
        let first_gap = estimation.last().map_or(u64::MAX, |gap| gap.start);
        let mut checkpoint = plan.next_checkpoint(seen.saturating_sub(1), batch).unwrap_or(u64::MAX);
        if first_gap >= checkpoint {
            checkpoint = plan.next_checkpoint(checkpoint, batch).unwrap_or(u64::MAX);
        }
        Self {
            batch,
            selection: gaps(selection, plan.selection()),
            estimation,
            later: Phase::Estimation,
            checkpoint,
            plan: Some(plan.clone()),
        }
    }

    /// These samples of one phase, without checkpoints.
    pub(crate) fn samples(phase: Phase, samples: Range<u64>, batch: u64) -> Self {
        let all = if samples.is_empty() { vec![] } else { vec![samples] };
        let (selection, estimation) = if phase == Phase::Selection { (all, vec![]) } else { (vec![], all) };
        Self { batch, plan: None, selection, estimation, later: phase, checkpoint: u64::MAX }
    }

    /// The first samples of the first gap, `batch` at most and none at or above `limit`.
    fn take(gaps: &mut Vec<Range<u64>>, batch: u64, limit: u64) -> Option<Range<u64>> {
        let gap = gaps.last_mut()?;
        let end = gap.start.saturating_add(batch).min(gap.end).min(limit);
        let taken = gap.start..end;
        gap.start = end;
        if gap.is_empty() {
            gaps.pop();
        }
        Some(taken)
    }
}

impl Iterator for Schedule {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        if let Some(samples) = Self::take(&mut self.selection, self.batch, u64::MAX) {
            return Some(Step { phase: Phase::Selection, samples, checkpoint: false });
        }
        let samples = Self::take(&mut self.estimation, self.batch, self.checkpoint)?;
        let below = self.estimation.last().is_some_and(|gap| gap.start < self.checkpoint);
        let checkpoint = self.plan.is_some() && !below;
        if let Some(plan) = self.plan.as_ref().filter(|_| checkpoint) {
            self.checkpoint = plan.next_checkpoint(self.checkpoint, self.batch).unwrap_or(u64::MAX);
        }
        Some(Step { phase: self.later, samples, checkpoint })
    }
}

/// The votes of one step.
#[derive(Clone, Debug)]
pub(crate) struct StepVotes {
    pub(crate) counts: Vec<u64>,
    pub(crate) near_ties: u64,
    /// Inputs that the classifier was asked about so far, equal ones once.
    pub(crate) model_queries: u64,
}

/// The noisy copies of one input, by sample number.
#[derive(Debug)]
pub(crate) struct Stream<'a, N: Noise + ?Sized> {
    pub(crate) noise: &'a N,
    pub(crate) input: &'a N::Input,
    pub(crate) number: u64,
    pub(crate) seed: u64,
}

impl<N: Noise + ?Sized> Stream<'_, N> {
    fn draw(&self, step: &Step) -> Vec<N::Sample> {
        let stream = |sample| generator(self.seed, step.phase, self.number, sample, Purpose::Noise);
        step.samples.clone().map(|sample| self.noise.sample(self.input, &mut stream(sample))).collect()
    }

    /// Walks through `schedule` on the caller's thread alone, until `after` breaks or fails.
    pub(crate) fn answer_inline<C: Classifier<N::Sample> + ?Sized>(
        &self,
        classifier: &C,
        schedule: Schedule,
        mut after: impl FnMut(&Step, &StepVotes) -> Result<ControlFlow<()>, Error>,
    ) -> Result<(), Error> {
        let mut voting = Voting::new(classifier, schedule.batch);
        for step in schedule {
            let noisy = catch_unwind(AssertUnwindSafe(|| self.draw(&step))).map_err(|_| noise_panicked())?;
            if after(&step, &voting.vote(noisy)?)?.is_break() {
                break;
            }
        }
        Ok(())
    }
}

impl<N> Stream<'_, N>
where
    N: Noise + Sync + ?Sized,
    N::Input: Sync,
{
    /// Walks through `schedule` with the noise drawn on `samplers` threads, just ahead of the classifier on the caller's.
    pub(crate) fn answer_pooled<C: Classifier<N::Sample> + ?Sized>(
        &self,
        samplers: usize,
        classifier: &C,
        schedule: &Schedule,
        mut after: impl FnMut(&Step, &StepVotes) -> Result<ControlFlow<()>, Error>,
    ) -> Result<(), Error> {
        thread::scope(|scope| {
            let mut workers = Vec::with_capacity(samplers);
            for first in 0..samplers {
                // A small buffer: samplers stay just ahead of the classifier.
                let (sender, receiver) = mpsc::sync_channel::<Vec<N::Sample>>(2);
                let steps = schedule.clone().skip(first).step_by(samplers);
                let work = move || {
                    for step in steps {
                        // The receiver hangs up when the run ends early.
                        if sender.send(self.draw(&step)).is_err() {
                            break;
                        }
                    }
                };
                let handle = thread::Builder::new()
                    .spawn_scoped(scope, work)
                    .map_err(|error| Error::Sampler { reason: error.to_string() })?;
                workers.push((receiver, handle));
            }
            let mut voting = Voting::new(classifier, schedule.batch);
            let mut result = Ok(());
            // Step i comes from worker i mod samplers, so taking turns restores their order.
            for (step, (receiver, _)) in schedule.clone().zip(workers.iter().cycle()) {
                let Ok(noisy) = receiver.recv() else {
                    result = Err(noise_panicked());
                    break;
                };
                match voting.vote(noisy).and_then(|votes| after(&step, &votes)) {
                    Ok(ControlFlow::Continue(())) => {}
                    Ok(ControlFlow::Break(())) => break,
                    Err(error) => {
                        result = Err(error);
                        break;
                    }
                }
            }
            for (receiver, handle) in workers {
                drop(receiver);
                // A sample that is needed and missing was noticed above; one that was drawn ahead for nothing may fail.
                let _ = handle.join();
            }
            result
        })
    }
}

impl<N: RemovalNoise + ?Sized> Stream<'_, N> {
    /// Walks through `schedule` on the caller's thread alone, telling of each step the answers and what was deleted.
    pub(crate) fn answer_removed<C: Classifier<N::Sample> + ?Sized>(
        &self,
        classifier: &C,
        schedule: Schedule,
        mut after: impl FnMut(&Step, Vec<(Bits, ClassId)>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut voting = Voting::new(classifier, schedule.batch);
        for step in schedule {
            let draw = |sample| {
                let mut rng = generator(self.seed, step.phase, self.number, sample, Purpose::Noise);
                self.noise.sample_with_removed(self.input, &mut rng)
            };
            let drawn = catch_unwind(AssertUnwindSafe(|| step.samples.clone().map(draw).unzip()));
            let (noisy, removed): (Vec<N::Sample>, Vec<Bits>) = drawn.map_err(|_| noise_panicked())?;
            after(&step, removed.into_iter().zip(voting.answer(noisy)?).collect())?;
        }
        Ok(())
    }
}

fn noise_panicked() -> Error {
    Error::Sampler { reason: "the noise panicked".to_owned() }
}

/// The classifier and the answers it has given.
struct Voting<'a, X, C: ?Sized> {
    classifier: &'a C,
    classes: usize,
    batch: usize,
    /// Where in `answers` the answer to an input is.
    places: HashMap<X, usize>,
    answers: Vec<ClassId>,
    model_queries: u64,
}

impl<'a, X: Clone + Eq + Hash, C: Classifier<X> + ?Sized> Voting<'a, X, C> {
    fn new(classifier: &'a C, batch: u64) -> Self {
        let classes = classifier.class_count();
        let batch = usize::try_from(batch).unwrap_or(usize::MAX);
        Self { classifier, classes, batch, places: HashMap::new(), answers: Vec::new(), model_queries: 0 }
    }

    /// The votes of `noisy`.
    fn vote(&mut self, noisy: Vec<X>) -> Result<StepVotes, Error> {
        let mut counts = vec![0; self.classes];
        let mut near_ties = 0;
        for class in self.answer(noisy)? {
            *counts.get_mut(class).unwrap_or(&mut near_ties) += 1;
        }
        Ok(StepVotes { counts, near_ties, model_queries: self.model_queries })
    }

    /// The answers to `noisy`, asking only about inputs that were not seen before.
    fn answer(&mut self, noisy: Vec<X>) -> Result<Vec<ClassId>, Error> {
        if self.answers.len() + noisy.len() > REMEMBERED {
            self.places.clear();
            self.answers.clear();
        }
        let known = self.answers.len();
        let mut unseen = Vec::new();
        let mut places = Vec::with_capacity(noisy.len());
        for input in noisy {
            let place = if let Some(&place) = self.places.get(&input) {
                place
            } else {
                let place = known + unseen.len();
                unseen.push(input.clone());
                self.places.insert(input, place);
                place
            };
            places.push(place);
        }
        for part in unseen.chunks(self.batch) {
            self.answers.extend(checked_answers(self.classifier, part)?);
            self.model_queries += part.len() as u64;
        }
        Ok(places.into_iter().filter_map(|place| self.answers.get(place)).copied().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Fingerprint, confidence::Prior};

    fn header(samples: Range<u64>) -> VoteHeader {
        VoteHeader::new(None, Fingerprint::new("run", []), Phase::Estimation, samples)
    }

    fn ends(plan: &Plan, batch: u64, selection: u64, covered: Option<&VoteHeader>) -> Vec<(u64, u64, bool)> {
        let selected = header(0..selection);
        Schedule::remaining(plan, batch, Some(&selected), covered)
            .map(|step| (step.samples.start, step.samples.end, step.checkpoint))
            .collect()
    }

    #[test]
    fn steps_end_at_checkpoints() {
        let plan = Plan::interim(5, [100, 150]).unwrap();
        let all = ends(&plan, 64, 0, None);
        assert_eq!(all, [(0, 5, false), (0, 64, false), (64, 100, true), (100, 150, true)]);
        let anytime = Plan::anytime(0, 100, Prior::default()).unwrap();
        assert_eq!(ends(&anytime, 40, 0, None), [(0, 40, true), (40, 80, true), (80, 100, true)]);
    }

    #[test]
    fn a_run_goes_on_as_it_would_have() {
        let plan = Plan::interim(5, [100, 150]).unwrap();
        assert_eq!(ends(&plan, 64, 5, Some(&header(0..64))), [(64, 100, true), (100, 150, true)]);
        assert_eq!(ends(&plan, 64, 5, Some(&header(0..100))), [(100, 150, true)]);
        assert_eq!(ends(&plan, 64, 5, Some(&header(0..150))), []);
        let anytime = Plan::anytime(0, 100, Prior::default()).unwrap();
        assert_eq!(ends(&anytime, 40, 0, Some(&header(0..40))), [(40, 80, true), (80, 100, true)]);
    }

    #[test]
    fn holes_are_filled_before_the_next_checkpoint() {
        let plan = Plan::interim(0, [100, 150, 300]).unwrap();
        let steps = ends(&plan, 64, 0, Some(&header(110..140)));
        assert_eq!(
            steps,
            [
                (0, 64, false),
                (64, 110, false),
                (140, 150, true),
                (150, 214, false),
                (214, 278, false),
                (278, 300, true)
            ]
        );
    }
}
