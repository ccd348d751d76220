//! The base classifier: whatever answers noisy inputs with classes.

use crate::{Error, Fingerprint, error::BoxError, rounding::Tolerance};
use std::{rc::Rc, sync::Arc, thread};

/// A class, counted from zero.
pub type ClassId = usize;

/// A deterministic function from inputs to classes, asked in batches.
///
/// Certificates assume that an answer depends on its own input alone: no dropout, nothing of its neighbors in the batch.
/// There is no `Send` or `Sync` bound, because tensors of native libraries have none:
/// [`SmoothedClassifier`](crate::SmoothedClassifier) asks a classifier on its caller's thread, unless told that it may do
/// otherwise.
///
/// Closures enter through [`from_fn`], [`from_batch_fn`] and [`scoring_from_fn`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not classify `{X}`",
    note = "a closure becomes a classifier with `from_fn(classes, |input: &{X}| ...)` or `from_batch_fn`",
    note = "text noises hand out `Vec<WordId>`: write the closure over `&Vec<WordId>`, not `&[WordId]`, or wrap a classifier \
            of strings in `steadfast_perturb::StringClassifier`"
)]
pub trait Classifier<X> {
    /// The number of classes; answers are below it.
    fn class_count(&self) -> usize;

    /// One class for each input of the batch, in order.
    ///
    /// # Errors
    /// Whatever the classifier fails with; it ends the run and is reported as the source of [`Error::Classifier`].
    fn classify(&self, batch: &[X]) -> Result<Vec<ClassId>, BoxError>;

    /// What tells this classifier from others: votes of two classifiers never add up.
    ///
    /// By default the name of the type, which tells closures of different places apart, and the number of classes. It knows
    /// nothing of weights that were loaded or of what a closure captured: override it where classifiers of one type differ, or
    /// name them with [`SmoothedClassifier::classifier_id`](crate::SmoothedClassifier::classifier_id).
    fn classifier_id(&self) -> Fingerprint {
        Fingerprint::new(std::any::type_name::<Self>(), [self.class_count() as u64])
    }

    /// The tolerance within which the classifier sets near-ties apart, if it does: it answers them with
    /// [`Self::class_count`], which is no class. See [`RoundingTolerant`](crate::RoundingTolerant).
    fn rounding_tolerance(&self) -> Option<Tolerance> {
        None
    }
}

/// A classifier that also says how probable it finds each class.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not give class probabilities of `{X}`",
    note = "a closure that returns the probabilities of one input becomes such a classifier with `scoring_from_fn`"
)]
pub trait ScoringClassifier<X>: Classifier<X> {
    /// The probabilities of all classes for each input of the batch.
    ///
    /// # Errors
    /// Whatever the classifier fails with.
    fn probabilities(&self, batch: &[X]) -> Result<Probabilities, BoxError>;
}

macro_rules! forward {
    ($($pointer:ty),*) => {$(
        impl<X, C: Classifier<X> + ?Sized> Classifier<X> for $pointer {
            fn class_count(&self) -> usize {
                (**self).class_count()
            }
            fn classify(&self, batch: &[X]) -> Result<Vec<ClassId>, BoxError> {
                (**self).classify(batch)
            }
            fn classifier_id(&self) -> Fingerprint {
                (**self).classifier_id()
            }
            fn rounding_tolerance(&self) -> Option<Tolerance> {
                (**self).rounding_tolerance()
            }
        }
        impl<X, C: ScoringClassifier<X> + ?Sized> ScoringClassifier<X> for $pointer {
            fn probabilities(&self, batch: &[X]) -> Result<Probabilities, BoxError> {
                (**self).probabilities(batch)
            }
        }
    )*};
}
forward!(&C, Box<C>, Rc<C>, Arc<C>);

/// Class probabilities of a batch: `inputs × classes`, row by row.
///
/// ```
/// use steadfast_certify::Probabilities;
///
/// let batch = Probabilities::new(2, vec![0.5, 0.5, 0.1, 0.9])?;
/// assert_eq!(batch.classes_of_inputs(), [0, 1]);
/// assert!(Probabilities::new(2, vec![0.5, 0.6]).is_err());
/// # Ok::<(), steadfast_certify::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Probabilities {
    classes: usize,
    values: Vec<f32>,
}

