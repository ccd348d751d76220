//! What can go wrong, and what to do about it.

use std::fmt;
use steadfast_certify::BoxError;

/// Every way in which this crate refuses to go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A parameter outside its domain.
    #[error("{0}")]
    Parameter(Parameter),
    /// A text holds an id that is no word of the lexicon.
    #[error(
        "word {position} of text {text} has the id {id}, which the fuzzer's lexicon never gave out; \
         tokenize texts with that lexicon"
    )]
    UnknownWord {
        /// Which text, counted from 0.
        text: usize,
        /// Which of its words, counted from 0.
        position: usize,
        /// The id.
        id: u32,
    },
    /// The model under test failed, or gave what are no probabilities.
    #[error("the model under test failed: {0}")]
    Model(#[source] BoxError),
    /// The model under test answered another number of texts than it was asked.
    #[error("the model under test gave {given} answers to a batch of {expected} texts; expected one each")]
    Answers {
        /// The answers.
        given: usize,
        /// The texts.
        expected: usize,
    },
    /// An objective measured something that is no deviation.
    #[error("the objective measured the deviation {given}; expected a finite number, 0 or more")]
    Deviation {
        /// What it measured.
        given: f64,
    },
    /// No randomised copy of a text was close enough to it.
    #[error(
        "none of {attempts} randomised copies of text {text} ({words} words) lies within the normalised \
         Damerau–Levenshtein distance Λ = {threshold}; raise Λ, lower the rates, or mutate fewer words at a time"
    )]
    Rejected {
        /// Which text, counted from 0.
        text: usize,
        /// Its words.
        words: usize,
        /// Copies that were drawn.
        attempts: u32,
        /// The threshold.
        threshold: f64,
    },
    /// Voters do not fit together.
    #[error("voter {voter} knows {given} classes, but the first knows {expected}; all must know the same")]
    Voters {
        /// Which voter, counted from 0.
        voter: usize,
        /// Its classes.
        given: usize,
        /// Those of the first.
        expected: usize,
    },
    /// The observer asked to stop.
    #[error("stopped by the caller while searching text {text} of {texts}; there are no results")]
    Stopped {
        /// The text that was searched, counted from 0.
        text: usize,
        /// All texts.
        texts: usize,
    },
    /// A bound, a voter's answer, or a parameter that `steadfast-certify` refuses.
    #[error(transparent)]
    Certify(#[from] steadfast_certify::Error),
}

/// A parameter that was refused: what was given and what would do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parameter {
    /// The parameter.
    pub name: &'static str,
    /// What was given.
    pub given: String,
    /// What would do.
    pub expected: &'static str,
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: given {}, expected {}", self.name, self.given, self.expected)
    }
}

impl Error {
    pub(crate) fn parameter(name: &'static str, given: impl fmt::Display, expected: &'static str) -> Self {
        Self::Parameter(Parameter { name, given: given.to_string(), expected })
    }
}
