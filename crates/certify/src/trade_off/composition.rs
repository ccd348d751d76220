//! Products of many unlike pairs of laws: exact while small, then on a grid of likelihood ratios.
//!
//! The ratios of a product are the products of ratios, and their number multiplies. On the grid `u_j = (1 + 1/256)ʲ` their
//! number stays bounded. An outcome with masses `(P, Q)` and a ratio between two grid points is split between them such
//! that both masses are kept: a mean-preserving spread of the ratio, so the split pair of laws is more informative than the
//! given one (Blackwell 1953), its trade-off lies nowhere above, and products keep that.
//!
//! **Rounding.** A cell stores one double `Q_j` and stands for the masses `(u_j Q_j, Q_j)` exactly. All `Q_j` are rounded
//! down; the `P`-mass that the cells do not hold, `1 − Σ u_j Q_j`, stands at ratio infinity and the missing `Q`-mass at
//! ratio zero. To move mass from a cell to these two ends is to split it further, so *every* rounding, underflow and cut of
//! the grid only lowers the bound: no error estimate enters the result, only how tight it is.
//!
//! **Cost.** A product with a pair of `m` regions takes `2 m` passes over at most 16,384 cells.

use super::{Region, TradeOff};
use crate::{
    Lower, Upper,
    round::{Enclosure, add_down, add_up, complement_up, div_down, mul_down, mul_up, sub_down, sub_up},
};
use std::sync::OnceLock;

/// The trade-off of a growing product of pairs of laws.
///
/// ```
/// use steadfast_certify::{Composition, Interval, Lower, TradeOff};
///
/// let law = |text| Interval::enclosing(text);
/// let pair = TradeOff::from_outcomes(&[
///     (law("0.7")?, law("0.5")?),
///     (law("0.2")?, law("0.2")?),
///     (law("0.1")?, law("0.3")?),
/// ])?;
/// let product = (0..20).fold(Composition::identity(), |product, _| product.with(&pair));
/// assert!(!product.is_exact());
/// // The exact value is 0.129509…
/// assert!((0.129_45..=0.129_51).contains(&product.lower(Lower::from_p(0.9)).p()));
/// # Ok::<(), steadfast_certify::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Composition(Form);

#[derive(Clone, Debug, PartialEq)]
enum Form {
    Exact(TradeOff),
    Grid(Grid),
}

impl Composition {
    /// Products of at most so many regions are kept exactly.
    pub const EXACT_REGIONS: usize = 1 << 11;

    /// The pair of equal laws: an attack that changes nothing.
    #[must_use]
    pub fn identity() -> Self {
        Self(Form::Exact(TradeOff { regions: vec![Region::CERTAIN] }))
    }

    /// One more independent draw, from this pair of laws.
    #[must_use]
    pub fn with(&self, pair: &TradeOff) -> Self {
        let grid = match &self.0 {
            Form::Exact(product) => {
                if product.len().saturating_mul(pair.len()) <= Self::EXACT_REGIONS
                    && let Ok(product) = product.compose(pair)
                {
                    return Self(Form::Exact(product));
                }
                &Grid::spread(product)
            }
            Form::Grid(grid) => grid,
        };
        Self(Form::Grid(grid.and(&Grid::spread(pair))))
    }

    /// Whether no grid was needed so far.
    #[must_use]
    pub const fn is_exact(&self) -> bool {
        matches!(self.0, Form::Exact(_))
    }

    /// `ρ(p)` of the product; see [`TradeOff::lower`].
    ///
    /// # Guarantee
    /// Never above the exact value.
    #[must_use]
    pub fn lower(&self, p: Lower) -> Lower {
        match &self.0 {
            Form::Exact(product) => product.lower(p),
            Form::Grid(grid) => grid.lower(p),
        }
    }

    /// `ρ̄(q) = 1 − ρ(1 − q)` of the product; see [`TradeOff::upper`].
    ///
    /// # Guarantee
    /// Never below the exact value.
    #[must_use]
    pub fn upper(&self, q: Upper) -> Upper {
        self.lower(q.complement()).complement()
    }
}

/// Cells reach from `−REACH` to `REACH`, ratios from 10⁻¹⁴ to 10¹⁴.
const REACH: i32 = 8_192;

/// The grid's step in the logarithm of the ratio.
fn step() -> f64 {
    (1.0 + 1.0 / 256.0_f64).ln()
}

/// `u_j`, enclosed.
fn ratio(cell: i32) -> Enclosure {
    static RATIOS: OnceLock<Vec<Enclosure>> = OnceLock::new();
    let ratios = RATIOS.get_or_init(|| {
        let base = Enclosure::exact(1.0 + 1.0 / 256.0);
        (-REACH..=REACH)
            .map(|cell| {
                let power = base.power(cell.unsigned_abs());
                if cell < 0 { Enclosure::ONE / power } else { power }
            })
            .collect()
    });
    usize::try_from(cell + REACH)
        .ok()
        .and_then(|index| ratios.get(index))
        .copied()
        .unwrap_or(Enclosure { lower: 0.0, upper: f64::INFINITY })
}

