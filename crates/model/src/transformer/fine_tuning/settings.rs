//! [`FineTuning`]: the settings, with the defaults that BERT's authors recommend.

use super::super::{Error, ParameterSmoothing, unbounded};
use serde::{Deserialize, Serialize};

/// How a model is fine-tuned.
///
/// The defaults are within the ranges of Devlin et al. 2019 (appendix A.3), with `AdamW`'s decoupled weight decay
/// (Loshchilov and Hutter 2019), as in `transformers`.
///
/// ```
/// use steadfast_model::transformer::FineTuning;
///
/// let settings = FineTuning::default().epochs(4).learning_rate(2e-5).seed(1);
/// assert!(settings.check().is_ok() && settings.epochs(0).check().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FineTuning {
    /// Passes over the training texts.
    pub epochs: u64,
    /// Texts per step.
    pub batch: usize,
    /// The learning rate at the end of the warm-up, from which it falls linearly to zero.
    pub learning_rate: f64,
    /// The share of steps in which the learning rate rises from zero.
    pub warm_up: f64,
    /// Weight decay per step and unit of learning rate; not applied to biases and layer normalization.
    pub weight_decay: f64,
    /// Gradients of a larger Euclidean norm, over all weights together, are scaled down to it.
    #[serde(with = "unbounded")]
    pub clip: f64,
    /// Frozen weights: none (0), the embedding (1), the embedding and the first `n` layers (`1 + n`).
    pub frozen: usize,
    /// The seed of the order of texts, of dropout and of the noise on weights.
    pub seed: u64,
    /// Noise on weights in training (FRS), if any.
    pub smoothing: Option<ParameterSmoothing>,
}

impl Default for FineTuning {
    fn default() -> Self {
        Self {
            epochs: 3,
            batch: 32,
            learning_rate: 5e-5,
            warm_up: 0.1,
            weight_decay: 0.01,
            clip: 1.0,
            frozen: 0,
            seed: 0,
            smoothing: None,
        }
    }
}

impl FineTuning {
    crate::setters! {
        /// Sets the number of passes over the training texts.
        epochs: u64,
        /// Sets the number of texts per step.
        batch: usize,
        /// Sets the learning rate at the end of the warm-up.
        learning_rate: f64,
        /// Sets the share of steps in which the learning rate rises.
        warm_up: f64,
        /// Sets the weight decay.
        weight_decay: f64,
        /// Sets the Euclidean norm to which gradients are clipped.
        clip: f64,
        /// Sets the number of frozen layers, counted from the embedding.
        frozen: usize,
        /// Sets the seed.
        seed: u64,
        /// Sets the noise on weights in training.
        smoothing: Option<ParameterSmoothing>,
    }

    /// Refuses settings that train nothing.
    ///
    /// # Errors
    /// [`Error::Setting`] with the first of them.
    pub fn check(&self) -> Result<(), Error> {
        let refuse = |name, given: String, expected: &str| {
            Err(Error::Setting { name, given, expected: expected.to_owned() })
        };
        // Written so that NaN is refused.
        if self.epochs == 0 || self.epochs > 1_000_000 {
            return refuse("epochs", self.epochs.to_string(), "1 to 1,000,000");
        }
        if self.batch == 0 {
            return refuse("batch", "0".to_owned(), "at least one text per step");
        }
        if !(self.learning_rate > 0.0 && self.learning_rate < 1.0) {
            return refuse(
                "learning rate",
                self.learning_rate.to_string(),
                "a number between 0 and 1, such as 5e-5",
            );
        }
        if !(0.0..1.0).contains(&self.warm_up) {
            return refuse("warm-up", self.warm_up.to_string(), "a share from 0 to below 1");
        }
        if !(0.0..=1.0).contains(&self.weight_decay) {
            return refuse("weight decay", self.weight_decay.to_string(), "a number from 0 to 1");
        }
        if self.clip.is_nan() || self.clip <= 0.0 {
            return refuse(
                "gradient norm",
                self.clip.to_string(),
                "a positive number, or infinity for no clipping",
            );
        }
        self.smoothing.as_ref().map_or(Ok(()), ParameterSmoothing::check)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_train_nothing_are_refused() {
        let fine = FineTuning::default();
        fine.check().unwrap();
        for wrong in [
            FineTuning { epochs: 0, ..fine.clone() },
            FineTuning { batch: 0, ..fine.clone() },
            FineTuning { learning_rate: 0.0, ..fine.clone() },
            FineTuning { learning_rate: f64::NAN, ..fine.clone() },
            FineTuning { warm_up: 1.0, ..fine.clone() },
            FineTuning { weight_decay: -0.1, ..fine.clone() },
            FineTuning { clip: 0.0, ..fine.clone() },
            FineTuning { clip: f64::NAN, ..fine.clone() },
        ] {
            assert!(matches!(wrong.check(), Err(Error::Setting { .. })), "{wrong:?}");
        }
        FineTuning { clip: f64::INFINITY, ..fine }.check().unwrap();
    }
}
