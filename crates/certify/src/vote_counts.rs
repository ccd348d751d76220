//! [`VoteCounts`]: the votes that were drawn for a plan.

use crate::{ClassId, Error, Phase, Plan, VoteHeader, Votes, error::Parameter};

/// A plan and the votes drawn for it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "VoteCountsParts"))]
pub struct VoteCounts {
    plan: Plan,
    selection: Option<Votes>,
    estimation: Votes,
}

impl VoteCounts {
    /// The votes of a plan: none for selection exactly if the plan selects on the estimation votes.
    ///
    /// # Errors
    /// [`Error::Unplanned`] for a number of selection votes other than the plan's or votes that are not those of the first
    /// samples, [`Error::Mismatch`] if the two sets of
    /// votes differ in noise, run or number of classes or are of the wrong phase. The number of estimation votes is
    /// checked where a bound is computed.
    pub fn new(plan: Plan, selection: Option<Votes>, estimation: Votes) -> Result<Self, Error> {
        let mismatch = |what, left: String, right: String| Err(Error::Mismatch { what, left, right });
        if estimation.header().phase() != Phase::Estimation {
            return mismatch("phase", estimation.header().phase().to_string(), Phase::Estimation.to_string());
        }
        for votes in selection.iter().chain([&estimation]) {
            // Otherwise one could draw several shards of the planned size and hand in the best.
            let first = 0..votes.total();
            if votes.header().samples().iter().any(|range| *range != first) {
                let expected = format!("exactly the samples {first:?}");
                return Err(Error::Unplanned {
                    phase: votes.header().phase(),
                    given: votes.total(),
                    expected,
                });
            }
        }
        let given = selection.as_ref().map_or(0, Votes::total);
        if given != plan.selection() {
            let expected = plan.selection().to_string();
            return Err(Error::Unplanned { phase: Phase::Selection, given, expected });
        }
        if let Some(selection) = &selection {
            let (left, right) = (selection.header(), estimation.header());
            if left.phase() != Phase::Selection {
                return mismatch("phase", left.phase().to_string(), Phase::Selection.to_string());
            }
            let names = |header: &VoteHeader| (header.noise(), header.run(), header.tolerance());
            if names(left) != names(right) {
                return mismatch(
                    "noise, run or rounding tolerance",
                    format!("{:?}", names(left)),
                    format!("{:?}", names(right)),
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
    pub fn class(&self) -> ClassId {
        self.selection.as_ref().unwrap_or(&self.estimation).leader()
    }

    /// The near-ties among the estimation votes, which count against whichever class is bounded.
    ///
    /// # Errors
    /// [`Error::Parameter`] where near-ties were set apart but the same votes chose the class: given to a rival, they could
    /// choose it.
    pub(crate) fn near_ties(&self) -> Result<u64, Error> {
        if self.estimation.header().tolerance().is_some() && self.selection.is_none() {
            return Err(no_selection());
        }
        Ok(self.estimation.near_ties())
    }
}

/// A rounding tolerance needs votes of its own to choose the class.
pub(crate) fn no_selection() -> Error {
    Error::Parameter(Parameter {
        name: "selection samples of a plan with a rounding tolerance",
        given: "0".to_owned(),
        expected: "at least one, so that other votes choose the class than bound it",
    })
}

/// The plain form of [`VoteCounts`], for reading; checked as new ones are.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct VoteCountsParts {
    plan: Plan,
    selection: Option<Votes>,
    estimation: Votes,
}

#[cfg(feature = "serde")]
impl TryFrom<VoteCountsParts> for VoteCounts {
    type Error = Error;
    fn try_from(parts: VoteCountsParts) -> Result<Self, Error> {
        Self::new(parts.plan, parts.selection, parts.estimation)
    }
}
