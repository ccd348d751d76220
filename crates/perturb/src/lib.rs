//! Text perturbation: words, edits of texts, and noises that know their own law.
//!
//! - [`text`]: a [`Lexicon`] of interned words, and a context-free [`Tokenizer`].
//! - [`edit`]: [`EditScript`]s, shortest scripts, Damerau–Levenshtein distances.
//! - Noises with an exact law: [`Deletion`], [`Masking`], [`ExactMasking`], [`Substitution`]. Sampler and certificate use the
//!   same integers. [`Enumeration`] lists the likeliest noisy copies of a short text.
//! - Random edits without a law: [`Mutation`], [`SegmentMutation`]. They serve search, not certification.
//! - [`Partition`]: assigns words to groups.
//! - [`StringClassifier`]: adapts a classifier of strings.
//!
//! A noise makes the threat from a text ([`Deletion::edits`], [`Deletion::signal`], [`Masking::substitutions`],
//! [`ExactMasking::substitutions`], [`Substitution::substitutions`]), and [`certify`] certifies votes against it:
//!
//! ```
//! use std::sync::Arc;
//! use steadfast_perturb::{Deletion, Lexicon, Tokenizer, WordId};
//! use steadfast_perturb::certify::{Plan, Rate, SmoothedClassifier, from_fn};
//!
//! let lexicon = Arc::new(Lexicon::new());
//! let text = Tokenizer::words().tokenize(&lexicon, "dull, dull, dull and more dull: a dull film in a dull town");
//! let dull = lexicon.intern("dull");
//! let classifier = from_fn(2, move |words: &Vec<WordId>| usize::from(!words.contains(&dull)));
//!
//! let noise = Deletion::uniform(lexicon, Rate::new(0.7)?)?;
//! let smoothed = SmoothedClassifier::new(classifier, &noise, Plan::fixed(100, 4_000)?).seed(1);
//! let certificate = smoothed.certify(&text, &noise.edits(&text)?)?;
//! assert!(certificate.certifies(0, 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Laws
//! The law of a noise on a text is a fingerprint of all parameters of the noise, including those of words that the text does
//! not contain, and of the text. It is computed from words, not ids: the same text under the same noise has the same law
//! whatever else a lexicon contains. A text with ids that are not in the noise's lexicon has no law.
//!
//! # Features
//! - `serde`: edits, scripts and the parameters of noises ([`DeletionRates`], [`MaskingRate`], [`MutationWeights`]) can be read
//!   and written. What is read is checked.
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

pub mod edit;
mod error;
mod noise;
mod partition;
mod string_classifier;
pub mod text;

pub use edit::{EditOp, EditScript};
pub use error::PerturbError;
pub use noise::{
    Beyond, Deletion, DeletionRates, Enumeration, ExactMasking, Frequencies, IndependentTokenNoise, Masking,
    MaskingRate, Mutation, MutationWeights, Replacements, Row, SegmentMutation, Substitution, WordList,
};
pub use partition::Partition;
pub use steadfast_certify as certify;
pub use string_classifier::StringClassifier;
pub use text::{Lexicon, Token, Tokenizer, WordId};