#[derive(Clone, Debug, PartialEq)]
struct Grid {
    /// The cell of the first mass.
    first: i32,
    /// `Q_j` from `first` on.
    adversarial: Vec<f64>,
    /// The clean mass at ratio infinity, rounded up.
    infinite: f64,
}

impl Grid {
    fn new(first: i32, adversarial: Vec<f64>) -> Self {
        let held = (first..)
            .zip(&adversarial)
            .fold(0.0, |sum, (cell, &mass)| add_down(sum, mul_down(ratio(cell).lower, mass)));
        Self { first, adversarial, infinite: complement_up(held.clamp(0.0, 1.0)) }
    }

    /// A pair of laws with its ratios moved to the grid.
    fn spread(pair: &TradeOff) -> Self {
        let mut shares: Vec<(i32, f64)> = Vec::with_capacity(2 * pair.len());
        for region in &pair.regions {
            let (clean, adversarial) = (region.clean.lower, region.adversarial.lower);
            if clean > 0.0 && adversarial > 0.0 {
                shares.extend(split(clean, adversarial).into_iter().flatten());
            }
        }
        let first = shares.iter().map(|share| share.0).min().unwrap_or(0);
        let last = shares.iter().map(|share| share.0).max().unwrap_or(0);
        let mut cells = vec![0.0; usize::try_from(last - first).unwrap_or(0) + 1];
        for (cell, mass) in shares {
            if let Some(sum) = usize::try_from(cell - first).ok().and_then(|index| cells.get_mut(index)) {
                *sum = add_down(*sum, mass);
            }
        }
        Self::new(first, cells)
    }

    /// The product of both.
    fn and(&self, other: &Self) -> Self {
        let (long, short) =
            if self.adversarial.len() < other.adversarial.len() { (other, self) } else { (self, other) };
        let mut cells = vec![0.0; long.adversarial.len() + short.adversarial.len() - 1];
        for (shift, &factor) in short.adversarial.iter().enumerate().filter(|(_, factor)| **factor > 0.0) {
            for (sum, &mass) in cells.iter_mut().skip(shift).zip(&long.adversarial) {
                *sum += factor * mass;
            }
        }
        // Each cell is a sum of at most `short` rounded products, so it exceeds the exact one by a factor of at most
        // (1 + 2⁻⁵³)^(short + 1); twice that is taken off. Cells so small that products may have underflowed are emptied.
        let margin = 1.0 - (short.adversarial.len() + 4) as f64 * f64::EPSILON;
        for cell in &mut cells {
            *cell = if *cell < 1e-280 { 0.0 } else { *cell * margin };
        }
        // Cells off the grid hold next to no mass of one of the laws.
        let mut first = self.first + other.first;
        let below = usize::try_from(-REACH - first).unwrap_or(0).min(cells.len());
        cells.drain(..below);
        first = if below > 0 { -REACH } else { first };
        cells.truncate(usize::try_from(REACH - first + 1).unwrap_or(0));
        Self::new(first, cells)
    }

    /// `ρ(p) ≥ t (p − P_∞) − Σ (t u_j − 1)₊ Q_j` for every `t`, taken at the cell where the clean mass reaches `p`.
    fn lower(&self, p: Lower) -> Lower {
        let wanted = sub_down(p.p(), self.infinite);
        if wanted <= 0.0 {
            return Lower::ZERO;
        }
        // From the largest ratio down.
        let cells = || {
            let beyond = i32::try_from(self.adversarial.len()).map_or(i32::MAX, |len| self.first + len);
            (self.first..beyond).zip(&self.adversarial).map(|(cell, &mass)| (cell, mass)).rev()
        };
        let mut filled = 0.0;
        let critical = cells().find(|&(cell, mass)| {
            filled += ratio(cell).upper * mass;
            filled >= wanted
        });
        let Some((critical, _)) = critical.or_else(|| cells().next_back()) else { return Lower::ZERO };
        let t = ratio(-critical).upper;
        let spent = cells().take_while(|&(cell, _)| cell >= critical).fold(0.0, |sum, (cell, mass)| {
            add_up(sum, mul_up(sub_up(mul_up(t, ratio(cell).upper), 1.0).max(0.0), mass))
        });
        Lower::from_p(sub_down(mul_down(t, wanted), spent))
    }
}

