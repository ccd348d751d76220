//! Votes: how often each class was answered, and which samples that covers.

use crate::{ClassId, Error, Law, Phase, error::Parameter};
use std::{fmt, ops::Range};

/// What a set of votes belongs to and which samples it covers; shards of one run add up.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "BallotParts", into = "BallotParts"))]
pub struct Ballot {
    law: Option<Law>,
    run: u64,
    phase: Phase,
    /// Disjoint, not empty, ascending, never touching.
    samples: Vec<Range<u64>>,
}

impl Ballot {
    /// The samples `samples` of phase `phase` of run `run`, drawn under `law`.
    #[must_use]
    pub fn new(law: Option<Law>, run: u64, phase: Phase, samples: Range<u64>) -> Self {
        let samples = if samples.is_empty() { vec![] } else { vec![samples] };
        Self { law, run, phase, samples }
    }

    /// The law the samples were drawn under.
    #[must_use]
    pub const fn law(&self) -> Option<Law> {
        self.law
    }

    /// The fingerprint of the run. [`Smoothing`](crate::Smoothing) makes it of law, seed and the input's number: runs that
    /// differ in their classifier need another seed or number to be told apart.
    #[must_use]
    pub const fn run(&self) -> u64 {
        self.run
    }

    /// What the samples were drawn for.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.phase
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
        same("noise law", &crate::error::LawName(self.law), &crate::error::LawName(other.law))?;
        same("run", &self.run, &other.run)?;
        same("phase", &self.phase, &other.phase)?;
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
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "VotesParts", into = "VotesParts"))]
pub struct Votes {
    ballot: Ballot,
    counts: Vec<u64>,
}

impl Votes {
    /// Votes with the given counts per class.
    ///
    /// # Errors
    /// [`Error::Parameter`] unless there is at least one class and the counts add up to the ballot's samples.
    pub fn new(ballot: Ballot, counts: Vec<u64>) -> Result<Self, Error> {
        check_counts(&ballot, counts.len(), &counts)?;
        Ok(Self { ballot, counts })
    }

    /// What the votes belong to.
    #[must_use]
    pub const fn ballot(&self) -> &Ballot {
        &self.ballot
    }

    /// Votes per class.
    #[must_use]
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// Number of votes.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.ballot.total()
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
        self.ballot = self.ballot.union(&other.ballot)?;
        add(&mut self.counts, &other.counts);
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
    ballot: Ballot,
    classes: usize,
    /// Inputs × classes, row by row.
    counts: Vec<u64>,
}

impl VoteTable {
    /// A table with `counts` of inputs × `classes`, row by row.
    ///
    /// # Errors
    /// [`Error::Parameter`] unless every input's counts add up to the ballot's samples.
    pub fn new(ballot: Ballot, classes: usize, counts: Vec<u64>) -> Result<Self, Error> {
        check_counts(&ballot, classes, &counts)?;
        Ok(Self { ballot, classes, counts })
    }

    /// A table of no votes yet, to merge shards into.
    ///
    /// # Errors
    /// [`Error::Parameter`] for zero classes, or more counts than a table can hold.
    pub fn empty(
        law: Option<Law>,
        run: u64,
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
        Self::new(Ballot::new(law, run, phase, 0..0), classes, vec![0; cells])
    }

    /// What the votes belong to.
    #[must_use]
    pub const fn ballot(&self) -> &Ballot {
        &self.ballot
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
    /// Their law is [`Law::of_input`] of the table's, and their run is one of this input alone, so that votes on one input
    /// neither add up with those on another nor certify anything about it.
    #[must_use]
    pub fn votes(&self, input: usize) -> Option<Votes> {
        let counts = self.counts.chunks_exact(self.classes).nth(input)?.to_vec();
        let input = input as u64;
        let law = self.ballot.law.map(|law| law.of_input(input));
        let run = Law::new("input", [self.ballot.run, input]).fingerprint();
        Some(Votes { ballot: Ballot { law, run, ..self.ballot.clone() }, counts })
    }

    /// Adds the votes of another shard of the same run.
    ///
    /// # Errors
    /// As [`Votes::merge`], and for another number of inputs.
    pub fn merge(&mut self, other: &Self) -> Result<(), Error> {
        same("number of classes", &self.classes, &other.classes)?;
        same("number of inputs", &self.inputs(), &other.inputs())?;
        self.ballot = self.ballot.union(&other.ballot)?;
        add(&mut self.counts, &other.counts);
        Ok(())
    }
}

fn add(counts: &mut [u64], more: &[u64]) {
    for (count, more) in counts.iter_mut().zip(more) {
        *count += more;
    }
}

fn check_counts(ballot: &Ballot, classes: usize, counts: &[u64]) -> Result<(), Error> {
    let total = ballot.total();
    let fine = classes > 0
        && counts.len().is_multiple_of(classes)
        && counts
            .chunks_exact(classes)
            .all(|row| row.iter().try_fold(0_u64, |sum, &count| sum.checked_add(count)) == Some(total));
    if fine {
        return Ok(());
    }
    Err(Error::Parameter(Parameter {
        name: "votes",
        given: format!("{} counts for {classes} classes and {total} samples", counts.len()),
        expected: "one count per class, adding up to the number of samples for every input",
    }))
}

/// The plain form of a [`Ballot`], for reading and writing; checked on the way in.
#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
struct BallotParts {
    law: Option<Law>,
    run: String,
    phase: Phase,
    samples: Vec<[u64; 2]>,
}

#[cfg(feature = "serde")]
impl From<Ballot> for BallotParts {
    fn from(ballot: Ballot) -> Self {
        Self {
            law: ballot.law,
            run: format!("{:016x}", ballot.run),
            phase: ballot.phase,
            samples: ballot.samples.into_iter().map(|range| [range.start, range.end]).collect(),
        }
    }
}

#[cfg(feature = "serde")]
impl TryFrom<BallotParts> for Ballot {
    type Error = Error;
    fn try_from(parts: BallotParts) -> Result<Self, Error> {
        let refused = |given: String, expected: &'static str| {
            Error::Parameter(Parameter { name: "ballot", given, expected })
        };
        let run = u64::from_str_radix(&parts.run, 16)
            .map_err(|_| refused(format!("run {}", parts.run), "a run number of 16 hexadecimal digits"))?;
        let mut ballot = Self::new(parts.law, run, parts.phase, 0..0);
        for [start, end] in parts.samples {
            if start > end {
                return Err(refused(
                    format!("samples {start}..{end}"),
                    "ranges that do not end before they start",
                ));
            }
            ballot = ballot.union(&Self::new(parts.law, run, parts.phase, start..end))?;
        }
        Ok(ballot)
    }
}

