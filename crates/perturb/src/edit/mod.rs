//! Edits of sequences (insertions, deletions, substitutions, transpositions) and edit distances.
//!
//! - [`EditOp`], [`EditScript`]: edits as data, to apply, invert and count.
//! - [`align`]: a shortest script from one sequence to another.
//! - [`damerau_levenshtein`]: the length of that script, a metric.
//! - [`optimal_string_alignment`]: the restricted distance, often called by the same name, which is not a metric.
//!
//! Sequences are slices of comparable items: words, characters, bytes. The functions whose names end in `_characters` take
//! strings.

mod alignment;
mod band;
mod distance;
mod operation;
mod script;

pub use self::{
    alignment::align,
    distance::{
        damerau_levenshtein, damerau_levenshtein_characters, damerau_levenshtein_characters_within,
        damerau_levenshtein_within, normalized_damerau_levenshtein, normalized_optimal_string_alignment,
        optimal_string_alignment, optimal_string_alignment_characters,
        optimal_string_alignment_characters_within, optimal_string_alignment_within,
    },
    operation::EditOp,
    script::EditScript,
};
