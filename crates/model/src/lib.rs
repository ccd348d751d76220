//! Base classifiers for certified robustness.
//!
//! - [`ensemble`]: many small models, each trained on its own noisy copy of a small training set, vote on every test input.
//!   Smoothing over *training and* test data, in pure Rust.
//! - `transformer` (feature `torch`): pretrained encoders of the BERT and `RoBERTa` families on libtorch, fine-tuned,
//!   smoothed, saved.
//! - `device` (feature `torch`): the processor; CUDA libraries are opened at run time.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `torch` | transformers, and ensembles, on libtorch 2.11.0, which has to be there when programs are linked |
//! | `hub` | `torch`, and models by their Hugging Face hub id |
#![deny(unsafe_code)]
#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::print_stdout,
        clippy::print_stderr
    )
)]

#[cfg(feature = "torch")]
pub mod device;
pub mod ensemble;
#[cfg(feature = "torch")]
pub mod transformer;

/// Methods that set one field each. Settings may grow, so other crates cannot write them as literals.
macro_rules! setters {
    ($($(#[$doc:meta])* $field:ident: $type:ty),* $(,)?) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $field(mut self, $field: $type) -> Self {
            self.$field = $field;
            self
        }
    )*};
}
use setters;

pub use steadfast_certify as certify;
#[cfg(feature = "torch")]
pub use steadfast_perturb as perturb;
/// The bindings of libtorch, in the one version that this crate is built with: its `Tensor`, `Device` and `Kind` are those
/// in this crate's functions. A package that names no version of `tch` itself cannot have another one.
#[cfg(feature = "torch")]
pub use tch;