#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
struct VotesParts {
    ballot: Ballot,
    counts: Vec<u64>,
}

#[cfg(feature = "serde")]
impl From<Votes> for VotesParts {
    fn from(votes: Votes) -> Self {
        Self { ballot: votes.ballot, counts: votes.counts }
    }
}

#[cfg(feature = "serde")]
impl TryFrom<VotesParts> for Votes {
    type Error = Error;
    fn try_from(parts: VotesParts) -> Result<Self, Error> {
        Self::new(parts.ballot, parts.counts)
    }
}

#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
struct VoteTableParts {
    ballot: Ballot,
    classes: usize,
    counts: Vec<u64>,
}

#[cfg(feature = "serde")]
impl From<VoteTable> for VoteTableParts {
    fn from(table: VoteTable) -> Self {
        Self { ballot: table.ballot, classes: table.classes, counts: table.counts }
    }
}

#[cfg(feature = "serde")]
impl TryFrom<VoteTableParts> for VoteTable {
    type Error = Error;
    fn try_from(parts: VoteTableParts) -> Result<Self, Error> {
        Self::new(parts.ballot, parts.classes, parts.counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard(samples: Range<u64>, counts: [u64; 2]) -> Votes {
        Votes::new(Ballot::new(None, 1, Phase::Estimation, samples), counts.to_vec()).unwrap()
    }

    #[test]
    fn shards_add_up_in_any_order() {
        let parts = [shard(0..10, [4, 6]), shard(20..25, [5, 0]), shard(10..20, [1, 9])];
        let mut votes = parts[0].clone();
        votes.merge(&parts[1]).unwrap();
        assert_eq!(votes.ballot().samples(), [0..10, 20..25]);
        assert_eq!(votes.ballot().missing(30), [10..20, 25..30]);
        assert_eq!(votes.ballot().missing(15).as_slice(), std::slice::from_ref(&(10..15)));
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
        let ballots = [
            Ballot::new(Some(Law::new("x", [])), 1, Phase::Estimation, 10..11),
            Ballot::new(None, 2, Phase::Estimation, 10..11),
            Ballot::new(None, 1, Phase::Selection, 10..11),
        ];
        for ballot in ballots {
            let other = Votes::new(ballot, vec![1, 0]).unwrap();
            assert!(matches!(votes.merge(&other), Err(Error::Mismatch { .. })));
        }
        let three = Votes::new(Ballot::new(None, 1, Phase::Estimation, 10..11), vec![1, 0, 0]).unwrap();
        assert!(matches!(votes.merge(&three), Err(Error::Mismatch { .. })));
        assert_eq!(votes, before);
        assert!(Votes::new(Ballot::new(None, 1, Phase::Estimation, 0..3), vec![1, 1]).is_err());
        assert!(Votes::new(Ballot::new(None, 1, Phase::Estimation, 0..0), vec![]).is_err());
        assert!(Votes::new(Ballot::new(None, 1, Phase::Estimation, 0..0), vec![u64::MAX, 1]).is_err());
    }

    #[test]
    fn tables_hold_the_votes_of_each_input() {
        let ballot = Ballot::new(None, 1, Phase::Estimation, 0..3);
        let mut table = VoteTable::new(ballot, 2, vec![3, 0, 1, 2]).unwrap();
        assert_eq!(table.votes(1).unwrap().counts(), [1, 2]);
        assert!(table.votes(2).is_none());
        // Votes on another input are another run, whether or not the law is known.
        let mut first = table.votes(0).unwrap();
        assert!(matches!(first.merge(&table.votes(1).unwrap()), Err(Error::Mismatch { .. })));
        let more =
            VoteTable::new(Ballot::new(None, 1, Phase::Estimation, 3..4), 2, vec![0, 1, 0, 1]).unwrap();
        table.merge(&more).unwrap();
        assert_eq!(table.votes(0).unwrap().counts(), [3, 1]);
        let wrong = VoteTable::new(Ballot::new(None, 1, Phase::Estimation, 4..5), 2, vec![0, 1]).unwrap();
        assert!(table.merge(&wrong).is_err());
        assert!(VoteTable::empty(None, 1, Phase::Estimation, usize::MAX / 2 + 2, 2).is_err());
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
