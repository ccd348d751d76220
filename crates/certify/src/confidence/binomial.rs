//! The binomial distribution with a bound on every rounding error.
//!
//! Tails are computed in the logarithm: the probability of one count by the deviance form (C. Loader, *Fast and accurate
//! computation of binomial probabilities*, 2000), which loses nothing for large `n`, times the continued fraction of
//! `DiDonato` and Morris (ACM TOMS 18, 1992, Eq. 9 ff.) for the incomplete beta function. For integer parameters on the
//! tail's own side of the mean that fraction has positive terms only, so its convergents enclose its value alternately and
//! rounding errors cannot be amplified. Complexity: about `√n` steps next to the mean, a dozen in the tails.
//!
//! Error bounds assume that `ln`, `ln_1p`, `exp`, `exp_m1` of the platform err by less than four units in the last place.

/// Unit roundoff of a double.
const EPSILON: f64 = f64::EPSILON / 2.0;

/// A value with a bound on its absolute error.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Approximate {
    pub(crate) value: f64,
    pub(crate) error: f64,
}

impl Approximate {
    pub(crate) fn upper(self) -> f64 {
        (self.value + self.error).next_up()
    }
}

/// A probability and its complement, one of which is exact and the other correctly rounded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chance {
    pub(crate) x: f64,
    pub(crate) y: f64,
    /// Whether `x` is the exact one.
    exact_x: bool,
}

impl Chance {
    pub(crate) fn of_success(x: f64) -> Self {
        Self { x, y: 1.0 - x, exact_x: true }
    }

    pub(crate) fn of_failure(y: f64) -> Self {
        Self { x: 1.0 - y, y, exact_x: false }
    }

    pub(crate) const fn swapped(self) -> Self {
        Self { x: self.y, y: self.x, exact_x: !self.exact_x }
    }

    /// `ln x`, accurate although one of the two is rounded.
    fn ln_x(self) -> f64 {
        if self.exact_x { self.x.ln() } else { (-self.y).ln_1p() }
    }
}

/// `ln P(X = k)` for `X` binomial with `n` trials of chance `x`; `k ≤ n`, `0 < x < 1`.
#[allow(clippy::suspicious_operation_groupings)]
pub(crate) fn ln_probability(k: u64, n: u64, chance: Chance) -> Approximate {
    if k == 0 || k == n {
        let one_sided = if k == 0 { chance.swapped() } else { chance };
        let value = if n == 0 { 0.0 } else { n as f64 * one_sided.ln_x() };
        return Approximate { value, error: 16.0 * EPSILON * value.abs() };
    }
    let (kf, mf, nf) = (k as f64, (n - k) as f64, n as f64);
    let successes = deviance(kf, nf * chance.x);
    let failures = deviance(mf, nf * chance.y);
    let scale = 0.5 * (nf / (std::f64::consts::TAU * kf * mf)).ln();
    let corrections = stirling_error(n) - stirling_error(k) - stirling_error(n - k);
    let value = scale + corrections - successes.value - failures.value;
    let magnitude = scale.abs() + 1.0 + successes.value + failures.value;
    Approximate { value, error: successes.error + failures.error + 16.0 * EPSILON * magnitude }
}

/// `ln n! − ln(√(2πn) (n/e)ⁿ)` for `n ≥ 1`, to within 2 units in the last place of a double near 1/12.
fn stirling_error(n: u64) -> f64 {
    const SMALL: [f64; 15] = [
        0.081_061_466_795_327_26,
        0.041_340_695_955_409_3,
        0.027_677_925_684_998_34,
        0.020_790_672_103_765_093,
        0.016_644_691_189_821_193,
        0.013_876_128_823_070_748,
        0.011_896_709_945_891_77,
        0.010_411_265_261_972_096,
        0.009_255_462_182_712_733,
        0.008_330_563_433_362_87,
        0.007_573_675_487_951_841,
        0.006_942_840_107_209_53,
        0.006_408_994_188_004_207,
        0.005_951_370_112_758_847_5,
        0.005_554_733_551_962_801,
    ];
    if let Some(&tabulated) = n.checked_sub(1).and_then(|index| SMALL.get(usize::try_from(index).ok()?)) {
        return tabulated;
    }
    // Stirling's series; at n = 16 the first omitted term is below 1e-17.
    let n = n as f64;
    let square = 1.0 / (n * n);
    let series = square
        * (1.0 / 1_260.0 - square * (1.0 / 1_680.0 - square * (1.0 / 1_188.0 - square * 691.0 / 360_360.0)));
    (1.0 / 12.0 - square * (1.0 / 360.0) + square * series) / n
}

