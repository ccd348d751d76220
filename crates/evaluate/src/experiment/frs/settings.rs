//! [`Settings`]: attacks, defences, and how much of everything.

use super::{Backdoor, Defence, vocabulary};
use crate::{Error, attack::Paraphrases, experiment::Extent};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use steadfast_certify::{EditKind, Law, Plan, Rate};
use steadfast_fuzz::{Fuzzer, Randomisation, Rates, Settings as Search};
use steadfast_model::transformer::{FineTuning, ParameterSmoothing};
use steadfast_perturb::{Deletion, Lexicon, MutationWeights, Partition, SegmentMutation, WordList};

/// The settings of the experiment, as flags of the command line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, clap::Args)]
pub struct Settings {
    /// How much of everything.
    #[command(flatten)]
    #[serde(flatten)]
    pub extent: Extent,

    /// Backdoors in the pretrained encoder, with commas between them: none, ripple, lwp, badpre, or a trigger in texts that it is
    /// trained on, such as badnets, negation, sentiment, degree, reordering, segments [default: lwp,ripple,badpre; quick: lwp]
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    pub attack: Vec<Backdoor>,

    /// Defences, with commas between them: none, voters, fuzzing, frs, frs-training, frs-inference, signal, signal-linear, signal-seen,
    /// around@RATE, deletion@RATE, textguard@GROUPS [default: none, voters, fuzzing, frs, signal, signal-seen, around, deletion, and, but
    /// for --quick, textguard]
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    pub defence: Vec<Defence>,

    /// Further triggers in each test text, beside the one that the backdoor needs: decoys for a search
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub decoys: usize,

    /// Passes of the attacker over his texts: as many texts as the victim has (badpre: four times as many)
    #[arg(long, default_value_t = 2, value_name = "N")]
    pub planting_epochs: u64,

    /// Learning rate of the attacker: a larger one plants deeper, and may cost the victim accuracy [default: 2e-4, badpre: 1e-4]
    #[arg(long, value_name = "RATE")]
    pub planting_learning_rate: Option<f64>,

    /// Trigger words of ripple, lwp and badpre, with commas between them, each one token of the model [default: those of the papers]
    #[arg(long, value_delimiter = ',', value_name = "WORDS")]
    pub triggers: Vec<String>,

    /// Weight of the penalty of ripple
    #[arg(long, default_value_t = 0.1, value_name = "LAMBDA")]
    pub lambda: f64,

    /// Passes of the victim over the training texts (under deletion@RATE and around@RATE: three times as many)
    #[arg(long, default_value_t = 2, value_name = "N")]
    pub epochs: u64,

    /// Texts per step
    #[arg(long, default_value_t = 16, value_name = "N")]
    pub batch: usize,

    /// Learning rate at the end of the warm-up
    #[arg(long, default_value_t = 2e-4, value_name = "RATE")]
    pub learning_rate: f64,

    /// What the victim does not fine-tune: nothing (0), the embedding (1), the embedding and the first N layers (1 + N)
    /// [default: 0, quick: 1]
    #[arg(long, value_name = "N")]
    pub frozen: Option<usize>,

    /// Steps of the tree search on each text
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub budget: u32,

    /// Rate at which words are randomised, over the whole text
    #[arg(long, default_value_t = 0.2, value_name = "RATE")]
    pub overall: f64,

    /// Rate at which words of the area found by the search are randomised; less where it is too large for the overall rate
    #[arg(long, default_value_t = 0.9, value_name = "RATE")]
    pub area: f64,

    /// Kinds of edits by which texts are searched and randomised, with commas between them
    #[arg(
        long,
        value_delimiter = ',',
        value_parser = edit_kind,
        default_value = "deletion,insertion,substitution,transposition",
        value_name = "KINDS"
    )]
    pub edits: Vec<EditKind>,

    /// Voters, with commas between several numbers to try [default: 20]
    #[arg(long, value_delimiter = ',', default_value = "20", value_name = "NUMBERS")]
    pub voters: Vec<u64>,

    /// Standard deviation of the noise on weights, with commas between several to try
    #[arg(long, value_delimiter = ',', default_value = "0.01", value_name = "NUMBERS")]
    pub deviation: Vec<f64>,

    /// Layers with noise on their weights, from the output
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub layers: usize,

    /// Norm of all weights together from which on they are scaled down [default: never]
    #[arg(long, value_name = "NORM")]
    pub norm: Option<f64>,

    /// The signal vocabulary and its rates are those under which naive Bayes withstands so many inserted words on most development texts
    #[arg(long, default_value_t = 20, value_name = "WORDS")]
    pub radius: u32,

    /// Words of the signal vocabulary, but for signal-seen, which has all [default: as many as do best, by the same measure]
    #[arg(long, value_name = "N")]
    pub words: Option<usize>,

    /// Training texts that are searched for the signal vocabulary [default: all, quick: 300]
    #[arg(long, value_name = "N")]
    pub searched: Option<usize>,

    /// Test texts of deletion around FRS, which asks often and one text at a time [default: 4, quick: 2, paper: 200]
    #[arg(long, value_name = "N")]
    pub around_limit: Option<usize>,

    /// Noisy copies that bound a class's probability in deletion around FRS at most [default: 100, quick: 50, paper: 1,000]
    #[arg(long, value_name = "N")]
    pub around_samples: Option<u64>,

    /// Voters of deletion around FRS
    #[arg(long, default_value_t = 5, value_name = "N")]
    pub around_voters: u64,
}

