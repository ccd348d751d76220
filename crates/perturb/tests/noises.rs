//! Tests every sampler against its law, with fixed seeds.

use std::{collections::HashMap, sync::Arc};
use steadfast_certify::{
    Noise, Rate,
    rand_core::Rng,
    seed::{Generator, Phase, Purpose, generator},
};
use steadfast_perturb::{Deletion, ExactMasking, Lexicon, Masking, Row, Substitution, WordId};

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

/// Pearson's statistic of the samples of `noise` on a text. Samples of probability zero fail.
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

/// Every subset of `length` words, as bits, and its size.
fn subsets(length: usize) -> impl Iterator<Item = (u32, u32)> {
    (0..1_u32 << length).map(|subset| (subset, subset.count_ones()))
}

#[test]
fn deletion_draws_its_law() {
    let (lexicon, text) = text(4);
    let noise = Deletion::uniform(Arc::clone(&lexicon), rate(0.3)).unwrap();
    let own = [(text[1], rate(0.8)), (text[3], rate(0.05))];
    let per_word = Deletion::per_word(lexicon, own, rate(0.3)).unwrap();
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
fn exact_masking_draws_every_subset_with_equal_probability() {
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
fn frequencies_do_not_depend_on_the_position() {
    let (lexicon, text) = text(150);
    let places: HashMap<WordId, usize> = text.iter().copied().zip(0..).collect();
    let noise = Deletion::uniform(Arc::clone(&lexicon), rate(0.9)).unwrap();
    let samples = 20_000_u32;
    let (mut kept, mut neighbors) = (vec![0.0_f64; 150], 0.0_f64);
    for sample in 0..samples {
        let noisy = noise.sample(&text, &mut stream(sample.into()));
        let mut last = None;
        for word in noisy {
            let place = places[&word];
            assert!(last < Some(place), "the order is kept");
            neighbors += f64::from(u8::from(place > 0 && last == Some(place - 1)));
            kept[place] += 1.0;
            last = Some(place);
        }
    }
    let n = f64::from(samples);
    assert!(kept.iter().all(|count| (count - n * 0.1).abs() < 5.0 * (n * 0.09).sqrt()), "{kept:?}");
    let pairs = n * 149.0;
    // Pairs overlap, which triples their variance at most.
    assert!((neighbors - pairs * 0.01).abs() < 5.0 * (3.0 * pairs * 0.01).sqrt(), "{neighbors}");
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

/// Samples of earlier releases: a change here changes every run.
#[test]
fn draws_are_stable() {
    let (lexicon, text) = text(12);
    let shown = |noisy: Vec<WordId>| noisy.iter().map(|word| word.index()).collect::<Vec<_>>();
    let mut rng = stream(7);
    let deletion = Deletion::uniform(Arc::clone(&lexicon), rate(0.5)).unwrap();
    assert_eq!(shown(deletion.sample(&text, &mut rng)), DELETION);
    let per_word = Deletion::per_word(Arc::clone(&lexicon), [(text[0], rate(0.1))], rate(0.5)).unwrap();
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
