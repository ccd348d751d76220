//! Products of bits with dense weights, as sums of the rows that the ones select.
//!
//! A binarised digit has one bit in ten set, so adding the selected rows beats a dense product several times over.

use super::bit_matrix::{BitMatrix, ones};

/// Lanes of a dense row: sums run over this many numbers at once.
pub(crate) const LANES: usize = 16;

/// The positions of the ones of each row of a bit matrix.
#[derive(Debug)]
pub(crate) struct SparseRows {
    starts: Vec<usize>,
    positions: Vec<u32>,
}

impl SparseRows {
    pub(crate) fn new(matrix: &BitMatrix) -> Self {
        let mut rows = Self { starts: Vec::new(), positions: Vec::new() };
        rows.refill(matrix);
        rows
    }

    /// The same for another matrix, reusing memory.
    pub(crate) fn refill(&mut self, matrix: &BitMatrix) {
        self.starts.clear();
        self.positions.clear();
        self.starts.push(0);
        for row in matrix.iter_rows() {
            self.positions.extend(ones(row).map(|position| position as u32));
            self.starts.push(self.positions.len());
        }
    }

    /// Number of rows.
    pub(crate) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// The ones of each row.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u32]> + '_ {
        self.starts.windows(2).map(|ends| match *ends {
            [start, end] => self.positions.get(start..end).unwrap_or_default(),
            _ => &[],
        })
    }
}

/// `start + Σ weights[position]`.
#[inline]
pub(crate) fn sum_rows<const N: usize>(start: [f32; N], positions: &[u32], weights: &[[f32; N]]) -> [f32; N] {
    let mut sum = start;
    for &position in positions {
        if let Some(row) = weights.get(position as usize) {
            for (sum, weight) in sum.iter_mut().zip(row) {
                *sum += weight;
            }
        }
    }
    sum
}

/// Applies a flip mask to weights: `weights ← (1 − 2γ) ∘ weights`, and returns `start + γ·weights` of before, so that
/// for every input `x` the clean product with the new weights is the noisy product with the old ones.
pub(crate) fn fold_mask<const N: usize>(mask: &[u64], weights: &mut [[f32; N]], start: [f32; N]) -> [f32; N] {
    let mut base = start;
    for position in ones(mask) {
        if let Some(row) = weights.get_mut(position) {
            for (base, weight) in base.iter_mut().zip(row) {
                *base += *weight;
                *weight = -*weight;
            }
        }
    }
    base
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_the_mask_equals_flipping_the_input() {
        let clean =
            BitMatrix::from_rows(100, (0..8).map(|r| (0..100).map(move |c| (c * 7 + r * r) % 5 == 0)))
                .unwrap();
        let mask: Vec<u64> = vec![0x1234_5678_9abc_def0, 0xf_0f0f_0f0f];
        let mut flipped = clean.clone();
        let mut index = 0;
        flipped.flip_words(|| {
            index += 1;
            mask[(index - 1) % 2]
        });
        let weights: Vec<[f32; 3]> = (0..100).map(|i| [i as f32, -(i as f32), (i % 7) as f32]).collect();
        let mut folded = weights.clone();
        let base = fold_mask(&mask, &mut folded, [1.0, 2.0, 3.0]);
        for (x, noisy) in SparseRows::new(&clean).iter().zip(SparseRows::new(&flipped).iter()) {
            assert_eq!(sum_rows(base, x, &folded), sum_rows([1.0, 2.0, 3.0], noisy, &weights));
        }
    }
}
