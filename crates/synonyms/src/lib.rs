//! Synonym tables: which words may replace each other, and with which exact probability.
//!
//! From word vectors to a noise for randomized smoothing:
//!
//! 1. [`Vectors`]: a vector for each word, from `GloVe`, word2vec or a binary file, restricted to a vocabulary.
//! 2. [`WordNet`]: synonyms and antonyms; [`CounterFitting`] adapts the vectors to them.
//! 3. [`Vectors::without_common_components`]: removes the directions that all words share (all-but-the-top).
//! 4. [`Neighbors`]: all pairs of words whose cosine reaches a threshold.
//! 5. [`CandidateSets`]: the words that may replace each word, by one of three [`Grouping`]s.
//! 6. [`Weighting`]: the probability of each candidate, as integers that sum to 2³².
//! 7. [`SynonymTable`]: words, candidates and weights, in one file, with [`Statistics`].
//! 8. [`SynonymTable::noise`]: the [`Substitution`](steadfast_perturb::Substitution) noise of the table. Its
//!    [`substitutions`](steadfast_perturb::Substitution::substitutions) are the threat to certify against.
//!
//! Every step gives the same result for any number of threads.
//!
//! ```
//! use std::{ops::ControlFlow, sync::Arc};
//! use steadfast_synonyms::{
//!     CandidateSets, Family, Grouping, Neighbors, SynonymTable, Vectors,
//!     certify::{Plan, SmoothedClassifier, from_fn},
//!     perturb::{Lexicon, Tokenizer, WordId},
//! };
//!
//! // Called with the number of words that were processed; may stop a long step.
//! let progress = |_: u64| ControlFlow::Continue(());
//! let vectors = Vectors::new(["good", "fine", "bad"], 2, vec![1.0, 0.0, 0.8, 0.6, -1.0, 0.0])?;
//! let neighbors = Neighbors::find(&vectors, 0.7, &progress)?;
//! let sets = CandidateSets::new(&vectors, &neighbors, Grouping::Closed, 100, &progress)?;
//! let table = SynonymTable::new(&sets, &vectors, Family::CrowdComponent.into(), &progress)?;
//!
//! let lexicon = Arc::new(Lexicon::new());
//! let noise = table.noise(Arc::clone(&lexicon))?;
//! let text = Tokenizer::words().lower_case(true).tokenize(&lexicon, "A good film");
//! let praise = ["good", "fine"].map(|word| lexicon.intern(word));
//! let classifier = from_fn(2, move |words: &Vec<WordId>| usize::from(praise.iter().any(|word| words.contains(word))));
//!
//! let smoothed = SmoothedClassifier::new(classifier, &noise, Plan::fixed(100, 1_000)?).seed(1);
//! let certificate = smoothed.certify(&text, &noise.substitutions(&text)?)?;
//! assert!(certificate.certifies(1, 1));
//! # Ok::<(), steadfast_synonyms::SynonymsError>(())
//! ```
//!
//! # Features
//! - `serde`: [`Family`] and [`Grouping`] can be read and written, [`Statistics`] and [`Quartiles`] written.
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::print_stdout,
        clippy::print_stderr
    )
)]

mod candidates;
mod error;
mod law;
mod storage;
mod table;
mod vectors;
mod wordnet;

pub use candidates::{CandidateSets, Grouping, Neighbor, Neighbors, Progress};
pub use error::SynonymsError;
pub use law::{Family, WEIGHT_TOTAL, Weighting};
pub use steadfast_certify as certify;
pub use steadfast_perturb as perturb;
pub use table::{Candidate, Quartiles, Statistics, SynonymTable, TableRow};
pub use vectors::{CounterFitting, Vectors};
pub use wordnet::{PartOfSpeech, WordNet, WordPairs};

const _: () = {
    const fn threads<T: Send + Sync>() {}
    threads::<Vectors>();
    threads::<WordNet>();
    threads::<SynonymTable>();
};
