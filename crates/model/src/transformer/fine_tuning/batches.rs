//! [`Example`]: a text and its class; and the order of examples in an epoch.

use rand_core::Rng;
use std::cmp::Reverse;
use steadfast_certify::{
    ClassId, Phase,
    seed::{Purpose, generator},
};

/// A training text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Example {
    /// Tokens with the special ones around them, as from [`Subwords::encode`](crate::transformer::Subwords::encode).
    pub tokens: Vec<u32>,
    /// The class.
    pub class: ClassId,
}

/// The number of batches that are sorted by length together: little is padded, and batches still differ between epochs.
const POOL: usize = 50;

/// Texts of these lengths by number, in batches, in the random order of one epoch. Texts of similar length share a batch.
pub(crate) fn shuffled(lengths: &[usize], batch: usize, seed: u64, epoch: u64) -> Vec<Vec<usize>> {
    let mut rng = generator(seed, Phase::Training, epoch, 0, Purpose::Learner);
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    shuffle(&mut order, &mut rng);
    let length = |&index: &usize| lengths.get(index).copied();
    let mut batches: Vec<Vec<usize>> = Vec::with_capacity(order.len().div_ceil(batch));
    for pool in order.chunks_mut(batch.saturating_mul(POOL)) {
        pool.sort_by_key(|index| Reverse(length(index)));
        batches.extend(pool.chunks(batch).map(<[usize]>::to_vec));
    }
    shuffle(&mut batches, &mut rng);
    batches
}

/// Fisher and Yates's shuffle. The bias of the 64-bit remainder is below 2⁻³².
pub(super) fn shuffle<T>(items: &mut [T], rng: &mut impl Rng) {
    for end in (1..items.len()).rev() {
        items.swap(end, (rng.next_u64() % (end as u64 + 1)) as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_once_per_epoch_in_an_order_of_its_own() {
        let lengths: Vec<usize> = (0..1_001).map(|i| 1 + (i * 7) % 40).collect();
        let batches = shuffled(&lengths, 8, 1, 0);
        assert_eq!(batches.len(), 126);
        let mut seen: Vec<usize> = batches.concat();
        seen.sort_unstable();
        assert_eq!(seen, (0..1_001).collect::<Vec<_>>());
        assert_eq!(batches, shuffled(&lengths, 8, 1, 0));
        assert_ne!(batches, shuffled(&lengths, 8, 1, 1));
        assert_ne!(batches, shuffled(&lengths, 8, 2, 0));
        // Little is padded.
        let length = |&i: &usize| lengths[i];
        let padded: usize = batches.iter().map(|b| b.len() * b.iter().map(length).max().unwrap()).sum();
        let real: usize = lengths.iter().sum();
        assert!(padded * 10 < real * 11, "{padded} for {real}");
    }
}
