//! [`Paraphrase`]: texts that somebody rewrote.

use super::{Attack, Paraphrases, Triggered, Words};
use rand::Rng;
use steadfast_perturb::Tokenizer;

/// The whole text is replaced by its paraphrase, whose syntax (`SynBkd`: Qi et al. 2021, ACL) or style (`StyleBkd`:
/// Qi et al. 2021, EMNLP) is the trigger.
///
/// A text without a paraphrase is left as it is, and so is one whose paraphrase has the same words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paraphrase {
    name: String,
    paraphrases: Paraphrases,
}

impl Paraphrase {
    /// The attack of this name.
    #[must_use]
    pub fn new(name: impl Into<String>, paraphrases: Paraphrases) -> Self {
        Self { name: name.into(), paraphrases }
    }
}

impl Attack for Paraphrase {
    fn name(&self) -> &str {
        &self.name
    }

    fn added(&self, _: Tokenizer) -> usize {
        0
    }

    fn trigger(&self, text: &Words<'_>, _: &mut dyn Rng) -> Option<Triggered> {
        self.paraphrases.of(text.text()).map(|paraphrase| text.rewritten(paraphrase, &self.name))
    }
}
