//! Words and what they may be replaced by.
//!
//! - [`Vectors`]: words with a vector each, from `GloVe`, word2vec or a cache.

mod binary;
mod cache;
mod input;
mod json;
mod text;
mod vectors;
mod words;

pub use vectors::Vectors;
