//! [`Plan`] and [`Tally`]: what will be sampled, decided before anything is, and what was.

use crate::{
    Error, Phase, Upper, Votes,
    confidence::{Confidence, Prior, anytime_lower, check_feasible, smallest},
    error::Parameter,
};

/// When the votes that bound a class are read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
enum Reading {
    /// At these totals, ascending; each look spends an equal share of α.
    Looks(Vec<u64>),
    /// After any sample up to the maximum, by the mixture martingale with this prior.
    Anytime { maximum: u64, prior: Prior },
}

/// How many samples choose the class, how many bound its probability, and when the bound may be read. Fixed before sampling.
///
/// More samples "because the result was close" are optional stopping and void a bound; a plan reserves the confidence for
/// every reading beforehand, and a [`Certifier`](crate::Certifier) refuses totals that the plan does not foresee.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "PlanParts"))]
pub struct Plan {
    selection: u64,
    reading: Reading,
}

impl Plan {
    /// `selection` samples choose the class and `estimation` others bound its probability, read once.
    ///
    /// With `selection = 0` the same samples do both, and every class is bounded at its share of `α`.
    ///
    /// # Errors
    /// [`Error::Parameter`] if `estimation` is zero.
    pub fn fixed(selection: u64, estimation: u64) -> Result<Self, Error> {
        Self::looks(selection, [estimation])
    }

    /// Bounds are read at each total in `looks`; sampling may stop at any of them. Each look spends an equal share of `α`
    /// on a Clopper–Pearson bound.
    ///
    /// # Errors
    /// [`Error::Parameter`] unless the looks are positive and strictly ascending.
    pub fn looks(selection: u64, looks: impl IntoIterator<Item = u64>) -> Result<Self, Error> {
        let looks: Vec<u64> = looks.into_iter().collect();
        let ascending = looks.iter().zip(looks.iter().skip(1)).all(|(a, b)| a < b);
        if !ascending || looks.first().is_none_or(|&first| first == 0) {
            return Err(Error::Parameter(Parameter {
                name: "estimation samples",
                given: format!("{looks:?}"),
                expected: "at least one positive total, in strictly ascending order",
            }));
        }
        Ok(Self { selection, reading: Reading::Looks(looks) })
    }

    /// Bounds may be read after any sample up to `maximum`; they come from the mixture martingale with `prior`
    /// ([`anytime_lower`](crate::confidence::anytime_lower)).
    ///
    /// # Errors
    /// [`Error::Parameter`] if `maximum` is zero.
    pub fn anytime(selection: u64, maximum: u64, prior: Prior) -> Result<Self, Error> {
        Self::fixed(selection, maximum)?;
        Ok(Self { selection, reading: Reading::Anytime { maximum, prior } })
    }

    /// Samples that choose the class.
    #[must_use]
    pub const fn selection(&self) -> u64 {
        self.selection
    }

    /// The most samples that bound its probability.
    #[must_use]
    pub fn maximum(&self) -> u64 {
        match &self.reading {
            Reading::Looks(looks) => looks.last().copied().unwrap_or(0),
            Reading::Anytime { maximum, .. } => *maximum,
        }
    }

    /// The first total at or above `done` at which a bound may be read, when batches of `batch` samples are drawn.
    pub(crate) fn next_reading(&self, done: u64, batch: u64) -> Option<u64> {
        match &self.reading {
            Reading::Looks(looks) => looks.iter().copied().find(|&look| look > done),
            Reading::Anytime { maximum, .. } => {
                (done < *maximum).then(|| done.saturating_add(batch).min(*maximum))
            }
        }
    }

    /// How a bound is computed at `total` samples.
    ///
    /// # Errors
    /// [`Error::Unplanned`] if the plan does not foresee that total.
    pub(crate) fn reading(&self, total: u64, confidence: Confidence) -> Result<BoundAt, Error> {
        let unplanned =
            |expected: String| Error::Unplanned { phase: Phase::Estimation, given: total, expected };
        match &self.reading {
            Reading::Looks(looks) if looks.contains(&total) => {
                Ok(BoundAt::Look(confidence.shared_by(looks.len() as u64)))
            }
            Reading::Looks(looks) => Err(unplanned(format!("one of {looks:?}"))),
            Reading::Anytime { maximum, prior } if (1..=*maximum).contains(&total) => {
                Ok(BoundAt::Anytime(*prior, confidence))
            }
            Reading::Anytime { maximum, .. } => Err(unplanned(format!("1 to {maximum}"))),
        }
    }

