//! [`Settings`]: what a table of synonyms is made of.

use crate::Error;
use std::path::PathBuf;
use steadfast_synonyms::{Family, Grouping, Weighting};

/// The options of a table of synonyms.
#[derive(Debug, Clone, clap::Args)]
#[expect(clippy::doc_markdown, reason = "the comments are the text of --help")]
pub struct Settings {
    /// Take the words of this text file (one text or one word per line) instead of those of the movie reviews
    #[arg(long, value_name = "FILE", conflicts_with = "from_vectors")]
    pub vocabulary: Option<PathBuf>,

    /// Take the most frequent words of the vector file instead of those of the movie reviews
    #[arg(long)]
    pub from_vectors: bool,

    /// At most this many words, the most frequent ones
    #[arg(long, default_value_t = 20_000, value_name = "N")]
    pub limit: usize,

    /// Words that occur no more often than this are replaced by nothing and replace nothing
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub frequent: u64,

    /// Words are neighbors from this cosine on
    #[arg(long, default_value_t = 0.7, value_name = "COSINE")]
    pub threshold: f64,

    /// Most candidates of a word, itself included
    #[arg(long, default_value_t = 100, value_name = "N")]
    pub maximum: usize,

    /// Steps of counter-fitting with the synonyms and antonyms of WordNet; 0 leaves it out
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub epochs: u32,

    /// Leading directions that are taken out of the vectors (all-but-the-top)
    #[arg(long, default_value_t = 8, value_name = "N")]
    pub components: usize,

    /// Which vectors' cosines weigh the candidates
    #[arg(long, value_enum, default_value_t = SimilarityOf::Raw, value_name = "VECTORS")]
    pub similarity: SimilarityOf,

    /// The law of the table that is saved
    #[arg(long, value_enum, default_value_t = LawName::CrowdComponent, value_name = "LAW")]
    pub law: LawName,

    /// Candidates of the table that is saved [default: closed for crowd-component, else nearest]
    #[arg(long, value_enum, value_name = "SETS")]
    pub grouping: Option<GroupingName>,

    /// Weights in proportion to probability^(1/T): 1 is the law itself, large T come near to the uniform one
    #[arg(long, default_value_t = 1.0, value_name = "T")]
    pub temperature: f64,
}

impl Default for Settings {
    /// As on the command line.
    fn default() -> Self {
        Self {
            vocabulary: None,
            from_vectors: false,
            limit: 20_000,
            frequent: 1,
            threshold: 0.7,
            maximum: 100,
            epochs: 20,
            components: 8,
            similarity: SimilarityOf::Raw,
            law: LawName::CrowdComponent,
            grouping: None,
            temperature: 1.0,
        }
    }
}

impl Settings {
    /// The law of the table that is saved.
    ///
    /// # Errors
    /// [`Error::Perturb`] for a temperature out of range.
    pub fn weighting(&self) -> Result<Weighting, Error> {
        Ok(Weighting::new(self.law.into(), self.temperature)?)
    }

    /// How the candidates of the table that is saved are found.
    #[must_use]
    pub fn grouping(&self) -> Grouping {
        match (self.grouping, self.law) {
            (Some(grouping), _) => grouping.into(),
            (None, LawName::CrowdComponent) => Grouping::Closed,
            (None, _) => Grouping::Nearest,
        }
    }
}

/// The names of [`Family`] on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LawName {
    /// All candidates alike (SAFER)
    Uniform,
    /// Beta draws times the similarity to the word, as CROWD's released code does
    Crowd,
    /// The same with the similarity to the medoid of the word's component
    CrowdComponent,
}

impl From<LawName> for Family {
    fn from(name: LawName) -> Self {
        match name {
            LawName::Uniform => Self::Uniform,
            LawName::Crowd => Self::Crowd,
            LawName::CrowdComponent => Self::CrowdComponent,
        }
    }
}

/// The names of [`Grouping`] on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum GroupingName {
    /// The component of the word, or its nearest words in it
    Nearest,
    /// The same, pairs that hold in both directions only
    Mutual,
    /// Clusters that no chain of replacements leaves
    Closed,
}

impl From<GroupingName> for Grouping {
    fn from(name: GroupingName) -> Self {
        match name {
            GroupingName::Nearest => Self::Nearest,
            GroupingName::Mutual => Self::Mutual,
            GroupingName::Closed => Self::Closed,
        }
    }
}

/// Vectors whose cosines weigh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum SimilarityOf {
    /// As they were read
    Raw,
    /// Counter-fitted, without the common directions: those that neighbors are found in
    Processed,
}