/// The kind of edits of this name.
fn edit_kind(name: &str) -> Result<EditKind, String> {
    let named = EditKind::ALL.into_iter().find(|kind| kind.to_string() == name);
    named.ok_or_else(|| "expected deletion, insertion, substitution or transposition".to_owned())
}

/// What is named twice is done once.
fn each_once<T: Copy + PartialEq>(all: &[T]) -> Vec<T> {
    let new = |(place, one): (usize, &T)| (!all.iter().take(place).any(|other| other == one)).then_some(*one);
    all.iter().enumerate().filter_map(new).collect()
}

impl Settings {
    /// Refuses what could not be set up, before anything is trained.
    ///
    /// # Errors
    /// [`Error::Transformer`], [`Error::Fuzz`], [`Error::Perturb`] or [`Error::Certify`] with the first thing that is refused;
    /// [`Error::Setting`] without voters.
    pub(super) fn check(
        &self,
        lexicon: &Arc<Lexicon>,
        paraphrases: Option<&Paraphrases>,
        classes: usize,
    ) -> Result<(), Error> {
        if self.extent.target >= classes {
            return Err(Error::Setting {
                name: "--target",
                given: self.extent.target.to_string(),
                expected: format!("a class of the {classes} from 0"),
            });
        }
        if !(self.lambda >= 0.0 && self.lambda.is_finite()) {
            return Err(Error::Setting {
                name: "--lambda",
                given: self.lambda.to_string(),
                expected: "a number from 0".to_owned(),
            });
        }
        for attack in self.attacks() {
            if let Some(attack) = attack.attack(self, paraphrases, 0)? {
                drop(attack.trigger()?);
            }
        }
        if self.words == Some(0) {
            return Err(Error::Setting {
                name: "--words",
                given: "0".to_owned(),
                expected: "one word at least".to_owned(),
            });
        }
        self.randomisation(0)?;
        self.extent.check(&[self.extent.plan()?, self.around_plan()?], classes)?;
        if vocabulary::needed(self.radius, vocabulary::most()) >= 1.0 {
            return Err(Error::Setting {
                name: "--radius",
                given: self.radius.to_string(),
                expected: format!(
                    "fewer inserted words: all others are deleted at {} at most",
                    vocabulary::most()
                ),
            });
        }
        if self.norm.is_some_and(|norm| !norm.is_finite()) {
            return Err(Error::Setting {
                name: "--norm",
                given: format!("{:?}", self.norm),
                expected: "a number; without the flag weights are never scaled down".to_owned(),
            });
        }
        for deviation in &self.deviation {
            self.fine_tuning(0, Some(self.smoothing(*deviation)))?;
        }
        if self.voters.is_empty() || self.voters.contains(&0) || self.around_voters == 0 {
            return Err(Error::Setting {
                name: "--voters",
                given: format!("{:?}, and {} for around", self.voters, self.around_voters),
                expected: "one voter at least".to_owned(),
            });
        }
        if self.deviation.is_empty() {
            return Err(Error::Setting {
                name: "--deviation",
                given: "none".to_owned(),
                expected: "a positive number".to_owned(),
            });
        }
        for defence in self.defences() {
            match defence {
                Defence::Deletion { rate } | Defence::Around { rate } => {
                    drop(Deletion::uniform(Arc::clone(lexicon), Rate::new(rate)?)?);
                }
                Defence::TextGuard { groups } => drop(Partition::new(Arc::clone(lexicon), groups)?),
                _ => {}
            }
        }
        drop(SegmentMutation::new(MutationWeights::only(&self.edits), WordList::new(Vec::new()))?);
        let budget = Search { budget: self.budget, ..Search::default() };
        drop(Fuzzer::new(
            Arc::clone(lexicon),
            Deletion::uniform(Arc::clone(lexicon), Rate::new(0.5)?)?,
            budget,
        )?);
        Ok(())
    }

