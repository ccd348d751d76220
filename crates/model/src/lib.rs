//! Base classifiers for certified robustness.
//!
//! - [`ensemble`]: many small learners, each trained on its own noisy copy of a small training set, voting on every test
//!   input. Smoothing over *training and* test data, in pure Rust.
#![forbid(unsafe_code)]
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

pub mod ensemble;
