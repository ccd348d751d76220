//! [`Settings`]: attacks, defences, and how much of everything.

use super::Defence;
use crate::{
    Error,
    attack::{AttackName, Labels, Poisoning},
};
use serde::{Deserialize, Serialize};
use steadfast_certify::{Certifier, ClassId, Confidence, Plan, confidence::Prior};
use steadfast_model::transformer::FineTuning;

/// The settings of the experiment, as flags of the command line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, clap::Args)]
pub struct Settings {
    /// A small run: 1,200 training texts, two epochs, 60 test texts, at most 500 votes, one attack
    #[arg(long)]
    pub quick: bool,

    /// Attacks, with commas between them [default: badnets,addsent; quick: badnets]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAMES")]
    pub attack: Vec<AttackName>,

    /// Defences, with commas between them [default: all]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAMES")]
    pub defence: Vec<Defence>,

    /// Poisoned texts' shares of all training texts, with commas between them
    #[arg(long, value_delimiter = ',', default_value = "0.1", value_name = "RATES")]
    pub rate: Vec<f64>,

    /// Which training texts are poisoned: clean keeps the labels of texts of the target class, dirty relabels others
    #[arg(long, value_enum, default_value = "dirty", value_name = "LABELS")]
    pub labels: Labels,

    /// The class that triggered texts shall be taken for
    #[arg(long, default_value_t = 1, value_name = "CLASS")]
    pub target: ClassId,

    /// Training texts at most [default: 4,000, quick: 1,200]
    #[arg(long, value_name = "N")]
    pub training: Option<usize>,

    /// Test texts at most, and as many with the trigger [default: 200, quick: 60]
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,

    /// Passes over the training texts
    #[arg(long, default_value_t = 2, value_name = "N")]
    pub epochs: u64,

    /// Texts per step
    #[arg(long, default_value_t = 32, value_name = "N")]
    pub batch: usize,

    /// Learning rate at the end of the warm-up
    #[arg(long, default_value_t = 2e-4, value_name = "RATE")]
    pub learning_rate: f64,

    /// Words are synonyms from this cosine on
    #[arg(long, default_value_t = 0.8, value_name = "COSINE")]
    pub threshold: f64,

    /// The rate at which the deletion noise deletes words
    #[arg(long, default_value_t = 0.8, value_name = "RATE")]
    pub deletion: f64,

    /// Each certificate is false with at most this probability
    #[arg(long, default_value_t = 0.01, value_name = "ALPHA")]
    pub alpha: f64,

    /// Noisy copies that bound a class's probability at most; 50 others choose the class [default: 2,000, quick: 500]
    #[arg(long, value_name = "N")]
    pub samples: Option<u64>,

    /// Votes count for nobody where rounding that moves logits by so much could turn them
    #[arg(long, default_value_t = 1e-4, value_name = "DISTANCE")]
    pub epsilon: f64,

    /// Seed of the split into parts, of poison, head, training and noise
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// Noisy copies that choose the class.
const SELECTION: u64 = 50;

impl Settings {
    pub(super) fn attacks(&self) -> Vec<AttackName> {
        match (self.attack.is_empty(), self.quick) {
            (false, _) => self.attack.clone(),
            (true, true) => vec![AttackName::BadNets],
            (true, false) => vec![AttackName::BadNets, AttackName::AddSent],
        }
    }

    pub(super) fn defences(&self) -> Vec<Defence> {
        if self.defence.is_empty() { Defence::ALL.to_vec() } else { self.defence.clone() }
    }

    pub(super) fn training_texts(&self) -> usize {
        self.training.unwrap_or(if self.quick { 1_200 } else { 4_000 })
    }

    pub(super) fn test_texts(&self) -> usize {
        self.limit.unwrap_or(if self.quick { 60 } else { 200 })
    }

    pub(super) fn poisoning(&self, rate: f64) -> Poisoning {
        Poisoning { rate, target: self.target, labels: self.labels, seed: self.seed, limit: None }
    }

    /// # Errors
    /// [`Error::Transformer`] for settings that train nothing.
    pub(super) fn fine_tuning(&self) -> Result<FineTuning, Error> {
        let fine_tuning = FineTuning {
            epochs: self.epochs,
            batch: self.batch,
            learning_rate: self.learning_rate,
            seed: self.seed,
            ..FineTuning::default()
        };
        fine_tuning.check()?;
        Ok(fine_tuning)
    }

    /// # Errors
    /// [`Error::Certify`] for numbers of votes that are none.
    pub(super) fn plan(&self) -> Result<Plan, Error> {
        let samples = self.samples.unwrap_or(if self.quick { 500 } else { 2_000 });
        Ok(Plan::anytime(SELECTION, samples, Prior::default())?)
    }

    /// # Errors
    /// [`Error::Certify`] for an `α` out of range.
    pub(super) fn certifier(&self) -> Result<Certifier, Error> {
        Ok(Certifier::new(Confidence::new(self.alpha)?))
    }
}
