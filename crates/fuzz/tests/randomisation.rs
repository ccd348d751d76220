//! Randomised copies: rates, coins, distances.

mod common;

use common::World;
use steadfast_certify::Rate;
use steadfast_fuzz::{Coin, Error, Finding, Randomisation, Randomiser, Rates, Settings};
use steadfast_perturb::{
    MutationWeights, SegmentMutation, WordId, WordList, edit::normalized_damerau_levenshtein,
};

fn findings(world: &World, count: usize) -> Vec<Finding> {
    let texts: Vec<_> = world
        .poisoned(count, &world.triggers[1..2], &world.model())
        .into_iter()
        .map(|(text, _)| text)
        .collect();
    world.fuzzer(Settings::default()).search(&world.divergence(), &texts).unwrap()
}

fn settings(overall: f64, area: f64) -> Randomisation {
    Randomisation::new(Rates::new(Rate::new(overall).unwrap(), Rate::new(area).unwrap()).unwrap())
}

/// Every word of a mutated segment is replaced by a word that no text holds, so that each word shows whether it was.
fn marking(world: &World) -> (SegmentMutation, WordId) {
    let mark = world.lexicon.intern("mark");
    let weights = MutationWeights { deletion: 0, insertion: 0, substitution: 1, transposition: 0 };
    (SegmentMutation::new(weights, WordList::new(vec![mark])).unwrap(), mark)
}

#[test]
fn words_are_randomised_at_their_rates() {
    let world = World::new();
    let findings = findings(&world, 20);
    let (mutation, mark) = marking(&world);
    let voters = 4_000;
    for coin in [Coin::Segment, Coin::Word] {
        let randomiser =
            Randomiser::new(mutation.clone(), Randomisation { coin, ..settings(0.3, 0.8) }).unwrap();
        let copies: Vec<Vec<Vec<WordId>>> =
            (0..voters).map(|voter| randomiser.randomise(&findings, voter).unwrap()).collect();
        let mut torn = 0;
        for (number, finding) in findings.iter().enumerate() {
            let (weights, length) = (randomiser.weights(finding), finding.text().len());
            let mut overall = 0.0;
            for word in 0..length {
                let marked = copies.iter().filter(|copies| copies[number][word] == mark).count() as f64;
                let rate =
                    if finding.covers(&(word..word + 1)) { weights.area } else { weights.rest }.value();
                let n = voters as f64;
                let deviation = (n * rate * (1.0 - rate)).sqrt();
                assert!((marked - n * rate).abs() <= 5.0 * deviation, "{marked} of {n} at rate {rate}");
                overall += rate / length as f64;
            }
            assert!((overall - 0.3).abs() < 1e-8, "{overall}");
            // One coin for all words of a segment, or one for each.
            for segment in finding.tree().leaves() {
                torn += copies
                    .iter()
                    .map(|copies| {
                        copies[number][segment.clone()].iter().filter(|&&word| word == mark).count()
                    })
                    .filter(|&marks| marks != 0 && marks != segment.len())
                    .count();
            }
        }
        assert_eq!(torn > 0, coin == Coin::Word);
    }
}

#[test]
fn copies_depend_on_seed_voter_and_text_alone() {
    let world = World::new();
    let findings = findings(&world, 30);
    let randomiser =
        |seed| Randomiser::new(world.mutations(), Randomisation { seed, ..settings(0.4, 0.9) }).unwrap();
    let together = randomiser(0).randomise(&findings, 3).unwrap();
    assert_eq!(together, randomiser(0).randomise(&findings, 3).unwrap());
    let alone = |finding| randomiser(0).randomise(std::slice::from_ref(finding), 3).unwrap().remove(0);
    assert_eq!(together, findings.iter().map(alone).collect::<Vec<_>>());
    assert_ne!(together, randomiser(0).randomise(&findings, 4).unwrap());
    assert_ne!(together, randomiser(1).randomise(&findings, 3).unwrap());
}

#[test]
fn copies_keep_to_the_threshold() {
    let world = World::new();
    let findings = findings(&world, 100);
    for threshold in [0.1, 0.3, 1.0] {
        let settings = Randomisation { threshold, ..settings(0.3, 0.8) };
        let randomiser = Randomiser::new(world.mutations(), settings).unwrap();
        let mut largest: f64 = 0.0;
        for voter in 0..20 {
            for (copy, finding) in randomiser.randomise(&findings, voter).unwrap().iter().zip(&findings) {
                let distance = normalized_damerau_levenshtein(copy, finding.text());
                assert!(distance <= threshold);
                largest = largest.max(distance);
            }
        }
        // Copies near the threshold are not thrown away.
        assert!(largest >= 0.8 * threshold, "{largest} of {threshold}");
    }
}

#[test]
fn a_threshold_that_is_met_exactly_is_kept() {
    // One of ten words: 0.1 · 10 is 1 in doubles, 0.29 · 100 is less than 29.
    let world = World::new();
    let (mutation, mark) = marking(&world);
    for (length, segment, threshold) in [(10, 1, 0.1), (100, 29, 0.29)] {
        let text: Vec<WordId> = world.words[10..10 + length].to_vec();
        let first = text[..segment].to_vec();
        let objective = steadfast_fuzz::objective::from_fn(
            move |text: &[WordId]| text.starts_with(&first),
            |changed, original| f64::from(u8::from(changed != original)),
        );
        let finding = world.fuzzer(Settings { budget: 1, ..Settings::default() });
        let finding = finding.search(&objective, &[text]).unwrap();
        let settings = Randomisation { threshold, coin: Coin::Word, ..settings(threshold, 0.999) };
        let randomiser = Randomiser::new(mutation.clone(), settings).unwrap();
        let marks = |voter| {
            let copy = randomiser.randomise(&finding, voter).unwrap().remove(0);
            copy.iter().filter(|&&word| word == mark).count()
        };
        assert_eq!((0..200).map(marks).max(), Some(segment));
    }
}

#[test]
fn a_threshold_that_rejects_all_copies_is_an_error() {
    let world = World::new();
    let findings = findings(&world, 3);
    let (mutation, _) = marking(&world);
    // Some word is marked nearly always.
    let settings = Randomisation { threshold: 0.0, attempts: 50, coin: Coin::Word, ..settings(0.99, 0.99) };
    let rejected = Randomiser::new(mutation, settings).unwrap().randomise(&findings, 0);
    let error = rejected.unwrap_err();
    assert!(matches!(error, Error::Rejected { text: 0, attempts: 50, .. }));
    let message = error.to_string();
    for part in ["none of 50", "Λ = 0", "raise Λ"] {
        assert!(message.contains(part), "{message}");
    }
}