impl Probabilities {
    /// How far a row's sum may be from one, for classifiers that compute in single precision.
    pub const TOLERANCE: f32 = 1e-3;

    /// Checked probabilities of `values.len() / classes` inputs.
    ///
    /// # Errors
    /// [`Error::Answer`] unless the rows are complete, all values are finite and non-negative, and each row sums to one within
    /// [`Self::TOLERANCE`].
    pub fn new(classes: usize, values: Vec<f32>) -> Result<Self, Error> {
        let refused = |problem: String| Err(Error::Answer { problem });
        if classes == 0 || !values.len().is_multiple_of(classes) {
            return refused(format!(
                "gave {} probabilities, which are no rows of {classes} classes",
                values.len()
            ));
        }
        for (row, probabilities) in values.chunks_exact(classes).enumerate() {
            let sum: f32 = probabilities.iter().sum();
            // Written so that NaN is refused.
            if !(probabilities.iter().all(|&p| p >= 0.0) && (sum - 1.0).abs() <= Self::TOLERANCE) {
                return refused(format!(
                    "gave {probabilities:?} for input {row} of the batch; expected values ≥ 0 that sum to 1"
                ));
            }
        }
        Ok(Self { classes, values })
    }

    /// Number of classes.
    #[must_use]
    pub const fn classes(&self) -> usize {
        self.classes
    }

    /// The probabilities of each input, in order.
    #[must_use]
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.values.chunks_exact(self.classes)
    }

    /// The most probable class of each input; the smaller class on a tie.
    #[must_use]
    pub fn classes_of_inputs(&self) -> Vec<ClassId> {
        self.rows()
            .map(|row| {
                let best = row.iter().enumerate().max_by(|(i, a), (j, b)| a.total_cmp(b).then(j.cmp(i)));
                best.map_or(0, |(class, _)| class)
            })
            .collect()
    }
}

/// A classifier made of a closure that answers one input; see [`from_fn`].
#[derive(Clone, Debug)]
pub struct FromFn<F> {
    classes: usize,
    answer: F,
}

/// A classifier from a closure that answers one input at a time.
///
/// ```
/// use steadfast_certify::{Bits, Classifier, from_fn};
///
/// let majority = from_fn(2, |bits: &Bits| usize::from(2 * bits.count_ones() > bits.len()));
/// assert_eq!(majority.classify(&[Bits::zeros(3)]).unwrap(), [0]);
/// ```
pub const fn from_fn<X, F: Fn(&X) -> ClassId>(classes: usize, answer: F) -> FromFn<F> {
    FromFn { classes, answer }
}

impl<X, F: Fn(&X) -> ClassId> Classifier<X> for FromFn<F> {
    fn class_count(&self) -> usize {
        self.classes
    }
    fn classify(&self, batch: &[X]) -> Result<Vec<ClassId>, BoxError> {
        Ok(batch.iter().map(&self.answer).collect())
    }
}

/// A classifier made of a closure that answers a batch; see [`from_batch_fn`].
#[derive(Clone, Debug)]
pub struct FromBatchFn<F> {
    classes: usize,
    answer: F,
}

/// A classifier from a closure that answers a whole batch and may fail.
pub const fn from_batch_fn<X, F>(classes: usize, answer: F) -> FromBatchFn<F>
where
    F: Fn(&[X]) -> Result<Vec<ClassId>, BoxError>,
{
    FromBatchFn { classes, answer }
}

impl<X, F: Fn(&[X]) -> Result<Vec<ClassId>, BoxError>> Classifier<X> for FromBatchFn<F> {
    fn class_count(&self) -> usize {
        self.classes
    }
    fn classify(&self, batch: &[X]) -> Result<Vec<ClassId>, BoxError> {
        (self.answer)(batch)
    }
}

