//! [`SavedVotes`]: the votes of a run, finished or not, for going on with it.

use crate::{ClassId, Error, Phase, Votes};
use std::collections::BTreeMap;

/// The votes that were counted on one input so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PartialVotes {
    selection: Option<Votes>,
    estimation: Option<Votes>,
}

impl PartialVotes {
    /// The votes that choose the class.
    #[must_use]
    pub const fn selection(&self) -> Option<&Votes> {
        self.selection.as_ref()
    }

    /// The votes that bound its probability.
    #[must_use]
    pub const fn estimation(&self) -> Option<&Votes> {
        self.estimation.as_ref()
    }

    /// The number of votes of both phases.
    #[must_use]
    pub fn total(&self) -> u64 {
        [&self.selection, &self.estimation].into_iter().flatten().map(Votes::total).sum()
    }

    /// The class that the votes choose so far; `None` before the first.
    #[must_use]
    pub fn class(&self) -> Option<ClassId> {
        self.selection.as_ref().or(self.estimation.as_ref()).map(Votes::leader)
    }

    /// Adds votes of either phase.
    ///
    /// # Errors
    /// As [`Votes::merge`], and [`Error::Mismatch`] for votes of the training phase, which count for nothing.
    pub fn add(&mut self, votes: &Votes) -> Result<(), Error> {
        let place = match votes.header().phase() {
            Phase::Selection => &mut self.selection,
            Phase::Estimation => &mut self.estimation,
            phase @ Phase::Training => {
                return Err(Error::Mismatch {
                    what: "phase",
                    left: phase.to_string(),
                    right: format!("{} or {}", Phase::Selection, Phase::Estimation),
                });
            }
        };
        if let Some(known) = place {
            known.merge(votes)
        } else {
            *place = Some(votes.clone());
            Ok(())
        }
    }
}

/// The votes of a run over many inputs, by input number.
///
/// [`CertifyAll`](crate::CertifyAll) leaves here what it counted, also where the classifier failed or the caller stopped it, and
/// goes on from it: votes that are there are not drawn again. Shards of several machines are merged. With the feature `serde`
/// they are written and read, checked; a run refuses votes of another noise, input, seed or classifier.
///
/// ```
/// use steadfast_certify::{BitFlips, Bits, Plan, Rate, SavedVotes, SmoothedClassifier, from_fn};
///
/// let images: Vec<Bits> = (20..24).map(|ones| (0..24).map(|bit| bit < ones).collect()).collect();
/// let majority = from_fn(2, |image: &Bits| usize::from(2 * image.count_ones() > image.len()));
/// let noise = BitFlips::symmetric(Rate::new(0.1)?)?;
/// let smoothed = SmoothedClassifier::new(majority, noise, Plan::fixed(20, 500)?);
///
/// // Two machines, each with every second image; a third that merges.
/// let mut saved = SavedVotes::default();
/// for machine in 0..2 {
///     let mut own = SavedVotes::default();
///     smoothed.certify_all(&images, BitFlips::threat).shard(machine, 2)?.resume(&mut own).run()?;
///     saved.merge(&own)?;
/// }
/// let certificates = smoothed.certify_all(&images, BitFlips::threat).resume(&mut saved).run()?;
/// assert_eq!(certificates, smoothed.certify_all(&images, BitFlips::threat).run()?);
/// # Ok::<(), steadfast_certify::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SavedVotes {
    inputs: BTreeMap<u64, PartialVotes>,
}

impl SavedVotes {
    /// The votes on the input of this number.
    #[must_use]
    pub fn get(&self, number: u64) -> Option<&PartialVotes> {
        self.inputs.get(&number)
    }

    /// The number of votes on all inputs.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.inputs.values().map(PartialVotes::total).sum()
    }

    /// Adds what another shard of the run counted.
    ///
    /// # Errors
    /// As [`Votes::merge`]: a sample that both counted is an error. On an error nothing changes.
    pub fn merge(&mut self, other: &Self) -> Result<(), Error> {
        let mut merged = self.clone();
        for (&number, votes) in &other.inputs {
            let known = merged.inputs.entry(number).or_default();
            for votes in [&votes.selection, &votes.estimation].into_iter().flatten() {
                known.add(votes)?;
            }
        }
        *self = merged;
        Ok(())
    }

    pub(crate) fn put(&mut self, number: u64, votes: PartialVotes) {
        if votes != PartialVotes::default() {
            self.inputs.insert(number, votes);
        }
    }
}
