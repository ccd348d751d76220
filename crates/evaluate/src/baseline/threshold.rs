//! [`Threshold`]: from which score on a text is suspicious.

use super::scores::setting;
use crate::Error;

/// The bar that a score has to exceed to be suspicious, set by how clean texts score.
///
/// At most the given share of the clean development texts lies above it: with `n` of them and a rate `q`, the bar is
/// the (⌊`q·n`⌋ + 1)-th largest score. Texts that score exactly as much as the bar pass, so that equal scores lower
/// the rate rather than raise it. On other clean texts the rate is the same up to chance only.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold {
    bar: f64,
}

impl Threshold {
    /// The usual false positive rate.
    pub const RATE: f64 = 0.05;

    /// The threshold that flags at most `rate` of the texts with these scores. Scores may be infinite.
    ///
    /// # Errors
    /// [`Error::Setting`] without scores, for one that is no number, or for a rate outside of 0 to below 1.
    pub fn of(mut clean: Vec<f64>, rate: f64) -> Result<Self, Error> {
        if !(0.0..1.0).contains(&rate) {
            return Err(setting("false positive rate", &rate, "a share from 0 to below 1, such as 0.05"));
        }
        if let Some(place) = clean.iter().position(|score| score.is_nan()) {
            let given = format!("no number for development text {place}");
            return Err(setting("suspicion score", &given, "a number for every text"));
        }
        clean.sort_by(|a, b| b.total_cmp(a));
        let allowed = (rate * clean.len() as f64) as usize;
        match clean.get(allowed) {
            Some(&bar) => Ok(Self { bar }),
            None => Err(setting("clean development texts", &"none", "at least one; 100 tell 5% from 6%")),
        }
    }

    /// Whether a text with this score is suspicious.
    #[must_use]
    pub fn flags(self, score: f64) -> bool {
        score > self.bar
    }

    /// The largest score that passes.
    #[must_use]
    pub const fn bar(self) -> f64 {
        self.bar
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_rate_on_the_development_texts_is_kept(
            scores in proptest::collection::vec(-4_i8..4, 1..200),
            rate in 0.0..0.999_f64,
        ) {
            let scores: Vec<f64> = scores.into_iter().map(f64::from).collect();
            let threshold = Threshold::of(scores.clone(), rate).unwrap();
            let flagged = scores.iter().filter(|&&score| threshold.flags(score)).count();
            prop_assert!(flagged as f64 <= rate * scores.len() as f64);
            // No lower bar would keep it.
            let at_least = scores.iter().filter(|&&score| score >= threshold.bar()).count();
            prop_assert!(at_least as f64 > rate * scores.len() as f64);
        }
    }

    #[test]
    fn different_scores_use_the_rate_up() {
        let flagged = |rate| {
            let threshold = Threshold::of((0..100).map(f64::from).collect(), rate).unwrap();
            (0..100).filter(|&score| threshold.flags(f64::from(score))).count()
        };
        assert_eq!([0.0, 0.009, 0.01, 0.05, 0.5, 0.99].map(flagged), [0, 0, 1, 5, 50, 99]);
    }

    #[test]
    fn what_sets_no_bar_is_refused() {
        for rate in [-0.01, 1.0, f64::NAN] {
            assert!(Threshold::of(vec![1.0], rate).unwrap_err().to_string().contains("false positive rate"));
        }
        let none = Threshold::of(Vec::new(), 0.05).unwrap_err();
        assert!(none.to_string().contains("clean development texts is none"), "{none}");
        assert!(Threshold::of(vec![0.0, f64::NAN], 0.05).unwrap_err().to_string().contains("text 1"));
        let infinite = Threshold::of(vec![f64::NEG_INFINITY, 0.0], 0.5).unwrap();
        assert!(infinite.flags(0.0) && !infinite.flags(f64::NEG_INFINITY));
    }
}
