//! The probability with which the released code of CROWD selects each candidate.
//!
//! The code draws one number U(v) from a beta distribution for each candidate v, independently, and selects the largest
//! s(v)·U(v), where s(v) is the similarity of v. With F the distribution function of U, candidate v is selected with probability
//!
//! ```text
//! π(v) = ∫ ∏_{j≠v} F(t/s(j)) dF(t/s(v)).
//! ```
//!
//! The beta distribution has the mean and population variance of the similarities.
//!
//! - A candidate with a similarity below [`LEAST_SIMILARITY`] (negative ones included) has probability 0 and does not enter the
//!   moments. The code never selects one that is not positive either, but includes it in the moments.
//! - If all similarities are equal, no beta distribution has their moments, and all candidates are equally likely. The code
//!   divides by zero there. For similarities of at least 0.01 this is the only such case.
//!
//! # Accuracy
//! This is a Stieltjes integral. With G = F(t/s(v)) as the variable, the rule on a cell interpolates the product P of the others by
//! a parabola through three points and integrates it exactly; the result is clamped to P(left)·ΔG … P(right)·ΔG, over half cells,
//! which contains the true value since P is increasing. Singular densities (shapes below 1) do not matter, as only F is evaluated.
//! Equal similarities are merged into one candidate, their maximum. Cells are halved until halving once more changes
//! all probabilities together by at most 4·10⁻⁹. F comes from a table with an error
//! of at most ε = 10⁻¹¹, which changes each of K probabilities by at most Kε (a difference of products of K factors, integrated by
//! parts). The estimated error is the sum of the changes of all cells, the probability below the first cell, Kε, and the
//! difference between Σπ and 1; if it exceeds 10⁻⁶ the list is refused. Tests compare with closed forms, with sums that enclose
//! the integral, and with the literal procedure.
//!
//! Complexity: K values of F, from the table, for each of some hundred points t.
//!
//! Source: CROWD (EMNLP Findings 2024) §3.2, Eq. 5–7, and its released code; under the paper's text, without the
//! factor s(v), all candidates are equally likely.

use super::{beta::Beta, distribution::Distribution};
use crate::SynonymsError;

/// Candidates with a smaller similarity have probability 0.
pub(crate) const LEAST_SIMILARITY: f64 = 0.01;

/// The largest accepted error of a probability.
pub(crate) const LARGEST_ERROR: f64 = 1e-6;

/// The total change of all probabilities at which a cell is not halved further.
const CELL_TOLERANCE: f64 = 4e-9;
const DEEPEST: u32 = 60;
const FIRST_CELLS: u32 = 8;

/// Probabilities of the candidates and the estimated error of each.
#[derive(Clone, Debug)]
struct Selection {
    probabilities: Vec<f64>,
    error: f64,
}

/// The probability of each candidate, given similarities of at most 1, with an error of at most [`LARGEST_ERROR`].
pub(crate) fn select(similarities: &[f64]) -> Result<Vec<f64>, SynonymsError> {
    let Selection { probabilities, error } = estimate(similarities)?;
    // Written so that NaN is refused.
    if error <= LARGEST_ERROR {
        return Ok(probabilities);
    }
    let given = format!("{similarities:?}, whose law is only known to {error:e}");
    Err(SynonymsError::parameter("similarities", given, "similarities whose law can be computed to 1e-6"))
}

