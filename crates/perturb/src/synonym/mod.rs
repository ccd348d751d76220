//! Words and what they may be replaced by.
//!
//! From word vectors to a table of replacements with exact probabilities:
//!
//! 1. [`Vectors`]: words with a vector each, from `GloVe`, word2vec or a cache, restricted to a vocabulary.
//! 2. [`WordNet`]: synonyms and antonyms; [`CounterFitting`] moves the vectors by them.
//! 3. [`Vectors::without_common_components`]: what all words share is taken out.
//! 4. [`Neighbours`]: all pairs of words above a cosine.
//! 5. [`CandidateSets`]: what each word may be replaced by, in one of three [`Grouping`]s.
//! 6. [`Weighting`]: with which probability, as whole numbers that add up to 2³².
//! 7. [`SynonymTable`]: all of it in one file, with [`Statistics`] of what the law does.
//! 8. [`SynonymTable::noise`]: the noise to smooth with, whose [`swaps`](crate::Substitution::swaps) are the threat to certify.
//!
//! Every step gives the same result for any number of threads.

mod beta;
mod binary;
mod cache;
mod candidates;
mod clusters;
mod common_components;
mod cosines;
mod counter_fitting;
mod distribution;
mod input;
mod json;
mod law;
mod neighbours;
mod noise;
mod selection;
mod statistics;
mod table;
mod table_file;
mod text;
mod vectors;
mod wordnet;
mod words;

pub use candidates::{CandidateSets, Grouping};
pub use cosines::Progress;
pub use counter_fitting::CounterFitting;
pub use law::{Family, WEIGHT_TOTAL, Weighting};
pub use neighbours::{Neighbour, Neighbours};
pub use statistics::{Quartiles, Statistics};
pub use table::{Candidate, Row, SynonymTable};
pub use vectors::Vectors;
pub use wordnet::{Pairs, PartOfSpeech, WordNet};

const _: () = {
    const fn threads<T: Send + Sync>() {}
    threads::<Vectors>();
    threads::<WordNet>();
    threads::<SynonymTable>();
};
