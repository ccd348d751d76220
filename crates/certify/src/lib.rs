//! Randomized-smoothing certificates for discrete data: from votes to a radius that holds.
//!
//! Someone has a classifier and an input, and wants to know whether the answer stays whatever an attacker changes within a
//! budget. Randomized smoothing answers that for the *smoothed* classifier, which returns the class that the base classifier
//! answers most often on noisy copies of the input:
//!
//! ```text
//! input ── Noise ──> noisy inputs ── Classifier ──> votes ── Certifier ──> ClassBounds ── Threat ──> Certificate
//! ```
//!
//! [`SmoothedClassifier`] walks that whole way, for one input or for a data set:
//!
//! ```
//! use steadfast_certify::{BitFlips, Bits, Confidence, Plan, Rate, SmoothedClassifier, from_fn};
//!
//! // Is most of the image set? Each pixel flips with probability 0.2.
//! let majority = from_fn(2, |image: &Bits| usize::from(2 * image.count_ones() > image.len()));
//! let noise = BitFlips::symmetric(Rate::new(0.2)?)?;
//! let smoothed = SmoothedClassifier::new(majority, noise, Plan::fixed(100, 10_000)?)
//!     .confidence(Confidence::alpha(0.001)?)
//!     .seed(1);
//!
//! let image: Bits = (0..64).map(|pixel| pixel < 50).collect();
//! let certificate = smoothed.certify(&image, &noise.threat(&image)?)?;
//! assert!(certificate.certifies(1, 2));
//! println!("{certificate}");
//! # Ok::<(), steadfast_certify::Error>(())
//! ```
//!
//! Under it lies everything that it is made of, for whoever brings votes, noise or mathematics of their own:
//!
//! - [`noise`] draws noisy copies, exactly from the distribution that it names.
//! - [`classifier`] is whatever you have; a closure will do.
//! - [`Plan`], [`Votes`], [`VoteCounts`], [`Certifier`]: votes that were drawn elsewhere, in shards, on a plan.
//! - [`strata`] joins noisy inputs that were enumerated with samples of the rest.
//! - [`removal`] measures what a text's own tokens are worth to the certified class, for larger radii against edits.
//! - [`confidence`] bounds probabilities from counts.
//! - [`threat`] says what the attacker may do, and through [`trade_off`] what that costs.
//! - [`partition`] certifies votes of models that were trained on parts of the data.
//! - [`certificate`] is the result: private fields, one sentence, everything it rests on.
//!
//! # Features
//! - `serde`: parameters, votes and results serialize; what is read back is checked. Certificates are only written.
//! - `log`: events of long runs go to the `log` facade.
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
pub mod certificate;
mod certifier;
mod certify_all;
pub mod classifier;
pub mod conditional;
pub mod confidence;
mod error;
mod fingerprint;
mod interval;
mod log;
pub mod noise;
pub mod partition;
mod plan;
pub mod prelude;
mod rate;
pub mod removal;
mod round;
mod rounding;
mod sampling;
mod saved_votes;
pub mod seed;
mod smoothed_classifier;
pub mod strata;
pub mod threat;
pub mod trade_off;
mod vote_counts;
mod votes;

pub use bits::Bits;
pub use certificate::{Certificate, ClassBounds, Evidence, Outcome, certify_bounds};
pub use certifier::{Certifier, RunnerUp};
pub use certify_all::{CertifyAll, Event, RunProgress};
pub use classifier::{
    ClassId, Classifier, Parallel, Probabilities, ScoringClassifier, from_batch_fn, from_fn, scoring_from_fn,
};
pub use conditional::{Assumption, Conditional};
pub use confidence::Confidence;
pub use error::{BoxError, Error, NoiseName, Parameter};
pub use fingerprint::{Fingerprint, NoiseFingerprint};
pub use interval::{Interval, Lower, Upper};
pub use noise::{BitFlips, Noise, UniformNoise};
pub use partition::{PartitionVotes, certify_partition};
pub use plan::Plan;
pub use rand_core;
pub use rate::Rate;
pub use removal::{MeasuredVotes, RemovalBounds, RemovalNoise, RemovalVotes};
pub use rounding::{RoundingTolerant, Tolerance};
pub use saved_votes::{PartialVotes, SavedVotes};
pub use seed::Phase;
pub use smoothed_classifier::{Prediction, Progress, SmoothedClassifier};
pub use strata::Strata;
pub use threat::{
    AblationThreat, EditCounts, EditKind, EditThreat, FlipThreat, GaussianThreat, Group, GroupsThreat,
    MaskingThreat, MeasuredEditThreat, MeasuredSignalThreat, Radius, SignalBudget, SignalThreat,
    SubstitutionPair, SynonymThreat, Threat, ThreatModel, UniformThreat, Unit,
};
pub use trade_off::{Composition, TradeOff};
pub use vote_counts::VoteCounts;
pub use votes::{VoteHeader, VoteTable, Votes};

/// What no program can write.
///
/// An attack that is bound to no noise and no input certifies nothing:
/// ```compile_fail,E0308
/// use steadfast_certify::{Certifier, EditThreat, Interval, VoteCounts};
/// fn certify(votes: &VoteCounts) {
///     let attack = EditThreat::uniform(Interval::enclosing("0.9").unwrap(), 20);
///     let _ = Certifier::default().certify(&attack, votes);
/// }
/// ```
/// Nothing is added to enumerated outcomes, whose rest was fixed with them:
/// ```compile_fail,E0599
/// use steadfast_certify::{Interval, Strata};
/// fn add(mut strata: Strata) {
///     strata.record(1, Interval::ONE);
/// }
/// ```
/// A certificate is not made of its parts:
/// ```compile_fail,E0451
/// use steadfast_certify::{Certificate, Outcome};
/// fn forge(certificate: Certificate) -> Certificate {
///     Certificate { outcome: Outcome::Abstained, ..certificate }
/// }
/// ```
/// What rests on assumptions does not pass for a certificate:
/// ```compile_fail,E0308
/// use steadfast_certify::{Certificate, Conditional};
/// fn certified(claim: Conditional<Certificate>) -> Certificate {
///     claim
/// }
/// ```
/// A closure over a slice is told what to write instead:
/// ```compile_fail,E0277
/// use steadfast_certify::{BitFlips, Plan, SmoothedClassifier, Bits};
/// fn smooth(noise: BitFlips, plan: Plan, image: &Bits) {
///     let _ = SmoothedClassifier::new(|image: &Bits| 0, noise, plan).count(0, image);
/// }
/// ```
#[cfg(doctest)]
struct DoesNotCompile;
