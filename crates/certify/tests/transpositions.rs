//! Which tokens can change their order: only those within reach of the edits. Bounds by place against brute force.

mod oracle;

use oracle::{
    approximately,
    attacks::{Attacks, PROBABILITIES, probability, slack},
    texts::{Deletion, Laws, Text, Texts, all_texts, edited, within},
};
use rand_core::Rng;
use std::collections::BTreeSet;
use steadfast_certify::{
    EditCounts, EditKind, EditThreat, Interval, SignalBudget, SignalThreat, ThreatModel,
    seed::{Phase, Purpose, generator},
};

const MOVES: [&[EditKind]; 3] = [
    &[EditKind::Transposition],
    &[EditKind::Transposition, EditKind::Deletion],
    &[EditKind::Transposition, EditKind::Insertion],
];

fn threat(noise: &Deletion, text: &Text, vocabulary: u8) -> EditThreat {
    EditThreat::per_token(noise.intervals(text), noise.interval(vocabulary))
}

/// All texts of at most five words of three, and everything that up to three edits make of them that move words.
#[test]
fn moved_words() {
    for rates in [[2, 7, 7], [2, 7, 3], [0, 7, 4]] {
        let noise = Deletion::eighths(&rates);
        let mut laws = Laws::new(noise.clone());
        for clean in all_texts(3, 5) {
            let mut attacks = Attacks::new(&mut laws, &clean);
            for kinds in MOVES {
                let threat = threat(&noise, &clean, 1).only(kinds);
                let most = if kinds.contains(&EditKind::Insertion) && clean.len() > 3 { 2 } else { 3 };
                for (r, reached) in (0..).zip(within(&clean, kinds, &[1], most)) {
                    for (&p, exact) in PROBABILITIES.iter().zip(attacks.least(&reached)) {
                        let context = || format!("{noise:?}, {clean:?}, {kinds:?}, r = {r}, p = {p}/1000");
                        slack(threat.lower_bound(probability(p).0, r), exact, context);
                    }
                }
            }
        }
    }
}

/// Edits of all kinds: every text of up to four words and three edits; texts of five words of alternating rates and two edits.
#[test]
fn any_edits() {
    let noise = Deletion::eighths(&[2, 7, 7]);
    let mut laws = Laws::new(noise.clone());
    let alternating = [vec![0, 1, 0, 1, 0], vec![1, 0, 2, 0, 1], vec![0, 1, 2, 0, 1]];
    for clean in all_texts(3, 4).into_iter().chain(alternating) {
        let mut attacks = Attacks::new(&mut laws, &clean);
        let threat = threat(&noise, &clean, 1);
        let most = if clean.len() > 4 { 2 } else { 3 };
        for (r, reached) in (0..).zip(within(&clean, &EditKind::ALL, &[1, 2], most)) {
            for (&p, exact) in PROBABILITIES.iter().zip(attacks.least(&reached)) {
                let context = || format!("{clean:?}, r = {r}, p = {p}/1000");
                slack(threat.lower_bound(probability(p).0, r), exact, context);
            }
        }
    }
}

/// Random sequences of three to five edits of texts of five to seven words: what cannot be enumerated. Seeded.
#[test]
fn long_sequences() {
    let mut rng = generator(12, Phase::Training, 0, 0, Purpose::Other(1));
    let mut draw = |most: usize| rng.next_u64() as usize % most;
    for rates in [[2, 7, 2], [1, 7, 3], [3, 6, 7], [2, 8, 1]] {
        let noise = Deletion::eighths(&rates);
        let mut laws = Laws::new(noise.clone());
        for _ in 0..5_000 {
            let clean: Text = (0..5 + draw(3)).map(|_| draw(3) as u8).collect();
            let (mut text, mut counts) = (clean.clone(), EditCounts::default());
            for _ in 0..3 + draw(3) {
                // Every other edit moves a word.
                let kind = if draw(2) == 0 { EditKind::Transposition } else { EditKind::ALL[draw(4)] };
                let reached: Vec<Text> = edited(&text, kind, &[1, 2]).into_iter().collect();
                if !reached.is_empty() {
                    text = reached[draw(reached.len())].clone();
                    counts = counts.with(kind);
                }
            }
            let threat = threat(&noise, &clean, if rates[1] < rates[2] { 1 } else { 2 });
            for p in [900, 990, 1_000] {
                let (top, exact) = probability(p);
                let exact = laws.pair(&clean, &text).least(exact);
                let context = || format!("{noise:?}, {clean:?} to {text:?}, {counts:?}, p = {p}/1000");
                slack(threat.lower_bound_after(top, &counts), exact, context);
                slack(threat.lower_bound(top, counts.total()), exact, context);
            }
        }
    }
}

