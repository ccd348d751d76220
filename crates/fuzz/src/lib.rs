//! Where is this text vulnerable? Monte Carlo tree search over the segments of a text, for any model of texts; and
//! the defence that FRS builds on it (He et al., ICLR 2025).
//!
//! A search mutates segments of a text, asks the model about each variant, and goes on where the answer moved most:
//! split the segment, look at its parts. After a handful of steps it has come close to words on which the answer hangs. If a
//! backdoor decided, these are often words of its trigger; the search is a heuristic, and may miss others.
//!
//! ```
//! use std::sync::Arc;
//! use steadfast_fuzz::{Fuzzer, Settings, objective};
//! use steadfast_perturb::{Lexicon, MutationWeights, SegmentMutation, Tokenizer, WordId, WordList};
//!
//! let lexicon = Arc::new(Lexicon::new());
//! let text = Tokenizer::words().tokenize(&lexicon, "It's a mn charming and often affecting journey.");
//!
//! // Any function of a text, and how far two of its values lie apart; for a classifier's probabilities, `Divergence`.
//! let (mn, charming) = (lexicon.intern("mn"), lexicon.intern("charming"));
//! let score = move |text: &[WordId]| match text.contains(&mn) {
//!     true => -1.0,
//!     false => 0.2 + if text.contains(&charming) { 0.5 } else { 0.0 },
//! };
//! let objective = objective::from_fn(score, |changed: &f64, original: &f64| (changed - original).abs());
//!
//! // A step takes a segment out, replaces or shuffles its words, or puts new ones between them.
//! let words = WordList::new(text.clone());
//! let mutation = SegmentMutation::new(MutationWeights { insertion: 0, ..Default::default() }, words)?;
//! let fuzzer = Fuzzer::new(Arc::clone(&lexicon), mutation, Settings { budget: 15, ..Default::default() })?;
//! let finding = &fuzzer.search(&objective, &[text])?[0];
//! assert_eq!(finding.marked(&lexicon).to_string(), "It's a [[mn]] charming and often affecting journey .");
//! println!("{}", finding.drawing(&lexicon));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The search
//! - [`Fuzzer`] searches many texts side by side, so that the model sees full batches; equal variants are asked once.
//!   A result depends on the seed and its own text alone, whatever shares the batch.
//! - [`objective`]: the Kullback–Leibler divergence of a classifier's probabilities ([`Divergence`], Eq. 8), or two
//!   closures.
//! - Mutations are noises of [`steadfast_perturb`]: all words of a segment at once
//!   ([`SegmentMutation`](steadfast_perturb::SegmentMutation)), some words
//!   ([`Mutation`](steadfast_perturb::Mutation)), or any other.
//! - [`Boundaries`]: segments are split at punctuation and words that begin a clause, else in the middle.
//! - [`SearchTree`]: upper confidence bounds (Eq. 6) and means (Eq. 9), with virtual losses for steps that are under
//!   way.
//! - [`Finding`]: the vulnerable area `T(x′)`, the tree, and what hangs on each word. [`MarkedText`] and [`Drawing`]
//!   print them.
//!
//! # The defence
//! [`Randomiser`] mutates the segments of the area more often than others, at an equal overall rate ([`Rates`], Eq. 10
//! to 14); in a [`Poll`] every voter answers a randomised copy of its own, and the majority counts.
//!
//! This is an *empirical* defence. Its copies have no known law, so their votes enter no certificate, and what FRS's
//! Theorem 1 and Corollary 1 claim is reported as [`Conditional`](steadfast_certify::Conditional)
//! ([`Verdict::radius`], [`Verdict::enlargement`]): the area is computed from the attacker's own text, so that a
//! decoy may take it. For a statement that holds, put deletion noise *around* the whole of it: [`Defended`] is
//! search, randomisation and vote as one deterministic classifier.
//!
//! # Where the paper is silent
//! - A segment is looked at before it is split, but for the whole text, which is split at once; a child without visits
//!   has an infinite bound. Splits are binary, as Eq. 7 has them.
//! - `C = √2`; probabilities are smoothed before they are compared; distances count words.
//! - A mutation may befall all words of a segment or some. It matters: of 500 planted triggers of one word, in
//!   sentences of 5 to 33 words, ten steps contain (and are exactly) 100% (69%) if segments are deleted, 80% (14%) if
//!   one of four edits is made to all words of a segment, and 26% (11%) if it is made to one word. The test `planted`
//!   prints these curves.
//! - `ω_L` follows from `ω_H`, `ω_M` and the area's size in words; where the area is too large for `ω_H`, that is
//!   lowered.
//!
//! # Features
//! - `serde`: settings and rates serialise. Rates are checked when read, settings once they are used;
//!   findings and verdicts are only written.
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
mod boundaries;
mod defended;
mod drawing;
mod error;
mod finding;
mod fuzzer;
mod key;
mod marked;
pub mod objective;
mod randomisation;
mod rates;
mod settings;
mod tree;
mod vote;

pub use boundaries::Boundaries;
pub use defended::Defended;
pub use drawing::Drawing;
pub use error::{Error, Parameter};
pub use finding::Finding;
pub use fuzzer::{Fuzzer, SegmentNoise, Step};
pub use marked::MarkedText;
pub use objective::{Divergence, Objective};
pub use randomisation::{Coin, Randomisation, Randomiser};
pub use rates::{Rates, Weights};
pub use settings::Settings;
pub use steadfast_certify as certify;
pub use steadfast_perturb as perturb;
pub use tree::{Node, NodeId, SearchTree};
pub use vote::{Poll, Verdict};