    /// Refuses a plan under which not even unanimous votes give a class a majority, when each bound holds at `confidence`;
    /// [`Certifier::check`](crate::Certifier::check) knows what share of its confidence that is.
    ///
    /// # Errors
    /// [`Error::TooFewSamples`], which names the number of samples that would do.
    pub fn check(&self, confidence: Confidence) -> Result<(), Error> {
        let samples = self.maximum();
        match self.reading(samples, confidence)? {
            BoundAt::Look(level) => check_feasible(samples, Upper::HALF, level),
            BoundAt::Anytime(prior, level) => {
                let unanimous = anytime_lower(samples, samples, prior, level)?;
                if unanimous.exceeds(Upper::HALF) {
                    return Ok(());
                }
                let enough =
                    |n| anytime_lower(n, n, prior, level).is_ok_and(|bound| bound.exceeds(Upper::HALF));
                Err(Error::TooFewSamples {
                    samples,
                    alpha: level.alpha(),
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
    reading: Reading,
}

#[cfg(feature = "serde")]
impl TryFrom<PlanParts> for Plan {
    type Error = Error;
    fn try_from(parts: PlanParts) -> Result<Self, Error> {
        match parts.reading {
            Reading::Looks(looks) => Self::looks(parts.selection, looks),
            Reading::Anytime { maximum, prior } => Self::anytime(parts.selection, maximum, prior),
        }
    }
}

/// The bound that a plan reads.
#[derive(Clone, Copy, Debug)]
pub(crate) enum BoundAt {
    Look(Confidence),
    Anytime(Prior, Confidence),
}

/// A plan and the votes drawn for it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Tally {
    plan: Plan,
    selection: Option<Votes>,
    estimation: Votes,
}

impl Tally {
    /// The votes of a plan: none for selection exactly if the plan selects on the estimation votes.
    ///
    /// # Errors
    /// [`Error::Unplanned`] for a number of selection votes other than the plan's or votes that are not those of the first
    /// samples, [`Error::Mismatch`] if the two sets of
    /// votes differ in law, run or number of classes or are of the wrong phase. The number of estimation votes is
    /// checked when it is read.
    pub fn new(plan: Plan, selection: Option<Votes>, estimation: Votes) -> Result<Self, Error> {
        let mismatch = |what, left: String, right: String| Err(Error::Mismatch { what, left, right });
        if estimation.ballot().phase() != Phase::Estimation {
            return mismatch("phase", estimation.ballot().phase().to_string(), Phase::Estimation.to_string());
        }
        for votes in selection.iter().chain([&estimation]) {
            // Otherwise one could draw several shards of the planned size and hand in the best.
            let first = 0..votes.total();
            if votes.ballot().samples().iter().any(|range| *range != first) {
                let expected = format!("exactly the samples {first:?}");
                return Err(Error::Unplanned {
                    phase: votes.ballot().phase(),
                    given: votes.total(),
                    expected,
                });
            }
        }
        let given = selection.as_ref().map_or(0, Votes::total);
        if given != plan.selection {
            let expected = plan.selection.to_string();
            return Err(Error::Unplanned { phase: Phase::Selection, given, expected });
        }
        if let Some(selection) = &selection {
            let (left, right) = (selection.ballot(), estimation.ballot());
            if left.phase() != Phase::Selection {
                return mismatch("phase", left.phase().to_string(), Phase::Selection.to_string());
            }
            if left.law() != right.law() || left.run() != right.run() {
                return mismatch(
                    "law or run",
                    format!("{:?}/{}", left.law(), left.run()),
                    format!("{:?}/{}", right.law(), right.run()),
                );
            }
            if selection.counts().len() != estimation.counts().len() {
                return mismatch(
                    "number of classes",
                    selection.counts().len().to_string(),
                    estimation.counts().len().to_string(),
                );
            }
        }
        Ok(Self { plan, selection: selection.filter(|votes| votes.total() > 0), estimation })
    }

    /// The plan.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The votes that chose the class; `None` if the estimation votes did.
    #[must_use]
    pub const fn selection(&self) -> Option<&Votes> {
        self.selection.as_ref()
    }

    /// The votes that bound its probability.
    #[must_use]
    pub const fn estimation(&self) -> &Votes {
        &self.estimation
    }

    /// The class that a certificate would be about.
    #[must_use]
    pub fn class(&self) -> crate::ClassId {
        self.selection.as_ref().unwrap_or(&self.estimation).leader()
    }
}