/// Splits each batch over threads, for classifiers that allow it.
///
/// ```
/// use steadfast_certify::{Classifier, Parallel, from_fn};
///
/// let parity = Parallel::new(from_fn(2, |number: &u32| (number % 2) as usize), 2);
/// assert_eq!(parity.classify(&[4, 7, 8]).unwrap(), [0, 1, 0]);
/// ```
#[derive(Clone, Debug)]
pub struct Parallel<C> {
    classifier: C,
    threads: usize,
}

impl<C> Parallel<C> {
    /// Asks `classifier` from `threads` threads at once (at least one).
    pub fn new(classifier: C, threads: usize) -> Self {
        Self { classifier, threads: threads.max(1) }
    }
}

impl<X: Sync, C: Classifier<X> + Sync> Classifier<X> for Parallel<C> {
    fn class_count(&self) -> usize {
        self.classifier.class_count()
    }

    fn classify(&self, batch: &[X]) -> Result<Vec<ClassId>, BoxError> {
        let share = batch.len().div_ceil(self.threads).max(1);
        let answers = thread::scope(|scope| {
            let workers: Vec<_> =
                batch.chunks(share).map(|part| scope.spawn(move || self.classifier.classify(part))).collect();
            // All are joined before any error is looked at: a scope panics over threads that panicked unjoined.
            let join = |worker: thread::ScopedJoinHandle<'_, _>| {
                worker.join().unwrap_or_else(|_| Err("the classifier panicked".into()))
            };
            workers.into_iter().map(join).collect::<Vec<Result<Vec<ClassId>, BoxError>>>()
        });
        Ok(answers.into_iter().collect::<Result<Vec<_>, _>>()?.concat())
    }

    /// It is the same function.
    fn classifier_id(&self) -> Fingerprint {
        self.classifier.classifier_id()
    }

    fn rounding_tolerance(&self) -> Option<Tolerance> {
        self.classifier.rounding_tolerance()
    }
}

/// Asks the classifier and checks that the answer is one class per input.
///
/// # Errors
/// [`Error::Classifier`] if the classifier fails, [`Error::Answer`] if its answer is of another length or names a class that it
/// does not have.
pub fn checked_answers<X, C>(classifier: &C, batch: &[X]) -> Result<Vec<ClassId>, Error>
where
    C: Classifier<X> + ?Sized,
{
    let answers = classifier.classify(batch).map_err(Error::Classifier)?;
    if answers.len() != batch.len() {
        let problem =
            format!("gave {} answers to a batch of {} inputs; expected one each", answers.len(), batch.len());
        return Err(Error::Answer { problem });
    }
    let classes = classifier.class_count();
    let most = if classifier.rounding_tolerance().is_some() { classes } else { classes.saturating_sub(1) };
    if let Some(class) = answers.iter().find(|&&class| class > most || classes == 0) {
        return Err(Error::Answer {
            problem: format!("answered class {class}, but has only {classes} classes (0 to n − 1)"),
        });
    }
    Ok(answers)
}

/// A classifier made of a closure that gives one input's probabilities; see [`scoring_from_fn`].
#[derive(Clone, Debug)]
pub struct ScoringFromFn<F> {
    classes: usize,
    probabilities: F,
}

/// A [`ScoringClassifier`] from a closure that gives the probabilities of one input's classes, as an array or a vector. Its
/// answer is the most probable class, the smaller one on a tie.
///
/// ```
/// use steadfast_certify::{Bits, Classifier, scoring_from_fn};
///
/// let share = scoring_from_fn(2, |bits: &Bits| {
///     let ones = bits.count_ones() as f32 / bits.len() as f32;
///     [1.0 - ones, ones]
/// });
/// assert_eq!(share.classify(&[Bits::zeros(3)])?, [0]);
/// # Ok::<(), steadfast_certify::BoxError>(())
/// ```
pub const fn scoring_from_fn<X, P, F>(classes: usize, probabilities: F) -> ScoringFromFn<F>
where
    P: IntoIterator<Item = f32>,
    F: Fn(&X) -> P,
{
    ScoringFromFn { classes, probabilities }
}