/// Loader's deviance `x ln(x/m) + m − x` for positive `x` and `m`.
///
/// The error covers a relative error of 4 roundings in `m`: the derivative in `m` is `(m − x)/m`.
fn deviance(x: f64, m: f64) -> Approximate {
    let difference = x - m;
    if difference.abs() < 0.1 * (x + m) {
        let v = difference / (x + m);
        let mut value = difference * v;
        let mut term = 2.0 * x * v;
        for odd in 1..1_000_u32 {
            term *= v * v;
            let next = value + term / f64::from(2 * odd + 1);
            if next == value {
                break;
            }
            value = next;
        }
        Approximate { value, error: EPSILON * (32.0 * value.abs() + 8.0 * difference.abs()) }
    } else {
        let logarithm = x * (x / m).ln();
        let value = logarithm - difference;
        Approximate { value, error: EPSILON * (16.0 * logarithm.abs() + 32.0 * difference.abs()) }
    }
}

/// The upper tail `P(X ≥ k)` and what its derivatives are made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tail {
    /// `ln P(X ≥ k)`.
    pub(crate) ln: Approximate,
    /// `d ln P(X ≥ k) / d ln x`.
    pub(crate) slope: f64,
}

/// `P(X ≥ k)` for `X` binomial with `n` trials of chance `x`; `1 ≤ k ≤ n`, `0 < x < 1`.
pub(crate) fn tail(k: u64, n: u64, chance: Chance) -> Tail {
    let ln_probability = ln_probability(k, n, chance);
    if excess(k, n, chance) >= 0.0 {
        let fraction = continued_fraction(k, n, chance);
        let prefactor = (k as f64 * chance.y).ln();
        let ln = Approximate {
            value: prefactor + ln_probability.value + fraction.value.ln(),
            error: ln_probability.error
                + fraction.error / fraction.value
                + 16.0
                    * EPSILON
                    * (prefactor.abs() + ln_probability.value.abs() + fraction.value.ln().abs() + 1.0),
        };
        return Tail { ln, slope: 1.0 / (chance.y * fraction.value) };
    }
    // Beyond the mean the complement is the smaller tail: P(X ≥ k) = 1 − P(n − X ≥ n − k + 1).
    let below = tail(n - k + 1, n, chance.swapped()).ln;
    let rest = below.value.exp();
    let value = (-rest).ln_1p();
    let error = rest * (below.error + 16.0 * EPSILON) / (1.0 - rest) + 16.0 * EPSILON * value.abs();
    // The density of Beta(k, n − k + 1) times x, over the tail.
    let slope = k as f64 * (ln_probability.value - value).exp();
    Tail { ln: Approximate { value, error }, slope }
}

/// `k − (n + 1) x`: non-negative on the tail's side of the mean of Beta(k, n − k + 1).
///
/// From whichever of `x` and `y` is exact, and rounded once: the difference is small next to the mean, where the product is
/// large.
fn excess(k: u64, n: u64, chance: Chance) -> f64 {
    let trials = n as f64 + 1.0;
    if chance.exact_x {
        (-trials).mul_add(chance.x, k as f64)
    } else {
        trials.mul_add(chance.y, -((n - k + 1) as f64))
    }
}

