//! [`Row`]: what one attack did to one defence, and what was certified.

use super::Defence;
use crate::{
    attack::{AttackName, Labels},
    metrics::{BackdoorMetrics, CertifiedCurve, Share},
};
use serde::{Deserialize, Serialize};
use steadfast_model::transformer::Tuned;

/// What a figure is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Guarantee {
    /// Proved, for every classifier whose logits stay within the stated distance of those that were computed.
    Sound,
    /// Published as a certificate, and false: there are counter-examples.
    Refuted,
    /// Observed.
    Empirical,
}

/// Certified accuracy of one defence against one attacker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Certified {
    /// What the figures are worth.
    pub guarantee: Guarantee,
    /// What the attacker may do to a text.
    pub threat: String,
    /// Each certificate is false with at most this probability.
    pub alpha: f64,
    /// How far logits may move.
    pub epsilon: f64,
    /// By text: the radius at which its class is certified.
    pub curve: CertifiedCurve,
    /// Texts that are certified whatever the attacker does to all of their words.
    pub all_words: Share,
    /// Of the poisoned test texts whose clean text was certified: those that the certificate covers, as it holds against the very
    /// edits that the attack made. Replacing words covers no insertion. Nothing for what is refuted.
    pub covered: Option<Share>,
}

/// One attack against one defence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The attack.
    pub attack: AttackName,
    /// Which training texts are poisoned.
    pub labels: Labels,
    /// Their share.
    pub rate: f64,
    /// Their number.
    pub poisoned_texts: usize,
    /// The defence.
    pub defence: Defence,
    /// Accuracy and attack success of the smoothed classifier.
    pub metrics: BackdoorMetrics,
    /// What is certified about the clean test texts; nothing without noise.
    pub certified: Vec<Certified>,
    /// Noisy copies of each text that the encoder was asked about, in the mean; equal ones once.
    pub questions: f64,
    /// Votes of each text, in the mean.
    pub samples: f64,
    /// Loss and accuracy of each epoch.
    pub training: Tuned,
    /// Seconds of fine-tuning.
    pub training_seconds: f64,
    /// Seconds of answering and certifying.
    pub seconds: f64,
}