/// The survivors that change their order stand no further apart than removals and inversions together: on tagged words, for
/// every sequence of up to five deletions and transpositions of six words.
#[test]
fn inverted_words_are_near() {
    type Reached = BTreeSet<(Vec<usize>, usize)>;
    let clean: Vec<usize> = (0..6).collect();
    let mut reached: Reached = BTreeSet::from([(clean, 0)]);
    let mut furthest = 0;
    for _ in 0..5 {
        let more: Reached = reached
            .iter()
            .flat_map(|(words, removed)| {
                let swapped = (1..words.len()).map(|at| {
                    let mut words = words.clone();
                    words.swap(at - 1, at);
                    (words, *removed)
                });
                let shorter = (0..words.len()).map(|at| {
                    let mut words = words.clone();
                    words.remove(at);
                    (words, removed + 1)
                });
                swapped.chain(shorter).collect::<Vec<_>>()
            })
            .collect();
        reached.extend(more);
        for (words, removed) in &reached {
            let pairs = (0..words.len()).flat_map(|j| (0..j).map(move |i| (i, j)));
            let distances: Vec<usize> =
                pairs.filter(|&(i, j)| words[i] > words[j]).map(|(i, j)| words[i] - words[j]).collect();
            for &distance in &distances {
                assert!(distance <= removed + distances.len(), "{words:?}");
                furthest = furthest.max(distance);
            }
        }
    }
    assert_eq!(furthest, 5, "the ends of the text can meet");
}

/// Rates of .3 and .98 in turn: one transposition moves neighbors, of which one is nearly always gone.
#[test]
fn neighbors_of_alternating_rates() {
    let noise = Deletion { unit: 50, rates: vec![15, 49, 15, 49] };
    let clean = vec![0, 1, 2, 3];
    let mut laws = Laws::new(noise.clone());
    let (top, p) = probability(950);
    let threat = threat(&noise, &clean, 1).only(&[EditKind::Transposition]);
    let reached = &within(&clean, &[EditKind::Transposition], &[], 1)[1];
    let exact = laws.least(&clean, reached, p);
    let bound = threat.lower_bound(top, 1);
    assert!((approximately(&exact.exact()) - 0.936).abs() < 1e-12);
    assert!(slack(bound, exact, || "one transposition".to_owned()) < 1e-14, "attained");
    // The two least deleted words of the text, wherever they stand, would leave .46.
    let anywhere = EditThreat::per_token(noise.intervals(&vec![0, 2]), noise.interval(1));
    let anywhere = anywhere.only(&[EditKind::Transposition]).lower_bound(top, 1);
    assert!((anywhere.p() - 0.46).abs() < 1e-12, "{anywhere:?}");
    // Two transpositions bring words together that stood two places apart.
    let two = threat.lower_bound(top, 2).p();
    assert!((two - (0.51_f64.powi(2) - 0.05)).abs() < 1e-12, "{two}");
    let signal = SignalThreat::new(noise.intervals(&clean), noise.interval(1), noise.interval(0));
    let own = |own| signal.lower_bound_after(top, SignalBudget { own, ..SignalBudget::default() }).p();
    // To take out a word of rate .3 is worse than to move one.
    assert!((own(1) - (1.0 - 0.05 / 0.3)).abs() < 1e-12, "{}", own(1));
}

/// Nothing is lost where places do not matter.
#[test]
fn equal_rates_have_one_bound_for_all_places() {
    let rate = Interval::enclosing("0.7").unwrap();
    let (uniform, per_token) = (EditThreat::uniform(rate, 9), EditThreat::per_token([rate; 9], rate));
    for p in PROBABILITIES {
        for r in 0..12 {
            let counts = EditCounts { transpositions: r, deletions: r / 3, ..EditCounts::default() };
            let top = probability(p).0;
            let (a, b) = (uniform.lower_bound_after(top, &counts), per_token.lower_bound_after(top, &counts));
            assert!((a.p() - b.p()).abs() < 1e-14, "{a:?} {b:?}");
        }
    }
    let never_moved = Texts::from([vec![0, 1]]);
    assert_eq!(within(&vec![0, 1], &[], &[], 1)[1], never_moved);
}
