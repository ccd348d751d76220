//! Every noise end to end: worst-case classifiers, votes, certificates, and an attacker who tries every text within the budget.

mod brute_force;

use brute_force::{
    Attack, Outcome, Outcomes, Shape, Text, edited, independent, leads, probabilities, reach, worst_case,
};
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};
use steadfast_certify::{
    Certifier, ClassBounds, Confidence, EditKind, Lower, Noise, Plan, Rate, SignalBudget, SmoothedClassifier,
    Threat, certify_bounds, from_fn,
};
use steadfast_perturb::{
    Deletion, Enumeration, ExactMasking, IndependentTokenNoise, Lexicon, Masking, Row, Substitution, WordId,
};

const TOTAL: u64 = 1 << 32;

fn rate(probability: f64) -> Rate {
    Rate::new(probability).unwrap()
}

/// A lexicon with the words a, b, c, d, and an unknown id.
fn words() -> (Arc<Lexicon>, [WordId; 5]) {
    let lexicon = Arc::new(Lexicon::new());
    let [a, b, c, d] = ["a", "b", "c", "d"].map(|word| lexicon.intern(word));
    (lexicon, [a, b, c, d, WordId::from_index(1_000)])
}

fn deletion_law(noise: &Deletion, text: &[WordId]) -> Outcomes {
    independent(text.iter().map(|&word| {
        let rate = noise.rate(word);
        vec![(None, rate.value()), (Some(word), rate.complement())]
    }))
}

fn masking_law(noise: &Masking, text: &[WordId]) -> Outcomes {
    let rate = noise.rate();
    independent(
        text.iter().map(|&word| vec![(Some(WordId::MASK), rate.value()), (Some(word), rate.complement())]),
    )
}

fn exact_masking_law(kept: u32, text: &[WordId]) -> Outcomes {
    let kept = kept.min(text.len() as u32);
    let subsets: Vec<u32> = (0..1_u32 << text.len()).filter(|subset| subset.count_ones() == kept).collect();
    let mut law = Outcomes::new();
    for subset in &subsets {
        let shown =
            |(place, &word): (usize, &WordId)| if subset >> place & 1 == 1 { word } else { WordId::MASK };
        *law.entry(text.iter().enumerate().map(shown).collect()).or_default() += 1.0 / subsets.len() as f64;
    }
    law
}

fn substitution_law(noise: &Substitution, text: &[WordId]) -> Outcomes {
    independent(text.iter().map(|&word| {
        let alone = [(word, TOTAL)];
        let row = noise.weights(word).unwrap_or(&alone);
        row.iter().map(|&(word, weight)| (Some(word), weight as f64 / TOTAL as f64)).collect()
    }))
}

/// Replaces one word by any of `new`.
fn replaced(text: &[WordId], new: &[WordId]) -> Vec<Text> {
    edited(text, &[EditKind::Substitution], new)
}

#[test]
fn deletion_certificates_hold_for_all_edits_within_the_radius() {
    let (lexicon, [a, b, _, d, unknown]) = words();
    let own = [(a, rate(0.7)), (b, rate(0.95))];
    let noises = [
        Deletion::uniform(Arc::clone(&lexicon), rate(0.9)).unwrap(),
        Deletion::per_word(Arc::clone(&lexicon), own, rate(0.85)).unwrap(),
        // A word that is always kept.
        Deletion::per_word(lexicon, [(d, Rate::NEVER), (a, rate(0.8))], rate(0.9)).unwrap(),
    ];
    let kinds: [&[EditKind]; 4] =
        [&EditKind::ALL, &[EditKind::Deletion], &[EditKind::Insertion], &[EditKind::Transposition]];
    let mut seen = Outcome::default();
    for noise in &noises {
        for text in [&[a, b, a][..], &[b]] {
            for kinds in kinds {
                let threat = noise.edits(text).unwrap().only(kinds);
                let reach = reach(text, 2, |text| edited(text, kinds, &[a, d, unknown]));
                let law = |text: &[WordId]| deletion_law(noise, text);
                let outcome = Attack { noise, text, threat: &threat, reach, law: &law }.run();
                seen.certified += outcome.certified;
                seen.sharp += outcome.sharp;
            }
        }
    }
    assert!(seen.certified > 100 && seen.sharp > 10, "{seen:?}");
}

