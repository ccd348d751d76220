//! Threats against brute force: every outcome of the noise, every allocation of the attack, in rational arithmetic.

mod oracle;

use num_traits::Zero;
use oracle::{Q, approximately, of, one, pair::Pair, q};
use proptest::prelude::*;
use steadfast_certify::{
    ClassBounds, FlipThreat, Group, GroupsThreat, Interval, Lower, Radius, ThreatModel, TradeOff,
    UniformThreat, Upper,
};

const PROBABILITIES: [&str; 12] =
    ["0", "1e-6", "0.05", "0.3", "0.45", "0.5", "0.6", "0.9", "0.99", "0.9995", "0.999999", "1"];

fn interval(text: &str) -> Interval {
    Interval::enclosing(text).unwrap()
}

/// On the safe side of the exact value, and no further from it than rounding.
fn assert_lower(bound: Lower, exact: &Q, context: &str) {
    assert!(of(bound.p()) <= *exact, "{context}: {bound:?} is above {}", approximately(exact));
    assert!(of(bound.rest()) >= one() - exact, "{context}: {bound:?} is above {}", approximately(exact));
    let distance =
        approximately(&(exact - of(bound.p()))).min(approximately(&(of(bound.rest()) - (one() - exact))));
    assert!(distance <= 2e-14, "{context}: {bound:?} is {distance:e} below {}", approximately(exact));
}

fn assert_upper(bound: Upper, exact: &Q, context: &str) {
    assert_lower(bound.complement(), &(one() - exact), context);
}

/// The lower and upper bound at several probabilities.
fn compare(pair: &Pair, context: &str, lower: impl Fn(Lower) -> Lower, upper: impl Fn(Upper) -> Upper) {
    for p in PROBABILITIES {
        let context = format!("{context}, p = {p}");
        assert_lower(lower(interval(p).lower()), &pair.least(&q(p)), &context);
        assert_upper(upper(interval(p).upper()), &pair.greatest(&q(p)), &context);
    }
}

#[test]
fn uniform_noise_over_all_outcomes() {
    // β below, at and above 1/K.
    for (values, most, keeps) in [
        (2, 6, ["0.9", "0.5", "0.3", "0.999"]),
        (3, 4, ["0.9", "1/3", "0.2", "0.6"]),
        (4, 3, ["0.7", "0.25", "0.1", "0.5"]),
        (7, 2, ["0.9", "1/7", "0.01", "0.4"]),
    ] {
        for keep in keeps {
            let threat = UniformThreat::new(values, interval(keep), 50).unwrap();
            let thresholds = threat.thresholds(most);
            for r in 1..=most {
                let context = format!("K = {values}, β = {keep}, r = {r}");
                // One outcome per combination of values of the changed coordinates.
                let pair = Pair::coordinate(values, &q(keep)).power(r);
                compare(&pair, &context, |p| threat.lower_bound(p, r), |p| threat.upper_bound(p, r));
                assert_upper(thresholds[r as usize], &pair.threshold(), &context);
            }
            assert_eq!(thresholds[0], Upper::HALF);
        }
    }
}

#[test]
fn coordinates_that_do_not_change_do_not_matter() {
    // Over three coordinates of which one changes, all 27 outcomes.
    let keep = q("0.7");
    let other = (one() - &keep) / oracle::integer(2);
    let law = |clean: [u32; 3]| {
        (0..27_u32).map(move |outcome| [outcome / 9, outcome / 3 % 3, outcome % 3]).map({
            let (keep, other) = (keep.clone(), other.clone());
            move |seen| {
                (0..3).map(|i| if seen[i] == clean[i] { keep.clone() } else { other.clone() }).product::<Q>()
            }
        })
    };
    let outcomes: Vec<(Q, Q)> = law([0, 1, 2]).zip(law([0, 0, 2])).collect();
    let pair = Pair::new(&outcomes);
    let threat = UniformThreat::new(3, interval("0.7"), 3).unwrap();
    compare(&pair, "one of three", |p| threat.lower_bound(p, 1), |p| threat.upper_bound(p, 1));
}

#[test]
fn flips_over_all_outcomes() {
    for (up, down) in [
        ("0.1", "0.1"),
        ("0.02", "0.4"),
        ("0", "0.5"),
        ("0.3", "0"),
        ("0", "0"),
        ("0.6", "0.7"),
        ("0.5", "0.5"),
        ("1", "0.2"),
    ] {
        let threat = FlipThreat::new(interval(up), interval(down), 9, 9);
        for raised in 0..=3 {
            for lowered in 0..=3 {
                let pair = Pair::raised(&q(up), &q(down)).power(raised);
                let pair = pair.and(&Pair::lowered(&q(up), &q(down)).power(lowered));
                let context = format!("p₊ = {up}, p₋ = {down}, {raised} raised, {lowered} lowered");
                let trade_off = threat.trade_off(raised, lowered);
                compare(&pair, &context, |p| trade_off.lower(p), |p| trade_off.upper(p));
                assert_upper(trade_off.threshold(), &pair.threshold(), &context);
            }
        }
    }
}

