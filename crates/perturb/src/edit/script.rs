//! [`EditScript`]: edits one after the other.

use super::EditOp;
use crate::PerturbError;
use steadfast_certify::EditCounts;

/// Edits that are applied in order, each to the result of the previous ones.
///
/// ```
/// use steadfast_perturb::edit::{EditOp, EditScript, align};
///
/// let (clean, seen) = (["a", "good", "film"], ["cf", "a", "film", "good"]);
/// let script = align(&clean, &seen, 5)?.expect("fewer than five edits");
/// assert_eq!(script.apply(&clean)?, seen);
/// assert_eq!((script.counts().insertions, script.counts().transpositions), (1, 1));
/// assert_eq!(script.inverted().apply(&seen)?, clean);
///
/// let unfit = EditScript::new(vec![EditOp::Delete { position: 3, token: "film" }]);
/// assert!(unfit.apply(&clean).is_err());
/// # Ok::<(), steadfast_perturb::PerturbError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
#[must_use]
pub struct EditScript<T> {
    edits: Vec<EditOp<T>>,
}

impl<T> EditScript<T> {
    /// The script of these edits, in this order.
    pub const fn new(edits: Vec<EditOp<T>>) -> Self {
        Self { edits }
    }

    /// The edits, in the order in which they are applied.
    #[must_use]
    pub fn edits(&self) -> &[EditOp<T>] {
        &self.edits
    }

    /// The number of edits.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.edits.len()
    }

    /// Whether there are no edits.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// The number of edits of each kind, as an [`EditThreat`](steadfast_certify::EditThreat) takes it.
    #[must_use]
    pub fn counts(&self) -> EditCounts {
        self.edits.iter().map(EditOp::kind).collect()
    }

    /// The inverse script.
    pub fn inverted(self) -> Self {
        Self { edits: self.edits.into_iter().rev().map(EditOp::inverted).collect() }
    }

    /// The same script with every token mapped by `f`: from ids to words, for instance, to write it to a file.
    pub fn map<U>(self, mut f: impl FnMut(T) -> U) -> EditScript<U> {
        EditScript { edits: self.edits.into_iter().map(|edit| edit.map(&mut f)).collect() }
    }
}

impl<T: Clone + PartialEq> EditScript<T> {
    /// Applies the script to `sequence`.
    ///
    /// # Errors
    /// [`PerturbError::Edit`] at the first edit that does not fit: its position is past the end, or another token is there.
    pub fn apply(&self, sequence: &[T]) -> Result<Vec<T>, PerturbError> {
        let mut edited = sequence.to_vec();
        for (index, edit) in self.edits.iter().enumerate() {
            edit.apply(index, &mut edited)?;
        }
        Ok(edited)
    }
}

impl<T> FromIterator<EditOp<T>> for EditScript<T> {
    fn from_iter<I: IntoIterator<Item = EditOp<T>>>(edits: I) -> Self {
        Self { edits: edits.into_iter().collect() }
    }
}

impl<T> IntoIterator for EditScript<T> {
    type Item = EditOp<T>;
    type IntoIter = std::vec::IntoIter<EditOp<T>>;
    fn into_iter(self) -> Self::IntoIter {
        self.edits.into_iter()
    }
}
