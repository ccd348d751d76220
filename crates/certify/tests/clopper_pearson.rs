//! Clopper–Pearson bounds against tails that are summed term by term with directed rounding.
//!
//! For every bound: the tail at the bound is at most α (safe), and moving the bound by 10⁻¹² of the smaller of `p` and
//! `1 − p` towards the unsafe side makes it exceed α (tight).

mod oracle;

use oracle::{Q, binomial, of, power_of_ten, q};
use proptest::prelude::*;
use steadfast_certify::confidence::{Confidence, clopper_pearson_lower, clopper_pearson_upper};

/// Worst relative error seen, and where.
type Worst = (f64, String);

/// Checks both bounds on `k` of `n` at `alpha`, which the library gets as the nearest double.
fn check(k: u64, n: u64, alpha: &str, worst: &mut Worst) {
    let confidence = Confidence::alpha(alpha.parse().unwrap()).unwrap();
    check_exactly(k, n, &q(alpha), confidence, worst);
}

fn check_exactly(k: u64, n: u64, alpha: &Q, confidence: Confidence, worst: &mut Worst) {
    let lower = clopper_pearson_lower(k, n, confidence).unwrap();
    let upper = clopper_pearson_upper(k, n, confidence).unwrap();
    for (side, k, bound) in [("lower", k, lower), ("upper", n - k, upper.complement())] {
        let error = binomial::error_of_lower(k, n, alpha, bound);
        // Large sums are worth a second look only where the Newton step leaves doubt.
        let tight =
            (n > 10_000 && error < 1e-13) || binomial::is_within(k, n, alpha, bound, &power_of_ten(-12));
        assert!(
            tight,
            "{side} bound on {k} of {n} at {}: {bound:?} is {error:e} off",
            oracle::approximately(alpha)
        );
        if error > worst.0 {
            *worst = (error, format!("{side} bound on {k} of {n} at {}", oracle::approximately(alpha)));
        }
    }
}

/// Counts at both ends, in the middle and between.
fn counts(n: u64) -> Vec<u64> {
    let mut counts: Vec<u64> = vec![0, 1, 2, 3, n / 100, n / 10, n / 2, 9 * n / 10, 99 * n / 100];
    counts.extend((0..=3).map(|d| n.saturating_sub(d)));
    counts.retain(|&k| k <= n);
    counts.sort_unstable();
    counts.dedup();
    counts
}

const LEVELS: [&str; 6] = ["0.5", "0.3", "0.05", "1e-3", "1e-6", "1e-12"];

#[test]
fn all_counts_up_to_fifty() {
    let mut worst = Worst::default();
    for n in 1..=50 {
        for k in 0..=n {
            check(k, n, LEVELS[((k + 7 * n) % 6) as usize], &mut worst);
        }
    }
    println!("{worst:?}");
}

#[test]
fn small_samples_at_every_level() {
    let mut worst = Worst::default();
    for n in [1, 2, 3, 5, 10, 100, 1_000] {
        for k in counts(n) {
            for alpha in LEVELS {
                check(k, n, alpha, &mut worst);
            }
        }
    }
    println!("{worst:?}");
}

#[test]
fn samples_of_the_papers() {
    let mut worst = Worst::default();
    for n in [10_000, 100_000] {
        for k in counts(n) {
            for alpha in LEVELS {
                check(k, n, alpha, &mut worst);
            }
        }
    }
    println!("{worst:?}");
}

#[test]
fn a_million_samples() {
    let mut worst = Worst::default();
    let n = 1_000_000;
    for k in counts(n) {
        for alpha in ["0.5", "1e-3", "1e-12"] {
            check(k, n, alpha, &mut worst);
        }
    }
    println!("{worst:?}");
}

#[test]
fn ten_million_samples() {
    let mut worst = Worst::default();
    let n = 10_000_000;
    for (k, alpha) in [
        (0, "1e-3"),
        (1, "0.5"),
        (3, "1e-12"),
        (n / 100, "1e-3"),
        (n / 2, "0.5"),
        (n / 2, "1e-12"),
        (9 * n / 10, "0.3"),
        (99 * n / 100, "1e-6"),
        (n - 3, "0.05"),
        (n - 1, "1e-12"),
        (n, "1e-3"),
    ] {
        check(k, n, alpha, &mut worst);
    }
    println!("{worst:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn random_counts((n, k) in (1_u64..=2_000).prop_flat_map(|n| (Just(n), 0..=n)), exponent in -30.0..-0.7_f64) {
        let alpha = exponent.exp();
        check_exactly(k, n, &of(alpha), Confidence::alpha(alpha).unwrap(), &mut Worst::default());
    }

    #[test]
    fn bounds_are_monotone(
        (n, k) in (1_u64..=2_000).prop_flat_map(|n| (Just(n), 0..=n)),
        exponent in -30.0..-0.7_f64,
        factor in 0.1..0.999_f64,
    ) {
        let at = |k, n, alpha: f64| clopper_pearson_lower(k, n, Confidence::alpha(alpha).unwrap()).unwrap();
        let alpha = exponent.exp();
        let bound = at(k, n, alpha);
        // More successes, more confidence spent, fewer failures: all raise the bound.
        if k < n {
            prop_assert!(at(k + 1, n, alpha).p() > bound.p());
            prop_assert!(at(k + 1, n, alpha).rest() < bound.rest());
        }
        if k > 0 {
            prop_assert!(at(k, n, alpha * factor).p() < bound.p());
            prop_assert!(at(k, n, alpha * factor).rest() > bound.rest() || bound.rest() == 1.0);
            prop_assert!(at(k, n + 1, alpha).p() < bound.p());
        }
        prop_assert!(bound.p() <= k as f64 / n as f64 || alpha > 0.3);
    }
}
