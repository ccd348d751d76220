//! [`Distribution`]: the distribution function of a beta law, tabulated for many evaluations.
//!
//! As a function of y = ln x − ln(1 − x) the distribution function H(y) = F(x) is smooth for all shapes a and b, and with
//! x(y) = 1/(1 + e⁻ʸ) its derivatives cost one exponential:
//!
//! ```text
//! H′ = xᵃ(1 − x)ᵇ/B(a, b),   H″ = H′·(a − (a + b)x).
//! ```
//!
//! The table holds, on a uniform grid of y, the polynomials of degree 5 that match H, H′ and H″ at both ends of a cell (Hermite
//! interpolation). Their error is h⁶·θ³(1 − θ)³·H⁽⁶⁾/720, largest at the middle of a cell, θ = 1/2. There it is measured, and the cells
//! are halved once more, which divides the error by 64 in the limit; a 32nd of the measured error, at most [`LARGEST_ERROR`], is
//! assumed for the halved cells. Where H is outside [`LARGEST_ERROR`]/100 ..= 1 − [`LARGEST_ERROR`]/100 it is rounded to 0 or 1.

use super::beta::Beta;

/// The largest error of a table.
pub(crate) const LARGEST_ERROR: f64 = 1e-11;

/// The largest grid. Only shapes far below 1, which are rare, need more cells.
const MOST_CELLS: usize = 4096;

/// A beta distribution function.
#[derive(Clone, Debug)]
pub(crate) struct Distribution {
    beta: Beta,
    table: Option<Table>,
}

#[derive(Clone, Debug)]
struct Table {
    start: f64,
    /// Cells for each unit of y.
    density: f64,
    /// Coefficients of each cell's polynomial in θ, the constant one first.
    cells: Vec<[f64; 6]>,
}

impl Distribution {
    /// The distribution function of `beta`.
    pub(crate) fn new(beta: Beta) -> Self {
        Self { beta, table: Table::new(beta) }
    }

    pub(crate) fn beta(&self) -> Beta {
        self.beta
    }

    /// The largest error of a value.
    pub(crate) fn error(&self) -> f64 {
        if self.table.is_some() { LARGEST_ERROR } else { 0.0 }
    }

    /// The probability of at most `t`/`s`, for positive `s`.
    pub(crate) fn at(&self, t: f64, s: f64) -> f64 {
        match &self.table {
            Some(_) if t >= s => 1.0,
            Some(_) if t <= 0.0 => 0.0,
            Some(table) => table.value(libm::log(t / (s - t))),
            None => self.beta.distribution(t / s),
        }
    }
}

/// H, H′·h and H″·h² at a point.
type Node = [f64; 3];

impl Table {
    /// `None` if the grid would be too large.
    fn new(beta: Beta) -> Option<Self> {
        let (a, b) = beta.shapes();
        let center = libm::log(a / b);
        // About the standard deviation of y, and at most the scale of the logistic function.
        let mut width = 0.5 * (1.0 / a + 1.0 / b).sqrt().min(1.0);
        let least = LARGEST_ERROR / 100.0;
        let reach = |direction: f64, inside: &dyn Fn(f64) -> bool| {
            (1..MOST_CELLS as u32).map(f64::from).find(|step| !inside(center + direction * width * step))
        };
        let below = reach(-1.0, &|y| beta.distribution_with(logistic(y), logistic(-y)) > least)?;
        let above = reach(1.0, &|y| beta.distribution_with(logistic(y), logistic(-y)) < 1.0 - least)?;
        let start = center - width * below;
        let mut count = (below + above) as usize;
        let mut nodes: Vec<Node> =
            (0..=count).map(|index| node(beta, start + width * index as f64)).collect();
        while 2 * count <= MOST_CELLS {
            let middles: Vec<Node> =
                (0..count).map(|index| node(beta, start + width * (index as f64 + 0.5))).collect();
            let cells = polynomials(&nodes, width);
            let errors =
                cells.iter().zip(&middles).map(|(cell, middle)| (evaluate(cell, 0.5) - middle[0]).abs());
            let error = errors.fold(0.0, f64::max);
            nodes = interleaved(&nodes, &middles);
            (count, width) = (2 * count, 0.5 * width);
            // Written so that NaN is refused.
            if error / 32.0 <= LARGEST_ERROR {
                let cells = polynomials(&nodes, width);
                return Some(Self { start, density: 1.0 / width, cells });
            }
        }
        None
    }

