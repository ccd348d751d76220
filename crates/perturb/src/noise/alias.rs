//! Alias tables that draw integer weights exactly.
//!
//! A row's weights sum to 2³². Its table has `m = 2ᵇ` buckets of capacity `2³²⁻ᵇ`, at least one for each candidate: the top `b`
//! bits of a uniform 32-bit number select the bucket, the others one of the bucket's two words. Every candidate is drawn by
//! exactly as many of the 2³² numbers as its weight; nothing is rounded or rejected. (Walker 1977,
//! <https://doi.org/10.1145/355744.355749>; Vose 1991, <https://doi.org/10.1109/32.92917>; both with real numbers.)
#![expect(clippy::indexing_slicing, reason = "the stacks hold bucket indices")]

use crate::WordId;

/// The sum of the weights of a row.
pub(super) const TOTAL: u64 = 1 << 32;

/// Numbers below the threshold select `own`, all others `other`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bucket {
    pub(super) threshold: u32,
    pub(super) own: WordId,
    pub(super) other: WordId,
}

/// The number of low bits of a draw that select inside a bucket, for a table of `buckets` (a power of two).
pub(super) const fn shift(buckets: usize) -> u32 {
    32 - buckets.trailing_zeros()
}

/// The word that the number `draw` stands for in the table at `start` of `buckets`.
#[inline]
pub(super) fn pick(buckets: &[Bucket], start: u32, shift: u32, draw: u32) -> WordId {
    // Both shifts are by up to 32 bits.
    let bucket = &buckets[start as usize + (u64::from(draw) >> shift) as usize];
    let inside = draw & ((1_u64 << shift) - 1) as u32;
    if inside < bucket.threshold { bucket.own } else { bucket.other }
}

/// Appends the table of a row to `buckets` and returns its size: the number of positive weights, rounded up to a power of two.
///
/// The weights must sum to [`TOTAL`].
pub(super) fn append(weights: &[(WordId, u64)], buckets: &mut Vec<Bucket>) -> usize {
    let mut rest: Vec<(WordId, u64)> = weights.iter().copied().filter(|&(_, weight)| weight > 0).collect();
    let size = rest.len().next_power_of_two();
    let capacity = TOTAL / size as u64;
    // Padding has no weight of its own: its buckets belong to other words.
    rest.resize(size, (WordId::MASK, 0));
    let start = buckets.len();
    buckets.extend(rest.iter().map(|&(word, _)| Bucket { threshold: 0, own: word, other: word }));
    let table = &mut buckets[start..];
    let (mut small, mut large): (Vec<usize>, Vec<usize>) =
        (0..size).partition(|&bucket| rest[bucket].1 < capacity);
    // The mean remaining weight is always the capacity, so while one bucket lacks weight another has too much.
    while let (Some(&from), Some(to)) = (large.last(), small.pop()) {
        let filled = rest[to].1;
        table[to] = Bucket { threshold: filled as u32, own: rest[to].0, other: rest[from].0 };
        rest[from].1 -= capacity - filled;
        if rest[from].1 < capacity {
            large.pop();
            small.push(from);
        }
    }
    size
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    /// The number of the 2³² draws that select each word, computed from the table.
    fn recovered(buckets: &[Bucket]) -> HashMap<WordId, u64> {
        let capacity = TOTAL / buckets.len() as u64;
        let mut weights = HashMap::new();
        for bucket in buckets {
            *weights.entry(bucket.own).or_insert(0) += u64::from(bucket.threshold);
            *weights.entry(bucket.other).or_insert(0) += capacity - u64::from(bucket.threshold);
        }
        weights.retain(|_, weight| *weight > 0);
        weights
    }

    fn check(weights: &[u64]) {
        assert_eq!(weights.iter().sum::<u64>(), TOTAL);
        let row: Vec<(WordId, u64)> = (1..).map(WordId::from_index).zip(weights.iter().copied()).collect();
        let mut buckets = vec![Bucket { threshold: 0, own: WordId::MASK, other: WordId::MASK }; 3];
        let size = append(&row, &mut buckets);
        assert_eq!(buckets.len(), 3 + size);
        let expected = row.into_iter().filter(|&(_, weight)| weight > 0).collect();
        assert_eq!(recovered(&buckets[3..]), expected);
        // The draw, at both ends of each part of each bucket.
        let capacity = TOTAL / size as u64;
        for (number, bucket) in (0_u64..).zip(&buckets[3..]) {
            let first = number * capacity;
            let part = u64::from(bucket.threshold);
            for (draw, word) in [
                (first, if part > 0 { bucket.own } else { bucket.other }),
                (first + part, bucket.other),
                (first + capacity - 1, bucket.other),
            ] {
                assert_eq!(pick(&buckets, 3, shift(size), draw as u32), word);
            }
            if part > 0 {
                assert_eq!(pick(&buckets, 3, shift(size), (first + part - 1) as u32), bucket.own);
            }
        }
    }

    #[test]
    fn extremes() {
        check(&[TOTAL]);
        check(&[0, TOTAL, 0]);
        check(&[1, TOTAL - 1]);
        check(&[TOTAL - 2, 1, 1]);
        check(&[TOTAL / 4; 4]);
        check(&[TOTAL - 999 * 3, 3].into_iter().chain([3; 998]).collect::<Vec<_>>());
    }

    proptest! {
        #[test]
        fn tables_hold_every_weight_exactly(cuts in prop::collection::vec(0..=TOTAL, 0..100)) {
            let mut cuts = cuts;
            cuts.extend([0, TOTAL]);
            cuts.sort_unstable();
            check(&cuts.windows(2).map(|pair| pair[1] - pair[0]).collect::<Vec<_>>());
        }
    }

    #[test]
    fn every_draw_of_a_small_row() {
        // All 2³² draws, by their top 16 bits: the weights are multiples of 2¹⁶.
        let row: Vec<(WordId, u64)> = [3_u64, 40_000, 1, 20_000, 5_532]
            .iter()
            .zip(1..)
            .map(|(w, id)| (WordId::from_index(id), w << 16))
            .collect();
        let mut buckets = Vec::new();
        let size = append(&row, &mut buckets);
        let mut counts = HashMap::new();
        for draw in 0..1_u32 << 16 {
            *counts.entry(pick(&buckets, 0, shift(size), draw << 16)).or_insert(0) += 1_u64 << 16;
        }
        assert_eq!(counts, row.into_iter().collect());
    }
}
