//! Text perturbation: words, edits between texts, and noises that know their own law.
//!
//! - [`text`]: a [`Lexicon`] of interned words, and a [`Tokenizer`] without context.
//! - [`edit`]: edits as data, shortest scripts, Damerau–Levenshtein distances.
//! - [`noise`]: deletion, masking and substitution with exact laws; random mutation without one.
//! - [`Partition`]: words dealt out to groups.
//!
//! A noise makes the attacker of a text ([`Deletion::edits`], [`Deletion::signal`], [`Substitution::substitutions`], …), against whom
//! [`certify`] counts votes:
//!
//! ```
//! use std::sync::Arc;
//! use steadfast_perturb::{Deletion, Lexicon, Tokenizer, WordId};
//! use steadfast_perturb::certify::{Certifier, Confidence, Plan, Rate, Smoothing, from_fn};
//!
//! let lexicon = Arc::new(Lexicon::new());
//! let text = Tokenizer::words().tokenize(&lexicon, "dull, dull, dull and more dull: a dull film in a dull town");
//! let dull = lexicon.intern("dull");
//! let classifier = from_fn(2, move |words: &Vec<WordId>| usize::from(!words.contains(&dull)));
//!
//! let noise = Deletion::uniform(lexicon, Rate::new(0.7)?)?;
//! let tally = Smoothing::new(Plan::fixed(100, 4_000)?).seed(1).tally(&noise, &classifier, 0, &text[..])?;
//! let certificate = Certifier::new(Confidence::new(0.001)?).certify(&noise.edits(&text), &tally)?;
//! assert!(certificate.certifies(0, 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//! - `serde`: edits and scripts serialize.
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
    Beyond, Deletion, Enumeration, ExactMasking, Frequencies, IndependentTokenNoise, Masking, Mutation,
    MutationWeights, Replacements, Row, SegmentMutation, Substitution, WordList,
};
pub use partition::Partition;
pub use steadfast_certify as certify;
pub use string_classifier::StringClassifier;
pub use text::{Lexicon, Token, Tokenizer, WordId};
