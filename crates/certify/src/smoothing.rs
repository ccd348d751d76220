//! [`Smoothing`]: the loop from an input to votes.
//!
//! Samplers run on threads of their own, the classifier on the caller's thread. Sample `i` is drawn from its own random
//! stream and its answer is counted at its own place, so votes are the same for any number of threads and, where the
//! classifier's answer does not depend on the batch, for any batch size. Equal noisy inputs are classified once.

use crate::{
    Ballot, ClassId, Classifier, Error, Law, Noise, Parameter, Phase, Plan, Tally, Votes,
    classifier::checked_answers,
    seed::{Purpose, generator},
};
use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
    ops::{ControlFlow, Range},
    sync::mpsc,
    thread,
};

/// Distinct noisy inputs whose answers are remembered, at most; bounds the memory of long runs.
const REMEMBERED: usize = 1 << 20;

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Samples answered so far, of both phases.
    pub done: u64,
    /// Samples that the plan foresees at most.
    pub total: u64,
    /// Inputs that the classifier was actually asked about: equal ones count once.
    pub classified: u64,
}

/// Samples noise, asks the classifier, counts votes.
#[derive(Clone, Debug)]
pub struct Smoothing {
    plan: Plan,
    batch: usize,
    threads: usize,
    seed: u64,
}

impl Smoothing {
    /// Follows `plan`; batches of 256, one sampling thread for each core but one, seed 0.
    #[must_use]
    pub fn new(plan: Plan) -> Self {
        let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { plan, batch: 256, threads: cores.saturating_sub(1).max(1), seed: 0 }
    }

    /// Asks the classifier about up to `batch` distinct inputs at a time (at least one).
    #[must_use]
    pub fn batch(self, batch: usize) -> Self {
        Self { batch: batch.max(1), ..self }
    }

    /// Samples on `threads` threads (at least one).
    #[must_use]
    pub fn threads(self, threads: usize) -> Self {
        Self { threads: threads.max(1), ..self }
    }

    /// Draws everything from this seed.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// The votes on one input, all that the plan foresees.
    ///
    /// `number` tells inputs of one run apart: each has noise of its own. Votes carry that number and the input's law, not the
    /// classifier, so give every classifier a number (or seed) of its own. The same number draws the same noise again; to
    /// try seeds or plans until one certifies is optional stopping.
    ///
    /// # Errors
    /// [`Error::Classifier`] or [`Error::Answer`] if the classifier fails.
    pub fn tally<N, C>(
        &self,
        noise: &N,
        classifier: &C,
        number: u64,
        input: &N::Input,
    ) -> Result<Tally, Error>
    where
        N: Noise + Sync + ?Sized,
        N::Input: Sync,
        C: Classifier<N::Sample> + ?Sized,
    {
        self.tally_until(noise, classifier, number, input, |_| Ok(false), |_| ControlFlow::Continue(()))
    }

