//! [`Defence`]: what a classifier is trained and asked under, or what stands around it.

use crate::Error;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A defence by name; after `@` a number may follow, where it has one.
///
/// ```
/// use steadfast_evaluate::experiment::crowd::Defence;
///
/// assert_eq!("textguard".parse::<Defence>()?, Defence::TextGuard { groups: 3 });
/// assert_eq!("deletion@0.9".parse::<Defence>()?, Defence::Deletion { rate: 0.9 });
/// assert_eq!(Defence::CrowdComponent { temperature: 0.1 }.to_string(), "crowd-component@0.1");
/// assert!("textguard@0.5".parse::<Defence>().is_err());
/// # Ok::<(), steadfast_evaluate::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Defence {
    /// Nothing: the encoder as it is.
    None,
    /// Words become any of their synonyms alike (SAFER).
    Uniform,
    /// Words become synonyms by Beta draws, as CROWD's released code weighs them.
    Crowd,
    /// CROWD's weights around the centre of a component, so that all its words share one law.
    CrowdComponent {
        /// Above 1 it flattens the weights, below it sharpens them: near 0 a word becomes its component's centre.
        temperature: f64,
    },
    /// Words are deleted, and edits certified instead of replacements (CERT-ED).
    Deletion {
        /// The rate at which each word is.
        rate: f64,
    },
    /// Classifiers of groups of words vote ([`TextGuard`](crate::baseline::TextGuard)).
    TextGuard {
        /// Their number.
        groups: u32,
    },
    /// Training texts with the word that moves hidden states most are left out ([`Bki`](crate::baseline::Bki)).
    Bki,
    /// Words without which a text reads better are taken out ([`Onion`](crate::baseline::Onion)), by the pseudo-perplexity of the
    /// encoder, which learns to fill gaps in clean development texts if it cannot.
    Onion,
    /// Texts whose answer survives overwritten words are refused ([`Strip`](crate::baseline::Strip)).
    Strip,
    /// Texts whose answer survives a rare word are refused ([`Rap`](crate::baseline::Rap)).
    Rap,
}

impl Defence {
    /// The defences without a certificate.
    pub const EMPIRICAL: [Self; 4] = [Self::Bki, Self::Onion, Self::Strip, Self::Rap];

    /// How tables and people call its noise or rule.
    fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Uniform => "uniform",
            Self::Crowd => "crowd",
            Self::CrowdComponent { .. } => "crowd-component",
            Self::Deletion { .. } => "deletion",
            Self::TextGuard { .. } => "textguard",
            Self::Bki => "bki",
            Self::Onion => "onion",
            Self::Strip => "strip",
            Self::Rap => "rap",
        }
    }
}

impl fmt::Display for Defence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        match self {
            Self::CrowdComponent { temperature: number } | Self::Deletion { rate: number } => {
                f.pad(&format!("{name}@{number}"))
            }
            Self::TextGuard { groups } => f.pad(&format!("{name}@{groups}")),
            _ => f.pad(name),
        }
    }
}

impl FromStr for Defence {
    type Err = Error;

    fn from_str(given: &str) -> Result<Self, Error> {
        let (name, number) = match given.split_once('@') {
            Some((name, number)) => (name, Some(number)),
            None => (given, None),
        };
        let found = match name {
            "crowd-component" => parsed(number, 1.0).map(|temperature| Self::CrowdComponent { temperature }),
            "deletion" => parsed(number, 0.8).map(|rate| Self::Deletion { rate }),
            "textguard" => parsed(number, 3).map(|groups| Self::TextGuard { groups }),
            _ => [Self::None, Self::Uniform, Self::Crowd]
                .into_iter()
                .chain(Self::EMPIRICAL)
                .find(|defence| number.is_none() && defence.name() == name),
        };
        found.ok_or_else(|| Error::Setting {
            name: "--defence",
            given: given.to_owned(),
            expected: "none, uniform, crowd, crowd-component@TEMPERATURE, deletion@RATE, textguard@GROUPS, bki, onion, strip or \
                       rap; without @ the temperature is 1, the rate 0.8 and the groups are 3"
                .to_owned(),
        })
    }
}

/// The number behind the @, if there is one.
fn parsed<T: FromStr>(number: Option<&str>, default: T) -> Option<T> {
    number.map_or(Some(default), |number| number.parse().ok())
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
        for name in [
            "none",
            "uniform",
            "crowd",
            "crowd-component@0.1",
            "deletion@0.95",
            "textguard@9",
            "bki",
            "onion",
            "strip",
            "rap",
        ] {
            let defence: Defence = name.parse().unwrap();
            assert_eq!(defence.to_string(), name);
            let json = serde_json::to_string(&defence).unwrap();
            assert_eq!(serde_json::from_str::<Defence>(&json).unwrap(), defence);
        }
        for name in ["", "crow", "crowd@2", "textguard@-1", "deletion@", "none@1"] {
            let error = name.parse::<Defence>().unwrap_err().to_string();
            assert!(error.contains("--defence") && error.contains("textguard@GROUPS"), "{error}");
        }
    }
}
