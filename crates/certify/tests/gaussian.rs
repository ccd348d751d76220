//! Gaussian radii against normal quantiles from power series.

mod oracle;

use num_traits::Signed;
use oracle::{Q, approximately, normal, of, one};
use steadfast_certify::{ClassBounds, GaussianThreat, Lower, Upper};

/// Probabilities from far below to far above one half, with many next to it.
fn probabilities() -> Vec<f64> {
    let mut probabilities = vec![1e-6, 0.01, 0.3];
    for distance in [1e-16, 1e-15, 1e-14, 1e-12, 1e-9, 1e-6, 1e-3, 0.01, 0.017, 0.1, 0.2, 0.3] {
        probabilities.extend([0.5 - distance, 0.5 + distance]);
    }
    probabilities.extend([0.5, 0.95, 0.999, 1.0 - 1e-9]);
    probabilities
}

#[test]
fn test_radii_are_rounded_down() {
    for sigma in [0.25, 1.0, 3.7] {
        let threat = GaussianThreat::new(sigma).unwrap();
        for p in probabilities() {
            let Some(found) = *threat.radius(Lower::from_p(p)).statement() else {
                assert!(p <= 0.5, "{p}");
                continue;
            };
            assert!(p > 0.5, "{p}");
            let exact = normal::quantile(&of(p)) * of(sigma);
            assert!(of(found) <= exact, "σ = {sigma}, p = {p}: {found} is above {}", approximately(&exact));
            assert!(approximately(&(exact - of(found))) < 1e-12, "σ = {sigma}, p = {p}: {found}");
        }
    }
}

#[test]
fn training_radii_are_rounded_down() {
    let threat = GaussianThreat::new(1.5).unwrap();
    let mut close = 0;
    for p in probabilities() {
        for other in probabilities().into_iter().filter(|other| other + p <= 1.0) {
            let bounds = ClassBounds::exact(0, Lower::from_p(p), Upper::from_p(other), None);
            let Some(found) = *threat.training_radius(&bounds).statement() else {
                assert!(p <= other);
                continue;
            };
            let exact: Q = of(0.75) * (normal::quantile(&of(p)) - normal::quantile(&of(other)));
            assert!(exact.is_positive());
            assert!(of(found) <= exact, "{p} and {other}: {found} is above {}", approximately(&exact));
            assert!(approximately(&(exact - of(found))) < 1e-9, "{p} and {other}: {found}");
            close += 1;
        }
    }
    assert!(close > 100);
}

#[test]
fn one_trigger_on_many_examples_has_its_share() {
    for examples in [1_u32, 2, 3, 100] {
        let share = of(GaussianThreat::per_example(0.7, examples));
        assert!(&share * &share * oracle::integer(examples.into()) <= of(0.7) * of(0.7));
    }
    assert!(one() > of(GaussianThreat::per_example(1.0, 0)));
}
