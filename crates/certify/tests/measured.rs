//! Edits against a class whose dependence on the text's tokens was measured: no bound is above what the worst classifier leaves,
//! none is below the unmeasured one, and measured counts are as rarely wrong as promised.

mod oracle;

use oracle::texts::{Deletion, Laws, Text, all_texts, edited, within};
use proptest::prelude::*;
use rand_core::Rng;
use std::collections::BTreeSet;
use steadfast_certify::{
    Bits, Certifier, ClassBounds, Confidence, EditCounts, EditKind, EditThreat, Error, Evidence, Interval,
    Lower, MeasuredEditThreat, MeasuredSignalThreat, Noise, NoiseFingerprint, Plan, Rate, RemovalBounds,
    RemovalNoise, SignalBudget, SignalThreat, SmoothedClassifier, Threat, ThreatModel, from_fn,
};

fn name() -> NoiseFingerprint {
    NoiseFingerprint::new("deletion", [])
}

/// `P(answer | the tokens at all places in `gone` are deleted)`; rates are eighths, so that doubles are exact.
fn given(noise: &Deletion, text: &Text, gone: &[usize], answer: &dyn Fn(&Text) -> bool) -> f64 {
    let rest: Text = (0..text.len()).filter(|place| !gone.contains(place)).map(|place| text[place]).collect();
    let kept = noise.kept(&rest);
    let yes: u64 = kept.iter().filter(|(sequence, _)| answer(sequence)).map(|(_, weight)| weight).sum();
    yes as f64 / noise.unit.pow(rest.len() as u32) as f64
}

/// The least `q` over all sets of one token, of two, … of `size`.
fn least_given(noise: &Deletion, text: &Text, size: usize, answer: &dyn Fn(&Text) -> bool) -> Vec<Lower> {
    let sets =
        (0_u32..1 << text.len()).map(|set| (0..text.len()).filter(|place| set >> place & 1 == 1).collect());
    let sets: Vec<Vec<usize>> = sets.collect();
    (1..=size.min(text.len()))
        .map(|size| {
            let of_size = sets.iter().filter(|set| set.len() == size);
            Lower::from_p(of_size.map(|set| given(noise, text, set, answer)).fold(1.0, f64::min))
        })
        .collect()
}

fn edits(noise: &Deletion, text: &Text, smallest: u8) -> EditThreat {
    let uniform = noise.rates.iter().all(|rate| *rate == noise.rates[0]);
    if uniform {
        EditThreat::uniform(noise.interval(0), text.len())
    } else {
        EditThreat::per_token(noise.intervals(text), noise.interval(smallest))
    }
}

fn measured(threat: EditThreat, removals: &RemovalBounds) -> Threat<MeasuredEditThreat> {
    Threat::new(name(), threat).measured(removals.clone()).unwrap()
}

/// Classifiers that are worst for `attacked`: class 1 for the sequences that are likelier under the clean text by any factor.
fn worst_classifiers(laws: &mut Laws, clean: &Text, attacked: &Text) -> Vec<BTreeSet<Text>> {
    let (clean, attacked) = (laws.kept(clean).clone(), laws.kept(attacked).clone());
    let weight = |law: &std::collections::BTreeMap<Text, u64>, sequence: &Text| {
        law.get(sequence).copied().unwrap_or(0)
    };
    let mut sequences: Vec<&Text> = clean.keys().chain(attacked.keys()).collect();
    sequences.sort();
    sequences.dedup();
    sequences.sort_by(|a, b| {
        let ratio = |x: &Text, y: &Text| u128::from(weight(&clean, x)) * u128::from(weight(&attacked, y));
        ratio(b, a).cmp(&ratio(a, b))
    });
    (1..=sequences.len()).map(|most| sequences[..most].iter().map(|&text| text.clone()).collect()).collect()
}

/// Checks the worst classifiers of every text within `most` edits; how many bounds were above the unmeasured ones.
fn attack(noise: &Deletion, clean: &Text, kinds: &[EditKind], most: u32) -> (u64, u64) {
    let vocabulary: Vec<u8> = (0..noise.rates.len() as u8).collect();
    let smallest = *vocabulary.iter().min_by_key(|&&token| noise.rates[usize::from(token)]).unwrap();
    let mut laws = Laws::new(noise.clone());
    let threat = edits(noise, clean, smallest).only(kinds);
    let (mut checked, mut better) = (0, 0);
    let mut known = BTreeSet::new();
    for (r, reached) in (0_u32..).zip(within(clean, kinds, &vocabulary, most)) {
        for attacked in reached.into_iter().filter(|text| known.insert(text.clone())) {
            for class in worst_classifiers(&mut laws, clean, &attacked) {
                let answer = |sequence: &Text| class.contains(sequence);
                let top = Lower::from_p(given(noise, clean, &[], &answer));
                let truth = given(noise, &attacked, &[], &answer);
                for size in 0..=2 {
                    let removals =
                        RemovalBounds::new(Some(name()), 1, top, least_given(noise, clean, size, &answer));
                    let with = measured(threat.clone(), &removals).lower_bound(top, r).p();
                    let without = threat.lower_bound(top, r).p();
                    assert!(
                        with <= truth,
                        "{noise:?} {clean:?} -> {attacked:?}: {with} above {truth}, r = {r}, size {size}"
                    );
                    assert!(with >= without, "{with} below {without}");
                    checked += 1;
                    better += u64::from(with > without + 1e-12);
                }
            }
        }
    }
    (checked, better)
}

