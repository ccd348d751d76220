//! Binomial tails without factorials, logarithms or continued fractions.
//!
//! With every term divided by the one at `k`, `P(X ≥ k) = U / (U + D)`, where `U` sums the ratios upward from `k` and `D`
//! those downward. Ratios of neighbors are `(n − j)/(j + 1) · x/(1 − x)`, and they fall as one moves away, so what is left
//! out is bounded by a geometric series. Sums are kept in fixed point, once rounded down and once rounded up.

use super::{Q, approximately, integer, of, one};
use num_bigint::BigUint;
use num_traits::{One, Zero};
use steadfast_certify::{Lower, Upper};

/// Fractional bits of a sum.
const PRECISION: u64 = 224;
/// Bits of the odds that are kept.
const ODDS: u64 = 192;
/// Terms below 2⁻¹⁷⁶ of the one at `k` are bounded instead of added.
const NEGLIGIBLE: u64 = PRECISION - 176;

/// An enclosure of `P(X ≥ k)`, and about `P(X = k)`.
#[derive(Clone, Debug)]
pub(crate) struct Tail {
    pub(crate) lower: Q,
    pub(crate) upper: Q,
    pub(crate) at_k: f64,
}

/// `P(X ≥ k)` for `X` binomial with `n` trials of chance `x`; `1 ≤ k ≤ n`, `0 < x < 1`.
pub(crate) fn tail(k: u64, n: u64, x: &Q) -> Tail {
    assert!(1 <= k && k <= n && Q::zero() < *x && *x < one());
    let odds = x / (one() - x);
    let inverse = odds.recip();
    let sums = |up: bool| {
        let above = sum(n - k, &scaled(&odds, up), up, |s| (n - k - s, k + s + 1));
        let below = sum(k, &scaled(&inverse, up), up, |s| (k - s, n - k + s + 1));
        // The term at `k` itself belongs above.
        (above + (BigUint::one() << PRECISION), below)
    };
    let ((above_low, below_low), (above_high, below_high)) = (sums(false), sums(true));
    let share = |above: &BigUint, below: &BigUint| Q::new(above.clone().into(), (above + below).into());
    let at_k = Q::new((BigUint::one() << PRECISION).into(), (&above_low + &below_low).into());
    Tail {
        lower: share(&above_low, &below_high),
        upper: share(&above_high, &below_low),
        at_k: approximately(&at_k),
    }
}

/// `m · 2⁻ᵉ` next to a rational, with about [`ODDS`] significant bits.
fn scaled(x: &Q, up: bool) -> (BigUint, u64) {
    let (numerator, denominator) = (x.numer().magnitude(), x.denom().magnitude());
    let exponent = ODDS + denominator.bits().saturating_sub(numerator.bits());
    let mantissa = (numerator << exponent) / denominator;
    (if up { mantissa + 1_u32 } else { mantissa }, exponent)
}

/// `Σ_{s=1}^{steps} Π ratios` in fixed point, where step `s` multiplies by `numerator/denominator · odds`.
fn sum(steps: u64, odds: &(BigUint, u64), up: bool, ratio: impl Fn(u64) -> (u64, u64)) -> BigUint {
    let (mantissa, exponent) = odds;
    let mut term = BigUint::one() << PRECISION;
    let mut sum = BigUint::zero();
    for s in 0..steps {
        let (numerator, denominator) = ratio(s);
        let left = mantissa * numerator;
        let right = BigUint::from(denominator) << *exponent;
        if term.bits() < NEGLIGIBLE && left < right {
            // From here on ratios are at most left/right.
            if up {
                sum += term * &left / (&right - &left) + 1_u32;
            }
            return sum;
        }
        term = (term * left) >> *exponent;
        if up {
            term += 1_u32;
        }
        term /= denominator;
        if up {
            term += 1_u32;
        }
        sum += &term;
    }
    sum
}

/// How far a Clopper–Pearson lower bound is from the exact one, relative to the smaller of `p` and `1 − p`.
///
/// # Panics
/// If it is above the exact one, in `p` or in `1 − p`.
pub(crate) fn error_of_lower(k: u64, n: u64, alpha: &Q, bound: Lower) -> f64 {
    let Some(x) = claimed(bound) else {
        assert_eq!(k, 0, "{k} of {n}: a bound of {bound:?}");
        return 0.0;
    };
    assert!(k > 0, "no successes bound nothing");
    assert!(x < one(), "{k} of {n}: {bound:?}");
    let tail = tail(k, n, &x);
    assert!(tail.upper <= *alpha, "{k} of {n} at {alpha}: {bound:?} is above the exact bound");
    // One Newton step from the bound to the root; the slope of the tail is k/x P(X = k).
    let slope = integer(k) / &x * of(tail.at_k);
    let distance = (alpha - tail.upper) / slope;
    approximately(&(distance / smaller(&x)))
}

/// Whether moving a lower bound up by `share` of the smaller of `p` and `1 − p` makes it wrong.
pub(crate) fn is_within(k: u64, n: u64, alpha: &Q, bound: Lower, share: &Q) -> bool {
    claimed(bound).is_none_or(|x| {
        let moved = &x + share * smaller(&x);
        moved >= one() || tail(k, n, &moved).lower > *alpha
    })
}

/// [`error_of_lower`] for upper bounds, of which failures instead of successes are counted.
pub(crate) fn error_of_upper(k: u64, n: u64, alpha: &Q, bound: Upper) -> f64 {
    error_of_lower(n - k, n, alpha, bound.complement())
}

/// The larger of the two values that a bound claims, by `p` and by `1 − p`; `None` for zero.
fn claimed(bound: Lower) -> Option<Q> {
    let (p, rest) = (of(bound.p()), one() - of(bound.rest()));
    let x = if p > rest { p } else { rest };
    (!x.is_zero()).then_some(x)
}

pub(crate) fn smaller(x: &Q) -> Q {
    let rest = one() - x;
    if *x < rest { x.clone() } else { rest }
}
