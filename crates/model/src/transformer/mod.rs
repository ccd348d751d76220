//! Pretrained encoders of the BERT and `RoBERTa` families on libtorch.

mod error;

pub use error::Error;
