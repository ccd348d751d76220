//! Random edits: at most the requested number, of the requested kinds, on any text.

use std::sync::Arc;
use steadfast_certify::{
    EditCounts, Noise,
    rand_core::Rng,
    seed::{Generator, Phase, Purpose, generator},
};
use steadfast_perturb::{
    Frequencies, Lexicon, Mutation, MutationWeights, Replacements, Row, SegmentMutation, Substitution,
    WordId, WordList, edit::damerau_levenshtein,
};

fn stream(sample: u64) -> Generator {
    generator(2020, Phase::Training, 1, sample, Purpose::Noise)
}

fn words(range: std::ops::Range<u32>) -> Vec<WordId> {
    range.map(WordId::from_index).collect()
}

const NONE: MutationWeights =
    MutationWeights { deletion: 0, insertion: 0, substitution: 0, transposition: 0 };

#[test]
fn the_number_of_edits_is_bounded() {
    let text = words(1..20);
    for count in [0, 1, 3, 10] {
        let mutation = Mutation::new(count, MutationWeights::default(), WordList::new(words(1..30))).unwrap();
        for sample in 0..500 {
            let (mutated, script) = mutation.mutate(&text, &mut stream(sample));
            assert!(script.len() <= count as usize);
            assert_eq!(script.apply(&text).unwrap(), mutated);
            assert!(damerau_levenshtein(&text, &mutated) <= count as usize);
            assert_eq!(mutation.sample(&text, &mut stream(sample)), mutated);
        }
        assert_eq!(mutation.fingerprint(&text), None);
    }
}

#[test]
fn kinds_are_drawn_in_proportion() {
    let weights = MutationWeights { deletion: 1, insertion: 2, substitution: 3, transposition: 4 };
    // The new words are not in the text, and its words are distinct, so no edit is skipped.
    let mutation = Mutation::new(1, weights, WordList::new(words(100..200))).unwrap();
    let n = 50_000_u32;
    let edits = (0..n).flat_map(|sample| mutation.mutate(&words(1..10), &mut stream(sample.into())).1);
    let counts: EditCounts = edits.map(|edit| edit.kind()).collect();
    assert_eq!(counts.total(), n);
    let of = |count: u32, p: f64| {
        let (count, n) = (f64::from(count), f64::from(n));
        assert!((count - n * p).abs() < 5.0 * (n * p * (1.0 - p)).sqrt(), "{counts:?}");
    };
    of(counts.deletions, 0.1);
    of(counts.insertions, 0.2);
    of(counts.substitutions, 0.3);
    of(counts.transpositions, 0.4);
}

#[test]
fn texts_of_any_length() {
    let all = Mutation::new(5, MutationWeights::default(), WordList::new(words(1..30))).unwrap();
    let swap = Mutation::new(5, MutationWeights { transposition: 1, ..NONE }, WordList::new(vec![])).unwrap();
    let delete = Mutation::new(5, MutationWeights { deletion: 1, ..NONE }, WordList::new(vec![])).unwrap();
    let grow =
        Mutation::new(5, MutationWeights { insertion: 1, ..NONE }, WordList::new(words(1..2))).unwrap();
    let without_words = Mutation::new(5, MutationWeights::default(), WordList::new(vec![])).unwrap();
    for sample in 0..200 {
        let rng = || stream(sample);
        for length in [0, 1, 2, 3] {
            let text = words(1..length + 1);
            assert!(all.sample(&text, &mut rng()).len() <= text.len() + 5);
            assert!(without_words.sample(&text, &mut rng()).len() <= text.len());
            assert_eq!(delete.sample(&text, &mut rng()), []);
            assert_eq!(grow.sample(&text, &mut rng()).len(), text.len() + 5);
            if length < 2 {
                assert_eq!(swap.sample(&text, &mut rng()), text);
            }
        }
    }
    let long = words(1..100_001);
    assert_ne!(all.sample(&long, &mut stream(0)), long);
    assert!(Mutation::new(1, NONE, WordList::new(vec![])).is_err());
}

