//! Base classifiers on short texts: every certificate is checked on every text within its radius.
//!
//! A classifier is a table of answers to the sequences of kept tokens. Rates are eighths and texts have at most six tokens, so
//! that every probability of the smoothed classifier is an exact double.

mod oracle;

use oracle::texts::{Deletion, Laws, Text, all_texts, within};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use steadfast_certify::{
    ClassBounds, EditKind, EditThreat, Lower, NoiseFingerprint, Radius, Threat, Upper, certify_bounds,
};

const KINDS: [&[EditKind]; 6] = [
    &EditKind::ALL,
    &[EditKind::Deletion],
    &[EditKind::Insertion],
    &[EditKind::Substitution],
    &[EditKind::Transposition],
    &[EditKind::Deletion, EditKind::Insertion],
];

type Table = BTreeMap<Text, usize>;

/// What the smoothed classifier knows of a text: how much of its noise is answered with each class, and of how much.
fn masses(laws: &mut Laws, table: &Table, text: &Text, classes: usize) -> (Vec<u64>, u64) {
    let mut masses = vec![0; classes];
    for (sequence, weight) in laws.kept(text) {
        masses[table.get(sequence).copied().unwrap_or(0)] += weight;
    }
    let total = masses.iter().sum();
    (masses, total)
}

fn threat(noise: &Deletion, text: &Text, kinds: &[EditKind]) -> Threat<EditThreat> {
    let smallest = u8::from(noise.rates[0] > noise.rates[1]);
    let model = if noise.rates[0] == noise.rates[1] {
        EditThreat::uniform(noise.interval(0), text.len()).only(kinds)
    } else {
        EditThreat::per_token(noise.intervals(text), noise.interval(smallest)).only(kinds)
    };
    Threat::new(NoiseFingerprint::new("deletion", []), model)
}

/// The certified class and radius of a text.
fn certify(
    laws: &mut Laws,
    table: &Table,
    text: &Text,
    classes: usize,
    kinds: &[EditKind],
) -> Option<(usize, u32)> {
    let (masses, total) = masses(laws, table, text, classes);
    let class = (0..classes).max_by_key(|&class| masses[class]).unwrap();
    let other = (0..classes).filter(|&other| other != class).map(|other| masses[other]).max().unwrap();
    let share = |mass: u64| mass as f64 / total as f64;
    let bounds = ClassBounds::exact(
        class,
        Lower::from_p(share(masses[class])),
        Upper::from_p(share(other)),
        Some(NoiseFingerprint::new("deletion", [])),
    );
    match certify_bounds(&threat(&laws.noise, text, kinds), bounds).unwrap().radius()? {
        Radius::Count(r, _) => Some((class, r)),
        Radius::Unlimited(_) => Some((class, u32::MAX)),
        _ => unreachable!("edits are counted"),
    }
}

/// Certifies all texts of up to `longest` tokens and checks every claim within `most` edits; how many reach beyond the text.
fn check(laws: &mut Laws, table: &Table, classes: usize, longest: usize, most: u32) -> usize {
    let mut far = 0;
    for text in all_texts(2, longest) {
        for kinds in KINDS {
            let Some((class, radius)) = certify(laws, table, &text, classes, kinds) else { continue };
            far += usize::from(radius > 0);
            let Some(reached) = within(&text, kinds, &[0, 1], radius.min(most)).pop() else { continue };
            for attacked in reached {
                let (masses, _) = masses(laws, table, &attacked, classes);
                let ahead = (0..classes).all(|other| other == class || masses[other] < masses[class]);
                assert!(
                    ahead,
                    "{:?}: class {class} of {text:?} was certified against {radius} {kinds:?}, not so at {attacked:?}",
                    laws.noise
                );
            }
        }
    }
    far
}

/// Answers 1 on the kept sequences that are least likely from `clean` against `attacked`, as few of them as take away the
/// majority from class 0 at the attacked text.
fn adversarial(laws: &mut Laws, clean: &Text, attacked: &Text) -> Table {
    let (p, q) = (laws.kept(clean).clone(), laws.kept(attacked).clone());
    let total: u64 = q.values().sum();
    let weights = |sequence: &Text| {
        let of = |law: &BTreeMap<Text, u64>| u128::from(law.get(sequence).copied().unwrap_or(0));
        (of(&p), of(&q))
    };
    let mut sequences: Vec<&Text> = p.keys().chain(q.keys()).collect::<BTreeSet<_>>().into_iter().collect();
    sequences.sort_by(|a, b| {
        let ((p, q), (s, t)) = (weights(a), weights(b));
        (p * t).cmp(&(s * q))
    });
    let (mut table, mut taken) = (Table::new(), 0);
    for sequence in sequences {
        if 2 * taken >= total {
            break;
        }
        taken += q.get(sequence).copied().unwrap_or(0);
        table.insert(sequence.clone(), 1);
    }
    table
}

#[test]
fn the_worst_classifiers_flip_beyond_the_radius_and_never_within() {
    let (mut issued, mut just_beyond) = (0, [0; 4]);
    for rates in [[7, 7], [6, 6], [4, 4], [7, 5], [5, 7], [8, 7]] {
        let mut laws = Laws::new(Deletion::eighths(&rates));
        for clean in all_texts(2, 3) {
            for kinds in KINDS {
                let spheres = within(&clean, kinds, &[0, 1], 3);
                for distance in 1..spheres.len() {
                    for attacked in spheres[distance].difference(&spheres[distance - 1]) {
                        let table = adversarial(&mut laws, &clean, attacked);
                        let (masses, _) = masses(&mut laws, &table, attacked, 2);
                        assert!(masses[1] >= masses[0], "the attack takes the majority away");
                        let Some((0, radius)) = certify(&mut laws, &table, &clean, 2, kinds) else {
                            continue;
                        };
                        issued += 1;
                        assert!(
                            (radius as usize) < distance,
                            "{rates:?}: {clean:?} was certified against {radius} {kinds:?}, broken by {attacked:?}"
                        );
                        just_beyond[distance] += usize::from(radius as usize + 1 == distance);
                    }
                }
            }
        }
    }
    println!("{issued} certificates; broken just beyond their radius at distance 1, 2, 3: {just_beyond:?}");
    assert!(just_beyond[1..].iter().all(|&count| count > 10), "{just_beyond:?}");
}

#[test]
fn adversarial_tables_never_break_a_certificate() {
    let mut far = 0;
    for rates in [[7, 7], [5, 5], [7, 4], [0, 7]] {
        let mut laws = Laws::new(Deletion::eighths(&rates));
        for (clean, attacked) in [
            (vec![0, 1], vec![1, 0]),
            (vec![0], vec![1]),
            (vec![0, 1, 1], vec![1, 0]),
            (vec![0, 0], vec![0, 1, 0, 1]),
        ] {
            let table = adversarial(&mut laws, &clean, &attacked);
            far += check(&mut laws, &table, 2, 3, 2);
        }
    }
    assert!(far > 100, "only {far} certificates say anything");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(40) })]

    #[test]
    fn random_tables_never_break_a_certificate(
        rates in prop::array::uniform2(0_u64..=8),
        classes in 2_usize..4,
        bias in 0.0..1.0_f64,
        answers in prop::collection::vec((0.0..1.0_f64, 0_usize..100), 63),
    ) {
        let table: Table = all_texts(2, 5)
            .into_iter()
            .zip(answers)
            .map(|(sequence, (u, class))| (sequence, if u < bias { 0 } else { class % classes }))
            .collect();
        check(&mut Laws::new(Deletion::eighths(&rates)), &table, classes, 3, 2);
    }
}
