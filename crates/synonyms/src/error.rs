//! What can go wrong, and what to do about it.

use std::{fmt, io, path::PathBuf};
use steadfast_certify::{Error, Parameter};
use steadfast_perturb::PerturbError;

/// Errors of this crate.
///
/// `?` converts errors of `steadfast-certify` and `steadfast-perturb` into this type, and this type into
/// [`steadfast_certify::Error`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SynonymsError {
    /// A parameter is outside its domain.
    #[error("{0}")]
    Parameter(Parameter),
    /// A file could not be read or written.
    #[error("cannot {operation} {}: {source}", path.display())]
    Io {
        /// `read` or `write`.
        operation: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The content of a file is malformed.
    #[error("{}, {position}: {found}; expected {expected}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Where in the file: a line, an entry, a byte.
        position: String,
        /// What was found there.
        found: String,
        /// What was expected there.
        expected: &'static str,
    },
    /// The [`Progress`](crate::Progress) callback stopped a long step.
    #[error("stopped by the caller; nothing was written")]
    Stopped,
    /// A text noise was refused.
    #[error(transparent)]
    Perturb(PerturbError),
    /// A certificate, or one of its parameters, was refused.
    #[error(transparent)]
    Certify(Error),
}

impl SynonymsError {
    pub(crate) fn parameter(name: &'static str, given: impl fmt::Display, expected: &'static str) -> Self {
        Self::Parameter(Parameter { name, given: given.to_string(), expected })
    }
}

impl From<Error> for SynonymsError {
    fn from(error: Error) -> Self {
        match error {
            Error::Parameter(parameter) => Self::Parameter(parameter),
            other => Self::Certify(other),
        }
    }
}

impl From<PerturbError> for SynonymsError {
    fn from(error: PerturbError) -> Self {
        match error {
            PerturbError::Parameter(parameter) => Self::Parameter(parameter),
            PerturbError::Certify(error) => error.into(),
            other => Self::Perturb(other),
        }
    }
}

/// Wrapped errors are unwrapped.
impl From<SynonymsError> for Error {
    fn from(error: SynonymsError) -> Self {
        match error {
            SynonymsError::Parameter(parameter) => Self::Parameter(parameter),
            SynonymsError::Certify(error) => error,
            SynonymsError::Perturb(error) => error.into(),
            other => Self::Other(Box::new(other)),
        }
    }
}
