//! Trade-off functions with integer corners, and the hull of several: what an attacker with a choice can do.
//!
//! Let an attacker choose one of several pairs of laws. Its least probability is the pointwise minimum of their trade-off
//! functions, which is not convex and so no trade-off function itself; the convex hull of that minimum is one, and lies
//! nowhere above. By Blackwell's theorem it may stand in for any of them in a product (`docs/theory.md`, section 11).
//! Weights are integers, so corners, slopes and hulls are exact.

use super::{Region, TradeOff};
use crate::round::Enclosure;

/// The sum of the weights of a law.
pub(crate) const TOTAL: u64 = 1 << 32;

/// A convex, piecewise linear function on `[0, TOTAL]` from 0 to at most `TOTAL`: adversarial over clean mass.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Curve {
    /// From `(0, 0)` on, clean mass ascending strictly and ending at `TOTAL`.
    corners: Vec<(u64, u64)>,
}

impl Curve {
    /// The trade-off of the pair of laws with these weights, `(clean, adversarial)`, each summing to [`TOTAL`].
    pub(crate) fn new(weights: &[(u64, u64)]) -> Self {
        let mut weights: Vec<(u64, u64)> = weights.iter().copied().filter(|&(clean, _)| clean > 0).collect();
        // By descending ratio, compared as cross products.
        let product = |a: u64, b: u64| u128::from(a) * u128::from(b);
        weights.sort_by(|a, b| product(b.0, a.1).cmp(&product(a.0, b.1)));
        let mut corner = (0, 0);
        let path = weights.into_iter().map(|(clean, adversarial)| {
            corner = (corner.0 + clean, corner.1 + adversarial);
            corner
        });
        Self { corners: std::iter::once((0, 0)).chain(path).collect() }
    }

    /// The convex hull of the smaller of both.
    pub(crate) fn hull(&self, other: &Self) -> Self {
        let mut points: Vec<(u64, u64)> = self.corners.iter().chain(&other.corners).copied().collect();
        points.sort_unstable();
        points.dedup_by_key(|point| point.0);
        let mut corners: Vec<(u64, u64)> = Vec::with_capacity(points.len());
        for point in points {
            while let [.., before, last] = corners.as_slice() {
                if turns_up(*before, *last, point) {
                    break;
                }
                corners.pop();
            }
            corners.push(point);
        }
        Self { corners }
    }

    /// The mass that both laws share: one minus their total variation distance, times [`TOTAL`]. It is the lowest point of
    /// the curve's distance from the diagonal.
    pub(crate) fn overlap(&self) -> u64 {
        self.corners.iter().map(|&(clean, adversarial)| TOTAL - clean + adversarial).min().unwrap_or(TOTAL)
    }

    pub(crate) fn trade_off(&self) -> TradeOff {
        let mass = |weight: u64| Enclosure::exact(weight as f64 / TOTAL as f64);
        let steps = self.corners.iter().zip(self.corners.iter().skip(1));
        let inner =
            steps.map(|(from, to)| Region { clean: mass(to.0 - from.0), adversarial: mass(to.1 - from.1) });
        let reached = self.corners.last().map_or(0, |last| last.1);
        let beyond = Region { clean: Enclosure::ZERO, adversarial: mass(TOTAL - reached) };
        TradeOff::from_regions(inner.chain([beyond]).collect())
    }
}

/// Whether the path `a → b → c` turns upwards at `b`, that is, `b` lies below the line from `a` to `c`.
fn turns_up(a: (u64, u64), b: (u64, u64), c: (u64, u64)) -> bool {
    let step = |from: (u64, u64), to: (u64, u64)| {
        (i128::from(to.0) - i128::from(from.0), i128::from(to.1) - i128::from(from.1))
    };
    let ((x1, y1), (x2, y2)) = (step(a, b), step(b, c));
    x1 * y2 > x2 * y1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Lower;
    use proptest::prelude::*;

    /// Weights that sum to the total, from shares.
    fn scaled(shares: &[u32]) -> Vec<u64> {
        let sum: u64 = shares.iter().map(|&share| u64::from(share)).sum();
        let mut weights: Vec<u64> = shares.iter().map(|&share| u64::from(share) * TOTAL / sum).collect();
        weights[0] += TOTAL - weights.iter().sum::<u64>();
        weights
    }

    fn pairs() -> impl Strategy<Value = Vec<(u64, u64)>> {
        let shares =
            || prop::collection::vec(0..50_u32, 4).prop_filter("a law", |s| s.iter().sum::<u32>() > 0);
        (shares(), shares()).prop_map(|(p, q)| scaled(&p).into_iter().zip(scaled(&q)).collect())
    }

    proptest! {
        #[test]
        fn a_hull_is_below_both_and_convex(a in pairs(), b in pairs(), p in 0.0..=1.0_f64) {
            let (one, two) = (Curve::new(&a), Curve::new(&b));
            let hull = one.hull(&two);
            for corners in hull.corners.windows(3) {
                prop_assert!(turns_up(corners[0], corners[1], corners[2]));
            }
            let at = |curve: &Curve| curve.trade_off().lower(Lower::from_p(p)).p();
            let least = at(&one).min(at(&two));
            prop_assert!(at(&hull) <= least + 1e-12);
            // Every corner of the hull is a corner of one of them.
            prop_assert!(hull.corners.iter().all(|c| one.corners.contains(c) || two.corners.contains(c)));
            prop_assert_eq!(hull.overlap(), one.overlap().min(two.overlap()));
            prop_assert_eq!(one.hull(&one), hull_of(&one));
        }

        #[test]
        fn overlap_is_the_shared_mass(a in pairs()) {
            let shared: u64 = a.iter().map(|&(clean, adversarial)| clean.min(adversarial)).sum();
            prop_assert_eq!(Curve::new(&a).overlap(), shared);
        }
    }

    /// A curve without the corners on straight lines.
    fn hull_of(curve: &Curve) -> Curve {
        let mut corners = curve.corners.clone();
        while let Some(flat) = corners.windows(3).position(|c| !turns_up(c[0], c[1], c[2])) {
            corners.remove(flat + 1);
        }
        Curve { corners }
    }
}
