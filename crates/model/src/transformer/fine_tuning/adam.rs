//! [`Adam`]: `AdamW` with accessible moments, so that a killed run resumes exactly.

use super::super::{Error, Parameter, Parameters, parameters::norm};
use std::collections::BTreeMap;
use tch::{Device, Kind, TchError, Tensor, no_grad};

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
    /// For an embedding table: the rows that have had a gradient, until more than half have. The moments of the others are zero.
    seen: Option<Tensor>,
}

impl Moments {
    /// The rows that have had a gradient, including this one; `None` if they are so many that copying them costs more than it saves.
    fn rows(&mut self, gradient: &Tensor) -> Result<Option<Tensor>, TchError> {
        let Some(seen) = &mut self.seen else { return Ok(None) };
        let _ = seen.f_logical_or_(&touched(gradient)?)?;
        let rows = seen.f_nonzero()?.f_squeeze_dim(1)?;
        if 2 * rows.numel() > seen.numel() {
            self.seen = None;
        }
        Ok(self.seen.is_some().then_some(rows))
    }
}

/// Which rows of a table are not all zeros.
fn touched(table: &Tensor) -> Result<Tensor, TchError> {
    table.f_ne(0.0)?.f_any_dim(1, false)
}

/// The factors of one step.
#[derive(Debug, Clone, Copy)]
struct Step {
    /// The learning rate over the first moments' correction.
    rate: f64,
    /// The square root of the second moments' correction.
    corrected: f64,
    /// The factor of gradients; 1 within the clipping norm.
    scale: f64,
}

impl Step {
    /// Shrinks `tensor` by `decay`, updates its moments by the gradient, and moves it along them.
    fn take(
        self,
        decay: f64,
        gradient: &Tensor,
        tensor: &Tensor,
        first: &Tensor,
        second: &Tensor,
    ) -> Result<(), TchError> {
        let [gradients, tensors, firsts, seconds] = [gradient, tensor, first, second].map(parts);
        for (((gradient, mut tensor), mut first), mut second) in
            gradients?.into_iter().zip(tensors?).zip(firsts?).zip(seconds?)
        {
            let gradient = if self.scale < 1.0 { gradient.f_mul_scalar(self.scale)? } else { gradient };
            shrink(&mut tensor, decay)?;
            let _ = first.f_lerp_(&gradient, 1.0 - BETA_1)?;
            let root = gradient.f_mul_scalar((1.0 - BETA_2).sqrt())?;
            let _ = second.f_mul_scalar_(BETA_2)?.f_addcmul_(&root, &root)?;
            let mut size = second.f_sqrt()?;
            let size = size.f_mul_scalar_(1.0 / self.corrected)?.f_add_scalar_(EPSILON)?;
            let direction = first.f_mul_scalar(-self.rate)?;
            let _ = tensor.f_addcdiv_(&direction, &size)?;
        }
        Ok(())
    }
}

fn shrink(tensor: &mut Tensor, decay: f64) -> Result<(), TchError> {
    if decay < 1.0 { tensor.f_mul_scalar_(decay).map(drop) } else { Ok(()) }
}

/// Views of a tensor's numbers: on a CPU in parts that stay in its cache from one operation to the next.
fn parts(tensor: &Tensor) -> Result<Vec<Tensor>, TchError> {
    let numbers = tensor.f_detach()?.f_reshape([-1])?;
    if tensor.device() == Device::Cpu { numbers.f_split(PART, 0) } else { Ok(vec![numbers]) }
}

/// Numbers of a part: enough for libtorch to distribute them over its threads.
const PART: i64 = 1 << 16;

