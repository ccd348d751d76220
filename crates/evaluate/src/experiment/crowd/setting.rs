//! [`Setting`]: what a row is about.

use super::Defence;
use crate::{
    attack::{AttackName, Labels},
    experiment::row,
};
use serde::{Deserialize, Serialize};

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

impl row::Setting for Setting {
    fn repeats(&self, other: &Self) -> bool {
        *self == Self { seed: self.seed, ..*other }
    }
}
