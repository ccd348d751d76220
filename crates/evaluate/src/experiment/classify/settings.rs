//! [`Settings`]: how the encoder is fine-tuned.

use crate::Error;
use serde::{Deserialize, Serialize};
use steadfast_model::transformer::FineTuning;

/// The settings of the experiment, as flags of the command line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, clap::Args)]
pub struct Settings {
    /// A small run: 2,000 training texts, one epoch
    #[arg(long)]
    pub quick: bool,

    /// Training texts, and half as many test texts, at most; with --load, test texts [default: all]
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,

    /// Passes over the training texts [default: 3, quick: 1]
    #[arg(long, value_name = "N")]
    pub epochs: Option<u64>,

    /// Texts per step
    #[arg(long, default_value_t = 32, value_name = "N")]
    pub batch: usize,

    /// Learning rate at the end of the warm-up
    #[arg(long, default_value_t = 2e-4, value_name = "RATE")]
    pub learning_rate: f64,

    /// Frozen: 0 nothing, 1 the embedding, 2 the first layer too, and so on
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub frozen: usize,

    /// Seed of the split into parts, the new head, the order of texts and dropout
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

impl Settings {
    /// Training texts at most.
    pub(super) fn training_texts(&self) -> usize {
        self.limit.unwrap_or(if self.quick { 2_000 } else { usize::MAX })
    }

    /// Test texts at most.
    pub(super) fn test_texts(&self) -> usize {
        self.limit.map_or(usize::MAX, |limit| limit.div_ceil(2))
    }

    /// The settings of the model's training, checked.
    ///
    /// # Errors
    /// [`Error::Transformer`] for settings that train nothing.
    pub(super) fn fine_tuning(&self) -> Result<FineTuning, Error> {
        let fine_tuning = FineTuning::default()
            .epochs(self.epochs.unwrap_or(if self.quick { 1 } else { 3 }))
            .batch(self.batch)
            .learning_rate(self.learning_rate)
            .frozen(self.frozen)
            .seed(self.seed);
        fine_tuning.check()?;
        Ok(fine_tuning)
    }
}
