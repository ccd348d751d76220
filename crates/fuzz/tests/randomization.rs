//! Randomized copies: rates, units, distances.

mod common;

use common::World;
use steadfast_certify::Rate;
use steadfast_fuzz::{
    FuzzError, Randomization, RandomizationUnit, Randomizer, Rates, SearchSettings, VulnerableArea,
};
use steadfast_perturb::{
    MutationWeights, SegmentMutation, WordId, WordList, edit::normalized_damerau_levenshtein,
};

fn areas(world: &World, count: usize) -> Vec<VulnerableArea> {
    let texts: Vec<_> = world
        .poisoned(count, &world.triggers[1..2], &world.model())
        .into_iter()
        .map(|(text, _)| text)
        .collect();
    world.fuzzer(SearchSettings::default()).search(&world.divergence(), &texts).unwrap()
}

fn settings(overall: f64, area: f64) -> Randomization {
    Randomization::new(Rates::new(Rate::new(overall).unwrap(), Rate::new(area).unwrap()).unwrap())
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
    let areas = areas(&world, 20);
    let (mutation, mark) = marking(&world);
    let voters = 4_000;
    for unit in [RandomizationUnit::Segment, RandomizationUnit::Word] {
        let randomizer = Randomizer::new(mutation.clone(), settings(0.3, 0.8).unit(unit)).unwrap();
        let copies: Vec<Vec<Vec<WordId>>> =
            (0..voters).map(|voter| randomizer.randomize(&areas, voter).unwrap()).collect();
        let mut torn = 0;
        for (number, area) in areas.iter().enumerate() {
            let (weights, length) = (randomizer.weights(area), area.text().len());
            let mut overall = 0.0;
            for word in 0..length {
                let marked = copies.iter().filter(|copies| copies[number][word] == mark).count() as f64;
                let rate = if area.covers(&(word..word + 1)) { weights.area } else { weights.rest }.value();
                let n = voters as f64;
                let deviation = (n * rate * (1.0 - rate)).sqrt();
                assert!((marked - n * rate).abs() <= 5.0 * deviation, "{marked} of {n} at rate {rate}");
                overall += rate / length as f64;
            }
            assert!((overall - 0.3).abs() < 1e-8, "{overall}");
            // One unit for all words of a segment, or one for each.
            for segment in area.tree().leaves() {
                torn += copies
                    .iter()
                    .map(|copies| {
                        copies[number][segment.clone()].iter().filter(|&&word| word == mark).count()
                    })
                    .filter(|&marks| marks != 0 && marks != segment.len())
                    .count();
            }
        }
        assert_eq!(torn > 0, unit == RandomizationUnit::Word);
    }
}

#[test]
fn copies_depend_on_seed_voter_and_text_alone() {
    let world = World::new();
    let areas = areas(&world, 30);
    let randomizer = |seed| Randomizer::new(world.mutations(), settings(0.4, 0.9).seed(seed)).unwrap();
    let together = randomizer(0).randomize(&areas, 3).unwrap();
    assert_eq!(together, randomizer(0).randomize(&areas, 3).unwrap());
    let alone = |area| randomizer(0).randomize(std::slice::from_ref(area), 3).unwrap().remove(0);
    assert_eq!(together, areas.iter().map(alone).collect::<Vec<_>>());
    assert_ne!(together, randomizer(0).randomize(&areas, 4).unwrap());
    assert_ne!(together, randomizer(1).randomize(&areas, 3).unwrap());
}

#[test]
fn copies_keep_to_the_threshold() {
    let world = World::new();
    let areas = areas(&world, 100);
    for threshold in [0.1, 0.3, 1.0] {
        let settings = settings(0.3, 0.8).threshold(threshold);
        let randomizer = Randomizer::new(world.mutations(), settings).unwrap();
        let mut largest: f64 = 0.0;
        for voter in 0..20 {
            for (copy, area) in randomizer.randomize(&areas, voter).unwrap().iter().zip(&areas) {
                let distance = normalized_damerau_levenshtein(copy, area.text());
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
        let area = world.fuzzer(SearchSettings::default().budget(1));
        let area = area.search(&objective, &[text]).unwrap();
        let settings = settings(threshold, 0.999).threshold(threshold).unit(RandomizationUnit::Word);
        let randomizer = Randomizer::new(mutation.clone(), settings).unwrap();
        let marks = |voter| {
            let copy = randomizer.randomize(&area, voter).unwrap().remove(0);
            copy.iter().filter(|&&word| word == mark).count()
        };
        assert_eq!((0..200).map(marks).max(), Some(segment));
    }
}

#[test]
fn a_threshold_that_rejects_all_copies_is_an_error() {
    let world = World::new();
    let areas = areas(&world, 3);
    let (mutation, _) = marking(&world);
    // Some word is marked nearly always.
    let settings = settings(0.99, 0.99).threshold(0.0).attempts(50).unit(RandomizationUnit::Word);
    let rejected = Randomizer::new(mutation, settings).unwrap().randomize(&areas, 0);
    let error = rejected.unwrap_err();
    assert!(matches!(error, FuzzError::Rejected { text: 0, attempts: 50, .. }));
    let message = error.to_string();
    for part in ["none of 50", "Λ = 0", "raise Λ"] {
        assert!(message.contains(part), "{message}");
    }
}
