//! From word vectors to a certificate: table, noise and threat use the same integer weights.

use std::{
    ops::ControlFlow,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use steadfast_certify::{Certificate, Noise, Plan, Radius, SmoothedClassifier, from_fn};
use steadfast_perturb::{Lexicon, Tokenizer, WordId};
use steadfast_synonyms::{
    CandidateSets, Family, Grouping, Neighbors, SynonymTable, SynonymsError, Vectors, WEIGHT_TOTAL,
};

fn progress(_: u64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Two groups of synonyms, and a word without synonyms.
fn vectors() -> Vectors {
    let words = ["good", "fine", "great", "film", "movie", "odd"];
    let values = [
        [1.0, 0.0, 0.0],
        [0.9, 0.3, 0.1],
        [0.95, -0.2, 0.1],
        [0.0, 1.0, 0.1],
        [0.1, 0.9, -0.2],
        [0.0, 0.0, 1.0],
    ];
    Vectors::new(words, 3, values.concat()).unwrap()
}

fn table(family: Family) -> SynonymTable {
    let vectors = vectors();
    let neighbors = Neighbors::find(&vectors, 0.8, &progress).unwrap();
    let sets = CandidateSets::new(&vectors, &neighbors, Grouping::Closed, 10, &progress).unwrap();
    SynonymTable::new(&sets, &vectors, family.into(), &progress).unwrap()
}

/// The certificate of a classifier that counts words of praise.
fn certificate(family: Family) -> Certificate {
    let lexicon = Arc::new(Lexicon::new());
    let noise = table(family).noise(Arc::clone(&lexicon)).unwrap();
    let text = Tokenizer::words().lower_case(true).tokenize(&lexicon, "A Good film, a Great movie.");
    let praise = ["good", "fine", "great"].map(|word| lexicon.intern(word));
    let classifier = from_fn(2, |words: &Vec<WordId>| {
        usize::from(words.iter().filter(|word| praise.contains(word)).count() > 1)
    });
    let smoothed = SmoothedClassifier::new(classifier, &noise, Plan::fixed(20, 1000).unwrap()).seed(1);
    smoothed.certify(&text, &noise.substitutions(&text).unwrap()).unwrap()
}

#[test]
fn a_law_shared_by_a_component_certifies_any_number_of_substitutions() {
    let certificate = certificate(Family::CrowdComponent);
    assert!(certificate.certifies(1, 1000), "{certificate}");
    assert!(matches!(certificate.radius(), Some(Radius::Unlimited(_))), "{certificate}");
}

#[test]
fn the_released_law_certifies_no_substitution() {
    // The classifier is correct on every copy, but the laws of two words overlap by less than one half.
    let table = table(Family::Crowd);
    assert!(table.overlap(0).unwrap() < WEIGHT_TOTAL / 2);
    let certificate = certificate(Family::Crowd);
    assert!(certificate.certifies(1, 0) && !certificate.certifies(1, 1), "{certificate}");
}

#[test]
fn upper_case_is_outside_the_table() {
    let lexicon = Arc::new(Lexicon::new());
    let noise = table(Family::CrowdComponent).noise(Arc::clone(&lexicon)).unwrap();
    assert!(
        noise.allowed(lexicon.intern("Good")).is_none() && noise.allowed(lexicon.intern("good")).is_some()
    );
    // A word without other candidates has no row.
    assert!(noise.allowed(lexicon.intern("odd")).is_none());
}

#[test]
fn building_a_table_stops_on_request() {
    let (vectors, rows) = (vectors(), AtomicU64::new(0));
    let neighbors = Neighbors::find(&vectors, 0.8, &progress).unwrap();
    let sets = CandidateSets::new(&vectors, &neighbors, Grouping::Closed, 10, &progress).unwrap();
    let stop = |words| {
        rows.fetch_add(words, Ordering::SeqCst);
        ControlFlow::Break(())
    };
    let stopped = SynonymTable::new(&sets, &vectors, Family::Crowd.into(), &stop);
    assert!(matches!(stopped, Err(SynonymsError::Stopped)));
}

/// The file of each family's table, and the law of a text under its noise, as earlier releases made them.
#[test]
fn files_and_fingerprints_are_those_of_earlier_releases() {
    let made = Family::ALL.map(|family| {
        let (table, mut file) = (table(family), Vec::new());
        table.write(&mut file).unwrap();
        let lexicon = Arc::new(Lexicon::new());
        let noise = table.noise(Arc::clone(&lexicon)).unwrap();
        let text = Tokenizer::words().lower_case(true).tokenize(&lexicon, "A Good film, a Great movie.");
        (fnv(&file), noise.fingerprint(&text).unwrap().value())
    });
    let mut file = Vec::new();
    vectors().write(&mut file).unwrap();
    assert_eq!((fnv(&file), made), STABLE, "{:#018x?} {made:#018x?}", fnv(&file));
}

fn fnv(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

const STABLE: (u64, [(u64, u64); 3]) = (
    0xadb7_c943_ae41_cf5d,
    [
        (0xb978_eab5_f3ca_b147, 0xa643_61b6_fad0_4007),
        (0x5992_f0e0_b83b_4871, 0x8a0c_45f7_5c1c_ea9f),
        (0xf44c_d177_ca17_4723, 0xcd72_bbf0_ccf9_ccc0),
    ],
);
