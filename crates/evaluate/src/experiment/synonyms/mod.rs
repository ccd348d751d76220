//! Tables of synonyms: from word vectors to laws of replacement, and what these do.
//!
//! - [`Settings`]: the options.
//! - [`Prepared`]: vectors of a vocabulary, counter-fitted and cleaned, and the neighbors among them.
//! - [`words_report`]: candidates, similarities, laws and overlaps of some words.
//! - [`Comparison`]: one table over the vocabulary, law beside law.
//!
//! The vocabulary is by default that of the movie reviews, most frequent words first, by the rules of
//! `Tokenizer::words` in lower case. Word vectors are read once from their
//! 307 MB of JSON and kept in the cache in a form that loads in a fraction of a second.

mod comparison;
mod prepared;
mod settings;
mod words;

pub use comparison::{Comparison, Line};
pub use prepared::{Prepared, Stage};
pub use settings::{GroupingName, LawName, Settings, SimilarityOf};
pub use words::words_report;
