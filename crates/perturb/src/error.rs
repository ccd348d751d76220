//! What can go wrong, and what to do about it.

use std::{fmt, io, path::PathBuf};
use steadfast_certify::EditKind;

/// Every way in which this crate refuses to go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A parameter outside its domain.
    #[error("{0}")]
    Parameter(Parameter),
    /// A file could not be read or written.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// `read` or `write`.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file is not what it should be.
    #[error("{}, {at}: {found}; expected {expected}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Where in the file: a line, an entry, a byte.
        at: String,
        /// What stands there.
        found: String,
        /// What should.
        expected: &'static str,
    },
    /// An edit script does not fit the sequence that it is applied to.
    #[error(
        "edit {index} of the script ({edit} at position {position}) does not fit a sequence of {length} tokens: {reason}"
    )]
    Edit {
        /// Which edit of the script, counted from 0.
        index: usize,
        /// Its kind.
        edit: EditKind,
        /// The position that it names.
        position: usize,
        /// How long the sequence is at that time.
        length: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// A long step was asked to end, by its [`Progress`](crate::synonym::Progress).
    #[error("stopped before the end, as was asked; nothing was written")]
    Stopped,
    /// A certificate's own parameters are refused.
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
