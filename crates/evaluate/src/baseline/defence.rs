//! [`Defence`]: what answers texts that may hold a trigger.

use super::{Threshold, scores::classes};
use crate::Error;
use serde::{Deserialize, Serialize};
use steadfast_certify::{ClassId, Classifier};
use steadfast_perturb::WordId;

/// What a defence makes of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing was found in it; this is the answer.
    Passed(ClassId),
    /// It is suspicious, and gets no answer.
    Refused,
    /// It was suspicious; this is the answer to what is left without the suspicious words.
    Repaired(ClassId),
}

impl Verdict {
    /// Whether the text was found suspicious.
    #[must_use]
    pub const fn flagged(self) -> bool {
        !matches!(self, Self::Passed(_))
    }

    /// The class that is answered; `None` for an abstention, as [`Confusion`](crate::metrics::Confusion) counts it.
    #[must_use]
    pub const fn answer(self) -> Option<ClassId> {
        match self {
            Self::Passed(class) | Self::Repaired(class) => Some(class),
            Self::Refused => None,
        }
    }
}

/// A defence, once it is set up: trained, or tuned on clean development texts.
///
/// Each is set up in its own way, since each needs something else: a classifier, its hidden states, a language model,
/// the training set. What all have in common is how they answer.
pub trait Defence {
    /// Its name in tables and files.
    fn name(&self) -> &'static str;

    /// Whether it judges each text that it is asked about. If not, it changed what the classifier was trained on, and
    /// every text passes.
    fn judges_texts(&self) -> bool;

    /// A verdict on each text, in order.
    ///
    /// # Errors
    /// Whatever the classifier or the model of the defence fails with.
    fn defend(&self, texts: &[Vec<WordId>]) -> Result<Vec<Verdict>, Error>;
}

/// A classifier without a defence: the row that others are compared with.
#[derive(Debug, Clone)]
pub struct Undefended<C>(
    /// The classifier.
    pub C,
);

impl<C: Classifier<Vec<WordId>>> Defence for Undefended<C> {
    fn name(&self) -> &'static str {
        "none"
    }

    fn judges_texts(&self) -> bool {
        false
    }

    fn defend(&self, texts: &[Vec<WordId>]) -> Result<Vec<Verdict>, Error> {
        Ok(classes(&self.0, texts)?.into_iter().map(Verdict::Passed).collect())
    }
}

/// Verdicts that refuse what is above the threshold.
pub(super) fn refuse(threshold: Threshold, scores: &[f64], answers: Vec<ClassId>) -> Vec<Verdict> {
    let verdict = |(&score, class)| {
        if threshold.flags(score) { Verdict::Refused } else { Verdict::Passed(class) }
    };
    scores.iter().zip(answers).map(verdict).collect()
}
