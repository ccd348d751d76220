//! Threats: what an attacker may do to one input, and what that costs a class.
//!
//! - [`UniformThreat`]: any `r` coordinates take any other values (ℓ0; Lee et al. 2019, Wang et al. 2020).
//! - [`FlipThreat`]: zeros and ones flip at different rates (Bojchevski et al. 2020).
//! - [`GroupsThreat`]: groups of coordinates with noise and caps of their own.
//! - [`EditThreat`]: insertions, deletions, substitutions, transpositions of tokens, under deletion noise.
//! - [`SignalThreat`]: inserted words, where words that carry signal are deleted seldom and all others nearly always.
//! - [`MeasuredEditThreat`], [`MeasuredSignalThreat`]: the same, where the class's dependence on own tokens was measured.
//! - [`MaskingThreat`], [`AblationThreat`]: replaced words, under masking.
//! - [`SynonymThreat`]: words replaced by synonyms, under substitution noise.
//! - [`GaussianThreat`]: ℓ2 norms under Gaussian noise (Cohen et al. 2019, RAB); conditional on real arithmetic.

mod edit_counts;
mod edits;
mod flips;
mod gaussian;
mod groups;
mod masking;
mod measured;
mod own_tokens;
mod signal;
mod synonyms;
mod uniform;

pub use self::{
    edit_counts::{EditCounts, EditKind},
    edits::EditThreat,
    flips::FlipThreat,
    gaussian::GaussianThreat,
    groups::{Group, GroupsThreat},
    masking::{AblationThreat, MaskingThreat},
    measured::{MeasuredEditThreat, MeasuredSignalThreat},
    signal::{SignalBudget, SignalThreat},
    synonyms::{SubstitutionPair, SynonymThreat},
    uniform::UniformThreat,
};

use crate::{ClassBounds, Lower, NoiseFingerprint, Upper, confidence::smallest};
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
///
/// ```
/// use steadfast_certify::{Radius, Unit};
///
/// let radius = Radius::Count(3, Unit::Edits);
/// assert_eq!(radius.count(), Some(3));
/// assert!(radius.covers(2) && !radius.covers(4));
/// assert_eq!(Radius::Unlimited(Unit::Words).count(), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(into = "RadiusParts"))]
#[non_exhaustive]
pub enum Radius {
    /// Up to this many changes.
    Count(u32, Unit),
    /// Any number of changes that the threat allows.
    Unlimited(Unit),
    /// Changes of up to this norm.
    Norm(f64),
}

impl Radius {
    /// The number of changes; `None` where any number is covered, and for a norm.
    #[must_use]
    pub const fn count(&self) -> Option<u32> {
        match *self {
            Self::Count(radius, _) => Some(radius),
            Self::Unlimited(_) | Self::Norm(_) => None,
        }
    }

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

/// A radius as it is written: `{"kind": "count", "value": 3, "unit": "edits"}`.
#[cfg(feature = "serde")]
#[derive(serde::Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum RadiusParts {
    Count { value: u32, unit: Unit },
    Unlimited { unit: Unit },
    Norm { value: f64 },
}

#[cfg(feature = "serde")]
impl From<Radius> for RadiusParts {
    fn from(radius: Radius) -> Self {
        match radius {
            Radius::Count(value, unit) => Self::Count { value, unit },
            Radius::Unlimited(unit) => Self::Unlimited { unit },
            Radius::Norm(value) => Self::Norm { value },
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

/// An attack on one input, bound to one noise: a [`ThreatModel`] and the fingerprint of the noise on that input.
///
/// Noises make threats from inputs ([`BitFlips::threat`](crate::BitFlips::threat) and others), so that a certificate and the
/// votes it rests on speak of the same noise; a certificate accepts votes of this fingerprint only. A threat dereferences to
/// its model. `&Threat`, without a parameter, is a threat of any model, to which a reference to each threat converts.
///
/// ```
/// use steadfast_certify::{BitFlips, Bits, ClassBounds, FlipThreat, Lower, Rate, Threat};
///
/// let image: Bits = (0..64).map(|pixel| pixel < 50).collect();
/// let threat: Threat<FlipThreat> = BitFlips::symmetric(Rate::new(0.1)?)?.threat(&image)?;
/// let any: &Threat = &threat;
/// assert_eq!(any.describe(), "flips up to r of 64 bits");
/// // No number of votes certifies more than a class of probability one has.
/// assert!(any.ceiling().is_some_and(|radius| radius.covers(1)));
/// # Ok::<(), steadfast_certify::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Threat<M: ?Sized = dyn ThreatModel> {
    noise: NoiseFingerprint,
    model: M,
}

impl<M> Threat<M> {
    /// Binds a model to the noise and the input that `noise` names.
    ///
    /// That the model's bounds hold for this noise on this input is the caller's word. The noises of this workspace give it in
    /// their own methods.
    pub const fn new(noise: NoiseFingerprint, model: M) -> Self {
        Self { noise, model }
    }

    /// The same noise on the same input, with a model made of this one.
    pub fn map<O>(self, change: impl FnOnce(M) -> O) -> Threat<O> {
        Threat { noise: self.noise, model: change(self.model) }
    }
}

impl<M: ThreatModel + ?Sized> Threat<M> {
    /// The noise and the input that the threat is about.
    #[must_use]
    pub const fn noise(&self) -> NoiseFingerprint {
        self.noise
    }

    /// What the attacker may do.
    #[must_use]
    pub const fn model(&self) -> &M {
        &self.model
    }

    /// The attack, in words that complete "an attacker who …".
    #[must_use]
    pub fn describe(&self) -> String {
        self.model.describe()
    }

    /// The largest radius at which the bounded class stays ahead of all others; see [`ThreatModel::radius`].
    #[must_use]
    pub fn radius(&self, bounds: &ClassBounds) -> Option<Radius> {
        self.model.radius(bounds)
    }

    /// The radius of a class of probability one: no number of votes certifies more. A ceiling of zero changes means that this
    /// noise certifies nothing beyond the input itself.
    #[must_use]
    pub fn ceiling(&self) -> Option<Radius> {
        self.radius(&ClassBounds::exact(0, Lower::ONE, Upper::ZERO, Some(self.noise)))
    }
}

impl<M: ?Sized> std::ops::Deref for Threat<M> {
    type Target = M;
    fn deref(&self) -> &M {
        &self.model
    }
}

/// The largest radius that the search reports. Radii beyond it exist only for noise so strong that nothing is left of the
/// input; the radius reported is then this one, and true.
pub const SEARCH_LIMIT: u32 = 1 << 12;

/// What an attacker of one input may do, counted in whole changes, and what that costs a class.
///
/// A model is mathematics and knows neither the noise's fingerprint nor any votes. Bound to a noise on an input it is a
/// [`Threat`]. Implement it for a noise of your own; that its bounds hold for what the noise draws is yours to prove.
pub trait ThreatModel: fmt::Debug {
    /// The attack, in words that complete "an attacker who …".
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

    /// The largest radius at which the bounded class stays ahead of all others; `None` if it is not ahead even unattacked.
    ///
    /// Found by doubling and bisection, which is exact because the bounds are monotone in the number of changes. Radii above
    /// [`SEARCH_LIMIT`] are reported as that limit, which is true.
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
