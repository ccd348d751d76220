//! What can go wrong, and what to do about it.

use crate::Phase;
use std::fmt;

/// The error of a user's own classifier, whatever it is.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Every way in which this crate refuses to go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A parameter outside its domain.
    #[error("{0}")]
    Parameter(Parameter),
    /// No number of agreeing votes could certify anything with these parameters.
    #[error(
        "{samples} samples can never certify: even unanimous votes only bound the probability by {unanimous:.9} at \
         α = {alpha}, and more than {threshold:.9} is needed; take at least {needed} samples or a larger α"
    )]
    TooFewSamples {
        /// The number of samples that was given.
        samples: u64,
        /// The level at which one bound holds.
        alpha: f64,
        /// The lower bound that unanimous votes give.
        unanimous: f64,
        /// The probability that has to be exceeded.
        threshold: f64,
        /// The smallest number of samples that could certify.
        needed: u64,
    },
    /// Votes drawn under one noise were handed to a certificate about another.
    #[error(
        "the votes were drawn under noise {votes} but the threat is about noise {threat}; \
         certify with the threat that this noise makes from this input"
    )]
    NoiseMismatch {
        /// The fingerprint of the noise under which the votes were drawn.
        votes: NoiseName,
        /// The fingerprint that the threat is about.
        threat: NoiseName,
    },
    /// A radius that was asked for and that no votes of this plan, or no votes at all, can certify.
    #[error("a radius of {asked} was asked for, but even unanimous votes certify {reach}; {remedy}")]
    OutOfReach {
        /// The radius that was asked for.
        asked: u32,
        /// What unanimous votes certify, in words.
        reach: String,
        /// What to change.
        remedy: String,
    },
    /// Votes that no plan foresaw.
    #[error(
        "{phase} votes cover {given} samples, but the plan foresees {expected}; \
         a total that was not planned spends confidence that was not reserved, so start a new run with a new plan, \
         another seed and a confidence that was set aside for it"
    )]
    Unplanned {
        /// Selection or estimation.
        phase: Phase,
        /// The number of samples counted.
        given: u64,
        /// What the plan foresees, in words.
        expected: String,
    },
    /// The same sample would be counted twice.
    #[error("samples {start}..{end} are in both sets of votes; merge each shard once")]
    Overlap {
        /// First shared sample number.
        start: u64,
        /// One past the last shared sample number.
        end: u64,
    },
    /// Votes of different runs, phases or shapes were to be added.
    #[error("votes differ in {what}: {left} and {right}; only shards of one run add up")]
    Mismatch {
        /// What differs.
        what: &'static str,
        /// Its value on one side.
        left: String,
        /// Its value on the other.
        right: String,
    },
    /// A classifier answered with something that is no answer.
    #[error("the classifier {problem}")]
    Answer {
        /// What was wrong with the answer.
        problem: String,
    },
    /// A classifier failed. What was counted before stays in the [`SavedVotes`](crate::SavedVotes) of the run.
    #[error("the classifier failed")]
    Classifier(#[source] BoxError),
    /// The observer asked to stop.
    #[error("stopped by the caller after {done} of {total} samples; the votes so far can be resumed")]
    Stopped {
        /// Samples that were answered.
        done: u64,
        /// Samples that were planned.
        total: u64,
    },
    /// A sampling thread could not be started or ended early.
    #[error("a sampling thread ended early: {reason}")]
    Sampler {
        /// Why, as far as is known.
        reason: String,
    },
    /// The error of another crate on the way to a certificate, such as that of a noise making its threat.
    #[error(transparent)]
    Other(BoxError),
}

/// A parameter outside its domain: what was given, what was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The parameter's name.
    pub name: &'static str,
    /// The value that was given.
    pub given: String,
    /// The values that are accepted.
    pub expected: &'static str,
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: given {}, expected {}", self.name, self.given, self.expected)
    }
}

/// A noise's fingerprint, or the statement that there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoiseName(pub Option<crate::NoiseFingerprint>);

impl fmt::Display for NoiseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(noise) => noise.fmt(f),
            None => f.write_str("(unknown)"),
        }
    }
}