#[test]
fn deletion_certificates_hold_for_edits_within_a_vocabulary() {
    let (lexicon, [a, b, c, d, unknown]) = words();
    let own = [(a, rate(0.4)), (b, rate(0.6)), (d, rate(0.05))];
    let noise = Deletion::per_word(lexicon, own, rate(0.95)).unwrap();
    let text = [a, b];
    let mut seen = Outcome::default();
    for vocabulary in [&[c, unknown][..], &[b, c], &[]] {
        let threat = noise.edits_within(&text, vocabulary.iter().copied()).unwrap();
        let reach = reach(&text, 2, |text| edited(text, &EditKind::ALL, vocabulary));
        let law = |text: &[WordId]| deletion_law(&noise, text);
        let outcome = Attack { noise: &noise, text: &text, threat: &threat, reach, law: &law }.run();
        seen.certified += outcome.certified;
        seen.sharp += outcome.sharp;
    }
    assert!(seen.certified > 0, "{seen:?}");
}

#[test]
fn signal_certificates_hold_on_the_whole_frontier() {
    let (lexicon, [a, b, c, _, unknown]) = words();
    let noise = Deletion::per_word(lexicon, [(a, rate(0.6)), (b, rate(0.7))], rate(0.9)).unwrap();
    let text = [a, c];
    let threat = noise.signal(&text).unwrap();
    let law = |text: &[WordId]| deletion_law(&noise, text);
    let outside = |text: &[WordId]| edited(text, &[EditKind::Insertion], &[c, unknown]);
    let outcome =
        Attack { noise: &noise, text: &text, threat: &threat, reach: reach(&text, 3, outside), law: &law }
            .run();
    assert!(outcome.certified > 0 && outcome.sharp > 0, "{outcome:?}");

    // Changes one after the other, in every order: `left` counts words outside, words inside, and edits.
    let moves: [(&[EditKind], &[WordId]); 3] = [
        (&[EditKind::Insertion], &[c, unknown]),
        (&[EditKind::Insertion], &[a, b]),
        (&[EditKind::Deletion, EditKind::Transposition], &[]),
    ];
    let within = |budget: SignalBudget| {
        let SignalBudget { outside, inside, own } = budget;
        let mut reached = BTreeSet::from([(text.to_vec(), [outside, inside, own])]);
        let mut fresh: Vec<_> = reached.iter().cloned().collect();
        while let Some((text, left)) = fresh.pop() {
            for (number, (kinds, words)) in moves.iter().enumerate().filter(|(number, _)| left[*number] > 0) {
                let mut after = left;
                after[number] -= 1;
                let next = edited(&text, kinds, words).into_iter().map(|text| (text, after));
                fresh.extend(next.filter(|next| reached.insert(next.clone())));
            }
        }
        reached.into_iter().map(|(text, _)| text).collect::<BTreeSet<Text>>()
    };
    let clean = law(&text);
    let (mut mixed, mut laws) = (0, HashMap::new());
    for target in within(SignalBudget { outside: 1, inside: 1, own: 1 }) {
        for share in [0.7, 0.9, 0.97, 0.995] {
            let answers = worst_case(&clean, &law(&target), Shape::filled(share));
            let top = Lower::from_p(probabilities(&clean, &answers)[1] - 1e-13);
            let bounds = ClassBounds::exact(1, top, top.complement(), noise.fingerprint(&text));
            for budget in threat.frontier(&bounds) {
                let SignalBudget { outside, inside, own } = budget;
                mixed += usize::from(inside + own > 0);
                let budget = SignalBudget { outside: outside.min(2), inside: inside.min(1), own: own.min(2) };
                let attacked = laws
                    .entry(budget)
                    .or_insert_with(|| within(budget).iter().map(|text| law(text)).collect::<Vec<_>>());
                for attacked in attacked {
                    let masses = probabilities(attacked, &answers);
                    assert!(leads(1, masses), "{budget:?}: {masses:?} at {attacked:?}");
                }
            }
        }
    }
    assert!(mixed > 10, "{mixed}");
}