    /// The votes on one input, until `enough`.
    ///
    /// `enough` is asked at every reading that the plan foresees before its last, and may stop there for whatever reason:
    /// the radius is reached, or is out of reach. That voids nothing, since the plan reserved confidence for each
    /// reading. `observe` is called after each batch; [`ControlFlow::Break`] ends the run without a result, as on Ctrl-C.
    ///
    /// # Errors
    /// [`Error::Stopped`] if `observe` breaks, what `enough` returns, and as [`Self::tally`].
    pub fn tally_until<N, C>(
        &self,
        noise: &N,
        classifier: &C,
        number: u64,
        input: &N::Input,
        mut enough: impl FnMut(&Tally) -> Result<bool, Error>,
        mut observe: impl FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Tally, Error>
    where
        N: Noise + Sync + ?Sized,
        N::Input: Sync,
        C: Classifier<N::Sample> + ?Sized,
    {
        let classes = classifier.class_count();
        if classes == 0 {
            return Err(Error::Parameter(Parameter {
                name: "number of classes",
                given: "0".to_owned(),
                expected: "at least 1",
            }));
        }
        let mut voting = Voting { classifier, answers: HashMap::new(), classified: 0 };
        let law = noise.law(input);
        let run = self.run(law, number);
        let total = self.plan.selection().saturating_add(self.plan.maximum());
        let mut count = |phase, samples: Range<u64>, before: u64| {
            self.count(noise, input, number, phase, samples, &mut voting, classes, |done, classified| {
                match observe(Progress { done: before + done, total, classified }) {
                    ControlFlow::Continue(()) => Ok(()),
                    ControlFlow::Break(()) => Err(Error::Stopped { done: before + done, total }),
                }
            })
        };
        let votes = |phase, samples, counts| Votes::new(Ballot::new(law, run, phase, samples), counts);

        let chosen = self.plan.selection();
        let selection = if chosen > 0 {
            Some(votes(Phase::Selection, 0..chosen, count(Phase::Selection, 0..chosen, 0)?)?)
        } else {
            None
        };
        let (mut done, mut counts) = (0, vec![0; classes]);
        while let Some(reading) = self.plan.next_reading(done, self.batch as u64) {
            for (sum, more) in counts.iter_mut().zip(count(Phase::Estimation, done..reading, chosen + done)?)
            {
                *sum += more;
            }
            done = reading;
            let tally = Tally::new(
                self.plan.clone(),
                selection.clone(),
                votes(Phase::Estimation, 0..done, counts.clone())?,
            )?;
            if done == self.plan.maximum() || enough(&tally)? {
                return Ok(tally);
            }
        }
        Tally::new(self.plan.clone(), selection, votes(Phase::Estimation, 0..done, counts)?)
    }

    /// The votes of some samples of one phase on one input: a shard, which [`Votes::merge`] adds to the others of the same
    /// seed and `number`. A [`Tally`] takes the merged votes once they are the plan's first samples.
    ///
    /// # Errors
    /// As [`Self::tally`].
    pub fn votes<N, C>(
        &self,
        noise: &N,
        classifier: &C,
        number: u64,
        input: &N::Input,
        phase: Phase,
        samples: Range<u64>,
    ) -> Result<Votes, Error>
    where
        N: Noise + Sync + ?Sized,
        N::Input: Sync,
        C: Classifier<N::Sample> + ?Sized,
    {
        let classes = classifier.class_count();
        let mut voting = Voting { classifier, answers: HashMap::new(), classified: 0 };
        let samples = samples.start..samples.end.max(samples.start);
        let counts =
            self.count(noise, input, number, phase, samples.clone(), &mut voting, classes, |_, _| Ok(()))?;
        let law = noise.law(input);
        Votes::new(Ballot::new(law, self.run(law, number), phase, samples), counts)
    }

    /// What the votes of a run depend on besides the noise's law: the seed and the input's number.
    fn run(&self, law: Option<Law>, number: u64) -> u64 {
        let law = law.map_or(0, Law::fingerprint);
        Law::new("smoothing", [law, self.seed, number]).fingerprint()
    }

    /// Votes per class over `samples`, which several threads draw in turns.
    #[allow(clippy::too_many_arguments)]
    fn count<N, C>(
        &self,
        noise: &N,
        input: &N::Input,
        number: u64,
        phase: Phase,
        samples: Range<u64>,
        voting: &mut Voting<'_, N::Sample, C>,
        classes: usize,
        mut observe: impl FnMut(u64, u64) -> Result<(), Error>,
    ) -> Result<Vec<u64>, Error>
    where
        N: Noise + Sync + ?Sized,
        N::Input: Sync,
        C: Classifier<N::Sample> + ?Sized,
    {
        let seed = self.seed;
        let draw = move |sample: u64| {
            noise.sample(input, &mut generator(seed, phase, number, sample, Purpose::Noise))
        };
        let chunk = self.batch as u64;
        let chunks = (samples.end - samples.start).div_ceil(chunk);
        let threads = (self.threads as u64).min(chunks);
        let chunk_range = {
            let samples = samples.clone();
            move |index: u64| {
                let start = samples.start + index * chunk;
                start..start.saturating_add(chunk).min(samples.end)
            }
        };
        thread::scope(|scope| {
            let mut samplers = Vec::new();
            for first in 0..threads {
                // A small buffer: samplers stay just ahead of the classifier.
                let (sender, receiver) = mpsc::sync_channel::<Vec<N::Sample>>(2);
                let (draw, chunk_range) = (&draw, chunk_range);
                let work = move || {
                    for index in (first..chunks).step_by(threads as usize) {
                        // The receiver hangs up when the run ends early.
                        if sender.send(chunk_range(index).map(draw).collect()).is_err() {
                            break;
                        }
                    }
                };
                let handle = thread::Builder::new()
                    .spawn_scoped(scope, work)
                    .map_err(|error| Error::Sampler { reason: error.to_string() })?;
                samplers.push((receiver, handle));
            }
            let mut counts = vec![0; classes];
            let mut done = 0;
            let mut result = Ok(());
            // Chunk i comes from thread i mod threads, so taking turns restores the order of samples.
            for (_, (receiver, _)) in (0..chunks).zip(samplers.iter().cycle()) {
                let Ok(noisy) = receiver.recv() else {
                    result = Err(Error::Sampler { reason: "the noise panicked".to_owned() });
                    break;
                };
                done += noisy.len() as u64;
                result = voting
                    .vote(&noisy, &mut counts, self.batch)
                    .and_then(|()| observe(done, voting.classified));
                if result.is_err() {
                    break;
                }
            }
            for (receiver, handle) in samplers {
                drop(receiver);
                if handle.join().is_err() {
                    result = Err(Error::Sampler { reason: "the noise panicked".to_owned() });
                }
            }
            result.map(|()| counts)
        })
    }
}

/// The classifier and the answers it has given.
struct Voting<'a, X, C: ?Sized> {
    classifier: &'a C,
    answers: HashMap<X, ClassId>,
    classified: u64,
}

