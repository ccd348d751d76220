//! [`EditOp`]: one edit.

use crate::PerturbError;
use steadfast_certify::EditKind;

/// One edit of a sequence. Positions count from 0 in the sequence as it is when the edit is applied.
///
/// An edit names the tokens that it takes away, so that it can be undone and so that applying it to another sequence is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(tag = "edit", rename_all = "lowercase"))]
pub enum EditOp<T> {
    /// `token` is put in, so that it stands at `position`, which may be the end of the sequence.
    Insert {
        /// Where the token stands afterwards.
        position: usize,
        /// What is put in.
        token: T,
    },
    /// `token`, which stands at `position`, is taken out.
    Delete {
        /// Where the token stood.
        position: usize,
        /// What is taken out.
        token: T,
    },
    /// `from`, which stands at `position`, becomes `to`.
    Substitute {
        /// Where.
        position: usize,
        /// What stood there.
        from: T,
        /// What stands there afterwards.
        to: T,
    },
    /// The tokens at `position` and `position + 1` change places.
    Transpose {
        /// The place of the first of the two.
        position: usize,
    },
}

impl<T> EditOp<T> {
    /// Where the edit happens.
    #[must_use]
    pub const fn position(&self) -> usize {
        match self {
            Self::Insert { position, .. }
            | Self::Delete { position, .. }
            | Self::Substitute { position, .. }
            | Self::Transpose { position } => *position,
        }
    }

    /// The edit that undoes this one.
    #[must_use]
    pub fn inverted(self) -> Self {
        match self {
            Self::Insert { position, token } => Self::Delete { position, token },
            Self::Delete { position, token } => Self::Insert { position, token },
            Self::Substitute { position, from, to } => Self::Substitute { position, from: to, to: from },
            Self::Transpose { position } => Self::Transpose { position },
        }
    }

    /// The same edit of other tokens.
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

    /// Its kind.
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
                None => return misfit("no token stands there"),
                Some(found) if found != token => return misfit("another token stands there"),
                Some(_) => {
                    sequence.remove(*position);
                }
            },
            Self::Substitute { position, from, to } => match sequence.get_mut(*position) {
                None => return misfit("no token stands there"),
                Some(found) if found != from => return misfit("another token stands there"),
                Some(found) => *found = to.clone(),
            },
            Self::Transpose { position } => match sequence.get_mut(*position..) {
                Some([first, second, ..]) => std::mem::swap(first, second),
                _ => return misfit("it takes two tokens from there on"),
            },
        }
        Ok(())
    }
}
