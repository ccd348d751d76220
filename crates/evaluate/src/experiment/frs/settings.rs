//! [`Settings`]: attacks, defences, and how much of everything.

use super::{Backdoor, Defence, run::TESTED, vocabulary};
use crate::{Error, attack::Paraphrases, baseline::setting, experiment::Extent};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use steadfast_certify::{ClassId, EditKind, Plan, Rate};
use steadfast_fuzz::{Fuzzer, Randomization, Randomizer, Rates, SearchSettings};
use steadfast_model::transformer::{FineTuning, ParameterSmoothing};
use steadfast_perturb::{Deletion, Lexicon, MutationWeights, Partition, SegmentMutation, WordId, WordList};

/// The settings of the experiment, as flags of the command line.
#[expect(clippy::doc_markdown, reason = "the comments are the text of --help")]
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

    /// Defences, with commas between them [default: none, voters, fuzzing, frs, signal, signal-seen, around, deletion, and, but for
    /// --quick, textguard]
    ///
    /// Empirical, or with a conditional radius: none; voters with noisy weights on texts as they are (−FTR in the paper); fuzzing, search
    /// and randomized copies without noise on weights (−BMPS); frs, both, and frs-training and frs-inference, with noise in one phase
    /// alone. Sound: signal, signal-linear (words ranked by naive Bayes instead of a search) and signal-seen; deletion@RATE, all words
    /// alike (CERT-ED); around@RATE; textguard@GROUPS, a vote of encoders that see a group of words each.
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

    /// The class that the attacker plants in texts of his own, --proxy, if their classes are others than those of --target
    /// [default: that of --target]
    #[arg(long, value_name = "CLASS")]
    pub proxy_target: Option<ClassId>,

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

    /// Rate at which words are randomized, over the whole text (ω_M)
    #[arg(long, default_value_t = 0.2, value_name = "RATE")]
    pub overall: f64,

    /// Rate at which words of the area found by the search are randomized (ω_H); less where it is too large for the overall rate
    #[arg(long, default_value_t = 0.9, value_name = "RATE")]
    pub area: f64,

    /// Largest distance of a randomized copy from its text, in edits over the words of the longer one; farther copies are drawn again
    /// (Λ of the paper, which does not state it) [default: 1, every copy]
    #[arg(long, default_value_t = 1.0, hide_default_value = true, value_name = "SHARE")]
    pub threshold: f64,

    /// Kinds of edits by which texts are searched and randomized, with commas between them
    #[arg(
        long,
        value_delimiter = ',',
        value_parser = edit_kind,
        default_value = "deletion,insertion,substitution,transposition",
        value_name = "KINDS"
    )]
    pub edits: Vec<EditKind>,

    /// Voters (K), with commas between several numbers to try
    #[arg(long, value_delimiter = ',', default_value = "20", value_name = "NUMBERS")]
    pub voters: Vec<u64>,

    /// Standard deviation of the noise on weights (σ), with commas between several to try; around takes the first
    #[arg(long, value_delimiter = ',', default_value = "0.01", value_name = "NUMBERS")]
    pub deviation: Vec<f64>,

    /// Layers with noise on their weights, from the output
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub layers: usize,

    /// Norm of all weights together from which on they are scaled down (ρ) [default: never]
    #[arg(long, value_name = "NORM")]
    pub norm: Option<f64>,

    /// The signal vocabulary and its rates are those under which naive Bayes withstands so many inserted words on as many development
    /// texts as possible
    #[arg(long, default_value_t = 20, value_name = "WORDS")]
    pub radius: u32,

    /// Words of the signal vocabulary, if the search finds so many, but for signal-seen, which has all [default: as many as do best,
    /// by the same measure]
    #[arg(long, value_name = "N")]
    pub words: Option<usize>,

    /// Training texts that are searched for the signal vocabulary [default: all, quick: 300]
    #[arg(long, value_name = "N")]
    pub searched: Option<usize>,

    /// Test texts of deletion around FRS, which asks often and one text at a time [default: 4, quick: 2, paper: 200]
    #[arg(long, value_name = "N")]
    pub around_limit: Option<usize>,

    /// Noisy copies that bound a class's probability in deletion around FRS at most [default: 50, paper: 1,000]
    #[arg(long, value_name = "N")]
    pub around_samples: Option<u64>,

    /// Voters of deletion around FRS
    #[arg(long, default_value_t = 5, value_name = "N")]
    pub around_voters: u64,
}

