//! [`ParameterSmoothing`]: Gaussian noise on the layers near the output (FRS 2025, Eq. 4–5).

use super::{
    Error, Parameter, Parameters, SequenceClassifier,
    dropout::Seeded,
    parameters::{duplicate, norm},
    unbounded,
};
use rand_core::Rng as _;
use serde::{Deserialize, Serialize};
use steadfast_certify::{
    Phase,
    seed::{Purpose, generator},
};
use tch::{Tensor, no_grad};

/// `Clip_ρ` and Gaussian noise on the weights of the layers near the output, as FRS smooths them.
///
/// An empirical defense: no certificate follows from it (see docs/theory.md, FRS).
///
/// ```no_run
/// use std::path::Path;
/// use steadfast_model::{tch::Device, transformer::{Error, ParameterSmoothing, Precision, SequenceClassifier}};
///
/// let model = SequenceClassifier::load(Path::new("my-model"), Device::Cpu, Precision::Single)?;
/// let smoothing = ParameterSmoothing::new(1, 0.01).norm(100.0);
/// // Answers of 20 noisy copies, one after the other.
/// let answers = smoothing.each_copy(&model, 20, 1, |_| {
///     Ok::<_, Error>(model.forward(&model.batch(&[&[101, 2307, 102]])?)?.logits)
/// })?;
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ParameterSmoothing {
    /// Noisy layers, counted from the output; the head is always among them.
    pub layers: usize,
    /// The standard deviation of the noise on each weight.
    pub deviation: f64,
    /// `ρ`: all weights together, as one vector, are scaled down to this Euclidean norm before noise is added. Infinity for no
    /// clipping.
    #[serde(with = "unbounded")]
    pub norm: f64,
    /// In training, whether each step's noise stays in the weights, as Eq. 4 is printed, so that it adds up to `σ·√steps`.
    /// Otherwise the gradient is that at the noisy weights, and the step starts from the weights without noise.
    pub persistent: bool,
}

impl ParameterSmoothing {
    /// Noise of standard deviation `deviation` on the head and the `layers` last layers, without clipping.
    #[must_use]
    pub const fn new(layers: usize, deviation: f64) -> Self {
        Self { layers, deviation, norm: f64::INFINITY, persistent: false }
    }

    crate::setters! {
        /// Sets the number of noisy layers, counted from the output.
        layers: usize,
        /// Sets the standard deviation of the noise.
        deviation: f64,
        /// Sets `ρ`, the Euclidean norm to which all weights are clipped.
        norm: f64,
        /// Sets whether each training step's noise stays in the weights.
        persistent: bool,
    }

