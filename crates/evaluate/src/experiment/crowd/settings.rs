//! [`Settings`]: attacks, defences, and how much of everything.

use super::Defence;
use crate::{
    Error,
    attack::{AttackName, Labels, Poisoning},
    experiment::Extent,
};
use serde::{Deserialize, Serialize};
use steadfast_model::transformer::FineTuning;

/// The settings of the experiment, as flags of the command line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, clap::Args)]
pub struct Settings {
    /// How much of everything.
    #[command(flatten)]
    #[serde(flatten)]
    pub extent: Extent,

    /// Attacks, with commas between them [default: badnets,addsent; quick: badnets]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAMES")]
    pub attack: Vec<AttackName>,

    /// Defences, with commas between them: none, uniform (SAFER), crowd, crowd-component@TEMPERATURE, deletion@RATE,
    /// textguard@GROUPS, bki, onion, strip, rap [default: those with a certificate, and none]
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    pub defence: Vec<Defence>,

    /// Adds the defences without a certificate: bki, onion (slow: some seconds per text), strip, rap
    #[arg(long)]
    pub baselines: bool,

    /// Poisoned texts' shares of all training texts, with commas between them [default: 0.1; as in the paper 0.01 for addsent, and as
    /// its authors need 0.1,0.2 for stylebkd]
    #[arg(long, value_delimiter = ',', value_name = "RATES")]
    pub rate: Vec<f64>,

    /// Which training texts are poisoned: clean keeps the labels of texts of the target class, dirty relabels others
    #[arg(long, value_enum, default_value = "dirty", value_name = "LABELS")]
    pub labels: Labels,

    /// Passes over the training texts
    #[arg(long, default_value_t = 2, value_name = "N")]
    pub epochs: u64,

    /// Texts per step
    #[arg(long, default_value_t = 16, value_name = "N")]
    pub batch: usize,

    /// Learning rate at the end of the warm-up
    #[arg(long, default_value_t = 2e-4, value_name = "RATE")]
    pub learning_rate: f64,

    /// What is not fine-tuned: nothing (0), the embedding (1), the embedding and the first N layers (1 + N) [default: 1, quick: 4]
    #[arg(long, value_name = "N")]
    pub frozen: Option<usize>,

    /// Words are synonyms from this cosine on (CROWD trains with 0.8 and evaluates with 0.7)
    #[arg(long, default_value_t = 0.7, value_name = "COSINE")]
    pub threshold: f64,
}

impl Settings {
    pub(super) fn attacks(&self) -> Vec<AttackName> {
        match (self.attack.is_empty(), self.extent.quick) {
            (false, _) => self.attack.clone(),
            (true, true) => vec![AttackName::BadNets],
            (true, false) => vec![AttackName::BadNets, AttackName::AddSent],
        }
    }

    /// The rates at which an attack is tried.
    pub(super) fn rates(&self, attack: AttackName) -> Vec<f64> {
        match (self.rate.is_empty(), attack) {
            (false, _) => self.rate.clone(),
            (true, AttackName::AddSent) => vec![0.01],
            (true, AttackName::StyleBkd) => vec![0.1, 0.2],
            (true, _) => vec![0.1],
        }
    }

    pub(super) fn defences(&self) -> Vec<Defence> {
        let component = |temperature| Defence::CrowdComponent { temperature };
        let guard = |groups| Defence::TextGuard { groups };
        let mut defences = if self.defence.is_empty() {
            let mut all = vec![Defence::None, Defence::Uniform, Defence::Crowd, component(1.0)];
            all.extend(self.extent.paper.then(|| component(0.1)));
            all.extend([Defence::Deletion { rate: 0.8 }, guard(3)]);
            all.extend([5, 9].map(guard).into_iter().filter(|_| self.extent.paper));
            all
        } else {
            self.defence.clone()
        };
        if self.baselines || (self.extent.paper && self.defence.is_empty()) {
            defences.extend(Defence::EMPIRICAL);
        }
        defences
    }

    /// The defences with noise. With CROWD's law comes the uniform one, on which its published certificate rests.
    pub(super) fn noisy_defences(&self) -> Vec<Defence> {
        let mut defences = self.defences();
        if defences.contains(&Defence::Crowd) && !defences.contains(&Defence::Uniform) {
            defences.push(Defence::Uniform);
        }
        defences
    }

    pub(super) fn poisoning(&self, rate: f64, seed: u64) -> Poisoning {
        Poisoning { rate, target: self.extent.target, labels: self.labels, seed, limit: None }
    }

    /// # Errors
    /// [`Error::Transformer`] for settings that train nothing.
    pub(super) fn fine_tuning(&self, seed: u64) -> Result<FineTuning, Error> {
        let fine_tuning = FineTuning::default()
            .epochs(self.epochs)
            .batch(self.batch)
            .learning_rate(self.learning_rate)
            .frozen(self.extent.sized(self.frozen, [4, 1, 1]))
            .seed(seed);
        fine_tuning.check()?;
        Ok(fine_tuning)
    }
}
