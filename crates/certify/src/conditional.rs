//! [`Conditional`]: statements that rest on assumptions nobody has checked.

use std::fmt;

/// What a theorem takes for granted beyond this crate's own guarantees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Assumption {
    /// Samplers, sums and classifiers compute with real numbers.
    RealArithmetic,
    /// Whatever computes the classifier, no logit is further than the rounding tolerance from the one that was computed.
    LogitsWithinTolerance,
    /// An assumption of a theorem elsewhere, as a clause: "the voters were drawn independently".
    #[cfg_attr(feature = "serde", serde(untagged))]
    Stated(&'static str),
}

impl fmt::Display for Assumption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RealArithmetic => "noise and classifier compute with real numbers",
            Self::LogitsWithinTolerance => {
                "no logit is further than the rounding tolerance from the one that was computed"
            }
            Self::Stated(clause) => clause,
        })
    }
}

/// A statement that holds *if* its assumptions do. It is no [`Certificate`](crate::Certificate) and cannot become one.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[must_use]
pub struct Conditional<T> {
    first: Assumption,
    more: Vec<Assumption>,
    statement: T,
}

impl<T> Conditional<T> {
    /// `statement`, if `assumption` holds.
    pub const fn new(assumption: Assumption, statement: T) -> Self {
        Self { first: assumption, more: Vec::new(), statement }
    }

    /// The same statement under one assumption more.
    pub fn and(mut self, assumption: Assumption) -> Self {
        self.more.push(assumption);
        self
    }

    /// Everything that must hold.
    pub fn assumptions(&self) -> impl Iterator<Item = Assumption> + '_ {
        std::iter::once(self.first).chain(self.more.iter().copied())
    }

    /// The statement, for reading beside its assumptions.
    pub const fn statement(&self) -> &T {
        &self.statement
    }
}

impl<T: fmt::Display> fmt::Display for Conditional<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, provided that {}", self.statement, self.first)?;
        self.more.iter().try_for_each(|assumption| write!(f, " and {assumption}"))
    }
}