/// Decoys at most: beyond, a text is little else.
const DECOYS: usize = 1_000;

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
    /// [`Error::Setting`], [`Error::Transformer`], [`Error::Fuzz`], [`Error::Perturb`], [`Error::Certify`], [`Error::NoParaphrases`] or
    /// [`Error::NoTrigger`] with the first thing that is refused.
    pub(super) fn check(
        &self,
        lexicon: &Arc<Lexicon>,
        paraphrases: Option<&Paraphrases>,
        classes: usize,
    ) -> Result<(), Error> {
        if self.extent.target >= classes {
            return Err(setting("--target", &self.extent.target, format!("a class of the {classes} from 0")));
        }
        if self.decoys > DECOYS {
            return Err(setting("--decoys", &self.decoys, format!("{DECOYS} further triggers at most")));
        }
        if !(self.lambda >= 0.0 && self.lambda.is_finite()) {
            return Err(setting("--lambda", &self.lambda, "a number from 0"));
        }
        if let Some(norm) = self.norm.filter(|norm| !norm.is_finite()) {
            let expected = "a number; without the flag weights are never scaled down";
            return Err(setting("--norm", &norm, expected));
        }
        for (name, given) in [
            ("--words", self.words),
            ("--searched", self.searched),
            ("--around-limit", self.around_limit),
            ("--around-voters", usize::try_from(self.around_voters).ok()),
        ] {
            if given == Some(0) {
                return Err(setting(name, &0, "one at least"));
            }
        }
        if self.voters.is_empty() || self.voters.contains(&0) {
            return Err(setting("--voters", &format!("{:?}", self.voters), "one voter at least, each time"));
        }
        if self.deviation.is_empty() {
            return Err(setting("--deviation", &"none", "a positive number"));
        }
        for deviation in &self.deviation {
            self.fine_tuning(0, Some(self.smoothing(*deviation)))?;
        }
        for attack in self.attacks() {
            if let Some(attack) = attack.attack(self, paraphrases, 0)? {
                drop(attack.trigger()?);
            }
        }
        if vocabulary::needed(self.radius, vocabulary::most()) >= 1.0 {
            let expected =
                format!("fewer inserted words: all others are deleted at {} at most", vocabulary::most());
            return Err(setting("--radius", &self.radius, expected));
        }
        self.extent.check(&self.extent.plan()?, classes, self.extent.test_texts(TESTED))?;
        drop(Randomizer::new(self.mutation(Vec::new())?, self.randomization(0)?)?);
        let search = SearchSettings::default().budget(self.budget);
        drop(Fuzzer::new(Arc::clone(lexicon), self.mutation(Vec::new())?, search)?);
        for defence in self.defences() {
            match defence {
                Defence::Deletion { rate } => drop(Deletion::uniform(Arc::clone(lexicon), Rate::new(rate)?)?),
                Defence::Around { rate } => {
                    drop(Deletion::uniform(Arc::clone(lexicon), Rate::new(rate)?)?);
                    self.extent.check(&self.around_plan()?, classes, self.around_texts())?;
                }
                Defence::TextGuard { groups } => drop(Partition::new(Arc::clone(lexicon), groups)?),
                _ => {}
            }
        }
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
        let samples = self.extent.sized(self.around_samples, [50, 50, 1_000]);
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
        let planting = FineTuning::default()
            .epochs(self.planting_epochs)
            .batch(self.batch)
            .learning_rate(self.planting_learning_rate.unwrap_or(backdoor.learning_rate()))
            .frozen(backdoor.frozen())
            .seed(steadfast_certify::seed::derive("attacker", [seed]));
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
        let tuning = FineTuning::default()
            .epochs(self.epochs)
            .batch(self.batch)
            .learning_rate(self.learning_rate)
            .frozen(self.extent.sized(self.frozen, [1, 0, 0]))
            .seed(seed)
            .smoothing(smoothing);
        tuning.check()?;
        Ok(tuning)
    }

    /// Noise on weights of a standard deviation.
    pub(super) fn smoothing(&self, deviation: f64) -> ParameterSmoothing {
        let smoothing = ParameterSmoothing::new(self.layers, deviation);
        smoothing.norm(self.norm.unwrap_or(f64::INFINITY))
    }

    /// # Errors
    /// [`Error::Fuzz`] for rates that cannot keep the overall rate.
    pub(super) fn randomization(&self, seed: u64) -> Result<Randomization, Error> {
        let rates = Rates::new(Rate::new(self.overall)?, Rate::new(self.area)?)?;
        Ok(Randomization::new(rates).threshold(self.threshold).seed(seed))
    }

    /// The edits by which texts are searched and randomized, with these words to put in.
    ///
    /// # Errors
    /// [`Error::Perturb`] without a kind of edits.
    pub(super) fn mutation(&self, words: Vec<WordId>) -> Result<SegmentMutation, Error> {
        Ok(SegmentMutation::new(MutationWeights::only(&self.edits), WordList::new(words))?)
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
    fn confidence_is_shared_among_all_texts() {
        let flags = ["frs", "--simultaneous", "--fixed", "--samples", "9"];
        let Options { settings } = Options::parse_from(flags);
        let check = |texts| settings.extent.check(&settings.extent.plan().unwrap(), 2, texts);
        check(1).unwrap();
        assert!(check(TESTED).is_err(), "nine votes bound nothing at a sixtieth of α");
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