impl<X, P: IntoIterator<Item = f32>, F: Fn(&X) -> P> Classifier<X> for ScoringFromFn<F> {
    fn class_count(&self) -> usize {
        self.classes
    }
    fn classify(&self, batch: &[X]) -> Result<Vec<ClassId>, BoxError> {
        Ok(self.probabilities(batch)?.classes_of_inputs())
    }
}

impl<X, P: IntoIterator<Item = f32>, F: Fn(&X) -> P> ScoringClassifier<X> for ScoringFromFn<F> {
    fn probabilities(&self, batch: &[X]) -> Result<Probabilities, BoxError> {
        let mut values = Vec::with_capacity(batch.len() * self.classes);
        for (index, input) in batch.iter().enumerate() {
            values.extend((self.probabilities)(input));
            let given = values.len() - index * self.classes;
            if given != self.classes {
                let problem =
                    format!("gave {given} probabilities for an input, but has {} classes", self.classes);
                return Err(Error::Answer { problem }.into());
            }
        }
        Ok(Probabilities::new(self.classes, values)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parallel_answers_in_order() {
        let parity = Parallel::new(from_fn(2, |x: &u32| (*x % 2) as usize), 3);
        let batch: Vec<u32> = (0..10).collect();
        assert_eq!(parity.classify(&batch).unwrap(), [0, 1, 0, 1, 0, 1, 0, 1, 0, 1]);
        assert!(parity.classify(&[]).unwrap().is_empty());
        let panics = Parallel::new(from_fn(2, |_: &u32| panic!("no answer")), 2);
        assert!(panics.classify(&batch).is_err());
    }

    #[test]
    fn wrong_answers_are_refused() {
        let classes = from_fn(2, |x: &usize| *x);
        assert_eq!(checked_answers(&classes, &[0, 1]).unwrap(), [0, 1]);
        assert!(matches!(checked_answers(&classes, &[2]), Err(Error::Answer { .. })));
        let short = from_batch_fn(2, |_: &[u32]| Ok(vec![]));
        assert!(matches!(checked_answers(&short, &[1]), Err(Error::Answer { .. })));
        let broken = from_batch_fn(2, |_: &[u32]| Err("out of memory".into()));
        assert!(matches!(checked_answers(&broken, &[1]), Err(Error::Classifier(_))));
    }

    #[test]
    fn pointers_forward() {
        fn classes<X>(classifier: impl Classifier<X>) -> usize {
            classifier.class_count()
        }
        let classifier = from_fn(7, |_: &u8| 0);
        assert_eq!(classes::<u8>(&classifier), 7);
        let shared: Arc<dyn Classifier<u8>> = Arc::new(classifier.clone());
        assert_eq!(classes(shared), 7);
        assert_eq!(classes(Box::new(classifier) as Box<dyn Classifier<u8>>), 7);
    }

    #[test]
    fn probabilities_are_checked() {
        assert!(Probabilities::new(2, vec![0.5, 0.5, 0.9]).is_err());
        assert!(Probabilities::new(2, vec![0.5, 0.6]).is_err());
        assert!(Probabilities::new(2, vec![f32::NAN, 0.5]).is_err());
        assert!(Probabilities::new(2, vec![-0.5, 1.5]).is_err());
        let fine = Probabilities::new(2, vec![0.5, 0.5, 0.1, 0.9]).unwrap();
        assert_eq!(fine.classes_of_inputs(), [0, 1]);
    }

    #[test]
    fn a_closure_of_probabilities_answers_the_most_probable_class() {
        let classifier = scoring_from_fn(2, |&p: &f32| [1.0 - p, p]);
        assert_eq!(classifier.classify(&[0.9, 0.1, 0.5]).unwrap(), [1, 0, 0]);
        assert_eq!(classifier.probabilities(&[0.25]).unwrap().rows().next().unwrap(), [0.75, 0.25]);
        assert!(classifier.probabilities(&[2.0]).is_err());
        let uneven = scoring_from_fn(2, |&length: &usize| vec![1.0 / length as f32; length]);
        assert!(uneven.probabilities(&[2]).is_ok());
        // Not even where the total fits.
        assert!(uneven.probabilities(&[1, 3]).is_err());
    }
}