#[test]
fn no_worst_classifier_is_below_the_bound() {
    let (mut checked, mut better) = (0, 0);
    let mut add = |(more, sharper)| {
        checked += more;
        better += sharper;
    };
    for rates in [[1, 4, 7], [7, 7, 7], [2, 7, 7], [6, 3, 5]] {
        let noise = Deletion::eighths(&rates);
        for clean in all_texts(3, 2) {
            add(attack(&noise, &clean, &EditKind::ALL, 3));
        }
        for clean in [vec![0, 1, 2], vec![1, 1, 0], vec![2, 0, 2]] {
            add(attack(&noise, &clean, &EditKind::ALL, 2));
        }
    }
    // Longer texts of two types, where tokens are out of each other's reach.
    for rates in [[2, 7], [7, 2], [5, 5]] {
        let noise = Deletion::eighths(&rates);
        for clean in all_texts(2, 5).into_iter().filter(|text| text.len() == 5) {
            add(attack(&noise, &clean, &[EditKind::Transposition, EditKind::Deletion], 2));
        }
        for clean in [vec![0, 1, 1, 0], vec![1, 0, 0, 1, 1], vec![0, 1, 1, 1, 0]] {
            add(attack(&noise, &clean, &[EditKind::Transposition], 3));
            add(attack(&noise, &clean, &EditKind::ALL, 1));
        }
    }
    println!("{checked} bounds, {better} above the unmeasured ones");
    assert!(better > checked / 20);
}

/// Once `q` is measured, to insert a word can be worse than to replace one.
#[test]
fn substitutions_are_not_the_worst_edits() {
    let threat = EditThreat::uniform(Interval::enclosing("0.7").unwrap(), 1);
    let top = Lower::from_p(0.7);
    let removals = RemovalBounds::new(Some(name()), 1, top, [Lower::ONE]);
    let with = measured(threat.clone(), &removals);
    let after = |edits: EditCounts| with.lower_bound_after(top, &edits).p();
    assert!((after(EditCounts { insertions: 1, ..EditCounts::default() }) - 0.49).abs() < 1e-12);
    assert!((with.lower_bound(top, 1).p() - 0.49).abs() < 1e-12);
    assert!((threat.lower_bound(top, 1).p() - 0.4).abs() < 1e-12);
}

/// Where signal and noise words alternate, two signal words are never neighbors.
#[test]
fn one_transposition_of_alternating_rates_costs_little() {
    let rates = ["0.3", "0.98", "0.3", "0.98"].map(|rate| Interval::enclosing(rate).unwrap());
    let threat = EditThreat::per_token(rates, rates[0]);
    let top = Lower::from_p(0.95);
    let after = |transpositions| {
        threat.lower_bound_after(top, &EditCounts { transpositions, ..EditCounts::default() }).p()
    };
    assert!((after(1) - 0.936).abs() < 1e-9, "{}", after(1));
    assert!((after(2) - (0.95 - 1.0 + (1.0 - 0.49_f64).powi(2))).abs() < 1e-9);
}

