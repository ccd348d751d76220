//! Pretrained encoders of the BERT and `RoBERTa` families on libtorch.
//!
//! A model directory in the Hugging Face layout (`config.json`, `model.safetensors`, `tokenizer.json`) is read into
//!
//! - [`SequenceClassifier`]: token ids → logits of classes, and hidden states;
//! - [`MaskedLanguageModel`]: token ids → logits over the vocabulary;
//! - [`Subwords`]: words → token ids.
//!
//! Errors of libtorch arrive as [`Error`]; nothing here panics on them.

mod batch;
mod config;
mod directory;
mod dropout;
mod encoder;
mod error;
mod masked_language_model;
mod parameters;
mod sequence_classifier;
mod subwords;
mod weights;

pub use batch::Batch;
pub(crate) use batch::halving;
pub use config::{Activation, Config, Family};
pub use directory::Precision;
pub use error::Error;
pub use masked_language_model::MaskedLanguageModel;
pub use parameters::{Parameter, Parameters};
pub use sequence_classifier::{Output, SequenceClassifier};
pub use subwords::Subwords;
