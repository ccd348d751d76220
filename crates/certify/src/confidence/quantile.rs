//! Solving for a probability at a confidence level, rounded to the safe side and *verified* there.

use super::binomial::{Approximate, Chance, ln_probability, tail};
use crate::Lower;

/// The one-sided Clopper–Pearson lower bound: the largest `p` found with `P(X ≥ k; n, p) ≤ α`.
///
/// Never above the exact bound `Beta⁻¹(α; k, n − k + 1)`. Requires `k ≤ n`, `0 < α < 1`.
pub(crate) fn clopper_pearson_lower(k: u64, n: u64, alpha: f64) -> Lower {
    if k == 0 {
        return Lower::ZERO;
    }
    let target = ln_below(alpha);
    let (guess, rest) = if k == n {
        let exponent = alpha.ln() / n as f64;
        (exponent.exp(), -exponent.exp_m1())
    } else if k == 1 {
        let exponent = (-alpha).ln_1p() / n as f64;
        (-exponent.exp_m1(), exponent.exp())
    } else {
        beta_quantile_guess(k as f64, (n - k + 1) as f64, alpha)
    };
    solve(guess, rest, target, |chance| {
        let tail = tail(k, n, chance);
        let bend = k as f64 - (n - k) as f64 * (chance.x / chance.y) - tail.slope;
        Point { ln: tail.ln, slope: tail.slope, bend }
    })
}

/// The lower end of the anytime-valid confidence sequence of the Beta(`a`, `b`) mixture martingale at `k` of `n` votes:
/// the largest `p < k/n` found at which the martingale has reached `1/α`.
///
/// Requires `k ≤ n`, `1 ≤ a`, `1 ≤ b`, `0 < α < 1`.
pub(crate) fn mixture_lower(k: u64, n: u64, (a, b): (u64, u64), alpha: f64) -> Lower {
    if k == 0 {
        return Lower::ZERO;
    }
    let m = n - k;
    // The martingale at p is prior density / posterior density. Both are binomial probabilities of p, so
    // ln E = ln((a+b−1)/(a+b+n−1)) + ln P(a−1 of a+b−2) − ln P(a+k−1 of a+b+n−2), decreasing for p < k/n.
    let ratio = ((a + b - 1) as f64 / (a + b + n - 1) as f64).ln();
    let target = ln_below(alpha);
    let failures = m as f64 / n as f64;
    let guess = (k as f64 / n as f64 - (failures + 1.0 / n as f64).sqrt() * 3.0 / (n as f64).sqrt())
        .max(0.25 * k as f64 / n as f64);
    solve(guess, 1.0 - guess, target, |chance| {
        let prior = ln_probability(a - 1, a + b - 2, chance);
        let posterior = ln_probability(a + k - 1, a + b + n - 2, chance);
        // −ln E, which grows with p up to k/n and must stay below ln α.
        let value = posterior.value - prior.value - ratio;
        let error = posterior.error + prior.error + 8.0 * f64::EPSILON * (ratio.abs() + value.abs() + 1.0);
        let slope = k as f64 - m as f64 * (chance.x / chance.y);
        if slope <= 0.0 {
            // At or beyond k/n the root lies below.
            return Point { ln: Approximate { value: 0.0, error: 0.0 }, slope: f64::MAX, bend: 0.0 };
        }
        let bend = -(m as f64) * chance.x / (chance.y * chance.y) / slope;
        Point { ln: Approximate { value, error }, slope, bend }
    })
}

/// The value of an increasing function of `ln x`, its slope in `ln x`, and its second derivative over the slope.
struct Point {
    ln: Approximate,
    slope: f64,
    bend: f64,
}

/// `ln α` made smaller by more than its rounding error and that of `α` as the nearest double to a decimal.
fn ln_below(alpha: f64) -> f64 {
    let logarithm = alpha.ln();
    // Near α = 1 the logarithm is small and α's own rounding is what counts.
    logarithm - 4.0 * f64::EPSILON * (logarithm.abs() + 1.0)
}

