//! [`SmoothedClassifier`]: a base classifier, a noise and a plan, which together answer and certify.

use crate::{
    Certificate, Certifier, CertifyAll, ClassId, Classifier, Confidence, Error, Fingerprint, MeasuredVotes,
    Noise, NoiseFingerprint, PartialVotes, Phase, Plan, Radius, RemovalNoise, RemovalVotes, RoundingTolerant,
    RunnerUp, ScoringClassifier, Threat, ThreatModel, Tolerance, Upper, VoteCounts, VoteHeader, Votes,
    confidence::clopper_pearson_lower,
    error::Parameter,
    sampling::{Schedule, Step, StepVotes, Stream},
    vote_counts::no_selection,
};
use std::{
    borrow::Borrow,
    num::NonZero,
    ops::{ControlFlow, Range},
    thread,
};

/// How far the sampling of one input has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Samples answered so far, of both phases, those of an earlier run included.
    pub done: u64,
    /// Samples that the plan foresees at most.
    pub total: u64,
    /// Inputs that the classifier was asked about in this run: equal ones count once.
    pub model_queries: u64,
}

/// The smoothed classifier `g`: it answers the class that a base classifier answers most often on noisy copies of an input.
///
/// ```
/// use steadfast_certify::{BitFlips, Bits, Confidence, Plan, Rate, SmoothedClassifier, from_fn};
///
/// // Is most of the image set? Each pixel flips with probability 0.2.
/// let majority = from_fn(2, |image: &Bits| usize::from(2 * image.count_ones() > image.len()));
/// let noise = BitFlips::symmetric(Rate::new(0.2)?)?;
/// let smoothed = SmoothedClassifier::new(majority, noise, Plan::fixed(100, 1_000)?)
///     .confidence(Confidence::alpha(0.001)?)
///     .seed(1);
///
/// let images: Vec<Bits> = (30..64).map(|ones| (0..64).map(|pixel| pixel < ones).collect()).collect();
/// let certificates = smoothed.certify_all(&images, BitFlips::threat).run_in_parallel()?;
/// assert!(certificates[20].certifies(1, 2));
/// println!("{}", certificates[20]);
/// # Ok::<(), steadfast_certify::Error>(())
/// ```
///
/// # Where things run
/// The classifier is asked on the caller's thread, and noise is drawn on `threads − 1` others just ahead of it. With
/// `threads(1)` no thread is started: for WebAssembly, for workers of a thread pool, for many small runs at once.
/// [`CertifyAll::run_in_parallel`] asks a classifier that is `Sync` from several threads, one input each. In an asynchronous
/// program, call it inside the runtime's `spawn_blocking`.
///
/// # What it returns
/// Votes are the same for any number of threads and, where an answer does not depend on its batch, for any batch size. To try
/// seeds or plans until one certifies is optional stopping and voids the confidence.
#[derive(Clone, Debug)]
#[must_use]
pub struct SmoothedClassifier<C, N> {
    pub(crate) classifier: C,
    pub(crate) noise: N,
    pub(crate) plan: Plan,
    pub(crate) certifier: Certifier,
    pub(crate) futility_level: Confidence,
    pub(crate) batch: usize,
    pub(crate) threads: usize,
    pub(crate) seed: u64,
    id: Option<Fingerprint>,
}

impl<C, N> SmoothedClassifier<C, N> {
    /// `classifier` under `noise`, with `plan` samples for each input; `α = 0.001`, batches of 256, a thread for each core,
    /// seed 0.
    pub fn new(classifier: C, noise: N, plan: Plan) -> Self {
        Self {
            classifier,
            noise,
            plan,
            certifier: Certifier::default(),
            futility_level: Confidence::FUTILITY,
            batch: 256,
            threads: thread::available_parallelism().map_or(1, NonZero::get),
            seed: 0,
            id: None,
        }
    }

    /// The confidence of each certificate.
    pub fn confidence(self, confidence: Confidence) -> Self {
        Self { certifier: self.certifier.at(confidence), ..self }
    }

    /// How the runner-up is bounded.
    pub fn runner_up(self, runner_up: RunnerUp) -> Self {
        Self { certifier: self.certifier.runner_up(runner_up), ..self }
    }

