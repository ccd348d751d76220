//! Statistics of a table: how often words are kept, how similar replacements are, how much the laws of words overlap.
//!
//! For a threat that replaces w by any w′ of its allowed set A(w), a certificate depends on the overlap
//!
//! ```text
//! o(w) = min_{w′∈A(w)} Σ_v min(π_w(v), π_w′(v))
//! ```
//!
//! (SAFER, Ye et al., ACL 2020, arXiv:2005.14424, Theorem 1, for uniform laws): the mass that the laws share for
//! every substitution. It is computed from integer weights, exactly. O(|A(w)|·K) per word.

use super::SynonymTable;
use crate::WEIGHT_TOTAL;
use rayon::prelude::*;

/// The quartiles of a sample, with linear interpolation (type 7 of Hyndman and Fan 1996, doi:10.1080/00031305.1996.10473566).
///
/// ```
/// use steadfast_synonyms::Quartiles;
///
/// assert_eq!(Quartiles::of(vec![4.0, 1.0, 2.0, 3.0]).median, 2.5);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Quartiles {
    /// The first quartile.
    pub lower: f64,
    /// The median.
    pub median: f64,
    /// The third quartile.
    pub upper: f64,
}

impl Quartiles {
    /// The quartiles of these numbers; zeros for an empty list.
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

/// A summary of a table. The quartiles are over the words that have other candidates than themselves.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Statistics {
    /// The number of words.
    pub words: usize,
    /// The number of words with other candidates than themselves.
    pub replaceable: usize,
    /// The largest number of candidates of a word, itself included.
    pub largest: usize,
    /// The number of candidates of a word, itself included.
    pub candidates: Quartiles,
    /// The probability that the word is kept.
    pub kept: Quartiles,
    /// The mean cosine of the replacement with the word.
    pub cosine: Quartiles,
    /// The smallest overlap with the law of an allowed word.
    pub overlap: Quartiles,
}

impl SynonymTable {
    /// The probability, in units of 2⁻³², that the word at a position is kept.
    #[must_use]
    pub fn kept(&self, position: usize) -> Option<u64> {
        let (candidates, _, weights) = self.parts(position);
        weights.get(candidates.binary_search(&(position as u32)).ok()?).copied()
    }

    /// The mean cosine between the word at a position and its replacement.
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

    /// The smallest overlap of the word at a position with an allowed word, in units of 2⁻³²: exact.
    #[must_use]
    pub fn overlap(&self, position: usize) -> Option<u64> {
        let (candidates, _, _) = self.parts(position);
        candidates.iter().map(|other| self.common(position, *other as usize)).min()
    }

    /// A summary of the table, on the current rayon thread pool.
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
        // The published certificate takes this overlap to be 1.
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
    fn a_law_shared_by_a_component_overlaps_fully() {
        let table = built(Family::CrowdComponent, Grouping::Closed);
        assert!((0..table.len()).all(|position| table.overlap(position) == Some(WEIGHT_TOTAL)));
        assert_eq!(table.statistics().overlap, Quartiles { lower: 1.0, median: 1.0, upper: 1.0 });
    }

    #[test]
    fn overlaps_match_the_definition() {
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
    fn quartiles_interpolate() {
        let quartiles = Quartiles::of(vec![4.0, 1.0, 2.0, 3.0]);
        assert_eq!(quartiles, Quartiles { lower: 1.75, median: 2.5, upper: 3.25 });
        assert_eq!(Quartiles::of(vec![]), Quartiles::default());
    }
}
