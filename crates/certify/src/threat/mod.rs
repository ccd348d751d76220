//! Threats: what an attacker may do to one input, and what that costs a class.
//!
//! - [`UniformThreat`]: any `r` coordinates take any other values (ℓ0; Lee et al. 2019, Wang et al. 2020).
//! - [`FlipThreat`]: zeros and ones flip at different rates (Bojchevski et al. 2020).
//! - [`GroupsThreat`]: groups of coordinates with noise and caps of their own.
//! - [`EditThreat`]: insertions, deletions, substitutions, transpositions of tokens, under deletion noise.
//! - [`SignalThreat`]: inserted words, where words that carry signal are deleted seldom and all others nearly always.
//! - [`MaskingThreat`], [`AblationThreat`]: replaced words, under masking.
//! - [`WordThreat`]: words replaced by synonyms, under substitution noise.
//! - [`GaussianThreat`]: ℓ2 norms under Gaussian noise (Cohen et al. 2019, RAB); conditional on real arithmetic.

mod edit_counts;
mod edits;
mod flips;
mod gaussian;
mod groups;
mod masking;
mod own_tokens;
mod signal;
mod uniform;
mod words;

pub use self::{
    edit_counts::{EditCounts, EditKind},
    edits::EditThreat,
    flips::FlipThreat,
    gaussian::GaussianThreat,
    groups::{Group, GroupsThreat},
    masking::{AblationThreat, MaskingThreat},
    signal::{SignalBudget, SignalThreat},
    uniform::UniformThreat,
    words::{Swap, WordThreat},
};

use crate::{ClassBounds, Law, Lower, Upper, confidence::smallest};
use std::fmt;

/// What a radius counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
#[non_exhaustive]
pub enum Unit {
    /// Coordinates that take another value.
    Coordinates,
    /// Insertions, deletions, substitutions and transpositions of tokens.
    Edits,
    /// Inserted words.
    Insertions,
    /// Replaced words.
    Words,
    /// Changed groups of a partition.
    Groups,
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Coordinates => "changed coordinates",
            Self::Edits => "edits",
            Self::Insertions => "inserted words",
            Self::Words => "replaced words",
            Self::Groups => "changed groups",
        })
    }
}

/// How far a guarantee reaches. A radius of zero is a prediction that holds for the input itself; abstaining is no radius.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum Radius {
    /// Up to this many changes.
    Count(u32, Unit),
    /// Any number of changes that the threat allows.
    Unlimited(Unit),
    /// Changes of up to this norm.
    Norm(f64),
}

impl Radius {
    /// Whether any `changes` changes are covered. A norm bounds how far an input moves, not how many of its entries do, and
    /// covers none.
    #[must_use]
    pub fn covers(&self, changes: u32) -> bool {
        match *self {
            Self::Count(radius, _) => changes <= radius,
            Self::Unlimited(_) => true,
            Self::Norm(_) => changes == 0,
        }
    }
}

impl fmt::Display for Radius {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(radius, unit) => write!(f, "for r ≤ {radius} {unit}"),
            Self::Unlimited(unit) => write!(f, "for any number of {unit}"),
            Self::Norm(norm) => write!(f, "for a norm of at most {norm}"),
        }
    }
}

/// One attack on one input, under one noise law.
///
/// Made by the noise from the input, so that a certificate and the votes it rests on speak of the same noise.
pub trait Threat: fmt::Debug {
    /// The law of the noise; a certificate accepts votes of this law only.
    fn law(&self) -> Option<Law>;

    /// The attack, in words that complete "against an attacker who …".
    fn describe(&self) -> String;

    /// The largest radius at which the bounded class stays ahead of all others; `None` if it is not ahead even unattacked.
    fn radius(&self, bounds: &ClassBounds) -> Option<Radius>;
}

/// An attack whose strength is counted in whole changes.
///
/// Every discrete threat is a [`Threat`]: the radius is found by doubling and bisection, which is exact because the bounds
/// are monotone in the number of changes.
pub trait DiscreteThreat: fmt::Debug {
    /// See [`Threat::law`].
    fn law(&self) -> Option<Law>;

    /// See [`Threat::describe`].
    fn describe(&self) -> String;

    /// What is counted.
    fn unit(&self) -> Unit;

    /// The largest number of changes that the threat allows on this input; `None` if there is no limit.
    fn maximum(&self) -> Option<u32>;

    /// A lower bound, rounded down, on the probability after `r` changes of a class whose probability is at least `top`.
    /// Non-increasing in `r`; equal to `top` at `r = 0`.
    fn lower_bound(&self, top: Lower, r: u32) -> Lower;

    /// An upper bound, rounded up, on the probability after `r` changes of a class whose probability is at most `other`.
    /// Non-decreasing in `r`; equal to `other` at `r = 0`.
    fn upper_bound(&self, other: Upper, r: u32) -> Upper {
        self.lower_bound(other.complement(), r).complement()
    }

    /// Whether the bounded class stays strictly ahead after any `r` changes.
    fn survives(&self, bounds: &ClassBounds, r: u32) -> bool {
        let top = self.lower_bound(bounds.top(), r);
        // No other class has more than what this one leaves; where nothing better is known of the others, that decides.
        let ahead_of_the_rest = top.exceeds(top.complement());
        ahead_of_the_rest
            || bounds.runner_up() != bounds.top().complement()
                && top.exceeds(self.upper_bound(bounds.runner_up(), r))
    }
}

/// So that a `&dyn DiscreteThreat` is a [`Threat`] too.
impl<T: DiscreteThreat + ?Sized> DiscreteThreat for &T {
    fn law(&self) -> Option<Law> {
        (**self).law()
    }
    fn describe(&self) -> String {
        (**self).describe()
    }
    fn unit(&self) -> Unit {
        (**self).unit()
    }
    fn maximum(&self) -> Option<u32> {
        (**self).maximum()
    }
    fn lower_bound(&self, top: Lower, r: u32) -> Lower {
        (**self).lower_bound(top, r)
    }
    fn upper_bound(&self, other: Upper, r: u32) -> Upper {
        (**self).upper_bound(other, r)
    }
    fn survives(&self, bounds: &ClassBounds, r: u32) -> bool {
        (**self).survives(bounds, r)
    }
}

/// The largest radius that the search reports. Radii beyond it exist only for noise so strong that nothing is left of the
/// input; the radius reported is then this one, and true.
pub const SEARCH_LIMIT: u32 = 1 << 12;

impl<T: DiscreteThreat> Threat for T {
    fn law(&self) -> Option<Law> {
        DiscreteThreat::law(self)
    }

    fn describe(&self) -> String {
        DiscreteThreat::describe(self)
    }

    fn radius(&self, bounds: &ClassBounds) -> Option<Radius> {
        if !self.survives(bounds, 0) {
            return None;
        }
        let unit = self.unit();
        let most = self.maximum().unwrap_or(u32::MAX).min(SEARCH_LIMIT);
        let radius = largest(most, |r| self.survives(bounds, r));
        let everything = radius == most && self.maximum() == Some(most);
        Some(if everything { Radius::Unlimited(unit) } else { Radius::Count(radius, unit) })
    }
}

/// The largest number up to `most` that `survives`, where zero and all smaller ones do too.
pub(crate) fn largest(most: u32, survives: impl Fn(u32) -> bool) -> u32 {
    let fails = smallest(most.into(), |r| !survives(r as u32));
    fails.map_or(most, |first| first as u32 - 1)
}
