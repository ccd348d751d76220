//! [`Poison`] and [`PoisonedTask`]: poisoned texts, and what was done to each.

use crate::data::{TextTask, texts::LabelledText};
use serde::{Deserialize, Serialize};
use steadfast_certify::EditCounts;
use steadfast_perturb::EditScript;

/// A poisoned text, what it was before, and what lies between.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Poison {
    /// Its number among the texts of its part, from 0.
    pub index: usize,
    /// The clean text and its class.
    pub original: LabelledText,
    /// The text with the trigger, and the class that it is given out for: the target in training, the true one in
    /// testing.
    pub poisoned: LabelledText,
    /// The trigger, for people: what was put in, or `good → bad`.
    pub trigger: String,
    /// The edits that make the words of the poisoned text of those of the clean one; `None` where they are too many
    /// to be known ([`Triggered::script`](super::Triggered::script)).
    pub script: Option<EditScript<String>>,
}

impl Poison {
    /// How many edits lie between the clean and the poisoned text; `None` if they are not known.
    ///
    /// Scripts of insertions and of whole paraphrases are shortest ones, so that this is the Damerau–Levenshtein
    /// distance in words; and so are those of every attack that comes along.
    #[must_use]
    pub fn edits(&self) -> Option<u32> {
        self.script.as_ref().map(|script| script.counts().total())
    }

    /// How many edits of each kind lead from the clean text to the poisoned one: what a certificate of the *clean*
    /// text is asked about ([`EditThreat::survives_edits`](steadfast_certify::EditThreat::survives_edits)).
    #[must_use]
    pub fn counts(&self) -> Option<EditCounts> {
        self.script.as_ref().map(EditScript::counts)
    }

    /// How many edits of each kind lead back from the poisoned text to the clean one: what a certificate of the
    /// *poisoned* text is asked about. What the attack put in is taken out on this way, and the other way round.
    #[must_use]
    pub fn counts_back(&self) -> Option<EditCounts> {
        let EditCounts { deletions, insertions, substitutions, transpositions } = self.counts()?;
        Some(EditCounts { deletions: insertions, insertions: deletions, substitutions, transpositions })
    }
}

/// A task whose training texts were poisoned, and test texts to try the backdoor with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoisonedTask {
    /// The task: poisoned training texts in the places of the clean ones, the other parts as they were.
    pub task: TextTask,
    /// The poisoned training texts, by number.
    pub training: Vec<Poison>,
    /// The test texts of all classes but the target, each with the trigger and its true class, by number.
    pub test: Vec<Poison>,
    /// Test texts of those classes in which the attack found nothing to change; they are not among [`Self::test`].
    pub untouched: usize,
}

impl PoisonedTask {
    /// The poisoned test set.
    #[must_use]
    pub fn poisoned_test(&self) -> Vec<LabelledText> {
        self.test.iter().map(|poison| poison.poisoned.clone()).collect()
    }
}
