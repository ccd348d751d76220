//! Ensembles trained on noise: randomized smoothing over the training set *and* the test input (Wang et al. 2020, Section 3).
//!
//! The smoothed function maps training features, training labels and test features to a class. One sample of its noise is
//! one model: noise is added to features and labels of the training set, a learner is trained on them, and its answer to
//! the noisy test input is one vote. The votes bound the class's probability, and with it how many training pixels, training labels
//! and test pixels *together* an attacker may change.
//!
//! One model votes on all test inputs, and flips the same bits of each: *one* flip mask. Each input's votes are still independent across
//! models, which is all that its certificate needs, and Bonferroni over inputs needs no independence between them. It saves
//! almost all noise bits, and the test matrix stays fixed: `(x ⊕ γ)·w = x·((1 − 2γ) ∘ w) + γ·w`. Spreads over inputs are
//! correlated, so no error bar may treat inputs as independent. The identity is computed on integers, so that an answer
//! depends on the noisy input alone.
//!
//! - [`TrainingSet`]: bits with labels; test inputs are a [`BitMatrix`].
//! - [`EnsembleNoise`]: the noise, its law, and the threat to each test input.
//! - [`BaseLearner`]: the learner; [`TwoLayerNet`], [`NearestCentroid`], or your own. With the feature `torch` also
//!   `TorchTwoLayerNet`, the same network on libtorch, on the CPU or a CUDA device.
//! - [`Ensemble`]: the loop from models to votes, in shards that add up.

mod bit_matrix;
mod centroid;
mod gradient;
mod learner;
mod noise;
mod run;
mod sparse;
#[cfg(feature = "torch")]
mod torch;
mod training_set;
mod two_layer;

pub use bit_matrix::BitMatrix;
pub use centroid::NearestCentroid;
pub use learner::{BaseLearner, NoisyBatch, NoisyCopy};
pub use noise::EnsembleNoise;
pub use run::{Ensemble, EnsembleProgress, Error};
#[cfg(feature = "torch")]
pub use torch::TorchTwoLayerNet;
pub use training_set::TrainingSet;
pub use two_layer::{TwoLayerNet, TwoLayerSettings};
