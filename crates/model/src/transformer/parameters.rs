//! [`Parameters`]: the weights of a model by name, on its device.

use super::{Error, weights::Weights};
use siphasher::sip::SipHasher13;
use std::{cell::Cell, hash::Hasher};
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

    /// The tensor itself: the model computes with what is written into it.
    pub const fn tensor(&self) -> &Tensor {
        &self.tensor
    }

    /// Its depth: 0 in the embedding, `1 + n` in layer `n`, `None` in a head.
    #[must_use]
    pub fn depth(&self) -> Option<usize> {
        if self.name.starts_with("embeddings.") {
            return Some(0);
        }
        let number = self.name.strip_prefix("encoder.layer.")?.split('.').next()?;
        number.parse::<usize>().ok().map(|number| number + 1)
    }

    /// Whether weight decay applies to it: not to biases, nor to layer normalization.
    #[must_use]
    pub fn decays(&self) -> bool {
        // These are the vectors.
        self.tensor.dim() > 1
    }
}

/// All weights of a model, encoder first.
#[derive(Debug)]
pub struct Parameters {
    device: Device,
    kind: Kind,
    all: Vec<Parameter>,
    /// The fingerprint, and the version of the weights that it was computed for.
    fingerprint: Cell<Option<(i64, u64)>>,
}

impl Parameters {
    pub(crate) const fn new(device: Device, kind: Kind) -> Self {
        Self { device, kind, all: Vec::new(), fingerprint: Cell::new(None) }
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

    /// The device of the tensors.
    #[must_use]
    pub const fn device(&self) -> Device {
        self.device
    }

    /// The precision of the tensors.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// All weights, encoder first, in the order of the layers.
    pub fn iter(&self) -> std::slice::Iter<'_, Parameter> {
        self.all.iter()
    }

    /// A hash of all weights: of their names, shapes, precision and every byte.
    ///
    /// It is computed again only after a weight was written to.
    ///
    /// # Errors
    /// [`Error::Torch`] if libtorch fails.
    pub fn fingerprint(&self) -> Result<u64, Error> {
        // libtorch counts the writes to each tensor, so an equal sum means that nothing was written.
        let version = self.all.iter().map(|parameter| parameter.tensor.f_internal_version());
        let version = version.sum::<Result<i64, _>>()?;
        match self.fingerprint.get() {
            Some((known, fingerprint)) if known == version => return Ok(fingerprint),
            _ => {}
        }
        let mut hasher = SipHasher13::new();
        let mut bytes = Vec::new();
        for Parameter { name, tensor } in &self.all {
            hasher.write_u64(name.len() as u64);
            hasher.write(name.as_bytes());
            let shape = tensor.size();
            hasher.write_u64(shape.len() as u64);
            for size in shape {
                hasher.write_i64(size);
            }
            hasher.write_u64(kind_number(tensor.kind()));
            let tensor = tensor.f_detach()?.f_to_device(Device::Cpu)?.f_contiguous()?;
            let count = tensor.numel();
            bytes.resize(count * tensor.kind().elt_size_in_bytes(), 0);
            tensor.f_copy_data_u8(&mut bytes, count)?;
            hasher.write(&bytes);
        }
        let fingerprint = hasher.finish();
        self.fingerprint.set(Some((version, fingerprint)));
        Ok(fingerprint)
    }

    /// The number of weights, as single numbers.
    #[must_use]
    pub fn count(&self) -> usize {
        self.all.iter().map(|parameter| parameter.tensor.numel()).sum()
    }
}

/// A number for a precision that does not depend on libtorch's version.
const fn kind_number(kind: Kind) -> u64 {
    match kind {
        Kind::Float => 0,
        Kind::BFloat16 => 1,
        Kind::Half => 2,
        _ => 3,
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
