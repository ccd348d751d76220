//! Laws, accessors, edge cases and refused parameters.

use std::sync::Arc;
use steadfast_certify::{
    Noise, Rate,
    seed::{Generator, Phase, Purpose, generator},
};
use steadfast_perturb::{
    Deletion, ExactMasking, Lexicon, Masking, Partition, PerturbError, Row, Substitution, WordId,
};

const TOTAL: u64 = 1 << 32;

fn stream(sample: u64) -> Generator {
    generator(2020, Phase::Training, 0, sample, Purpose::Noise)
}

fn rate(probability: f64) -> Rate {
    Rate::new(probability).unwrap()
}

/// A lexicon and a text of `length` different words.
fn text(length: usize) -> (Arc<Lexicon>, Vec<WordId>) {
    let lexicon = Arc::new(Lexicon::new());
    let text = (0..length).map(|index| lexicon.intern(&format!("w{index}"))).collect();
    (lexicon, text)
}

#[test]
fn laws_depend_on_words_and_parameters() {
    let (lexicon, text) = text(5);
    // The same words under other ids.
    let other = Arc::new(Lexicon::new());
    other.intern("something else");
    let again: Vec<WordId> = (0..5).map(|index| other.intern(&format!("w{index}"))).collect();
    assert_ne!(text, again);

    let deletion = |lexicon: &Arc<Lexicon>, p| Deletion::uniform(Arc::clone(lexicon), rate(p)).unwrap();
    let law = deletion(&lexicon, 0.5).fingerprint(&text).unwrap();
    assert_eq!(deletion(&other, 0.5).fingerprint(&again), Some(law));
    assert_ne!(deletion(&lexicon, 0.6).fingerprint(&text), Some(law));
    assert_ne!(deletion(&lexicon, 0.5).fingerprint(&text[..4]), Some(law));
    let own = |word, p| Deletion::per_word(Arc::clone(&lexicon), [(word, rate(p))], rate(0.5)).unwrap();
    // An explicit rate equal to the default changes nothing.
    assert_eq!(own(text[2], 0.5).fingerprint(&text), Some(law));
    assert_ne!(own(text[2], 0.4).fingerprint(&text), Some(law));
    // The rate of a word that the text does not contain: the attacker may insert it.
    assert_ne!(own(lexicon.intern("elsewhere"), 0.1).fingerprint(&text), Some(law));
    // The default rate matters even if all words of the text have their own rates.
    let covered = |default| {
        let own = text.iter().map(|&word| (word, rate(0.1)));
        Deletion::per_word(Arc::clone(&lexicon), own, rate(default)).unwrap()
    };
    assert_ne!(covered(0.9).fingerprint(&text), covered(0.99).fingerprint(&text));
    let elsewhere = |lexicon: &Arc<Lexicon>| {
        let own = ["y", "x"].map(|word| (lexicon.intern(word), rate(0.1)));
        Deletion::per_word(Arc::clone(lexicon), own, rate(0.5)).unwrap()
    };
    other.intern("x");
    assert_eq!(elsewhere(&lexicon).fingerprint(&text), elsewhere(&other).fingerprint(&again));

    let masking = Masking::new(Arc::clone(&lexicon), rate(0.5)).unwrap();
    assert_ne!(masking.fingerprint(&text), Some(law));
    let exact = |kept| ExactMasking::new(Arc::clone(&lexicon), kept).unwrap().fingerprint(&text);
    assert_ne!(exact(3), exact(4));
    // Texts of fewer words are kept whole.
    assert_eq!(exact(5), exact(50));

    let table = |lexicon: &Arc<Lexicon>, words: &[WordId], weights: [u64; 3]| {
        let row = Row::new(words[0], words[..3].iter().copied().zip(weights));
        Substitution::new(Arc::clone(lexicon), [row]).unwrap()
    };
    let half = [TOTAL / 2, TOTAL / 2, 0];
    let law = table(&lexicon, &text, half).fingerprint(&text).unwrap();
    assert_eq!(table(&other, &again, half).fingerprint(&again), Some(law));
    assert_ne!(table(&lexicon, &text, [TOTAL / 2, 0, TOTAL / 2]).fingerprint(&text), Some(law));
    // The row of a word that the text does not contain: the attacker may use it.
    let row = |word| Row::new(word, [(text[0], TOTAL / 2), (text[1], TOTAL / 2)]);
    let two =
        Substitution::new(Arc::clone(&lexicon), [row(text[0]), row(lexicon.intern("elsewhere"))]).unwrap();
    assert_ne!(two.fingerprint(&text), Some(law));
    // Candidates of weight 0 and rows that keep their word do not change the law.
    let row = Row::new(text[0], [(text[1], TOTAL / 2), (text[0], TOTAL / 2)]);
    let alone = Row::new(text[4], [(text[4], TOTAL)]);
    assert_eq!(Substitution::new(Arc::clone(&lexicon), [row, alone]).unwrap().fingerprint(&text), Some(law));

    // A text with an unknown id has no law.
    let foreign = [WordId::from_index(1_000)];
    assert_eq!(deletion(&lexicon, 0.5).fingerprint(&foreign), None);
    assert_eq!(masking.fingerprint(&foreign), None);
    assert_eq!(table(&lexicon, &text, half).fingerprint(&foreign), None);
}

