//! Edits of short texts against brute force: every text that the edits reach, in any order, and the worst classifier on each.
//!
//! Rates are fractions, so the law of the kept tokens is a list of integers, and the Neyman–Pearson lemma gives the true
//! least probability after an attack. No bound may be above it; where the theory says that a bound is attained, it must be.

mod oracle;

use oracle::{
    approximately,
    attacks::{Attacks, PROBABILITIES, probability, slack},
    texts::{Deletion, Laws, Text, all_texts, within, within_counts, within_mixture},
};
use std::collections::BTreeMap;
use steadfast_certify::{EditCounts, EditKind, EditThreat, SignalBudget, SignalThreat, ThreatModel};

fn subsets(kinds: &[EditKind]) -> Vec<Vec<EditKind>> {
    (0_u32..1 << kinds.len())
        .map(|set| {
            let chosen = kinds.iter().enumerate().filter(|(bit, _)| set >> bit & 1 == 1);
            chosen.map(|(_, &kind)| kind).collect()
        })
        .collect()
}

fn assert_restrictions_hold(
    noise: &Deletion,
    threat: impl Fn(&Text) -> EditThreat,
    vocabulary: &[u8],
    texts: &[Text],
    most: u32,
) {
    let mut laws = Laws::new(noise.clone());
    for clean in texts {
        let mut attacks = Attacks::new(&mut laws, clean);
        for kinds in subsets(&EditKind::ALL) {
            let threat = threat(clean).only(&kinds);
            for (r, reached) in (0..).zip(within(clean, &kinds, vocabulary, most)) {
                for (&p, exact) in PROBABILITIES.iter().zip(attacks.least(&reached)) {
                    let context = || format!("{noise:?}, {clean:?}, {kinds:?}, r = {r}, p = {p}/1000");
                    slack(threat.lower_bound(probability(p).0, r), exact, context);
                }
            }
        }
    }
}

#[test]
fn one_rate_for_all_tokens_and_any_kinds_of_edits() {
    for rate in [0, 1, 4, 7, 8] {
        let uniform = |types| Deletion::eighths(&vec![rate; types]);
        let threat = |noise: &Deletion| {
            let interval = noise.interval(0);
            move |text: &Text| EditThreat::uniform(interval, text.len())
        };
        let (three, two) = (uniform(3), uniform(2));
        assert_restrictions_hold(&three, threat(&three), &[0, 1, 2], &all_texts(3, 2), 2);
        assert_restrictions_hold(
            &two,
            threat(&two),
            &[0, 1],
            &[vec![], vec![1], vec![0, 1], vec![0, 1, 0]],
            3,
        );
        assert_restrictions_hold(&two, threat(&two), &[0, 1], &[vec![0, 1, 1, 0], vec![0, 0, 1, 1]], 2);
    }
}

#[test]
fn a_rate_per_token_type_and_an_attacker_with_a_vocabulary() {
    for (rates, vocabulary) in [
        ([1, 4, 7], vec![2]),
        ([1, 4, 7], vec![0, 1, 2]),
        ([7, 2, 5], vec![1, 2]),
        ([0, 4, 8], vec![1, 2]),
        ([3, 0, 6], vec![0, 1]),
        ([8, 6, 1], vec![1]),
    ] {
        let noise = Deletion::eighths(&rates);
        let smallest = *vocabulary.iter().min_by_key(|&&token| rates[usize::from(token)]).unwrap();
        let threat = |text: &Text| EditThreat::per_token(noise.intervals(text), noise.interval(smallest));
        assert_restrictions_hold(&noise, threat, &vocabulary, &all_texts(3, 2), 2);
        assert_restrictions_hold(
            &noise,
            threat,
            &vocabulary,
            &[vec![0, 1, 2], vec![2, 0, 0], vec![1, 0, 1]],
            2,
        );
        assert_restrictions_hold(&noise, threat, &vocabulary, &[vec![0, 1], vec![2]], 3);
    }
}

#[test]
fn budgets_of_every_kind_in_every_order() {
    for rates in [[4, 4], [7, 7], [2, 6], [0, 5], [8, 3]] {
        let noise = Deletion::eighths(&rates);
        let mut laws = Laws::new(noise.clone());
        let smallest = u8::from(rates[0] > rates[1]);
        for clean in [vec![], vec![0], vec![1], vec![0, 1], vec![1, 1], vec![0, 1, 1], vec![1, 0, 1]] {
            let mut threats = vec![EditThreat::per_token(noise.intervals(&clean), noise.interval(smallest))];
            if rates[0] == rates[1] {
                threats.push(EditThreat::uniform(noise.interval(0), clean.len()));
            }
            let mut attacks = Attacks::new(&mut laws, &clean);
            let mut known = BTreeMap::new();
            for index in 0_u32..256 {
                let [deletions, insertions, substitutions, transpositions] =
                    [0, 2, 4, 6].map(|shift| index >> shift & 3);
                let counts = EditCounts { deletions, insertions, substitutions, transpositions };
                if counts.total() > 3 {
                    continue;
                }
                let reached = within_counts(&clean, counts, &[0, 1], &mut known);
                for (&p, exact) in PROBABILITIES.iter().zip(attacks.least(&reached)) {
                    for threat in &threats {
                        let context = || format!("{noise:?}, {clean:?}, {counts:?}, p = {p}/1000");
                        slack(threat.lower_bound_after(probability(p).0, &counts), exact, context);
                    }
                }
            }
        }
    }
}

