//! Certificates for texts at the ends of what can be asked: no words, more edits than words, budgets without end, rates of zero
//! and one, rates known only roughly, probabilities that are none.

mod oracle;

use oracle::{
    approximately, of, one,
    texts::{Deletion, Laws, Text, within},
    weights::Fraction,
};
use proptest::prelude::*;
use steadfast_certify::{
    AblationThreat, ClassBounds, EditCounts, EditKind, EditThreat, Interval, Lower, MaskingThreat, Radius,
    SignalBudget, SignalThreat, SubstitutionPair, SynonymThreat, ThreatModel, Upper,
};

fn interval(text: &str) -> Interval {
    Interval::enclosing(text).unwrap()
}

fn between(low: f64, high: f64) -> Interval {
    Interval::new(Lower::from_p(low), Upper::from_p(high)).unwrap()
}

fn swaps() -> Vec<SubstitutionPair> {
    vec![SubstitutionPair::new(&[(3 << 30, 1 << 31), (1 << 30, 1 << 31)]).unwrap()]
}

/// Every kind of text threat on a text of so many words.
fn threats(words: usize, rate: Interval, other: Interval) -> Vec<Box<dyn ThreatModel>> {
    let mut threats: Vec<Box<dyn ThreatModel>> = vec![
        Box::new(SignalThreat::new(vec![rate; words], other, rate)),
        Box::new(MaskingThreat::new(rate, words)),
        Box::new(AblationThreat::new(words as u32, words as u32 / 2).unwrap()),
        Box::new(SynonymThreat::new((0..words).map(|_| swaps()))),
    ];
    for kinds in 0_u32..16 {
        let allowed = EditKind::ALL.iter().enumerate().filter(|(bit, _)| kinds >> bit & 1 == 1);
        let allowed: Vec<EditKind> = allowed.map(|(_, &kind)| kind).collect();
        threats.push(Box::new(EditThreat::uniform(rate, words).only(&allowed)));
        threats.push(Box::new(EditThreat::per_token(vec![rate; words], other).only(&allowed)));
    }
    threats
}

#[test]
fn what_is_no_probability_bounds_nothing() {
    for words in [0, 1, 5] {
        for threat in threats(words, interval("0.9"), interval("0.95")) {
            for r in [0, 1, 2, 100] {
                for top in [Lower::from_p(f64::NAN), Lower::from_rest(f64::NAN), Lower::ZERO] {
                    assert_eq!(threat.lower_bound(top, r).p(), 0.0, "{threat:?}, r = {r}");
                }
                let lost = threat.upper_bound(Upper::from_p(f64::NAN), r);
                assert_eq!((lost.p(), lost.rest()), (1.0, 0.0), "{threat:?}");
            }
            let nothing = ClassBounds::exact(0, Lower::from_p(f64::NAN), Upper::from_p(f64::NAN), None);
            assert_eq!(threat.radius(&nothing), None);
        }
    }
}

#[test]
fn edits_without_end() {
    let top = Lower::from_p(0.999);
    let bounds = ClassBounds::exact(0, top, top.complement(), None);
    for words in [0, 1, 4] {
        for (rate, other) in [("0.9", "0.95"), ("0.999", "0.9"), ("0", "0.5"), ("0.5", "0")] {
            for threat in threats(words, interval(rate), interval(other)) {
                let mut before = top;
                for r in [1, 2, 3, 7, 100, 1 << 16, u32::MAX] {
                    let bound = threat.lower_bound(top, r);
                    assert!(bound.p() <= before.p() + 1e-15, "{threat:?}, r = {r}");
                    before = bound;
                }
                assert!(threat.radius(&bounds).is_some());
            }
        }
        let most = u32::MAX;
        let own = vec![interval("0.9"); words];
        let edits = EditThreat::per_token(own.clone(), interval("0.9"));
        let all = EditCounts { deletions: most, insertions: most, substitutions: most, transpositions: most };
        assert_eq!(all.total(), most, "counts do not wrap around");
        assert_eq!(edits.lower_bound_after(top, &all), Lower::ZERO);
        assert_eq!(edits.upper_bound_after(top.complement(), &all).p(), 1.0);
        assert!(!edits.survives_edits(&bounds, &all));
        let wrapping =
            EditCounts { deletions: 1, insertions: most, substitutions: 1, ..EditCounts::default() };
        assert!(!edits.survives_edits(&bounds, &wrapping));
        let signal = SignalThreat::new(own, interval("0.99"), interval("0.5"));
        for budget in [
            SignalBudget { outside: most, inside: 0, own: 0 },
            SignalBudget { outside: 0, inside: most, own: 0 },
            SignalBudget { outside: most, inside: most, own: most },
        ] {
            assert_eq!(signal.lower_bound_after(top, budget), Lower::ZERO, "{budget:?}");
        }
        // Nothing of its own is left, so nothing more can be taken.
        let own = |own| signal.lower_bound_after(top, SignalBudget { own, ..SignalBudget::default() });
        let pairs = words * words.saturating_sub(1) / 2;
        assert!((own(most).p() - own((words + pairs) as u32).p()).abs() < 1e-14);
    }
}

