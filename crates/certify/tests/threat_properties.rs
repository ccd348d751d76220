//! What every threat must satisfy, on random parameters.

use proptest::prelude::*;
use steadfast_certify::{
    ClassBounds, FlipThreat, Group, GroupsThreat, Interval, Lower, Radius, Rate, ThreatModel, TradeOff,
    UniformThreat, Upper,
};

/// Rounding, in units of one.
const ROUNDING: f64 = 2e-14;

fn rate() -> impl Strategy<Value = Interval> {
    prop_oneof![
        (1..u32::MAX).prop_map(|numerator| Interval::from(Rate::from_numerator(numerator))),
        // Near both ends, where digits are lost.
        (1..1_000_u32).prop_map(|numerator| Interval::from(Rate::from_numerator(numerator))),
        (1..1_000_u32).prop_map(|numerator| Interval::from(Rate::from_numerator(numerator)).complement()),
    ]
}

/// Any probability, with many near one.
fn probability() -> impl Strategy<Value = Lower> {
    prop_oneof![
        (0.0..=1.0_f64).prop_map(Lower::from_p),
        (-60.0..0.0_f64).prop_map(|exponent| Lower::from_rest(exponent.exp())),
        Just(Lower::ZERO),
        Just(Lower::ONE),
        Just(Lower::from_p(0.5)),
    ]
}

