//! Votes: how often each class was answered, and which samples that covers.

use crate::{
    ClassId, Error, Fingerprint, NoiseFingerprint, Phase,
    error::{NoiseName, Parameter},
    rounding::Tolerance,
};
use std::{fmt, ops::Range};

/// What a set of votes belongs to and which samples it covers; shards of one run add up.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "VoteHeaderParts", into = "VoteHeaderParts"))]
pub struct VoteHeader {
    noise: Option<NoiseFingerprint>,
    run: Fingerprint,
    phase: Phase,
    tolerance: Option<Tolerance>,
    /// Disjoint, not empty, ascending, never touching.
    samples: Vec<Range<u64>>,
}

impl VoteHeader {
    /// The samples `samples` of phase `phase` of run `run`, drawn under `noise`.
    #[must_use]
    pub fn new(noise: Option<NoiseFingerprint>, run: Fingerprint, phase: Phase, samples: Range<u64>) -> Self {
        let samples = if samples.is_empty() { vec![] } else { vec![samples] };
        Self { noise, run, phase, tolerance: None, samples }
    }

    /// The same samples, of a classifier whose near-ties within this tolerance were set apart.
    #[must_use]
    pub(crate) fn tolerating(self, tolerance: Option<Tolerance>) -> Self {
        Self { tolerance, ..self }
    }

    /// The noise and the input that the samples were drawn from.
    #[must_use]
    pub const fn noise(&self) -> Option<NoiseFingerprint> {
        self.noise
    }

    /// The fingerprint of the run. [`SmoothedClassifier`](crate::SmoothedClassifier) makes it of the noise, the seed, the input's
    /// number and the classifier's id.
    #[must_use]
    pub const fn run(&self) -> Fingerprint {
        self.run
    }

    /// What the samples were drawn for.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// Within which rounding tolerance near-ties were set apart, if they were.
    #[must_use]
    pub const fn tolerance(&self) -> Option<Tolerance> {
        self.tolerance
    }

    /// The covered sample numbers, as disjoint ascending ranges.
    #[must_use]
    pub fn samples(&self) -> &[Range<u64>] {
        &self.samples
    }

    /// The number of covered samples.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.samples.iter().map(|range| range.end - range.start).sum()
    }

    /// The samples below `total` that are not covered yet, as ascending ranges: what is left of a run that was cut short.
    #[must_use]
    pub fn missing(&self, total: u64) -> Vec<Range<u64>> {
        let ends = std::iter::once(0).chain(self.samples.iter().map(|range| range.end));
        let starts = self.samples.iter().map(|range| range.start).chain(std::iter::once(total));
        ends.zip(starts).map(|(end, start)| end..start.min(total)).filter(|range| !range.is_empty()).collect()
    }

    /// The samples that `self` and `other` cover together.
    fn union(&self, other: &Self) -> Result<Self, Error> {
        same("noise", &NoiseName(self.noise), &NoiseName(other.noise))?;
        same("run", &self.run, &other.run)?;
        same("phase", &self.phase, &other.phase)?;
        if self.tolerance != other.tolerance {
            let shown = |tolerance: Option<Tolerance>| {
                tolerance.map_or_else(|| "none".to_owned(), |tolerance| tolerance.to_string())
            };
            return Err(Error::Mismatch {
                what: "rounding tolerance",
                left: shown(self.tolerance),
                right: shown(other.tolerance),
            });
        }
        let mut ranges = [&self.samples[..], &other.samples[..]].concat();
        ranges.sort_by_key(|range| range.start);
        let mut samples: Vec<Range<u64>> = Vec::with_capacity(ranges.len());
        for range in ranges {
            match samples.last_mut() {
                Some(last) if range.start < last.end => {
                    return Err(Error::Overlap { start: range.start, end: last.end.min(range.end) });
                }
                Some(last) if range.start == last.end => last.end = range.end,
                _ => samples.push(range),
            }
        }
        Ok(Self { samples, ..self.clone() })
    }
}

fn same<T: PartialEq + fmt::Display>(what: &'static str, left: &T, right: &T) -> Result<(), Error> {
    if left == right {
        return Ok(());
    }
    Err(Error::Mismatch { what, left: left.to_string(), right: right.to_string() })
}