#[test]
fn masking_certificates_hold_for_substitutions() {
    let (lexicon, [a, b, c, d, unknown]) = words();
    let mut seen = Outcome::default();
    for (probability, text) in
        [(0.75, &[a, b, c][..]), (0.8, &[a, a]), (0.7, &[a, b, c]), (0.9, &[WordId::MASK, a])]
    {
        let noise = Masking::new(Arc::clone(&lexicon), rate(probability)).unwrap();
        let threat = noise.substitutions(text).unwrap();
        // The attacker may also use the mask.
        let reach = reach(text, 3, |text| replaced(text, &[d, unknown, WordId::MASK]));
        let law = |text: &[WordId]| masking_law(&noise, text);
        let outcome = Attack { noise: &noise, text, threat: &threat, reach, law: &law }.run();
        seen.certified += outcome.certified;
        seen.sharp += outcome.sharp;
    }
    assert!(seen.certified > 10 && seen.sharp > 5, "{seen:?}");
}

#[test]
fn exact_masking_certificates_hold_for_substitutions() {
    let (lexicon, [a, b, c, d, _]) = words();
    let mut seen = Outcome::default();
    let long = [a, b, c, a, b, c, a];
    for (kept, text) in [(1, &long[..]), (2, &long), (2, &[a, b, c, a]), (3, &[a, b]), (1, &[a]), (2, &[])] {
        let noise = ExactMasking::new(Arc::clone(&lexicon), kept).unwrap();
        let threat = noise.substitutions(text).unwrap();
        let reach = reach(text, 2, |text| replaced(text, &[d, WordId::MASK]));
        let law = |text: &[WordId]| exact_masking_law(kept, text);
        let outcome = Attack { noise: &noise, text, threat: &threat, reach, law: &law }.run();
        if text.len() <= kept as usize && !text.is_empty() {
            assert_eq!(outcome.certified, 0, "all words are visible");
        }
        seen.certified += outcome.certified;
        seen.sharp += outcome.sharp;
    }
    assert!(seen.certified > 10 && seen.sharp > 5, "{seen:?}");
}

#[test]
fn substitution_certificates_hold_for_asymmetric_sets() {
    let (lexicon, [a, b, c, d, _]) = words();
    let share = |eighths: u64| TOTAL / 8 * eighths;
    let rows = [
        // `a` may be replaced by `b` or `d`; `d` has no row; `c` is neither drawn nor allowed.
        Row::new(a, [(a, share(4)), (b, share(4)), (c, 0)]).allowing([b, d]),
        // `b` may be replaced by `c`, but not by `a`.
        Row::new(b, [(a, share(3)), (b, share(3)), (d, share(2))]).allowing([c]),
        // The candidates are the set: it contains `a`, although `c` is not in the set of `a`.
        Row::new(c, [(a, share(3)), (b, share(4)), (c, share(1))]),
    ];
    let noise = Substitution::new(lexicon, rows).unwrap();
    let law = |text: &[WordId]| substitution_law(&noise, text);
    let mut seen = Outcome::default();
    for clean in [&[a, b, c][..], &[c, c], &[b, d, b], &[d, d], &[b]] {
        // Every position once: the words that the clean word allows.
        let step = |text: &[WordId]| {
            let places = (0..text.len()).filter(|&place| text[place] == clean[place]);
            places
                .flat_map(|place| {
                    noise.allowed(clean[place]).unwrap_or_default().iter().map(move |&new| {
                        let mut copy = text.to_vec();
                        copy[place] = new;
                        copy
                    })
                })
                .collect()
        };
        let threat = noise.substitutions(clean).unwrap();
        let outcome =
            Attack { noise: &noise, text: clean, threat: &threat, reach: reach(clean, 3, step), law: &law }
                .run();
        seen.certified += outcome.certified;
        seen.sharp += outcome.sharp;
    }
    assert!(seen.certified > 10 && seen.sharp > 0, "{seen:?}");
}