#[test]
fn sources_of_words() {
    let mut rng = stream(0);
    // Frequencies: twice, once, five times.
    let texts = [words(1..4), words(1..2), words(3..4), words(3..4), vec![WordId::from_index(3); 2]];
    let frequencies = Frequencies::of(texts.iter().map(Vec::as_slice));
    let mut counts = [0.0_f64; 4];
    for _ in 0..80_000 {
        counts[frequencies.draw(None, &mut rng).unwrap().index() as usize] += 1.0;
    }
    for (count, p) in counts.into_iter().zip([0.0, 0.25, 0.125, 0.625]) {
        assert!((count - 80_000.0 * p).abs() <= 5.0 * (80_000.0 * p * (1.0 - p)).sqrt(), "{counts:?}");
    }
    assert_eq!(Frequencies::default().draw(None, &mut rng), None);

    // A table replaces words that have a row, and inserts a synonym of a word of the text.
    let lexicon = Arc::new(Lexicon::new());
    let [good, fine, film] = ["good", "fine", "film"].map(|word| lexicon.intern(word));
    let table = Substitution::new(lexicon, [Row::new(good, [(fine, 1 << 32)])]).unwrap();
    assert_eq!(table.draw(Some(good), &mut rng), Some(fine));
    assert_eq!((table.draw(Some(film), &mut rng), table.draw(None, &mut rng)), (None, None));
    let insert = Mutation::new(1, MutationWeights { insertion: 1, ..NONE }, table).unwrap();
    assert_eq!(insert.sample(&[film], &mut rng), [film]);
    assert_eq!(insert.sample(&[], &mut rng), []);
    assert!(insert.sample(&[good], &mut rng).contains(&fine));

    // A function of the word.
    let next =
        |original: Option<WordId>, _: &mut dyn Rng| original.map(|word| WordId::from_index(word.index() + 1));
    let substitute = Mutation::new(1, MutationWeights { substitution: 1, ..NONE }, next).unwrap();
    assert_eq!(substitute.sample(&[good], &mut rng), [fine]);
}

#[test]
fn a_segment_is_edited_as_a_whole() {
    let segment = words(1..7);
    let new = || WordList::new(words(100..200));
    let of = |weights, input: &[WordId], sample| {
        SegmentMutation::new(weights, new()).unwrap().sample(input, &mut stream(sample))
    };
    let mut orders = std::collections::HashSet::new();
    for sample in 0..300 {
        assert_eq!(of(MutationWeights { deletion: 1, ..NONE }, &segment, sample), []);
        let substituted = of(MutationWeights { substitution: 1, ..NONE }, &segment, sample);
        assert!(substituted.len() == 6 && substituted.iter().all(|word| word.index() >= 100));
        let grown = of(MutationWeights { insertion: 1, ..NONE }, &segment, sample);
        assert_eq!(grown.len(), 12);
        assert!(grown.chunks(2).all(|pair| (pair[0].index() < 100) != (pair[1].index() < 100)));
        assert!(grown.iter().filter(|word| word.index() < 100).eq(&segment));
        let mut shuffled = of(MutationWeights { transposition: 1, ..NONE }, &segment[..3], sample);
        orders.insert(shuffled.clone());
        shuffled.sort_unstable();
        assert_eq!(shuffled, segment[..3]);
        // Impossible kinds are not drawn.
        assert_eq!(of(MutationWeights { transposition: 1, ..NONE }, &segment[..1], sample), segment[..1]);
        assert_eq!(of(MutationWeights::default(), &[], sample), []);
    }
    assert_eq!(orders.len(), 6);
    let without_words = SegmentMutation::new(
        MutationWeights { substitution: 1, insertion: 1, ..NONE },
        WordList::new(vec![]),
    );
    assert_eq!(without_words.unwrap().sample(&segment, &mut stream(0)), segment);
    assert!(SegmentMutation::new(NONE, new()).is_err());
}
