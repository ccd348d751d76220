//! Noises of texts, each with its exact law: sampler and certificate use the same integers.
//!
//! - [`Deletion`]: each word is deleted, independently, at one rate or at a rate of its own.
//! - [`Masking`]: each word is masked, independently; the length stays.
//! - [`ExactMasking`]: all but exactly `k` words are masked.
//! - [`Substitution`]: each word is replaced by a draw from its row of a table.
//! - [`Mutation`], [`SegmentMutation`]: random edits, of some words or of all at once. They have no law: they serve search,
//!   not certification.
//!
//! Each noise makes its threat from a text: [`Deletion::edits`], [`Deletion::signal`], [`Masking::substitutions`], [`ExactMasking::substitutions`],
//! [`Substitution::substitutions`]. For short texts [`Enumeration`] lists the likeliest noisy copies.
//!
//! Laws are fingerprints of all parameters of a noise, including those of words that the text does not contain, and of one
//! text. They are computed from words, not ids: the same text under the same noise has the same law whatever else a lexicon
//! contains. A text with ids that are not in the noise's lexicon has no law.

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
    deletion::{Deletion, DeletionRates},
    enumeration::{Beyond, Enumeration},
    exact_masking::ExactMasking,
    independent_token::IndependentTokenNoise,
    masking::{Masking, MaskingRate},
    mutation::{Frequencies, Mutation, MutationWeights, Replacements, WordList},
    segment_mutation::SegmentMutation,
    substitution::{Row, Substitution},
};