fn threat() -> impl Strategy<Value = Box<dyn ThreatModel>> {
    let uniform = (2_u32..300, rate(), 1_u32..60).prop_map(|(values, keep, coordinates)| {
        Box::new(UniformThreat::new(values, keep, coordinates).unwrap()) as Box<dyn ThreatModel>
    });
    let flips = (rate(), rate(), 0_u32..12, 0_u32..12).prop_map(|(up, down, zeros, ones)| {
        Box::new(FlipThreat::new(up, down, zeros, ones)) as Box<dyn ThreatModel>
    });
    let groups = prop::collection::vec((2_u32..12, rate(), 1_u32..5), 1..4).prop_map(|groups| {
        let groups = groups.into_iter().map(|(values, keep, cap)| Group::new("", values, keep, cap).unwrap());
        Box::new(GroupsThreat::new(groups).unwrap()) as Box<dyn ThreatModel>
    });
    prop_oneof![uniform, flips, groups]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn bounds_fall_with_the_radius_and_rise_with_the_probability(
        threat in threat(),
        (p, larger) in (probability(), probability()).prop_map(|(a, b)| if a.rest() > b.rest() { (a, b) } else { (b, a) }),
        r in 0_u32..12,
    ) {
        let bound = threat.lower_bound(p, r);
        prop_assert!((0.0..=1.0).contains(&bound.p()) && (0.0..=1.0).contains(&bound.rest()));
        prop_assert!(threat.lower_bound(p, r + 1).p() <= bound.p() + ROUNDING);
        prop_assert!(threat.lower_bound(p, r + 1).rest() >= bound.rest() - ROUNDING);
        prop_assert!(threat.lower_bound(larger, r).p() >= bound.p() - ROUNDING);
        prop_assert!(bound.p() <= p.p() && bound.rest() >= p.rest(), "no attack helps");
        prop_assert_eq!(threat.lower_bound(p, 0), p);
    }

    #[test]
    fn upper_bounds_mirror_lower_bounds(threat in threat(), p in probability(), r in 0_u32..12) {
        let upper = threat.upper_bound(p.complement(), r);
        prop_assert!((upper.p() - threat.lower_bound(p, r).rest()).abs() <= ROUNDING);
        prop_assert!(upper.p() >= p.rest(), "an attack can always do nothing");
    }

    #[test]
    fn what_survives_survives_less(threat in threat(), top in probability(), other in 0.0..0.5_f64, r in 1_u32..12) {
        let bounds = ClassBounds::exact(0, top, Upper::from_p(other), None);
        if threat.survives(&bounds, r) {
            prop_assert!(threat.survives(&bounds, r - 1));
        }
    }

    #[test]
    fn dimension_does_not_matter(values in 2_u32..300, keep in rate(), p in probability(), r in 0_u32..20) {
        let [small, large] = [20, 1_000_000].map(|d| UniformThreat::new(values, keep, d).unwrap());
        prop_assert_eq!(small.lower_bound(p, r), large.lower_bound(p, r));
        prop_assert_eq!(small.thresholds(20), large.thresholds(20));
    }

    #[test]
    fn symmetric_flips_are_uniform_noise_on_two_values(flip in rate(), p in probability(), r in 0_u32..12) {
        let uniform = UniformThreat::new(2, flip.complement(), 24).unwrap();
        for (zeros, ones) in [(24, 0), (0, 24), (12, 12)] {
            let flips = FlipThreat::new(flip, flip, zeros, ones);
            let (a, b) = (flips.lower_bound(p, r), uniform.lower_bound(p, r));
            prop_assert!((a.p() - b.p()).abs() <= ROUNDING && (a.rest() - b.rest()).abs() <= ROUNDING);
        }
    }

    #[test]
    fn one_group_is_uniform_noise(values in 2_u32..300, keep in rate(), p in probability(), r in 0_u32..12) {
        let uniform = UniformThreat::new(values, keep, 12).unwrap();
        // Split in two, which merges again.
        let parts = [5, 7].map(|cap| Group::new("part", values, keep, cap).unwrap());
        let groups = GroupsThreat::new(parts).unwrap();
        let (a, b) = (groups.lower_bound(p, r), uniform.lower_bound(p, r));
        prop_assert!((a.p() - b.p()).abs() <= ROUNDING && (a.rest() - b.rest()).abs() <= ROUNDING);
        for (a, b) in groups.thresholds(12).into_iter().zip(uniform.thresholds(12)) {
            prop_assert!((a.rest() - b.rest()).abs() <= 1e-9 * b.rest() + 1e-14, "{:?} {:?}", a, b);
        }
    }

    #[test]
    fn swapping_the_values_of_bits_changes_nothing(
        up in rate(), down in rate(), p in probability(), raised in 0_u32..6, lowered in 0_u32..6,
    ) {
        let one_way = FlipThreat::new(up, down, 9, 9).trade_off(raised, lowered).lower(p);
        let other_way = FlipThreat::new(down, up, 9, 9).trade_off(lowered, raised).lower(p);
        prop_assert!((one_way.p() - other_way.p()).abs() <= ROUNDING);
    }

    #[test]
    fn the_frontier_is_where_flips_stop_surviving(
        up in 0.01..0.5_f64, down in 0.01..0.5_f64, exponent in -12.0..-0.7_f64, zeros in 0_u32..8, ones in 0_u32..8,
    ) {
        let [up, down] = [up, down].map(|rate| Interval::from(Rate::new(rate).unwrap()));
        let threat = FlipThreat::new(up, down, zeros, ones);
        let top = Lower::from_rest(exponent.exp());
        let bounds = ClassBounds::exact(0, top, top.complement(), None);
        let frontier = threat.frontier(&bounds);
        for raised in 0..=zeros {
            for lowered in 0..=ones {
                let inside = frontier.get(raised as usize).is_some_and(|&most| lowered <= most);
                prop_assert_eq!(inside, threat.survives_flips(&bounds, raised, lowered), "{} {} {:?}", raised, lowered, frontier);
            }
        }
        // A radius is a triangle under the frontier.
        if let Some(Radius::Count(r, _)) = threat.radius(&bounds) {
            for raised in 0..=r.min(zeros) {
                prop_assert!(threat.survives_flips(&bounds, raised, (r - raised).min(ones)));
            }
        }
    }

    #[test]
    fn thresholds_are_where_survival_begins(values in 2_u32..50, keep in rate(), r in 1_u32..10) {
        let threat = UniformThreat::new(values, keep, 10).unwrap();
        let threshold = threat.thresholds(10)[r as usize];
        let binary = |top: Lower| ClassBounds::exact(0, top, top.complement(), None);
        let rest = threshold.rest();
        prop_assert!(!threat.survives(&binary(Lower::from_rest(rest * (1.0 + 1e-6) + 1e-12)), r));
        if rest > 1e-280 {
            prop_assert!(threat.survives(&binary(Lower::from_rest(rest * (1.0 - 1e-6) - 1e-13)), r) || rest < 1e-6);
            prop_assert!(threat.survives(&binary(Lower::from_rest(rest * 0.99)), r));
        }
    }

    #[test]
    fn composing_coordinates_is_raising_the_radius(values in 2_u32..6, keep in rate(), p in probability(), r in 1_u32..5) {
        let threat = UniformThreat::new(values, keep, 10).unwrap();
        let coordinate = flips_of(values, keep);
        let mut product = coordinate.clone();
        for _ in 1..r {
            product = product.compose(&coordinate).unwrap();
        }
        let (a, b) = (product.lower(p), threat.lower_bound(p, r));
        prop_assert!((a.p() - b.p()).abs() <= ROUNDING, "{a:?} {b:?}");
    }
}

/// One changed coordinate as an explicit list of outcomes, one per value.
fn flips_of(values: u32, keep: Interval) -> TradeOff {
    let share = |x: f64, up: bool| {
        let share = x / f64::from(values - 1);
        if up { share.next_up() } else { share.next_down() }
    };
    let change = keep.complement();
    let other = Interval::new(
        Lower::from_p(share(change.lower().p(), false)),
        Upper::from_p(share(change.upper().p(), true)),
    )
    .unwrap();
    let mut outcomes = vec![(keep, other), (other, keep)];
    outcomes.extend((2..values).map(|_| (other, other)));
    TradeOff::from_outcomes(&outcomes).unwrap()
}