/// The largest probability found with `function ≤ target`, by Halley's iteration in the logarithm of the smaller of
/// probability and complement, a step to the safe side, and a check of that point with its error bound.
fn solve(guess: f64, guess_rest: f64, target: f64, function: impl Fn(Chance) -> Point) -> Lower {
    let by_success = guess <= 0.5;
    let chance = |u: f64| if by_success { Chance::of_success(u) } else { Chance::of_failure(u) };
    // In terms of `u` the function increases (probability) or decreases (complement).
    let evaluate = |u: f64| {
        let at = chance(u);
        let point = function(at);
        if by_success {
            return point;
        }
        // d/d ln y = −(y/x) d/d ln x.
        let factor = at.y / at.x;
        let slope = -factor * point.slope;
        let bend = -factor * point.bend + factor + 1.0;
        Point { slope, bend: bend.clamp(-1e300, 1e300), ..point }
    };
    let mut u = if by_success { guess } else { guess_rest }.clamp(f64::MIN_POSITIVE, 1.0 - f64::EPSILON);
    // `low` and `high` keep the root: everything tried on either side of it.
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    let mut point = evaluate(u);
    // How far the last step may have missed the root, in the function's value.
    let mut miss = 0.0;
    // The function is a logarithm: next to zero it bends on the scale of its own size.
    let scale = target.abs().min(1.0);
    for _ in 0..200 {
        let gap = point.ln.value - target;
        if (gap < 0.0) == by_success {
            low = low.max(u);
        } else {
            high = high.min(u);
        }
        miss = gap.abs();
        if miss <= point.ln.error {
            break;
        }
        let newton = gap / point.slope;
        let step = -newton / (1.0 - 0.5 * newton * point.bend).clamp(0.5, 2.0);
        let mut next = u * step.clamp(-3.0, 3.0).exp();
        // Written so that NaN falls back to bisection.
        if !(next > low && next < high) {
            next = if low > 0.0 { (low * high).sqrt() } else { 0.5 * high };
        }
        if next == u {
            break;
        }
        u = next;
        // Convergence is cubic: from here the step lands on the root but for rounding, which the check below settles.
        if miss < 3e-5 * scale {
            miss = (miss / scale).powi(3) * scale;
            break;
        }
        point = evaluate(u);
    }
    let mut margin = miss + 3.0 * point.ln.error;
    for _ in 0..64 {
        let shift = (margin / point.slope.abs()).max(2.0 * f64::EPSILON);
        let safe = if by_success { u * (-shift).exp() } else { (u * shift.exp()).min(1.0) };
        if safe >= 1.0 || safe <= 0.0 {
            return Lower::ZERO;
        }
        if evaluate(safe).ln.upper() <= target {
            return if by_success { Lower::from_p(safe) } else { Lower::from_rest(safe) };
        }
        margin = 4.0 * margin + f64::EPSILON;
    }
    Lower::ZERO
}

/// A starting value for the α-quantile of Beta(a, b) and its complement (Abramowitz and Stegun 26.5.22).
fn beta_quantile_guess(a: f64, b: f64, alpha: f64) -> (f64, f64) {
    let z = normal_quantile_guess(alpha);
    let lambda = (z * z - 3.0) / 6.0;
    let (ra, rb) = (1.0 / (2.0 * a - 1.0), 1.0 / (2.0 * b - 1.0));
    let h = 2.0 / (ra + rb);
    let w = z * (h + lambda).max(0.0).sqrt() / h - (rb - ra) * (lambda + 5.0 / 6.0 - 2.0 / (3.0 * h));
    // `w` grows as the quantile falls.
    let weight = (2.0 * w).exp();
    (a / (a + b * weight), b * weight / (a + b * weight))
}

/// The upper normal quantile, `P(Z ≥ z) = α`, to 5e-4 (Abramowitz and Stegun 26.2.23).
fn normal_quantile_guess(alpha: f64) -> f64 {
    let tail = alpha.min(1.0 - alpha).max(f64::MIN_POSITIVE);
    let t = (-2.0 * tail.ln()).sqrt();
    let fraction = (2.515_517 + t * (0.802_853 + t * 0.010_328))
        / (1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308)));
    (t - fraction).copysign(0.5 - alpha)
}

/// An upper bound on `P(X ≥ k)` for `X` binomial with `n` trials of a chance whose upper bound is `p`, `rest = 1 − p`.
pub(crate) fn tail_upper(k: u64, n: u64, chance: crate::Upper) -> f64 {
    if k == 0 {
        return 1.0;
    }
    if chance.p() >= 1.0 || k > n {
        return if k > n { 0.0 } else { 1.0 };
    }
    if chance.p() == 0.0 {
        return 0.0;
    }
    let at =
        if chance.p() <= 0.5 { Chance::of_success(chance.p()) } else { Chance::of_failure(chance.rest()) };
    let ln = tail(k, n, at).ln.upper();
    (ln.exp() * (1.0 + 8.0 * f64::EPSILON)).min(1.0)
}
