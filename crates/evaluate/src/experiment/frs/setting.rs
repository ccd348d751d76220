//! [`Setting`]: what a row is about.

use super::{Backdoor, Defence};
use crate::experiment::row;
use serde::{Deserialize, Serialize};
use steadfast_certify::ClassId;

/// What a claim is about: who was attacked, with what, and who defends.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Setting {
    /// The backdoor in the pretrained encoder.
    pub attack: Backdoor,
    /// The class that triggered texts are taken for.
    pub target: ClassId,
    /// The seed of backdoor, head, training and noise.
    pub seed: u64,
    /// The defence.
    pub defence: Defence,
    /// How many voters it asks, if it asks any.
    pub voters: Option<u64>,
    /// The standard deviation of the noise on its weights, if there is some.
    pub deviation: Option<f64>,
}

impl Setting {
    /// Who defends, for people: the defence with its voters and their noise.
    pub(super) fn defender(&self) -> String {
        let voters = self.voters.map(|voters| format!("voters {voters}"));
        let deviation = self.deviation.map(|deviation| format!("σ {deviation}"));
        let parts = [Some(self.defence.to_string()), voters, deviation];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

impl row::Setting for Setting {
    fn repeats(&self, other: &Self) -> bool {
        // An attack without a target may end in another class.
        *self == Self { seed: self.seed, target: self.target, ..*other }
    }
}
