//! [`Parameters`]: the weights of a model by name, on its device.

use super::{Error, weights::Weights};
use steadfast_certify::Law;
use tch::{Device, Kind, Tensor};

/// One weight tensor.
#[derive(Debug)]
pub struct Parameter {
    name: String,
    tensor: Tensor,
}

impl Parameter {
    /// Its name as `transformers` spells it, without the family's prefix.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The tensor itself; what is written into it, the model computes with.
    pub const fn tensor(&self) -> &Tensor {
        &self.tensor
    }

    /// Where it stands: 0 in the embedding, `1 + n` in layer `n`, `None` in a head.
    #[must_use]
    pub fn depth(&self) -> Option<usize> {
        if self.name.starts_with("embeddings.") {
            return Some(0);
        }
        let number = self.name.strip_prefix("encoder.layer.")?.split('.').next()?;
        number.parse::<usize>().ok().map(|number| number + 1)
    }

    /// Whether weight decay applies to it: not to biases, nor to layer normalisation.
    #[must_use]
    pub fn decays(&self) -> bool {
        // Both are vectors, and nothing else is.
        self.tensor.dim() > 1
    }
}

/// All weights of a model, encoder first.
#[derive(Debug)]
pub struct Parameters {
    device: Device,
    kind: Kind,
    all: Vec<Parameter>,
}

impl Parameters {
    pub(crate) const fn new(device: Device, kind: Kind) -> Self {
        Self { device, kind, all: Vec::new() }
    }

    /// Moves a tensor of `weights` to the device and keeps it.
    pub(crate) fn read(&mut self, weights: &mut Weights, name: &str, shape: &[i64]) -> Result<Tensor, Error> {
        let tensor = weights.take(name, shape)?;
        self.add(name, &tensor)
    }

    /// Keeps a copy of `tensor` on the device under this name.
    pub(crate) fn add(&mut self, name: &str, tensor: &Tensor) -> Result<Tensor, Error> {
        let tensor = tensor.f_to_device(self.device)?.f_to_kind(self.kind)?;
        self.all.push(Parameter { name: name.to_owned(), tensor: tensor.shallow_clone() });
        Ok(tensor)
    }

    /// Where they are.
    #[must_use]
    pub const fn device(&self) -> Device {
        self.device
    }

    /// The precision that they are kept in.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// All of them, encoder first, in the order of the layers.
    pub fn iter(&self) -> std::slice::Iter<'_, Parameter> {
        self.all.iter()
    }

    /// What tells models apart: their tensors by name and shape, and a few numbers of each.
    ///
    /// # Errors
    /// [`Error::Torch`] if libtorch fails.
    pub fn fingerprint(&self) -> Result<u64, Error> {
        const NUMBERS: usize = 16;
        let mut parts = Vec::new();
        for Parameter { name, tensor } in &self.all {
            let flat = tensor.f_detach()?.f_reshape([-1])?;
            let first = flat.f_narrow(0, 0, flat.numel().min(NUMBERS) as i64)?;
            let first = Vec::<f32>::try_from(first.f_to_kind(Kind::Float)?)?;
            let numbers = first.into_iter().map(|number| number.to_bits().into());
            let shape = tensor.size().into_iter().map(i64::cast_unsigned);
            parts.push(Law::new(name, shape.chain(numbers)).fingerprint());
        }
        Ok(Law::new("parameters", parts).fingerprint())
    }

    /// How many numbers they are together.
    #[must_use]
    pub fn count(&self) -> usize {
        self.all.iter().map(|parameter| parameter.tensor.numel()).sum()
    }
}

impl<'a> IntoIterator for &'a Parameters {
    type Item = &'a Parameter;
    type IntoIter = std::slice::Iter<'a, Parameter>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The Euclidean norm of all tensors as one vector.
pub(crate) fn norm<'a>(tensors: impl IntoIterator<Item = &'a Tensor>) -> Result<f64, Error> {
    let norms = tensors.into_iter().map(Tensor::f_norm).collect::<Result<Vec<_>, _>>()?;
    Ok(Tensor::f_stack(&norms, 0)?.f_norm()?.f_double_value(&[])?)
}

/// A copy that shares nothing with `tensor`.
pub(crate) fn duplicate(tensor: &Tensor) -> Result<Tensor, Error> {
    let tensor = tensor.f_detach()?;
    let mut copy = tensor.f_zeros_like()?;
    copy.f_copy_(&tensor)?;
    Ok(copy)
}
