//! [`BaseLearner`]: the model that is trained on each noisy training set.

use super::{BitMatrix, sparse::SparseRows};
use rayon::prelude::*;
use std::fmt;
use steadfast_certify::{BoxError, VoteHeader, VoteTable, seed::Generator};

/// The noisy data of one model: a training set, and a flip mask for test inputs.
pub struct NoisyCopy {
    features: BitMatrix,
    labels: Vec<u32>,
    mask: Vec<u64>,
    generator: Generator,
}

impl fmt::Debug for NoisyCopy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NoisyCopy")
            .field("examples", &self.features.rows())
            .field("features", &self.features.columns())
            .finish_non_exhaustive()
    }
}

impl NoisyCopy {
    pub(crate) fn new(features: BitMatrix, labels: Vec<u32>, mask: Vec<u64>, generator: Generator) -> Self {
        Self { features, labels, mask, generator }
    }

    /// Noisy training features, examples × bits.
    #[must_use]
    pub const fn features(&self) -> &BitMatrix {
        &self.features
    }

    /// Noisy training labels.
    #[must_use]
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// The test bits that are flipped for this model, the same for every input, packed like a row of the test matrix.
    #[must_use]
    pub fn mask(&self) -> &[u64] {
        &self.mask
    }

    /// The model's random numbers for everything but noise, from their start.
    #[must_use]
    pub fn generator(&self) -> Generator {
        self.generator.clone()
    }
}

/// A batch of models to be trained, and the clean test inputs that they vote on.
#[derive(Debug)]
pub struct NoisyBatch<'a> {
    pub(crate) copies: &'a [NoisyCopy],
    pub(crate) test: &'a BitMatrix,
    pub(crate) sparse: &'a SparseRows,
    pub(crate) classes: u32,
    pub(crate) header: VoteHeader,
    pub(crate) pool: &'a rayon::ThreadPool,
}

impl NoisyBatch<'_> {
    /// The noisy data of each model.
    #[must_use]
    pub const fn copies(&self) -> &[NoisyCopy] {
        self.copies
    }

    /// The *clean* test inputs, which are flipped for each model where its mask is set.
    #[must_use]
    pub const fn test(&self) -> &BitMatrix {
        self.test
    }

    /// Number of classes.
    #[must_use]
    pub const fn classes(&self) -> u32 {
        self.classes
    }

    /// The header of this batch's votes, for learners that make their own [`VoteTable`], as on another device.
    #[must_use]
    pub const fn header(&self) -> &VoteHeader {
        &self.header
    }

    /// Counts the votes of the batch, one class per test input and model. Models are computed in parallel.
    ///
    /// `answer` is called once per model, with scratch memory that `scratch` makes once per thread, and pushes one class per
    /// test input, in order.
    ///
    /// # Errors
    /// A wrong number of answers or a class out of range.
    pub fn vote_by_model<S: Send>(
        &self,
        scratch: impl Fn() -> S + Sync,
        answer: impl Fn(&NoisyCopy, &mut S, &mut Vec<u32>) + Sync,
    ) -> Result<VoteTable, BoxError> {
        let (inputs, classes) = (self.test.rows(), self.classes as usize);
        let count = |(mut counts, mut scratch, mut answers): (Vec<u64>, S, Vec<u32>), copy: &NoisyCopy| {
            answers.clear();
            answer(copy, &mut scratch, &mut answers);
            if answers.len() != inputs {
                return Err(format!("the learner gave {} answers for {inputs} test inputs", answers.len()));
            }
            for (row, &class) in counts.chunks_exact_mut(classes).zip(&answers) {
                match row.get_mut(class as usize) {
                    Some(count) => *count += 1,
                    None => return Err(format!("the learner answered class {class} of {classes}")),
                }
            }
            Ok((counts, scratch, answers))
        };
        let nothing = || vec![0; inputs * classes];
        let counts = self.pool.install(|| {
            self.copies
                .par_iter()
                .try_fold(|| (nothing(), scratch(), Vec::with_capacity(inputs)), count)
                .map(|result| result.map(|(counts, ..)| counts))
                .try_reduce(nothing, |mut sum, more| {
                    sum.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
                    Ok(sum)
                })
        })?;
        Ok(VoteTable::new(self.header.clone(), classes, counts)?)
    }
}

/// A learner that is trained on a noisy training set and answers noisy test inputs.
///
/// A learner gets the noisy training sets of a batch, the clean test matrix and one flip mask per model. The certificate
/// requires that its answers are a function of each model's noisy data and random numbers alone, never of other models in
/// the batch. There is no `Sync` bound, so that learners on native libraries are possible.
///
/// ```
/// use steadfast_certify::{BoxError, VoteTable};
/// use steadfast_model::ensemble::{BaseLearner, NoisyBatch};
///
/// /// Answers the most frequent noisy label, whatever the input.
/// #[derive(Debug)]
/// struct Majority;
///
/// impl BaseLearner for Majority {
///     fn describe(&self) -> String {
///         "most frequent label".to_owned()
///     }
///     fn vote(&self, batch: &NoisyBatch<'_>) -> Result<VoteTable, BoxError> {
///         let inputs = batch.test().rows();
///         batch.vote_by_model(
///             || (),
///             |copy, (), answers| {
///                 let ones = copy.labels().iter().filter(|&&label| label == 1).count();
///                 answers.extend(vec![u32::from(2 * ones > copy.labels().len()); inputs]);
///             },
///         )
///     }
/// }
/// ```
pub trait BaseLearner: fmt::Debug {
    /// The learner and all its settings, in one line. Runs of different descriptions do not add up.
    fn describe(&self) -> String;

    /// The number of models in a batch, on this many threads.
    ///
    /// By default enough that threads seldom wait for the slowest model, and few enough that memory stays small.
    fn models_at_once(&self, threads: usize) -> u64 {
        32 * threads as u64
    }

    /// The votes of all models of the batch. [`NoisyBatch::vote_by_model`] makes them from a closure per model.
    ///
    /// # Errors
    /// Whatever the learner fails with; it ends the run.
    fn vote(&self, batch: &NoisyBatch<'_>) -> Result<VoteTable, BoxError>;
}