    /// The level at which a run is given up as hopeless at a checkpoint: 0.03 unless set. It costs no confidence.
    pub fn futility_level(self, futility_level: Confidence) -> Self {
        Self { futility_level, ..self }
    }

    /// Asks the classifier about up to `batch` distinct inputs at a time (at least one). A plan for any time has its checkpoints
    /// after each batch.
    pub fn batch(self, batch: usize) -> Self {
        Self { batch: batch.max(1), ..self }
    }

    /// Uses so many threads, the caller's included (at least one).
    pub fn threads(self, threads: usize) -> Self {
        Self { threads: threads.max(1), ..self }
    }

    /// Draws everything from this seed.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Names the classifier, where its own [`classifier_id`](Classifier::classifier_id) does not tell it from others of its
    /// type. Votes of other names do not add up.
    pub fn classifier_id(self, name: &str) -> Self {
        Self { id: Some(Fingerprint::new(name, [])), ..self }
    }

    /// Sets near-ties apart, which rounding could turn: no logit is further than `epsilon` from the one that was computed.
    /// Certificates then hold for every classifier within that tolerance, and say so.
    ///
    /// # Errors
    /// As [`Tolerance::new`].
    pub fn rounding_tolerance<X>(
        self,
        epsilon: f64,
    ) -> Result<SmoothedClassifier<RoundingTolerant<C>, N>, Error>
    where
        N: Noise<Sample = X>,
        C: ScoringClassifier<X>,
    {
        let tolerance = Tolerance::new(epsilon)?;
        Ok(SmoothedClassifier {
            classifier: RoundingTolerant::new(self.classifier, tolerance),
            noise: self.noise,
            plan: self.plan,
            certifier: self.certifier,
            futility_level: self.futility_level,
            batch: self.batch,
            threads: self.threads,
            seed: self.seed,
            id: self.id,
        })
    }

    /// The base classifier.
    pub const fn classifier(&self) -> &C {
        &self.classifier
    }

    /// The noise, which makes threats.
    pub const fn noise(&self) -> &N {
        &self.noise
    }

    /// The plan.
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What turns votes into certificates, at this classifier's confidence.
    pub const fn certifier(&self) -> &Certifier {
        &self.certifier
    }
}

/// What the smoothed classifier answers, from a sample.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Prediction {
    class: Option<ClassId>,
    votes: Votes,
}

impl Prediction {
    /// The answer; `None`, to abstain, if the sample does not show which class is the most probable one.
    #[must_use]
    pub const fn class(&self) -> Option<ClassId> {
        self.class
    }

    /// The votes it rests on.
    #[must_use]
    pub const fn votes(&self) -> &Votes {
        &self.votes
    }
}

