//! [`Paired`]: two classifiers on the same texts.

use super::Share;
use serde::{Deserialize, Serialize};
use statrs::distribution::{Binomial, DiscreteCDF};
use std::fmt;

/// On how many texts each of two classifiers was right.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paired {
    /// Both were right.
    pub both: u64,
    /// Only the first one was.
    pub first: u64,
    /// Only the second one was.
    pub second: u64,
    /// Neither was.
    pub neither: u64,
}

impl Paired {
    /// Counts texts by whether the first and the second classifier were right.
    #[must_use]
    pub fn count(right: impl IntoIterator<Item = (bool, bool)>) -> Self {
        let mut counts = Self::default();
        for pair in right {
            *match pair {
                (true, true) => &mut counts.both,
                (true, false) => &mut counts.first,
                (false, true) => &mut counts.second,
                (false, false) => &mut counts.neither,
            } += 1;
        }
        counts
    }

    /// The accuracies of the first and the second classifier.
    #[must_use]
    pub fn accuracies(&self) -> [Share; 2] {
        let Self { both, first, second, neither } = *self;
        [Share::beside(both + first, second + neither), Share::beside(both + second, first + neither)]
    }

    /// The two-sided p-value of `McNemar`'s exact test: how probable a difference as large as this one would be if texts on which
    /// just one classifier is right went to each of them with probability one half (`McNemar`, Psychometrika 12, 1947).
    ///
    /// It takes the texts for independent: see [the assumption](super#assumption).
    #[must_use]
    pub fn p_value(&self) -> f64 {
        let fewer = self.first.min(self.second);
        // No fair coin is refused; and the two tails of a tie overlap.
        Binomial::new(0.5, self.first + self.second).map_or(1.0, |coin| (2.0 * coin.cdf(fewer)).min(1.0))
    }
}

impl fmt::Display for Paired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second] = self.accuracies();
        write!(
            f,
            "{first} against {second}; only the first right on {}, only the second on {}, p = {:.2e}",
            self.first,
            self.second,
            self.p_value()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_counted_once() {
        let paired =
            Paired::count([(true, true), (true, false), (true, false), (false, true), (false, false)]);
        assert_eq!(paired, Paired { both: 1, first: 2, second: 1, neither: 1 });
        assert_eq!(paired.accuracies().map(|share| (share.hits(), share.of())), [(3, 5), (2, 5)]);
    }

    #[test]
    fn p_values_are_tails_of_a_fair_coin() {
        let p = |first, second| Paired { both: 7, first, second, neither: 9 }.p_value();
        for (found, expected) in [
            (p(0, 0), 1.0),
            (p(4, 4), 1.0),
            (p(5, 4), 1.0),
            // (1 + 10) / 2¹⁰, doubled.
            (p(9, 1), 22.0 / 1_024.0),
            (p(0, 30), 2.0_f64.powi(-29)),
        ] {
            assert!((found - expected).abs() <= 1e-9 * expected, "{found} {expected}");
        }
        assert_eq!(p(12, 40), p(40, 12));
        assert!(p(3_000, 1_000) < 1e-200 && p(3_000, 1_000) >= 0.0);
    }
}
