//! Where is a text vulnerable? Monte Carlo tree search over the segments of a text, for any model of texts; and the defense
//! that FRS builds on it (He et al., ICLR 2025).
//!
//! A search mutates segments of a text, asks the model about each variant, and refines where the answer changed most: it
//! splits the segment and mutates its parts. After some ten steps it has come close to words on which the answer depends.
//! In a backdoored text these are often words of the trigger; the search is a heuristic, and may miss others.
//!
//! ```
//! use std::sync::Arc;
//! use steadfast_fuzz::{Fuzzer, SearchSettings, objective};
//! use steadfast_perturb::{Lexicon, MutationWeights, SegmentMutation, Tokenizer, WordId, WordList};
//!
//! let lexicon = Arc::new(Lexicon::new());
//! let text = Tokenizer::words().tokenize(&lexicon, "It's a mn charming and often affecting journey.");
//!
//! // Any function of a text, and the deviation between two of its values; for probabilities see `from_probabilities`.
//! let (mn, charming) = (lexicon.intern("mn"), lexicon.intern("charming"));
//! let score = move |text: &[WordId]| match text.contains(&mn) {
//!     true => -1.0,
//!     false => 0.2 + if text.contains(&charming) { 0.5 } else { 0.0 },
//! };
//! let objective = objective::from_fn(score, |changed: &f64, original: &f64| (changed - original).abs());
//!
//! // A step deletes a segment, or replaces or shuffles its words.
//! let words = WordList::new(text.clone());
//! let mutation = SegmentMutation::new(MutationWeights { insertion: 0, ..Default::default() }, words)?;
//! let fuzzer = Fuzzer::new(Arc::clone(&lexicon), mutation, SearchSettings::default().budget(15))?;
//! let area = &fuzzer.search(&objective, &[text])?[0];
//! assert_eq!(area.marked(&lexicon).to_string(), "It's a [[mn]] charming and often affecting journey .");
//! println!("{}", area.drawing(&lexicon));
//! # Ok::<(), steadfast_fuzz::FuzzError>(())
//! ```
//!
//! # The search
//! - [`Fuzzer`] searches many texts in rounds, so that the model's batches are full; equal variants are asked once. A
//!   result depends on the seed and its own text alone, whatever shares the batch.
//! - [`objective`]: the Kullback–Leibler divergence of a classifier's probabilities ([`Divergence`], Eq. 8), of a closure's,
//!   or any other deviation.
//! - Mutations are noises of [`steadfast_perturb`]: all words of a segment at once
//!   ([`SegmentMutation`](steadfast_perturb::SegmentMutation)), some words ([`Mutation`](steadfast_perturb::Mutation)), or
//!   any other.
//! - [`ClauseSegmenter`]: segments are split at punctuation and words that begin a clause, else in the middle.
//! - [`SearchTree`]: upper confidence bounds (Eq. 6) and means (Eq. 9), with virtual losses for steps under way.
//! - [`VulnerableArea`]: `T(x′)`, its search tree, and a score for each word. [`MarkedText`] and [`Drawing`] print them.
//!
//! # The defense
//! [`Randomizer`] mutates the segments of the area more often than others, at an equal overall rate ([`Rates`], Eq. 10 to
//! 14). In a [`MajorityVote`] every voter answers a randomized copy of its own.
//!
//! This is an *empirical* defense. The law of its copies is unknown, so votes on them enter no certificate, and the claims
//! of FRS's Theorem 1 and Corollary 1 are [`Conditional`](steadfast_certify::Conditional) ([`theorem`],
//! [`Verdict::radius`], [`Verdict::enlargement`]): the area is computed from the attacker's own text, in which a decoy may
//! attract the search. For a sound certificate, put deletion noise *around* it: [`FrsClassifier`] is search, randomization
//! and vote as one deterministic classifier.
//!
//! # Where the paper is silent
//! - A segment is mutated before it is split, except the whole text, which is split at once. A child without visits has an
//!   infinite bound. Splits are binary, as in Eq. 7.
//! - `C = √2`; probabilities are smoothed before they are compared; distances count words.
//! - A mutation may change all words of a segment or some. Of 500 planted triggers of one word, in sentences of 5 to 33
//!   words, the area after ten steps contains (and equals) 100% (69%) if segments are deleted, 80% (14%) if one of four
//!   edits is made to all words of a segment, and 26% (11%) if it is made to one word. The test `planted` prints these
//!   curves.
//! - `ω_L` follows from `ω_H`, `ω_M` and the area's size in words. `ω_H` is lowered where the area is too large for it.
//!
//! # Features
//! - `serde`: settings and rates serialize. Rates are checked when they are read, settings when they are used. Vulnerable
//!   areas and verdicts are only written.
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

mod answers;
mod clause_segmenter;
mod drawing;
mod error;
mod frs_classifier;
mod fuzzer;
mod key;
mod majority_vote;
mod marked;
pub mod objective;
mod randomization;
mod rates;
mod settings;
pub mod theorem;
mod tree;
mod vulnerable_area;

pub use clause_segmenter::ClauseSegmenter;
pub use drawing::Drawing;
pub use error::FuzzError;
pub use frs_classifier::FrsClassifier;
pub use fuzzer::{Fuzzer, SegmentNoise, Step};
pub use majority_vote::{MajorityVote, Verdict};
pub use marked::MarkedText;
pub use objective::{Divergence, Objective};
pub use randomization::{Randomization, RandomizationUnit, Randomizer};
pub use rates::{Rates, Weights};
pub use settings::SearchSettings;
pub use steadfast_certify as certify;
pub use steadfast_certify::scoring_from_fn;
pub use steadfast_perturb as perturb;
pub use tree::{Node, NodeId, SearchTree};
pub use vulnerable_area::VulnerableArea;

/// Methods that set one field each. Settings may grow, so other crates cannot write them as literals.
macro_rules! setters {
    ($($(#[$doc:meta])* $field:ident: $type:ty),* $(,)?) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $field(mut self, $field: $type) -> Self {
            self.$field = $field;
            self
        }
    )*};
}
use setters;