impl<X: Clone + Eq + Hash, C: Classifier<X> + ?Sized> Voting<'_, X, C> {
    /// Adds the answers to `noisy` to `counts`, asking only about inputs that were not seen before.
    fn vote(&mut self, noisy: &[X], counts: &mut [u64], batch: usize) -> Result<(), Error> {
        if self.answers.len() + noisy.len() > REMEMBERED {
            self.answers.clear();
        }
        let mut seen = HashSet::new();
        let unseen: Vec<X> =
            noisy.iter().filter(|x| !self.answers.contains_key(*x) && seen.insert(*x)).cloned().collect();
        drop(seen);
        for part in unseen.chunks(batch) {
            let answers = checked_answers(self.classifier, part)?;
            self.classified += part.len() as u64;
            self.answers.extend(part.iter().cloned().zip(answers));
        }
        for x in noisy {
            if let Some(count) = self.answers.get(x).and_then(|&class| counts.get_mut(class)) {
                *count += 1;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BitFlips, Bits, Rate, confidence::Prior, from_batch_fn, from_fn};
    use std::cell::RefCell;

    fn noise() -> BitFlips {
        BitFlips::symmetric(Rate::new(0.2).unwrap()).unwrap()
    }

    fn image() -> Bits {
        (0..9).map(|i| i % 2 == 0).collect()
    }

    fn majority() -> impl Classifier<Bits> {
        from_fn(2, |bits: &Bits| usize::from(2 * bits.count_ones() > bits.len()))
    }

    fn tally(threads: usize, batch: usize, seed: u64) -> Tally {
        let smoothing =
            Smoothing::new(Plan::fixed(50, 1_000).unwrap()).threads(threads).batch(batch).seed(seed);
        smoothing.tally(&noise(), &majority(), 3, &image()).unwrap()
    }

    #[test]
    fn votes_do_not_depend_on_threads_or_batches() {
        let reference = tally(1, 256, 1);
        for (threads, batch) in [(2, 256), (3, 7), (16, 1), (1, 5_000), (1, usize::MAX)] {
            assert_eq!(tally(threads, batch, 1), reference, "{threads} threads, batches of {batch}");
        }
        assert_ne!(tally(1, 256, 2), reference);
        assert_eq!(reference.estimation().total(), 1_000);
        assert_eq!(reference.selection().unwrap().total(), 50);
    }

    #[test]
    fn shards_add_up_to_the_whole_tally() {
        let smoothing = Smoothing::new(Plan::fixed(50, 1_000).unwrap()).batch(64).seed(1);
        let shard =
            |phase, samples| smoothing.votes(&noise(), &majority(), 3, &image(), phase, samples).unwrap();
        let mut estimation = shard(Phase::Estimation, 300..1_000);
        estimation.merge(&shard(Phase::Estimation, 0..300)).unwrap();
        assert_eq!(shard(Phase::Estimation, 7..7).total(), 0);
        let merged =
            Tally::new(Plan::fixed(50, 1_000).unwrap(), Some(shard(Phase::Selection, 0..50)), estimation);
        assert_eq!(merged.unwrap(), tally(1, 256, 1));
    }

    #[test]
    fn equal_samples_are_classified_once() {
        let asked = RefCell::new(Vec::new());
        let classifier = from_batch_fn(2, |batch: &[Bits]| {
            asked.borrow_mut().extend_from_slice(batch);
            Ok(vec![0; batch.len()])
        });
        let smoothing = Smoothing::new(Plan::fixed(50, 5_000).unwrap()).batch(64);
        let mut last = None;
        smoothing
            .tally_until(
                &noise(),
                &classifier,
                0,
                &image(),
                |_| Ok(false),
                |progress| {
                    last = Some(progress);
                    ControlFlow::Continue(())
                },
            )
            .unwrap();
        let asked = asked.into_inner();
        assert!(asked.len() <= 512, "9 bits have 512 values, {} were asked", asked.len());
        assert_eq!(asked.iter().collect::<HashSet<_>>().len(), asked.len());
        assert_eq!(last, Some(Progress { done: 5_050, total: 5_050, classified: asked.len() as u64 }));
    }

    #[test]
    fn stops_early_at_planned_readings_only() {
        let mut totals = Vec::new();
        let smoothing = Smoothing::new(Plan::looks(10, [100, 300, 1_000]).unwrap()).batch(70);
        let tally = smoothing
            .tally_until(
                &noise(),
                &majority(),
                0,
                &image(),
                |tally| {
                    totals.push(tally.estimation().total());
                    Ok(tally.estimation().total() == 300)
                },
                |_| ControlFlow::Continue(()),
            )
            .unwrap();
        assert_eq!(totals, [100, 300]);
        assert_eq!(tally.estimation().total(), 300);
        let anytime = Smoothing::new(Plan::anytime(10, 1_000, Prior::default()).unwrap()).batch(64);
        let tally = anytime
            .tally_until(
                &noise(),
                &majority(),
                0,
                &image(),
                |t| Ok(t.estimation().total() >= 128),
                |_| ControlFlow::Continue(()),
            )
            .unwrap();
        assert_eq!(tally.estimation().total(), 128);
        // The votes of a run that stopped are the first votes of the run that did not.
        let whole = anytime.tally(&noise(), &majority(), 0, &image()).unwrap();
        assert_eq!(whole.selection(), tally.selection());
        assert_eq!(whole.estimation().total(), 1_000);
    }

    #[test]
    fn batches_of_any_size_keep_to_the_plan() {
        for plan in
            [Plan::looks(10, [100, 300, 1_000]).unwrap(), Plan::anytime(10, 1_000, Prior::default()).unwrap()]
        {
            let tally =
                Smoothing::new(plan).batch(usize::MAX).tally(&noise(), &majority(), 0, &image()).unwrap();
            assert_eq!(tally.estimation().total(), 1_000);
        }
    }

    #[test]
    fn breaking_ends_the_run_with_an_error() {
        let smoothing = Smoothing::new(Plan::fixed(50, 5_000).unwrap()).batch(100).threads(2);
        let result = smoothing.tally_until(
            &noise(),
            &majority(),
            0,
            &image(),
            |_| Ok(false),
            |progress| {
                if progress.done >= 1_050 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            },
        );
        assert!(matches!(result, Err(Error::Stopped { done: 1_050, total: 5_050 })), "{result:?}");
    }

    #[derive(Debug)]
    struct Panics;
    impl Noise for Panics {
        type Input = Bits;
        type Sample = Bits;
        fn sample(&self, _: &Bits, _: &mut dyn rand_core::Rng) -> Bits {
            panic!("a bug in the noise")
        }
    }

    #[test]
    fn failures_are_errors() {
        let broken = from_batch_fn(2, |_: &[Bits]| Err("no memory".into()));
        let smoothing = Smoothing::new(Plan::fixed(50, 500).unwrap()).threads(2);
        assert!(matches!(smoothing.tally(&noise(), &broken, 0, &image()), Err(Error::Classifier(_))));
        let wild = from_fn(2, |_: &Bits| 2);
        assert!(matches!(smoothing.tally(&noise(), &wild, 0, &image()), Err(Error::Answer { .. })));
        assert!(matches!(smoothing.tally(&Panics, &majority(), 0, &image()), Err(Error::Sampler { .. })));
    }
}