/// An outcome's masses on the two cells around its ratio: `Q`-masses `a` at `u_j` and `b` at `u_{j+1}` with `a + b ≤ Q` and
/// `u_j a + u_{j+1} b ≤ P`, as close to equality as rounding allows.
fn split(clean: f64, adversarial: f64) -> [Option<(i32, f64)>; 2] {
    let cell = ((clean / adversarial).ln() / step()).floor();
    if cell >= f64::from(REACH) {
        return [None, None];
    }
    if cell < f64::from(-REACH) {
        let mass = div_down(clean, ratio(-REACH).upper).min(adversarial);
        return [Some((-REACH, mass)), None];
    }
    let cell = cell as i32;
    let (below, above) = (ratio(cell), ratio(cell + 1));
    let share = ((clean / adversarial - below.lower) / (above.upper - below.lower)).clamp(0.0, 1.0);
    // The plain result is right up to rounding, which the step of the grid magnifies: at most a few 2⁻⁴³.
    let mut shrink = 1.0 - 2_f64.powi(-43);
    for _ in 0..64 {
        let (low, high) = (adversarial * (1.0 - share) * shrink, adversarial * share * shrink);
        let clean_needed = add_up(mul_up(below.upper, low), mul_up(above.upper, high));
        if add_up(low, high) <= adversarial && clean_needed <= clean {
            return [Some((cell, low)), Some((cell + 1, high))];
        }
        shrink -= shrink * 2_f64.powi(-43);
    }
    [None, None]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Interval;
    use proptest::prelude::*;

    /// A pair of laws on `clean.len()` outcomes, in units of 2⁻³².
    fn pair(clean: &[u32], adversarial: &[u32]) -> TradeOff {
        let law = |shares: &[u32]| {
            let sum: u64 = shares.iter().map(|&share| u64::from(share)).sum();
            let mut weights: Vec<u64> = shares.iter().map(|&share| (u64::from(share) << 32) / sum).collect();
            weights[0] += (1 << 32) - weights.iter().sum::<u64>();
            weights.into_iter().map(|weight| weight as f64 / 2_f64.powi(32)).collect::<Vec<_>>()
        };
        let interval = |p: f64| Interval::from_enclosure(Enclosure::exact(p));
        let outcomes: Vec<_> =
            law(clean).into_iter().zip(law(adversarial)).map(|(p, q)| (interval(p), interval(q))).collect();
        TradeOff::from_outcomes(&outcomes).unwrap()
    }

    fn law() -> impl Strategy<Value = Vec<u32>> {
        prop::collection::vec(0..1_000_u32, 3).prop_filter("a law", |shares| shares.iter().sum::<u32>() > 0)
    }

    proptest! {
        #[test]
        fn the_grid_is_below_the_exact_product_and_close(
            laws in prop::collection::vec((law(), law()), 1..5),
            p in 0.5..1.0_f64,
        ) {
            let pairs: Vec<TradeOff> = laws.iter().map(|(clean, adversarial)| pair(clean, adversarial)).collect();
            let exact = pairs.iter().skip(1).fold(pairs[0].clone(), |all, pair| all.compose(pair).unwrap());
            let grid = pairs.iter().skip(1).fold(Grid::spread(&pairs[0]), |all, pair| all.and(&Grid::spread(pair)));
            for p in [p, 0.5, 0.99, 0.999_999, 1.0].map(Lower::from_p) {
                let (exact, grid) = (exact.lower(p).p(), grid.lower(p).p());
                // The exact one is itself rounded down.
                prop_assert!(grid <= exact + 1e-12, "{grid} above {exact}");
                // A coarse law loses up to a quarter of the step; products of many outcomes lose far less.
                prop_assert!(exact - grid < 1e-3 * pairs.len() as f64, "{grid} far below {exact}");
            }
        }

        #[test]
        fn splits_keep_within_both_masses(clean in 1e-12..1.0_f64, adversarial in 1e-12..1.0_f64) {
            let shares = split(clean, adversarial);
            let (mut p, mut q) = (0.0, 0.0);
            for (cell, mass) in shares.into_iter().flatten() {
                p += ratio(cell).lower * mass;
                q += mass;
            }
            prop_assert!(p <= clean && q <= adversarial);
            prop_assert!(p >= clean * (1.0 - 1e-9) && q >= adversarial * (1.0 - 1e-9), "{shares:?}");
        }
    }

    #[test]
    fn extreme_ratios_and_long_products_stay_sound() {
        // A pair that an attack all but separates, and one that it cannot.
        let apart = pair(&[u32::MAX, 1], &[1, u32::MAX]);
        let equal = pair(&[1, 1], &[1, 1]);
        let grid = |pair: &TradeOff| Grid::spread(pair);
        assert!(grid(&apart).lower(Lower::from_p(0.9)).p() <= apart.lower(Lower::from_p(0.9)).p());
        let long = (0..500).fold(grid(&equal), |all, _| all.and(&grid(&equal)));
        let kept = long.lower(Lower::from_p(0.9)).p();
        assert!(kept <= 0.9 && kept > 0.9 - 1e-6, "{kept}");
        let mild = pair(&[10, 9], &[9, 10]);
        let long = (0..2_000).fold(grid(&mild), |all, _| all.and(&grid(&mild)));
        assert!(long.lower(Lower::from_p(0.9)).p() < 1e-3);
    }
}
