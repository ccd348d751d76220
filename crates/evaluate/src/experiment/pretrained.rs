//! [`Pretrained`]: the encoder to start from, and where it computes.

use crate::Error;
use std::path::{Path, PathBuf};
use steadfast_fetch::{Cache, catalog::MINILM};
use steadfast_model::device::Device;

/// The pretrained encoder and its device, as flags of the command line.
#[derive(Debug, Clone, clap::Args)]
pub struct Pretrained {
    /// Folder of the pretrained encoder, or its id on the Hugging Face hub, such as owner/name (needs the feature hub, which
    /// cargo xtask run adds) [default: `MiniLM`, fetched]
    #[arg(long, value_name = "DIR|ID")]
    pub model: Option<String>,

    /// Where to compute: cpu, cuda, cuda:N or auto
    #[arg(long, default_value = "auto")]
    pub device: Device,
}

impl Pretrained {
    /// The folder of this name or else, from the hub, the model with this id; without a name `MiniLM`. Before a file is fetched from
    /// the hub, `tell` hears of it.
    ///
    /// # Errors
    /// [`Error::Fetch`] and [`Error::Transformer`] for what cannot be had; [`Error::Setting`] for what is no folder, where the feature
    /// `hub` is missing.
    pub fn folder(
        &self,
        cache: &Cache,
        offline: bool,
        tell: impl Fn(String) + Send + Sync + 'static,
    ) -> Result<PathBuf, Error> {
        match &self.model {
            None => Ok(cache.fetch(&MINILM, offline)?),
            Some(model) if Path::new(model).is_dir() => Ok(model.into()),
            Some(model) => from_hub(model, offline, tell),
        }
    }
}

#[cfg(feature = "hub")]
fn from_hub(
    model: &str,
    offline: bool,
    tell: impl Fn(String) + Send + Sync + 'static,
) -> Result<PathBuf, Error> {
    let hub = steadfast_model::transformer::Hub::new().offline(offline);
    let hub = hub.observe(move |file, bytes| tell(format!("fetching {file} ({:.1} MB)", bytes as f64 / 1e6)));
    Ok(hub.fetch(model)?)
}

#[cfg(not(feature = "hub"))]
fn from_hub(
    model: &str,
    _offline: bool,
    _tell: impl Fn(String) + Send + Sync + 'static,
) -> Result<PathBuf, Error> {
    Err(Error::Setting {
        name: "--model",
        given: model.to_owned(),
        expected: "a folder with config.json, model.safetensors and tokenizer.json, or a program that is built with --features hub \
                   (cargo xtask run builds it so)"
            .to_owned(),
    })
}
