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
#[expect(clippy::struct_excessive_bools, reason = "flags")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, clap::Args)]
pub struct Settings {
    /// A small run: one attack, 1,200 training texts, 40 test texts, at most 300 votes, three layers fine-tuned
    #[arg(long, conflicts_with = "paper")]
    pub quick: bool,

    /// A large run, for a GPU: all texts, five seeds, all defences
    #[arg(long)]
    pub paper: bool,

    /// Attacks, with commas between them [default: badnets,addsent; quick: badnets]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAMES")]
    pub attack: Vec<AttackName>,

    /// Defences, with commas between them: none, uniform (SAFER), crowd, crowd-component@TEMPERATURE, deletion@RATE,
    /// textguard@GROUPS, bki, onion, strip, rap [default: those with a certificate, and none]
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    pub defence: Vec<Defence>,

    /// Adds the defences without a certificate: bki, onion, strip, rap
    #[arg(long)]
    pub baselines: bool,

    /// Poisoned texts' shares of all training texts, with commas between them [default: 0.1; as in the paper 0.01 for addsent, and as
    /// its authors need 0.1,0.2 for stylebkd]
    #[arg(long, value_delimiter = ',', value_name = "RATES")]
    pub rate: Vec<f64>,

    /// Which training texts are poisoned: clean keeps the labels of texts of the target class, dirty relabels others
    #[arg(long, value_enum, default_value = "dirty", value_name = "LABELS")]
    pub labels: Labels,

    /// The class that triggered texts shall be taken for
    #[arg(long, default_value_t = 1, value_name = "CLASS")]
    pub target: ClassId,

    /// Training texts at most [default: 2,000, quick: 1,200, paper: all]
    #[arg(long, value_name = "N")]
    pub training: Option<usize>,

    /// Test texts at most, and as many with the trigger [default: 100, quick: 40, paper: 1,000]
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,

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

    /// Each certificate is false with at most this probability
    #[arg(long, default_value_t = 0.01, value_name = "ALPHA")]
    pub alpha: f64,

    /// Certificates of all texts of a defence hold together, but for the probability --alpha
    #[arg(long)]
    pub simultaneous: bool,

    /// Noisy copies that bound a class's probability at most; 50 others choose the class [default: 1,000, quick: 300,
    /// paper: 2,000]
    #[arg(long, value_name = "N")]
    pub samples: Option<u64>,

    /// Always counts all votes, as CROWD does, instead of those that settle the radius
    #[arg(long)]
    pub fixed: bool,

    /// Votes count for nobody where rounding that moves logits by so much could turn them
    #[arg(long, default_value_t = 1e-4, value_name = "DISTANCE")]
    pub epsilon: f64,

    /// Seed of the split into parts, of poison, head, training and noise
    #[arg(long, default_value_t = 1)]
    pub seed: u64,

    /// Runs with seeds --seed, --seed + 1, … on the same split: other poison, head, training and noise [default: 1, paper: 5]
    #[arg(long, value_name = "N")]
    pub repeats: Option<u64>,
}

/// Noisy copies that choose the class.
const SELECTION: u64 = 50;

impl Settings {
    /// The given number, or the one of the size of the run.
    fn sized<T>(&self, given: Option<T>, [quick, usual, paper]: [T; 3]) -> T {
        given.unwrap_or(match (self.quick, self.paper) {
            (true, _) => quick,
            (_, true) => paper,
            _ => usual,
        })
    }

    pub(super) fn attacks(&self) -> Vec<AttackName> {
        match (self.attack.is_empty(), self.quick) {
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
            all.extend(self.paper.then(|| component(0.1)));
            all.extend([Defence::Deletion { rate: 0.8 }, guard(3)]);
            all.extend([5, 9].map(guard).into_iter().filter(|_| self.paper));
            all
        } else {
            self.defence.clone()
        };
        if self.baselines || (self.paper && self.defence.is_empty()) {
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

    pub(super) fn training_texts(&self) -> usize {
        self.sized(self.training, [1_200, 2_000, usize::MAX])
    }

    pub(super) fn test_texts(&self) -> usize {
        self.sized(self.limit, [40, 100, 1_000])
    }

    pub(super) fn seeds(&self) -> impl Iterator<Item = u64> + use<> {
        let first = self.seed;
        (0..self.sized(self.repeats, [1, 1, 5])).map(move |number| first.wrapping_add(number))
    }

    pub(super) fn poisoning(&self, rate: f64, seed: u64) -> Poisoning {
        Poisoning { rate, target: self.target, labels: self.labels, seed, limit: None }
    }

    /// # Errors
    /// [`Error::Transformer`] for settings that train nothing.
    pub(super) fn fine_tuning(&self, seed: u64) -> Result<FineTuning, Error> {
        let fine_tuning = FineTuning {
            epochs: self.epochs,
            batch: self.batch,
            learning_rate: self.learning_rate,
            frozen: self.sized(self.frozen, [4, 1, 1]),
            seed,
            ..FineTuning::default()
        };
        fine_tuning.check()?;
        Ok(fine_tuning)
    }

    /// # Errors
    /// [`Error::Certify`] for numbers of votes that are none.
    pub(super) fn plan(&self) -> Result<Plan, Error> {
        let samples = self.sized(self.samples, [300, 1_000, 2_000]);
        Ok(if self.fixed {
            Plan::fixed(SELECTION, samples)?
        } else {
            Plan::anytime(SELECTION, samples, Prior::default())?
        })
    }

    /// The certifier of each of so many texts.
    ///
    /// # Errors
    /// [`Error::Certify`] for an `α` out of range.
    pub(super) fn certifier(&self, texts: usize) -> Result<Certifier, Error> {
        let confidence = Confidence::new(self.alpha)?;
        let all = if self.simultaneous { texts as u64 } else { 1 };
        Ok(Certifier::new(confidence.shared_by(all.max(1))))
    }
}
