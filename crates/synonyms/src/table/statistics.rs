//! What a table's laws do: how often a word stays, how near its replacement is, how much an attacker's swap leaves in common.
//!
//! For a threat that swaps w for any w′ of its allowed set A(w), a certificate rests on the overlap
//!
//! ```text
//! o(w) = min_{w′∈A(w)} Σ_v min(π_w(v), π_w′(v))
//! ```
//!
//! (SAFER, Ye et al., ACL 2020, arXiv:2005.14424, Theorem 1, which has it for uniform laws): the part of the law that stays
//! whatever the swap. It is computed from the whole weights, so without any error. O(|A(w)|·K) per word.

use super::SynonymTable;
use crate::WEIGHT_TOTAL;
use rayon::prelude::*;

/// The median and the quartiles of some numbers; between two of them, in proportion (Hyndman and Fan's type 7).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Quartiles {
    /// A quarter is at or below.
    pub lower: f64,
    /// A half is at or below.
    pub median: f64,
    /// Three quarters are at or below.
    pub upper: f64,
}

impl Quartiles {
    /// Of these numbers; zeros where there are none.
    #[must_use]
    pub fn of(mut values: Vec<f64>) -> Self {
        values.sort_unstable_by(f64::total_cmp);
        let at = |share: f64| {
            let place = share * values.len().saturating_sub(1) as f64;
            let value = |place: f64| values.get(place as usize).copied().unwrap_or_default();
            let (low, high) = (value(place.floor()), value(place.ceil()));
            low + (high - low) * place.fract()
        };
        Self { lower: at(0.25), median: at(0.5), upper: at(0.75) }
    }
}

/// A table at a glance. The quartiles are over the words that have another candidate than themselves.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Statistics {
    /// Words of the table.
    pub words: usize,
    /// Words with another candidate than themselves.
    pub replaceable: usize,
    /// The most candidates of a word, itself included.
    pub largest: usize,
    /// Candidates of a word, itself included.
    pub candidates: Quartiles,
    /// The probability that the word stays.
    pub kept: Quartiles,
    /// The mean cosine of the replacement with the word.
    pub cosine: Quartiles,
    /// The overlap with the law of the worst allowed word.
    pub overlap: Quartiles,
}

impl SynonymTable {
    /// The probability, in units of 2⁻³², that the word at a position stays as it is.
    #[must_use]
    pub fn kept(&self, position: usize) -> Option<u64> {
        let (candidates, _, weights) = self.parts(position);
        weights.get(candidates.binary_search(&(position as u32)).ok()?).copied()
    }

    /// The mean cosine between the word at a position and what it becomes.
    #[must_use]
    pub fn mean_cosine(&self, position: usize) -> Option<f64> {
        let (candidates, similarities, weights) = self.parts(position);
        let sum: f64 =
            similarities.iter().zip(weights).map(|(s, weight)| f64::from(*s) * *weight as f64).sum();
        (!candidates.is_empty()).then_some(sum / WEIGHT_TOTAL as f64)
    }

    /// The overlap of the laws of two words, `Σ_v min(weight(a, v), weight(b, v))`, in units of 2⁻³²: exact.
    #[must_use]
    pub fn common(&self, a: usize, b: usize) -> u64 {
        let ((mine, _, my_weights), (theirs, _, their_weights)) = (self.parts(a), self.parts(b));
        let mut others = theirs.iter().zip(their_weights).peekable();
        let mut sum = 0;
        for (candidate, weight) in mine.iter().zip(my_weights) {
            while others.next_if(|(other, _)| *other < candidate).is_some() {}
            if let Some((_, other)) = others.next_if(|(other, _)| *other == candidate) {
                sum += weight.min(other);
            }
        }
        sum
    }

    /// The smallest overlap of the word at a position with a word that it may be swapped for, in units of 2⁻³²: exact.
    #[must_use]
    pub fn overlap(&self, position: usize) -> Option<u64> {
        let (candidates, _, _) = self.parts(position);
        candidates.iter().map(|other| self.common(position, *other as usize)).min()
    }

    /// The table at a glance, on the current rayon thread pool.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        let replaceable: Vec<usize> =
            (0..self.len()).filter(|position| self.parts(*position).0.len() > 1).collect();
        let quartiles = |value: &(dyn Fn(usize) -> f64 + Sync)| {
            Quartiles::of(replaceable.par_iter().map(|position| value(*position)).collect())
        };
        let share = |weight: Option<u64>| weight.unwrap_or_default() as f64 / WEIGHT_TOTAL as f64;
        Statistics {
            words: self.len(),
            replaceable: replaceable.len(),
            largest: (0..self.len()).map(|position| self.parts(position).0.len()).max().unwrap_or_default(),
            candidates: quartiles(&|position| self.parts(position).0.len() as f64),
            kept: quartiles(&|position| share(self.kept(position))),
            cosine: quartiles(&|position| self.mean_cosine(position).unwrap_or_default()),
            overlap: quartiles(&|position| share(self.overlap(position))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        CandidateSets, Family, Grouping, Neighbors, Vectors, candidates::neighbors::tests::silent,
        table::tests::built,
    };

    #[test]
    fn two_words_of_cosine_eight_tenths_overlap_by_a_sixth() {
        // The published certificate takes the overlap of these for 1.
        let vectors = Vectors::new(["a", "b"], 2, vec![1.0, 0.0, 0.8, 0.6]).unwrap();
        let neighbors = Neighbors::find(&vectors, 0.7, &silent).unwrap();
        let sets = CandidateSets::new(&vectors, &neighbors, Grouping::Nearest, 100, &silent).unwrap();
        let overlap = |family: Family| {
            let table = SynonymTable::new(&sets, &vectors, family.into(), &silent).unwrap();
            table.overlap(0).unwrap() as f64 / WEIGHT_TOTAL as f64
        };
        assert_eq!(overlap(Family::Uniform), 1.0);
        assert!((overlap(Family::Crowd) - 0.165).abs() < 0.001, "{}", overlap(Family::Crowd));
    }

    #[test]
    fn a_law_shared_by_a_component_overlaps_wholly() {
        let table = built(Family::CrowdComponent, Grouping::Closed);
        assert!((0..table.len()).all(|position| table.overlap(position) == Some(WEIGHT_TOTAL)));
        assert_eq!(table.statistics().overlap, Quartiles { lower: 1.0, median: 1.0, upper: 1.0 });
    }

    #[test]
    fn overlaps_are_those_of_the_definition() {
        let table = built(Family::Crowd, Grouping::Nearest);
        let weight = |position: usize, candidate: usize| {
            let row = table.rows().nth(position).unwrap();
            row.candidates().find(|found| found.position == candidate).map_or(0, |found| found.weight)
        };
        for row in table.rows() {
            let a = row.position();
            let common = |b| (0..table.len()).map(|v| weight(a, v).min(weight(b, v))).sum::<u64>();
            let expected = row.candidates().map(|other| common(other.position)).min();
            assert_eq!(table.overlap(a), expected);
            assert_eq!(table.kept(a), Some(weight(a, a)));
        }
        assert_eq!((table.overlap(99), table.kept(99), table.mean_cosine(99)), (None, None, None));
    }

    #[test]
    fn quartiles_lie_between_the_numbers() {
        let quartiles = Quartiles::of(vec![4.0, 1.0, 2.0, 3.0]);
        assert_eq!(quartiles, Quartiles { lower: 1.75, median: 2.5, upper: 3.25 });
        assert_eq!(Quartiles::of(vec![]), Quartiles::default());
    }
}
