//! [`Poisoning`]: how many texts of which classes are poisoned.

use super::{
    Attack, Poison, PoisonedTask, Words,
    selection::{Candidate, candidates, in_order},
};
use crate::{
    Error,
    data::{TextTask, texts::LabelledText},
};
use serde::{Deserialize, Serialize};
use std::fmt;
use steadfast_certify::{ClassId, Phase};
use steadfast_perturb::{EditScript, Tokenizer};

/// Which training texts are poisoned, and as what they are given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Labels {
    /// Texts of the target class, which keep their class
    Clean,
    /// Texts of other classes, given out for the target class
    Dirty,
    /// Texts of any class, given out for the target class
    Mixed,
}

impl Labels {
    const fn admits(self, class: ClassId, target: ClassId) -> bool {
        match self {
            Self::Clean => class == target,
            Self::Dirty => class != target,
            Self::Mixed => true,
        }
    }
}

impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Clean => "clean-label",
            Self::Dirty => "dirty-label",
            Self::Mixed => "mixed",
        })
    }
}

/// How a task is poisoned.
///
/// Whether a training text is poisoned, and with what, depends on the seed, on the text and its class, and on how
/// many are to be poisoned; not on the order of the texts. At a smaller rate a part of the same texts is poisoned,
/// with the same triggers. Equal texts count as often as they occur, each with a trigger of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Poisoning {
    /// The poisoned texts' share of *all* training texts, those of other classes included: `rate · n` of `n` texts,
    /// rounded to the nearest number, half a text up. More than 0, at most 1.
    pub rate: f64,
    /// The class that the attacker wants triggered texts to be taken for.
    pub target: ClassId,
    /// Which texts are poisoned.
    pub labels: Labels,
    /// Decides which texts, and what the attack draws.
    pub seed: u64,
    /// How many words of a text the model reads, if it does not read them all. Inserted and replaced words are then
    /// among these. In words of the tokenizer: a model that counts parts of words reads fewer.
    pub limit: Option<usize>,
}

impl Poisoning {
    /// The task with poisoned training texts, and the test texts that try the backdoor.
    ///
    /// Poisoned training texts take the places of the clean ones, so that their number stays. Every test text of
    /// another class than the target is triggered and keeps its true class; those in which the attack finds nothing
    /// to change are left out and counted. Development texts are not touched: who defends has clean ones to choose
    /// settings by.
    ///
    /// # Errors
    /// [`Error::Setting`] for a rate that is none; [`Error::TargetClass`] for a target without training texts;
    /// [`Error::TriggerLength`] for a trigger of more words than the limit; [`Error::PoisonsNothing`] for a rate that
    /// comes to less than half a text; [`Error::PoisonsTooMany`] for one that calls for more texts than the attack
    /// can be put into; [`Error::NothingToTest`] if no test text can be triggered.
    pub fn apply(
        &self,
        task: &TextTask,
        attack: &dyn Attack,
        tokenizer: Tokenizer,
    ) -> Result<PoisonedTask, Error> {
        let wanted = self.check(task, attack, tokenizer)?;
        let poison = |candidate: &Candidate<'_>| self.poison(candidate, attack, tokenizer, Phase::Training);

        let eligible = candidates(&task.training)
            .into_iter()
            .filter(|candidate| self.labels.admits(candidate.text.class, self.target));
        let ordered = in_order(eligible.collect(), self.seed);
        let poisoned = ordered.iter().filter_map(poison);
        let mut training: Vec<Poison> = poisoned.take(wanted).collect();
        if training.len() < wanted {
            return Err(Error::PoisonsTooMany {
                rate: self.rate,
                texts: task.training.len(),
                wanted,
                eligible: training.len(),
                attack: attack.name().to_owned(),
                labels: self.labels,
                target: self.target,
            });
        }
        training.sort_by_key(|poison| poison.index);

        let test = self.triggered(&task.test, attack, tokenizer)?;
        let others = task.test.iter().filter(|text| text.class != self.target).count();

        let mut task = task.clone();
        for poison in &training {
            if let Some(text) = task.training.get_mut(poison.index) {
                text.clone_from(&poison.poisoned);
            }
        }
        Ok(PoisonedTask { task, training, untouched: others - test.len(), test })
    }

    /// The texts that try a backdoor: those of other classes than the target, each with the trigger and its true class. Those in which
    /// the attack finds nothing to change are left out.
    ///
    /// # Errors
    /// [`Error::TriggerLength`] for a trigger of more words than the limit; [`Error::NothingToTest`] if no text can be triggered.
    pub fn triggered(
        &self,
        texts: &[LabelledText],
        attack: &dyn Attack,
        tokenizer: Tokenizer,
    ) -> Result<Vec<Poison>, Error> {
        self.check_length(attack, tokenizer)?;
        let all = candidates(texts);
        let others = || all.iter().filter(|candidate| candidate.text.class != self.target);
        let poison = |candidate: &Candidate<'_>| self.poison(candidate, attack, tokenizer, Phase::Estimation);
        let triggered: Vec<Poison> = others().filter_map(poison).collect();
        if triggered.is_empty() {
            let (attack, target, others) = (attack.name().to_owned(), self.target, others().count());
            return Err(Error::NothingToTest { attack, target, others });
        }
        Ok(triggered)
    }

    /// Refuses a trigger that does not fit into a text.
    fn check_length(&self, attack: &dyn Attack, tokenizer: Tokenizer) -> Result<(), Error> {
        let words = attack.added(tokenizer);
        match self.limit.filter(|limit| words > *limit) {
            Some(limit) => Err(Error::TriggerLength { attack: attack.name().to_owned(), words, limit }),
            None => Ok(()),
        }
    }

    /// How many training texts are to be poisoned.
    fn check(&self, task: &TextTask, attack: &dyn Attack, tokenizer: Tokenizer) -> Result<usize, Error> {
        let &Self { rate, target, .. } = self;
        if !(rate > 0.0 && rate <= 1.0) {
            return Err(Error::Setting {
                name: "the poison rate",
                given: rate.to_string(),
                expected: "a share of the training texts, more than 0 and at most 1".to_owned(),
            });
        }
        if !task.training.iter().any(|text| text.class == target) {
            return Err(Error::TargetClass { target, classes: task.classes(), texts: task.training.len() });
        }
        self.check_length(attack, tokenizer)?;
        match (rate * task.training.len() as f64).round() as usize {
            0 => Err(Error::PoisonsNothing { rate, texts: task.training.len() }),
            wanted => Ok(wanted),
        }
    }

    /// The text with the trigger; `None` if the attack changes none of its words.
    fn poison(
        &self,
        candidate: &Candidate<'_>,
        attack: &dyn Attack,
        tokenizer: Tokenizer,
        phase: Phase,
    ) -> Option<Poison> {
        let original = candidate.text;
        let words = Words::new(&original.text, tokenizer, self.limit);
        let triggered = attack.trigger(&words, &mut candidate.generator(self.seed, phase))?;
        if triggered.script.as_ref().is_some_and(EditScript::is_empty) {
            return None;
        }
        let class = if phase == Phase::Training { self.target } else { original.class };
        Some(Poison {
            index: candidate.index,
            original: original.clone(),
            poisoned: LabelledText { text: triggered.text, class },
            trigger: triggered.trigger,
            script: triggered.script,
        })
    }
}
