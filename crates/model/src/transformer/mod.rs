//! Pretrained encoders of the BERT and `RoBERTa` families on libtorch.
//!
//! A model directory in the Hugging Face layout (`config.json`, `model.safetensors`, `tokenizer.json`) is read into
//!
//! - [`SequenceClassifier`]: token ids → logits of classes, and hidden states;
//! - [`MaskedLanguageModel`]: token ids → logits over the vocabulary;
//! - [`Subwords`]: words → token ids;
//! - [`TextClassifier`]: classifier and tokenizer together, words → class, the base classifier of smoothing.
//!
//! `Hub` (feature `hub`) fetches such a directory by the model's id on the Hugging Face hub.
//!
//! [`fine_tune`] trains every [`Trainable`] model, such as the first two, and [`ParameterSmoothing`] adds noise to weights.
//!
//! Errors of libtorch become [`Error`]s; nothing here panics on them.

mod batch;
mod config;
mod directory;
mod dropout;
mod encoder;
mod error;
mod fine_tuning;
#[cfg(feature = "hub")]
mod hub;
mod inference;
mod masked_language_model;
mod parameter_smoothing;
mod parameters;
mod sequence_classifier;
mod subwords;
mod text_classifier;
mod unbounded;
mod weights;

pub use batch::Batch;
pub(crate) use batch::halving;
pub use config::{Activation, Config, Family};
pub use directory::Precision;
pub use error::Error;
pub use fine_tuning::{
    Epoch, Example, FineTuning, MaskedText, Masking, Progress, Trainable, Tuned, fine_tune,
};
#[cfg(feature = "hub")]
pub use hub::Hub;
pub use masked_language_model::MaskedLanguageModel;
pub use parameter_smoothing::ParameterSmoothing;
pub use parameters::{Parameter, Parameters};
pub use sequence_classifier::{Output, SequenceClassifier};
pub use subwords::Subwords;
pub use text_classifier::TextClassifier;
