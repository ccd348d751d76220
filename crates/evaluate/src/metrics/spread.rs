//! [`Spread`]: a share over several runs.

use super::Share;
use statrs::statistics::Statistics;
use std::fmt;

/// A share in several runs that differ in their seed; of one run with its confidence interval, of several as mean ± standard
/// deviation. Shares of the same texts in several runs are not independent, so that no interval is given over all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spread {
    shares: Vec<Share>,
}

impl Spread {
    /// The shares of these runs; those of nothing are left out.
    #[must_use]
    pub fn of(shares: impl IntoIterator<Item = Share>) -> Self {
        Self { shares: shares.into_iter().filter(|share| share.of() > 0).collect() }
    }

    /// The mean over the runs, 0 without any.
    #[must_use]
    pub fn mean(&self) -> f64 {
        if self.shares.is_empty() { 0.0 } else { self.values().mean() }
    }

    /// The standard deviation over the runs (with n − 1), 0 for fewer than two.
    #[must_use]
    pub fn deviation(&self) -> f64 {
        if self.shares.len() < 2 { 0.0 } else { self.values().std_dev() }
    }

    fn values(&self) -> impl Iterator<Item = f64> {
        self.shares.iter().map(|share| share.value())
    }
}

impl fmt::Display for Spread {
    /// `{:#}` leaves the interval of a single run out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.shares[..] {
            [] => f.write_str("-"),
            [share] if !f.alternate() => share.fmt(f),
            [share] => write!(f, "{:.1}%", 100.0 * share.value()),
            _ => write!(f, "{:.1}% ± {:.1}", 100.0 * self.mean(), 100.0 * self.deviation()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(hits: u64, of: u64) -> Share {
        Share::count((0..of).map(|number| number < hits))
    }

    #[test]
    fn one_run_has_an_interval_and_several_have_a_spread() {
        let spread = |hits: &[u64]| Spread::of(hits.iter().map(|&hits| share(hits, 10)));
        assert_eq!(spread(&[5]).to_string(), share(5, 10).to_string());
        assert_eq!(format!("{:#}", spread(&[5])), "50.0%");
        assert_eq!(spread(&[4, 6]).to_string(), "50.0% ± 14.1");
        assert_eq!((spread(&[]).to_string(), spread(&[]).mean()), ("-".to_owned(), 0.0));
        assert_eq!(Spread::of([share(0, 0)]).to_string(), "-");
        assert_eq!(Spread::of([share(0, 0), share(5, 10), share(0, 0)]), Spread::of([share(5, 10)]));
    }
}
