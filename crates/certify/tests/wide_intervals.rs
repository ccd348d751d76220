//! Noise that is known only roughly: bounds hold for every law within the intervals.
//!
//! This is also what shows a sum that rounds to the wrong side. With exact rates that costs one unit in the last place, which
//! other roundings make up for; with wide intervals it costs their width.

mod oracle;

use oracle::{Q, approximately, of, one, pair::Pair, q};
use proptest::prelude::*;
use steadfast_certify::{
    FlipThreat, Group, GroupsThreat, Interval, Lower, ThreatModel, TradeOff, UniformThreat, Upper,
};

const PROBABILITIES: [&str; 9] = ["0.01", "0.2", "0.5", "0.7", "0.9", "0.97", "0.995", "0.9995", "1"];

fn between(low: f64, high: f64) -> Interval {
    Interval::new(Lower::from_p(low), Upper::from_p(high)).unwrap()
}

fn assert_holds(pair: &Pair, context: &str, bound: impl Fn(Lower) -> Lower) {
    for p in PROBABILITIES {
        let (claimed, exact) = (bound(Interval::enclosing(p).unwrap().lower()), pair.least(&q(p)));
        let exact_rest = one() - &exact;
        assert!(of(claimed.p()) <= exact, "{context}, p = {p}: {claimed:?} and {}", approximately(&exact));
        assert!(
            of(claimed.rest()) >= exact_rest,
            "{context}, p = {p}: {claimed:?} and {}",
            approximately(&exact)
        );
    }
}

fn assert_threshold_holds(threshold: Upper, pair: &Pair, context: &str) {
    let exact = pair.threshold();
    assert!(of(threshold.p()) >= exact, "{context}: {threshold:?} and {}", approximately(&exact));
    assert!(of(threshold.rest()) <= one() - exact, "{context}: {threshold:?}");
}

#[test]
fn uniform_noise() {
    for (values, low, high, truths) in [
        (2, 0.875, 0.9375, ["0.875", "0.9", "0.9375"]),
        (2, 0.25, 0.75, ["0.25", "0.5", "0.75"]),
        (3, 0.5, 0.625, ["0.5", "0.55", "0.625"]),
        (5, 0.125, 0.25, ["0.125", "0.2", "0.25"]),
    ] {
        let threat = UniformThreat::new(values, between(low, high), 9).unwrap();
        let group = GroupsThreat::new([Group::new("", values, between(low, high), 9).unwrap()]).unwrap();
        let thresholds = threat.thresholds(4);
        for r in 1..=4 {
            for truth in truths {
                let pair = Pair::coordinates(values.into(), &q(truth), r);
                let context = format!("K = {values}, β = {truth} in [{low}, {high}], r = {r}");
                assert_holds(&pair, &context, |p| threat.lower_bound(p, r));
                assert_holds(&pair, &context, |p| group.lower_bound(p, r));
                assert_threshold_holds(thresholds[r as usize], &pair, &context);
                assert_threshold_holds(group.thresholds(4)[r as usize], &pair, &context);
            }
        }
    }
}

#[test]
fn groups_of_different_noise_in_the_same_interval() {
    let wide = between(0.75, 0.875);
    for values in [2, 3, 10] {
        let groups = ["a", "b"].map(|name| Group::new(name, values, wide, 2).unwrap());
        let threat = GroupsThreat::new(groups).unwrap();
        for first in ["0.75", "0.8", "0.875"] {
            for second in ["0.75", "0.875"] {
                for (r, s) in [(1, 1), (2, 1), (2, 2), (1, 0)] {
                    let pair = Pair::coordinates(values.into(), &q(first), r);
                    let pair = pair.and(&Pair::coordinates(values.into(), &q(second), s));
                    let context = format!("K = {values}, {r} at {first}, {s} at {second}");
                    assert_holds(&pair, &context, |p| threat.lower_bound(p, r + s));
                }
            }
        }
    }
}

#[test]
fn flips() {
    for ((up_low, up_high), (down_low, down_high), ups, downs) in [
        ((0.0625, 0.125), (0.25, 0.375), ["0.0625", "0.1", "0.125"], ["0.25", "0.3", "0.375"]),
        ((0.0, 0.125), (0.25, 0.5), ["0", "0.01", "0.125"], ["0.25", "0.4", "0.5"]),
        ((0.25, 0.5), (0.25, 0.5), ["0.25", "0.3", "0.5"], ["0.25", "0.4", "0.5"]),
    ] {
        let threat = FlipThreat::new(between(up_low, up_high), between(down_low, down_high), 4, 4);
        for (raised, lowered) in [(1, 0), (0, 1), (2, 1), (1, 3)] {
            for up in ups {
                for down in downs {
                    let pair = Pair::raised(&q(up), &q(down)).power(raised);
                    let pair = pair.and(&Pair::lowered(&q(up), &q(down)).power(lowered));
                    let context = format!("p₊ = {up}, p₋ = {down}, {raised} raised, {lowered} lowered");
                    let trade_off = threat.trade_off(raised, lowered);
                    assert_holds(&pair, &context, |p| trade_off.lower(p));
                    assert_holds(&pair, &context, |p| threat.lower_bound(p, raised + lowered));
                    assert_threshold_holds(trade_off.threshold(), &pair, &context);
                }
            }
        }
    }
}

/// A law on as many outcomes as there are weights.
fn law(weights: &[u64]) -> Vec<Q> {
    let total: u64 = weights.iter().sum();
    weights.iter().map(|&weight| oracle::integer(weight) / oracle::integer(total)).collect()
}

/// An interval around a probability, wider by the given shares of it.
fn around(p: &Q, below: f64, above: f64) -> Interval {
    let p = approximately(p);
    between((p * (1.0 - below)).next_down().max(0.0), (p * (1.0 + above)).next_up().min(1.0))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn arbitrary_laws(
        weights in prop::collection::vec((0_u64..50, 0_u64..50), 2..6)
            .prop_filter("no law", |w| w.iter().any(|w| w.0 > 0) && w.iter().any(|w| w.1 > 0)),
        widths in prop::collection::vec((0.0..0.3_f64, 0.0..0.3_f64), 12),
    ) {
        let (clean, adversarial): (Vec<u64>, Vec<u64>) = weights.into_iter().unzip();
        let outcomes: Vec<(Q, Q)> = law(&clean).into_iter().zip(law(&adversarial)).collect();
        let intervals: Vec<(Interval, Interval)> = outcomes
            .iter()
            .zip(widths.chunks_exact(2))
            .map(|((p, q), widths)| (around(p, widths[0].0, widths[0].1), around(q, widths[1].0, widths[1].1)))
            .collect();
        let (pair, trade_off) = (Pair::new(&outcomes), TradeOff::from_outcomes(&intervals).unwrap());
        assert_holds(&pair, "one", |p| trade_off.lower(p));
        assert_threshold_holds(trade_off.threshold(), &pair, "one");
        let (pair, trade_off) = (pair.and(&pair), trade_off.compose(&trade_off).unwrap());
        assert_holds(&pair, "two", |p| trade_off.lower(p));
        assert_threshold_holds(trade_off.threshold(), &pair, "two");
    }
}