/// The continued fraction `r` with `P(X ≥ k) = k y P(X = k) r`, for non-negative [`excess`].
fn continued_fraction(k: u64, n: u64, chance: Chance) -> Approximate {
    let (a, b) = (k as f64, (n - k + 1) as f64);
    let Chance { x, y, .. } = chance;
    let excess = excess(k, n, chance);
    let c = 1.0 + excess;
    let c0 = b / a;
    let inverse_a = 1.0 / a;
    let c1 = 1.0 + inverse_a;
    let (mut numerator_before, mut denominator_before) = (0.0, 1.0);
    let (mut numerator, mut denominator) = (1.0, c / c1);
    let mut value = c1 / c;
    let mut last_change = value;
    let (mut p, mut s) = (1.0, a + 1.0);
    let mut steps = 0_u32;
    // The fraction ends by itself at step b, where `w` becomes zero.
    while f64::from(steps) + 1.0 < b {
        steps += 1;
        let step = f64::from(steps);
        let t = step * inverse_a;
        let w = step * (b - step) * x;
        let inverse_s = 1.0 / s;
        let e = a * inverse_s;
        let alpha = p * (p + c0) * e * e * (w * x);
        let e = (1.0 + t) / (c1 + t + t);
        let beta = step + w * inverse_s + e * (c + step * (1.0 + y));
        p = 1.0 + t;
        s += 2.0;
        (numerator_before, numerator) = (numerator, alpha * numerator_before + beta * numerator);
        (denominator_before, denominator) = (denominator, alpha * denominator_before + beta * denominator);
        let scale = 1.0 / denominator;
        let next = numerator * scale;
        last_change = (next - value).abs();
        value = next;
        numerator_before *= scale;
        denominator_before *= scale;
        numerator = value;
        denominator = 1.0;
        if last_change <= 4.0 * EPSILON * value || steps == 1_000_000 {
            break;
        }
    }
    // Convergents alternate around the value, so the last change bounds the truncation; where the fraction ended by
    // itself there is none, and counting one is safe. Each step multiplies relative errors by (1 + ε)^c, c < 50.
    let ended = f64::from(steps) + 1.0 >= b;
    let truncation = if ended { 0.0 } else { last_change };
    let rounding = EPSILON * 50.0 * f64::from(steps + 2);
    Approximate { value, error: truncation + rounding * value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint::BigInt;
    use num_rational::BigRational;
    use num_traits::{One, ToPrimitive, Zero};

    /// P(X ≥ k) in exact rational arithmetic.
    fn exact_tail(k: u64, n: u64, x: &BigRational) -> BigRational {
        let y = BigRational::one() - x;
        let mut term = (0..n).fold(BigRational::one(), |power, _| power * &y);
        let mut sum = BigRational::zero();
        for i in 0..=n {
            if i >= k {
                sum += &term;
            }
            if i < n {
                term = term * x / &y * BigRational::new(BigInt::from(n - i), BigInt::from(i + 1));
            }
        }
        sum
    }

    #[test]
    fn tails_are_within_their_own_error_of_exact_rationals() {
        for n in [1_u64, 2, 3, 7, 20, 33] {
            for k in 1..=n {
                for numerator in [1_u32, 3, 100, 500, 512, 900, 1_023] {
                    let x = f64::from(numerator) / 1_024.0;
                    let exact = exact_tail(k, n, &BigRational::from_float(x).unwrap()).to_f64().unwrap();
                    for chance in [Chance::of_success(x), Chance::of_failure(1.0 - x)] {
                        let tail = tail(k, n, chance);
                        let error = (tail.ln.value - exact.ln()).abs();
                        assert!(error <= tail.ln.error + 4.0 * f64::EPSILON, "{k} of {n} at {x}: {error:e}");
                        assert!(
                            tail.ln.error < 1e-13 * (1.0 + exact.ln().abs()),
                            "{k} of {n} at {x}: bound {:e}",
                            tail.ln.error
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn slopes_are_derivatives() {
        for (k, n, x) in [(3, 10, 0.1), (38, 10_000, 0.002), (9_000, 10_000, 0.95), (5, 6, 0.3)] {
            let step = 1e-6;
            let at = |x: f64| tail(k, n, Chance::of_success(x)).ln.value;
            let difference = (at(x * (1.0 + step)) - at(x * (1.0 - step))) / (2.0 * step);
            let slope = tail(k, n, Chance::of_success(x)).slope;
            assert!((difference - slope).abs() <= 1e-5 * slope.abs() + 1e-6, "{difference} {slope}");
        }
    }
}
