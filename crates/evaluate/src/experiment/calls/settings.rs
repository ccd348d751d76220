//! [`Settings`]: what is certified, and with how many samples.

use serde::{Deserialize, Serialize};

/// The settings of the comparison, as flags of the command line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, clap::Args)]
pub struct Settings {
    /// Texts per range of lengths
    #[arg(long, default_value_t = 60, value_name = "N")]
    pub limit: usize,

    /// Seed of the split into training and test texts, and of the noise
    #[arg(long, default_value_t = 1)]
    pub seed: u64,

    /// Each certificate is false with at most this probability
    #[arg(long, default_value_t = 0.001, value_name = "ALPHA")]
    pub alpha: f64,

    /// Deletion rates, with commas between them
    #[arg(long, default_values_t = [0.5, 0.7, 0.8, 0.9, 0.95], value_delimiter = ',', value_name = "RATES")]
    pub rates: Vec<f64>,

    /// Numbers of samples of the fixed plans, with commas between them
    #[arg(long, default_values_t = [1_000, 2_000, 10_000], value_delimiter = ',', value_name = "SAMPLES")]
    pub fixed: Vec<u64>,

    /// The early plans may go on to this many times the fixed number
    #[arg(long, default_value_t = 2.5, value_name = "FACTOR")]
    pub reserve: f64,

    /// Give up once the plan would fail even with the votes that the class could have at best, at this level
    #[arg(long, default_value_t = 0.03, value_name = "LEVEL")]
    pub optimism: f64,

    /// Samples between two looks at the result
    #[arg(long, default_value_t = 16, value_name = "N")]
    pub batch: usize,

    /// Enumerate up to this many noisy copies that keep few words
    #[arg(long, default_value_t = 40, value_name = "N")]
    pub enumerate: usize,
}

/// Ranges of text lengths, in words.
pub(super) const LENGTHS: [(usize, usize); 4] = [(5, 9), (10, 19), (20, 34), (35, 60)];

impl Settings {
    /// The number of edits that is to be certified at a deletion rate: one, or none where not even unanimous votes could
    /// certify one.
    #[must_use]
    pub fn radius(rate: f64) -> u32 {
        u32::from(rate > 0.5)
    }
}
