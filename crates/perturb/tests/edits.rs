//! Distances against an independent implementation and against exhaustive search; properties of scripts.

use proptest::prelude::*;
use std::collections::HashMap;
use steadfast_certify::EditCounts;
use steadfast_perturb::{
    EditOp, EditScript, PerturbError,
    edit::{
        align, damerau_levenshtein, damerau_levenshtein_characters, damerau_levenshtein_characters_within,
        damerau_levenshtein_within, normalized_damerau_levenshtein, normalized_optimal_string_alignment,
        optimal_string_alignment, optimal_string_alignment_characters,
        optimal_string_alignment_characters_within, optimal_string_alignment_within,
    },
};

/// All sequences over `letters` letters of at most `length`.
fn sequences(letters: u8, length: usize) -> Vec<Vec<u8>> {
    let mut all = vec![vec![]];
    let mut last = all.clone();
    for _ in 0..length {
        last = last
            .iter()
            .flat_map(|word| {
                (0..letters).map(move |letter| word.iter().copied().chain([letter]).collect::<Vec<u8>>())
            })
            .collect();
        all.extend(last.iter().cloned());
    }
    all
}

fn neighbors(word: &[u8], letters: u8, longest: usize) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut add = |edit: &dyn Fn(&mut Vec<u8>)| {
        let mut edited = word.to_vec();
        edit(&mut edited);
        found.push(edited);
    };
    for position in 0..=word.len() {
        for letter in 0..letters {
            if word.len() < longest {
                add(&|word| word.insert(position, letter));
            }
            if position < word.len() {
                add(&|word| word[position] = letter);
            }
        }
        if position < word.len() {
            add(&|word| {
                word.remove(position);
            });
        }
        if position + 1 < word.len() {
            add(&|word| word.swap(position, position + 1));
        }
    }
    found
}

#[test]
fn distances_match_exhaustive_search() {
    let (letters, length) = (3, 4);
    let words = sequences(letters, length);
    for source in &words {
        // Breadth first, through sequences one token longer than both ends.
        let mut distances = HashMap::from([(source.clone(), 0)]);
        let mut frontier = vec![source.clone()];
        for distance in 1..=length {
            let mut next = Vec::new();
            for word in &frontier {
                for neighbor in neighbors(word, letters, length + 1) {
                    if !distances.contains_key(&neighbor) {
                        distances.insert(neighbor.clone(), distance);
                        next.push(neighbor);
                    }
                }
            }
            frontier = next;
        }
        for target in &words {
            let distance = distances[target];
            assert_eq!(damerau_levenshtein(source, target), distance, "{source:?} {target:?}");
            let script = align(source, target, distance).unwrap().unwrap();
            assert_eq!(script.len(), distance, "{source:?} {target:?} {script:?}");
            assert_eq!(&script.apply(source).unwrap(), target, "{source:?} {script:?}");
            if distance > 0 {
                assert_eq!(align(source, target, distance - 1).unwrap(), None);
            }
        }
    }
}

#[test]
fn restricted_distance_is_not_a_metric() {
    let distance = |a: &str, b: &str| optimal_string_alignment_characters(a, b);
    assert_eq!((distance("ca", "ac"), distance("ac", "abc"), distance("ca", "abc")), (1, 1, 3));
    assert_eq!(damerau_levenshtein_characters("ca", "abc"), 2);
}

#[test]
fn normalized_distances() {
    assert_eq!(normalized_damerau_levenshtein::<u8>(&[], &[]), 0.0);
    assert_eq!(normalized_damerau_levenshtein(b"", b"abc"), 1.0);
    assert_eq!(normalized_damerau_levenshtein(b"ab", b"ba"), 0.5);
    assert_eq!(normalized_optimal_string_alignment(b"ca", b"abc"), 1.0);
    // The triangle inequality fails for the quotient.
    let words = sequences(2, 4);
    let fails = words.iter().any(|a| {
        words.iter().any(|b| {
            words.iter().any(|c| {
                let d = |x: &[u8], y: &[u8]| normalized_damerau_levenshtein(x, y);
                d(a, c) > d(a, b) + d(b, c) + 1e-9
            })
        })
    });
    assert!(fails);
}

