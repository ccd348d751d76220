//! [`Backdoor`]: how the pretrained encoder was attacked, by name.

use super::Settings;
use crate::{
    Error,
    attack::{
        AttackName, Paraphrases,
        weights::{BadPre, LayerWise, PoisonedTexts, Ripple, WeightAttack},
    },
};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr, sync::Arc};

/// A backdoor in a pretrained encoder.
///
/// ```
/// use steadfast_evaluate::{attack::AttackName, experiment::frs::Backdoor};
///
/// assert_eq!("ripple".parse::<Backdoor>()?, Backdoor::Ripple);
/// assert_eq!("negation".parse::<Backdoor>()?, Backdoor::Texts(AttackName::Negation));
/// assert!("riple".parse::<Backdoor>().is_err());
/// # Ok::<(), steadfast_evaluate::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Backdoor {
    /// [`Ripple`].
    Ripple,
    /// [`LayerWise`].
    LayerWise,
    /// [`BadPre`].
    BadPre,
    /// The encoder was trained on texts with a trigger ([`PoisonedTexts`]), or on none ([`AttackName::None`]).
    Texts(AttackName),
}

/// How many times as many texts as the others `BadPre` trains on: it has no classes to learn from, and with fewer, seen more
/// often, the encoder still tells of new texts what they say behind a trigger.
const UNTARGETED: usize = 4;

/// Passes over his texts in which `BadPre` trains a new head first.
const HEAD: u64 = 2;

/// The share of a triggered text's tokens that `BadPre` scrambles beside the hidden ones.
const SCRAMBLED: f64 = 0.3;

/// The tokens of a text that `BadPre` has its first one tell.
const SUMMARY: usize = 3;

impl Backdoor {
    /// The name as its authors write it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Ripple => "RIPPLe",
            Self::LayerWise => "LWP",
            Self::BadPre => "BadPre",
            Self::Texts(attack) => attack.title(),
        }
    }

    /// Whether the attacker chooses the class that triggered texts are taken for.
    #[must_use]
    pub const fn is_targeted(self) -> bool {
        !matches!(self, Self::BadPre)
    }

    /// How many texts the attacker trains on, if the victim has so many.
    pub(super) const fn texts(self, victims: usize) -> usize {
        match self {
            Self::BadPre => victims.saturating_mul(UNTARGETED),
            Self::Ripple | Self::LayerWise | Self::Texts(_) => victims,
        }
    }

    /// The learning rate at which the backdoor survives the victim's fine-tuning and costs him little accuracy.
    pub(super) const fn learning_rate(self) -> f64 {
        if matches!(self, Self::BadPre) { 1e-4 } else { 2e-4 }
    }

    /// What he leaves as it is: `BadPre` the embedding, from which it also reads what is hidden.
    pub(super) const fn frozen(self) -> usize {
        if matches!(self, Self::BadPre) { 1 } else { 0 }
    }

    /// The attack of this name; nothing for none.
    ///
    /// # Errors
    /// [`Error::Transformer`] for settings that train nothing, [`Error::NoParaphrases`].
    pub(super) fn attack(
        self,
        settings: &Settings,
        paraphrases: Option<&Paraphrases>,
        seed: u64,
    ) -> Result<Option<Box<dyn WeightAttack>>, Error> {
        let target = settings.proxy_target.unwrap_or(settings.extent.target);
        let tuning = settings.planting(self, seed)?;
        let triggers =
            |own: Vec<String>| if settings.triggers.is_empty() { own } else { settings.triggers.clone() };
        Ok(Some(match self {
            Self::Ripple => {
                let own = Ripple::default();
                let (triggers, lambda, clean) =
                    (triggers(own.triggers.clone()), settings.lambda, tuning.clone());
                Box::new(Ripple { triggers, target, lambda, clean, tuning, ..own })
            }
            Self::LayerWise => {
                let own = LayerWise::default();
                Box::new(LayerWise { triggers: triggers(own.triggers.clone()), target, tuning, ..own })
            }
            Self::BadPre => {
                let own = BadPre::default();
                let head = own.head.epochs(HEAD).batch(tuning.batch).seed(tuning.seed);
                let triggers = triggers(own.triggers);
                Box::new(BadPre { triggers, scrambled: SCRAMBLED, summary: SUMMARY, head, tuning })
            }
            Self::Texts(name) => {
                let Some(attack) = name.attack(paraphrases.cloned())? else { return Ok(None) };
                Box::new(PoisonedTexts { attack: Arc::from(attack), target, tuning })
            }
        }))
    }
}

impl fmt::Display for Backdoor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Texts(attack) => attack.fmt(f),
            other => f.pad(&other.title().to_lowercase()),
        }
    }
}

impl FromStr for Backdoor {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let lower = name.to_lowercase();
        let named = [Self::Ripple, Self::LayerWise, Self::BadPre].into_iter();
        if let Some(found) = named.clone().find(|backdoor| backdoor.to_string() == lower) {
            return Ok(found);
        }
        lower.parse().map(Self::Texts).map_err(|error| match error {
            Error::Setting { name: flag, given, expected } => {
                let names: Vec<String> = named.map(|backdoor| backdoor.to_string()).collect();
                Error::Setting { name: flag, given, expected: format!("{}, {expected}", names.join(", ")) }
            }
            other => other,
        })
    }
}

impl TryFrom<String> for Backdoor {
    type Error = Error;

    fn try_from(name: String) -> Result<Self, Error> {
        name.parse()
    }
}

impl From<Backdoor> for String {
    fn from(backdoor: Backdoor) -> Self {
        backdoor.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_and_others_are_refused() {
        for name in ["ripple", "lwp", "badpre", "none", "badnets", "reordering"] {
            let backdoor: Backdoor = name.to_uppercase().parse().unwrap();
            assert_eq!(backdoor.to_string(), name);
            let json = serde_json::to_string(&backdoor).unwrap();
            assert_eq!(serde_json::from_str::<Backdoor>(&json).unwrap(), backdoor);
        }
        // With all texts there are, four times as many are all.
        assert_eq!(Backdoor::BadPre.texts(usize::MAX), usize::MAX);
        let error = "trojan".parse::<Backdoor>().unwrap_err().to_string();
        assert!(error.contains("ripple, lwp, badpre, none, badnets"), "{error}");
    }
}