/// How often each class was answered for one input.
///
/// ```
/// use steadfast_certify::{Fingerprint, Phase, VoteHeader, Votes};
///
/// let header = |samples| VoteHeader::new(None, Fingerprint::new("my run", []), Phase::Estimation, samples);
/// let mut votes = Votes::new(header(0..10), vec![2, 8])?;
/// votes.merge(&Votes::new(header(10..15), vec![0, 5])?)?;
/// assert_eq!((votes.total(), votes.leader()), (15, 1));
/// // A shard counts once.
/// assert!(votes.merge(&Votes::new(header(10..15), vec![0, 5])?).is_err());
/// # Ok::<(), steadfast_certify::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "VotesParts", into = "VotesParts"))]
pub struct Votes {
    header: VoteHeader,
    counts: Vec<u64>,
    /// Answers that rounding could turn; none without a rounding tolerance.
    near_ties: u64,
}

impl Votes {
    /// Votes with the given counts per class.
    ///
    /// # Errors
    /// [`Error::Parameter`] unless there is at least one class and the counts add up to the header's samples.
    pub fn new(header: VoteHeader, counts: Vec<u64>) -> Result<Self, Error> {
        Self::with_near_ties(header, counts, 0)
    }

    /// Votes of which `near_ties` belong to no class, since rounding could turn them.
    pub(crate) fn with_near_ties(
        header: VoteHeader,
        counts: Vec<u64>,
        near_ties: u64,
    ) -> Result<Self, Error> {
        let decided =
            header.total().checked_sub(near_ties).filter(|_| near_ties == 0 || header.tolerance.is_some());
        check_counts(decided, header.total(), counts.len(), &counts)?;
        Ok(Self { header, counts, near_ties })
    }

    /// What the votes belong to.
    #[must_use]
    pub const fn header(&self) -> &VoteHeader {
        &self.header
    }

    /// Votes per class.
    #[must_use]
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// Answers within the rounding tolerance, which belong to no class.
    #[must_use]
    pub const fn near_ties(&self) -> u64 {
        self.near_ties
    }

    /// Number of votes, near-ties included.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.header.total()
    }

    /// The class with most votes; the smaller class on a tie.
    #[must_use]
    pub fn leader(&self) -> ClassId {
        let most = self.counts.iter().copied().max().unwrap_or(0);
        self.counts.iter().position(|&count| count == most).unwrap_or(0)
    }

    /// Adds the votes of another shard of the same run.
    ///
    /// # Errors
    /// [`Error::Mismatch`] for another law, run, phase or number of classes, [`Error::Overlap`] if a sample would
    /// count twice. On an error nothing changes.
    pub fn merge(&mut self, other: &Self) -> Result<(), Error> {
        same("number of classes", &self.counts.len(), &other.counts.len())?;
        self.header = self.header.union(&other.header)?;
        add(&mut self.counts, &other.counts);
        self.near_ties += other.near_ties;
        Ok(())
    }
}

/// Votes on many inputs at once, for ensembles that are trained on noise: each net votes on every input.
///
/// The votes of *one* input are independent across nets. Votes of different inputs by the same net are not.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "VoteTableParts", into = "VoteTableParts"))]
pub struct VoteTable {
    header: VoteHeader,
    classes: usize,
    /// Inputs × classes, row by row.
    counts: Vec<u64>,
}

impl VoteTable {
    /// A table with `counts` of inputs × `classes`, row by row.
    ///
    /// # Errors
    /// [`Error::Parameter`] unless every input's counts add up to the header's samples.
    pub fn new(header: VoteHeader, classes: usize, counts: Vec<u64>) -> Result<Self, Error> {
        check_counts(Some(header.total()), header.total(), classes, &counts)?;
        Ok(Self { header, classes, counts })
    }

    /// A table of no votes yet, to merge shards into.
    ///
    /// # Errors
    /// [`Error::Parameter`] for zero classes, or more counts than a table can hold.
    pub fn empty(
        noise: Option<NoiseFingerprint>,
        run: Fingerprint,
        phase: Phase,
        inputs: usize,
        classes: usize,
    ) -> Result<Self, Error> {
        // A `Vec` holds at most `isize::MAX` bytes.
        let most = isize::MAX as usize / size_of::<u64>();
        let cells = inputs.checked_mul(classes).filter(|&cells| cells <= most).ok_or_else(|| {
            Error::Parameter(Parameter {
                name: "table of votes",
                given: format!("{inputs} inputs × {classes} classes"),
                expected: "a table that fits in memory",
            })
        })?;
        Self::new(VoteHeader::new(noise, run, phase, 0..0), classes, vec![0; cells])
    }

    /// What the votes belong to.
    #[must_use]
    pub const fn header(&self) -> &VoteHeader {
        &self.header
    }

    /// Number of classes.
    #[must_use]
    pub const fn classes(&self) -> usize {
        self.classes
    }