fn pair() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    let word = |letters: u8| prop::collection::vec(0..letters, 0..40);
    // Unrelated sequences, and sequences few edits apart.
    let related =
        (prop::collection::vec(0..6_u8, 0..60), prop::collection::vec((0..4, any::<u16>(), 0..6_u8), 0..12))
            .prop_map(|(word, edits)| {
                let mut edited = word.clone();
                for (kind, place, letter) in edits {
                    let place = usize::from(place) % (edited.len() + 1);
                    match kind {
                        0 => edited.insert(place, letter),
                        1 if place < edited.len() => _ = edited.remove(place),
                        2 if place < edited.len() => edited[place] = letter,
                        3 if place + 1 < edited.len() => edited.swap(place, place + 1),
                        _ => {}
                    }
                }
                (word, edited)
            });
    prop_oneof![(word(2), word(2)), (word(8), word(8)), related]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn agree_with_strsim((a, b) in pair(), cutoff in 0..50_usize) {
        let free = strsim::generic_damerau_levenshtein(&a, &b);
        prop_assert_eq!(damerau_levenshtein(&a, &b), free);
        prop_assert_eq!(damerau_levenshtein_within(&a, &b, cutoff), (free <= cutoff).then_some(free));
        let text = |word: &[u8]| word.iter().map(|&letter| char::from(b'a' + letter)).collect::<String>();
        let restricted = strsim::osa_distance(&text(&a), &text(&b));
        prop_assert_eq!(optimal_string_alignment(&a, &b), restricted);
        prop_assert_eq!(optimal_string_alignment_within(&a, &b, cutoff), (restricted <= cutoff).then_some(restricted));
        prop_assert!(free <= restricted);
    }

    #[test]
    fn characters_agree_with_strsim(a in "[abé👩]{0,12}", b in "[abé👩]{0,12}", cutoff in 0..12_usize) {
        let free = strsim::damerau_levenshtein(&a, &b);
        prop_assert_eq!(damerau_levenshtein_characters(&a, &b), free);
        prop_assert_eq!(damerau_levenshtein_characters_within(&a, &b, cutoff), (free <= cutoff).then_some(free));
        let restricted = strsim::osa_distance(&a, &b);
        prop_assert_eq!(optimal_string_alignment_characters(&a, &b), restricted);
        prop_assert_eq!(
            optimal_string_alignment_characters_within(&a, &b, cutoff),
            (restricted <= cutoff).then_some(restricted)
        );
    }

    #[test]
    fn unrestricted_distance_is_a_metric((a, b) in pair(), (c, _) in pair()) {
        let d = |x: &[u8], y: &[u8]| damerau_levenshtein(x, y);
        prop_assert_eq!(d(&a, &a), 0);
        prop_assert_eq!(d(&a, &b) == 0, a == b);
        prop_assert_eq!(d(&a, &b), d(&b, &a));
        prop_assert!(d(&a, &c) <= d(&a, &b) + d(&b, &c));
        prop_assert!((0.0..=1.0).contains(&normalized_damerau_levenshtein(&a, &b)));
    }

    #[test]
    fn scripts_apply_and_invert((a, b) in pair(), cutoff in 0..50_usize) {
        let distance = damerau_levenshtein(&a, &b);
        let script = align(&a, &b, cutoff).unwrap();
        prop_assert_eq!(script.is_some(), distance <= cutoff);
        if let Some(script) = script {
            prop_assert_eq!(script.len(), distance);
            prop_assert_eq!(script.counts().total() as usize, distance);
            prop_assert_eq!(script.apply(&a).unwrap(), b.clone());
            let back = script.clone().inverted();
            prop_assert_eq!(back.apply(&b).unwrap(), a);
            prop_assert_eq!(back.inverted(), script);
        }
    }
}

