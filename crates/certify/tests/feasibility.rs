//! What it takes to certify: required votes and samples, refusals that name the number, and Holm's procedure.

mod oracle;

use oracle::{Q, binomial, of, one};
use proptest::prelude::*;
use steadfast_certify::{
    Error, Interval, Plan, UniformThreat, Upper,
    confidence::{
        Confidence, Prior, anytime_lower, check_feasible, clopper_pearson_lower, holm_at_radius,
        required_samples, required_votes,
    },
};

fn level(alpha: f64) -> Confidence {
    Confidence::alpha(alpha).unwrap()
}

/// `k` of `n` votes exceed the threshold exactly if the tail there is below α.
fn certifies(k: u64, n: u64, threshold: &Q, alpha: &Q) -> bool {
    k > 0 && binomial::tail(k, n, threshold).upper < *alpha
}

#[test]
fn required_votes_are_the_smallest_that_certify() {
    let thresholds = UniformThreat::new(2, Interval::enclosing("0.9").unwrap(), 784).unwrap().thresholds(3);
    for (n, alpha) in
        [(100, 0.05), (1_000, 1e-3), (1_000, 1e-12), (10_000, 1e-3), (10_000, 1e-6), (100_000, 1e-3)]
    {
        for threshold in &thresholds {
            let exact = one() - of(threshold.rest());
            match required_votes(n, *threshold, level(alpha)) {
                Some(k) => {
                    assert!(certifies(k, n, &exact, &of(alpha)), "{k} of {n}");
                    assert!(!certifies(k - 1, n, &exact, &of(alpha)), "{k} of {n}");
                }
                None => assert!(!certifies(n, n, &exact, &of(alpha)), "{n}"),
            }
        }
    }
    assert_eq!(required_votes(0, Upper::HALF, level(0.1)), None);
    assert_eq!(required_votes(100, Upper::ONE, level(0.1)), None);
    assert_eq!(required_votes(100, Upper::ZERO, level(0.1)), Some(1));
}

#[test]
fn a_refusal_names_the_number_of_samples_that_would_do() {
    for (rest, alpha) in [(0.5, 0.4), (0.5, 1e-3), (0.01, 1e-3), (6.9e-4, 1e-6), (1e-9, 1e-3)] {
        let threshold = Upper::from_rest(rest);
        let needed = required_samples(threshold, level(alpha)).unwrap();
        let exact = one() - of(rest);
        assert!(certifies(needed, needed, &exact, &of(alpha)));
        assert!(needed == 1 || !certifies(needed - 1, needed - 1, &exact, &of(alpha)), "{needed}");
        check_feasible(needed, threshold, level(alpha)).unwrap();
        for samples in [0, 1, needed / 2, needed - 1] {
            if samples >= needed {
                continue;
            }
            let error = check_feasible(samples, threshold, level(alpha)).unwrap_err();
            assert!(error.to_string().contains(&format!("at least {needed} samples")), "{error}");
            assert!(matches!(error, Error::TooFewSamples { needed: n, .. } if n == needed));
        }
    }
    assert_eq!(required_samples(Upper::ONE, level(0.1)), None);
    assert!(matches!(check_feasible(10, Upper::ONE, level(0.1)), Err(Error::Parameter(_))));
}

#[test]
fn plans_that_can_never_certify_are_refused_with_the_smallest_that_can() {
    let error = Plan::fixed(100, 9).unwrap().check(level(1e-3)).unwrap_err();
    assert!(error.to_string().contains("at least 10 samples"), "{error}");
    Plan::fixed(100, 10).unwrap().check(level(1e-3)).unwrap();
    // Four looks at a quarter of α each.
    let error = Plan::interim(0, [8, 9, 10, 11]).unwrap().check(level(1e-3)).unwrap_err();
    assert!(error.to_string().contains("at least 12 samples"), "{error}");

    for prior in [Prior::default(), Prior::new(20, 1).unwrap(), Prior::new(1, 20).unwrap()] {
        let plan = |n| Plan::anytime(100, n, prior).unwrap();
        let error = plan(5).check(level(1e-3)).unwrap_err();
        let Error::TooFewSamples { needed, .. } = error else { panic!("{error}") };
        plan(needed).check(level(1e-3)).unwrap();
        assert!(anytime_lower(needed, needed, prior, level(1e-3)).unwrap().p() > 0.5);
        let fewer = plan(needed - 1).check(level(1e-3));
        assert!(fewer.is_err(), "{} samples would have done instead of {needed}", needed - 1);
    }
}

#[test]
fn holm_rejects_as_exact_p_values_do() {
    // P(X ≥ k) at the threshold is the p-value; the procedure on exact ones gives the same set.
    let (n, alpha) = (400, 0.05);
    for (threshold, exact) in [(Upper::from_p(0.9), of(0.9)), (Upper::from_rest(0.05), one() - of(0.05))] {
        let counts: Vec<u64> = (0..40).map(|i| n - (i * i * 7) % 60).collect();
        let mut p_values: Vec<(Q, usize)> =
            counts.iter().enumerate().map(|(i, &k)| (binomial::tail(k, n, &exact).upper, i)).collect();
        p_values.sort();
        let mut expected = vec![false; counts.len()];
        for (rank, (p_value, i)) in p_values.iter().enumerate() {
            if *p_value > of(alpha) / oracle::integer((counts.len() - rank) as u64) {
                break;
            }
            expected[*i] = true;
        }
        assert_eq!(holm_at_radius(&counts, n, threshold, level(alpha)).unwrap(), expected);
        assert!(expected.contains(&true) && expected.contains(&false));
    }
}

#[test]
fn one_input_is_certified_by_holm_exactly_if_its_p_value_is_small_enough() {
    // With one input, Holm compares the upper bound on the tail with α itself: α next to the tail shows how close it is.
    for (k, n, threshold) in
        [(90, 100, 0.8), (995, 1_000, 0.99), (600, 1_000, 0.5), (5, 5, 0.3), (51_000, 100_000, 0.5)]
    {
        let exact = oracle::approximately(&binomial::tail(k, n, &of(threshold)).upper);
        let certified =
            |alpha| holm_at_radius(&[k], n, Upper::from_p(threshold), level(alpha)).unwrap() == [true];
        assert!(!certified(exact.next_down()), "{k} of {n}");
        assert!(certified(exact * (1.0 + 1e-10)), "{k} of {n}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn required_votes_and_bounds_agree(n in 1_u64..5_000, p in 0.01..0.999_f64, exponent in -20.0..-0.7_f64) {
        let confidence = level(exponent.exp());
        let threshold = Upper::from_p(p);
        let exceeds = |k| clopper_pearson_lower(k, n, confidence).unwrap().exceeds(threshold);
        match required_votes(n, threshold, confidence) {
            Some(k) => prop_assert!(exceeds(k) && !exceeds(k - 1)),
            None => prop_assert!(!exceeds(n)),
        }
        let needed = required_samples(threshold, confidence).unwrap();
        prop_assert_eq!(needed <= n, exceeds(n));
    }
}
