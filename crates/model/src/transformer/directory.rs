//! Model directories in the Hugging Face layout: the precision of weights, and writing a directory as a whole.

use super::{Error, Family, Parameters, config, subwords, weights};
use std::{fmt, fs, path::Path, str::FromStr};
use tch::Kind;

/// The files of a tokenizer; those that exist are copied.
const TOKENIZER: [&str; 7] = [
    subwords::FILE,
    "tokenizer_config.json",
    "special_tokens_map.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "sentencepiece.bpe.model",
];

/// The precision in which a model computes its answers. Models are fine-tuned in single precision.
///
/// ```
/// use steadfast_model::transformer::Precision;
///
/// assert_eq!("bf16".parse::<Precision>()?, Precision::BFloat16);
/// # Ok::<(), steadfast_model::transformer::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Precision {
    /// 32 bits.
    #[default]
    Single,
    /// 16 bits, 8 of them for the exponent: fast where the processor has instructions for it.
    BFloat16,
    /// 16 bits, 5 of them for the exponent: for CUDA devices.
    Half,
}

impl Precision {
    pub(crate) const fn kind(self) -> Kind {
        match self {
            Self::Single => Kind::Float,
            Self::BFloat16 => Kind::BFloat16,
            Self::Half => Kind::Half,
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Single => "f32",
            Self::BFloat16 => "bf16",
            Self::Half => "f16",
        })
    }
}

impl FromStr for Precision {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "f32" => Ok(Self::Single),
            "bf16" => Ok(Self::BFloat16),
            "f16" => Ok(Self::Half),
            _ => Err(Error::Setting {
                name: "precision",
                given: text.to_owned(),
                expected: "f32, bf16 or f16".to_owned(),
            }),
        }
    }
}

/// Writes a model directory beside its final path and renames it when it is complete. Tensors for which `inside` is true get
/// the family's prefix.
pub(crate) fn save(
    directory: &Path,
    source: &Path,
    config_text: &str,
    family: Family,
    parameters: &Parameters,
    inside: impl Fn(&str) -> bool,
) -> Result<(), Error> {
    let taken = fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_some());
    if taken || directory.is_file() {
        return Err(Error::File {
            path: directory.to_owned(),
            problem: "is there already and is not overwritten".to_owned(),
            remedy: "name another directory, or remove it first",
        });
    }
    let parent = match directory.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
    let work =
        tempfile::Builder::new().prefix(".saving-").tempdir_in(parent).map_err(Error::io("write", parent))?;
    let write = |name: &str, bytes: &[u8]| {
        let path = work.path().join(name);
        fs::write(&path, bytes).map_err(Error::io("write", path))
    };
    write(config::FILE, config_text.as_bytes())?;
    let tensors = parameters.iter().map(|parameter| {
        let prefix = if inside(parameter.name()) { family.prefix() } else { "" };
        (format!("{prefix}{}", parameter.name()), parameter.tensor())
    });
    write(weights::FILE, &weights::serialize(tensors)?)?;
    for name in TOKENIZER {
        let from = source.join(name);
        if from.is_file() {
            fs::copy(&from, work.path().join(name)).map_err(Error::io("copy", &from))?;
        }
    }
    // An empty directory may exist, over which nothing can be renamed on all systems.
    let _ = fs::remove_dir(directory);
    fs::rename(work.keep(), directory).map_err(Error::io("write", directory))
}
