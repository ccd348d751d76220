//! [`GaussianThreat`]: ℓ2 norms under Gaussian noise.

use crate::{
    ClassBounds, Conditional, Error, Lower, Upper,
    conditional::Assumption,
    error::Parameter,
    round::{mul_down, sub_down},
};

/// An attacker who changes an input by a vector of bounded ℓ2 norm, under Gaussian noise of standard deviation `σ`.
///
/// The theorems hold for real numbers. Samplers and classifiers compute in floating point, for which they are known to fail
/// in constructed cases (Voráček and Hein 2023), so every radius is [`Conditional`] on [`Assumption::RealArithmetic`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GaussianThreat {
    sigma: f64,
}

impl GaussianThreat {
    /// Noise of standard deviation `sigma`, in the unit of the input.
    ///
    /// # Errors
    /// [`Error::Parameter`] unless `sigma` is positive and finite.
    pub fn new(sigma: f64) -> Result<Self, Error> {
        if !(sigma > 0.0 && sigma.is_finite()) {
            return Err(Error::Parameter(Parameter {
                name: "σ",
                given: sigma.to_string(),
                expected: "a positive standard deviation",
            }));
        }
        Ok(Self { sigma })
    }

    /// The ℓ2 radius around a test input: `σ Φ⁻¹(p_a)` (Cohen et al. 2019, Theorem 1 with `p_b = 1 − p_a`). `None`, to
    /// abstain, unless `p_a > ½`.
    pub fn radius(&self, top: Lower) -> Conditional<Option<f64>> {
        let radius = top.exceeds(Upper::HALF).then(|| mul_down(self.sigma, normal_quantile_lower(top)));
        Conditional::new(Assumption::RealArithmetic, radius)
    }

    /// The ℓ2 radius of the *whole* training perturbation, the root of the sum of squared norms over the examples, labels
    /// unchanged: `σ/2 (Φ⁻¹(p_a) − Φ⁻¹(p_b))` (RAB; Weber et al. 2023, Corollary 1). `None` unless `p_a > p_b`.
    pub fn training_radius(&self, bounds: &ClassBounds) -> Conditional<Option<f64>> {
        let (top, other) = (bounds.top(), bounds.runner_up());
        let radius = top.exceeds(other).then(|| {
            // −Φ⁻¹(p_b) = Φ⁻¹(1 − p_b), and 1 − p_b is bounded below.
            let gap = signed_quantile_lower(top) + signed_quantile_lower(other.complement());
            (gap * self.sigma / 2.0).next_down().next_down().max(0.0)
        });
        Conditional::new(Assumption::RealArithmetic, radius)
    }

    /// The norm of one common trigger on `examples` poisoned training examples that a training radius covers: `R/√r`.
    #[must_use]
    pub fn per_example(training_radius: f64, examples: u32) -> f64 {
        // Two roundings, of the root and of the quotient.
        (training_radius / f64::from(examples.max(1)).sqrt()).next_down().next_down()
    }
}

/// `Φ⁻¹(p)`, rounded down, for either sign.
fn signed_quantile_lower(p: Lower) -> f64 {
    if p.p() >= 0.5 {
        normal_quantile_lower(p)
    } else {
        if p.p() < SMALLEST_TAIL {
            return f64::NEG_INFINITY;
        }
        // Rounding down the quantile of a small p is rounding up the one of 1 − p.
        -(normal_quantile(p.p()) * (1.0 + RELATIVE_ERROR) + RELATIVE_ERROR)
    }
}

/// Tails below this are not told apart: `erfc` underflows soon after. A quantile of 37 is enough for any radius.
const SMALLEST_TAIL: f64 = 1e-300;

/// How far the computed quantile may be off, relatively; `erfc` errs by less than two units in the last place, and solving
/// for `z` divides that by the slope, which is at least 0.79 in logarithms per unit of `z`.
const RELATIVE_ERROR: f64 = 64.0 * f64::EPSILON;

/// `Φ⁻¹(p)` for `p ≥ ½`, rounded down and non-negative.
fn normal_quantile_lower(p: Lower) -> f64 {
    let z = normal_quantile(p.rest().clamp(SMALLEST_TAIL, 0.5));
    sub_down(z * (1.0 - RELATIVE_ERROR), RELATIVE_ERROR).max(0.0)
}

/// The `z ≥ 0` with `P(Z ≥ z) = tail`, for `0 ≤ tail ≤ ½`, by Newton's iteration on `ln erfc`.
fn normal_quantile(tail: f64) -> f64 {
    if tail <= 0.0 {
        return f64::INFINITY;
    }
    let t = (-2.0 * tail.ln()).sqrt();
    // Abramowitz and Stegun 26.2.23, good to 5e-4.
    let fraction = (2.515_517 + t * (0.802_853 + t * 0.010_328))
        / (1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308)));
    let mut z = (t - fraction).max(0.0);
    for _ in 0..8 {
        let upper = 0.5 * libm::erfc(z * std::f64::consts::FRAC_1_SQRT_2);
        let density = (-0.5 * z * z).exp() / std::f64::consts::TAU.sqrt();
        if upper <= 0.0 || density <= 0.0 {
            break;
        }
        let step = upper / density * (upper / tail).ln();
        z = (z + step).max(0.0);
        if step.abs() <= f64::EPSILON * (1.0 + z) {
            break;
        }
    }
    z
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_rounded_down_and_tight() {
        // Φ⁻¹(0.999), Φ⁻¹(0.975), Φ⁻¹(1 − 1e-12), from tables.
        for (rest, z) in [
            (0.001, 3.090_232_306_167_813_5),
            (0.025, 1.959_963_984_540_054_2),
            (1e-12, 7.034_483_825_301_131),
        ] {
            let found = normal_quantile_lower(Lower::from_rest(rest));
            assert!(found <= z && z - found < 1e-12, "{rest}: {found} {z}");
            let negative = signed_quantile_lower(Lower::from_p(rest));
            assert!(negative <= -z && -z - negative < 1e-12, "{rest}: {negative}");
        }
        assert_eq!(normal_quantile_lower(Lower::from_p(0.5)), 0.0);
    }

    #[test]
    fn sigma_is_checked_and_ties_abstain() {
        assert!(GaussianThreat::new(f64::NAN).is_err());
        assert!(GaussianThreat::new(0.0).is_err());
        let threat = GaussianThreat::new(1.0).unwrap();
        assert!(threat.radius(Lower::from_p(0.5)).statement().is_none());
        assert!(threat.radius(Lower::from_p(0.9)).statement().is_some());
    }
}
