//! [`Weights`]: the tensors of a model directory by name, read and written as safetensors.

use super::{Error, Family};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};
use tch::{Kind, Tensor};

/// The file's name in a model directory.
pub(crate) const FILE: &str = "model.safetensors";

/// The index of a large model: the file that holds each tensor.
pub(crate) const INDEX: &str = "model.safetensors.index.json";

const REMEDY: &str =
    "download it again, or convert the model to safetensors with transformers' save_pretrained";

/// Tensors of other heads of the same encoder, and buffers, which are no weights. They are ignored where a model lacks them; any
/// other unknown tensor is an error.
const OTHER_HEADS: [&str; 5] = ["cls.", "lm_head.", "classifier.", "pooler.", "qa_outputs."];
const BUFFERS: [&str; 2] = ["embeddings.position_ids", "embeddings.token_type_ids"];

/// Tensors on the CPU in single precision, by the names of the model without its family's prefix.
#[derive(Debug)]
pub(crate) struct Weights {
    path: PathBuf,
    tensors: BTreeMap<String, Tensor>,
    missing: Vec<String>,
}

impl Weights {
    /// Reads `model.safetensors`, or the parts in its index.
    pub(crate) fn read(directory: &Path, family: Family) -> Result<Self, Error> {
        let canonical = |name: &str| canonical(name, family);
        let (single, index) = (directory.join(FILE), directory.join(INDEX));
        if !single.exists() && index.exists() {
            let mut tensors = BTreeMap::new();
            for part in parts(&index)? {
                tensors.append(&mut read_file(&directory.join(part), canonical)?);
            }
            return Ok(Self { path: index, tensors, missing: Vec::new() });
        }
        if !single.exists() && directory.join("pytorch_model.bin").exists() {
            return Err(Error::File {
                path: single,
                problem: "is not there, only pytorch_model.bin is, which could run code when it is read"
                    .to_owned(),
                remedy: "convert it with transformers' save_pretrained, which writes safetensors",
            });
        }
        let tensors = read_file(&single, canonical)?;
        Ok(Self { path: single, tensors, missing: Vec::new() })
    }

    /// Adds a tensor, or replaces the one of this name.
    pub(crate) fn put(&mut self, name: &str, tensor: Tensor) {
        self.tensors.insert(name.to_owned(), tensor);
    }

    /// The tensor of this name, which must have this shape; `None` if there is no such tensor.
    pub(crate) fn take_if_there(&mut self, name: &str, shape: &[i64]) -> Result<Option<Tensor>, Error> {
        let Some(tensor) = self.tensors.remove(name) else { return Ok(None) };
        if tensor.size() != shape {
            return Err(Error::Shape {
                path: self.path.clone(),
                name: name.to_owned(),
                found: tensor.size(),
                expected: shape.to_vec(),
            });
        }
        Ok(Some(tensor))
    }

    /// The tensor of this name and shape. A missing one is zeros, and an error in [`Self::finish`].
    pub(crate) fn take(&mut self, name: &str, shape: &[i64]) -> Result<Tensor, Error> {
        if let Some(tensor) = self.take_if_there(name, shape)? {
            return Ok(tensor);
        }
        self.missing.push(name.to_owned());
        // Expanded, so that nothing of this size is allocated for a model that is refused in the end.
        Ok(Tensor::f_zeros([1], (Kind::Float, tch::Device::Cpu))?.f_expand(shape, false)?)
    }

    /// The shape of a tensor that has not been taken.
    pub(crate) fn shape(&self, name: &str) -> Option<Vec<i64>> {
        self.tensors.get(name).map(Tensor::size)
    }

    /// The file, for messages.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Refuses a model with missing or unknown tensors, except those of other heads.
    pub(crate) fn finish(self) -> Result<(), Error> {
        let known = |name: &String| {
            BUFFERS.contains(&name.as_str()) || OTHER_HEADS.iter().any(|head| name.starts_with(head))
        };
        if let Some(first) = self.missing.first() {
            return Err(Error::MissingTensors {
                first: first.clone(),
                count: self.missing.len(),
                path: self.path,
            });
        }
        let left: Vec<&String> = self.tensors.keys().filter(|name| !known(name)).collect();
        match left.first() {
            Some(&first) => {
                Err(Error::ExtraTensors { first: first.clone(), count: left.len(), path: self.path.clone() })
            }
            None => Ok(()),
        }
    }
}

