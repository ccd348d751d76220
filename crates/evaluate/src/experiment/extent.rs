//! [`Extent`]: how much of everything, how sure, and from which seed: the same flags for every experiment with an encoder.

use crate::{
    Error,
    baseline::setting,
    data::{TextTask, texts::LabelledText},
};
use serde::{Deserialize, Serialize};
use steadfast_certify::{Certifier, ClassId, Confidence, Plan, Tolerance, confidence::Prior};

/// How large a run is, and how sure its certificates are.
#[expect(clippy::struct_excessive_bools, reason = "flags")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, clap::Args)]
pub struct Extent {
    /// A small run: one attack, 1,200 training texts, 40 test texts, at most 300 votes
    #[arg(long, conflicts_with = "paper")]
    pub quick: bool,

    /// A large run, for a GPU: all texts, five seeds, all defences
    #[arg(long)]
    pub paper: bool,

    /// The class that triggered texts shall be taken for
    #[arg(long, default_value_t = 1, value_name = "CLASS")]
    pub target: ClassId,

    /// Training texts at most [default: 2,000, frs and quick: 1,200, paper: all]
    #[arg(long, value_name = "N")]
    pub training: Option<usize>,

    /// Test texts at most, and as many with the trigger; frs tries backdoors without a defence on ten times as many [default: 100,
    /// frs: 60, quick: 40, paper: 1,000]
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,

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

    /// Seed of the split into parts, of attack, head, training and noise
    #[arg(long, default_value_t = 1)]
    pub seed: u64,

    /// Runs with seeds --seed, --seed + 1, … on the same split: other attack, head, training and noise [default: 1, paper: 5]
    #[arg(long, value_name = "N")]
    pub repeats: Option<u64>,
}

/// So many of the texts, or all.
fn first(texts: &[LabelledText], count: usize) -> Vec<LabelledText> {
    texts.get(..count).unwrap_or(texts).to_vec()
}

/// Noisy copies that choose the class.
const SELECTION: u64 = 50;

impl Extent {
    /// The given number, or the one of the size of the run.
    pub(super) fn sized<T>(&self, given: Option<T>, [quick, usual, paper]: [T; 3]) -> T {
        given.unwrap_or(match (self.quick, self.paper) {
            (true, _) => quick,
            (_, true) => paper,
            _ => usual,
        })
    }

    /// How many texts are trained on; `usual` ones in a run that is neither quick nor large.
    pub(super) fn training_texts(&self, usual: usize) -> usize {
        self.sized(self.training, [1_200, usual, usize::MAX])
    }

    /// How many texts are certified.
    pub(super) fn test_texts(&self, usual: usize) -> usize {
        self.sized(self.limit, [40, usual, 1_000])
    }

    pub(super) fn seeds(&self) -> impl Iterator<Item = u64> + use<> {
        let first = self.seed;
        (0..self.sized(self.repeats, [1, 1, 5])).map(move |number| first.wrapping_add(number))
    }

    /// The task with so many training texts, and a fifth of them for development.
    pub(super) fn part(&self, task: &TextTask, usual: usize) -> TextTask {
        let count = self.training_texts(usual);
        TextTask {
            training: first(&task.training, count),
            development: first(&task.development, count / 5),
            test: task.test.clone(),
        }
    }

    /// The seeds, for people.
    pub(super) fn seed_names(&self) -> String {
        let seeds: Vec<String> = self.seeds().map(|seed| seed.to_string()).collect();
        format!("{} {}", if seeds.len() == 1 { "seed" } else { "seeds" }, seeds.join(", "))
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

    /// Refuses what could certify nothing of so many texts, before anything is trained: not even if all votes were for one of so many
    /// classes.
    ///
    /// # Errors
    /// [`Error::Setting`] or [`Error::Certify`] with the first thing that is refused.
    pub(super) fn check(&self, plan: &Plan, classes: usize, texts: usize) -> Result<(), Error> {
        let least = [
            (
                "--training",
                self.training.map(|count| count as u64),
                5,
                "training texts, a fifth of them for development",
            ),
            ("--limit", self.limit.map(|count| count as u64), 1, "test text"),
            ("--repeats", self.repeats, 1, "run"),
        ];
        for (name, given, least, what) in least {
            if let Some(given) = given.filter(|given| *given < least) {
                return Err(setting(name, &given, format!("at least {least} {what}")));
            }
        }
        Tolerance::new(self.epsilon)?;
        let certifier = self.certifier(texts)?;
        Ok(certifier.check(plan, classes)?)
    }

    /// The confidence of each of so many certificates.
    ///
    /// # Errors
    /// [`Error::Certify`] for an `α` out of range.
    pub(super) fn confidence(&self, texts: usize) -> Result<Confidence, Error> {
        let all = if self.simultaneous { texts as u64 } else { 1 };
        Ok(Confidence::alpha(self.alpha)?.shared_by(all.max(1)))
    }

    /// The certifier of each of so many texts.
    ///
    /// # Errors
    /// As [`Self::confidence`].
    pub(super) fn certifier(&self, texts: usize) -> Result<Certifier, Error> {
        Ok(Certifier::new(self.confidence(texts)?))
    }

    /// What certificates of several texts hold with, for people.
    pub(super) fn reservation(&self) -> String {
        let which = if self.simultaneous { "all certificates hold" } else { "each certificate holds" };
        format!("{which} with probability {} or more", 1.0 - self.alpha)
    }
}
