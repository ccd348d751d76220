//! Noises of texts, each with its exact law: what is sampled and what a certificate is computed from are the same integers.
//!
//! - [`Deletion`]: each word is deleted, independently, at one rate or at a rate of its own.
//! - [`Masking`]: each word is masked, independently; the length stays.
//! - [`ExactMasking`]: all but exactly `k` words are masked.
//! - [`Substitution`]: each word is replaced by a draw from its row of a table.
//! - [`Mutation`], [`SegmentMutation`]: random edits, of some words or of all at once, without a law: for searching, not for
//!   certifying.
//!
//! Each makes its threat from a text: [`Deletion::edits`], [`Deletion::signal`], [`Masking::substitutions`], [`ExactMasking::substitutions`],
//! [`Substitution::substitutions`]. For short texts [`Enumeration`] takes the likeliest noisy copies one by one.
//!
//! Laws are fingerprints of a noise's parameters, of those for other words included, and of one text, by words and not by
//! ids: the same text under the same noise has the same law whatever else a lexicon holds. A text with ids that the noise's
//! lexicon never gave out has no law.

mod alias;
mod deletion;
mod draw;
mod enumeration;
mod exact_masking;
mod independent_token;
mod masking;
mod mutation;
mod segment_mutation;
mod substitution;
mod threats;

pub use self::{
    deletion::Deletion,
    enumeration::{Beyond, Enumeration},
    exact_masking::ExactMasking,
    independent_token::IndependentTokenNoise,
    masking::Masking,
    mutation::{Frequencies, Mutation, MutationWeights, Replacements, WordList},
    segment_mutation::SegmentMutation,
    substitution::{Row, Substitution},
};
