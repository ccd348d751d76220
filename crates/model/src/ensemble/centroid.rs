//! [`NearestCentroid`]: the class whose mean is nearest.

use super::{
    BaseLearner, NoisyBatch, NoisyCopy,
    bit_matrix::ones,
    sparse::{LANES, MaskedProduct, SparseRows},
};
use steadfast_certify::{BoxError, VoteTable};

/// Answers the class whose mean noisy training example is nearest in Euclidean distance; the smaller class on a tie.
///
/// A class without noisy examples is never the answer. The learner itself has no randomness.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NearestCentroid;

/// Working memory of one thread.
#[derive(Debug, Default)]
struct Scratch<const N: usize> {
    weights: Vec<[f32; N]>,
    sums: Vec<u32>,
}

impl NearestCentroid {
    /// One class per test input. Nearest is the largest `x·μ − |μ|²/2`; the first class is the reference, so `classes − 1`
    /// columns remain, `N` of which are computed at once.
    fn answer<const N: usize>(
        copy: &NoisyCopy,
        test: &SparseRows,
        classes: u32,
        scratch: &mut Scratch<N>,
        answers: &mut Vec<u32>,
    ) {
        let features = copy.features().columns();
        let means = Self::means(copy, classes, &mut scratch.sums);
        let mut best: Vec<(f32, u32)> = Vec::new();
        let Some((reference, others)) = means.split_first() else { return };
        let numbered: Vec<(u32, &Option<Mean>)> = (1..).zip(others).collect();
        for block in numbered.chunks(N) {
            scratch.weights.clear();
            scratch.weights.resize(features, [0.0; N]);
            let mut offset = [f32::NEG_INFINITY; N];
            for ((lane, offset), (_, mean)) in offset.iter_mut().enumerate().zip(block) {
                let Some(mean) = mean else { continue };
                *offset = -0.5 * mean.square;
                for (row, weight) in scratch.weights.iter_mut().zip(&mean.values) {
                    if let Some(slot) = row.get_mut(lane) {
                        *slot = *weight;
                    }
                }
            }
            if let Some(reference) = reference {
                for (row, weight) in scratch.weights.iter_mut().zip(&reference.values) {
                    for slot in row.iter_mut() {
                        *slot -= weight;
                    }
                }
                for offset in &mut offset {
                    *offset += 0.5 * reference.square;
                }
            }
            let product = MaskedProduct::new(copy.mask(), &scratch.weights, offset);
            let first = best.is_empty();
            for (input, positions) in test.iter().enumerate() {
                let scores = product.of(positions);
                if first {
                    // Without a reference any class with examples is nearer.
                    best.push((if reference.is_some() { 0.0 } else { f32::NEG_INFINITY }, 0));
                }
                let Some(leader) = best.get_mut(input) else { continue };
                for (&score, (class, _)) in scores.iter().zip(block) {
                    if score > leader.0 {
                        *leader = (score, *class);
                    }
                }
            }
        }
        answers.extend(best.into_iter().map(|(_, class)| class));
    }

    /// The mean of each class's noisy examples; `None` where there are none.
    fn means(copy: &NoisyCopy, classes: u32, sums: &mut Vec<u32>) -> Vec<Option<Mean>> {
        let features = copy.features().columns();
        sums.clear();
        sums.resize(features * classes as usize, 0);
        let mut sizes = vec![0_u32; classes as usize];
        for (row, &label) in copy.features().iter_rows().zip(copy.labels()) {
            let Some(sums) = sums.chunks_exact_mut(features).nth(label as usize) else { continue };
            if let Some(size) = sizes.get_mut(label as usize) {
                *size += 1;
            }
            for position in ones(row) {
                if let Some(sum) = sums.get_mut(position) {
                    *sum += 1;
                }
            }
        }
        sums.chunks_exact(features)
            .zip(sizes)
            .map(|(sums, size)| {
                (size > 0).then(|| {
                    let values: Vec<f32> = sums.iter().map(|&sum| sum as f32 / size as f32).collect();
                    let square = values.iter().map(|value| value * value).sum();
                    Mean { values, square }
                })
            })
            .collect()
    }
}

#[derive(Debug)]
struct Mean {
    values: Vec<f32>,
    square: f32,
}

impl BaseLearner for NearestCentroid {
    fn describe(&self) -> String {
        "nearest centroid".to_owned()
    }

    fn vote(&self, batch: &NoisyBatch<'_>) -> Result<VoteTable, BoxError> {
        let (test, classes) = (batch.sparse, batch.classes);
        if classes == 2 {
            batch.vote_by_model(Scratch::<1>::default, |copy, scratch, answers| {
                Self::answer(copy, test, classes, scratch, answers);
            })
        } else {
            batch.vote_by_model(Scratch::<LANES>::default, |copy, scratch, answers| {
                Self::answer(copy, test, classes, scratch, answers);
            })
        }
    }
}