impl<C, N> SmoothedClassifier<C, N>
where
    N: Noise + Sync,
    N::Input: Sync,
    C: Classifier<N::Sample>,
{
    /// What the smoothed classifier answers for `input`, from the plan's selection samples (from its estimation samples where it
    /// has no others); abstains where the two leading classes are too close (Cohen et al. 2019, procedure PREDICT).
    ///
    /// # Guarantee
    /// The answer differs from the most probable class under the noise with probability at most `α`.
    ///
    /// # Errors
    /// As [`Self::count`].
    pub fn predict(&self, input: &N::Input) -> Result<Prediction, Error> {
        let (phase, total) = match self.plan.selection() {
            0 => (Phase::Estimation, self.plan.maximum()),
            selection => (Phase::Selection, selection),
        };
        let votes = self.votes(0, input, phase, 0..total)?;
        let leader = votes.leader();
        let own = votes.counts().get(leader).copied().unwrap_or(0);
        let others = votes.counts().iter().enumerate().filter(|&(class, _)| class != leader);
        let rival = others.map(|(_, &count)| count).max().unwrap_or(0) + votes.near_ties();
        // The two-sided test of a fair coin: half of α for either leader.
        let level = self.certifier.confidence().shared_by(2);
        let clear = own > rival && clopper_pearson_lower(own, own + rival, level)?.exceeds(Upper::HALF);
        Ok(Prediction { class: clear.then_some(leader), votes })
    }

    /// The certificate of one input against a threat that the noise made from it.
    ///
    /// Sampling stops early at a checkpoint of the plan where the radius is what it would be at the end.
    ///
    /// # Errors
    /// [`Error::TooFewSamples`] for a plan that can never certify; as [`Certifier::certify`] and [`Self::count`].
    pub fn certify<M: ThreatModel + ?Sized>(
        &self,
        input: &N::Input,
        threat: &Threat<M>,
    ) -> Result<Certificate, Error> {
        self.check(&self.certifier)?;
        let mut votes = PartialVotes::default();
        let stop = |counts: &VoteCounts| self.is_settled(&self.certifier, threat, counts, None);
        let counts = self.count_until(0, input, &mut votes, stop, |_| ControlFlow::Continue(()))?;
        self.certifier.certify(threat, &counts)
    }

    /// Certificates of many inputs: set it up, then call [`run`](CertifyAll::run).
    ///
    /// `threat` makes the threat of an input, such as `BitFlips::threat` or `|noise, text| noise.edits(text)`.
    pub fn certify_all<'a, B, T, M, E>(&'a self, inputs: &'a [B], threat: T) -> CertifyAll<'a, C, N, B, T>
    where
        B: Borrow<N::Input>,
        T: Fn(&N, &N::Input) -> Result<Threat<M>, E>,
        E: Into<Error>,
    {
        CertifyAll::new(self, inputs, threat)
    }

    /// The radius that unanimous votes would certify; see [`Certifier::reach`].
    ///
    /// # Errors
    /// As [`Certifier::reach`].
    pub fn reach<M: ThreatModel + ?Sized>(&self, threat: &Threat<M>) -> Result<Option<Radius>, Error> {
        self.certifier.reach(threat, &self.plan, self.classifier.class_count())
    }

    /// All votes of the plan on one input.
    ///
    /// `number` tells inputs of one run apart: each has noise of its own, and the same number draws the same noise again.
    ///
    /// # Errors
    /// [`Error::Classifier`] or [`Error::Answer`] if the classifier fails, [`Error::Sampler`] if the noise panics.
    pub fn count(&self, number: u64, input: &N::Input) -> Result<VoteCounts, Error> {
        let mut votes = PartialVotes::default();
        self.count_until(number, input, &mut votes, |_| Ok(false), |_| ControlFlow::Continue(()))
    }

    /// The votes on one input until `should_stop`, going on from `votes`, where everything that is counted stays: also when the
    /// classifier fails and when `observe` breaks.
    ///
    /// `should_stop` is asked at every checkpoint of the plan before its last, and may stop there for whatever reason: the
    /// radius is reached, or is out of reach. That voids nothing, since the plan reserved confidence for each checkpoint.
    /// `observe` is called after each batch; [`ControlFlow::Break`] ends the run, as on Ctrl-C.
    ///
    /// # Errors
    /// [`Error::Stopped`] if `observe` breaks, what `should_stop` returns, [`Error::Mismatch`] if `votes` are of another noise,
    /// input, seed or classifier, and as [`Self::count`].
    pub fn count_until(
        &self,
        number: u64,
        input: &N::Input,
        votes: &mut PartialVotes,
        should_stop: impl FnMut(&VoteCounts) -> Result<bool, Error>,
        observe: impl FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<VoteCounts, Error> {
        Counting::new(self, number, input, votes)?.until(self.threads, should_stop, observe)
    }

    /// The votes of some samples of one phase: a shard, which [`Votes::merge`] adds to the others of the same number.
    ///
    /// # Errors
    /// As [`Self::count`].
    pub fn votes(
        &self,
        number: u64,
        input: &N::Input,
        phase: Phase,
        samples: Range<u64>,
    ) -> Result<Votes, Error> {
        let samples = samples.start..samples.end.max(samples.start);
        let mut votes = Votes::with_near_ties(
            self.header(number, input, phase, 0..0),
            vec![0; self.classifier.class_count()],
            0,
        )?;
        let schedule = Schedule::samples(phase, samples, self.batch as u64);
        self.answer(self.threads, number, input, schedule, |step, counted| {
            let header = self.header(number, input, phase, step.samples.clone());
            votes.merge(&Votes::with_near_ties(header, counted.counts.clone(), counted.near_ties)?)?;
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(votes)
    }

    fn answer(
        &self,
        threads: usize,
        number: u64,
        input: &N::Input,
        schedule: Schedule,
        after: impl FnMut(&Step, &StepVotes) -> Result<ControlFlow<()>, Error>,
    ) -> Result<(), Error> {
        let stream = Stream { noise: &self.noise, input, number, seed: self.seed };
        if threads > 1 {
            stream.answer_pooled(threads - 1, &self.classifier, &schedule, after)
        } else {
            stream.answer_inline(&self.classifier, schedule, after)
        }
    }
}

impl<C, N> SmoothedClassifier<C, N>
where
    N: RemovalNoise + Sync,
    N::Input: Sync,
    C: Classifier<N::Sample>,
{
    /// All votes of the plan on one input, and those on the copies that lack any given token, any two, … up to any `size` of
    /// them. They cost no further model queries, and give larger radii against edits: see [`crate::removal`] and
    /// [`Certifier::measured_bounds`]. Decide on the size beforehand: to keep the best of several voids the confidence.
    ///
    /// # Errors
    /// As [`Self::count`].
    pub fn count_measured(&self, number: u64, input: &N::Input, size: usize) -> Result<MeasuredVotes, Error> {
        let classes = self.classifier.class_count();
        let mut removals = RemovalVotes::new(self.noise.tokens(input), classes, size)?;
        let mut votes = PartialVotes::default();
        let stream = Stream { noise: &self.noise, input, number, seed: self.seed };
        let schedule = Schedule::remaining(&self.plan, self.batch as u64, None, None);
        let mut counting = Counting::new(self, number, input, &mut votes)?;
        stream.answer_removed(&self.classifier, schedule, |step, answers| {
            let mut counted = StepVotes { counts: vec![0; classes], near_ties: 0, model_queries: 0 };
            for (removed, class) in answers {
                *counted.counts.get_mut(class).unwrap_or(&mut counted.near_ties) += 1;
                if step.phase == Phase::Estimation {
                    removals.record(&removed, class);
                }
            }
            counting.record(step, &counted)
        })?;
        let votes = counting.counts()?.ok_or_else(plan_ended)?;
        Ok(MeasuredVotes { votes, removals })
    }
}

fn plan_ended() -> Error {
    Error::Sampler { reason: "the plan ended before its last checkpoint".to_owned() }
}

impl<C, N> SmoothedClassifier<C, N>
where
    N: Noise,
    C: Classifier<N::Sample>,
{
    /// What the votes of one phase on one input belong to.
    fn header(&self, number: u64, input: &N::Input, phase: Phase, samples: Range<u64>) -> VoteHeader {
        let noise = self.noise.fingerprint(input);
        let id = self.id.unwrap_or_else(|| self.classifier.classifier_id());
        let noise_value = noise.map_or(0, NoiseFingerprint::value);
        let run = Fingerprint::new("smoothing", [noise_value, self.seed, number, id.value()]);
        VoteHeader::new(noise, run, phase, samples).tolerating(self.classifier.rounding_tolerance())
    }

    /// Refuses a plan under which nothing can be certified.
    pub(crate) fn check(&self, certifier: &Certifier) -> Result<(), Error> {
        if self.classifier.rounding_tolerance().is_some() && self.plan.selection() == 0 {
            return Err(no_selection());
        }
        certifier.check(&self.plan, self.classifier.class_count())
    }

    /// Whether more votes would change nothing: the radius is `target` or beyond, or what it would be at the end, at the
    /// futility level.
    pub(crate) fn is_settled<M: ThreatModel + ?Sized>(
        &self,
        certifier: &Certifier,
        threat: &Threat<M>,
        counts: &VoteCounts,
        target: Option<u32>,
    ) -> Result<bool, Error> {
        let radius = threat.model().radius(&certifier.bounds(counts)?);
        if target.is_some_and(|target| radius.is_some_and(|radius| radius.covers(target))) {
            return Ok(true);
        }
        let projected = threat.model().radius(&certifier.projected_bounds(counts, self.futility_level)?);
        Ok(match target {
            Some(target) => !projected.is_some_and(|projected| projected.covers(target)),
            None => projected == radius,
        })
    }
}

/// The counting of one input's votes for a plan.
pub(crate) struct Counting<'a, C, N: Noise> {
    smoothed: &'a SmoothedClassifier<C, N>,
    number: u64,
    input: &'a N::Input,
    votes: &'a mut PartialVotes,
    headers: [VoteHeader; 2],
}

impl<'a, C, N> Counting<'a, C, N>
where
    N: Noise + Sync,
    N::Input: Sync,
    C: Classifier<N::Sample>,
{
    /// Goes on from `votes`.
    ///
    /// # Errors
    /// [`Error::Mismatch`] for votes of another run, [`Error::Parameter`] for a classifier without classes.
    pub(crate) fn new(
        smoothed: &'a SmoothedClassifier<C, N>,
        number: u64,
        input: &'a N::Input,
        votes: &'a mut PartialVotes,
    ) -> Result<Self, Error> {
        let classes = smoothed.classifier.class_count();
        if classes == 0 {
            return Err(Error::Parameter(Parameter {
                name: "number of classes",
                given: "0".to_owned(),
                expected: "at least 1",
            }));
        }
        let headers =
            [Phase::Selection, Phase::Estimation].map(|phase| smoothed.header(number, input, phase, 0..0));
        for (header, known) in headers.iter().zip([votes.selection(), votes.estimation()]) {
            if let Some(known) = known {
                // Nothing is added: it is looked at whether it could be.
                known.clone().merge(&Votes::new(header.clone(), vec![0; classes])?)?;
            }
        }
        let plan = &smoothed.plan;
        for (known, most) in [(votes.selection(), plan.selection()), (votes.estimation(), plan.maximum())] {
            let last = known.and_then(|known| Some((known, known.header().samples().last()?.end)));
            if let Some((known, given)) = last.filter(|&(_, end)| end > most) {
                let phase = known.header().phase();
                return Err(Error::Unplanned { phase, given, expected: format!("at most {most}") });
            }
        }
        Ok(Self { smoothed, number, input, votes, headers })
    }

    fn schedule(&self) -> Schedule {
        let covered = [self.votes.selection(), self.votes.estimation()].map(|votes| votes.map(Votes::header));
        Schedule::remaining(&self.smoothed.plan, self.smoothed.batch as u64, covered[0], covered[1])
    }

    fn record(&mut self, step: &Step, counted: &StepVotes) -> Result<(), Error> {
        let [selection, estimation] = &self.headers;
        let header = if step.phase == Phase::Selection { selection } else { estimation };
        let header = VoteHeader::new(header.noise(), header.run(), step.phase, step.samples.clone())
            .tolerating(header.tolerance());
        self.votes.add(&Votes::with_near_ties(header, counted.counts.clone(), counted.near_ties)?)
    }

    /// The votes, if they end at a checkpoint.
    fn counts(&self) -> Result<Option<VoteCounts>, Error> {
        let plan = &self.smoothed.plan;
        let selected = self.votes.selection().map_or(0, Votes::total);
        let Some(estimation) = self.votes.estimation().filter(|votes| plan.foresees(votes.total())) else {
            return Ok(None);
        };
        let whole = estimation.header().samples() == std::slice::from_ref(&(0..estimation.total()));
        if selected != plan.selection() || !whole {
            return Ok(None);
        }
        VoteCounts::new(plan.clone(), self.votes.selection().cloned(), estimation.clone()).map(Some)
    }

    /// See [`SmoothedClassifier::count_until`].
    pub(crate) fn until(
        mut self,
        threads: usize,
        mut should_stop: impl FnMut(&VoteCounts) -> Result<bool, Error>,
        mut observe: impl FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<VoteCounts, Error> {
        let (smoothed, number, input) = (self.smoothed, self.number, self.input);
        let plan = &smoothed.plan;
        let total = plan.selection().saturating_add(plan.maximum());
        let last = plan.maximum();
        let mut reached = None;
        if let Some(counts) = self.counts()?
            && (counts.estimation().total() == last || should_stop(&counts)?)
        {
            return Ok(counts);
        }
        smoothed.answer(threads, number, input, self.schedule(), |step, counted| {
            self.record(step, counted)?;
            let progress = Progress { done: self.votes.total(), total, model_queries: counted.model_queries };
            if observe(progress).is_break() {
                return Err(Error::Stopped { done: progress.done, total });
            }
            if step.checkpoint
                && let Some(counts) = self.counts()?
                && (counts.estimation().total() == last || should_stop(&counts)?)
            {
                reached = Some(counts);
                return Ok(ControlFlow::Break(()));
            }
            Ok(ControlFlow::Continue(()))
        })?;
        reached
            .ok_or_else(|| Error::Sampler { reason: "the plan ended before its last checkpoint".to_owned() })
    }
}
