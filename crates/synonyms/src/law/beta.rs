//! [`Beta`]: the beta distribution with the mean and variance of given similarities.
//!
//! Matching the mean m and the population variance v of numbers in 0..=1 gives, with c = m(1 − m)/v − 1,
//!
//! ```text
//! a = m·c,   b = (1 − m)·c.
//! ```
//!
//! There v ≤ m(1 − m) always holds (Bhatia and Davis 2000, doi:10.1080/00029890.2000.12005203), with equality only for
//! zeros and ones. On numbers between s > 0 and 1 one has c > 0 and even a ≥ s, since the variance of a given mean is largest at the ends.
//!
//! The distribution function is the regularized incomplete beta function by its continued fraction (DLMF 8.17.22, modified Lentz
//! evaluation), about O(√max(a, b)) terms; relative error about 10⁻¹³ + 10⁻¹⁵·max(a, b), measured against exact values.

/// Numbers with a smaller variance count as equal.
const LEAST_VARIANCE: f64 = 1e-9;

/// A beta distribution.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Beta {
    a: f64,
    b: f64,
    /// −ln B(a, b).
    log_scale: f64,
}

impl Beta {
    /// The distribution with these shapes, which must be positive and finite.
    pub(crate) fn new(a: f64, b: f64) -> Self {
        Self { a, b, log_scale: libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b) }
    }

    /// The distribution with the mean and population variance of `values`, all above 0 and at most 1; `None` if they are (nearly)
    /// equal.
    pub(crate) fn with_moments_of(values: &[f64]) -> Option<Self> {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let variance = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / count;
        let common = mean * (1.0 - mean) / variance - 1.0;
        // Written so that NaN, as of an empty list, is refused.
        (variance >= LEAST_VARIANCE && common > 0.0).then(|| Self::new(mean * common, (1.0 - mean) * common))
    }

    /// Both shapes. If the second is below 2, the density is not smooth at 1.
    pub(crate) fn shapes(self) -> (f64, f64) {
        (self.a, self.b)
    }

    /// The density xᵃ(1 − x)ᵇ/B(a, b) of ln x − ln(1 − x) at `y`.
    pub(crate) fn logistic_density(self, y: f64) -> f64 {
        let log = |y: f64| if y < 0.0 { y - libm::log1p(libm::exp(y)) } else { -libm::log1p(libm::exp(-y)) };
        libm::exp(self.a * log(y) + self.b * log(-y) + self.log_scale)
    }

    /// The probability of at most `x`.
    pub(crate) fn distribution(self, x: f64) -> f64 {
        self.distribution_with(x, 1.0 - x)
    }

    /// The same, given 1 − x as well, which is more accurate near 1.
    pub(crate) fn distribution_with(self, x: f64, complement: f64) -> f64 {
        if x <= 0.0 {
            return 0.0;
        }
        if complement <= 0.0 {
            return 1.0;
        }
        let (a, b) = (self.a, self.b);
        let logs = if x < 0.5 {
            a * libm::log(x) + b * libm::log1p(-x)
        } else {
            a * libm::log1p(-complement) + b * libm::log(complement)
        };
        let front = libm::exp(logs + self.log_scale);
        // The fraction of the smaller tail converges fast.
        let probability = if x < (a + 1.0) / (a + b + 2.0) {
            front * fraction(a, b, x) / a
        } else {
            1.0 - front * fraction(b, a, complement) / b
        };
        probability.clamp(0.0, 1.0)
    }
}