/// Joined bounds are sound, and so are their certificates.
fn check_enumeration<N: IndependentTokenNoise + Clone + Sync>(
    noise: &N,
    text: &[WordId],
    threat: &Threat,
    reach: &[BTreeSet<Text>],
    law: &dyn Fn(&[WordId]) -> Outcomes,
) -> usize {
    let certifier = Certifier::new(Confidence::alpha(1e-4).unwrap());
    let clean = law(text);
    let mut certified = 0;
    let targets = reach[1].iter().map(|target| law(target)).chain([Outcomes::new()]);
    for (number, target) in (0..).zip(targets) {
        for share in [0.2, 0.7, 0.95] {
            let answers = worst_case(&clean, &target, Shape::filled(share));
            let classifier = from_fn(3, |text: &Text| answers.get(text).copied().unwrap_or(0));
            for limit in [1, 2, 4, 5, 8, 11, 32] {
                let enumeration = Enumeration::new(noise, text, limit).unwrap();
                let strata = enumeration.classify(&classifier).unwrap();
                let votes = enumeration.rest().map(|rest| {
                    let plan = Plan::fixed(20, 300).unwrap();
                    let smoothed =
                        SmoothedClassifier::new(&classifier, rest, plan).threads(1).seed(limit as u64);
                    smoothed.count(number, text).unwrap()
                });
                for votes in [None, votes.as_ref()] {
                    let bounds = strata.bounds(&certifier, votes).unwrap();
                    let (masses, class) = (probabilities(&clean, &answers), bounds.class());
                    let other =
                        (0..3).filter(|&other| other != class).map(|other| masses[other]).fold(0.0, f64::max);
                    assert!(bounds.top().p() <= masses[class] + 1e-12, "{limit}: {bounds:?} but {masses:?}");
                    assert!(bounds.runner_up().p() >= other - 1e-12, "{limit}: {bounds:?} but {masses:?}");
                    let certificate = certify_bounds(threat, bounds).unwrap();
                    for (changes, texts) in (0..).zip(reach) {
                        if certificate.certifies(class, changes) {
                            certified += usize::from(changes > 0);
                            assert!(
                                texts.iter().all(|text| leads(class, probabilities(&law(text), &answers)))
                            );
                        }
                    }
                }
            }
        }
    }
    certified
}

#[test]
fn enumerated_and_sampled_strata_are_sound() {
    let (lexicon, [a, b, c, d, unknown]) = words();
    let own = [(a, rate(0.6)), (b, rate(0.8))];
    let noise = Deletion::per_word(Arc::clone(&lexicon), own, rate(0.9)).unwrap();
    let mut certified = 0;
    for text in [&[b, a, b][..], &[c], &[b, c, b, c]] {
        let reach = reach(text, 1, |text| edited(text, &EditKind::ALL, &[a, d, unknown]));
        let law = |text: &[WordId]| deletion_law(&noise, text);
        certified += check_enumeration(&noise, text, &noise.edits(text).unwrap(), &reach, &law);
    }
    let noise = Masking::new(lexicon, rate(0.7)).unwrap();
    let mask = WordId::MASK;
    // Masks of the clean text look like masks of the noise.
    for text in [&[a, b, a][..], &[mask, a, mask, b], &[a, mask], &[mask, mask, mask], &[]] {
        let reach = reach(text, 1, |text| replaced(text, &[d, mask]));
        let law = |text: &[WordId]| masking_law(&noise, text);
        certified += check_enumeration(&noise, text, &noise.substitutions(text).unwrap(), &reach, &law);
    }
    assert!(certified > 100, "{certified}");
}