impl Adam {
    /// Trains all weights but the `frozen` first depths; libtorch tracks the gradients of these only.
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
                    seen: match (parameter.depth(), &tensor.size()[..]) {
                        (Some(0), &[rows, _]) => {
                            Some(Tensor::f_zeros([rows], (Kind::Bool, tensor.device()))?)
                        }
                        _ => None,
                    },
                    tensor,
                });
            }
        }
        Ok(Self { moments, weight_decay, clip, steps: 0 })
    }

    /// The gradient of a loss: one tensor for each trained weight, undefined for those that it does not depend on.
    pub(crate) fn gradients(&self, loss: &Tensor) -> Result<Vec<Tensor>, TchError> {
        let tensors: Vec<&Tensor> = self.moments.iter().map(|moments| &moments.tensor).collect();
        // `backward` would fill gradients with zeros and add to them: two more passes over all numbers.
        Tensor::f_run_backward(&[loss], &tensors, false, false)
    }

    /// One step along these [`gradients`](Self::gradients), clipped to the set norm. Returns the norm before clipping; if it is
    /// not finite, no weight was changed.
    pub(crate) fn step(&mut self, gradients: Vec<Tensor>, learning_rate: f64) -> Result<f64, Error> {
        no_grad(|| {
            let norm = norm(gradients.iter().filter(|gradient| gradient.defined()))?;
            if !norm.is_finite() {
                return Ok(norm);
            }
            self.steps += 1;
            let steps = self.steps as f64;
            let step = Step {
                rate: learning_rate / (1.0 - BETA_1.powf(steps)),
                corrected: (1.0 - BETA_2.powf(steps)).sqrt(),
                scale: if norm > self.clip { self.clip / norm } else { 1.0 },
            };
            for (moments, gradient) in self.moments.iter_mut().zip(gradients) {
                // A weight that the loss does not depend on.
                if !gradient.defined() {
                    continue;
                }
                let decay = if moments.decays { 1.0 - learning_rate * self.weight_decay } else { 1.0 };
                let rows = moments.rows(&gradient)?;
                let Moments { tensor, first, second, .. } = moments;
                let Some(rows) = rows else {
                    step.take(decay, &gradient, tensor, first, second)?;
                    continue;
                };
                // Without a gradient so far, a row only decays.
                shrink(tensor, decay)?;
                let own = |all: &Tensor| all.f_index_select(0, &rows);
                let [gradient, part] = [own(&gradient)?, own(tensor)?];
                let [averages, squares] = [own(first)?, own(second)?];
                step.take(1.0, &gradient, &part, &averages, &squares)?;
                for (all, part) in [(tensor, part), (first, averages), (second, squares)] {
                    let _ = all.f_index_copy_(0, &rows, &part)?;
                }
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

    /// Continues after `steps` steps with these moments.
    pub(crate) fn restore(&mut self, steps: u64, state: &BTreeMap<String, Tensor>) -> Result<bool, Error> {
        for moments in &mut self.moments {
            for (kind, tensor) in [("first", &mut moments.first), ("second", &mut moments.second)] {
                match state.get(&format!("{kind}.{}", moments.name)) {
                    Some(saved) if saved.size() == tensor.size() => tensor.f_copy_(saved)?,
                    _ => return Ok(false),
                }
                if let Some(seen) = &mut moments.seen {
                    let _ = seen.f_logical_or_(&touched(tensor)?)?;
                }
            }
        }
        self.steps = steps;
        Ok(true)
    }

    /// Ends the tracking of gradients.
    pub(crate) fn finish(self) -> Result<(), Error> {
        for moments in &self.moments {
            let _ = moments.tensor.f_set_requires_grad(false)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::IndexOp as _;

    const ROWS: i64 = 40;

    fn adam(seed: i64) -> (Parameters, Adam) {
        tch::manual_seed(seed);
        let mut parameters = Parameters::new(Device::Cpu, Kind::Float);
        for (name, shape) in
            [("embeddings.word_embeddings.weight", vec![ROWS, 6]), ("classifier.bias", vec![6])]
        {
            let _ = parameters.add(name, &Tensor::randn(shape, (Kind::Float, Device::Cpu))).unwrap();
        }
        let adam = Adam::new(&parameters, 0, 0.1, 0.5).unwrap();
        (parameters, adam)
    }

    /// The gradient of some function of these rows alone.
    fn descend(parameters: &Parameters, adam: &mut Adam, rows: &[i64]) {
        let [table, bias] = [0, 1].map(|number| parameters.iter().nth(number).unwrap().tensor());
        let words = table.index_select(0, &Tensor::from_slice(rows));
        let gradients = adam.gradients(&((words + bias).square().sum(None) * 0.3)).unwrap();
        adam.step(gradients, 0.01).unwrap();
    }

    fn bits(tensors: impl IntoIterator<Item = Tensor>) -> Vec<u32> {
        let numbers = |tensor: Tensor| Vec::<f32>::try_from(tensor.detach().reshape([-1])).unwrap();
        tensors.into_iter().flat_map(numbers).map(f32::to_bits).collect()
    }

    fn all(parameters: &Parameters, adam: &Adam) -> Vec<u32> {
        let moments = adam.state().map(|(_, tensor)| tensor.shallow_clone());
        bits(parameters.iter().map(|parameter| parameter.tensor().shallow_clone()).chain(moments))
    }

    #[test]
    fn rows_without_a_gradient_so_far_may_be_left_out() {
        let (fast, mut leaving) = adam(3);
        let (slow, mut whole) = adam(3);
        whole.moments.iter_mut().for_each(|moments| moments.seen = None);
        let start = bits([fast.iter().next().unwrap().tensor().i(30)]);
        let texts: [&[i64]; 5] = [&[1, 2, 3], &[2, 9, 9, 11], &[1], &[39, 0], &[3, 4]];
        for (number, rows) in texts.into_iter().cycle().take(12).enumerate() {
            descend(&fast, &mut leaving, rows);
            descend(&slow, &mut whole, rows);
            assert_eq!(all(&fast, &leaving), all(&slow, &whole), "step {number}");
        }
        let seen = leaving.moments[0].seen.as_ref().unwrap();
        assert_eq!(seen.sum(Kind::Int64).int64_value(&[]), 8);
        assert_ne!(bits([fast.iter().next().unwrap().tensor().i(30)]), start, "it decays");

        // Read from a checkpoint, it goes on with the same rows.
        let saved = whole.state().map(|(name, tensor)| (name, tensor.copy())).collect();
        let (again, mut resumed) = adam(3);
        no_grad(|| {
            for (mine, theirs) in again.iter().zip(&slow) {
                mine.tensor().shallow_clone().copy_(theirs.tensor());
            }
        });
        assert!(resumed.restore(12, &saved).unwrap());
        let everything: Vec<i64> = (0..ROWS).collect();
        for rows in [&[5, 1], &everything[..], &[1]] {
            descend(&again, &mut resumed, rows);
            descend(&slow, &mut whole, rows);
            assert_eq!(all(&again, &resumed), all(&slow, &whole));
        }
        assert!(resumed.moments[0].seen.is_none());
    }
}
