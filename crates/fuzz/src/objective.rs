//! [`Objective`]: what a search asks of each text, and how far a changed text's answer lies from the original's.
//!
//! - [`Divergence`]: the Kullback–Leibler divergence of a classifier's probabilities (FRS, Eq. 8).
//! - [`from_fn`]: two closures, for any other model of texts.

use crate::Error;
use steadfast_certify::{BoxError, Probabilities, ScoringClassifier};
use steadfast_perturb::WordId;

/// A model under test, and the deviation `E(x̃, x′)` that a search maximises.
///
/// The response is all that is kept of a text: equal texts are asked once, and deviations are computed from
/// responses. A response must depend on its own text alone.
pub trait Objective {
    /// What the model says of one text.
    type Response;

    /// One response for each text of the batch, in order.
    ///
    /// # Errors
    /// Whatever the model fails with.
    fn respond(&self, batch: &[Vec<WordId>]) -> Result<Vec<Self::Response>, BoxError>;

    /// How far the response to a changed text lies from that to the original: finite, 0 or more.
    fn deviation(&self, changed: &Self::Response, original: &Self::Response) -> f64;
}

impl<O: Objective + ?Sized> Objective for &O {
    type Response = O::Response;
    fn respond(&self, batch: &[Vec<WordId>]) -> Result<Vec<O::Response>, BoxError> {
        (**self).respond(batch)
    }
    fn deviation(&self, changed: &O::Response, original: &O::Response) -> f64 {
        (**self).deviation(changed, original)
    }
}

/// `D_KL(P(y|x̃) ‖ P(y|x′))` of a classifier's class probabilities, in nats (FRS, Eq. 8).
///
/// Probabilities are smoothed before they are compared, `p ↦ (p + ε) / (1 + C ε)` over `C` classes, since a
/// probability that is zero in single precision would make the divergence infinite; so it is at most `ln(1/ε + C)`.
/// `ε` is 10⁻⁶ unless set.
#[derive(Clone, Debug)]
pub struct Divergence<C> {
    classifier: C,
    smoothing: f64,
}

impl<C> Divergence<C> {
    /// The divergence of `classifier`'s probabilities, smoothed by 10⁻⁶.
    #[must_use]
    pub const fn new(classifier: C) -> Self {
        Self { classifier, smoothing: 1e-6 }
    }

    /// The same, smoothed by `ε`.
    ///
    /// # Errors
    /// [`Error::Parameter`] unless `ε` is positive and at most 1.
    pub fn smoothing(self, epsilon: f64) -> Result<Self, Error> {
        if !(epsilon > 0.0 && epsilon <= 1.0) {
            return Err(Error::parameter("smoothing ε of probabilities", epsilon, "0 < ε ≤ 1"));
        }
        Ok(Self { smoothing: epsilon, ..self })
    }
}

impl<C: ScoringClassifier<Vec<WordId>>> Objective for Divergence<C> {
    /// Smoothed probabilities.
    type Response = Box<[f64]>;

    fn respond(&self, batch: &[Vec<WordId>]) -> Result<Vec<Box<[f64]>>, BoxError> {
        let probabilities: Probabilities = self.classifier.probabilities(batch)?;
        let (given, expected) = (probabilities.classes(), self.classifier.class_count());
        if given != expected {
            return Err(
                format!("it gave probabilities of {given} classes; its class count is {expected}").into()
            );
        }
        let total = (expected as f64).mul_add(self.smoothing, 1.0);
        let smooth = |&p: &f32| (f64::from(p) + self.smoothing) / total;
        Ok(probabilities.rows().map(|row| row.iter().map(smooth).collect()).collect())
    }

    fn deviation(&self, changed: &Box<[f64]>, original: &Box<[f64]>) -> f64 {
        let sum: f64 = changed.iter().zip(original).map(|(&p, &q)| p * (p / q).ln()).sum();
        // A divergence is not negative; rounding, and rows that sum to one only nearly, may leave it just below.
        sum.max(0.0)
    }
}

/// An objective made of two closures; see [`from_fn`].
#[derive(Clone, Debug)]
pub struct FromFn<F, D> {
    respond: F,
    deviation: D,
}

/// An objective from what a model says of one text, and a deviation between two such responses: of the changed text
/// and of the original, in this order.
///
/// ```
/// use steadfast_fuzz::objective;
/// use steadfast_perturb::WordId;
///
/// // Which words move the length of a summary?
/// let summary = |text: &[WordId]| text.len() / 4;
/// let objective = objective::from_fn(summary, |changed, original| changed.abs_diff(*original) as f64);
/// ```
pub const fn from_fn<R, F, D>(respond: F, deviation: D) -> FromFn<F, D>
where
    F: Fn(&[WordId]) -> R,
    D: Fn(&R, &R) -> f64,
{
    FromFn { respond, deviation }
}

impl<R, F: Fn(&[WordId]) -> R, D: Fn(&R, &R) -> f64> Objective for FromFn<F, D> {
    type Response = R;

    fn respond(&self, batch: &[Vec<WordId>]) -> Result<Vec<R>, BoxError> {
        Ok(batch.iter().map(|text| (self.respond)(text)).collect())
    }

    fn deviation(&self, changed: &R, original: &R) -> f64 {
        (self.deviation)(changed, original)
    }
}
