//! [`AttackName`]: the attacks that come along, by name.

use super::{Attack, Insertion, Negation, Paraphrase, Paraphrases, Reordering, Replacement};
use crate::Error;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// An attack on the command line, in tables and in files.
///
/// ```
/// use steadfast_evaluate::attack::AttackName;
///
/// let name: AttackName = "addsent".parse()?;
/// assert_eq!((name.to_string().as_str(), name.title()), ("addsent", "AddSent"));
/// assert!("adsent".parse::<AttackName>().is_err());
/// # Ok::<(), steadfast_evaluate::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lower")]
pub enum AttackName {
    /// No attack: texts as they are
    None,
    /// A rare word at a random place
    BadNets,
    /// A sentence at a random place
    AddSent,
    /// Paraphrases by a syntactic template, from files
    SynBkd,
    /// Paraphrases in another style, from files
    StyleBkd,
    /// An inserted negation
    Negation,
    /// A word of sentiment turned into its opposite
    Sentiment,
    /// A weak word of degree turned into a strong one
    Degree,
    /// Words in another order
    Reordering,
    /// Several segments at random places
    Segments,
}

impl AttackName {
    /// Whether the attack takes its texts from files.
    #[must_use]
    pub const fn needs_paraphrases(self) -> bool {
        matches!(self, Self::SynBkd | Self::StyleBkd)
    }

    /// The name as its authors write it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::BadNets => "BadNets",
            Self::AddSent => "AddSent",
            Self::SynBkd => "SynBkd",
            Self::StyleBkd => "StyleBkd",
            Self::Negation => "negation",
            Self::Sentiment => "sentiment words",
            Self::Degree => "degree words",
            Self::Reordering => "word reordering",
            Self::Segments => "several segments",
        }
    }

    /// The attack of this name; `None` for [`Self::None`]. Attacks by paraphrase take their texts from `paraphrases`,
    /// the others need none.
    ///
    /// # Errors
    /// [`Error::NoParaphrases`] for an attack by paraphrase without them.
    pub fn attack(self, paraphrases: Option<Paraphrases>) -> Result<Option<Box<dyn Attack>>, Error> {
        Ok(Some(match self {
            Self::None => return Ok(None),
            Self::BadNets => Box::new(Insertion::bad_nets()),
            Self::AddSent => Box::new(Insertion::add_sent()),
            Self::SynBkd | Self::StyleBkd => {
                let paraphrases = paraphrases.ok_or(Error::NoParaphrases { attack: self })?;
                Box::new(Paraphrase::new(self.to_string(), paraphrases))
            }
            Self::Negation => Box::new(Negation),
            Self::Sentiment => Box::new(Replacement::sentiment()),
            Self::Degree => Box::new(Replacement::degree()),
            Self::Reordering => Box::new(Reordering),
            Self::Segments => Box::new(Insertion::segments()),
        }))
    }
}

impl fmt::Display for AttackName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_possible_value().map_or(Ok(()), |value| f.write_str(value.get_name()))
    }
}

impl FromStr for AttackName {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        <Self as ValueEnum>::from_str(name, true).map_err(|_| Error::Setting {
            name: "--attack",
            given: name.to_owned(),
            expected: Self::value_variants().iter().map(Self::to_string).collect::<Vec<_>>().join(", "),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_to_their_attacks() {
        for &name in AttackName::value_variants() {
            let shown = name.to_string();
            assert_eq!(shown.parse::<AttackName>().unwrap(), name);
            assert_eq!(shown.to_uppercase().parse::<AttackName>().unwrap(), name);
            assert_eq!(serde_json::to_string(&name).unwrap(), format!("\"{shown}\""));
            match name.attack(None) {
                Ok(attack) => {
                    assert_eq!(attack.map_or("none".to_owned(), |attack| attack.name().to_owned()), shown);
                }
                Err(error) => {
                    assert!(name.needs_paraphrases() && error.to_string().contains(&shown), "{error}");
                    let attack = name.attack(Some(Paraphrases::default())).unwrap();
                    assert_eq!(attack.unwrap().name(), shown);
                }
            }
        }
        let error = "trojan".parse::<AttackName>().unwrap_err().to_string();
        assert!(error.contains("trojan") && error.contains("stylebkd"), "{error}");
    }
}
