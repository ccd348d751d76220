//! [`Row`]: one claim about one defence under one attack, what it is worth, and its figures.

use super::Defence;
use crate::{
    attack::{AttackName, Labels},
    baseline::Detection,
    metrics::{BackdoorMetrics, CertifiedCurve, Share},
};
use serde::{Deserialize, Serialize};
use std::fmt;
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

impl fmt::Display for Guarantee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Sound => "sound",
            Self::Refuted => "refuted",
            Self::Empirical => "empirical",
        })
    }
}

/// What a claim is about: who was attacked, with what, and who defends.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Setting {
    /// The attack.
    pub attack: AttackName,
    /// Which training texts are poisoned.
    pub labels: Labels,
    /// Their share.
    pub rate: f64,
    /// Their number.
    pub poisoned_texts: usize,
    /// The seed of poison, head, training and noise.
    pub seed: u64,
    /// The defence.
    pub defence: Defence,
}

impl Setting {
    /// Whether the two differ in nothing but the seed.
    #[must_use]
    pub fn repeats(&self, other: &Self) -> bool {
        *self == Self { seed: self.seed, ..*other }
    }
}

/// One claim.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What it is about.
    #[serde(flatten)]
    pub setting: Setting,
    /// What the attacker may do.
    pub threat: String,
    /// What the figures are worth.
    pub guarantee: Guarantee,
    /// The texts that they are about.
    pub n: u64,
    /// The probability with which what is claimed of each text holds, or of all texts with `--simultaneous`; nothing for what is
    /// observed or refuted.
    pub confidence: Option<f64>,
    /// The figures.
    pub figures: Figures,
}

/// The figures of a claim.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Figures {
    /// What the attack did.
    Attacked(Attacked),
    /// What is certified.
    Certified(Certified),
}

/// What an attack did to a defence, and what the defence costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attacked {
    /// Accuracies and attack success.
    pub metrics: BackdoorMetrics,
    /// For a defence that finds texts with a trigger: how many of them, and of others.
    pub detection: Option<Detection>,
    /// Noisy copies of each clean text that the encoder was asked about, in the mean; equal ones once.
    pub questions: f64,
    /// Votes of each clean text, in the mean.
    pub samples: f64,
    /// Loss and accuracy of each epoch, by encoder that was fine-tuned.
    pub training: Vec<Tuned>,
    /// Seconds of fine-tuning.
    pub training_seconds: f64,
    /// Seconds of answering and certifying.
    pub seconds: f64,
}

/// Certified accuracy against one attacker, by one rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Certified {
    /// By text: the radius at which its class is certified. Named after the rule.
    pub curve: CertifiedCurve,
    /// Texts that are certified whatever the attacker does to all of their words.
    pub all_words: Share,
    /// Triggered texts, with their true class, whose certificate covers what the attack did. Nothing for what is refuted.
    pub covered: Option<Share>,
    /// How far logits may move.
    pub epsilon: f64,
}