#[test]
fn noise_that_deletes_nothing_certifies_no_edit() {
    let certain = ClassBounds::exact(0, Lower::ONE, Upper::ZERO, None);
    let never = interval("0");
    let any = [EditKind::Deletion, EditKind::Insertion, EditKind::Substitution, EditKind::Transposition];
    for kind in any {
        for threat in [EditThreat::uniform(never, 3), EditThreat::per_token([never; 3], never)] {
            let threat = threat.only(&[kind]);
            assert_eq!(threat.radius(&certain), Some(Radius::Count(0, threat.unit())), "{kind:?}");
        }
    }
    // One word of the text that is never deleted, among others: to take it out is seen for sure.
    for kind in [EditKind::Deletion, EditKind::Substitution] {
        let own = [interval("0.9"), never, interval("0.9")];
        let threat = EditThreat::per_token(own, interval("0.95")).only(&[kind]);
        assert_eq!(threat.radius(&certain), Some(Radius::Count(0, threat.unit())), "{kind:?}");
        let signal = SignalThreat::new(own, interval("0.95"), interval("0.9"));
        let taken = SignalBudget { own: 1, ..SignalBudget::default() };
        assert_eq!(signal.lower_bound_after(Lower::ONE, taken), Lower::ZERO);
        assert!(!signal.survives_mix(&certain, taken));
    }
    // A rate that may be zero is no better. One that is only too small to be squared is not zero: what the noise can make of the
    // edited text it can make of the text, where the class is certain.
    let taken = EditCounts { deletions: 2, ..EditCounts::default() };
    let after =
        |rate| EditThreat::per_token([rate; 3], interval("0.9")).lower_bound_after(Lower::ONE, &taken);
    assert_eq!(after(between(0.0, 0.5)), Lower::ZERO);
    assert!(after(interval("1e-200")).p() > 1.0 - 1e-15);
    assert_eq!(MaskingThreat::new(never, 3).lower_bound(Lower::ONE, 1), Lower::ZERO);
    assert_eq!(AblationThreat::new(3, 3).unwrap().lower_bound(Lower::ONE, 1), Lower::ZERO);
}

#[test]
fn noise_that_deletes_everything_is_no_noise_to_the_attacker() {
    let top = Lower::from_p(0.6);
    let bounds = ClassBounds::exact(0, top, top.complement(), None);
    let limit = steadfast_certify::threat::SEARCH_LIMIT;
    for threat in
        [EditThreat::uniform(interval("1"), 4), EditThreat::per_token([interval("1"); 4], interval("1"))]
    {
        assert_eq!(threat.radius(&bounds), Some(Radius::Count(limit, threat.unit())));
        assert!(threat.lower_bound(top, limit).p() > 0.6 - 1e-12);
    }
    let masks = MaskingThreat::new(interval("1"), 4);
    assert_eq!(masks.radius(&bounds), Some(Radius::Unlimited(masks.unit())));
    let ablation = AblationThreat::new(4, 0).unwrap();
    assert_eq!(ablation.radius(&bounds), Some(Radius::Unlimited(ablation.unit())));
}

#[test]
fn rates_that_are_known_roughly() {
    let clean: Text = vec![0, 1, 0];
    for (low, high) in [([3, 5], [5, 7]), ([6, 6], [8, 8]), ([0, 2], [4, 4]), ([1, 7], [7, 8])] {
        let wide = |token: usize| between(low[token] as f64 / 8.0, high[token] as f64 / 8.0);
        let own: Vec<Interval> = clean.iter().map(|&token| wide(usize::from(token))).collect();
        for truth in [[low[0], low[1]], [high[0], high[1]], [low[0], high[1]], [high[0], low[1]]] {
            let mut laws = Laws::new(Deletion::eighths(&truth));
            for vocabulary in [0, 1] {
                let mut threats = vec![EditThreat::per_token(own.clone(), wide(vocabulary))];
                if truth[0] == truth[1] {
                    let common = between(low[0].max(low[1]) as f64 / 8.0, high[0].min(high[1]) as f64 / 8.0);
                    threats.push(EditThreat::uniform(common, clean.len()));
                }
                for kinds in
                    [&EditKind::ALL[..], &EditKind::ALL[..1], &EditKind::ALL[1..2], &EditKind::ALL[..2]]
                {
                    for (r, reached) in (0..).zip(within(&clean, kinds, &[vocabulary as u8], 2)) {
                        for thousandths in [700, 950, 1_000] {
                            let p = interval(&format!("{thousandths}/1000")).lower();
                            let exact =
                                laws.least(&clean, &reached, Fraction::new(thousandths, 1_000)).exact();
                            for threat in &threats {
                                let bound = threat.clone().only(kinds).lower_bound(p, r);
                                let context = format!("{truth:?} in {low:?} to {high:?}, {kinds:?}, r = {r}");
                                assert!(
                                    of(bound.p()) <= exact && of(bound.rest()) >= one() - &exact,
                                    "{context}: {bound:?} above {}",
                                    approximately(&exact)
                                );
                            }
                        }
                    }
                }
            }
        }
    }
}

