//! [`Plan`]: what will be sampled, decided before anything is.

use crate::{
    Error, Phase, Upper,
    confidence::{Confidence, Prior, anytime_lower, check_feasible, smallest},
    error::Parameter,
};

/// At which totals a bound may be computed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
enum Checkpoints {
    /// At these totals, ascending; each spends an equal share of α.
    Interim(Vec<u64>),
    /// After any sample up to the maximum, by the mixture martingale with this prior.
    Anytime { maximum: u64, prior: Prior },
}

/// How many samples choose the class, how many bound its probability, and at which checkpoints the bound may be computed.
/// Fixed before sampling.
///
/// More samples "because the result was close" are optional stopping and void a bound. A plan reserves the confidence for
/// every checkpoint beforehand, and a [`Certifier`](crate::Certifier) refuses totals that the plan does not foresee.
///
/// ```
/// use steadfast_certify::{Plan, confidence::Prior};
///
/// let once = Plan::fixed(100, 10_000)?;
/// // May stop at any of these totals; each interim analysis spends a quarter of α.
/// let interim = Plan::interim(100, [500, 1_500, 4_000, 10_000])?;
/// // May stop after any sample.
/// let anytime = Plan::anytime(100, 10_000, Prior::default())?;
/// assert!([once, interim, anytime].iter().all(|plan| plan.maximum() == 10_000));
/// # Ok::<(), steadfast_certify::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "PlanParts"))]
pub struct Plan {
    selection: u64,
    checkpoints: Checkpoints,
}

impl Plan {
    /// `selection` samples choose the class and `estimation` others bound its probability, once.
    ///
    /// With `selection = 0` the same samples do both, and every class is bounded at its share of `α`.
    ///
    /// # Errors
    /// [`Error::Parameter`] if `estimation` is zero.
    pub fn fixed(selection: u64, estimation: u64) -> Result<Self, Error> {
        Self::interim(selection, [estimation])
    }

    /// Interim analyses at each of `totals`: sampling may stop at any of them. Each spends an equal share of `α` on a
    /// Clopper–Pearson bound.
    ///
    /// # Errors
    /// [`Error::Parameter`] unless the totals are positive and strictly ascending.
    pub fn interim(selection: u64, totals: impl IntoIterator<Item = u64>) -> Result<Self, Error> {
        let totals: Vec<u64> = totals.into_iter().collect();
        let ascending = totals.iter().zip(totals.iter().skip(1)).all(|(a, b)| a < b);
        if !ascending || totals.first().is_none_or(|&first| first == 0) {
            return Err(Error::Parameter(Parameter {
                name: "estimation samples",
                given: format!("{totals:?}"),
                expected: "at least one positive total, in strictly ascending order",
            }));
        }
        Ok(Self { selection, checkpoints: Checkpoints::Interim(totals) })
    }

    /// Bounds may be computed after any sample up to `maximum`; they come from the mixture martingale with `prior`
    /// ([`anytime_lower`](crate::confidence::anytime_lower)).
    ///
    /// # Errors
    /// [`Error::Parameter`] if `maximum` is zero.
    pub fn anytime(selection: u64, maximum: u64, prior: Prior) -> Result<Self, Error> {
        Self::fixed(selection, maximum)?;
        Ok(Self { selection, checkpoints: Checkpoints::Anytime { maximum, prior } })
    }

    /// Samples that choose the class.
    #[must_use]
    pub const fn selection(&self) -> u64 {
        self.selection
    }

    /// The most samples that bound its probability.
    #[must_use]
    pub fn maximum(&self) -> u64 {
        match &self.checkpoints {
            Checkpoints::Interim(totals) => totals.last().copied().unwrap_or(0),
            Checkpoints::Anytime { maximum, .. } => *maximum,
        }
    }

    /// The first checkpoint above `done` when batches of `batch` samples are drawn.
    pub(crate) fn next_checkpoint(&self, done: u64, batch: u64) -> Option<u64> {
        match &self.checkpoints {
            Checkpoints::Interim(totals) => totals.iter().copied().find(|&total| total > done),
            Checkpoints::Anytime { maximum, .. } => {
                // At whole batches, so that a run that was cut short goes on as it would have.
                let whole = (done / batch).saturating_add(1).saturating_mul(batch);
                (done < *maximum).then(|| whole.min(*maximum))
            }
        }
    }

    /// Whether a bound may be computed at `total` samples.
    pub(crate) fn foresees(&self, total: u64) -> bool {
        match &self.checkpoints {
            Checkpoints::Interim(totals) => totals.contains(&total),
            Checkpoints::Anytime { maximum, .. } => (1..=*maximum).contains(&total),
        }
    }

    /// How a bound is computed at `total` samples.
    ///
    /// # Errors
    /// [`Error::Unplanned`] if the plan does not foresee that total.
    pub(crate) fn bound_at(&self, total: u64, confidence: Confidence) -> Result<BoundAt, Error> {
        let unplanned =
            |expected: String| Error::Unplanned { phase: Phase::Estimation, given: total, expected };
        match &self.checkpoints {
            Checkpoints::Interim(totals) if totals.contains(&total) => {
                Ok(BoundAt::Checkpoint(confidence.shared_by(totals.len() as u64)))
            }
            Checkpoints::Interim(totals) => Err(unplanned(format!("one of {totals:?}"))),
            Checkpoints::Anytime { maximum, prior } if (1..=*maximum).contains(&total) => {
                Ok(BoundAt::Anytime(*prior, confidence))
            }
            Checkpoints::Anytime { maximum, .. } => Err(unplanned(format!("1 to {maximum}"))),
        }
    }

    /// Refuses a plan under which not even unanimous votes give a class a majority, when each bound holds at `confidence`;
    /// [`Certifier::check`](crate::Certifier::check) knows what share of its confidence that is.
    ///
    /// # Errors
    /// [`Error::TooFewSamples`], which names the number of samples that would do.
    pub fn check(&self, confidence: Confidence) -> Result<(), Error> {
        let samples = self.maximum();
        match self.bound_at(samples, confidence)? {
            BoundAt::Checkpoint(level) => check_feasible(samples, Upper::HALF, level),
            BoundAt::Anytime(prior, level) => {
                let unanimous = anytime_lower(samples, samples, prior, level)?;
                if unanimous.exceeds(Upper::HALF) {
                    return Ok(());
                }
                let enough =
                    |n| anytime_lower(n, n, prior, level).is_ok_and(|bound| bound.exceeds(Upper::HALF));
                Err(Error::TooFewSamples {
                    samples,
                    alpha: level.error_probability(),
                    unanimous: unanimous.p(),
                    threshold: Upper::HALF.p(),
                    needed: smallest(u64::MAX, enough).unwrap_or(u64::MAX),
                })
            }
        }
    }
}

/// The plain form of a [`Plan`], for reading; checked as a new plan is.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct PlanParts {
    selection: u64,
    checkpoints: Checkpoints,
}

#[cfg(feature = "serde")]
impl TryFrom<PlanParts> for Plan {
    type Error = Error;
    fn try_from(parts: PlanParts) -> Result<Self, Error> {
        match parts.checkpoints {
            Checkpoints::Interim(totals) => Self::interim(parts.selection, totals),
            Checkpoints::Anytime { maximum, prior } => Self::anytime(parts.selection, maximum, prior),
        }
    }
}

/// How a bound is computed at a checkpoint.
#[derive(Clone, Copy, Debug)]
pub(crate) enum BoundAt {
    Checkpoint(Confidence),
    Anytime(Prior, Confidence),
}