#[test]
fn mixed_attackers_of_signal_vocabularies() {
    // Types 0 and 1 are signal, 2 is noise.
    let noise = Deletion::eighths(&[1, 1, 7]);
    let mut better = 0;
    for clean in [vec![0, 1], vec![0, 0, 1], vec![0, 2, 1], vec![1, 1, 1]] {
        let signal = SignalThreat::new(noise.intervals(&clean), noise.interval(2), noise.interval(0));
        for (outside, inside, own) in [(0, 0, 1), (1, 0, 1), (0, 1, 1), (0, 0, 2), (1, 1, 0), (2, 0, 1)] {
            let step = |texts: BTreeSet<Text>, kinds: &[EditKind], vocabulary: &[u8]| -> BTreeSet<Text> {
                let more = texts
                    .iter()
                    .flat_map(|text| kinds.iter().flat_map(move |&kind| edited(text, kind, vocabulary)));
                more.chain(texts.iter().cloned()).collect()
            };
            let mut attacked = BTreeSet::from([clean.clone()]);
            for _ in 0..own {
                attacked = step(attacked, &[EditKind::Deletion, EditKind::Transposition], &[]);
            }
            for _ in 0..outside {
                attacked = step(attacked, &[EditKind::Insertion], &[2]);
            }
            for _ in 0..inside {
                attacked = step(attacked, &[EditKind::Insertion], &[0, 1]);
            }
            let budget = SignalBudget { outside, inside, own };
            let mut laws = Laws::new(noise.clone());
            for attacked in &attacked {
                for class in worst_classifiers(&mut laws, &clean, attacked) {
                    let answer = |sequence: &Text| class.contains(sequence);
                    let top = Lower::from_p(given(&noise, &clean, &[], &answer));
                    let removals =
                        RemovalBounds::new(Some(name()), 1, top, least_given(&noise, &clean, 2, &answer));
                    let with: Threat<MeasuredSignalThreat> =
                        Threat::new(name(), signal.clone()).measured(removals).unwrap();
                    let bound = with.lower_bound_after(top, budget).p();
                    let truth = given(&noise, attacked, &[], &answer);
                    assert!(bound <= truth, "{clean:?} -> {attacked:?}, {budget:?}: {bound} above {truth}");
                    let without = signal.lower_bound_after(top, budget).p();
                    assert!(bound >= without);
                    better += u32::from(bound > without);
                }
            }
        }
    }
    assert!(better > 100, "{better}");
    // The frontier holds a mixture that is lost without measuring.
    let signal = SignalThreat::new(
        ["0.1", "0.1", "0.98"].map(|rate| Interval::enclosing(rate).unwrap()),
        Interval::enclosing("0.98").unwrap(),
        Interval::enclosing("0.1").unwrap(),
    );
    let bounds = ClassBounds::exact(1, Lower::from_p(0.95), Lower::from_p(0.95).complement(), Some(name()));
    let removals =
        RemovalBounds::new(Some(name()), 1, bounds.top(), [Lower::from_p(0.9), Lower::from_p(0.6)]);
    let with = Threat::new(name(), signal.clone()).measured(removals).unwrap();
    let deleted = SignalBudget { own: 1, ..SignalBudget::default() };
    assert!(!signal.survives_mix(&bounds, deleted));
    assert!(
        with.lower_bound_after(bounds.top(), SignalBudget { outside: 3, ..SignalBudget::default() }).p()
            > 0.89
    );
    let frontier = with.frontier(&bounds);
    assert!(signal.frontier(&bounds).iter().all(|budget| frontier.iter().any(|wider| {
        budget.outside <= wider.outside && budget.inside <= wider.inside && budget.own <= wider.own
    })));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn bounds_fall_with_edits_and_are_never_below_the_unmeasured(
        rates in prop::collection::vec(0.05..0.999_f64, 0..8),
        inserted in 0.05..0.999_f64,
        top in 0.5..1.0_f64,
        given in prop::collection::vec(0.0..1.0_f64, 0..4),
    ) {
        let interval = |rate: f64| Interval::from(Rate::new(rate).unwrap());
        let top = Lower::from_p(top);
        let threats = [
            EditThreat::per_token(rates.iter().map(|&rate| interval(rate)), interval(inserted)),
            EditThreat::uniform(interval(inserted), rates.len()),
        ];
        for threat in threats {
            let removals = RemovalBounds::new(Some(name()), 1, top, given.iter().map(|&q| Lower::from_p(q)));
            let with = measured(threat.clone(), &removals);
            let mut last = top;
            for r in 1..6 {
                let bound = with.lower_bound(top, r);
                prop_assert!(bound.p() <= last.p() && bound.p() >= threat.lower_bound(top, r).p());
                last = bound;
            }
            // Nothing measured, and as many tokens as edits: the same as before, up to rounding.
            let none = RemovalBounds::new(Some(name()), 1, top, []);
            let difference = measured(threat.clone(), &none).lower_bound(top, 2).p() - threat.lower_bound(top, 2).p();
            prop_assert!(difference >= 0.0 && (rates.len() < 2 || difference < 1e-9), "{difference}");
            // Of another class than the measured one nothing is known.
            let bounds = ClassBounds::exact(0, top, top.complement(), Some(name()));
            prop_assert_eq!(with.radius(&bounds), threat.radius(&bounds));
        }
    }
}

/// Deletes each of some bytes at the rate one half.
#[derive(Clone, Debug)]
struct HalfDeleted;

impl Noise for HalfDeleted {
    type Input = [u8];
    type Sample = Vec<u8>;
    fn sample(&self, input: &[u8], rng: &mut dyn Rng) -> Vec<u8> {
        self.sample_with_removed(input, rng).0
    }
    fn fingerprint(&self, input: &[u8]) -> Option<NoiseFingerprint> {
        Some(NoiseFingerprint::new("half deleted", input.iter().map(|&byte| byte.into())))
    }
}

