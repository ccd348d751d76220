//! [`EditOp`]: one edit.

use crate::PerturbError;
use steadfast_certify::EditKind;

/// One edit of a sequence. Positions count from 0 in the sequence as it is when the edit is applied.
///
/// An edit names the tokens that it removes, so that it can be inverted and so that applying it to another sequence is an
/// error.
///
/// ```
/// use steadfast_perturb::EditOp;
///
/// let edit = EditOp::Insert { position: 0, token: "very" };
/// assert_eq!(edit.inverted(), EditOp::Delete { position: 0, token: "very" });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(tag = "edit", rename_all = "lowercase"))]
pub enum EditOp<T> {
    /// `token` is inserted at `position`, which may be the end of the sequence.
    Insert {
        /// The position of the token after the edit.
        position: usize,
        /// The inserted token.
        token: T,
    },
    /// `token` at `position` is deleted.
    Delete {
        /// The position of the token before the edit.
        position: usize,
        /// The deleted token.
        token: T,
    },
    /// `from` at `position` becomes `to`.
    Substitute {
        /// The position of the token.
        position: usize,
        /// The token before the edit.
        from: T,
        /// The token after the edit.
        to: T,
    },
    /// The tokens at `position` and `position + 1` are transposed.
    Transpose {
        /// The position of the first of the two.
        position: usize,
    },
}

impl<T> EditOp<T> {
    /// The position of the edit.
    #[must_use]
    pub const fn position(&self) -> usize {
        match self {
            Self::Insert { position, .. }
            | Self::Delete { position, .. }
            | Self::Substitute { position, .. }
            | Self::Transpose { position } => *position,
        }
    }

    /// The inverse edit.
    #[must_use]
    pub fn inverted(self) -> Self {
        match self {
            Self::Insert { position, token } => Self::Delete { position, token },
            Self::Delete { position, token } => Self::Insert { position, token },
            Self::Substitute { position, from, to } => Self::Substitute { position, from: to, to: from },
            Self::Transpose { position } => Self::Transpose { position },
        }
    }

    /// The same edit with every token mapped by `f`.
    pub fn map<U>(self, mut f: impl FnMut(T) -> U) -> EditOp<U> {
        match self {
            Self::Insert { position, token } => EditOp::Insert { position, token: f(token) },
            Self::Delete { position, token } => EditOp::Delete { position, token: f(token) },
            Self::Substitute { position, from, to } => {
                let from = f(from);
                EditOp::Substitute { position, from, to: f(to) }
            }
            Self::Transpose { position } => EditOp::Transpose { position },
        }
    }

    /// The kind of the edit.
    #[must_use]
    pub const fn kind(&self) -> EditKind {
        match self {
            Self::Insert { .. } => EditKind::Insertion,
            Self::Delete { .. } => EditKind::Deletion,
            Self::Substitute { .. } => EditKind::Substitution,
            Self::Transpose { .. } => EditKind::Transposition,
        }
    }
}

impl<T: Clone + PartialEq> EditOp<T> {
    /// Applies the edit, the `index`-th of its script, to `sequence`.
    pub(super) fn apply(&self, index: usize, sequence: &mut Vec<T>) -> Result<(), PerturbError> {
        let length = sequence.len();
        let misfit = |reason| {
            Err(PerturbError::Edit { index, edit: self.kind(), position: self.position(), length, reason })
        };
        match self {
            Self::Insert { position, token } => {
                if *position > length {
                    return misfit("the position is past the end");
                }
                sequence.insert(*position, token.clone());
            }
            Self::Delete { position, token } => match sequence.get(*position) {
                None => return misfit("there is no token at this position"),
                Some(found) if found != token => return misfit("another token is at this position"),
                Some(_) => {
                    sequence.remove(*position);
                }
            },
            Self::Substitute { position, from, to } => match sequence.get_mut(*position) {
                None => return misfit("there is no token at this position"),
                Some(found) if found != from => return misfit("another token is at this position"),
                Some(found) => *found = to.clone(),
            },
            Self::Transpose { position } => match sequence.get_mut(*position..) {
                Some([first, second, ..]) => std::mem::swap(first, second),
                _ => return misfit("a transposition needs two tokens from this position on"),
            },
        }
        Ok(())
    }
}
