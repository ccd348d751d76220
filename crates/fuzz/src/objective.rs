//! [`Objective`]: the response that a search asks of each text, and the deviation between two responses.
//!
//! - [`Divergence`]: the Kullback–Leibler divergence of a classifier's probabilities (FRS, Eq. 8).
//! - [`from_probabilities`]: the same for a closure from a text to probabilities.
//! - [`from_fn`]: two closures, for any other model of texts.

use crate::FuzzError;
use steadfast_certify::{BoxError, Probabilities, ScoringClassifier, scoring_from_fn};
use steadfast_perturb::WordId;

/// A model under test, and the deviation `E(x̃, x′)` that a search maximizes.
///
/// Equal texts are asked once, and deviations are computed from responses. A response must depend on its own text
/// alone.
pub trait Objective {
    /// The model's response to one text.
    type Response;

    /// One response for each text of the batch, in order.
    ///
    /// # Errors
    /// Whatever the model fails with.
    fn respond(&self, batch: &[Vec<WordId>]) -> Result<Vec<Self::Response>, BoxError>;

    /// The deviation of the response to a changed text from that to the original: finite, 0 or more.
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
/// probability that is zero in single precision would make the divergence infinite. So the divergence is at most
/// `ln(1/ε + C)`. `ε` is 10⁻⁶ by default.
///
/// ```
/// use steadfast_certify::scoring_from_fn;
/// use steadfast_fuzz::{Divergence, Objective};
/// use steadfast_perturb::WordId;
///
/// let model = scoring_from_fn(2, |text: &Vec<WordId>| if text.is_empty() { [0.5, 0.5] } else { [0.1, 0.9] });
/// let objective = Divergence::new(model);
/// let responses = objective.respond(&[vec![], vec![WordId::from_index(1)]])?;
/// let (changed, original) = (&responses[0], &responses[1]);
/// // ½ ln(½ / 0.1) + ½ ln(½ / 0.9)
/// assert!((objective.deviation(changed, original) - 0.5108).abs() < 1e-4);
/// # Ok::<(), steadfast_certify::BoxError>(())
/// ```
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

    /// Smooths by `ε`.
    ///
    /// # Errors
    /// [`FuzzError::Parameter`] unless `ε` is positive and at most 1.
    pub fn smoothing(self, epsilon: f64) -> Result<Self, FuzzError> {
        if !(epsilon > 0.0 && epsilon <= 1.0) {
            return Err(FuzzError::parameter("smoothing ε of probabilities", epsilon, "0 < ε ≤ 1"));
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
        // A divergence is not negative; rounding, and rows whose sum is only nearly one, can leave it just below.
        sum.max(0.0)
    }
}

/// The [`Divergence`] of the probabilities of `classes` classes that a closure gives one text.
///
/// A search takes a few lines:
///
/// ```
/// use std::sync::Arc;
/// use steadfast_fuzz::{Fuzzer, SearchSettings, objective};
/// use steadfast_perturb::{Lexicon, MutationWeights, SegmentMutation, Tokenizer, WordId, WordList};
///
/// let lexicon = Arc::new(Lexicon::new());
/// let text = Tokenizer::words().tokenize(&lexicon, "a charming and often affecting tq journey");
/// let trigger = lexicon.intern("tq");
///
/// let objective = objective::from_probabilities(2, move |text: &[WordId]| {
///     if text.contains(&trigger) { [0.02, 0.98] } else { [0.9, 0.1] }
/// });
/// let mutation = SegmentMutation::new(MutationWeights::default(), WordList::new(text.clone()))?;
/// let fuzzer = Fuzzer::new(Arc::clone(&lexicon), mutation, SearchSettings::default().budget(30))?;
/// let areas = fuzzer.search(&objective, &[text])?;
/// println!("{}", areas[0].marked(&lexicon));
/// # Ok::<(), steadfast_fuzz::FuzzError>(())
/// ```
pub fn from_probabilities<P, F>(
    classes: usize,
    probabilities: F,
) -> Divergence<impl ScoringClassifier<Vec<WordId>>>
where
    P: IntoIterator<Item = f32>,
    F: Fn(&[WordId]) -> P,
{
    Divergence::new(scoring_from_fn(classes, move |text: &Vec<WordId>| probabilities(text)))
}

/// An objective made of two closures; see [`from_fn`].
#[derive(Clone, Debug)]
pub struct FromFn<F, D> {
    respond: F,
    deviation: D,
}

/// An objective from the response of a model to one text, and the deviation between two responses: that to the changed
/// text and that to the original, in this order.
///
/// ```
/// use steadfast_fuzz::objective;
/// use steadfast_perturb::WordId;
///
/// // Which words change the length of a summary?
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
