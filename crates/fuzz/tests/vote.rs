//! Votes of several models on randomized copies, and deletion noise around them.

mod common;

use common::{Backdoored, World, deletions};
use std::{cell::RefCell, sync::Arc};
use steadfast_certify::{
    Classifier, Confidence, Interval, Plan, Rate, ScoringClassifier, SmoothedClassifier, from_fn,
};
use steadfast_fuzz::{
    Divergence, FrsClassifier, FuzzError, MajorityVote, Randomization, Randomizer, Rates, SearchSettings,
    Verdict, theorem,
};
use steadfast_perturb::{Deletion, WordId};

const VOTERS: usize = 9;

fn randomizer(overall: f64, area: f64) -> Randomizer {
    let rates = Rates::new(Rate::new(overall).unwrap(), Rate::new(area).unwrap()).unwrap();
    Randomizer::new(deletions(), Randomization::new(rates)).unwrap()
}

fn frs(world: &World, overall: f64, area: f64) -> FrsClassifier<Divergence<Backdoored>, Backdoored> {
    let fuzzer = steadfast_fuzz::Fuzzer::new(
        Arc::clone(&world.lexicon),
        deletions(),
        SearchSettings::default().budget(15),
    );
    let voters = vec![world.model(); VOTERS];
    FrsClassifier::new(fuzzer.unwrap(), randomizer(overall, area), world.divergence(), voters).unwrap()
}

fn poisoned(world: &World, count: usize) -> Vec<Vec<WordId>> {
    let texts = world.poisoned(count, &world.triggers[1..2], &world.model());
    texts.into_iter().map(|(text, _)| text).collect()
}

#[test]
fn most_triggers_are_voted_down() {
    let world = World::new();
    let texts = poisoned(&world, 300);
    let fooled = |classes: &[usize]| classes.iter().filter(|&&class| class == 1).count();
    assert_eq!(fooled(&world.model().classify(&texts).unwrap()), 300);
    // The same overall rate, spread evenly, seldom meets the trigger.
    let uniform = fooled(&frs(&world, 0.3, 0.3).classify(&texts).unwrap());
    let fuzzed = fooled(&frs(&world, 0.3, 0.95).classify(&texts).unwrap());
    assert!(uniform > 220 && fuzzed < 60, "{uniform} and {fuzzed} of 300");
}

#[test]
fn voters_are_asked_one_after_the_other_about_all_texts() {
    let world = World::new();
    let texts = poisoned(&world, 40);
    let calls = RefCell::new(Vec::new());
    let voter = |number: usize| {
        let calls = &calls;
        steadfast_certify::from_batch_fn(3, move |batch: &[Vec<WordId>]| {
            calls.borrow_mut().push((number, batch.len()));
            Ok(vec![[2, 1, 1][number]; batch.len()])
        })
    };
    let fuzzer = world.fuzzer(SearchSettings::default());
    let areas = fuzzer.search(&world.divergence(), &texts).unwrap();
    let randomizer = randomizer(0.3, 0.9);
    let mut vote = MajorityVote::new(&randomizer, &areas);
    for number in [0, 1, 2] {
        vote.ask(&voter(number)).unwrap();
    }
    // Another number of classes, and a wrong answer, are refused and leave the vote as it was.
    assert!(matches!(
        vote.ask(&from_fn(2, |_: &Vec<WordId>| 0)),
        Err(FuzzError::Voters { voter: 3, given: 2, expected: 3 })
    ));
    assert!(matches!(vote.ask(&from_fn(3, |_: &Vec<WordId>| 3)), Err(FuzzError::Certify(_))));
    let verdicts = vote.verdicts().unwrap();
    assert!(verdicts.iter().all(|verdict| verdict.class() == 1 && verdict.votes() == [0, 2, 1]));
    assert_eq!(calls.into_inner(), [(0, 40), (1, 40), (2, 40)]);
    // A tie goes to the smaller class.
    let mut vote = MajorityVote::new(&randomizer, &areas);
    for class in [2, 1] {
        vote.ask(&from_fn(3, |_: &Vec<WordId>| class)).unwrap();
    }
    assert!(vote.verdicts().unwrap().iter().all(|verdict| verdict.class() == 1));
}

