//! [`Row`]: one claim about one defence under one attack, what it is worth, and its figures.

use crate::{
    baseline::Detection,
    metrics::{BackdoorMetrics, CertifiedCurve, Share, Spread},
};
use serde::{Deserialize, Serialize};
use statrs::statistics::Statistics;
use std::{collections::BTreeSet, fmt};
use steadfast_certify::{Assumption, ClassId};
use steadfast_model::transformer::Tuned;
use steadfast_perturb::WordId;

/// What a figure is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Guarantee {
    /// Proved, for every classifier whose logits stay within the stated distance of those that were computed.
    Sound,
    /// Follows from assumptions that an attacker may undo, and that are named with it.
    Conditional,
    /// Published as a certificate, and false: there are counter-examples.
    Refuted,
    /// Observed.
    Empirical,
}

impl fmt::Display for Guarantee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Sound => "sound",
            Self::Conditional => "conditional",
            Self::Refuted => "refuted",
            Self::Empirical => "empirical",
        })
    }
}

/// What the rows of an experiment are about: who was attacked, with what, and who defends.
pub trait Setting {
    /// Whether the two differ in nothing but the seed.
    fn repeats(&self, other: &Self) -> bool;
}

/// One claim.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row<S> {
    /// What it is about.
    #[serde(flatten)]
    pub setting: S,
    /// What the attacker may do.
    pub threat: String,
    /// What the figures are worth.
    pub guarantee: Guarantee,
    /// The texts that they are about.
    pub n: u64,
    /// The probability with which what is claimed of each text holds, or of all texts with `--simultaneous`, given what the guarantee
    /// rests on; nothing for what is observed or refuted.
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
    /// Mean number of distinct noisy copies of a clean text that the encoder answered.
    #[serde(rename = "questions")]
    pub model_queries: f64,
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
    /// By text: how many words it has; empty where changes are not counted in words.
    pub words: Vec<u32>,
    /// Triggered texts, with their true class, whose certificate covers what the attack did. Nothing for what is refuted.
    pub covered: Option<Share>,
    /// Of those that are covered, the ones whose certificate is refuted: votes on them show, with the confidence of a certificate,
    /// that another class is ahead.
    pub broken: Option<Share>,
    /// How far logits may move; 0 where nothing is said about them.
    pub epsilon: f64,
    /// What is taken for granted.
    #[serde(default)]
    pub assumptions: BTreeSet<String>,
    /// How many times as large the radius is as under uniform randomisation at the same rate, in the mean over the texts, by Corollary 1
    /// of FRS: under the same assumptions, and in floating point. Nothing for other certificates, or where it is no number.
    #[serde(default)]
    pub enlargement: Option<f64>,
}

impl Figures {
    /// The texts that they are about.
    #[must_use]
    pub(super) fn texts(&self) -> u64 {
        match self {
            Self::Attacked(attacked) => attacked.metrics.clean.of(),
            Self::Certified(certified) => certified.curve.radii.len() as u64,
        }
    }
}

impl Certified {
    /// What is certified of the clean `texts`. Of each triggered text: whether its certificate covers what the attack did, and whether
    /// nothing speaks against it.
    pub(super) fn checked(
        curve: CertifiedCurve,
        texts: &[(Vec<WordId>, ClassId)],
        triggered: &[(bool, bool)],
        epsilon: f64,
    ) -> Self {
        let covered = || triggered.iter().filter(|(covered, _)| *covered);
        Self {
            curve,
            words: texts.iter().map(|(text, _)| u32::try_from(text.len()).unwrap_or(u32::MAX)).collect(),
            covered: Some(Share::count(triggered.iter().map(|(covered, _)| *covered))),
            broken: Some(Share::count(covered().map(|(_, kept)| !kept))),
            epsilon,
            assumptions: BTreeSet::new(),
            enlargement: None,
        }
    }

    /// Texts that are certified for changes to this share of their words, rounded up.
    #[must_use]
    pub fn at_share(&self, share: f64) -> Share {
        let enough = |(radius, words): (&Option<u32>, &u32)| {
            radius.is_some_and(|radius| f64::from(radius) >= share * f64::from(*words))
        };
        Share::count(self.curve.radii.iter().zip(&self.words).map(enough))
    }