#[test]
fn empty_single_and_long_texts() {
    let (lexicon, long) = text(100_000);
    let unknown = WordId::from_index(u32::MAX);
    let row = Row::new(long[0], [(long[1], TOTAL)]);
    let noises: [Box<dyn Noise<Input = [WordId], Sample = Vec<WordId>>>; 5] = [
        Box::new(Deletion::uniform(Arc::clone(&lexicon), rate(0.5)).unwrap()),
        Box::new(Deletion::per_word(Arc::clone(&lexicon), [(long[0], Rate::NEVER)], rate(0.5)).unwrap()),
        Box::new(Masking::new(Arc::clone(&lexicon), rate(0.5)).unwrap()),
        Box::new(ExactMasking::new(Arc::clone(&lexicon), 3).unwrap()),
        Box::new(Substitution::new(Arc::clone(&lexicon), [row]).unwrap()),
    ];
    for noise in &noises {
        assert_eq!(noise.sample(&[], &mut stream(0)), []);
        assert!(noise.fingerprint(&[]).is_some());
        assert!(noise.sample(&long[..1], &mut stream(0)).len() <= 1);
        assert!(noise.sample(&[unknown], &mut stream(0)).len() <= 1);
        let noisy = noise.sample(&long, &mut stream(0));
        assert!(noisy.len() <= long.len());
        assert_ne!(noisy, long);
        assert!(noise.fingerprint(&long).is_some());
    }
    // Deletion may delete every word.
    let empty =
        (0..100).filter(|&sample| noises[0].sample(&long[..1], &mut stream(sample)).is_empty()).count();
    assert!((25..75).contains(&empty), "{empty}");
    assert_eq!(noises[1].sample(&long[..1], &mut stream(0)), long[..1]);
}