/// The parts in an index, each once.
pub(crate) fn parts(index: &Path) -> Result<Vec<String>, Error> {
    #[derive(Deserialize)]
    struct Index {
        weight_map: BTreeMap<String, String>,
    }
    let refuse = |problem: String| Error::File { path: index.to_owned(), problem, remedy: REMEDY };
    let text = fs::read_to_string(index).map_err(Error::io("read", index))?;
    let parsed: Index =
        serde_json::from_str(&text).map_err(|error| refuse(format!("is no index of weights: {error}")))?;
    let mut parts: Vec<String> = parsed.weight_map.into_values().collect();
    parts.sort_unstable();
    parts.dedup();
    match parts.iter().find(|part| part.contains(['/', '\\', ':']) || part.starts_with('.')) {
        Some(outside) => Err(refuse(format!("names the part {outside:?}, expected a file beside it"))),
        None => Ok(parts),
    }
}

/// The tensors of a safetensors file, on the CPU in single precision, by the names that `rename` gives them.
pub(crate) fn read_file(
    path: &Path,
    rename: impl Fn(&str) -> String,
) -> Result<BTreeMap<String, Tensor>, Error> {
    let bytes = fs::read(path).map_err(Error::io("read", path))?;
    let refuse = |problem: String| Error::File { path: path.to_owned(), problem, remedy: REMEDY };
    let tensors = SafeTensors::deserialize(&bytes)
        .map_err(|error| refuse(format!("is damaged or was cut short ({error}, {} bytes)", bytes.len())))?;
    let mut named = BTreeMap::new();
    for (name, view) in tensors.tensors() {
        let name = rename(&name);
        let Some(kind) = kind(view.dtype()) else {
            // Buffers of integers are no weights.
            if BUFFERS.contains(&name.as_str()) {
                continue;
            }
            return Err(refuse(format!(
                "holds {name} as {:?}, expected 16, 32 or 64-bit floats",
                view.dtype()
            )));
        };
        let shape: Vec<i64> = view.shape().iter().map(|&size| size as i64).collect();
        let tensor = Tensor::f_from_data_size(view.data(), &shape, kind)?.f_to_kind(Kind::Float)?;
        named.insert(name, tensor);
    }
    Ok(named)
}

/// A tensor's name without its family's prefix, in the current spelling.
fn canonical(name: &str, family: Family) -> String {
    let name = name.strip_prefix(family.prefix()).unwrap_or(name);
    let renamed = [("LayerNorm.gamma", "LayerNorm.weight"), ("LayerNorm.beta", "LayerNorm.bias")];
    let today = renamed.iter().find_map(|(old, new)| Some(format!("{}{new}", name.strip_suffix(old)?)));
    today.unwrap_or_else(|| name.to_owned())
}

const fn kind(dtype: Dtype) -> Option<Kind> {
    match dtype {
        Dtype::F16 => Some(Kind::Half),
        Dtype::BF16 => Some(Kind::BFloat16),
        Dtype::F32 => Some(Kind::Float),
        Dtype::F64 => Some(Kind::Double),
        _ => None,
    }
}

/// The bytes of a safetensors file with these tensors, in single precision.
pub(crate) fn serialize<'a>(
    tensors: impl IntoIterator<Item = (String, &'a Tensor)>,
) -> Result<Vec<u8>, Error> {
    let mut data = Vec::new();
    for (name, tensor) in tensors {
        let tensor =
            tensor.f_detach()?.f_to_device(tch::Device::Cpu)?.f_to_kind(Kind::Float)?.f_contiguous()?;
        let count = tensor.numel();
        let mut bytes = vec![0; 4 * count];
        tensor.f_copy_data_u8(&mut bytes, count)?;
        let shape: Vec<usize> = tensor.size().iter().map(|&size| size as usize).collect();
        data.push((name, shape, bytes));
    }
    let failed = |error: safetensors::SafeTensorError| Error::Setting {
        name: "tensors to save",
        given: error.to_string(),
        expected: "contiguous single-precision tensors".to_owned(),
    };
    let views = data
        .iter()
        .map(|(name, shape, bytes)| Ok((name, TensorView::new(Dtype::F32, shape.clone(), bytes)?)))
        .collect::<Result<Vec<_>, safetensors::SafeTensorError>>()
        .map_err(failed)?;
    // `transformers` refuses files that do not say which framework wrote them.
    let metadata = [("format".to_owned(), "pt".to_owned())].into();
    safetensors::serialize(views, Some(metadata)).map_err(failed)
}
