//! [`FuzzError`]: what can go wrong, and the way out of each.

use std::fmt;
use steadfast_certify::BoxError;

/// Every way in which this crate refuses to go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FuzzError {
    /// A parameter outside its domain.
    #[error("{name} is {given}, expected {expected}")]
    Parameter {
        /// The parameter.
        name: &'static str,
        /// The value that was given.
        given: String,
        /// The values that are accepted.
        expected: &'static str,
    },
    /// A text holds an id that is no word of the lexicon.
    #[error(
        "word {position} of text {text} has the id {id}, which is not in the fuzzer's lexicon; \
         tokenize texts with that lexicon"
    )]
    UnknownWord {
        /// The text's index.
        text: usize,
        /// The word's index in the text.
        position: usize,
        /// The id.
        id: u32,
    },
    /// The model under test failed, or its output is no probability distribution.
    #[error("the model under test failed: {0}")]
    Model(#[source] BoxError),
    /// The number of answers differs from the number of texts.
    #[error("the model under test gave {given} answers to a batch of {expected} texts; expected one each")]
    Answers {
        /// The number of answers.
        given: usize,
        /// The number of texts.
        expected: usize,
    },
    /// An objective returned a value that is no deviation.
    #[error("the objective returned the deviation {given}; expected a finite number, 0 or more")]
    Deviation {
        /// The value.
        given: f64,
    },
    /// No randomized copy of a text was close enough to it.
    #[error(
        "none of {attempts} randomized copies of text {text} ({words} words) lies within the normalized \
         Damerau–Levenshtein distance Λ = {threshold}; raise Λ, lower the rates, or mutate fewer words at a time"
    )]
    Rejected {
        /// The text's index.
        text: usize,
        /// The number of its words.
        words: usize,
        /// The number of copies that were drawn.
        attempts: u32,
        /// The threshold.
        threshold: f64,
    },
    /// Voters differ in their number of classes.
    #[error("voter {voter} has {given} classes, but the first has {expected}; all must have the same")]
    Voters {
        /// The voter's index.
        voter: usize,
        /// The number of its classes.
        given: usize,
        /// The number of classes of the first voter.
        expected: usize,
    },
    /// The observer stopped the search.
    #[error("stopped by the caller while searching text {text} of {texts}; there are no results")]
    Stopped {
        /// The index of the text that was searched.
        text: usize,
        /// The number of texts.
        texts: usize,
    },
    /// A bound, a voter's answer, or a parameter that `steadfast-certify` refuses.
    #[error(transparent)]
    Certify(#[from] steadfast_certify::Error),
    /// A mutation, or another part of `steadfast-perturb`, was refused.
    #[error(transparent)]
    Perturb(#[from] steadfast_perturb::PerturbError),
}

impl FuzzError {
    pub(crate) fn parameter(name: &'static str, given: impl fmt::Display, expected: &'static str) -> Self {
        Self::Parameter { name, given: given.to_string(), expected }
    }
}

/// A wrapped error is unwrapped.
impl From<FuzzError> for steadfast_certify::Error {
    fn from(error: FuzzError) -> Self {
        match error {
            FuzzError::Certify(error) => error,
            FuzzError::Perturb(error) => error.into(),
            other => Self::Other(Box::new(other)),
        }
    }
}