fn refused<T: std::fmt::Debug>(result: Result<T, PerturbError>) -> String {
    match result {
        Err(error @ PerturbError::Parameter(_)) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn invalid_parameters_are_refused() {
    let (lexicon, words) = text(4);
    let unknown = WordId::from_index(1_000);
    let own = |rates: &[(WordId, Rate)]| {
        Deletion::per_word(Arc::clone(&lexicon), rates.iter().copied(), Rate::NEVER)
    };
    refused(Deletion::uniform(Arc::clone(&lexicon), Rate::NEVER));
    refused(own(&[(words[0], Rate::NEVER)]));
    assert!(refused(own(&[(words[0], rate(0.1)), (words[0], rate(0.2))])).contains("\"w0\""));
    refused(own(&[(unknown, rate(0.1))]));
    assert!(refused(own(&[(WordId::MASK, rate(0.1))])).contains("the mask"));
    assert!(own(&[(words[0], rate(0.1)), (words[0], rate(0.1))]).is_ok());
    refused(Masking::new(Arc::clone(&lexicon), Rate::NEVER));
    refused(ExactMasking::new(Arc::clone(&lexicon), 0));
    refused(Partition::new(Arc::clone(&lexicon), 0));

    let table = |rows: Vec<Row>| Substitution::new(Arc::clone(&lexicon), rows);
    let row = |weights: &[(WordId, u64)]| Row::new(words[0], weights.iter().copied());
    for weights in [vec![], vec![(words[0], TOTAL - 1)], vec![(words[0], u64::MAX), (words[1], TOTAL + 1)]] {
        assert!(refused(table(vec![row(&weights)])).contains("a sum of exactly 2³²"), "{weights:?}");
    }
    let twice = [(words[1], TOTAL / 2), (words[1], TOTAL / 2)];
    assert!(refused(table(vec![row(&twice)])).contains("\"w1\" twice for \"w0\""));
    let fine = row(&[(words[1], TOTAL), (words[2], 0)]);
    assert!(refused(table(vec![fine.clone(), fine.clone()])).contains("two for \"w0\""));
    refused(table(vec![row(&[(unknown, TOTAL)])]));
    refused(table(vec![Row::new(unknown, [(words[0], TOTAL)])]));
    refused(table(vec![fine.clone().allowing([unknown])]));
    assert!(table(vec![]).unwrap().words().is_empty());
}

#[test]
fn rows_are_returned_as_given() {
    let (lexicon, words) = text(5);
    let rows = [
        Row::new(words[3], [(words[2], TOTAL / 4), (words[1], TOTAL / 4 * 3), (words[0], 0)]),
        Row::new(words[1], [(words[1], TOTAL / 2), (words[2], TOTAL / 2)])
            .allowing([words[4], words[1], words[4]]),
    ];
    let table = Substitution::new(lexicon, rows).unwrap();
    assert_eq!(table.words(), [words[3], words[1]]);
    assert_eq!(
        table.weights(words[3]),
        Some(&[(words[0], 0), (words[1], TOTAL / 4 * 3), (words[2], TOTAL / 4)][..])
    );
    assert_eq!(table.allowed(words[3]), Some(&words[..3]));
    assert_eq!(table.allowed(words[1]), Some(&[words[1], words[4]][..]));
    assert_eq!((table.weights(words[0]), table.allowed(words[0])), (None, None));
    assert_eq!(table.overlap(words[1], words[3]), TOTAL / 4 * 3);
    assert_eq!(table.overlap(words[3], words[1]), TOTAL / 4 * 3);
    assert_eq!(table.overlap(words[1], words[2]), TOTAL / 2);
    assert_eq!(table.overlap(words[2], words[4]), 0);
    assert_eq!(table.overlap(words[3], words[3]), TOTAL);
}

#[test]
fn rates_are_returned_as_given() {
    let (lexicon, words) = text(3);
    let noise = Deletion::per_word(lexicon, [(words[1], rate(0.1))], rate(0.5)).unwrap();
    assert_eq!(noise.rates(&words).collect::<Vec<_>>(), [rate(0.5), rate(0.1), rate(0.5)]);
    assert_eq!((noise.uniform_rate(), noise.default_rate()), (None, rate(0.5)));
    assert_eq!(noise.rate(WordId::from_index(u32::MAX)), rate(0.5));
}

#[test]
fn noises_are_send_and_sync() {
    fn shared<T: Send + Sync>() {}
    shared::<Lexicon>();
    shared::<Deletion>();
    shared::<Masking>();
    shared::<ExactMasking>();
    shared::<Substitution>();
    shared::<Partition>();
    shared::<steadfast_perturb::Mutation>();
    shared::<PerturbError>();
}