    /// Number of inputs.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.counts.len() / self.classes
    }

    /// Votes per class of each input.
    #[must_use]
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[u64]> {
        self.counts.chunks_exact(self.classes)
    }

    /// The votes on one input; `None` past the last input.
    ///
    /// Their noise is [`NoiseFingerprint::of_input`] of the table's, and their run is one of this input alone, so that votes on one input
    /// neither add up with those on another nor certify anything about it.
    #[must_use]
    pub fn votes(&self, input: usize) -> Option<Votes> {
        let counts = self.counts.chunks_exact(self.classes).nth(input)?.to_vec();
        let number = input as u64;
        let header = &self.header;
        let noise = header.noise.map(|noise| noise.of_input(number));
        let run = Fingerprint::new("input", [header.run.value(), number]);
        Some(Votes { header: VoteHeader { noise, run, ..header.clone() }, counts, near_ties: 0 })
    }

    /// Adds the votes of another shard of the same run.
    ///
    /// # Errors
    /// As [`Votes::merge`], and for another number of inputs.
    pub fn merge(&mut self, other: &Self) -> Result<(), Error> {
        same("number of classes", &self.classes, &other.classes)?;
        same("number of inputs", &self.inputs(), &other.inputs())?;
        self.header = self.header.union(&other.header)?;
        add(&mut self.counts, &other.counts);
        Ok(())
    }
}

fn add(counts: &mut [u64], more: &[u64]) {
    for (count, more) in counts.iter_mut().zip(more) {
        *count += more;
    }
}

fn check_counts(decided: Option<u64>, total: u64, classes: usize, counts: &[u64]) -> Result<(), Error> {
    let fine = classes > 0
        && decided.is_some()
        && counts.len().is_multiple_of(classes)
        && counts
            .chunks_exact(classes)
            .all(|row| row.iter().try_fold(0_u64, |sum, &count| sum.checked_add(count)) == decided);
    if fine {
        return Ok(());
    }
    Err(Error::Parameter(Parameter {
        name: "votes",
        given: format!("{} counts for {classes} classes and {total} samples", counts.len()),
        expected: "one count per class, adding up to the number of samples for every input",
    }))
}

/// The plain form of a [`VoteHeader`], for reading and writing; checked on the way in.
#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
struct VoteHeaderParts {
    noise: Option<NoiseFingerprint>,
    run: Fingerprint,
    phase: Phase,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tolerance: Option<Tolerance>,
    samples: Vec<[u64; 2]>,
}

#[cfg(feature = "serde")]
impl From<VoteHeader> for VoteHeaderParts {
    fn from(header: VoteHeader) -> Self {
        Self {
            noise: header.noise,
            run: header.run,
            phase: header.phase,
            tolerance: header.tolerance,
            samples: header.samples.into_iter().map(|range| [range.start, range.end]).collect(),
        }
    }
}

#[cfg(feature = "serde")]
impl TryFrom<VoteHeaderParts> for VoteHeader {
    type Error = Error;
    fn try_from(parts: VoteHeaderParts) -> Result<Self, Error> {
        let of =
            |samples| Self::new(parts.noise, parts.run, parts.phase, samples).tolerating(parts.tolerance);
        let mut header = of(0..0);
        for [start, end] in parts.samples {
            if start > end {
                return Err(Error::Parameter(Parameter {
                    name: "header of votes",
                    given: format!("samples {start}..{end}"),
                    expected: "ranges that do not end before they start",
                }));
            }
            header = header.union(&of(start..end))?;
        }
        Ok(header)
    }
}

#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
struct VotesParts {
    header: VoteHeader,
    counts: Vec<u64>,
    #[serde(default)]
    near_ties: u64,
}

#[cfg(feature = "serde")]
impl From<Votes> for VotesParts {
    fn from(votes: Votes) -> Self {
        Self { header: votes.header, counts: votes.counts, near_ties: votes.near_ties }
    }
}

#[cfg(feature = "serde")]
impl TryFrom<VotesParts> for Votes {
    type Error = Error;
    fn try_from(parts: VotesParts) -> Result<Self, Error> {
        Self::with_near_ties(parts.header, parts.counts, parts.near_ties)
    }
}

#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
struct VoteTableParts {
    header: VoteHeader,
    classes: usize,
    counts: Vec<u64>,
}

#[cfg(feature = "serde")]
impl From<VoteTable> for VoteTableParts {
    fn from(table: VoteTable) -> Self {
        Self { header: table.header, classes: table.classes, counts: table.counts }
    }
}