fn estimate(similarities: &[f64]) -> Result<Selection, SynonymsError> {
    let counted = |similarity: f64| similarity >= LEAST_SIMILARITY;
    let mut used: Vec<f64> = similarities.iter().copied().filter(|value| counted(*value)).collect();
    used.sort_unstable_by(f64::total_cmp);
    let Some(&largest) = used.last() else {
        let expected = "at least one of 0.01 or more";
        return Err(SynonymsError::parameter("similarities", format!("{similarities:?}"), expected));
    };
    if largest > 1.0 {
        return Err(SynonymsError::parameter("similarities", largest, "cosines, at most 1"));
    }
    let Some(beta) = Beta::with_moments_of(&used) else {
        let share = 1.0 / used.len() as f64;
        let probabilities =
            similarities.iter().map(|value| if counted(*value) { share } else { 0.0 }).collect();
        return Ok(Selection { probabilities, error: 0.0 });
    };
    let groups = Groups::new(beta, &used);
    let (masses, error) = groups.integrate();
    let total: f64 = masses.iter().sum();
    let error = error + (total - 1.0).abs();
    let share = |similarity: f64| {
        let place = groups.similarities.partition_point(|other| *other < similarity);
        let share = masses.get(place).zip(groups.multiplicities.get(place));
        share.map_or(0.0, |(mass, count)| mass / total / f64::from(*count))
    };
    let probabilities = similarities.iter().map(|value| if counted(*value) { share(*value) } else { 0.0 });
    Ok(Selection { probabilities: probabilities.collect(), error })
}

/// Distinct similarities in ascending order, and how many candidates share each.
struct Groups {
    distribution: Distribution,
    similarities: Vec<f64>,
    multiplicities: Vec<u32>,
}

/// The integrands at one value t of the maximum.
#[derive(Clone)]
struct Point {
    t: f64,
    /// G: the probability that all of a group are at or below t.
    below: Vec<f64>,
    /// P: the probability that all other groups are.
    others: Vec<f64>,
}

/// An interval of t, and the integral over it by the rule.
struct Cell {
    depth: u32,
    low: Point,
    middle: Point,
    high: Point,
    whole: Vec<f64>,
}

impl Point {
    /// The probability that the maximum is at or below t.
    fn all_below(&self) -> f64 {
        self.below.iter().product()
    }
}

impl Groups {
    fn new(beta: Beta, ascending: &[f64]) -> Self {
        let (mut similarities, mut multiplicities) = (Vec::<f64>::new(), Vec::<u32>::new());
        for &similarity in ascending {
            let again = multiplicities.last_mut().filter(|_| similarities.last() == Some(&similarity));
            if let Some(count) = again {
                *count += 1;
            } else {
                similarities.push(similarity);
                multiplicities.push(1);
            }
        }
        let distribution = Distribution::new(beta);
        Self { distribution, similarities, multiplicities }
    }

    fn point(&self, t: f64) -> Point {
        let groups = self.similarities.iter().zip(&self.multiplicities);
        let below: Vec<f64> = groups.map(|(s, count)| power(self.distribution.at(t, *s), *count)).collect();
        // Prefix and suffix products avoid a division.
        let mut others = Vec::with_capacity(below.len());
        let mut product = 1.0;
        for value in &below {
            others.push(product);
            product *= value;
        }
        product = 1.0;
        for (other, value) in others.iter_mut().zip(&below).rev() {
            *other *= product;
            product *= value;
        }
        Point { t, below, others }
    }

