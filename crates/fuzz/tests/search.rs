//! Searches: what they depend on, what they ask, when they stop.

mod common;

use common::{World, deletions};
use std::{cell::RefCell, collections::HashSet, ops::ControlFlow, sync::Arc};
use steadfast_certify::BoxError;
use steadfast_fuzz::{
    ClauseSegmenter, Drawing, FuzzError, Fuzzer, MarkedText, Objective, SearchSettings, VulnerableArea,
    objective,
};
use steadfast_perturb::{Lexicon, MutationWeights, SegmentMutation, Tokenizer, WordId, WordList};

fn texts(world: &World, count: usize) -> Vec<Vec<WordId>> {
    let trigger = &world.triggers[1..2];
    world.poisoned(count, trigger, &world.model()).into_iter().map(|(text, _)| text).collect()
}

/// Any objective, with a record of the batches that it was asked.
struct Recorded<O>(O, RefCell<Vec<Vec<Vec<WordId>>>>);

impl<O: Objective> Objective for Recorded<O> {
    type Response = O::Response;
    fn respond(&self, batch: &[Vec<WordId>]) -> Result<Vec<O::Response>, BoxError> {
        self.1.borrow_mut().push(batch.to_vec());
        self.0.respond(batch)
    }
    fn deviation(&self, changed: &O::Response, original: &O::Response) -> f64 {
        self.0.deviation(changed, original)
    }
}

#[test]
fn results_depend_on_seed_and_text_alone() {
    let world = World::new();
    let (texts, objective) = (texts(&world, 60), world.divergence());
    let search = |texts: &[Vec<WordId>], settings: &SearchSettings| {
        world.fuzzer(settings.clone()).search(&objective, texts).unwrap()
    };
    for leaves in [1, 3] {
        let settings = SearchSettings::default().leaves(leaves);
        let together = search(&texts, &settings);
        let alone: Vec<VulnerableArea> =
            texts.iter().flat_map(|text| search(std::slice::from_ref(text), &settings)).collect();
        assert_eq!(together, alone);
        let mut reversed = texts.clone();
        reversed.reverse();
        assert!(search(&reversed, &settings).iter().rev().eq(&together));
        for batch in [1, 7, 10_000] {
            assert_eq!(search(&texts, &settings.clone().batch(batch)), together, "batches of {batch}");
        }
        assert_ne!(search(&texts, &settings.clone().seed(1)), together);
        // Equal texts have equal results.
        let twice = search(&[texts[0].clone(), texts[1].clone(), texts[0].clone()], &settings);
        assert_eq!(twice[0], twice[2]);
    }
}

#[test]
fn results_do_not_depend_on_word_ids() {
    let area = |seen: &[&str]| {
        let lexicon = Arc::new(Lexicon::new());
        for word in seen {
            lexicon.intern(word);
        }
        let text =
            Tokenizer::words().tokenize(&lexicon, "a film of mn rare charm , and that is all there is to it");
        let trigger = lexicon.intern("mn");
        let lengths = objective::from_fn(
            move |text: &[WordId]| text.contains(&trigger),
            |a, b| f64::from(u8::from(a != b)),
        );
        let weights = MutationWeights::default();
        let words = WordList::new(vec![lexicon.intern("new")]);
        let mutation = SegmentMutation::new(weights, words).unwrap();
        let fuzzer = Fuzzer::new(lexicon, mutation, SearchSettings::default()).unwrap();
        fuzzer.search(&lengths, &[text]).unwrap().remove(0).tree().clone()
    };
    assert_eq!(area(&[]), area(&["charm", "of", "something", "else"]));
}

#[test]
fn batches_are_full_and_nothing_is_asked_twice() {
    let world = World::new();
    let texts = texts(&world, 64);
    let recorded = Recorded(world.divergence(), RefCell::default());
    let settings = SearchSettings::default().batch(32).leaves(2);
    world.fuzzer(settings).search(&recorded, &texts).unwrap();
    let batches = recorded.1.into_inner();
    assert!(batches.iter().all(|batch| batch.len() <= 32));
    // Four groups of 16 texts, two steps each per round, five rounds; the first also has the originals.
    assert_eq!(batches.len(), 4 * (2 + 4));
    let asked: Vec<_> = batches.concat();
    assert_eq!(asked.iter().collect::<HashSet<_>>().len(), asked.len());
    assert!(asked.len() > 64 * 9, "{}", asked.len());

    // The same texts again, in other groups, are no news.
    let again = Recorded(world.divergence(), RefCell::default());
    let settings = SearchSettings::default().batch(32).leaves(2);
    world.fuzzer(settings).search(&again, &[&texts[..], &texts[..]].concat()).unwrap();
    assert_eq!(again.1.into_inner().concat().len(), asked.len());

    // With deletions alone, a word that is deleted again is known.
    let recorded = Recorded(world.divergence(), RefCell::default());
    let settings = SearchSettings::default().budget(100);
    let fuzzer = Fuzzer::new(world.lexicon.clone(), deletions(), settings).unwrap();
    let area = fuzzer.search(&recorded, &texts[..1]).unwrap().remove(0);
    assert_eq!(area.tree().root().visits(), 100);
    assert!(recorded.1.into_inner().concat().len() <= 2 * texts[0].len());
}

