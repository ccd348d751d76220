//! [`CertifyAll`]: certificates of many inputs, in one run that can be watched, stopped, split and resumed.

use crate::{
    Certificate, Certifier, Classifier, Error, Noise, PartialVotes, Progress, SavedVotes, SmoothedClassifier,
    Threat, ThreatModel, VoteCounts,
    error::Parameter,
    log::{debug, info, warn},
    smoothed_classifier::Counting,
};
use std::{
    borrow::Borrow,
    collections::BTreeMap,
    fmt,
    ops::ControlFlow,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};

/// What a run tells while it goes on.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// After each batch.
    Progress(RunProgress),
    /// An input is done.
    Certified {
        /// Its number: its place in the inputs.
        number: u64,
        /// Its certificate.
        certificate: &'a Certificate,
        /// Everything that was counted so far on inputs that are done; worth writing to disk now and then.
        saved: &'a SavedVotes,
    },
}

/// How far a run over many inputs has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunProgress {
    /// Inputs that are done.
    pub inputs_done: u64,
    /// Inputs of this run.
    pub inputs: u64,
    /// Samples that were answered in this run.
    pub samples: u64,
    /// Inputs that the classifier was asked about in this run: equal copies of one input count once.
    pub model_queries: u64,
}

type Observer<'a> = Box<dyn FnMut(Event<'_>) -> ControlFlow<()> + 'a>;

/// A run over many inputs, made by [`SmoothedClassifier::certify_all`].
///
/// The input at place `i` has number `i`, and noise of its own. The class, the bound and the radius of each are those that
/// [`SmoothedClassifier::count_until`] would give for that number, whatever else is in the run and wherever it was interrupted.
#[must_use = "a run starts with `run` or `run_in_parallel`"]
pub struct CertifyAll<'a, C, N, B, T> {
    smoothed: &'a SmoothedClassifier<C, N>,
    inputs: &'a [B],
    threat: T,
    certifier: Certifier,
    target: Option<u32>,
    shard: (u64, u64),
    saved: Option<&'a mut SavedVotes>,
    observer: Observer<'a>,
}

impl<C, N, B: fmt::Debug, T> fmt::Debug for CertifyAll<'_, C, N, B, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { inputs, certifier, target, shard, .. } = self;
        f.debug_struct("CertifyAll")
            .field("inputs", &inputs.len())
            .field("certifier", certifier)
            .field("target", target)
            .field("shard", shard)
            .finish_non_exhaustive()
    }
}

impl<'a, C, N, B, T> CertifyAll<'a, C, N, B, T> {
    pub(crate) fn new(smoothed: &'a SmoothedClassifier<C, N>, inputs: &'a [B], threat: T) -> Self {
        Self {
            smoothed,
            inputs,
            threat,
            certifier: smoothed.certifier,
            target: None,
            shard: (0, 1),
            saved: None,
            observer: Box::new(|_| ControlFlow::Continue(())),
        }
    }

    /// All certificates hold together with the confidence: each gets an equal share of `α`, by the number of all inputs.
    pub fn simultaneous(self) -> Self {
        let confidence = self.smoothed.certifier.confidence().shared_by(self.inputs.len() as u64);
        Self { certifier: self.certifier.at(confidence), ..self }
    }

    /// Stops sampling an input at a checkpoint where its radius is this one or larger, or where that is out of reach. A radius
    /// that no votes of the plan can certify on any input is refused before anything is drawn.
    pub fn target_radius(self, radius: u32) -> Self {
        Self { target: Some(radius), ..self }
    }

    /// Only the inputs whose number leaves the rest `index` when divided by `count`: the share of one machine out of `count`.
    /// [`SavedVotes::merge`] brings them together.
    ///
    /// # Errors
    /// [`Error::Parameter`] unless `index < count`.
    pub fn shard(self, index: u64, count: u64) -> Result<Self, Error> {
        if index < count {
            return Ok(Self { shard: (index, count), ..self });
        }
        Err(Error::Parameter(Parameter {
            name: "shard",
            given: format!("{index} of {count}"),
            expected: "a number below the number of shards, counted from 0",
        }))
    }

    /// Goes on from these votes, and leaves there what it counts: all of it, also on an error or a stop.
    pub fn resume(self, saved: &'a mut SavedVotes) -> Self {
        Self { saved: Some(saved), ..self }
    }

