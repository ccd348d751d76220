//! The oracle against known values and against itself, before anything is measured with it.

mod oracle;

use num_traits::{Signed, Zero};
use oracle::{Q, binomial, half, integer, normal, one, pair::Pair, power_of_ten, q};

#[test]
fn numbers_are_read_exactly() {
    assert_eq!(q("0.9"), Q::new(9.into(), 10.into()));
    assert_eq!(q("-1.25e-2"), Q::new((-1).into(), 80.into()));
    assert_eq!(q("17/18"), Q::new(17.into(), 18.into()));
    assert_eq!(oracle::half_unit("1.50e3"), Some(integer(5)));
    assert!(oracle::parse("0x1").is_none() && oracle::parse("1/0").is_none());
}

#[test]
fn one_bit_by_hand() {
    let bit = Pair::coordinate(2, &q("0.9"));
    // The clean value (.9 against .1) is filled first, then the adversarial one.
    assert_eq!(bit.least(&q("0.45")), q("0.05"));
    assert_eq!(bit.least(&q("0.95")), q("0.55"));
    assert_eq!(bit.greatest(&q("0.05")), q("0.45"));
    assert_eq!(bit.threshold(), q("17/18"));
    assert_eq!(Pair::unchanged().least(&q("0.3")), q("0.3"));
}

#[test]
fn masses_without_clean_probability_are_free() {
    // A zero never becomes one: a one says that the attacker was there.
    let raised = Pair::raised(&q("0"), &q("0.4"));
    assert_eq!(raised.least(&one()), q("0.4"));
    assert_eq!(raised.greatest(&Q::zero()), q("0.6"));
    assert_eq!(raised.threshold(), one());
}

#[test]
fn formula_enumeration_dual_and_both_directions_agree() {
    for (values, keep) in
        [(2, "0.9"), (2, "0.3"), (2, "0.5"), (3, "0.6"), (3, "0.2"), (4, "0.25"), (5, "0.7")]
    {
        let keep = q(keep);
        for r in 0..=3 {
            let formula = Pair::coordinates(values.into(), &keep, r);
            let enumerated = Pair::coordinate(values, &keep).power(r);
            assert_eq!(formula.threshold(), enumerated.threshold());
            assert_eq!(enumerated.threshold(), enumerated.merged().threshold());
            for p in ["0", "0.1", "1/3", "0.5", "0.93", "0.999999", "1"].map(q) {
                let least = formula.least(&p);
                assert_eq!(least, enumerated.least(&p));
                assert_eq!(least, enumerated.dual(&p));
                assert_eq!(one() - least, formula.greatest(&(one() - p)));
            }
        }
    }
}

#[test]
fn tails_enclose_the_sum_over_all_counts() {
    for n in [1_u64, 2, 5, 17] {
        for x in ["1e-9", "0.01", "1/3", "0.5", "0.99", "0.999999999"].map(q) {
            let term = |i: u64| {
                let choose = (0..i).fold(one(), |c, j| c * integer(n - j) / integer(j + 1));
                choose
                    * num_traits::pow(x.clone(), i as usize)
                    * num_traits::pow(one() - &x, (n - i) as usize)
            };
            for k in 1..=n {
                let exact: Q = (k..=n).map(term).sum();
                let tail = binomial::tail(k, n, &x);
                assert!(tail.lower <= exact && exact <= tail.upper);
                assert!(&tail.upper - &tail.lower <= exact * power_of_ten(-50));
            }
        }
    }
}

#[test]
fn long_tails_are_narrow_and_symmetric() {
    // P(X ≥ n/2 + 1) and P(X ≤ n/2 − 1) are equal at one half, and the term between them is C(n, n/2)/2ⁿ.
    let n = 1_000_000;
    let (above, from_middle) = (binomial::tail(n / 2 + 1, n, &half()), binomial::tail(n / 2, n, &half()));
    assert!((&above.lower + &from_middle.lower - one()).abs() < power_of_ten(-45));
    assert!(&above.upper - &above.lower < power_of_ten(-45));
    // Stirling's series for the central term: (1 − 1/(4n) + 1/(32 n²) + …) / √(πn/2).
    let n = n as f64;
    let central = (1.0 - 0.25 / n + 1.0 / (32.0 * n * n)) / (std::f64::consts::PI * n / 2.0).sqrt();
    assert!((from_middle.at_k - central).abs() < 1e-15);
}

#[test]
fn series_agree_with_known_values() {
    let near = |x: &Q, y: &str| (x - q(y)).abs() < power_of_ten(-15);
    assert!(near(&normal::logarithm(&integer(10)), "2.302585092994045684"));
    assert!(near(&normal::logarithm(&q("0.001")), "-6.907755278982137052"));
    assert!(near(&normal::distribution(&q("1.959963984540054235524594430520551527955550772")), "0.975"));
    assert!(near(&normal::quantile(&q("0.001")), "-3.090232306167813541540399830107379205510"));
}
