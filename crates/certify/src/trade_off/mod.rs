//! The trade-off between a clean and an adversarial law, by the Neyman–Pearson lemma.
//!
//! Let `P` be the law of the noisy clean input and `Q` that of the noisy adversarial input. Of all classifiers that answer
//! a class with probability at least `p` under `P`, the worst one answers it with probability
//!
//! ```text
//! ρ(p) = min { E_Q h : 0 ≤ h ≤ 1, E_P h ≥ p }
//! ```
//!
//! under `Q`. Only *regions* of equal likelihood ratio `P/Q` matter (Lee et al. 2019, Lemma 1; the trade-off function of
//! Dong, Roth and Su 2019). The function is evaluated through its dual,
//!
//! ```text
//! ρ(p) = max_t [ t p − Σ (t P − Q)₊ ]  =  max_t [ 1 − t (1 − p) − Σ (Q − t P)₊ ],
//! ```
//!
//! where *every* `t ≥ 0` gives a sound bound. So the order in which regions are filled, and rounding in it, decide how tight
//! a bound is but never whether it is true; only the sums are rounded outward. The first form keeps small results accurate,
//! the second keeps results near one accurate. For the upper bound on a competing class, `ρ̄(q) = 1 − ρ(1 − q)`.

mod composition;
mod curve;
mod lattice;

pub use composition::Composition;
pub(crate) use curve::{Curve, TOTAL};
pub(crate) use lattice::Lattice;

use crate::{
    Error, Interval, Lower, Upper,
    error::Parameter,
    round::{Enclosure, add_up, div_down, div_up, mul_down, mul_up, sub_down, sub_up},
};

/// A set of noisy inputs on which the likelihood ratio is constant: its probability from the clean input (`P`) and from the
/// adversarial one (`Q`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Region {
    pub(crate) clean: Enclosure,
    pub(crate) adversarial: Enclosure,
}

impl Region {
    pub(crate) const CERTAIN: Self = Self { clean: Enclosure::ONE, adversarial: Enclosure::ONE };
    pub(crate) const IMPOSSIBLE: Self = Self { clean: Enclosure::ZERO, adversarial: Enclosure::ZERO };

    /// Both events, independently.
    pub(crate) fn and(self, other: Self) -> Self {
        Self { clean: self.clean * other.clean, adversarial: self.adversarial * other.adversarial }
    }

    /// Either of two disjoint events of the same likelihood ratio.
    pub(crate) fn or(self, other: Self) -> Self {
        Self { clean: self.clean + other.clean, adversarial: self.adversarial + other.adversarial }
    }

    /// `P/Q`, for ordering only.
    fn ratio(&self) -> f64 {
        let (clean, adversarial) = (self.clean.upper, self.adversarial.upper);
        if adversarial > 0.0 { clean / adversarial } else { f64::INFINITY }
    }

    fn is_impossible(&self) -> bool {
        self.clean.is_zero() && self.adversarial.is_zero()
    }
}

/// The trade-off function of a pair of laws with finitely many regions.
///
/// ```
/// use steadfast_certify::{Interval, Lower, TradeOff};
///
/// // One bit that is kept with probability 0.9; the attacker flips it.
/// let (keep, flip) = (Interval::enclosing("0.9")?, Interval::enclosing("0.1")?);
/// let bit = TradeOff::from_outcomes(&[(keep, flip), (flip, keep)])?;
/// let two_bits = bit.compose(&bit)?;
/// assert!((two_bits.threshold().p() - 0.993_827).abs() < 1e-6);
/// assert!(two_bits.lower(Lower::from_p(0.99)).p() < 0.5);
/// # Ok::<(), steadfast_certify::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct TradeOff {
    /// By descending likelihood ratio.
    regions: Vec<Region>,
}

/// The slopes at which the two dual forms are evaluated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slopes {
    near_zero: f64,
    near_one: f64,
}

impl TradeOff {
    /// The largest number of regions that [`compose`](Self::compose) makes.
    pub const MAXIMUM_REGIONS: usize = 1 << 22;

