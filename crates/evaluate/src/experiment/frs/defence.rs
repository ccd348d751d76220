//! [`Defence`]: what stands between a backdoored encoder and a text.

use crate::{Error, experiment::crowd};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A defence by name; after `@` a number may follow, where it has one.
///
/// ```
/// use steadfast_evaluate::experiment::frs::Defence;
///
/// assert_eq!("frs".parse::<Defence>()?, Defence::Frs);
/// assert_eq!("around".parse::<Defence>()?, Defence::Around { rate: 0.8 });
/// assert!("frs@0.5".parse::<Defence>().is_err());
/// # Ok::<(), steadfast_evaluate::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Defence {
    /// Nothing: the encoder as the victim fine-tuned it.
    None,
    /// FRS without fuzzing (−FTR): noise on weights in fine-tuning, and voters with noisy weights.
    Voters,
    /// FRS without noise on weights (−BMPS): search, randomisation and vote.
    Fuzzing,
    /// FRS as published: search, randomisation, and voters with noisy weights, fine-tuned under noise on weights.
    Frs,
    /// FRS with noise on weights in fine-tuning alone.
    FrsTraining,
    /// FRS with noise on weights of voters alone.
    FrsInference,
    /// A signal vocabulary that is searched for offline, kept often; all other words are deleted nearly always.
    Signal,
    /// The same, with the words that naive Bayes finds most telling.
    SignalLinear,
    /// The same, with all words of the defender's clean texts: only words that he never saw are outside.
    SignalSeen,
    /// Deletion noise around search, randomisation and vote, with an encoder that was fine-tuned under it.
    Around {
        /// The rate at which each word is deleted.
        rate: f64,
    },
    /// Words are deleted (CERT-ED).
    Deletion {
        /// The rate at which each word is.
        rate: f64,
    },
    /// Classifiers of groups of words vote ([`TextGuard`](crate::baseline::TextGuard)).
    TextGuard {
        /// Their number.
        groups: u32,
    },
}

/// Defences without a number.
const PLAIN: [Defence; 9] = [
    Defence::None,
    Defence::Voters,
    Defence::Fuzzing,
    Defence::Frs,
    Defence::FrsTraining,
    Defence::FrsInference,
    Defence::Signal,
    Defence::SignalLinear,
    Defence::SignalSeen,
];

impl Defence {
    /// Whether noise is put on weights in fine-tuning, and on those of voters.
    pub(super) const fn phases(self) -> [bool; 2] {
        match self {
            Self::Voters | Self::Frs => [true, true],
            Self::FrsTraining => [true, false],
            Self::FrsInference => [false, true],
            _ => [false, false],
        }
    }

    /// How people and files call it, without its number.
    const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Voters => "voters",
            Self::Fuzzing => "fuzzing",
            Self::Frs => "frs",
            Self::FrsTraining => "frs-training",
            Self::FrsInference => "frs-inference",
            Self::Signal => "signal",
            Self::SignalLinear => "signal-linear",
            Self::SignalSeen => "signal-seen",
            Self::Around { .. } => "around",
            Self::Deletion { .. } => "deletion",
            Self::TextGuard { .. } => "textguard",
        }
    }
}

impl fmt::Display for Defence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        match self {
            Self::Around { rate } | Self::Deletion { rate } => f.pad(&format!("{name}@{rate}")),
            Self::TextGuard { groups } => f.pad(&format!("{name}@{groups}")),
            _ => f.pad(name),
        }
    }
}

impl FromStr for Defence {
    type Err = Error;

    fn from_str(given: &str) -> Result<Self, Error> {
        let lower = given.to_lowercase();
        if let Some(found) = PLAIN.into_iter().find(|defence| defence.name() == lower) {
            return Ok(found);
        }
        // What the two experiments share is written alike.
        let (inner, around) = match lower.strip_prefix("around") {
            Some(number) => (format!("deletion{number}"), true),
            None => (lower, false),
        };
        match inner.parse() {
            Ok(crowd::Defence::Deletion { rate }) if around => Ok(Self::Around { rate }),
            Ok(crowd::Defence::Deletion { rate }) => Ok(Self::Deletion { rate }),
            Ok(crowd::Defence::TextGuard { groups }) => Ok(Self::TextGuard { groups }),
            _ => Err(Error::Setting {
                name: "--defence",
                given: given.to_owned(),
                expected: "none, voters, fuzzing, frs, frs-training, frs-inference, signal, signal-linear, signal-seen, \
                           around@RATE, deletion@RATE or textguard@GROUPS; without @ the rate is 0.8 and the groups are 3"
                    .to_owned(),
            }),
        }
    }
}

impl TryFrom<String> for Defence {
    type Error = Error;

    fn try_from(name: String) -> Result<Self, Error> {
        name.parse()
    }
}

impl From<Defence> for String {
    fn from(defence: Defence) -> Self {
        defence.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_and_others_are_refused() {
        let names = PLAIN.iter().map(Defence::to_string);
        for name in names.chain(["around@0.7", "deletion@0.95", "textguard@9"].map(str::to_owned)) {
            let defence: Defence = name.to_uppercase().parse().unwrap();
            assert_eq!(defence.to_string(), name);
            let json = serde_json::to_string(&defence).unwrap();
            assert_eq!(serde_json::from_str::<Defence>(&json).unwrap(), defence);
        }
        for name in ["", "fr", "frs@2", "around@", "crowd", "none@1", "textguard@-1"] {
            let error = name.parse::<Defence>().unwrap_err().to_string();
            assert!(error.contains("--defence") && error.contains("around@RATE"), "{error}");
        }
    }
}
