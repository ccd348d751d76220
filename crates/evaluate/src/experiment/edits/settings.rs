//! [`Settings`]: the two noises, and how they are sampled.

use serde::{Deserialize, Serialize};

/// The settings of the experiment, as flags of the command line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, clap::Args)]
pub struct Settings {
    /// Test texts
    #[arg(long, default_value_t = 500, value_name = "N")]
    pub limit: usize,

    /// Seed of the split into training and test texts, and of the noise
    #[arg(long, default_value_t = 1)]
    pub seed: u64,

    /// Each certificate is false with at most this probability
    #[arg(long, default_value_t = 0.001, value_name = "ALPHA")]
    pub alpha: f64,

    /// Noisy copies that bound a class's probability; a tenth as many others choose the class
    #[arg(long, default_value_t = 2_000, value_name = "N")]
    pub samples: u64,

    /// Deletion rate of every word, for the uniform noise
    #[arg(long, default_value_t = 0.9, value_name = "RATE")]
    pub rate: f64,

    /// Words of the signal vocabulary, the most telling ones of the training texts
    #[arg(long, default_value_t = 2_000, value_name = "N")]
    pub signal: usize,

    /// Deletion rate of the signal vocabulary
    #[arg(long, default_value_t = 0.1, value_name = "RATE")]
    pub signal_rate: f64,

    /// Deletion rate of all other words
    #[arg(long, default_value_t = 0.98, value_name = "RATE")]
    pub other_rate: f64,
}
