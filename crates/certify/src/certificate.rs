//! [`Certificate`]: a guarantee and everything it rests on.

use crate::{
    Assumption, ClassId, Confidence, Error, Lower, NoiseFingerprint, Radius, Threat, ThreatModel, Upper,
    VoteCounts, error::NoiseName, rounding::Tolerance,
};
use std::fmt;

/// What bounds rest on.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
#[non_exhaustive]
pub enum Evidence {
    /// Every noisy input was enumerated: no sampling error.
    Exact,
    /// Sampled votes; the bounds are wrong with probability at most `α`.
    Sampled(Confidence),
}

/// Bounds on the probabilities that the base classifier answers a class, and any other one class, on noisy inputs.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ClassBounds {
    class: ClassId,
    top: Lower,
    runner_up: Upper,
    evidence: Evidence,
    noise: Option<NoiseFingerprint>,
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    tolerance: Option<Tolerance>,
}

impl ClassBounds {
    /// Bounds known without sampling, under `noise`: the class's own probability and the greatest one of any
    /// other class. That they hold is the caller's word, as the certificate will say: `Exact` evidence carries no votes.
    #[must_use]
    pub fn exact(class: ClassId, top: Lower, runner_up: Upper, noise: Option<NoiseFingerprint>) -> Self {
        Self {
            class,
            top,
            runner_up: runner_up.or(top.complement()),
            evidence: Evidence::Exact,
            noise,
            tolerance: None,
        }
    }

    pub(crate) fn sampled(
        class: ClassId,
        top: Lower,
        runner_up: Upper,
        confidence: Confidence,
        noise: Option<NoiseFingerprint>,
    ) -> Self {
        Self {
            class,
            top,
            runner_up: runner_up.or(top.complement()),
            evidence: Evidence::Sampled(confidence),
            noise,
            tolerance: None,
        }
    }

    /// The same bounds, as part of a set of statements that hold together at `confidence`.
    pub(crate) fn with_confidence(self, confidence: Confidence) -> Self {
        Self { evidence: Evidence::Sampled(confidence), ..self }
    }

    /// The same bounds, of votes whose near-ties within `tolerance` were counted against the class.
    pub(crate) fn tolerating(self, tolerance: Option<Tolerance>) -> Self {
        Self { tolerance, ..self }
    }

    /// The class ahead.
    #[must_use]
    pub const fn class(&self) -> ClassId {
        self.class
    }

    /// A lower bound on its probability.
    #[must_use]
    pub const fn top(&self) -> Lower {
        self.top
    }

    /// An upper bound on the probability of every other class.
    #[must_use]
    pub const fn runner_up(&self) -> Upper {
        self.runner_up
    }

    /// What the bounds rest on.
    #[must_use]
    pub const fn evidence(&self) -> Evidence {
        self.evidence
    }

    /// The noise and the input they are about.
    #[must_use]
    pub const fn noise(&self) -> Option<NoiseFingerprint> {
        self.noise
    }

    /// What they take for granted: nothing, or that the classifier's logits stay within the rounding tolerance.
    pub fn assumptions(&self) -> impl Iterator<Item = Assumption> + use<> {
        self.tolerance.map(|_| Assumption::LogitsWithinTolerance).into_iter()
    }

    /// The rounding tolerance that they allow for, if any.
    #[must_use]
    pub const fn tolerance(&self) -> Option<Tolerance> {
        self.tolerance
    }
}

/// What was certified.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
#[non_exhaustive]
pub enum Outcome {
    /// The smoothed classifier answers this class within this radius.
    Certified {
        /// The class.
        class: ClassId,
        /// How far the guarantee reaches.
        radius: Radius,
    },
    /// No class is provably ahead, not even on the input itself.
    Abstained,
}

/// A guarantee about the *smoothed* classifier `g`, the class that the base classifier answers most often under the noise.
///
/// # Guarantee
/// With probability at least `1 − α` over the sampled noise, a certificate of class `c` and radius `r` is true: `g` answers
/// `c` for the input and for everything the described attacker can make of it within `r`. Abstaining is never false. It
/// speaks neither of the base classifier nor of which label is right, and takes the random bits of the generator
/// (`ChaCha8`) for ideal ones. What else it takes for granted, [`Self::assumptions`] lists and its sentence says.
///
/// Certificates are made by [`Certifier::certify`](crate::Certifier::certify), [`certify_bounds`] and, for ensembles that are
/// trained on parts of the data, [`certify_partition`](crate::partition::certify_partition) only. They can be
/// written but not read: votes and parameters can, and the certificate is computed again.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[must_use]
pub struct Certificate {
    outcome: Outcome,
    threat: String,
    /// Whether no number of votes could have certified more than the input itself.
    #[cfg_attr(feature = "serde", serde(skip))]
    out_of_reach: bool,
    #[cfg_attr(feature = "serde", serde(flatten))]
    basis: Basis,
}

/// What a certificate rests on.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(untagged))]
enum Basis {
    /// Class probabilities under a noise.
    Bounds { bounds: ClassBounds, votes: Option<Box<VoteCounts>> },
    /// Votes of the groups of a partition, per class.
    Groups { groups: Vec<u64> },
}