fn rate() -> impl Strategy<Value = Interval> {
    let sharp = prop_oneof![0.0..=1.0_f64, 0.9..=1.0_f64, Just(0.0), Just(1.0), Just(1e-160)];
    let wide = (0.0..=1.0_f64, 0.0..=1.0_f64).prop_map(|(a, b)| between(a.min(b), a.max(b)));
    prop_oneof![3 => sharp.prop_map(|rate| between(rate, rate)), 1 => wide]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn bounds_fall_with_every_edit(
        own in prop::collection::vec(rate(), 0..5),
        (inserted, other) in (rate(), rate()),
        kinds in 0_u32..16,
        exponent in -12.0..0.0_f64,
        counts in prop::array::uniform4(0_u32..5),
    ) {
        let top = Lower::from_rest(exponent.exp());
        let allowed = EditKind::ALL.iter().enumerate().filter(|(bit, _)| kinds >> bit & 1 == 1);
        let allowed: Vec<EditKind> = allowed.map(|(_, &kind)| kind).collect();
        let per_token = EditThreat::per_token(own.clone(), inserted);
        let uniform = EditThreat::uniform(inserted, own.len());
        for threat in [per_token.clone().only(&allowed), uniform.clone().only(&allowed)] {
            for r in 0..12 {
                let (bound, next) = (threat.lower_bound(top, r), threat.lower_bound(top, r + 1));
                prop_assert!(next.p() <= bound.p() + 1e-14 && next.rest() >= bound.rest() - 1e-14, "{threat:?}, r = {r}");
            }
        }
        // More edits of any kind, and a threat that is restricted to fewer kinds.
        let edits = |[deletions, insertions, substitutions, transpositions]: [u32; 4]| {
            EditCounts { deletions, insertions, substitutions, transpositions }
        };
        for threat in [&per_token, &uniform] {
            let bound = threat.lower_bound_after(top, &edits(counts));
            prop_assert!(threat.lower_bound(top, edits(counts).total()).p() <= bound.p() + 1e-14);
            for kind in 0..4 {
                let mut more = counts;
                more[kind] += 1;
                prop_assert!(threat.lower_bound_after(top, &edits(more)).p() <= bound.p() + 1e-14);
            }
            prop_assert!(threat.lower_bound(top, 3).p() <= threat.clone().only(&allowed).lower_bound(top, 3).p() + 1e-14);
        }
        let signal = SignalThreat::new(own, inserted, other);
        let budget = |[outside, inside, own]: [u32; 3]| SignalBudget { outside, inside, own };
        let [a, b, c, _] = counts;
        let bound = signal.lower_bound_after(top, budget([a, b, c]));
        for more in [[a + 1, b, c], [a, b + 1, c], [a, b, c + 1]] {
            prop_assert!(signal.lower_bound_after(top, budget(more)).p() <= bound.p() + 1e-14);
        }
    }

    #[test]
    fn the_frontier_is_what_survives(
        own in prop::collection::vec(0.1..0.9_f64, 0..4),
        (outside, inside) in (0.5..0.9_f64, 0.1..0.5_f64),
        exponent in -8.0..-0.5_f64,
    ) {
        let sharp = |rate| between(rate, rate);
        let signal = SignalThreat::new(own.into_iter().map(sharp), sharp(outside), sharp(inside));
        let top = Lower::from_rest(exponent.exp());
        let bounds = ClassBounds::exact(0, top, top.complement(), None);
        let frontier = signal.frontier(&bounds);
        for budget in (0..10).flat_map(|a| (0..5).flat_map(move |b| (0..5).map(move |c| (a, b, c)))) {
            let (outside, inside, own) = budget;
            let covered = frontier.iter().any(|f| outside <= f.outside && inside <= f.inside && own <= f.own);
            prop_assert_eq!(covered, signal.survives_mix(&bounds, SignalBudget { outside, inside, own }), "{:?}", budget);
        }
        for (index, a) in frontier.iter().enumerate() {
            for b in &frontier[..index] {
                prop_assert!(a != b);
            }
        }
    }
}
