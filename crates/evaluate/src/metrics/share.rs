//! [`Share`]: a count and its total.

use serde::{Deserialize, Serialize};
use std::fmt;
use steadfast_certify::{
    Confidence, Lower, Upper,
    confidence::{clopper_pearson_lower, clopper_pearson_upper},
};

/// So many of so many, such as texts that were classified right.
///
/// Its `Display` is the percentage with the 95% interval: `81.4% [79.9, 82.8]`. Another number of decimals can be asked for:
/// `{:.2}`.
///
/// ```
/// use steadfast_evaluate::metrics::Share;
///
/// let right = Share::count((0..500).map(|text| text < 378));
/// assert_eq!((right.hits(), right.of()), (378, 500));
/// assert_eq!(right.to_string(), "75.6% [71.6, 79.3]");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Counts")]
pub struct Share {
    hits: u64,
    of: u64,
}

#[derive(Deserialize)]
struct Counts {
    hits: u64,
    of: u64,
}

impl TryFrom<Counts> for Share {
    type Error = String;

    fn try_from(Counts { hits, of }: Counts) -> Result<Self, String> {
        if hits > of { Err(format!("{hits} of {of} is no share")) } else { Ok(Self { hits, of }) }
    }
}

impl Share {
    /// How many are true.
    #[must_use]
    pub fn count(outcomes: impl IntoIterator<Item = bool>) -> Self {
        let add = |share: Self, hit| Self { hits: share.hits + u64::from(hit), of: share.of + 1 };
        outcomes.into_iter().fold(Self { hits: 0, of: 0 }, add)
    }

    /// `hits` of `hits + others`.
    #[must_use]
    pub(super) fn beside(hits: u64, others: u64) -> Self {
        Self { hits, of: hits + others }
    }

    /// The count.
    #[must_use]
    pub const fn hits(self) -> u64 {
        self.hits
    }

    /// The total.
    #[must_use]
    pub const fn of(self) -> u64 {
        self.of
    }

    /// The quotient, 0 to 1; not a number for a share of nothing.
    #[must_use]
    pub fn value(self) -> f64 {
        self.hits as f64 / self.of as f64
    }

    /// The two-sided Clopper–Pearson interval of the probability behind the share, wrong with probability at most `α`, half of it
    /// on each side. Its ends are rounded outward.
    ///
    /// It holds if the outcomes are independent with one probability: see [the assumption](super#assumption). A share of nothing
    /// says nothing: 0 to 1.
    #[must_use]
    pub fn interval(self, confidence: Confidence) -> (f64, f64) {
        let side = confidence.shared_by(2);
        // What has no bound, a share of nothing, has the trivial one.
        let lower = clopper_pearson_lower(self.hits, self.of, side).map_or(0.0, Lower::p);
        let upper = clopper_pearson_upper(self.hits, self.of, side).map_or(1.0, Upper::p);
        (lower, upper)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.of == 0 {
            return f.pad("-");
        }
        let decimals = f.precision().unwrap_or(1);
        write!(f, "{:.decimals$}%", 100.0 * self.value())?;
        if let Ok(confidence) = Confidence::alpha(0.05) {
            let (lower, upper) = self.interval(confidence);
            write!(f, " [{:.decimals$}, {:.decimals$}]", 100.0 * lower, 100.0 * upper)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(hits: u64, of: u64) -> Share {
        Share::beside(hits, of - hits)
    }

    #[test]
    fn intervals_are_those_of_the_literature() {
        let at_95 = |share: Share| share.interval(Confidence::alpha(0.05).unwrap());
        // Brown, Cai and DasGupta 2001 and any statistics package: 0.1871 to 0.8129 for 5 of 10.
        for (share, (lower, upper)) in [
            (of(5, 10), (0.187_086, 0.812_914)),
            (of(0, 10), (0.0, 0.308_497)),
            (of(10, 10), (0.691_503, 1.0)),
            (of(0, 0), (0.0, 1.0)),
        ] {
            let (found_lower, found_upper) = at_95(share);
            assert!((found_lower - lower).abs() < 1e-6 && (found_upper - upper).abs() < 1e-6, "{share:?}");
        }
    }

    #[test]
    fn a_stricter_level_gives_a_wider_interval_that_holds_the_value() {
        for share in [of(0, 7), of(3, 7), of(7, 7), of(812, 1_821)] {
            let [wide, narrow] = [0.001, 0.1].map(|alpha| share.interval(Confidence::alpha(alpha).unwrap()));
            assert!(wide.0 <= narrow.0 && narrow.0 <= share.value(), "{share}");
            assert!(share.value() <= narrow.1 && narrow.1 <= wide.1, "{share}");
        }
    }

    #[test]
    fn shares_are_shown_and_read_back() {
        assert_eq!(of(1, 3).to_string(), "33.3% [0.8, 90.6]");
        assert_eq!(format!("{:.0}", of(1, 3)), "33% [1, 91]");
        assert_eq!(Share::count([]).to_string(), "-");
        assert!(Share::count([]).value().is_nan());
        let json = serde_json::to_string(&of(1, 3)).unwrap();
        assert_eq!(json, r#"{"hits":1,"of":3}"#);
        assert_eq!(serde_json::from_str::<Share>(&json).unwrap(), of(1, 3));
        assert!(
            serde_json::from_str::<Share>(r#"{"hits":4,"of":3}"#).unwrap_err().to_string().contains("4 of 3")
        );
    }
}