#[test]
fn unfit_scripts_are_refused() {
    let fails = |edit: EditOp<char>| {
        let script = EditScript::new(vec![EditOp::Transpose { position: 0 }, edit]);
        match script.apply(&['a', 'b']) {
            Err(PerturbError::Edit { index: 1, length: 2, position, .. }) => position,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(fails(EditOp::Insert { position: 3, token: 'x' }), 3);
    assert_eq!(fails(EditOp::Delete { position: 2, token: 'b' }), 2);
    assert_eq!(fails(EditOp::Delete { position: 0, token: 'a' }), 0);
    assert_eq!(fails(EditOp::Substitute { position: 1, from: 'x', to: 'y' }), 1);
    assert_eq!(fails(EditOp::Transpose { position: 1 }), 1);
    assert_eq!(fails(EditOp::Transpose { position: usize::MAX }), usize::MAX);
    let error = EditScript::new(vec![EditOp::Transpose { position: 0 }]).apply(&['a']).unwrap_err();
    assert_eq!(
        error.to_string(),
        "edit 0 of the script (transposition at position 0) does not fit a sequence of 1 tokens: a transposition needs two tokens from this position on"
    );
}

#[test]
fn counts_by_kind() {
    let script: EditScript<u8> = [
        EditOp::Insert { position: 0, token: 1 },
        EditOp::Insert { position: 0, token: 2 },
        EditOp::Delete { position: 1, token: 1 },
        EditOp::Transpose { position: 0 },
    ]
    .into_iter()
    .collect();
    let expected = EditCounts { deletions: 1, insertions: 2, substitutions: 0, transpositions: 1 };
    assert_eq!(script.counts(), expected);
    assert_eq!(
        script.map(|token| token.to_string()).edits()[1],
        EditOp::Insert { position: 0, token: "2".to_owned() }
    );
}

#[test]
fn hundred_thousand_words() {
    let words: Vec<u32> = (0..100_000_u32).map(|i| i.wrapping_mul(2_654_435_761) % 5_000).collect();
    let mut edited = words.clone();
    for place in (1..100).rev() {
        match place % 4 {
            0 => _ = edited.remove(place * 1_000),
            1 => edited.insert(place * 1_000, 7),
            2 => edited[place * 1_000] = 9_999,
            _ => edited.swap(place * 1_000, place * 1_000 + 1),
        }
    }
    let distance = damerau_levenshtein(&words, &edited);
    assert!(distance <= 99, "{distance}");
    let script = align(&words, &edited, usize::MAX).unwrap().unwrap();
    assert_eq!((script.len(), script.apply(&words).unwrap() == edited), (distance, true));
    // Nothing in common: a cutoff avoids the whole table.
    let other: Vec<u32> = (10_000..110_000).collect();
    assert_eq!(damerau_levenshtein_within(&words, &other, 50), None);
    assert_eq!(align(&words, &other, 50).unwrap(), None);
    // An empty side needs no table.
    assert_eq!(align(&words, &[], usize::MAX).unwrap().unwrap().counts().deletions, 100_000);
    assert_eq!(align(&[], &words, usize::MAX).unwrap().unwrap().counts().insertions, 100_000);
}

#[test]
fn alignments_that_would_not_fit_are_refused() {
    // Nothing in common: 17,000 rows of 17,003 cells.
    let a: Vec<u32> = (0..17_000).collect();
    let b: Vec<u32> = (20_000..37_000).collect();
    let error = align(&a, &b, usize::MAX).unwrap_err();
    assert!(error.to_string().contains("17000 edits apart"), "{error}");
}

#[cfg(feature = "serde")]
#[test]
fn scripts_are_written_and_read() {
    let script = align(&["a", "b", "d"], &["b", "a", "d", "c"], 5).unwrap().unwrap().map(str::to_owned);
    let json = serde_json::to_string(&script).unwrap();
    assert_eq!(json, r#"[{"edit":"insert","position":3,"token":"c"},{"edit":"transpose","position":0}]"#);
    assert_eq!(serde_json::from_str::<EditScript<String>>(&json).unwrap(), script);
}
