//! [`Noises`]: the noises of the defences that have one, made of one lexicon.

use super::{Defence, Settings};
use crate::{
    Error,
    experiment::{
        Console, Flags, TextNoise,
        synonyms::{self, Prepared},
    },
};
use std::sync::Arc;
use steadfast_certify::{Rate, Threat};
use steadfast_fetch::Cache;
use steadfast_perturb::{Deletion, Lexicon, PerturbError, Substitution, WordId};
use steadfast_synonyms::{Family, Grouping, Weighting};

/// A noise on texts, and the attacker it is certified against.
#[derive(Debug)]
pub enum Law {
    /// Words are replaced; so does the attacker.
    Replaces(Substitution),
    /// Words are deleted; the attacker edits.
    Deletes(Deletion),
}

impl Law {
    /// The noise.
    #[must_use]
    pub fn noise(&self) -> &TextNoise {
        match self {
            Self::Replaces(noise) => noise,
            Self::Deletes(noise) => noise,
        }
    }

    /// The attacker of `text`.
    ///
    /// # Errors
    /// [`PerturbError::Parameter`] for words of another lexicon.
    pub fn threat(&self, text: &[WordId]) -> Result<Box<Threat>, PerturbError> {
        Ok(match self {
            Self::Replaces(noise) => Box::new(noise.substitutions(text)?),
            Self::Deletes(noise) => Box::new(noise.edits(text)?),
        })
    }
}

/// The noises of the defences that have one, over one lexicon.
#[derive(Debug)]
pub struct Noises {
    /// The words of all texts.
    pub lexicon: Arc<Lexicon>,
    /// By defence; with [`Defence::Crowd`] there must be [`Defence::Uniform`], of which the published certificate is.
    pub laws: Vec<(Defence, Law)>,
}

impl Noises {
    /// Makes what the settings ask for. Candidates are made as CROWD makes them, from `GloVe` and `WordNet`, for the words of the
    /// movie reviews or, for texts of one's own (`--data`), for the most frequent words of the vectors.
    ///
    /// # Errors
    /// Those of [`Prepared::new`], and of laws with a number out of range.
    pub fn prepare(
        settings: &Settings,
        flags: &Flags,
        cache: &Cache,
        console: &Console,
    ) -> Result<Self, Error> {
        let tables = synonyms::Settings {
            threshold: settings.threshold,
            from_vectors: flags.data.is_some(),
            ..synonyms::Settings::default()
        };
        let lexicon = Arc::new(Lexicon::new());
        let mut laws: Vec<(Defence, Law)> = Vec::new();
        let mut prepared = None;
        for defence in settings.noisy_defences() {
            let (grouping, weighting) = match defence {
                Defence::Uniform => (Grouping::Nearest, Weighting::from(Family::Uniform)),
                Defence::Crowd => (Grouping::Nearest, Family::Crowd.into()),
                Defence::CrowdComponent { temperature } => {
                    (Grouping::Closed, Weighting::new(Family::CrowdComponent, temperature)?)
                }
                Defence::Deletion { rate } => {
                    let noise = Deletion::uniform(Arc::clone(&lexicon), Rate::new(rate)?)?;
                    laws.push((defence, Law::Deletes(noise)));
                    continue;
                }
                _ => continue,
            };
            let (prepared, neighbors) = match &mut prepared {
                Some(made) => made,
                none => {
                    // There --data would name vectors.
                    let flags = Flags { data: None, ..flags.clone() };
                    let made = Prepared::new(&tables, &flags, cache, console)?;
                    let neighbors = made.neighbors(settings.threshold, console)?;
                    none.insert((made, neighbors))
                }
            };
            let sets = prepared.sets(neighbors, grouping, console)?;
            let noise = prepared.table(&sets, weighting, console)?.noise(Arc::clone(&lexicon))?;
            laws.push((defence, Law::Replaces(noise)));
        }
        Ok(Self { lexicon, laws })
    }

    /// The law of a defence.
    ///
    /// # Errors
    /// [`Error::Setting`] for a defence whose noise was not made.
    pub fn of(&self, defence: Defence) -> Result<&Law, Error> {
        let made = self.laws.iter().find(|(made, _)| *made == defence);
        made.map(|(_, law)| law).ok_or_else(|| Error::Setting {
            name: "the noise of a defence",
            given: defence.to_string(),
            expected: "one of those that were prepared".to_owned(),
        })
    }
}
