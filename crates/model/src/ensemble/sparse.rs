//! Products of bits with dense weights, as sums of the rows that the ones select.
//!
//! A binarized digit has one bit in ten set, so adding the selected rows beats a dense product several times over.

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

/// `x ↦ offset + weights·(x ⊕ γ)` for one flip mask `γ` and many clean inputs `x`, without ever flipping an input:
/// `weights·(x ⊕ γ) = weights·γ + ((1 − 2γ) ∘ weights)·x`.
///
/// In floating point the two sides could round differently, and an answer would depend on the clean input and not only on
/// the noisy one, which invalidates the certificate. So the weights are rounded to an integer grid, on which the identity is exact.
#[derive(Debug)]
pub(crate) struct MaskedProduct<const N: usize> {
    weights: Vec<[i32; N]>,
    base: [i32; N],
    unit: f32,
    offset: [f32; N],
}

impl<const N: usize> MaskedProduct<N> {
    /// Sums of absolute weights stay below this many grid units, so that no result overflows.
    const GRID: f32 = (1 << 29) as f32;

    pub(crate) fn new(mask: &[u64], weights: &[[f32; N]], offset: [f32; N]) -> Self {
        let mut sums = [0.0_f32; N];
        for row in weights {
            sums.iter_mut().zip(row).for_each(|(sum, weight)| *sum += weight.abs());
        }
        // The grid depends on the weights alone. Weights of a model that has diverged become some integers.
        let most = sums.into_iter().fold(0.0, f32::max);
        let unit = if most.is_normal() { (most / Self::GRID).max(f32::MIN_POSITIVE) } else { 1.0 };
        let mut weights: Vec<[i32; N]> =
            weights.iter().map(|row| row.map(|weight| (weight / unit).round() as i32)).collect();
        let mut base = [0; N];
        for position in ones(mask) {
            if let Some(row) = weights.get_mut(position) {
                for (base, weight) in base.iter_mut().zip(row) {
                    *base = i32::wrapping_add(*base, *weight);
                    *weight = weight.wrapping_neg();
                }
            }
        }
        Self { weights, base, unit, offset }
    }

    /// The product for the clean input whose ones are at `positions`.
    #[inline]
    pub(crate) fn of(&self, positions: &[u32]) -> [f32; N] {
        let mut sum = self.base;
        for &position in positions {
            if let Some(row) = self.weights.get(position as usize) {
                for (sum, weight) in sum.iter_mut().zip(row) {
                    *sum = sum.wrapping_add(*weight);
                }
            }
        }
        let mut product = self.offset;
        product.iter_mut().zip(sum).for_each(|(product, sum)| *product += self.unit * sum as f32);
        product
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn answers_depend_on_the_noisy_input_alone(
            weights in proptest::collection::vec(proptest::array::uniform3(-1e3_f32..1e3), 100),
            clean in proptest::collection::vec(any::<bool>(), 100),
            mask in any::<(u64, u64)>(),
            scale in -30_i32..30,
        ) {
            let weights: Vec<[f32; 3]> = weights.iter().map(|row| row.map(|w| w * 2_f32.powi(scale))).collect();
            let mask = [mask.0, mask.1 & ((1 << 36) - 1)];
            let clean = BitMatrix::from_rows(100, [clean]).unwrap();
            let mut flipped = clean.clone();
            let mut words = mask.iter();
            flipped.flip_words(|| *words.next().unwrap());
            let row = |matrix: &BitMatrix| SparseRows::new(matrix).iter().next().unwrap().to_vec();
            let folded = MaskedProduct::new(&mask, &weights, [1.0, 0.1, 7.5]).of(&row(&clean));
            let direct = MaskedProduct::new(&[0, 0], &weights, [1.0, 0.1, 7.5]).of(&row(&flipped));
            // Not approximately: the very same numbers.
            prop_assert_eq!(folded, direct);
            let plain = sum_rows([1.0, 0.1, 7.5], &row(&flipped), &weights);
            let tolerance = 1e-3 * 2_f32.powi(scale).max(1e-3) + 1e-6;
            prop_assert!(plain.iter().zip(folded).all(|(a, b)| (a - b).abs() < tolerance + 1e-5 * a.abs()), "{:?} {:?}", plain, folded);
        }
    }

    #[test]
    fn weights_that_are_no_numbers_are_harmless() {
        for wild in [f32::NAN, f32::INFINITY, f32::MAX, f32::MIN_POSITIVE, 0.0] {
            let product = MaskedProduct::new(&[1], &[[wild], [1.0]], [0.0]);
            let _ = product.of(&[0, 1]);
        }
    }
}