    /// The probability that a candidate of each group is selected, and an estimate of the total error.
    fn integrate(&self) -> (Vec<f64>, f64) {
        let mut ends = self.ends().into_iter();
        let mut left = self.point(ends.next().unwrap_or_default());
        // The probability that the maximum is below the first point.
        let count: f64 = self.multiplicities.iter().copied().map(f64::from).sum();
        let mut error: f64 = left.all_below() + count * self.distribution.error();
        let mut masses: Vec<f64> = left
            .below
            .iter()
            .zip(&left.others)
            .map(|(g, p)| g * p / self.similarities.len() as f64)
            .collect();
        for end in ends {
            let right = self.point(end);
            let middle = self.point(midway(left.t, end));
            let whole = cell(&left, &middle, &right);
            let mut cells = vec![Cell { depth: 0, low: left, middle, high: right, whole }];
            let mut last = None;
            while let Some(Cell { depth, low, middle, high, whole }) = cells.pop() {
                // The error of a cell is at most its mass.
                let mass = high.all_below() - low.all_below();
                if mass <= CELL_TOLERANCE {
                    masses.iter_mut().zip(whole).for_each(|(mass, part)| *mass += part);
                    error += mass.max(0.0);
                    last = Some(high);
                    continue;
                }
                let (before, after) =
                    (self.point(midway(low.t, middle.t)), self.point(midway(middle.t, high.t)));
                let (first, second) = (cell(&low, &before, &middle), cell(&middle, &after, &high));
                let halves = || first.iter().zip(&second).map(|(first, second)| first + second);
                let change: f64 =
                    whole.iter().zip(halves()).map(|(whole, halves)| (whole - halves).abs()).sum();
                if change <= CELL_TOLERANCE || depth == DEEPEST {
                    masses.iter_mut().zip(halves()).for_each(|(mass, part)| *mass += part);
                    error += change;
                    // The rightmost cell comes last; its upper end starts the next interval.
                    last = Some(high);
                } else {
                    let shared = middle.clone();
                    let depth = depth + 1;
                    cells.push(Cell { depth, low: middle, middle: after, high, whole: second });
                    cells.push(Cell { depth, low, middle: before, high: shared, whole: first });
                }
            }
            left = last.unwrap_or_else(|| self.point(end));
        }
        (masses, error)
    }

    /// The first cells: from a point that the maximum is hardly ever below to the largest similarity.
    fn ends(&self) -> Vec<f64> {
        let (smallest, largest) = (
            self.similarities.first().copied().unwrap_or(1.0),
            self.similarities.last().copied().unwrap_or(1.0),
        );
        let mut start = smallest;
        let mut distance: f64 = 0.05;
        // e⁻⁶⁹⁰ is about the smallest number that keeps its precision.
        while self.point(start).all_below() > 1e-12 && distance < 690.0 {
            distance *= 2.0;
            start = smallest * libm::exp(-distance.min(680.0));
        }
        let steps = f64::from(FIRST_CELLS);
        let mut ends: Vec<f64> =
            (0..=FIRST_CELLS).map(|step| start + (largest - start) * (f64::from(step) / steps)).collect();
        if self.distribution.beta().shapes().1 < 2.0 {
            // The density of a candidate is discontinuous there.
            ends.extend(self.similarities.iter().filter(|similarity| **similarity > start));
        }
        ends.sort_unstable_by(f64::total_cmp);
        ends.dedup();
        ends
    }
}

fn power(value: f64, count: u32) -> f64 {
    if count == 1 { value } else { libm::pow(value, f64::from(count)) }
}

/// The geometric mean of distant values, the arithmetic mean of close ones.
fn midway(low: f64, high: f64) -> f64 {
    if high > 4.0 * low { (low * high).sqrt().max(high * 1e-20) } else { low + 0.5 * (high - low) }
}

/// ∫ P dG over one cell for each group, from its values at three points.
fn cell(low: &Point, middle: &Point, high: &Point) -> Vec<f64> {
    let below = low.below.iter().zip(&middle.below).zip(&high.below);
    let others = low.others.iter().zip(&middle.others).zip(&high.others);
    below
        .zip(others)
        .map(|(((x0, x1), x2), ((p0, p1), p2))| {
            let (first, second) = ((x1 - x0).max(0.0), (x2 - x1).max(0.0));
            let trapezoids = 0.5 * (first * (p0 + p1) + second * (p1 + p2));
            let ratio = second / first;
            let value = if ratio > 0.25 && ratio < 4.0 {
                let width = first + second;
                let weighted =
                    (2.0 - ratio) * p0 + width * width / (first * second) * p1 + (2.0 - 1.0 / ratio) * p2;
                width / 6.0 * weighted
            } else {
                trapezoids
            };
            let (least, most) = (first * p0 + second * p1, first * p1 + second * p2);
            value.max(least).min(most.max(least))
        })
        .collect()
}

#[cfg(test)]
mod tests;