    /// The pair of laws whose outcomes have the given probabilities, `(clean, adversarial)`. Outcomes of equal likelihood
    /// ratio may be given apart or together.
    ///
    /// # Errors
    /// [`Error::Parameter`] if either law's probabilities cannot sum to one.
    pub fn from_outcomes(outcomes: &[(Interval, Interval)]) -> Result<Self, Error> {
        let regions: Vec<Region> = outcomes
            .iter()
            .map(|(clean, adversarial)| Region {
                clean: clean.enclosure(),
                adversarial: adversarial.enclosure(),
            })
            .collect();
        let sums = |mass: fn(&Region) -> Enclosure| {
            let total = regions.iter().fold(Enclosure::ZERO, |sum, region| sum + mass(region));
            total.lower <= 1.0 && 1.0 <= total.upper
        };
        if !sums(|region| region.clean) || !sums(|region| region.adversarial) {
            return Err(Error::Parameter(Parameter {
                name: "outcomes",
                given: format!("{} outcomes whose probabilities do not sum to 1", outcomes.len()),
                expected: "all outcomes of both laws, each law's probabilities summing to 1",
            }));
        }
        Ok(Self::from_regions(regions))
    }

    pub(crate) fn from_regions(mut regions: Vec<Region>) -> Self {
        regions.retain(|region| !region.is_impossible());
        regions.sort_by(|a, b| b.ratio().total_cmp(&a.ratio()));
        Self { regions }
    }

    /// The pair of product laws: one draw from each, independently.
    ///
    /// # Errors
    /// [`Error::Parameter`] if the product has more than [`Self::MAXIMUM_REGIONS`] regions.
    pub fn compose(&self, other: &Self) -> Result<Self, Error> {
        let size = self.regions.len().saturating_mul(other.regions.len());
        if size > Self::MAXIMUM_REGIONS {
            return Err(Error::Parameter(Parameter {
                name: "regions of the composition",
                given: size.to_string(),
                expected: "at most 2²² regions; compose fewer coordinates exactly",
            }));
        }
        let product = self.regions.iter().flat_map(|&a| other.regions.iter().map(move |&b| a.and(b)));
        Ok(Self::from_regions(product.collect()))
    }

    /// The number of regions.
    #[must_use]
    pub fn len(&self) -> usize {
        self.regions.len()
    }

