//! [`TwoLayerNet`]: the two-layer network of Wang et al. 2020, trained by full-batch gradient descent through the Gram matrix.
//!
//! The mathematics is in [`gradient`](super::gradient).

use super::{BaseLearner, Error, NoisyBatch, gradient::Training};
use steadfast_certify::{BoxError, VoteTable};

/// How a [`TwoLayerNet`] is trained.
///
/// ```
/// use steadfast_model::ensemble::{TwoLayerNet, TwoLayerSettings};
///
/// let net = TwoLayerNet::new(TwoLayerSettings::default().width(32).steps(60))?;
/// assert!(TwoLayerNet::new(TwoLayerSettings::default().momentum(1.0)).is_err());
/// # Ok::<(), steadfast_model::ensemble::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct TwoLayerSettings {
    /// Hidden units.
    pub width: usize,
    /// Gradient steps over the whole training set.
    pub steps: usize,
    /// Step size.
    pub learning_rate: f32,
    /// Share of the last step that is repeated, in [0, 1).
    pub momentum: f32,
    /// Coefficient of the ℓ2 penalty `λ/2 |W|²` on all weights.
    pub weight_decay: f32,
}

impl Default for TwoLayerSettings {
    fn default() -> Self {
        Self { width: 16, steps: 40, learning_rate: 0.1, momentum: 0.8, weight_decay: 0.5 }
    }
}

impl TwoLayerSettings {
    crate::setters! {
        /// Sets the number of hidden units.
        width: usize,
        /// Sets the number of gradient steps.
        steps: usize,
        /// Sets the step size.
        learning_rate: f32,
        /// Sets the share of the last step that is repeated.
        momentum: f32,
        /// Sets the coefficient of the ℓ2 penalty.
        weight_decay: f32,
    }
}

/// A network with one hidden layer of rectified units and a softmax output, trained on cross-entropy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TwoLayerNet {
    settings: TwoLayerSettings,
}

impl TwoLayerNet {
    /// A network that is trained with these settings.
    ///
    /// # Errors
    /// [`Error::Shape`] for a width of zero, a step size that is not positive, momentum outside [0, 1), a negative weight
    /// decay, or values that are not finite.
    pub fn new(settings: TwoLayerSettings) -> Result<Self, Error> {
        let shape = |what, given: String, expected| Err(Error::Shape { what, given, expected });
        let TwoLayerSettings { width, learning_rate, momentum, weight_decay, .. } = settings;
        if !(1..=1 << 14).contains(&width) {
            return shape("width", width.to_string(), "1 to 16,384 hidden units");
        }
        // Each written so that NaN is refused.
        if !(learning_rate > 0.0 && learning_rate.is_finite()) {
            return shape("learning rate", learning_rate.to_string(), "a positive number");
        }
        if !(0.0..1.0).contains(&momentum) {
            return shape("momentum", momentum.to_string(), "a number in [0, 1)");
        }
        if !(weight_decay >= 0.0 && weight_decay.is_finite()) {
            return shape("weight decay", weight_decay.to_string(), "a number that is not negative");
        }
        Ok(Self { settings })
    }

    /// The settings.
    #[must_use]
    pub const fn settings(&self) -> TwoLayerSettings {
        self.settings
    }
}

impl BaseLearner for TwoLayerNet {
    fn describe(&self) -> String {
        let TwoLayerSettings { width, steps, learning_rate, momentum, weight_decay } = self.settings;
        format!(
            "two-layer net, {width} hidden units, {steps} steps of gradient descent, learning rate {learning_rate}, \
             momentum {momentum}, weight decay {weight_decay}"
        )
    }

    fn vote(&self, batch: &NoisyBatch<'_>) -> Result<VoteTable, BoxError> {
        let scratch = || Training::new(self.settings, batch.classes as usize);
        batch.vote_by_model(scratch, |copy, training, answers| {
            training.train(copy);
            training.answer(copy, batch.sparse, answers);
        })
    }
}
