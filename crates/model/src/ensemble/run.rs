//! [`Ensemble`]: noisy copies, training and votes.

use super::{BaseLearner, BitMatrix, EnsembleNoise, NoisyBatch, NoisyCopy, TrainingSet, sparse::SparseRows};
use rayon::prelude::*;
use std::ops::{ControlFlow, Range};
use steadfast_certify::{BoxError, Fingerprint, NoiseFingerprint, Phase, VoteHeader, VoteTable};

/// What can go wrong with an ensemble.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Data, noise or settings do not fit together.
    #[error("{what}: {given}, expected {expected}")]
    Shape {
        /// What was given.
        what: &'static str,
        /// Its value.
        given: String,
        /// The values that are accepted.
        expected: &'static str,
    },
    /// A parameter of a certificate or noise.
    #[error(transparent)]
    Certify(#[from] steadfast_certify::Error),
    /// The learner failed.
    #[error("the learner failed on models {first}..{end}")]
    Learner {
        /// First model of the batch.
        first: u64,
        /// One past its last model.
        end: u64,
        /// The learner's error.
        #[source]
        source: BoxError,
    },
    /// The observer asked to stop.
    #[error("stopped by the caller after {done} of {total} models")]
    Stopped {
        /// Models that have voted.
        done: u64,
        /// Models that were requested.
        total: u64,
    },
    /// The device cannot be used.
    #[cfg(feature = "torch")]
    #[error(transparent)]
    Device(#[from] crate::device::DeviceError),
    /// There is not enough memory even for one model at a time.
    #[cfg(feature = "torch")]
    #[error(
        "not enough memory on {device} to train one model and let it vote; give fewer training examples or test inputs, or use \
         another device"
    )]
    OutOfMemory {
        /// The device.
        device: crate::device::Device,
    },
    /// No thread pool could be started.
    #[error("{threads} threads could not be started; ask for fewer")]
    Threads {
        /// The number that was requested.
        threads: usize,
        /// The system's reason.
        #[source]
        source: BoxError,
    },
}

/// The progress of a run, after each batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EnsembleProgress {
    /// Models that have voted in this call.
    pub done: u64,
    /// Models that were requested in this call.
    pub total: u64,
}

/// Models trained on noisy copies of one training set, which vote on the same test inputs.
///
/// Model number `i` of a phase draws from its own random stream: votes do not depend on threads, batches, or how a run is
/// split into ranges of models. [`EnsembleNoise`] has an example.
#[derive(Debug)]
pub struct Ensemble<'a> {
    training: &'a TrainingSet,
    test: &'a BitMatrix,
    noise: EnsembleNoise,
    learner: &'a dyn BaseLearner,
    seed: u64,
    fingerprint: NoiseFingerprint,
    run: Fingerprint,
    sparse: SparseRows,
    pool: rayon::ThreadPool,
}

impl<'a> Ensemble<'a> {
    /// Models of `learner` on `training` and `test` under `noise`, on `threads` threads (0 for one per core).
    ///
    /// # Errors
    /// [`Error::Shape`] if the noise is for another number of classes or the test inputs have another number of bits,
    /// [`Error::Threads`] if the threads cannot be started.
    pub fn new(
        training: &'a TrainingSet,
        test: &'a BitMatrix,
        noise: EnsembleNoise,
        learner: &'a dyn BaseLearner,
        seed: u64,
        threads: usize,
    ) -> Result<Self, Error> {
        noise.check(training)?;
        training.check_test(test)?;
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(|source| Error::Threads { threads, source: source.into() })?;
        let fingerprint = noise.fingerprint(training, test);
        // Another version may train other models from the same numbers.
        let settings = Fingerprint::new(&format!("{} {}", learner.describe(), env!("CARGO_PKG_VERSION")), []);
        let run = Fingerprint::new("ensemble", [fingerprint.value(), settings.value(), seed]);
        Ok(Self {
            training,
            test,
            noise,
            learner,
            seed,
            fingerprint,
            run,
            sparse: SparseRows::new(test),
            pool,
        })
    }

    /// The fingerprint of everything that the votes depend on: data, noise, learner, seed.
    #[must_use]
    pub const fn fingerprint(&self) -> Fingerprint {
        self.run
    }

    /// A table of no votes, to merge shards into.
    ///
    /// # Errors
    /// [`Error::Certify`] if the table does not fit in memory.
    pub fn no_votes(&self, phase: Phase) -> Result<VoteTable, Error> {
        let (inputs, classes) = (self.test.rows(), self.training.classes() as usize);
        Ok(VoteTable::empty(Some(self.fingerprint), self.run, phase, inputs, classes)?)
    }

    /// The votes of models `models` of `phase` on every test input. `observe` is called after each batch;
    /// [`ControlFlow::Break`] ends the run without a result.
    ///
    /// # Errors
    /// [`Error::Learner`] if the learner fails, [`Error::Stopped`] if `observe` breaks.
    pub fn votes(
        &self,
        phase: Phase,
        models: Range<u64>,
        mut observe: impl FnMut(EnsembleProgress) -> ControlFlow<()>,
    ) -> Result<VoteTable, Error> {
        let total = models.end.saturating_sub(models.start);
        let mut table = self.no_votes(phase)?;
        let mut first = models.start;
        while first < models.end {
            let batch = self.learner.models_at_once(self.pool.current_num_threads());
            let end = first.saturating_add(batch.max(1)).min(models.end);
            table.merge(&self.batch(phase, first..end)?)?;
            first = end;
            let done = end - models.start;
            if observe(EnsembleProgress { done, total }).is_break() && end < models.end {
                return Err(Error::Stopped { done, total });
            }
        }
        Ok(table)
    }

    fn batch(&self, phase: Phase, models: Range<u64>) -> Result<VoteTable, Error> {
        let Range { start: first, end } = models;
        let header = VoteHeader::new(Some(self.fingerprint), self.run, phase, first..end);
        let (training, noise, seed) = (self.training, self.noise, self.seed);
        let copies: Vec<NoisyCopy> = self.pool.install(|| {
            (first..end).into_par_iter().map(|model| noise.draw(training, seed, phase, model)).collect()
        });
        let batch = NoisyBatch {
            copies: &copies,
            test: self.test,
            sparse: &self.sparse,
            classes: training.classes(),
            header: header.clone(),
            pool: &self.pool,
        };
        let table = self.learner.vote(&batch);
        let failed = |source: BoxError| Error::Learner { first, end, source };
        let table = table.map_err(failed)?;
        if table.header() != &header {
            return Err(failed("its votes are not those of the batch it was given".into()));
        }
        Ok(table)
    }
}
