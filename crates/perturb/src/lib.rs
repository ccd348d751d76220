//! Text perturbation: words, edits between texts, and noises that know their own law.
//!
//! - [`text`]: a [`Lexicon`] of interned words, and a [`Tokenizer`] without context.
//! - [`edit`]: edits as data, shortest scripts, Damerau–Levenshtein distances.
//! - [`noise`]: deletion, masking and substitution with exact laws; random mutation without one.
//! - [`synonym`]: tables of words that may replace each other.
//! - [`Partition`]: words dealt out to groups.
//!
//! # Features
//! - `serde`: edits and scripts serialise.
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
pub mod noise;
mod on_strings;
mod partition;
pub mod synonym;
pub mod text;

pub use edit::{EditOp, EditScript};
pub use error::{Error, Parameter};
pub use noise::{
    Beyond, Deletion, Enumeration, ExactMasking, Frequencies, KeepsWords, Masking, Mutation, MutationWeights,
    Replacements, Row, SegmentMutation, Substitution, WordList,
};
pub use on_strings::OnStrings;
pub use partition::Partition;
pub use text::{Lexicon, Token, Tokenizer, WordId};