#[test]
fn radii_are_those_of_the_theorem() {
    let world = World::new();
    // 20 of 40 words, and a trigger that is found: ω_H stays 0.9.
    let texts = poisoned(&world, 200);
    let decided = {
        let fuzzer = steadfast_fuzz::Fuzzer::new(
            Arc::clone(&world.lexicon),
            deletions(),
            SearchSettings::default().budget(30),
        );
        let voters = vec![from_fn(2, |_: &Vec<WordId>| 0); 20];
        FrsClassifier::new(fuzzer.unwrap(), randomizer(0.5, 0.9), world.divergence(), voters)
            .unwrap()
            .decide(&texts)
            .unwrap()
    };
    let (alpha, one) = (Confidence::alpha(0.05).unwrap(), Interval::enclosing("1").unwrap());
    let radius = |verdict: &Verdict| verdict.radius(alpha, one).unwrap();
    let mut full = 0;
    for (_, verdict) in &decided {
        assert_eq!(verdict.votes(), [20, 0]);
        let area = verdict.weights().area;
        let expected = theorem::trigger_length(
            steadfast_certify::confidence::clopper_pearson_lower(20, 20, alpha.shared_by(2)).unwrap(),
            area.into(),
            one,
        );
        assert_eq!(radius(verdict), expected);
        let enlargement = verdict.enlargement().unwrap();
        assert!((enlargement.statement() - 0.5_f64.ln() / area.value().ln()).abs() < 1e-6);
        if area == Rate::new(0.9).unwrap() {
            full += 1;
            // 20 unanimous voters bound the share by 0.832 for either class: three tokens at ω = 0.9.
            assert_eq!(*radius(verdict).statement(), Some(3));
            assert!((enlargement.statement() - 6.578_813).abs() < 1e-4);
        }
        assert!(radius(verdict).assumptions().count() >= 5);
    }
    assert!(full > 150, "{full}");
}

#[test]
fn an_answer_depends_on_its_words_alone() {
    let world = World::new();
    let texts = poisoned(&world, 50);
    let frs = frs(&world, 0.3, 0.9);
    let together = frs.decide(&texts).unwrap();
    for (text, decided) in texts.iter().zip(&together) {
        assert_eq!(&frs.decide(std::slice::from_ref(text)).unwrap()[0], decided);
    }
    // The voters' shares are its probabilities.
    let shares = frs.probabilities(&texts).unwrap();
    for (row, (_, verdict)) in shares.rows().zip(&together) {
        let votes: Vec<f32> = verdict.votes().iter().map(|&votes| votes as f32 / VOTERS as f32).collect();
        assert_eq!(row, votes);
    }
    // The empty text has a fixed answer as well.
    let empty = frs.classify(&[vec![]]).unwrap();
    assert_eq!(frs.classify(&[texts[0].clone(), vec![], vec![]]).unwrap()[1..], [empty[0]; 2]);
}

#[test]
fn deletion_around_the_classifier_is_certified() {
    let world = World::new();
    let noise = Deletion::uniform(Arc::clone(&world.lexicon), Rate::new(0.8).unwrap()).unwrap();
    // Forty words of one side.
    let side = world.words[5..].iter().filter(|&&word| world.model().probability(&[word]) > 0.62);
    let text: Vec<WordId> = side.take(40).copied().collect();
    let frs = frs(&world, 0.2, 0.6);
    let smoothed = |batch, threads| {
        let plan = Plan::fixed(50, 1_000).unwrap();
        SmoothedClassifier::new(&frs, &noise, plan).seed(3).batch(batch).threads(threads)
    };
    let votes = smoothed(256, 1).count(0, &text).unwrap();
    assert_eq!(votes, smoothed(17, 2).count(0, &text).unwrap());
    let certificate = smoothed(256, 1).certify(&text, &noise.edits(&text).unwrap()).unwrap();
    assert_eq!(certificate.class(), Some(1));
    assert!(certificate.radius().is_some_and(|radius| radius.covers(1)), "{certificate}");
}