#[cfg(feature = "serde")]
impl TryFrom<VoteTableParts> for VoteTable {
    type Error = Error;
    fn try_from(parts: VoteTableParts) -> Result<Self, Error> {
        Self::new(parts.header, parts.classes, parts.counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(number: u64) -> Fingerprint {
        Fingerprint::new("run", [number])
    }

    fn shard(samples: Range<u64>, counts: [u64; 2]) -> Votes {
        Votes::new(VoteHeader::new(None, run(1), Phase::Estimation, samples), counts.to_vec()).unwrap()
    }

    #[test]
    fn shards_add_up_in_any_order() {
        let parts = [shard(0..10, [4, 6]), shard(20..25, [5, 0]), shard(10..20, [1, 9])];
        let mut votes = parts[0].clone();
        votes.merge(&parts[1]).unwrap();
        assert_eq!(votes.header().samples(), [0..10, 20..25]);
        assert_eq!(votes.header().missing(30), [10..20, 25..30]);
        assert_eq!(votes.header().missing(15).as_slice(), std::slice::from_ref(&(10..15)));
        votes.merge(&parts[2]).unwrap();
        assert_eq!(votes, shard(0..25, [10, 15]));
        assert_eq!(votes.leader(), 1);
    }

    #[test]
    fn misuse_is_refused_and_changes_nothing() {
        let mut votes = shard(0..10, [4, 6]);
        let before = votes.clone();
        assert!(matches!(votes.merge(&shard(9..11, [2, 0])), Err(Error::Overlap { start: 9, end: 10 })));
        assert!(matches!(votes.merge(&before.clone()), Err(Error::Overlap { .. })));
        let headers = [
            VoteHeader::new(Some(NoiseFingerprint::new("x", [])), run(1), Phase::Estimation, 10..11),
            VoteHeader::new(None, run(2), Phase::Estimation, 10..11),
            VoteHeader::new(None, run(1), Phase::Selection, 10..11),
        ];
        for header in headers {
            let other = Votes::new(header, vec![1, 0]).unwrap();
            assert!(matches!(votes.merge(&other), Err(Error::Mismatch { .. })));
        }
        let three =
            Votes::new(VoteHeader::new(None, run(1), Phase::Estimation, 10..11), vec![1, 0, 0]).unwrap();
        assert!(matches!(votes.merge(&three), Err(Error::Mismatch { .. })));
        assert_eq!(votes, before);
        assert!(Votes::new(VoteHeader::new(None, run(1), Phase::Estimation, 0..3), vec![1, 1]).is_err());
        assert!(Votes::new(VoteHeader::new(None, run(1), Phase::Estimation, 0..0), vec![]).is_err());
        assert!(
            Votes::new(VoteHeader::new(None, run(1), Phase::Estimation, 0..0), vec![u64::MAX, 1]).is_err()
        );
    }

    #[test]
    fn tables_hold_the_votes_of_each_input() {
        let header = VoteHeader::new(None, run(1), Phase::Estimation, 0..3);
        let mut table = VoteTable::new(header, 2, vec![3, 0, 1, 2]).unwrap();
        assert_eq!(table.votes(1).unwrap().counts(), [1, 2]);
        assert!(table.votes(2).is_none());
        // Votes on another input are another run, whether or not the noise is known.
        let mut first = table.votes(0).unwrap();
        assert!(matches!(first.merge(&table.votes(1).unwrap()), Err(Error::Mismatch { .. })));
        let more =
            VoteTable::new(VoteHeader::new(None, run(1), Phase::Estimation, 3..4), 2, vec![0, 1, 0, 1])
                .unwrap();
        table.merge(&more).unwrap();
        assert_eq!(table.votes(0).unwrap().counts(), [3, 1]);
        let wrong =
            VoteTable::new(VoteHeader::new(None, run(1), Phase::Estimation, 4..5), 2, vec![0, 1]).unwrap();
        assert!(table.merge(&wrong).is_err());
        assert!(VoteTable::empty(None, run(1), Phase::Estimation, usize::MAX / 2 + 2, 2).is_err());
    }

    #[cfg(feature = "serde")]
    #[test]
    fn reading_checks() {
        let votes = shard(0..25, [10, 15]);
        let text = serde_json::to_string(&votes).unwrap();
        assert_eq!(serde_json::from_str::<Votes>(&text).unwrap(), votes);
        for (from, to) in [("[10,15]", "[10,16]"), ("[0,25]", "[25,0]"), ("[[0,25]]", "[[0,25],[3,4]]")] {
            assert!(text.contains(from));
            assert!(serde_json::from_str::<Votes>(&text.replace(from, to)).is_err(), "{to}");
        }
    }
}
