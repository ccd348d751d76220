//! Anytime bounds against the mixture martingale in rational arithmetic.

mod oracle;

use num_bigint::BigUint;
use num_traits::{One, pow};
use oracle::{Q, of, one, power_of_ten, q};
use proptest::prelude::*;
use steadfast_certify::{
    Lower,
    confidence::{Confidence, Prior, anytime_lower, anytime_upper, clopper_pearson_lower},
};

/// The martingale at `p`: the likelihood of the votes, averaged over the prior Beta(a, b), over that at `p`.
fn martingale(k: u64, n: u64, (a, b): (u64, u64), p: &Q) -> Q {
    // ∫ q^{a+k−1} (1−q)^{b+m−1} = (a+k−1)! (b+m−1)! / (a+b+n−1)!
    let beta = |x: u64, y: u64| {
        let factorial = |m: u64| (1..=m).fold(BigUint::one(), |product, i| product * i);
        Q::new((factorial(x - 1) * factorial(y - 1)).into(), factorial(x + y - 1).into())
    };
    let m = n - k;
    beta(a + k, b + m) / beta(a, b) / (pow(p.clone(), k as usize) * pow(one() - p, m as usize))
}

/// The bound is where the martingale has reached 1/α, and not 10⁻¹⁰ further from there.
fn check(k: u64, n: u64, prior: (u64, u64), alpha: &Q, bound: Lower) {
    if k == 0 {
        assert_eq!(bound, Lower::ZERO);
        return;
    }
    let (p, rest) = (of(bound.p()), one() - of(bound.rest()));
    let p = p.max(rest);
    assert!(p > Q::from_integer(0.into()), "{k} of {n}, {prior:?}: nothing found");
    assert!(p < Q::new(k.into(), n.into()), "{k} of {n}: {bound:?} is beyond the frequency");
    let needed = alpha.recip();
    assert!(martingale(k, n, prior, &p) >= needed, "{k} of {n}, {prior:?}: {bound:?} is not reached");
    let moved = &p + power_of_ten(-10) * oracle::binomial::smaller(&p);
    assert!(martingale(k, n, prior, &moved) < needed, "{k} of {n}, {prior:?}: {bound:?} is too low");
}

#[test]
fn bounds_are_where_the_martingale_reaches_its_level() {
    for (a, b) in [(1, 1), (3, 1), (40, 2), (1, 7)] {
        let prior = Prior::new(a, b).unwrap();
        let pseudo = (u64::from(a), u64::from(b));
        for n in [1, 2, 3, 10, 33, 120] {
            for k in (0..=n).filter(|k| n < 11 || k % 10 < 2 || n - k < 3) {
                for alpha in ["0.3", "0.05", "1e-3", "1e-12"] {
                    let confidence = Confidence::alpha(alpha.parse().unwrap()).unwrap();
                    let lower = anytime_lower(k, n, prior, confidence).unwrap();
                    check(k, n, pseudo, &q(alpha), lower);
                    let upper = anytime_upper(k, n, prior, confidence).unwrap();
                    check(n - k, n, pseudo, &q(alpha), upper.complement());
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn bounds_are_monotone_and_dearer_than_one_look(
        (n, k) in (1_u64..=3_000).prop_flat_map(|n| (Just(n), 0..=n)),
        a in 1_u32..200,
        b in 1_u32..20,
        exponent in -30.0..-0.7_f64,
    ) {
        let prior = Prior::new(a, b).unwrap();
        let alpha = exponent.exp();
        let at = |k, alpha| anytime_lower(k, n, prior, Confidence::alpha(alpha).unwrap()).unwrap();
        let bound = at(k, alpha);
        if k < n {
            prop_assert!(at(k + 1, alpha).p() > bound.p());
        }
        if k > 0 {
            prop_assert!(bound.p() > 0.0);
            prop_assert!(at(k, alpha * 0.5).p() < bound.p());
        }
        // What may be read at any time is never above what may be read once.
        prop_assert!(bound.p() <= clopper_pearson_lower(k, n, Confidence::alpha(alpha).unwrap()).unwrap().p());
    }

    #[test]
    fn large_samples_give_a_bound_below_the_frequency_and_close_to_it(
        n in 1_000_000_u64..1_000_000_000,
        share in 0.01..1.0_f64,
    ) {
        let k = (n as f64 * share) as u64;
        let confidence = Confidence::alpha(1e-3).unwrap();
        let bound = anytime_lower(k, n, Prior::new(1, 1).unwrap(), confidence).unwrap().p();
        let frequency = k as f64 / n as f64;
        let deviation = (frequency * (1.0 - frequency) / n as f64).sqrt();
        prop_assert!(bound < frequency && bound > frequency - 10.0 * deviation - 40.0 / n as f64);
    }
}