/// The continued fraction 1/(1 + d₁/(1 + d₂/(1 + …))) of the incomplete beta function.
fn fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    const TERMS: u32 = 100_000;
    let away_from_zero = |value: f64| if value.abs() < TINY { TINY } else { value };
    let (mut ratio, mut inverse, mut value) = (1.0, 0.0, 1.0);
    for index in 0..TERMS {
        let m = f64::from(index / 2);
        let coefficient = match (index, index % 2) {
            (0, _) => 1.0,
            (_, 1) => -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0)),
            _ => m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m)),
        };
        if index == 0 {
            (ratio, inverse, value) = (1.0 / TINY, 1.0, 1.0);
            continue;
        }
        inverse = 1.0 / away_from_zero(1.0 + coefficient * inverse);
        ratio = away_from_zero(1.0 + coefficient / ratio);
        let change = ratio * inverse;
        value *= change;
        if (change - 1.0).abs() < 1e-14 {
            break;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Σ C(n, j) xʲ (1 − x)ⁿ⁻ʲ for j ≥ a, n = a + b − 1, for whole shapes.
    fn whole(a: u32, b: u32, x: f64) -> f64 {
        let n = a + b - 1;
        let mut term = (1.0 - x).powf(f64::from(n));
        let mut sum = 0.0;
        for j in 0..=n {
            if j >= a {
                sum += term;
            }
            term *= f64::from(n - j) / f64::from(j + 1) * x / (1.0 - x);
        }
        sum
    }

    #[test]
    fn exact_values_are_met() {
        for (a, b) in [(1, 1), (2, 5), (7, 1), (30, 12), (3, 80)] {
            let beta = Beta::new(f64::from(a), f64::from(b));
            for step in 1..100 {
                let x = f64::from(step) / 100.0;
                let (found, exact) = (beta.distribution(x), whole(a, b, x));
                assert!((found - exact).abs() <= 1e-12 * exact + 1e-13, "{a} {b} {x}: {found} {exact}");
            }
        }
        // The arcsine law.
        let beta = Beta::new(0.5, 0.5);
        for x in [1e-12, 1e-3, 0.2, 0.5, 0.9, 0.99] {
            let exact = 2.0 / std::f64::consts::PI * f64::sqrt(x).asin();
            assert!((beta.distribution(x) - exact).abs() < 1e-13, "{x}");
        }
        // Powers: Beta(a, 1) and its mirror image.
        for a in [0.01, 0.3, 4.5, 300.0, 1e5] {
            for x in [1e-9, 0.1, 0.7, 0.999, 1.0 - 1e-9] {
                let (power, mirror) = (f64::powf(x, a), -f64::exp_m1(a * f64::ln_1p(-x)));
                assert!(
                    (Beta::new(a, 1.0).distribution(x) - power).abs() < 1e-9 * power.max(1e-3),
                    "{a} {x}"
                );
                assert!((Beta::new(1.0, a).distribution(x) - mirror).abs() < 1e-9, "{a} {x}");
            }
        }
    }

    #[test]
    fn moments_are_matched() {
        let beta =
            Beta::with_moments_of(&[1.0, 0.85, 0.85, 0.85, 0.85, 0.85, 0.85, 0.85, 0.85, 0.85]).unwrap();
        let mean = beta.a / (beta.a + beta.b);
        let variance = mean * (1.0 - mean) / (beta.a + beta.b + 1.0);
        assert!((mean - 0.865).abs() < 1e-12 && (variance - 0.002_025).abs() < 1e-12);
    }

    #[test]
    fn equal_values_have_no_distribution() {
        for same in [&[][..], &[0.5], &[1.0, 1.0], &[0.7; 9], &[1.0, 1.0 - 1e-6]] {
            assert!(Beta::with_moments_of(same).is_none(), "{same:?}");
        }
        assert!(Beta::with_moments_of(&[1.0, 0.0]).is_none());
        let steepest = Beta::with_moments_of(&[1.0, 0.01]).unwrap();
        assert!(steepest.a >= 0.01 && steepest.b > 0.0, "{steepest:?}");
    }

    #[test]
    fn the_distribution_function_rises_from_0_to_1() {
        for (a, b) in [(0.01, 0.01), (0.01, 50.0), (50.0, 0.01), (3e4, 1.0), (2e5, 3e3)] {
            let beta = Beta::new(a, b);
            let mut before = 0.0;
            for step in 0..=1000 {
                let value = beta.distribution(f64::from(step) / 1000.0);
                assert!(value >= before - 1e-12 && value <= 1.0, "{a} {b} {step}");
                before = value;
            }
            assert_eq!((beta.distribution(0.0), before), (0.0, 1.0));
            assert!(!beta.distribution(f64::MIN_POSITIVE).is_nan());
        }
    }
}
