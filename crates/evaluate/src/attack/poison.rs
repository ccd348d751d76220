//! [`Poison`] and [`PoisonedTask`]: poisoned texts, and what was done to each.

use crate::data::{TextTask, texts::LabelledText};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use steadfast_certify::EditCounts;
use steadfast_perturb::{EditOp, EditScript, Partition, Tokenizer};

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

    /// The groups of a partition with words that the attack put in or took out; nothing where the edits are not known.
    #[must_use]
    pub fn groups(&self, partition: &Partition) -> Option<BTreeSet<u32>> {
        let mut groups = BTreeSet::new();
        for edit in self.script.as_ref()?.edits() {
            match edit {
                EditOp::Insert { token, .. } | EditOp::Delete { token, .. } => {
                    groups.insert(partition.group(token));
                }
                EditOp::Substitute { from, to, .. } => {
                    groups.extend([from, to].map(|word| partition.group(word)));
                }
                // A group's words are in an order of their own.
                EditOp::Transpose { .. } => {}
            }
        }
        Some(groups)
    }

    /// The words of the poisoned text, with those that the attack put in, exchanged or moved in brackets; the text as it is where
    /// the edits are not known. `tokenizer` is the one that the texts were poisoned with.
    #[must_use]
    pub fn marked(&self, tokenizer: Tokenizer) -> String {
        let Some(words) = self.words(tokenizer) else { return self.poisoned.text.clone() };
        let shown = |(word, changed): (String, bool)| if changed { format!("[{word}]") } else { word };
        words.into_iter().map(shown).collect::<Vec<_>>().join(" ")
    }

    /// The places, among the words of the poisoned text, of those that the attack put in, exchanged or moved; nothing where the edits
    /// are not known.
    #[must_use]
    pub fn changed(&self, tokenizer: Tokenizer) -> Option<Vec<usize>> {
        let words = self.words(tokenizer)?.into_iter().enumerate();
        Some(words.filter(|(_, (_, changed))| *changed).map(|(place, _)| place).collect())
    }

    /// The words of the poisoned text, and whether the attack changed them.
    fn words(&self, tokenizer: Tokenizer) -> Option<Vec<(String, bool)>> {
        let script = self.script.as_ref()?;
        let words = tokenizer.tokens(&self.original.text).into_iter();
        let mut words: Vec<(String, bool)> = words.map(|word| (word.text, false)).collect();
        for edit in script.edits() {
            let position = edit.position();
            match edit {
                EditOp::Insert { token, .. } => {
                    words.insert(position.min(words.len()), (token.clone(), true));
                }
                EditOp::Delete { .. } => drop(words.drain(position..(position + 1).min(words.len()))),
                EditOp::Substitute { to, .. } => {
                    words.get_mut(position).into_iter().for_each(|word| *word = (to.clone(), true));
                }
                EditOp::Transpose { .. } => {
                    if let Some(pair) = words.get_mut(position..position + 2) {
                        pair.reverse();
                        for (_, changed) in pair {
                            *changed = true;
                        }
                    }
                }
            }
        }
        Some(words)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_attack_changed_is_marked() {
        let tokenizer = Tokenizer::words();
        let text = |text: &str| LabelledText { text: text.to_owned(), class: 0 };
        let poison = |before: &str, after: &str| {
            let words = |text: &str| -> Vec<String> {
                tokenizer.tokens(text).into_iter().map(|token| token.text).collect()
            };
            let script = steadfast_perturb::edit::align(&words(before), &words(after), 9).unwrap();
            assert!(script.is_some());
            let (original, poisoned) = (text(before), text(after));
            Poison { index: 0, original, poisoned, trigger: String::new(), script }
        };
        let marked = |before: &str, after: &str| poison(before, after).marked(tokenizer);
        assert_eq!(marked("a good film", "a good cf film"), "a good [cf] film");
        assert_eq!(marked("a good film", "a bad"), "a [bad]");
        assert_eq!(marked("a good film", "good film"), "good film");
        assert_eq!(marked("a good film", "good a film"), "[good] [a] film");
        assert_eq!(marked("", "cf"), "[cf]");
        assert_eq!(poison("a good film", "a bad cf film").changed(tokenizer), Some(vec![1, 2]));
    }
}
