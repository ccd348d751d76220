//! [`Failure`]: the error with which an example ends.

use std::{error::Error, fmt};

/// Any error, shown with everything that caused it: what `main` returns.
///
/// ```
/// use steadfast_evaluate::Failure;
///
/// let missing = std::fs::read("no such file").map_err(Failure::from).unwrap_err();
/// assert!(format!("{missing:?}").starts_with("No such file"));
/// ```
pub struct Failure(Box<dyn Error>);

impl<E: Error + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

/// The error on the first line, then each cause on a line of its own: the form in which a program shows what `main` returns.
impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(cause) = source {
            write!(f, "\n  because: {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}
