//! [`Adam`]: `AdamW` with its moments at hand, so that a killed run resumes exactly.

use super::super::{Error, Parameter, Parameters, parameters::norm};
use std::collections::BTreeMap;
use tch::{Tensor, no_grad};

const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// Adam with decoupled weight decay (Kingma and Ba 2015, algorithm 1; Loshchilov and Hutter 2019, algorithm 2).
#[derive(Debug)]
pub(crate) struct Adam {
    moments: Vec<Moments>,
    weight_decay: f64,
    clip: f64,
    steps: u64,
}

/// A weight that is trained, and the moving averages of its gradient and of its square.
#[derive(Debug)]
struct Moments {
    name: String,
    tensor: Tensor,
    decays: bool,
    first: Tensor,
    second: Tensor,
}

impl Adam {
    /// Trains all weights but the `frozen` first depths, and tells libtorch to track gradients of those alone.
    pub(crate) fn new(
        parameters: &Parameters,
        frozen: usize,
        weight_decay: f64,
        clip: f64,
    ) -> Result<Self, Error> {
        let trained = |parameter: &Parameter| parameter.depth().is_none_or(|depth| depth >= frozen);
        let mut moments = Vec::new();
        for parameter in parameters {
            let tensor = parameter.tensor().f_set_requires_grad(trained(parameter))?;
            if trained(parameter) {
                moments.push(Moments {
                    name: parameter.name().to_owned(),
                    decays: parameter.decays(),
                    first: tensor.f_zeros_like()?,
                    second: tensor.f_zeros_like()?,
                    tensor,
                });
            }
        }
        Ok(Self { moments, weight_decay, clip, steps: 0 })
    }

    /// Forgets all gradients.
    pub(crate) fn zero_gradients(&mut self) {
        self.moments.iter_mut().for_each(|moments| moments.tensor.zero_grad());
    }

    /// One step along the gradients, clipped to the norm that was set. The norm before clipping is returned; if it is no number, no
    /// weight was changed.
    pub(crate) fn step(&mut self, learning_rate: f64) -> Result<f64, Error> {
        no_grad(|| {
            let gradients: Vec<Tensor> = self.moments.iter().map(|moments| moments.tensor.grad()).collect();
            let norm = norm(gradients.iter().filter(|gradient| gradient.defined()))?;
            if !norm.is_finite() {
                return Ok(norm);
            }
            self.steps += 1;
            let steps = self.steps as f64;
            let corrected_1 = 1.0 - BETA_1.powf(steps);
            let corrected_2 = 1.0 - BETA_2.powf(steps);
            let scale = if norm > self.clip { self.clip / norm } else { 1.0 };
            for (moments, gradient) in self.moments.iter_mut().zip(gradients) {
                // A weight that the loss does not depend on.
                if !gradient.defined() {
                    continue;
                }
                let gradient = if scale < 1.0 { gradient.f_mul_scalar(scale)? } else { gradient };
                if moments.decays && self.weight_decay > 0.0 {
                    let _ = moments.tensor.f_mul_scalar_(1.0 - learning_rate * self.weight_decay)?;
                }
                let _ = moments.first.f_lerp_(&gradient, 1.0 - BETA_1)?;
                let root = gradient.f_mul_scalar((1.0 - BETA_2).sqrt())?;
                let _ = moments.second.f_mul_scalar_(BETA_2)?.f_addcmul_(&root, &root)?;
                let mut size = moments.second.f_sqrt()?;
                let size = size.f_mul_scalar_(1.0 / corrected_2.sqrt())?.f_add_scalar_(EPSILON)?;
                let direction = moments.first.f_mul_scalar(-learning_rate / corrected_1)?;
                let _ = moments.tensor.f_addcdiv_(&direction, &size)?;
            }
            Ok(norm)
        })
    }

    /// The moments by name, for a checkpoint.
    pub(crate) fn state(&self) -> impl Iterator<Item = (String, &Tensor)> {
        self.moments.iter().flat_map(|moments| {
            let name = &moments.name;
            [(format!("first.{name}"), &moments.first), (format!("second.{name}"), &moments.second)]
        })
    }

    /// Goes on after `steps` steps with these moments.
    pub(crate) fn restore(&mut self, steps: u64, state: &BTreeMap<String, Tensor>) -> Result<bool, Error> {
        for moments in &mut self.moments {
            for (kind, tensor) in [("first", &mut moments.first), ("second", &mut moments.second)] {
                match state.get(&format!("{kind}.{}", moments.name)) {
                    Some(saved) if saved.size() == tensor.size() => tensor.f_copy_(saved)?,
                    _ => return Ok(false),
                }
            }
        }
        self.steps = steps;
        Ok(true)
    }

    /// Tells libtorch to track no gradients any more.
    pub(crate) fn finish(self) -> Result<(), Error> {
        for moments in &self.moments {
            let _ = moments.tensor.f_set_requires_grad(false)?;
        }
        Ok(())
    }
}