    /// Whether there are no regions.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.regions.is_empty()
    }

    /// `ρ(p)`: the least probability, after the attack, of a class whose clean probability is at least `p`.
    ///
    /// # Guarantee
    /// Never above the exact value for the laws that the intervals enclose.
    #[must_use]
    pub fn lower(&self, p: Lower) -> Lower {
        dual_lower(&self.regions, self.slopes_at(p), p)
    }

    /// `ρ̄(q) = 1 − ρ(1 − q)`: the greatest probability, after the attack, of a class whose clean probability is at most `q`.
    ///
    /// # Guarantee
    /// Never below the exact value for the laws that the intervals enclose.
    #[must_use]
    pub fn upper(&self, q: Upper) -> Upper {
        self.lower(q.complement()).complement()
    }

    /// `ρ⁻¹(½)`: the clean probability above which a class keeps the majority, rounded up. A class is certified if its lower
    /// bound *strictly* exceeds this; at equality the attacker can force a tie.
    #[must_use]
    pub fn threshold(&self) -> Upper {
        // Fill Q-mass up to one half, from the largest ratio down.
        let critical = critical(0.5, |region| region.adversarial.lower, self.regions.iter());
        let Some(slopes) = critical.map(slopes) else { return Upper::ONE };
        let t = slopes.near_one;
        // ρ(p) > ½ if t (1 − p) + Σ (Q − tP)₊ < ½.
        let spare = sub_down(0.5, excess_upper(&self.regions, t));
        let from_rest = if spare > 0.0 { Upper::from_rest(div_down(spare, t)) } else { Upper::ONE };
        // ρ(p) > ½ if t p − Σ (tP − Q)₊ > ½.
        let t = slopes.near_zero;
        let from_p = if t > 0.0 {
            Upper::from_p(div_up(add_up(0.5, shortfall_upper(&self.regions, t)), t))
        } else {
            Upper::ONE
        };
        from_rest.or(from_p)
    }

    /// Whether an attack with this trade-off is provably at least as strong as one with `other`'s, at every probability.
    /// Both functions are convex and `other` is linear between its corners, so the corners decide.
    pub(crate) fn dominates(&self, other: &Self) -> bool {
        let mut clean = Enclosure::ZERO;
        let (_, inner) = other.regions.split_last().unwrap_or((&Region::CERTAIN, &[]));
        let full_support = other.regions.iter().all(|region| region.clean.lower > 0.0);
        full_support
            && inner.iter().all(|region| {
                clean = clean + region.clean;
                self.fill_upper(clean.upper) <= other.lower(Lower::from_p(clean.lower)).p()
            })
    }

    /// An upper bound on `ρ(p)`, by filling regions until their clean mass is surely `p`.
    fn fill_upper(&self, p: f64) -> f64 {
        let (mut missing, mut filled) = (p, 0.0);
        for region in &self.regions {
            if region.clean.lower >= missing {
                let share = div_up(missing, region.clean.lower).min(1.0);
                return add_up(filled, mul_up(share, region.adversarial.upper)).min(1.0);
            }
            missing = sub_up(missing, region.clean.lower);
            filled = add_up(filled, region.adversarial.upper);
        }
        1.0
    }

    /// Slopes at which both dual forms are tight for `p`.
    pub(crate) fn slopes_at(&self, p: Lower) -> Slopes {
        let mass = |region: &Region| region.clean.upper;
        let critical = if p.p() < p.rest() {
            critical(p.p(), mass, self.regions.iter())
        } else {
            critical(p.rest(), mass, self.regions.iter().rev())
        };
        critical.map_or(Slopes { near_zero: 0.0, near_one: 1.0 }, slopes)
    }
}

/// The region at which the running mass reaches `level`; the last one with mass if rounding keeps it from there.
fn critical<'a>(
    level: f64,
    mass: impl Fn(&Region) -> f64,
    regions: impl Iterator<Item = &'a Region>,
) -> Option<&'a Region> {
    let (mut sum, mut last) = (0.0, None);
    for region in regions {
        let mass = mass(region);
        if mass > 0.0 {
            sum += mass;
            last = Some(region);
            if sum >= level {
                break;
            }
        }
    }
    last
}

/// The slope `Q/P` of a region, rounded so that the region itself drops out of the dual's sum.
fn slopes(region: &Region) -> Slopes {
    Slopes {
        near_zero: div_down(region.adversarial.lower, region.clean.upper),
        near_one: div_up(region.adversarial.upper, region.clean.lower).min(f64::MAX),
    }
}

/// Both dual forms at given slopes; sound for any slopes and any order of regions.
pub(crate) fn dual_lower(regions: &[Region], slopes: Slopes, p: Lower) -> Lower {
    let t = slopes.near_one;
    let rest = add_up(mul_up(t, p.rest()), excess_upper(regions, t));
    let t = slopes.near_zero;
    let value = sub_down(mul_down(t, p.p()), shortfall_upper(regions, t));
    Lower::from_rest(rest).or(Lower::from_p(value))
}

/// `Σ (Q − tP)₊`, rounded up.
fn excess_upper(regions: &[Region], t: f64) -> f64 {
    regions.iter().fold(0.0, |sum, region| {
        let excess = sub_up(region.adversarial.upper, mul_down(t, region.clean.lower));
        if excess > 0.0 { add_up(sum, excess) } else { sum }
    })
}

/// `Σ (tP − Q)₊`, rounded up.
fn shortfall_upper(regions: &[Region], t: f64) -> f64 {
    regions.iter().fold(0.0, |sum, region| {
        let shortfall = sub_up(mul_up(t, region.clean.upper), region.adversarial.lower);
        if shortfall > 0.0 { add_up(sum, shortfall) } else { sum }
    })
}