    fn value(&self, y: f64) -> f64 {
        let place = (y - self.start) * self.density;
        if place < 0.0 {
            return 0.0;
        }
        // The cast rounds down.
        let index = place as u32;
        let Some(cell) = self.cells.get(index as usize) else { return 1.0 };
        evaluate(cell, place - f64::from(index)).clamp(0.0, 1.0)
    }
}

fn logistic(y: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-y))
}

/// H, H′ and H″.
fn node(beta: Beta, y: f64) -> Node {
    let (a, b) = beta.shapes();
    let x = logistic(y);
    let slope = beta.logistic_density(y);
    let complement = logistic(-y);
    [beta.distribution_with(x, complement), slope, slope * (a * complement - b * x)]
}

fn interleaved(nodes: &[Node], middles: &[Node]) -> Vec<Node> {
    let mut all = Vec::with_capacity(nodes.len() + middles.len());
    for (index, node) in nodes.iter().enumerate() {
        all.push(*node);
        all.extend(middles.get(index));
    }
    all
}

/// The polynomials between adjacent nodes.
fn polynomials(nodes: &[Node], width: f64) -> Vec<[f64; 6]> {
    let scaled = |[value, slope, curvature]: Node| [value, slope * width, 0.5 * curvature * width * width];
    let cells = nodes.iter().zip(nodes.iter().skip(1));
    cells
        .map(|(left, right)| {
            let ([f0, d0, c0], [f1, d1, c1]) = (scaled(*left), scaled(*right));
            // The residual of the parabola of the left end at the right end, in value, slope and half curvature.
            let (value, slope, curve) = (f1 - f0 - d0 - c0, d1 - d0 - 2.0 * c0, c1 - c0);
            [
                f0,
                d0,
                c0,
                10.0 * value - 4.0 * slope + curve,
                -15.0 * value + 7.0 * slope - 2.0 * curve,
                6.0 * value - 3.0 * slope + curve,
            ]
        })
        .collect()
}

fn evaluate(cell: &[f64; 6], theta: f64) -> f64 {
    cell.iter().rev().fold(0.0, |sum, coefficient| sum * theta + coefficient)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_matches_the_continued_fraction() {
        let mut tabulated = 0;
        for (a, b) in [
            (1.0, 1.0),
            (0.5, 0.5),
            (2.3, 0.4),
            (7.2, 0.8),
            (3.6, 3.6),
            (30.0, 12.0),
            (150.0, 90.0),
            (900.0, 3.0),
        ] {
            let beta = Beta::new(a, b);
            let distribution = Distribution::new(beta);
            tabulated += usize::from(distribution.table.is_some());
            for step in 0..=10_000 {
                let t = 0.7 * f64::from(step) / 10_000.0;
                let (found, exact) = (distribution.at(t, 0.7), beta.distribution(t / 0.7));
                assert!((found - exact).abs() <= LARGEST_ERROR, "{a} {b} {t}: {found} {exact}");
            }
            assert_eq!(
                (distribution.at(0.0, 0.7), distribution.at(0.7, 0.7), distribution.at(1.0, 0.7)),
                (0.0, 1.0, 1.0)
            );
            // Close to the ends.
            for distance in [1e-3, 1e-6, 1e-9, 1e-12] {
                for t in [distance, 1.0 - distance] {
                    let (found, exact) = (distribution.at(t, 1.0), beta.distribution(t));
                    assert!((found - exact).abs() <= LARGEST_ERROR, "{a} {b} {t}: {found} {exact}");
                }
            }
        }
        assert_eq!(tabulated, 8);
    }

    #[test]
    fn shapes_without_a_table_are_computed() {
        for (a, b) in [(0.001, 0.001), (0.01, 50.0), (1e7, 1e7)] {
            let beta = Beta::new(a, b);
            let distribution = Distribution::new(beta);
            assert!(
                (distribution.at(0.3, 0.6) - beta.distribution(0.5)).abs() <= distribution.error(),
                "{a} {b}"
            );
        }
    }
}