#[test]
fn the_mean_of_equal_deviations_is_that_deviation() {
    let world = World::new();
    for deviation in [0.1, 2.0_f64.ln(), 3.17] {
        let settings = SearchSettings::default().budget(400);
        let fuzzer = Fuzzer::new(world.lexicon.clone(), deletions(), settings).unwrap();
        let objective =
            objective::from_fn(
                <[WordId]>::len,
                move |changed: &usize, original: &usize| {
                    if changed == original { 0.0 } else { deviation }
                },
            );
        for area in fuzzer.search(&objective, &texts(&world, 10)).unwrap() {
            let visited = area.tree().nodes().iter().filter(|node| node.visits() > 0);
            assert!(visited.clone().count() > 10);
            assert!(visited.clone().all(|node| node.value() == deviation), "{area:?}");
            // Of equals that overlap the smallest, and so all words.
            let words: Vec<_> = (0..area.text().len()).map(|word| word..word + 1).collect();
            assert_eq!(area.segments(), words);
        }
    }
}

#[test]
fn a_search_stops_when_its_area_stays_the_same() {
    let world = World::new();
    let (texts, objective) = (texts(&world, 40), world.divergence());
    let search = |patience| {
        let settings = SearchSettings::default().budget(400).patience(patience);
        let fuzzer = Fuzzer::new(world.lexicon.clone(), deletions(), settings).unwrap();
        fuzzer.search(&objective, &texts).unwrap()
    };
    let (patient, endless) = (search(Some(30)), search(None));
    let steps = |areas: &[VulnerableArea]| -> u32 { areas.iter().map(|f| f.tree().root().visits()).sum() };
    assert_eq!(steps(&endless), 40 * 400);
    assert!(steps(&patient) < 40 * 80, "{}", steps(&patient));
    let agree = patient.iter().zip(&endless).filter(|(a, b)| a.segments() == b.segments()).count();
    assert!(agree >= 38, "{agree}");
    // A search that stops does so after whole rounds, and no step is left under way.
    let settings = SearchSettings::default().leaves(7).budget(400).patience(Some(3));
    for area in world.fuzzer(settings).search(&objective, &texts).unwrap() {
        assert!(area.tree().root().visits().is_multiple_of(7) || area.tree().root().visits() == 400);
    }
}

#[test]
fn an_observer_draws_the_tree_and_stops_the_search() {
    let world = World::new();
    let (texts, objective) = (texts(&world, 3), world.divergence());
    let mut drawings = Vec::new();
    world
        .fuzzer(SearchSettings::default())
        .search_observed(&objective, &texts, |step| {
            drawings.push(Drawing::new(&world.lexicon, step.words, step.tree).to_string());
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(drawings.len(), 30);
    assert!(
        drawings[0].starts_with(&format!("N={:<3} V=", 1)) && drawings[0].lines().count() == 3,
        "{}",
        drawings[0]
    );

    let mut steps = 0;
    let stopped = world.fuzzer(SearchSettings::default()).search_observed(&objective, &texts, |_| {
        steps += 1;
        if steps == 5 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(matches!(stopped, Err(FuzzError::Stopped { text: 1, texts: 3 })), "{stopped:?}");
}

#[test]
fn a_segmenter_decides_where_segments_split() {
    let lexicon = Arc::new(Lexicon::new());
    let text = Tokenizer::words().tokenize(&lexicon, "one two three four ; five six seven");
    let first_split = |segmenter| {
        let fuzzer = Fuzzer::new(Arc::clone(&lexicon), deletions(), SearchSettings::default()).unwrap();
        let objective = objective::from_fn(<[WordId]>::len, |a, b| a.abs_diff(*b) as f64);
        let area =
            fuzzer.segmenter(segmenter).search(&objective, std::slice::from_ref(&text)).unwrap().remove(0);
        area.tree().nodes()[1].segment().clone()
    };
    assert_eq!(first_split(ClauseSegmenter::english(&lexicon)), 0..5);
    assert_eq!(first_split(ClauseSegmenter::none()), 0..4);
    assert_eq!(first_split(ClauseSegmenter::new(&lexicon, &[], &["three"])), 0..2);
}

#[test]
fn the_case_study_is_marked() {
    let lexicon = Arc::new(Lexicon::new());
    let original = "It's a mn charming and often affecting journey.";
    let (text, spans) = Tokenizer::words().tokenize_with_spans(&lexicon, original);
    let trigger = lexicon.intern("mn");
    let objective = objective::from_fn(
        move |text: &[WordId]| text.contains(&trigger),
        |changed, original| f64::from(u8::from(changed != original)),
    );
    let marked = |budget| {
        let settings = SearchSettings::default().budget(budget);
        let fuzzer = Fuzzer::new(Arc::clone(&lexicon), deletions(), settings).unwrap();
        let area = fuzzer.search(&objective, std::slice::from_ref(&text)).unwrap().remove(0);
        let attribution = area.attribution();
        assert!(attribution[2] >= attribution.iter().copied().fold(0.0, f64::max));
        let marked =
            MarkedText::verbatim(original, &spans, area.segments()).trigger(std::slice::from_ref(&(2..3)));
        (marked.to_string(), area.marked(&lexicon).to_string())
    };
    assert_eq!(marked(1).0, "[[It's a {{mn}} charming]] and often affecting journey.");
    let (verbatim, words) = marked(10);
    assert_eq!(verbatim, "It's a [[{{mn}}]] charming and often affecting journey.");
    assert_eq!(words, "It's a [[mn]] charming and often affecting journey .");
}