#[test]
fn the_worst_mixture_of_flips() {
    for (up, down, zeros, ones) in
        [("0.02", "0.4", 5, 2), ("0.1", "0.1", 1, 4), ("0.3", "0", 2, 2), ("0.45", "0.3", 3, 3)]
    {
        let threat = FlipThreat::new(interval(up), interval(down), zeros, ones);
        for r in 1..=4 {
            for p in PROBABILITIES {
                let exact = (0..=r)
                    .filter(|&raised| raised <= zeros && r - raised <= ones)
                    .map(|raised| {
                        let pair = Pair::raised(&q(up), &q(down)).power(raised);
                        pair.and(&Pair::lowered(&q(up), &q(down)).power(r - raised)).least(&q(p))
                    })
                    .min()
                    .unwrap();
                let bound = threat.lower_bound(interval(p).lower(), r);
                assert_lower(bound, &exact, &format!("p₊ = {up}, p₋ = {down}, r = {r}, p = {p}"));
            }
        }
        // Beyond all bits there is nothing more to flip.
        let all = zeros + ones;
        let p = Lower::from_p(0.999);
        assert_eq!(threat.lower_bound(p, all), threat.lower_bound(p, all + 5));
    }
}

/// Groups as `(K, β, cap)`.
type Groups<'a> = &'a [(u32, &'a str, u32)];

/// The least value over all ways to change up to `r` coordinates, and all of them, by trying every one.
fn worst_allocation(groups: Groups<'_>, r: u32, p: &Q, pair: &Pair, exactly: &mut Vec<Q>) {
    let Some((&(values, keep, cap), others)) = groups.split_first() else {
        exactly.push(pair.least(p));
        return;
    };
    for share in 0..=cap.min(r) {
        let pair = pair.and(&Pair::coordinates(values.into(), &q(keep), share)).merged();
        worst_allocation(others, r - share, p, &pair, exactly);
    }
}

#[test]
fn groups_over_all_allocations() {
    let cases: [Groups<'_>; 9] = [
        &[(2, "0.9", 9), (10, "0.5", 9)],
        // A cap that is used up at once.
        &[(2, "0.9", 1), (2, "0.8", 9)],
        &[(2, "0.8", 9), (2, "0.9", 2), (3, "0.6", 1)],
        // The same noise twice, written differently, and mirrored (β and 1 − β are one for two values).
        &[(2, "0.9", 2), (2, "0.9", 3)],
        &[(2, "0.9", 2), (2, "9/10", 3)],
        &[(2, "0.9", 2), (2, "0.1", 2)],
        // One group dominates the other, and β below 1/K.
        &[(3, "0.9", 2), (3, "0.5", 9), (4, "0.1", 2)],
        // A group whose changes cost nothing.
        &[(2, "0.5", 3), (2, "0.7", 1)],
        &[(5, "0.2", 2), (2, "0.5", 2), (256, "0.3", 2)],
    ];
    for groups in cases {
        let threat = GroupsThreat::new(
            groups
                .iter()
                .map(|&(values, keep, cap)| Group::new("group", values, interval(keep), cap).unwrap()),
        )
        .unwrap();
        let total: u32 = groups.iter().map(|g| g.2).sum();
        assert_eq!(threat.maximum(), Some(total));
        let thresholds = threat.thresholds(5);
        for r in 1..=5 {
            let mut at_threshold = Q::zero();
            for p in PROBABILITIES {
                let mut values = Vec::new();
                // Fewer changes are allowed too, which no attacker is better off with.
                worst_allocation(groups, r, &q(p), &Pair::unchanged(), &mut values);
                let exact = values.into_iter().min().unwrap();
                let context = format!("{groups:?}, r = {r}, p = {p}");
                assert_lower(threat.lower_bound(interval(p).lower(), r), &exact, &context);
                if exact <= oracle::half() {
                    at_threshold = at_threshold.max(q(p));
                }
            }
            if let Some(threshold) = thresholds.get(r as usize) {
                assert!(of(threshold.rest()) <= one() - at_threshold, "{groups:?}, r = {r}");
                // Just above the threshold the class survives every allocation.
                let above = one() - of(threshold.rest()) + oracle::power_of_ten(-13) * of(threshold.rest());
                let mut values = Vec::new();
                worst_allocation(groups, r, &above, &Pair::unchanged(), &mut values);
                assert!(values.into_iter().min().unwrap() > oracle::half(), "{groups:?}, r = {r}");
            } else {
                assert!(r > total);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    /// Which groups dominate which decides what is not looked at, so noises that are close to each other matter most.
    #[test]
    fn random_groups_over_all_allocations(
        groups in prop::collection::vec((2_u32..7, 1_u32..100, 1_u32..4), 2..4),
        r in 1_u32..5,
        rest in (-9.0..-0.1_f64).prop_map(f64::exp),
    ) {
        let keeps: Vec<String> = groups.iter().map(|group| format!("{}/100", group.1)).collect();
        let groups: Vec<_> = groups.iter().zip(&keeps).map(|(group, keep)| (group.0, &keep[..], group.2)).collect();
        let threat = GroupsThreat::new(
            groups.iter().map(|&(values, keep, cap)| Group::new("group", values, interval(keep), cap).unwrap()),
        )
        .unwrap();
        let mut values = Vec::new();
        worst_allocation(&groups, r, &(one() - of(rest)), &Pair::unchanged(), &mut values);
        let exact = values.into_iter().min().unwrap();
        assert_lower(threat.lower_bound(Lower::from_rest(rest), r), &exact, &format!("{groups:?}, r = {r}, {rest}"));
    }
}

#[test]
fn composition_is_the_product_law() {
    let coordinates: [&[(&str, &str)]; 4] = [
        &[("4/13", "13/50"), ("9/65", "23/100"), ("24/65", "27/100"), ("12/65", "6/25")],
        &[("1/2", "0"), ("1/3", "1/4"), ("1/6", "1/4"), ("0", "1/2")],
        // Equal ratios apart, and the same law twice.
        &[("1/4", "1/8"), ("1/4", "1/8"), ("1/2", "3/4")],
        &[("1/3", "1/3"), ("2/3", "2/3")],
    ];
    let exact = |coordinate: &[(&str, &str)]| {
        Pair::new(
            &coordinate.iter().map(|(clean, adversarial)| (q(clean), q(adversarial))).collect::<Vec<_>>(),
        )
    };
    let fast = |coordinate: &[(&str, &str)]| {
        let outcomes: Vec<_> =
            coordinate.iter().map(|(clean, adversarial)| (interval(clean), interval(adversarial))).collect();
        TradeOff::from_outcomes(&outcomes).unwrap()
    };
    for first in coordinates {
        compare(&exact(first), &format!("{first:?}"), |p| fast(first).lower(p), |p| fast(first).upper(p));
        for second in coordinates {
            let pair = exact(first).and(&exact(second));
            let trade_off = fast(first).compose(&fast(second)).unwrap();
            let context = format!("{first:?} and {second:?}");
            compare(&pair, &context, |p| trade_off.lower(p), |p| trade_off.upper(p));
            assert_upper(trade_off.threshold(), &pair.threshold(), &context);
            for p in PROBABILITIES {
                assert_eq!(pair.dual(&q(p)), pair.least(&q(p)), "{context}, p = {p}");
                let swapped = fast(second).compose(&fast(first)).unwrap().lower(interval(p).lower());
                assert!((swapped.p() - trade_off.lower(interval(p).lower()).p()).abs() < 1e-15);
            }
        }
    }
    assert!(TradeOff::from_outcomes(&[(interval("0.5"), interval("0.5"))]).is_err(), "half a law");
    assert!(
        TradeOff::from_outcomes(&[(interval("1"), interval("0.9"))]).is_err(),
        "an adversarial mass is missing"
    );
    assert!(TradeOff::from_outcomes(&[]).is_err());
}

#[test]
fn radii_are_the_largest_that_survive() {
    for (values, keep, p, other) in [
        (2, "0.9", "0.9995", "0.0005"),
        (2, "0.6", "0.99", "0.01"),
        (3, "0.5", "0.9", "0.02"),
        (4, "0.4", "0.7", "0.2"),
    ] {
        let mut radius = 0;
        while {
            let pair = Pair::coordinates(values, &q(keep), radius + 1);
            pair.least(&q(p)) > pair.greatest(&q(other))
        } {
            radius += 1;
        }
        assert!(radius > 0, "nothing to test");
        let threat = UniformThreat::new(values as u32, interval(keep), 100).unwrap();
        let bounds = ClassBounds::exact(0, interval(p).lower(), interval(other).upper(), None);
        assert_eq!(threat.radius(&bounds), Some(Radius::Count(radius, threat.unit())));
        // An input with fewer coordinates has no more to change.
        let small = UniformThreat::new(values as u32, interval(keep), radius).unwrap();
        assert_eq!(small.radius(&bounds), Some(Radius::Unlimited(small.unit())));
    }
}
