//! What can go wrong, and what to do about it.

use std::fmt;
use steadfast_certify::{EditKind, Error, Parameter};

/// Errors of this crate.
///
/// `?` converts [`steadfast_certify::Error`] into this type and back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PerturbError {
    /// A parameter is outside its domain.
    #[error("{0}")]
    Parameter(Parameter),
    /// An edit script does not fit the sequence that it is applied to.
    #[error(
        "edit {index} of the script ({edit} at position {position}) does not fit a sequence of {length} tokens: {reason}"
    )]
    Edit {
        /// The index of the edit in the script, from 0.
        index: usize,
        /// Its kind.
        edit: EditKind,
        /// The position that it names.
        position: usize,
        /// The length of the sequence before this edit.
        length: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// A certificate, or one of its parameters, was refused.
    #[error(transparent)]
    Certify(Error),
}

impl PerturbError {
    pub(crate) fn parameter(name: &'static str, given: impl fmt::Display, expected: &'static str) -> Self {
        Self::Parameter(Parameter { name, given: given.to_string(), expected })
    }
}

impl From<Error> for PerturbError {
    fn from(error: Error) -> Self {
        match error {
            Error::Parameter(parameter) => Self::Parameter(parameter),
            other => Self::Certify(other),
        }
    }
}

/// A wrapped error is unwrapped.
impl From<PerturbError> for Error {
    fn from(error: PerturbError) -> Self {
        match error {
            PerturbError::Parameter(parameter) => Self::Parameter(parameter),
            PerturbError::Certify(error) => error,
            PerturbError::Edit { .. } => Self::Other(Box::new(error)),
        }
    }
}