impl RemovalNoise for HalfDeleted {
    fn tokens(&self, input: &[u8]) -> usize {
        input.len()
    }
    fn sample_with_removed(&self, input: &[u8], rng: &mut dyn Rng) -> (Vec<u8>, Bits) {
        let removed: Bits = input.iter().map(|_| rng.next_u32() & 1 == 1).collect();
        let kept = input.iter().zip(removed.iter()).filter(|(_, removed)| !removed).map(|(&byte, _)| byte);
        (kept.collect(), removed)
    }
}

#[test]
fn measured_bounds_are_as_rarely_wrong_as_promised() {
    let noise = Deletion { unit: 2, rates: vec![1, 1, 1] };
    let text: Text = vec![0, 1, 2, 1];
    let alpha = 0.1;
    let runs = 1_500_u32;
    let allowed = alpha + 4.0 * (alpha * (1.0 - alpha) / f64::from(runs)).sqrt();
    let mut worst = 0.0_f64;
    // Also where the same votes choose the class.
    for (salt, selection) in [(3_u64, 10), (7, 10), (11, 10), (7, 0)] {
        let answer = move |sequence: &Text| {
            let hash = sequence
                .iter()
                .fold(salt, |hash, &token| (hash ^ u64::from(token)).wrapping_mul(0x9E37_79B9) >> 2);
            hash % 5 < 4
        };
        let exact: Vec<f64> = std::iter::once(given(&noise, &text, &[], &answer))
            .chain(least_given(&noise, &text, 2, &answer).into_iter().map(Lower::p))
            .collect();
        let classifier = from_fn(2, move |text: &Vec<u8>| usize::from(answer(text)));
        let certifier = Certifier::new(Confidence::alpha(alpha).unwrap());
        let mut wrong = 0;
        for seed in 0..u64::from(runs) {
            let plan = Plan::fixed(selection, 60).unwrap();
            let smoothed = SmoothedClassifier::new(&classifier, HalfDeleted, plan).seed(seed).threads(1);
            let votes = smoothed.count_measured(0, &text, 2).unwrap();
            let (bounds, removals) = certifier.measured_bounds(&votes).unwrap();
            if bounds.class() != 1 {
                continue;
            }
            // What was measured is told through a threat that costs nothing else.
            let threat = Threat::new(
                removals.noise().unwrap(),
                EditThreat::uniform(Interval::enclosing("0.5").unwrap(), 4),
            );
            let threat = threat.measured(removals).unwrap();
            let after = |deletions| {
                threat.lower_bound_after(bounds.top(), &EditCounts { deletions, ..EditCounts::default() }).p()
            };
            let truth = |size: usize| exact[..=size].iter().copied().fold(1.0, f64::min);
            let false_bound = bounds.top().p() > exact[0] || after(1) > truth(1) || after(2) > truth(2);
            wrong += u32::from(false_bound);
        }
        worst = worst.max(f64::from(wrong) / f64::from(runs));
    }
    println!("wrong in {worst} of the runs at α = {alpha}");
    assert!(worst <= allowed, "{worst}");
}

#[test]
fn measured_votes_are_the_votes() {
    let text = [3_u8, 1, 4, 1, 5, 9, 2, 6];
    let classifier =
        from_fn(2, |text: &Vec<u8>| usize::from(text.iter().filter(|byte| **byte < 8).count() > 1));
    let smoothed = SmoothedClassifier::new(classifier, HalfDeleted, Plan::fixed(20, 2_000).unwrap()).seed(3);
    let measured = smoothed.count_measured(7, &text, 2).unwrap();
    assert_eq!(measured.votes(), &smoothed.count(7, &text).unwrap());
    assert_eq!(measured.removals().statements(), 1 + 8 + 28);
    let certifier = Certifier::default();
    let (bounds, removals) = certifier.measured_bounds(&measured).unwrap();
    assert_eq!(bounds.evidence(), Evidence::Sampled(certifier.confidence()));
    // Bounds of the same votes at the whole confidence do not hold together with them: nothing is gained.
    let own = HalfDeleted.fingerprint(&text).unwrap();
    let plain = Threat::new(own, EditThreat::uniform(Interval::enclosing("0.5").unwrap(), 8));
    let with = plain.clone().measured(removals.clone()).unwrap();
    let alone = certifier.bounds(measured.votes()).unwrap();
    assert_ne!(alone, bounds);
    assert_eq!(with.radius(&alone), plain.radius(&alone));
    // Removals of one input are not those of another.
    let other = Threat::new(
        HalfDeleted.fingerprint(&[1, 2]).unwrap(),
        EditThreat::uniform(Interval::enclosing("0.5").unwrap(), 2),
    );
    assert!(matches!(other.measured(removals), Err(Error::NoiseMismatch { .. })));
}
