//! Holm's step-down procedure, at one radius.

use super::{Confidence, check_counts, quantile};
use crate::{Error, Upper};

/// Which inputs are certified *together at one radius*, by Holm's step-down procedure (Scandinavian Journal of Statistics 6,
/// 1979).
///
/// `threshold` is the probability that must be exceeded at that radius, `counts` the votes for each input's chosen class out
/// of `samples`. The classes must have been chosen beforehand, on other votes, and the number of samples fixed. Holm certifies at least as many inputs as Bonferroni.
///
/// # Guarantee
/// With probability at least `1 − α`, every input marked `true` has a probability above `threshold`. This holds for one
/// radius that was fixed beforehand. Curves over several radii need a Bonferroni share, which
/// [`Confidence::shared_by`] gives, since Holm's sets at different radii do not hold together.
///
/// # Errors
/// As [`clopper_pearson_lower`](super::clopper_pearson_lower).
pub fn holm_at_radius(
    counts: &[u64],
    samples: u64,
    threshold: Upper,
    confidence: Confidence,
) -> Result<Vec<bool>, Error> {
    let mut p_values = Vec::with_capacity(counts.len());
    for (input, &count) in counts.iter().enumerate() {
        check_counts(count, samples)?;
        p_values.push((quantile::tail_upper(count, samples, threshold), input));
    }
    p_values.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut certified = vec![false; counts.len()];
    for (rank, (p_value, input)) in p_values.into_iter().enumerate() {
        let level = confidence.shared_by((counts.len() - rank) as u64).error_probability();
        if p_value > level {
            break;
        }
        if let Some(slot) = certified.get_mut(input) {
            *slot = true;
        }
    }
    Ok(certified)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::confidence::clopper_pearson_lower;

    #[test]
    fn holm_contains_bonferroni_and_can_be_larger() {
        let confidence = Confidence::alpha(0.05).unwrap();
        let threshold = Upper::from_p(0.9);
        let counts = [1_000, 990, 935, 934, 925, 923, 920, 919, 918, 900, 0];
        let holm = holm_at_radius(&counts, 1_000, threshold, confidence).unwrap();
        let bonferroni: Vec<bool> = counts
            .iter()
            .map(|&k| {
                clopper_pearson_lower(k, 1_000, confidence.shared_by(counts.len() as u64))
                    .unwrap()
                    .exceeds(threshold)
            })
            .collect();
        assert!(holm.iter().zip(&bonferroni).all(|(holm, bonferroni)| holm >= bonferroni));
        assert!(holm.iter().filter(|x| **x).count() > bonferroni.iter().filter(|x| **x).count());
        assert!(!holm[9] && !holm[10]);
    }

    #[test]
    fn nothing_is_certified_for_ties_or_certain_thresholds() {
        let confidence = Confidence::alpha(0.05).unwrap();
        assert_eq!(holm_at_radius(&[10], 10, Upper::ONE, confidence).unwrap(), [false]);
        assert!(holm_at_radius(&[11], 10, Upper::HALF, confidence).is_err());
        assert!(holm_at_radius(&[], 10, Upper::HALF, confidence).unwrap().is_empty());
    }
}