impl Certificate {
    pub(crate) fn issue<M: ThreatModel + ?Sized>(
        threat: &Threat<M>,
        bounds: ClassBounds,
        votes: Option<VoteCounts>,
    ) -> Result<Self, Error> {
        // An unknown noise is equal to nothing, not even to another unknown one.
        if bounds.noise != Some(threat.noise()) {
            return Err(Error::NoiseMismatch {
                votes: NoiseName(bounds.noise),
                threat: NoiseName(Some(threat.noise())),
            });
        }
        let outcome = match threat.model().radius(&bounds) {
            Some(radius) => Outcome::Certified { class: bounds.class, radius },
            None => Outcome::Abstained,
        };
        let itself = matches!(outcome, Outcome::Certified { radius: Radius::Count(0, _), .. });
        Ok(Self {
            outcome,
            threat: threat.model().describe(),
            out_of_reach: itself && threat.ceiling().is_none_or(|ceiling| ceiling.count() == Some(0)),
            basis: Basis::Bounds { bounds, votes: votes.map(Box::new) },
        })
    }

    /// A certificate from the votes of groups, whose threat has no noise.
    pub(crate) fn of_groups(outcome: Outcome, threat: String, groups: Vec<u64>) -> Self {
        Self { outcome, threat, out_of_reach: false, basis: Basis::Groups { groups } }
    }

    /// What was certified.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// The certified class, unless the certificate abstains.
    #[must_use]
    pub const fn class(&self) -> Option<ClassId> {
        match self.outcome {
            Outcome::Certified { class, .. } => Some(class),
            Outcome::Abstained => None,
        }
    }

    /// The certified radius, unless the certificate abstains.
    #[must_use]
    pub const fn radius(&self) -> Option<Radius> {
        match self.outcome {
            Outcome::Certified { radius, .. } => Some(radius),
            Outcome::Abstained => None,
        }
    }

    /// Whether `class` is certified against `changes` changes: the quantity behind certified accuracy.
    #[must_use]
    pub fn certifies(&self, class: ClassId, changes: u32) -> bool {
        matches!(self.outcome, Outcome::Certified { class: certified, radius } if certified == class && radius.covers(changes))
    }

    /// The attack, in words.
    #[must_use]
    pub fn threat(&self) -> &str {
        &self.threat
    }

    /// What it takes for granted beyond its guarantee: nothing, or that the classifier's logits stay within the rounding
    /// tolerance.
    pub fn assumptions(&self) -> impl Iterator<Item = Assumption> + '_ {
        self.bounds().into_iter().flat_map(ClassBounds::assumptions)
    }

    /// The bounds on class probabilities it rests on; `None` for a vote of groups.
    #[must_use]
    pub const fn bounds(&self) -> Option<&ClassBounds> {
        match &self.basis {
            Basis::Bounds { bounds, .. } => Some(bounds),
            Basis::Groups { .. } => None,
        }
    }

    /// The sampled votes it rests on, if it carries them.
    #[must_use]
    pub fn votes(&self) -> Option<&VoteCounts> {
        match &self.basis {
            Basis::Bounds { votes, .. } => votes.as_deref(),
            Basis::Groups { .. } => None,
        }
    }
}

/// One sentence that can be quoted.
impl fmt::Display for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { outcome, threat, .. } = self;
        match outcome {
            Outcome::Abstained => f.write_str("no class is certified: abstain")?,
            Outcome::Certified { class, radius: Radius::Count(0, _) } => {
                write!(
                    f,
                    "the smoothed classifier answers class {class}, which is certified for the input itself only"
                )?;
                if self.out_of_reach {
                    f.write_str(": under this noise no number of votes certifies a single change")?;
                }
            }
            Outcome::Certified { class, radius } => {
                write!(
                    f,
                    "the smoothed classifier answers class {class}, and an attacker who {threat} cannot change that, {radius}"
                )?;
            }
        }
        let (bounds, votes) = match &self.basis {
            Basis::Groups { groups } => {
                let votes: Vec<String> = groups.iter().map(u64::to_string).collect();
                return write!(
                    f,
                    " (no sampling error; votes of the groups per class: {})",
                    votes.join(", ")
                );
            }
            Basis::Bounds { bounds, votes } => (bounds, votes),
        };
        match bounds.evidence {
            Evidence::Exact => f.write_str(" (no sampling error)")?,
            Evidence::Sampled(confidence) => {
                write!(f, " (wrong with probability at most {confidence}")?;
                if let Some(votes) = votes {
                    let count = votes.estimation().counts().get(votes.class()).copied().unwrap_or(0);
                    write!(f, "; {count} of {} votes", votes.estimation().total())?;
                }
                f.write_str(")")?;
            }
        }
        match bounds.tolerance {
            Some(tolerance) => write!(
                f,
                ", provided that no logit is further than {tolerance} from the one that was computed"
            ),
            None => Ok(()),
        }
    }
}

/// A certificate from bounds alone: those of exact enumeration, or those that a [`Certifier`](crate::Certifier) computed.
///
/// # Guarantee
/// As for [`Certificate`], if the bounds hold: with `α = 0` for [`Evidence::Exact`], and with their own confidence for
/// [`Evidence::Sampled`]. The certificate carries no votes.
///
/// # Errors
/// [`Error::NoiseMismatch`] if the bounds are about another noise than the threat.
pub fn certify_bounds<M: ThreatModel + ?Sized>(
    threat: &Threat<M>,
    bounds: ClassBounds,
) -> Result<Certificate, Error> {
    Certificate::issue(threat, bounds, None)
}
