//! Randomized-smoothing certificates for discrete data: from votes to a radius that holds.
//!
//! Someone has a classifier and an input, and wants to know whether the answer stays whatever an attacker changes within a
//! budget. Randomized smoothing answers that for the *smoothed* classifier, which returns the class that the base classifier
//! answers most often on noisy copies of the input:
//!
//! ```text
//! input ── Noise ──> noisy inputs ── Classifier ──> Votes ── Certifier ──> ClassBounds ── Threat ──> Certificate
//! ```
//!
//! - [`noise`] draws noisy copies, exactly from the law that it names.
//! - [`classifier`] is whatever you have; a closure will do.
//! - [`smoothing`] is the loop; it returns a [`Tally`] of votes on a [`Plan`].
//! - [`strata`] joins noisy inputs that were enumerated with samples of the rest.
//! - [`confidence`] bounds probabilities from counts.
//! - [`threat`] says what the attacker may do, and through [`TradeOff`] what that costs.
//! - [`partition`] certifies votes of models that were trained on parts of the data.
//! - [`certificate`] is the result: private fields, one sentence, everything it rests on.
//!
//! ```
//! use steadfast_certify::{
//!     BitFlips, Bits, Certifier, Confidence, Plan, Rate, Smoothing, from_fn,
//! };
//!
//! // Is most of the image set? Each pixel flips with probability 0.2.
//! let classifier = from_fn(2, |image: &Bits| usize::from(2 * image.count_ones() > image.len()));
//! let noise = BitFlips::symmetric(Rate::new(0.2)?)?;
//! let image: Bits = (0..64).map(|pixel| pixel < 50).collect();
//!
//! let smoothing = Smoothing::new(Plan::fixed(100, 10_000)?).seed(1);
//! let tally = smoothing.tally(&noise, &classifier, 0, &image)?;
//! let certifier = Certifier::new(Confidence::new(0.001)?);
//! let certificate = certifier.certify(&noise.threat(&image), &tally)?;
//! assert!(certificate.certifies(1, 2));
//! println!("{certificate}");
//! # Ok::<(), steadfast_certify::Error>(())
//! ```
//!
//! # Features
//! - `serde`: parameters, votes and results serialise; what is read back is checked. Certificates are only written.
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

mod bits;
mod cautious;
pub mod certificate;
mod certifier;
pub mod classifier;
pub mod conditional;
pub mod confidence;
mod error;
mod interval;
mod law;
pub mod noise;
pub mod partition;
mod plan;
mod rate;
mod round;
pub mod seed;
pub mod smoothing;
pub mod strata;
pub mod threat;
mod trade_off;
mod votes;

pub use bits::Bits;
pub use cautious::Cautious;
pub use certificate::{Certificate, ClassBounds, Evidence, Outcome, certify_bounds};
pub use certifier::{Certifier, Competitors};
pub use classifier::{
    ClassId, Classifier, Parallel, Probabilities, ScoringClassifier, from_batch_fn, from_fn, scoring_from_fn,
};
pub use conditional::{Assumption, Conditional};
pub use confidence::Confidence;
pub use error::{BoxError, Error, LawName, Parameter};
pub use interval::{Interval, Lower, Upper};
pub use law::Law;
pub use noise::{BitFlips, Noise, UniformNoise};
pub use partition::{PartitionVotes, certify_partition};
pub use plan::{Plan, Tally};
pub use rand_core;
pub use rate::Rate;
pub use seed::Phase;
pub use smoothing::Smoothing;
pub use strata::Strata;
pub use threat::{
    AblationThreat, DiscreteThreat, EditCounts, EditKind, EditThreat, FlipThreat, GaussianThreat, Group,
    GroupsThreat, MaskingThreat, Radius, SignalBudget, SignalThreat, Swap, Threat, UniformThreat, Unit,
    WordThreat,
};
pub use trade_off::{Composition, TradeOff};
pub use votes::{Ballot, VoteTable, Votes};
