//! Data sets, experiments, tables and plots for the steadfast examples.
//!
//! - [`attack`]: backdoor triggers in texts, data poisoned with them, and backdoors in the weights of an encoder.
//! - [`baseline`]: what certificates are compared with: a simple classifier, and defences that others proposed.
//! - [`data`]: data sets from the cache or from a folder of one's own, checked as they are read.
//! - [`experiment`]: what the examples run: settings, runs that can be resumed, results.
//! - [`metrics`]: accuracy, what a backdoor does, certified accuracy: shares with confidence intervals.
//! - [`report`]: tables for a terminal or a log, plots as SVG and PNG, files that are whole or not there.
//!
//! A user of the certificates needs none of this; the examples do.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `torch` | the experiments `classify`, `crowd` and `frs`, encoders, backdoors in weights (`attack::weights`), the baselines that ask encoders |
//! | `hub` | `torch`, and models by their Hugging Face hub id |
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

pub mod attack;
pub mod baseline;
pub mod data;
mod error;
pub mod experiment;
mod failure;
pub mod metrics;
pub mod report;

pub use error::{Error, FileProblem};
pub use failure::Failure;