    /// Calls `observer` after each batch and each certificate. [`ControlFlow::Break`] stops the run with
    /// [`Error::Stopped`], as on Ctrl-C; what was counted stays in the votes given to [`Self::resume`].
    pub fn observe(self, observer: impl FnMut(Event<'_>) -> ControlFlow<()> + 'a) -> Self {
        Self { observer: Box::new(observer), ..self }
    }
}

impl<C, N, B, T, M, E> CertifyAll<'_, C, N, B, T>
where
    N: Noise + Sync,
    N::Input: Sync,
    C: Classifier<N::Sample>,
    B: Borrow<N::Input>,
    T: Fn(&N, &N::Input) -> Result<Threat<M>, E>,
    M: ThreatModel,
    E: Into<Error>,
{
    /// The certificates of all inputs (of the shard), in order, one input after the other, with a classifier of any kind. Noise is
    /// drawn on `threads − 1` threads ahead of it.
    ///
    /// # Errors
    /// [`Error::TooFewSamples`] and [`Error::OutOfReach`] before anything is drawn; [`Error::Stopped`] if the observer breaks;
    /// what `threat` returns; and as [`SmoothedClassifier::count_until`].
    pub fn run(self) -> Result<Vec<Certificate>, Error> {
        self.check()?;
        let Self { smoothed, inputs, threat, certifier, target, shard, saved, mut observer } = self;
        let mut own = SavedVotes::default();
        let saved = saved.unwrap_or(&mut own);
        let task = Task { smoothed, threat, certifier, target };
        let numbers = numbers(inputs.len(), shard);
        let mut progress = RunProgress { inputs: numbers.len() as u64, ..RunProgress::default() };
        info!("certifying {} inputs, {} votes are there already", numbers.len(), saved.total());
        let mut certificates = Vec::with_capacity(numbers.len());
        for number in numbers {
            let Some(input) = inputs.get(number as usize) else { continue };
            let mut votes = saved.get(number).cloned().unwrap_or_default();
            let before = progress;
            let start = votes.total();
            let result = task.certify(smoothed.threads, (number, input.borrow()), &mut votes, |of_input| {
                progress.samples = before.samples + (of_input.done - start);
                progress.model_queries = before.model_queries + of_input.model_queries;
                observer(Event::Progress(progress))
            });
            saved.put(number, votes);
            let certificate =
                result.inspect_err(|error| warn!("input {number}: {error}; its votes so far are kept"))?;
            progress.inputs_done += 1;
            debug!("input {number} is done: {certificate}");
            if observer(Event::Certified { number, certificate: &certificate, saved }).is_break()
                && progress.inputs_done < progress.inputs
            {
                return Err(Error::Stopped { done: progress.inputs_done, total: progress.inputs });
            }
            certificates.push(certificate);
        }
        Ok(certificates)
    }

    /// As [`Self::run`], with several inputs at a time: a classifier that is `Sync` is asked from as many threads as the
    /// smoothed classifier has. Certificates are the same and in the same order; the observer hears of them as they come.
    ///
    /// A classifier that is not `Sync`, such as a model on libtorch, spreads its own work: call [`Self::run`].
    ///
    /// # Errors
    /// As [`Self::run`]. The first error stops the other threads after their batch.
    pub fn run_in_parallel(self) -> Result<Vec<Certificate>, Error>
    where
        C: Sync,
        B: Sync,
        T: Sync,
    {
        self.check()?;
        let Self { smoothed, inputs, threat, certifier, target, shard, saved, mut observer } = self;
        let mut own = SavedVotes::default();
        let saved = saved.unwrap_or(&mut own);
        let task = Task { smoothed, threat, certifier, target };
        let numbers = numbers(inputs.len(), shard);
        let mut progress = RunProgress { inputs: numbers.len() as u64, ..RunProgress::default() };
        info!("certifying {} inputs in parallel, {} votes are there already", numbers.len(), saved.total());
        // Copies: what was saved stays saved, whatever happens to this run.
        let known: Mutex<BTreeMap<u64, PartialVotes>> = Mutex::new(
            numbers.iter().filter_map(|&number| Some((number, saved.get(number)?.clone()))).collect(),
        );
        let (next, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
        let mut certificates = BTreeMap::new();
        let mut failure = None;
        thread::scope(|scope| {
            let (sender, messages) = mpsc::channel();
            for _ in 0..smoothed.threads.min(numbers.len()) {
                let (sender, task, numbers, known, next, stopped) =
                    (sender.clone(), &task, &numbers, &known, &next, &stopped);
                let work = move || {
                    while !stopped.load(Ordering::Relaxed)
                        && let Some(&number) = numbers.get(next.fetch_add(1, Ordering::Relaxed))
                        && let Some(input) = inputs.get(number as usize)
                    {
                        let taken = known.lock().ok().and_then(|mut known| known.remove(&number));
                        let mut votes = taken.unwrap_or_default();
                        let mut before = (votes.total(), 0);
                        let observe = |of_input: Progress| {
                            let now = (of_input.done, of_input.model_queries);
                            let _ = sender.send(Message::Counted(now.0 - before.0, now.1 - before.1));
                            before = now;
                            if stopped.load(Ordering::Relaxed) {
                                ControlFlow::Break(())
                            } else {
                                ControlFlow::Continue(())
                            }
                        };
                        let certify = || task.certify(1, (number, input.borrow()), &mut votes, observe);
                        // A panic here would take the votes of all other threads with it.
                        let result = catch_unwind(AssertUnwindSafe(certify))
                            .unwrap_or_else(|_| Err(Error::Classifier("the classifier panicked".into())));
                        if sender.send(Message::Done(number, Box::new((votes, result)))).is_err() {
                            break;
                        }
                    }
                };
                if let Err(error) = thread::Builder::new().spawn_scoped(scope, work) {
                    stopped.store(true, Ordering::Relaxed);
                    failure.get_or_insert(Error::Sampler { reason: error.to_string() });
                }
            }
            drop(sender);
            for message in messages {
                let flow = match message {
                    Message::Counted(samples, model_queries) => {
                        progress.samples += samples;
                        progress.model_queries += model_queries;
                        observer(Event::Progress(progress))
                    }
                    Message::Done(number, done) => {
                        let (votes, result) = *done;
                        saved.put(number, votes);
                        match result {
                            Ok(certificate) => {
                                progress.inputs_done += 1;
                                debug!("input {number} is done: {certificate}");
                                let flow =
                                    observer(Event::Certified { number, certificate: &certificate, saved });
                                certificates.insert(number, certificate);
                                flow
                            }
                            Err(Error::Stopped { .. }) => ControlFlow::Break(()),
                            Err(error) => {
                                warn!("input {number}: {error}; its votes so far are kept");
                                failure.get_or_insert(error);
                                ControlFlow::Break(())
                            }
                        }
                    }
                };
                if flow.is_break() {
                    stopped.store(true, Ordering::Relaxed);
                }
            }
        });
        match failure {
            Some(error) => Err(error),
            None if certificates.len() < numbers.len() => {
                Err(Error::Stopped { done: certificates.len() as u64, total: numbers.len() as u64 })
            }
            None => Ok(certificates.into_values().collect()),
        }
    }

    /// Refuses a plan that can certify nothing, and a target radius that no input can reach.
    fn check(&self) -> Result<(), Error> {
        let Self { smoothed, inputs, certifier, .. } = self;
        let classes = smoothed.classifier.class_count();
        smoothed.check(certifier)?;
        let Some(asked) = self.target else { return Ok(()) };
        let mut refusal = None;
        for number in numbers(inputs.len(), self.shard) {
            let Some(input) = inputs.get(number as usize) else { continue };
            let threat = (self.threat)(&smoothed.noise, input.borrow()).map_err(Into::into)?;
            let reach = certifier.reach(&threat, &smoothed.plan, classes)?;
            if reach.is_some_and(|reach| reach.covers(asked)) {
                return Ok(());
            }
            refusal.get_or_insert_with(|| {
                let possible = threat.ceiling().is_some_and(|ceiling| ceiling.covers(asked));
                let remedy = if possible {
                    "take more samples, or a larger α"
                } else {
                    "no number of votes reaches it under this noise, so take a stronger noise, or a smaller radius"
                };
                let reach = reach.map_or_else(|| "nothing".to_owned(), |reach| format!("only {reach}"));
                Error::OutOfReach { asked, reach, remedy: remedy.to_owned() }
            });
        }
        refusal.map_or(Ok(()), Err)
    }
}

enum Message {
    /// So many more samples and model queries.
    Counted(u64, u64),
    /// An input is done, or its classifier failed, or it was stopped.
    Done(u64, Box<(PartialVotes, Result<Certificate, Error>)>),
}

/// The numbers of the inputs of a shard.
fn numbers(inputs: usize, (index, count): (u64, u64)) -> Vec<u64> {
    (0..inputs as u64).filter(|number| number % count == index).collect()
}

/// What is done with each input.
struct Task<'a, C, N, T> {
    smoothed: &'a SmoothedClassifier<C, N>,
    threat: T,
    certifier: Certifier,
    target: Option<u32>,
}

impl<C, N, T, M, E> Task<'_, C, N, T>
where
    N: Noise + Sync,
    N::Input: Sync,
    C: Classifier<N::Sample>,
    T: Fn(&N, &N::Input) -> Result<Threat<M>, E>,
    M: ThreatModel,
    E: Into<Error>,
{
    fn certify(
        &self,
        threads: usize,
        (number, input): (u64, &N::Input),
        votes: &mut PartialVotes,
        observe: impl FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Certificate, Error> {
        let threat = (self.threat)(&self.smoothed.noise, input).map_err(Into::into)?;
        let stop =
            |counts: &VoteCounts| self.smoothed.is_settled(&self.certifier, &threat, counts, self.target);
        let counts = Counting::new(self.smoothed, number, input, votes)?.until(threads, stop, observe)?;
        self.certifier.certify(&threat, &counts)
    }
}
