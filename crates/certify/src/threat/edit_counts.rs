//! [`EditKind`] and [`EditCounts`]: edits, told apart by kind.

use std::fmt;

/// One kind of edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum EditKind {
    /// A token is taken out.
    Deletion,
    /// A token is put in.
    Insertion,
    /// A token is replaced by another.
    Substitution,
    /// Two neighboring tokens change places.
    Transposition,
}

impl EditKind {
    /// All four, in the order in which they are listed.
    pub const ALL: [Self; 4] = [Self::Deletion, Self::Insertion, Self::Substitution, Self::Transposition];

    /// Its name.
    const fn name(self) -> &'static str {
        match self {
            Self::Deletion => "deletion",
            Self::Insertion => "insertion",
            Self::Substitution => "substitution",
            Self::Transposition => "transposition",
        }
    }
}

impl fmt::Display for EditKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How many edits of each kind: what an edit script uses, or what an attacker may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct EditCounts {
    /// Tokens taken out.
    pub deletions: u32,
    /// Tokens put in.
    pub insertions: u32,
    /// Tokens replaced.
    pub substitutions: u32,
    /// Neighboring tokens that changed places.
    pub transpositions: u32,
}

impl EditCounts {
    /// One more edit of this kind.
    #[must_use]
    pub const fn with(mut self, kind: EditKind) -> Self {
        let count = match kind {
            EditKind::Deletion => &mut self.deletions,
            EditKind::Insertion => &mut self.insertions,
            EditKind::Substitution => &mut self.substitutions,
            EditKind::Transposition => &mut self.transpositions,
        };
        *count = count.saturating_add(1);
        self
    }

    /// All edits together.
    #[must_use]
    pub const fn total(&self) -> u32 {
        self.deletions
            .saturating_add(self.insertions)
            .saturating_add(self.substitutions)
            .saturating_add(self.transpositions)
    }
}

impl FromIterator<EditKind> for EditCounts {
    fn from_iter<I: IntoIterator<Item = EditKind>>(kinds: I) -> Self {
        kinds.into_iter().fold(Self::default(), Self::with)
    }
}