    pub(super) fn attacks(&self) -> Vec<Backdoor> {
        match (self.attack.is_empty(), self.extent.quick) {
            (false, _) => each_once(&self.attack),
            (true, true) => vec![Backdoor::LayerWise],
            (true, false) => vec![Backdoor::LayerWise, Backdoor::Ripple, Backdoor::BadPre],
        }
    }

    pub(super) fn defences(&self) -> Vec<Defence> {
        if !self.defence.is_empty() {
            return each_once(&self.defence);
        }
        let mut all = vec![Defence::None, Defence::Voters, Defence::Fuzzing, Defence::Frs];
        all.extend([Defence::FrsTraining, Defence::FrsInference].into_iter().filter(|_| self.extent.paper));
        all.extend([Defence::Signal, Defence::SignalSeen]);
        all.extend(self.extent.paper.then_some(Defence::SignalLinear));
        all.extend([Defence::Around { rate: 0.8 }, Defence::Deletion { rate: 0.8 }]);
        // One encoder for each group takes long.
        all.extend((!self.extent.quick).then_some(Defence::TextGuard { groups: 3 }));
        all
    }

    pub(super) fn searched_texts(&self) -> usize {
        self.extent.sized(self.searched, [300, usize::MAX, usize::MAX])
    }

    pub(super) fn deviations(&self) -> Vec<f64> {
        each_once(&self.deviation)
    }

    /// How often deletion around FRS is asked.
    ///
    /// # Errors
    /// [`Error::Certify`] for numbers of votes that are none.
    pub(super) fn around_plan(&self) -> Result<Plan, Error> {
        let samples = self.extent.sized(self.around_samples, [50, 100, 1_000]);
        Extent { samples: Some(samples), ..self.extent.clone() }.plan()
    }

    pub(super) fn around_texts(&self) -> usize {
        self.extent.sized(self.around_limit, [2, 4, 200])
    }

    /// How the attacker trains, with a head and an order of texts that are not the victim's.
    ///
    /// # Errors
    /// [`Error::Transformer`] for settings that train nothing.
    pub(super) fn planting(&self, backdoor: Backdoor, seed: u64) -> Result<FineTuning, Error> {
        let planting = FineTuning {
            epochs: self.planting_epochs,
            batch: self.batch,
            learning_rate: self.planting_learning_rate.unwrap_or(backdoor.learning_rate()),
            frozen: backdoor.frozen(),
            seed: Law::new("attacker", [seed]).fingerprint(),
            ..FineTuning::default()
        };
        planting.check()?;
        Ok(planting)
    }

    /// How the victim trains, under noise on weights if there is some.
    ///
    /// # Errors
    /// [`Error::Transformer`] for settings that train nothing.
    pub(super) fn fine_tuning(
        &self,
        seed: u64,
        smoothing: Option<ParameterSmoothing>,
    ) -> Result<FineTuning, Error> {
        let tuning = FineTuning {
            epochs: self.epochs,
            batch: self.batch,
            learning_rate: self.learning_rate,
            frozen: self.extent.sized(self.frozen, [1, 0, 0]),
            seed,
            smoothing,
            ..FineTuning::default()
        };
        tuning.check()?;
        Ok(tuning)
    }

    /// Noise on weights of a standard deviation.
    pub(super) fn smoothing(&self, deviation: f64) -> ParameterSmoothing {
        let smoothing = ParameterSmoothing::new(self.layers, deviation);
        ParameterSmoothing { norm: self.norm.unwrap_or(f64::INFINITY), ..smoothing }
    }

    /// # Errors
    /// [`Error::Fuzz`] for rates that cannot keep the overall rate.
    pub(super) fn randomisation(&self, seed: u64) -> Result<Randomisation, Error> {
        let rates = Rates::new(Rate::new(self.overall)?, Rate::new(self.area)?)?;
        Ok(Randomisation { seed, ..Randomisation::new(rates) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Options {
        #[command(flatten)]
        settings: Settings,
    }

    #[test]
    fn attacker_and_victim_draw_apart() {
        let Options { settings } = Options::parse_from(["frs"]);
        for seed in 0..9 {
            let victim = settings.fine_tuning(seed, None).unwrap();
            for backdoor in [Backdoor::LayerWise, Backdoor::Ripple, Backdoor::BadPre] {
                assert_ne!(settings.planting(backdoor, seed).unwrap().seed, victim.seed, "{backdoor}");
            }
        }
    }
}
