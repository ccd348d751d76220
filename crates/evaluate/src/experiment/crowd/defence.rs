//! [`Defence`]: what a classifier is trained and asked under; [`Noises`]: those noises, made.

use super::Settings;
use crate::{
    Error,
    experiment::{
        Console, Flags, TextNoise,
        synonyms::{self, Prepared},
    },
};
use serde::{Deserialize, Serialize};
use std::{fmt, sync::Arc};
use steadfast_certify::{Rate, Threat};
use steadfast_fetch::Cache;
use steadfast_perturb::{
    Deletion, Lexicon, Substitution, WordId,
    synonym::{Family, Grouping},
};

/// What a classifier is trained and asked under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Defence {
    /// Nothing: the encoder as it is
    None,
    /// Words become any of their synonyms alike (SAFER)
    Uniform,
    /// Words become synonyms by Beta draws, as CROWD's released code weighs them
    Crowd,
    /// The same weights around the centre of a component, so that all its words share one law
    CrowdComponent,
    /// Words are deleted, and edits certified instead of replacements
    Deletion,
}

impl Defence {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::None, Self::Uniform, Self::Crowd, Self::CrowdComponent, Self::Deletion];

    /// Its name on the command line and in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Uniform => "uniform",
            Self::Crowd => "crowd",
            Self::CrowdComponent => "crowd-component",
            Self::Deletion => "deletion",
        }
    }
}

impl fmt::Display for Defence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The noises of all defences, over one lexicon.
#[derive(Debug)]
pub struct Noises {
    /// The words of all texts.
    pub lexicon: Arc<Lexicon>,
    /// All candidates alike.
    pub uniform: Substitution,
    /// CROWD's weights on the same candidates.
    pub crowd: Substitution,
    /// One law for each closed component.
    pub component: Substitution,
    /// Words deleted.
    pub deletion: Deletion,
}

impl Noises {
    /// Makes the candidates as CROWD does, from `GloVe` and `WordNet`, for the words of the movie reviews or, for texts of one's
    /// own (`--data`), for the most frequent words of the vectors.
    ///
    /// # Errors
    /// Those of [`Prepared::new`].
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
        // There --data would name vectors.
        let prepared = Prepared::new(&tables, &Flags { data: None, ..flags.clone() }, cache, console)?;
        let neighbours = prepared.neighbours(settings.threshold, console)?;
        let nearest = prepared.sets(&neighbours, Grouping::Nearest, console)?;
        let closed = prepared.sets(&neighbours, Grouping::Closed, console)?;
        let lexicon = Arc::new(Lexicon::new());
        let noise = |sets, family: Family| -> Result<Substitution, Error> {
            Ok(prepared.table(sets, family.into(), console)?.noise(Arc::clone(&lexicon))?)
        };
        Ok(Self {
            uniform: noise(&nearest, Family::Uniform)?,
            crowd: noise(&nearest, Family::Crowd)?,
            component: noise(&closed, Family::CrowdComponent)?,
            deletion: Deletion::uniform(Arc::clone(&lexicon), Rate::new(settings.deletion)?)?,
            lexicon,
        })
    }

    /// The noise of a defence; nothing for none.
    #[must_use]
    pub fn of(&self, defence: Defence) -> Option<&TextNoise> {
        match defence {
            Defence::None => None,
            Defence::Uniform => Some(&self.uniform),
            Defence::Crowd => Some(&self.crowd),
            Defence::CrowdComponent => Some(&self.component),
            Defence::Deletion => Some(&self.deletion),
        }
    }

    /// The attacker of `text` that a defence certifies against; nothing for none.
    pub(super) fn threat(&self, defence: Defence, text: &[WordId]) -> Option<Box<dyn Threat>> {
        let swaps = |noise: &Substitution| Some(Box::new(noise.swaps(text)) as Box<dyn Threat>);
        match defence {
            Defence::None => None,
            Defence::Uniform => swaps(&self.uniform),
            Defence::Crowd => swaps(&self.crowd),
            Defence::CrowdComponent => swaps(&self.component),
            Defence::Deletion => Some(Box::new(self.deletion.edits(text))),
        }
    }
}
