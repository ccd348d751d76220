//! All-but-the-top: removes the mean and the leading directions of word vectors.
//!
//! Word vectors have a common mean and a few directions of large variance, which encode frequency rather than meaning. With unit vectors v(w), their mean μ, and u₁, u₂, … the D leading eigenvectors of the covariance,
//!
//! ```text
//! v′(w) = v(w) − μ − Σ_{i ≤ D} (u_i · (v(w) − μ)) u_i.
//! ```
//!
//! Covariance in O(n·d²), its eigenvectors by cyclic Jacobi rotations in O(d³) per sweep, a handful of sweeps.
//!
//! Source: J. Mu and P. Viswanath, All-but-the-top, ICLR 2018, arXiv:1702.01417, Algorithm 1. Deviation: the vectors are scaled to
//! length 1 first, as the code of CROWD (EMNLP Findings 2024) does, which takes D = 8.

use super::Vectors;
use crate::SynonymsError;

impl Vectors {
    /// All-but-the-top: scales to length 1, subtracts the mean, removes the `components` leading directions.
    ///
    /// # Errors
    /// [`SynonymsError::Parameter`] unless `components` is smaller than the number of dimensions.
    pub fn without_common_components(self, components: usize) -> Result<Self, SynonymsError> {
        let dimensions = self.dimensions();
        if components >= dimensions {
            let expected = "fewer components than the vectors have dimensions";
            return Err(SynonymsError::parameter("components", components, expected));
        }
        let unit = self.normalized();
        let mut centered: Vec<f64> = unit.values().iter().map(|value| f64::from(*value)).collect();
        let mut mean = vec![0f64; dimensions];
        for row in centered.chunks_exact(dimensions) {
            mean.iter_mut().zip(row).for_each(|(mean, value)| *mean += value);
        }
        for mean in &mut mean {
            *mean /= unit.len() as f64;
        }
        for row in centered.chunks_exact_mut(dimensions) {
            row.iter_mut().zip(&mean).for_each(|(value, mean)| *value -= mean);
        }
        if components > 0 {
            for direction in leading_directions(&covariance(&centered, dimensions), components) {
                for row in centered.chunks_exact_mut(dimensions) {
                    let along: f64 = row.iter().zip(&direction).map(|(a, b)| a * b).sum();
                    row.iter_mut().zip(&direction).for_each(|(value, part)| *value -= along * part);
                }
            }
        }
        unit.with_values(centered.into_iter().map(|value| value as f32).collect())
    }
}

/// The symmetric matrix of inner products between columns; its scale does not matter for its directions.
fn covariance(centered: &[f64], dimensions: usize) -> Vec<Vec<f64>> {
    let mut matrix = vec![vec![0f64; dimensions]; dimensions];
    for row in centered.chunks_exact(dimensions) {
        for (line, &scale) in matrix.iter_mut().zip(row) {
            line.iter_mut().zip(row).for_each(|(sum, value)| *sum += scale * value);
        }
    }
    matrix
}

/// The eigenvectors of the largest eigenvalues of a symmetric matrix, by cyclic Jacobi rotations.
///
/// Source: G. H. Golub and C. F. Van Loan, Matrix Computations, 4th edition, §8.5.
#[expect(clippy::indexing_slicing, reason = "all indices run over the dimensions of the square matrix")]
fn leading_directions(matrix: &[Vec<f64>], count: usize) -> Vec<Vec<f64>> {
    const SWEEPS: usize = 50;
    let n = matrix.len();
    let mut a = matrix.to_vec();
    // Rows of `v` become the eigenvectors.
    let mut v: Vec<Vec<f64>> =
        (0..n).map(|row| (0..n).map(|column| f64::from(u8::from(row == column))).collect()).collect();
    let total: f64 = a.iter().flatten().map(|value| value * value).sum();
    for _ in 0..SWEEPS {
        let off: f64 =
            (0..n).flat_map(|p| (p + 1..n).map(move |q| (p, q))).map(|(p, q)| a[p][q] * a[p][q]).sum();
        if off <= 1e-26 * total {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                if a[p][q] == 0.0 {
                    continue;
                }
                let theta = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
                let tangent = theta.signum() / (theta.abs() + theta.hypot(1.0));
                let cosine = 1.0 / tangent.hypot(1.0);
                let sine = tangent * cosine;
                for row in &mut a {
                    (row[p], row[q]) = (cosine * row[p] - sine * row[q], sine * row[p] + cosine * row[q]);
                }
                for lines in [&mut a, &mut v] {
                    let (head, tail) = lines.split_at_mut(q);
                    for (x, y) in head[p].iter_mut().zip(tail[0].iter_mut()) {
                        (*x, *y) = (cosine * *x - sine * *y, sine * *x + cosine * *y);
                    }
                }
            }
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| a[j][j].total_cmp(&a[i][i]));
    order.into_iter().take(count).map(|index| v[index].clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::candidates::neighbors::tests::scattered;

    #[test]
    fn directions_are_eigenvectors_in_order() {
        let vectors = scattered(200, 6, 3);
        let values: Vec<f64> = vectors.values().iter().map(|value| f64::from(*value)).collect();
        let matrix = covariance(&values, 6);
        let directions = leading_directions(&matrix, 6);
        let mut before = f64::INFINITY;
        for direction in &directions {
            let image: Vec<f64> =
                matrix.iter().map(|row| row.iter().zip(direction).map(|(a, b)| a * b).sum()).collect();
            let value: f64 = image.iter().zip(direction).map(|(a, b)| a * b).sum();
            assert!(value <= before);
            before = value;
            assert!(
                image
                    .iter()
                    .zip(direction)
                    .all(|(image, part)| (image - value * part).abs() < 1e-9 * value.abs())
            );
        }
    }

    #[test]
    fn mean_and_leading_directions_are_removed() {
        let plain = scattered(300, 5, 4);
        let values: Vec<f32> = plain
            .values()
            .chunks(5)
            .flat_map(|row| [row[0] * 9.0 + 4.0, row[1], row[2], row[3], row[4]])
            .collect();
        let words: Vec<String> = plain.words().map(str::to_owned).collect();
        let vectors = Vectors::new(words, 5, values).unwrap();
        let cleaned = vectors.without_common_components(1).unwrap();
        for dimension in 0..5 {
            let sum: f32 = cleaned.values().chunks(5).map(|row| row[dimension]).sum();
            assert!(sum.abs() < 1e-3, "{sum}");
        }
        let spread =
            |dimension: usize| -> f32 { cleaned.values().chunks(5).map(|row| row[dimension].powi(2)).sum() };
        assert!(spread(0) < 0.1 * spread(1), "{} {}", spread(0), spread(1));
    }

    #[test]
    fn equal_vectors_become_zero() {
        let vectors = Vectors::new(["a", "b"], 2, vec![1.0, 2.0, 1.0, 2.0]).unwrap();
        let cleaned = vectors.clone().without_common_components(1).unwrap();
        assert!(cleaned.values().iter().all(|value| value.abs() < 1e-6));
        assert!(matches!(vectors.without_common_components(2), Err(SynonymsError::Parameter(_))));
    }
}