    /// Refuses invalid settings.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let refuse = |name, given: f64, expected: &str| {
            Err(Error::Setting { name, given: given.to_string(), expected: expected.to_owned() })
        };
        if !(self.deviation > 0.0 && self.deviation.is_finite()) {
            return refuse("standard deviation of weight noise", self.deviation, "a positive number");
        }
        if self.norm.is_nan() || self.norm <= 0.0 {
            return refuse(
                "norm of clipped weights",
                self.norm,
                "a positive number, or infinity for no clipping",
            );
        }
        Ok(())
    }

    /// Whether a weight is among the noisy ones.
    fn covers(&self, parameter: &Parameter, layers: usize) -> bool {
        // Depth 0 is the embedding, depth `n` the n-th layer.
        parameter.depth().is_none_or(|depth| depth > 0 && depth + self.layers > layers)
    }

    /// Clips and perturbs the weights in place. The result restores them bit by bit.
    pub(crate) fn perturb(&self, parameters: &Parameters, seed: u64) -> Result<Originals, Error> {
        no_grad(|| {
            let layers = parameters.iter().filter_map(Parameter::depth).max().unwrap_or(0);
            let scale = self.scale(parameters)?;
            let mut originals = Originals::default();
            let _seeded = Seeded::new(seed);
            for parameter in parameters {
                let noisy = self.covers(parameter, layers);
                if !noisy && scale >= 1.0 {
                    continue;
                }
                let mut tensor = parameter.tensor().shallow_clone();
                originals.0.push((tensor.shallow_clone(), duplicate(&tensor)?));
                if scale < 1.0 {
                    let _ = tensor.f_mul_scalar_(scale)?;
                }
                if noisy {
                    let mut noise = tensor.f_zeros_like()?;
                    let _ = tensor.f_add_(&noise.f_normal_(0.0, self.deviation)?)?;
                }
            }
            Ok(originals)
        })
    }

    /// `Clip_ρ`, in place and permanently.
    pub(crate) fn clip(&self, parameters: &Parameters) -> Result<(), Error> {
        no_grad(|| {
            let scale = self.scale(parameters)?;
            for parameter in parameters.iter().filter(|_| scale < 1.0) {
                let _ = parameter.tensor().shallow_clone().f_mul_scalar_(scale)?;
            }
            Ok(())
        })
    }

    /// `min(1, ρ/‖θ‖₂)` over all weights.
    fn scale(&self, parameters: &Parameters) -> Result<f64, Error> {
        if self.norm == f64::INFINITY {
            return Ok(1.0);
        }
        Ok((self.norm / norm(parameters.iter().map(Parameter::tensor))?).min(1.0))
    }

    /// Makes the model each of `K` noisy copies in turn (Eq. 5), and calls `answer` with the copy's number. Copy `k` of a seed is
    /// always the same. Only the changed weights are stored meanwhile.
    ///
    /// # Errors
    /// The first error of `answer`, and [`Error::Setting`] for invalid settings. The weights are restored in any case.
    pub fn each_copy<T, E: From<Error>>(
        &self,
        model: &SequenceClassifier,
        copies: u64,
        seed: u64,
        mut answer: impl FnMut(u64) -> Result<T, E>,
    ) -> Result<Vec<T>, E> {
        self.check()?;
        let copy = |number| {
            let originals = self.perturb(model.parameters(), copy_seed(seed, number))?;
            let answered = answer(number);
            originals.restore()?;
            answered
        };
        (0..copies).map(copy).collect()
    }

    /// Makes the model its copy of this number, the same as in [`Self::each_copy`], permanently: a voter that stays in memory
    /// beside others.
    ///
    /// # Errors
    /// [`Error::Setting`] for invalid settings.
    pub fn keep_copy(&self, model: &SequenceClassifier, number: u64, seed: u64) -> Result<(), Error> {
        self.check()?;
        self.perturb(model.parameters(), copy_seed(seed, number))?.forget();
        Ok(())
    }
}

/// The seed of a copy's noise.
fn copy_seed(seed: u64, number: u64) -> u64 {
    generator(seed, Phase::Estimation, 0, number, Purpose::Learner).next_u64()
}

/// Weights before they were perturbed. They are restored when this is dropped, whatever fails meanwhile.
#[derive(Debug, Default)]
#[must_use]
pub(crate) struct Originals(Vec<(Tensor, Tensor)>);

impl Originals {
    /// Restores the weights, and returns the error if that fails.
    pub(crate) fn restore(mut self) -> Result<(), Error> {
        self.put_back()
    }

    /// Leaves the noise in the weights.
    pub(crate) fn forget(mut self) {
        self.0.clear();
    }

    /// Restores as many as possible, and returns the first error.
    fn put_back(&mut self) -> Result<(), Error> {
        let copy = |(mut tensor, original): (Tensor, Tensor)| tensor.f_copy_(&original);
        let results: Vec<_> = no_grad(|| self.0.drain(..).map(copy).collect());
        Ok(results.into_iter().collect::<Result<(), _>>()?)
    }
}

impl Drop for Originals {
    fn drop(&mut self) {
        // This drop is itself due to an error, which the caller gets.
        let _ = self.put_back();
    }
}
