//! Certificates of texts of no word, one word, and very many words.

use std::sync::Arc;
use steadfast_certify::{
    Certificate, Certifier, ClassBounds, Confidence, Lower, Noise, Plan, Rate, SignalBudget,
    SmoothedClassifier, Threat, certify_bounds, from_fn,
};
use steadfast_perturb::{
    Deletion, Enumeration, ExactMasking, Lexicon, Masking, Partition, Row, Substitution, WordId,
};

const TOTAL: u64 = 1 << 32;

fn rate(probability: f64) -> Rate {
    Rate::new(probability).unwrap()
}

struct Noises {
    uniform: Deletion,
    per_word: Deletion,
    masking: Masking,
    exact: ExactMasking,
    substitution: Substitution,
}

/// Noises and a text of `length` different words; every other word has a rate, and a row, of its own.
fn fixture(length: usize) -> (Noises, Vec<WordId>) {
    let lexicon = Arc::new(Lexicon::new());
    let text: Vec<WordId> = (0..length).map(|index| lexicon.intern(&format!("w{index}"))).collect();
    let share = || Arc::clone(&lexicon);
    let rates = text.iter().step_by(2).map(|&word| (word, rate(0.6)));
    let rows = text
        .chunks(2)
        .filter(|pair| pair.len() == 2)
        .map(|pair| Row::new(pair[0], [(pair[0], TOTAL / 8 * 5), (pair[1], TOTAL / 8 * 3)]));
    let noises = Noises {
        uniform: Deletion::uniform(share(), rate(0.9)).unwrap(),
        per_word: Deletion::per_word(share(), rates, rate(0.95)).unwrap(),
        masking: Masking::new(share(), rate(0.9)).unwrap(),
        exact: ExactMasking::new(share(), 3).unwrap(),
        substitution: Substitution::new(share(), rows).unwrap(),
    };
    (noises, text)
}

/// The certificate of a classifier that always answers 1.
fn unanimous<N: Noise<Input = [WordId], Sample = Vec<WordId>> + Sync>(
    noise: &N,
    text: &[WordId],
    threat: &Threat,
) -> Certificate {
    let always = from_fn(2, |_: &Vec<WordId>| 1);
    SmoothedClassifier::new(always, noise, Plan::fixed(10, 200).unwrap()).certify(text, threat).unwrap()
}

fn every_certificate(noises: &Noises, text: &[WordId]) -> [Certificate; 6] {
    let Noises { uniform, per_word, masking, exact, substitution } = noises;
    [
        unanimous(uniform, text, &uniform.edits(text).unwrap()),
        unanimous(per_word, text, &per_word.edits_within(text, [WordId::from_index(u32::MAX)]).unwrap()),
        unanimous(per_word, text, &per_word.signal(text).unwrap()),
        unanimous(masking, text, &masking.substitutions(text).unwrap()),
        unanimous(exact, text, &exact.substitutions(text).unwrap()),
        unanimous(substitution, text, &substitution.substitutions(text).unwrap()),
    ]
}

#[test]
fn no_words() {
    let (noises, text) = fixture(0);
    let certificates = every_certificate(&noises, &text);
    // 200 unanimous votes leave 0.034 to others: 0.9⁵ − 0.034 > ½ > 0.9⁶ − 0.034. There is no word to replace.
    assert!(certificates[0].certifies(1, 5) && !certificates[0].certifies(1, 6), "{}", certificates[0]);
    assert!(certificates[2].certifies(1, 12) && !certificates[2].certifies(1, 14), "{}", certificates[2]);
    assert!(certificates[3..].iter().all(|certificate| certificate.certifies(1, 1_000)));
    let always = from_fn(2, |_: &Vec<WordId>| 1);
    let strata = Enumeration::new(&noises.uniform, &text, 1).unwrap().classify(&always).unwrap();
    let bounds = strata.bounds(&Certifier::new(Confidence::alpha(0.001).unwrap()), None).unwrap();
    assert!(certify_bounds(&noises.uniform.edits(&text).unwrap(), bounds).unwrap().certifies(1, 6));
}

#[test]
fn one_word() {
    let (noises, text) = fixture(1);
    let certificates = every_certificate(&noises, &text);
    assert!(certificates[0].certifies(1, 5), "{}", certificates[0]);
    assert!(certificates[3].certifies(1, 1), "{}", certificates[3]);
    // The single word is always visible.
    assert!(certificates[4].certifies(1, 0) && !certificates[4].certifies(1, 1));
    assert!(certificates[5].certifies(1, 1), "a word without a row cannot be replaced");
}

#[test]
fn hundred_thousand_words() {
    let (noises, text) = fixture(100_000);
    let certificates = every_certificate(&noises, &text);
    assert!(certificates.iter().all(|certificate| certificate.certifies(1, 0)));
    assert!(certificates[..5].iter().all(|certificate| certificate.certifies(1, 1)));
    // Within the limit only the copy that keeps no word is enumerated.
    assert_eq!(Enumeration::new(&noises.masking, &text, 1_000).unwrap().outcomes().len(), 1);
    assert_eq!(Enumeration::new(&noises.uniform, &text, 1_000).unwrap().outcomes().len(), 1);
    let top = Lower::from_p(0.999);
    let bounds = ClassBounds::exact(1, top, top.complement(), noises.per_word.fingerprint(&text));
    let frontier = noises.per_word.signal(&text).unwrap().frontier(&bounds);
    // Words of small rates stand at every second place: one move of an own word costs next to nothing.
    assert!(frontier.contains(&SignalBudget { outside: 13, inside: 0, own: 1 }), "{frontier:?}");
    let partition = Partition::new(Arc::clone(noises.masking.lexicon()), 10).unwrap();
    assert_eq!(partition.split(&text).iter().map(Vec::len).sum::<usize>(), 100_000);
}