    /// The radius of each text as a share of its words, at most 1; 0 for those without one.
    fn shares(&self) -> impl Iterator<Item = f64> {
        let share = |(radius, words): (&Option<u32>, &u32)| {
            (f64::from(radius.unwrap_or(0)) / f64::from((*words).max(1))).min(1.0)
        };
        self.curve.radii.iter().zip(&self.words).map(share)
    }

    /// The mean radius over all texts, as a share of their words (FRS, Table 2).
    #[must_use]
    pub fn average(&self) -> f64 {
        if self.words.is_empty() { 0.0 } else { self.shares().mean() }
    }

    /// The largest radius, as a share of the text's words (FRS, Table 2).
    #[must_use]
    pub fn maximum(&self) -> f64 {
        self.shares().fold(0.0, f64::max)
    }
}

/// What certificates of a classifier take for granted whose answers do not depend on what else it is asked.
pub(super) fn as_computed() -> BTreeSet<String> {
    BTreeSet::from(["the classifier answers as it was computed".to_owned()])
}

/// What these statements take for granted, in words.
pub(super) fn assumptions(all: impl IntoIterator<Item = Assumption>) -> BTreeSet<String> {
    all.into_iter().map(|assumption| assumption.to_string()).collect()
}

/// Rows that differ in nothing but the seed, the first of them named.
pub(super) struct Repeated<'a, S, F> {
    pub(super) row: &'a Row<S>,
    pub(super) figures: Vec<&'a F>,
}

impl<S, F> Repeated<'_, S, F> {
    pub(super) fn share(&self, of: impl Fn(&F) -> Share) -> Spread {
        Spread::of(self.figures.iter().map(|figures| of(figures)))
    }

    /// A share of all runs together, as a count: `3 of 14`.
    pub(super) fn count(&self, of: impl Fn(&F) -> Option<Share>) -> String {
        let shares = || self.figures.iter().filter_map(|figures| of(figures));
        let (hits, all) = shares().fold((0, 0), |(hits, all), share| (hits + share.hits(), all + share.of()));
        if all == 0 { "-".to_owned() } else { format!("{hits} of {all}") }
    }

    pub(super) fn mean(&self, of: impl Fn(&F) -> f64) -> f64 {
        self.figures.iter().map(|figures| of(figures)).mean()
    }
}

/// What attacks did, in the order of first occurrence.
pub(super) fn attacked<S: Setting>(rows: &[Row<S>]) -> Vec<Repeated<'_, S, Attacked>> {
    fn pick<S>(row: &Row<S>) -> Option<&Attacked> {
        match &row.figures {
            Figures::Attacked(attacked) => Some(attacked),
            Figures::Certified(_) => None,
        }
    }
    repeated(rows, pick, |_, _| true)
}

/// What is certified by each rule, in the order of first occurrence.
pub(super) fn certified<S: Setting>(rows: &[Row<S>]) -> Vec<Repeated<'_, S, Certified>> {
    fn pick<S>(row: &Row<S>) -> Option<&Certified> {
        match &row.figures {
            Figures::Certified(certified) => Some(certified),
            Figures::Attacked(_) => None,
        }
    }
    repeated(rows, pick, |a, b| a.curve.name == b.curve.name)
}

/// Rows by what they are about; `same` tells the figures of one row apart.
fn repeated<'a, S: Setting, F>(
    rows: &'a [Row<S>],
    figures: impl Fn(&'a Row<S>) -> Option<&'a F>,
    same: impl Fn(&F, &F) -> bool,
) -> Vec<Repeated<'a, S, F>> {
    let mut found: Vec<Repeated<'a, S, F>> = Vec::new();
    for (row, own) in rows.iter().filter_map(|row| Some((row, figures(row)?))) {
        let repeats = |group: &&mut Repeated<'a, S, F>| {
            row.setting.repeats(&group.row.setting)
                && group.figures.first().is_some_and(|first| same(first, own))
        };
        match found.iter_mut().find(repeats) {
            Some(group) => group.figures.push(own),
            None => found.push(Repeated { row, figures: vec![own] }),
        }
    }
    found
}