#[test]
fn signal_budgets() {
    // Types 0 and 1 carry signal, type 2 does not.
    for (rates, outside, inside) in
        [([1, 1, 7], 2, 0), ([2, 4, 6], 2, 0), ([0, 3, 8], 2, 0), ([4, 4, 4], 2, 1), ([1, 0, 7], 2, 1)]
    {
        let noise = Deletion::eighths(&rates);
        let mut laws = Laws::new(noise.clone());
        for clean in [vec![], vec![0], vec![2], vec![0, 1], vec![2, 0], vec![0, 1, 2], vec![0, 2, 2, 1]] {
            let threat =
                SignalThreat::new(noise.intervals(&clean), noise.interval(outside), noise.interval(inside));
            let mut attacks = Attacks::new(&mut laws, &clean);
            let mut known = BTreeMap::new();
            for key in (0..4).flat_map(|a| (0..4).flat_map(move |b| (0..4).map(move |c| [a, b, c]))) {
                if key.iter().sum::<u32>() > 3 {
                    continue;
                }
                let reached = within_mixture(&clean, key, [outside, inside], &mut known);
                let budget = SignalBudget { outside: key[0], inside: key[1], own: key[2] };
                for (&p, exact) in PROBABILITIES.iter().zip(attacks.least(&reached)) {
                    let context = || format!("{noise:?}, {clean:?}, {budget:?}, p = {p}/1000");
                    slack(threat.lower_bound_after(probability(p).0, budget), exact, context);
                }
            }
        }
    }
}

/// Bounds that the theory calls attained, on texts where every token is of a type of its own.
#[test]
fn bounds_that_no_other_can_improve() {
    for rate in [2, 4, 6, 7] {
        let noise = Deletion::eighths(&[rate; 4]);
        let mut laws = Laws::new(noise.clone());
        for (clean, kind, most) in [
            (vec![0], EditKind::Substitution, 1),
            (vec![0, 1, 2], EditKind::Substitution, 3),
            (vec![0, 1], EditKind::Insertion, 3),
            (vec![], EditKind::Insertion, 3),
            (vec![0, 1, 2], EditKind::Deletion, 3),
            (vec![0, 1], EditKind::Transposition, 1),
        ] {
            let threat = EditThreat::uniform(noise.interval(0), clean.len()).only(&[kind]);
            for (r, reached) in (0..).zip(within(&clean, &[kind], &[3], most)) {
                for p in PROBABILITIES {
                    let (top, exact) = probability(p);
                    let context = || format!("δ = {rate}/8, {clean:?}, {r} {kind:?}, p = {p}/1000");
                    let exact = laws.least(&clean, &reached, exact);
                    let slack = slack(threat.lower_bound(top, r), exact, context);
                    assert!(slack < 1e-14, "{}: {slack:e} below what is attained", context());
                }
            }
        }
    }
}

/// A substitution is not always the worst edit once rates differ.
#[test]
fn a_transposition_can_be_worse_than_a_substitution() {
    let noise = Deletion { unit: 20, rates: vec![12, 12, 19] };
    let clean = vec![0, 1];
    let mut laws = Laws::new(noise.clone());
    let threat = EditThreat::per_token(noise.intervals(&clean), noise.interval(2));
    let (top, p) = probability(990);
    let mut least = EditKind::ALL.map(|kind| {
        let reached = &within(&clean, &[kind], &[2], 1)[1];
        let exact = laws.least(&clean, reached, p);
        let bound = threat.clone().only(&[kind]).lower_bound(top, 1);
        slack(bound, exact, || format!("{kind:?}"));
        (approximately(&exact.exact()), kind)
    });
    least.sort_by(|a, b| a.0.total_cmp(&b.0));
    assert_eq!(least[0].1, EditKind::Transposition);
    assert!((least[0].0 - 0.83).abs() < 1e-12, "{least:?}");
    let bound = threat.lower_bound(top, 1);
    assert!(bound.p() <= 0.83 && bound.p() > 0.83 - 1e-12, "{bound:?}");
}
