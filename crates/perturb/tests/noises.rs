//! Every sampler against its law, with fixed seeds; laws against what they must tell apart; inputs at the edge.

use std::{collections::HashMap, sync::Arc};
use steadfast_certify::{
    Noise, Rate,
    rand_core::Rng,
    seed::{Generator, Phase, Purpose, generator},
};
use steadfast_perturb::{
    Deletion, Error, ExactMasking, Lexicon, Masking, Partition, Row, Substitution, WordId,
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

/// Pearson's statistic of the outcomes of `noise` on a text, and how many outcomes there are. Outcomes that the law does not
/// know fail.
fn chi_squared<N: Noise<Input = [WordId], Sample = Vec<WordId>>>(
    noise: &N,
    text: &[WordId],
    law: &HashMap<Vec<WordId>, f64>,
) -> f64 {
    let samples = 60_000_u32;
    let mut counts: HashMap<Vec<WordId>, f64> = law.keys().map(|outcome| (outcome.clone(), 0.0)).collect();
    for sample in 0..samples {
        *counts.get_mut(&noise.sample(text, &mut stream(sample.into()))).expect("an outcome of the law") +=
            1.0;
    }
    assert!((law.values().sum::<f64>() - 1.0).abs() < 1e-9);
    counts
        .iter()
        .map(|(outcome, count)| {
            let expected = f64::from(samples) * law[outcome];
            (count - expected).powi(2) / expected
        })
        .sum()
}

/// What is left of `text` for every subset of its words, by the subset's bits.
fn subsets(length: usize) -> impl Iterator<Item = (u32, u32)> {
    (0..1_u32 << length).map(|subset| (subset, subset.count_ones()))
}

#[test]
fn deletion_draws_its_law() {
    let (lexicon, text) = text(4);
    let noise = Deletion::uniform(Arc::clone(&lexicon), rate(0.3)).unwrap();
    let own = [(text[1], rate(0.8)), (text[3], rate(0.05))];
    let per_word = Deletion::per_word(lexicon, rate(0.3), own).unwrap();
    for noise in [noise, per_word] {
        let law = subsets(4)
            .map(|(subset, _)| {
                let kept = |lane: usize| subset >> lane & 1 == 1;
                let words = (0..4).filter(|&lane| kept(lane)).map(|lane| text[lane]).collect();
                let probability = (0..4)
                    .map(|lane| {
                        let deleted = noise.rate(text[lane]);
                        if kept(lane) { deleted.complement() } else { deleted.value() }
                    })
                    .product();
                (words, probability)
            })
            .collect();
        // 15 degrees of freedom: above 57 once in a million.
        let statistic = chi_squared(&noise, &text, &law);
        assert!(statistic < 57.0, "{statistic}");
    }
}

#[test]
fn masking_draws_its_law() {
    let (lexicon, text) = text(4);
    let noise = Masking::new(lexicon, rate(0.7)).unwrap();
    let law = subsets(4)
        .map(|(subset, kept)| {
            let words =
                (0..4).map(|lane| if subset >> lane & 1 == 1 { text[lane] } else { WordId::MASK }).collect();
            (words, 0.3_f64.powf(f64::from(kept)) * 0.7_f64.powf(f64::from(4 - kept)))
        })
        .collect();
    let statistic = chi_squared(&noise, &text, &law);
    assert!(statistic < 57.0, "{statistic}");
}

#[test]
fn exact_masking_draws_every_subset_alike() {
    let (lexicon, text) = text(6);
    for kept in [1, 2, 3, 4, 5, 6, 9] {
        let noise = ExactMasking::new(Arc::clone(&lexicon), kept).unwrap();
        let kept = kept.min(6);
        let outcomes: Vec<Vec<WordId>> = subsets(6)
            .filter(|&(_, size)| size == kept)
            .map(|(subset, _)| {
                (0..6).map(|lane| if subset >> lane & 1 == 1 { text[lane] } else { WordId::MASK }).collect()
            })
            .collect();
        let probability = 1.0 / outcomes.len() as f64;
        let law = outcomes.into_iter().map(|outcome| (outcome, probability)).collect();
        // Up to 19 degrees of freedom: above 64 once in a million.
        let statistic = chi_squared(&noise, &text, &law);
        assert!(statistic < 64.0, "{kept}: {statistic}");
    }
}

#[test]
fn substitution_draws_its_law() {
    let (lexicon, text) = text(6);
    let rows = [
        Row::new(text[0], [(text[0], TOTAL / 2), (text[1], TOTAL / 8), (text[2], TOTAL * 3 / 8)]),
        Row::new(text[1], [(text[3], TOTAL / 10), (text[4], TOTAL - TOTAL / 10)]),
        Row::new(text[2], [(text[5], TOTAL)]),
    ];
    let noise = Substitution::new(lexicon, rows).unwrap();
    let input = [text[1], text[0], text[2], text[3]];
    let mut law = HashMap::new();
    for &(first, p) in noise.weights(text[1]).unwrap() {
        for &(second, q) in noise.weights(text[0]).unwrap() {
            law.insert(vec![first, second, text[5], text[3]], p as f64 * q as f64 / (TOTAL as f64).powi(2));
        }
    }
    // 5 degrees of freedom: above 36 once in a million.
    let statistic = chi_squared(&noise, &input, &law);
    assert!(statistic < 36.0, "{statistic}");
}

#[test]
fn long_texts_have_the_same_frequencies_at_every_place() {
    let (lexicon, text) = text(150);
    let places: HashMap<WordId, usize> = text.iter().copied().zip(0..).collect();
    let noise = Deletion::uniform(Arc::clone(&lexicon), rate(0.9)).unwrap();
    let samples = 20_000_u32;
    let (mut kept, mut neighbours) = (vec![0.0_f64; 150], 0.0_f64);
    for sample in 0..samples {
        let noisy = noise.sample(&text, &mut stream(sample.into()));
        let mut last = None;
        for word in noisy {
            let place = places[&word];
            assert!(last < Some(place), "order is kept");
            neighbours += f64::from(u8::from(place > 0 && last == Some(place - 1)));
            kept[place] += 1.0;
            last = Some(place);
        }
    }
    let n = f64::from(samples);
    assert!(kept.iter().all(|count| (count - n * 0.1).abs() < 5.0 * (n * 0.09).sqrt()), "{kept:?}");
    let pairs = n * 149.0;
    // Pairs overlap, which triples their variance at most.
    assert!((neighbours - pairs * 0.01).abs() < 5.0 * (3.0 * pairs * 0.01).sqrt(), "{neighbours}");
    let noise = ExactMasking::new(lexicon, 40).unwrap();
    let mut kept = vec![0.0_f64; 150];
    for sample in 0..samples {
        let noisy = noise.sample(&text, &mut stream(sample.into()));
        assert_eq!(noisy.iter().filter(|&&word| word != WordId::MASK).count(), 40);
        for (count, (noisy, clean)) in kept.iter_mut().zip(noisy.iter().zip(&text)) {
            *count += f64::from(u8::from(noisy == clean));
        }
    }
    let p = 40.0 / 150.0;
    assert!(kept.iter().all(|count| (count - n * p).abs() < 5.0 * (n * p * (1.0 - p)).sqrt()), "{kept:?}");
}

/// Samples that certificates of earlier runs were counted on: a change here changes every run.
#[test]
fn draws_are_stable() {
    let (lexicon, text) = text(12);
    let shown = |noisy: Vec<WordId>| noisy.iter().map(|word| word.index()).collect::<Vec<_>>();
    let mut rng = stream(7);
    let deletion = Deletion::uniform(Arc::clone(&lexicon), rate(0.5)).unwrap();
    assert_eq!(shown(deletion.sample(&text, &mut rng)), DELETION);
    let per_word = Deletion::per_word(Arc::clone(&lexicon), rate(0.5), [(text[0], rate(0.1))]).unwrap();
    assert_eq!(shown(per_word.sample(&text, &mut rng)), PER_WORD);
    let masking = Masking::new(Arc::clone(&lexicon), rate(0.5)).unwrap();
    assert_eq!(shown(masking.sample(&text, &mut rng)), MASKING);
    let exact = ExactMasking::new(Arc::clone(&lexicon), 5).unwrap();
    assert_eq!(shown(exact.sample(&text, &mut rng)), EXACT_MASKING);
    let row = |word| Row::new(word, text[..4].iter().map(|&candidate| (candidate, TOTAL / 4)));
    let substitution = Substitution::new(lexicon, text.iter().map(|&word| row(word))).unwrap();
    assert_eq!(shown(substitution.sample(&text, &mut rng)), SUBSTITUTION);
    assert_eq!(rng.next_u32(), NEXT);
}

const DELETION: [u32; 6] = [2, 4, 5, 6, 7, 12];
const PER_WORD: [u32; 3] = [1, 4, 10];
const MASKING: [u32; 12] = [1, 0, 3, 0, 5, 0, 0, 8, 0, 0, 11, 0];
const EXACT_MASKING: [u32; 12] = [1, 0, 3, 4, 0, 0, 0, 8, 9, 0, 0, 0];
const SUBSTITUTION: [u32; 12] = [4, 1, 2, 1, 3, 3, 4, 1, 1, 2, 1, 4];
const NEXT: u32 = 233_725_699;

#[test]
fn laws_are_of_words_and_parameters() {
    let (lexicon, text) = text(5);
    // The same words under other ids.
    let other = Arc::new(Lexicon::new());
    other.intern("something else");
    let again: Vec<WordId> = (0..5).map(|index| other.intern(&format!("w{index}"))).collect();
    assert_ne!(text, again);

    let deletion = |lexicon: &Arc<Lexicon>, p| Deletion::uniform(Arc::clone(lexicon), rate(p)).unwrap();
    let law = deletion(&lexicon, 0.5).law(&text).unwrap();
    assert_eq!(deletion(&other, 0.5).law(&again), Some(law));
    assert_ne!(deletion(&lexicon, 0.6).law(&text), Some(law));
    assert_ne!(deletion(&lexicon, 0.5).law(&text[..4]), Some(law));
    let own = |word, p| Deletion::per_word(Arc::clone(&lexicon), rate(0.5), [(word, rate(p))]).unwrap();
    // A rate that is spelled out but the same changes nothing; one that is not in the text neither.
    assert_eq!(own(text[2], 0.5).law(&text), Some(law));
    assert_eq!(own(lexicon.intern("elsewhere"), 0.9).law(&text), Some(law));
    assert_ne!(own(text[2], 0.4).law(&text), Some(law));

    let masking = Masking::new(Arc::clone(&lexicon), rate(0.5)).unwrap();
    assert_ne!(masking.law(&text), Some(law));
    let exact = |kept| ExactMasking::new(Arc::clone(&lexicon), kept).unwrap().law(&text);
    assert_ne!(exact(3), exact(4));
    // What is longer than the text keeps all of it.
    assert_eq!(exact(5), exact(50));

    let table = |lexicon: &Arc<Lexicon>, words: &[WordId], weights: [u64; 3]| {
        let row = Row::new(words[0], words[..3].iter().copied().zip(weights));
        Substitution::new(Arc::clone(lexicon), [row]).unwrap()
    };
    let half = [TOTAL / 2, TOTAL / 2, 0];
    let law = table(&lexicon, &text, half).law(&text).unwrap();
    assert_eq!(table(&other, &again, half).law(&again), Some(law));
    assert_ne!(table(&lexicon, &text, [TOTAL / 2, 0, TOTAL / 2]).law(&text), Some(law));
    // A candidate that is never drawn is no part of the distribution, and a row of the word alone is no row.
    let row = Row::new(text[0], [(text[1], TOTAL / 2), (text[0], TOTAL / 2)]);
    let alone = Row::new(text[4], [(text[4], TOTAL)]);
    assert_eq!(Substitution::new(Arc::clone(&lexicon), [row, alone]).unwrap().law(&text), Some(law));

    // An id that the lexicon never gave out has no law.
    let foreign = [WordId::from_index(1_000)];
    assert_eq!(deletion(&lexicon, 0.5).law(&foreign), None);
    assert_eq!(masking.law(&foreign), None);
    assert_eq!(table(&lexicon, &text, half).law(&foreign), None);
}

#[test]
fn texts_at_the_edge() {
    let (lexicon, long) = text(100_000);
    let unknown = WordId::from_index(u32::MAX);
    let row = Row::new(long[0], [(long[1], TOTAL)]);
    let noises: [Box<dyn Noise<Input = [WordId], Sample = Vec<WordId>>>; 5] = [
        Box::new(Deletion::uniform(Arc::clone(&lexicon), rate(0.5)).unwrap()),
        Box::new(Deletion::per_word(Arc::clone(&lexicon), rate(0.5), [(long[0], Rate::NEVER)]).unwrap()),
        Box::new(Masking::new(Arc::clone(&lexicon), rate(0.5)).unwrap()),
        Box::new(ExactMasking::new(Arc::clone(&lexicon), 3).unwrap()),
        Box::new(Substitution::new(Arc::clone(&lexicon), [row]).unwrap()),
    ];
    for noise in &noises {
        assert_eq!(noise.sample(&[], &mut stream(0)), []);
        assert!(noise.law(&[]).is_some());
        assert!(noise.sample(&long[..1], &mut stream(0)).len() <= 1);
        assert!(noise.sample(&[unknown], &mut stream(0)).len() <= 1);
        let noisy = noise.sample(&long, &mut stream(0));
        assert!(noisy.len() <= long.len());
        assert_ne!(noisy, long);
        assert!(noise.law(&long).is_some());
    }
    // Deletion may leave nothing, and then that is the sample.
    let empty =
        (0..100).filter(|&sample| noises[0].sample(&long[..1], &mut stream(sample)).is_empty()).count();
    assert!((25..75).contains(&empty), "{empty}");
    assert_eq!(noises[1].sample(&long[..1], &mut stream(0)), long[..1]);
}

fn refused<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    match result {
        Err(error @ Error::Parameter(_)) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn parameters_without_sense_are_refused() {
    let (lexicon, words) = text(4);
    let unknown = WordId::from_index(1_000);
    let own = |rates: &[(WordId, Rate)]| {
        Deletion::per_word(Arc::clone(&lexicon), Rate::NEVER, rates.iter().copied())
    };
    refused(Deletion::uniform(Arc::clone(&lexicon), Rate::NEVER));
    refused(own(&[(words[0], Rate::NEVER)]));
    assert!(refused(own(&[(words[0], rate(0.1)), (words[0], rate(0.2))])).contains("\"w0\""));
    refused(own(&[(unknown, rate(0.1))]));
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
fn rows_say_what_they_are() {
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
fn rates_say_what_they_are() {
    let (lexicon, words) = text(3);
    let noise = Deletion::per_word(lexicon, rate(0.5), [(words[1], rate(0.1))]).unwrap();
    assert_eq!(noise.rates(&words).collect::<Vec<_>>(), [rate(0.5), rate(0.1), rate(0.5)]);
    assert_eq!((noise.uniform_rate(), noise.default_rate()), (None, rate(0.5)));
    assert_eq!(noise.rate(WordId::from_index(u32::MAX)), rate(0.5));
}

#[test]
fn groups_depend_on_words_alone() {
    let lexicon = Arc::new(Lexicon::new());
    let partition = Partition::new(Arc::clone(&lexicon), 7).unwrap();
    // Written down from the first run: a change would deal out every word anew.
    let words = ["the", "film", "Film", "ÉTÉ", "", "👩"];
    assert_eq!(words.map(|word| partition.group(word)), [5, 2, 2, 2, 1, 2]);
    let text: Vec<WordId> = ["b", "a", "B", "a", "c"].map(|word| lexicon.intern(word)).into();
    let one = Partition::new(Arc::clone(&lexicon), 1).unwrap();
    let sorted = one.split(&text).into_iter().map(|group| lexicon.detokenize(&group)).collect::<Vec<_>>();
    assert_eq!(sorted, ["B a a b c"]);
    let groups = partition.split(&text);
    assert_eq!(groups.len(), 7);
    for (number, group) in (0..).zip(&groups) {
        assert!(group.iter().all(|&word| partition.group(&lexicon.word(word).unwrap()) == number));
    }
    assert_eq!(groups.iter().map(Vec::len).sum::<usize>(), 5);
    assert_eq!(partition.split(&[]), vec![Vec::new(); 7]);
    // Another lexicon, other ids, the same words in the same order.
    let other = Arc::new(Lexicon::new());
    let again: Vec<WordId> = ["c", "a", "a", "B", "b"].map(|word| other.intern(word)).into();
    let shown = |lexicon: &Lexicon, groups: Vec<Vec<WordId>>| {
        groups.iter().map(|group| lexicon.detokenize(group)).collect::<Vec<_>>()
    };
    let regrouped = Partition::new(Arc::clone(&other), 7).unwrap().split(&again);
    assert_eq!(shown(&other, regrouped), shown(&lexicon, groups));
}

#[test]
fn groups_are_about_equal() {
    let partition = Partition::new(Arc::new(Lexicon::new()), 5).unwrap();
    let mut counts = [0.0_f64; 5];
    for word in 0..50_000 {
        counts[partition.group(&format!("w{word}")) as usize] += 1.0;
    }
    assert!(counts.iter().all(|count| (count - 10_000.0).abs() < 5.0 * 90.0), "{counts:?}");
}

#[test]
fn noises_go_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Lexicon>();
    shared::<Deletion>();
    shared::<Masking>();
    shared::<ExactMasking>();
    shared::<Substitution>();
    shared::<Partition>();
    shared::<steadfast_perturb::Mutation>();
    shared::<Error>();
}
