//! Input that is no use: refused with one clear error, or with a stated meaning.

mod common;

use common::{Backdoored, World, deletions};
use std::sync::Arc;
use steadfast_certify::{BoxError, ClassId, Classifier, Probabilities, Rate, ScoringClassifier, from_fn};
use steadfast_fuzz::{
    Divergence, FrsClassifier, FuzzError, Fuzzer, MajorityVote, Objective, Randomization, Randomizer, Rates,
    SearchSettings, objective,
};
use steadfast_perturb::{Lexicon, StringClassifier, Tokenizer, WordId};

/// Answers every text with these numbers, checked or not.
struct Says(Vec<f32>);

impl<X> Classifier<X> for Says {
    fn class_count(&self) -> usize {
        2
    }
    fn classify(&self, batch: &[X]) -> Result<Vec<ClassId>, BoxError> {
        Ok(vec![0; batch.len()])
    }
}

impl<X> ScoringClassifier<X> for Says {
    fn probabilities(&self, batch: &[X]) -> Result<Probabilities, BoxError> {
        Ok(Probabilities::new(self.0.len(), self.0.repeat(batch.len()))?)
    }
}

/// Class 1 for strings that hold the trigger.
struct Finds(&'static str);

impl Classifier<String> for Finds {
    fn class_count(&self) -> usize {
        2
    }
    fn classify(&self, batch: &[String]) -> Result<Vec<ClassId>, BoxError> {
        Ok(batch.iter().map(|text| usize::from(text.contains(self.0))).collect())
    }
}

impl ScoringClassifier<String> for Finds {
    fn probabilities(&self, batch: &[String]) -> Result<Probabilities, BoxError> {
        let sure = |class| if class == 0 { [0.9, 0.1] } else { [0.1, 0.9] };
        Ok(Probabilities::new(2, self.classify(batch)?.into_iter().flat_map(sure).collect())?)
    }
}

/// Gives no answers.
struct Silent;

impl Objective for Silent {
    type Response = ();
    fn respond(&self, _: &[Vec<WordId>]) -> Result<Vec<()>, BoxError> {
        Ok(vec![])
    }
    fn deviation(&self, (): &(), (): &()) -> f64 {
        0.0
    }
}

fn randomization() -> Randomization {
    let rate = |rate| Rate::new(rate).unwrap();
    Randomization::new(Rates::new(rate(0.3), rate(0.9)).unwrap())
}

fn refuses(settings: SearchSettings, part: &str) {
    let world = World::new();
    let error = Fuzzer::new(Arc::clone(&world.lexicon), deletions(), settings).unwrap_err();
    assert!(matches!(error, FuzzError::Parameter { .. }) && error.to_string().contains(part), "{error}");
}

#[test]
fn settings_outside_their_domain() {
    let default = SearchSettings::default;
    refuses(default().budget(0), "budget of a search is 0, expected at least 1");
    refuses(default().leaves(0), "steps under way");
    refuses(default().batch(0), "texts in a batch");
    refuses(default().patience(Some(0)), "patience");
    for bad in [f64::NAN, f64::INFINITY, -1.0] {
        refuses(default().exploration(bad), "exploration");
    }
    for bad in [f64::NAN, 0.0, 1.1] {
        refuses(default().area_share(bad), "share of the best value");
    }
    for bad in [f64::NAN, 0.0, -1e-6, 2.0] {
        assert!(matches!(Divergence::new(Says(vec![])).smoothing(bad), Err(FuzzError::Parameter { .. })));
    }
    for (threshold, attempts) in [(f64::NAN, 1), (-0.1, 1), (1.1, 1), (0.5, 0)] {
        let settings = randomization().threshold(threshold).attempts(attempts);
        assert!(matches!(Randomizer::new(deletions(), settings), Err(FuzzError::Parameter { .. })));
    }
}

#[test]
fn models_that_give_no_probabilities() {
    let world = World::new();
    let text = vec![world.words[5..25].to_vec()];
    let search = |says: Vec<f32>| {
        world.fuzzer(SearchSettings::default()).search(&Divergence::new(Says(says)), &text).unwrap_err()
    };
    for bad in [vec![f32::NAN, 1.0], vec![0.7, 0.7], vec![-0.5, 1.5], vec![0.2, 0.3, 0.5]] {
        let error = search(bad.clone());
        assert!(matches!(error, FuzzError::Model(_)), "{bad:?}: {error}");
    }
    assert!(search(vec![f32::NAN, 1.0]).to_string().contains("sum to 1"));
    assert!(search(vec![0.2, 0.3, 0.5]).to_string().contains("3 classes"));

    for bad in [f64::NAN, f64::INFINITY, -1.0] {
        let measures = objective::from_fn(|_: &[WordId]| (), move |(), ()| bad);
        let error = world.fuzzer(SearchSettings::default()).search(&measures, &text).unwrap_err();
        assert!(matches!(error, FuzzError::Deviation { .. }), "{error}");
    }

    let error = world.fuzzer(SearchSettings::default()).search(&Silent, &text).unwrap_err();
    assert!(matches!(error, FuzzError::Answers { given: 0, expected: 2 }), "{error}");
}

#[test]
fn certainty_is_no_infinite_divergence() {
    // One class for sure, and the other for sure: ln((1 + ε) / ε) times the smoothed difference.
    let respond = |objective: &Divergence<Says>| objective.respond(&[vec![]]).unwrap().remove(0);
    for epsilon in [1e-6, 1e-3] {
        let [first, second] = [vec![1.0, 0.0], vec![0.0, 1.0]]
            .map(|says| Divergence::new(Says(says)).smoothing(epsilon).unwrap());
        let (a, b) = (respond(&first), respond(&second));
        let expected = ((1.0 + epsilon) / epsilon).ln() / (1.0 + 2.0 * epsilon);
        assert!((first.deviation(&a, &b) - expected).abs() < 1e-9);
        assert_eq!(first.deviation(&a, &a), 0.0);
    }
    // The changed text's law comes first (Eq. 8): ½ ln(½ / 0.9) + ½ ln(½ / 0.1), and not the other way round.
    let [even, sure] = [vec![0.5, 0.5], vec![0.9, 0.1]].map(|says| Divergence::new(Says(says)));
    let deviation = even.deviation(&respond(&even), &respond(&sure));
    assert!((deviation - 0.5 * (0.5_f64 / 0.9).ln() - 0.5 * 5.0_f64.ln()).abs() < 1e-5, "{deviation}");
}

#[test]
fn short_texts() {
    let world = World::new();
    let (trigger, word) = (world.triggers[1], world.words[50]);
    let fuzzer = Fuzzer::new(Arc::clone(&world.lexicon), deletions(), SearchSettings::default()).unwrap();
    let texts = [vec![], vec![trigger], vec![word, trigger]];
    let areas = fuzzer.search(&world.divergence(), &texts).unwrap();
    // No words: no steps, no area.
    assert_eq!(areas[0].tree().root().visits(), 0);
    assert!(areas[0].segments().is_empty() && areas[0].attribution().is_empty());
    // One word: it is what is mutated.
    assert_eq!(areas[1].tree().nodes().len(), 1);
    assert_eq!((areas[1].tree().root().simulations(), areas[1].segments().first()), (10, Some(&(0..1))));
    assert_eq!(areas[2].segments().first(), Some(&(1..2)));

    let randomizer = Randomizer::new(deletions(), randomization()).unwrap();
    for voter in 0..50 {
        let copies = randomizer.randomize(&areas, voter).unwrap();
        assert!(copies[0].is_empty() && copies[1].len() <= 1);
    }
    assert!(fuzzer.search(&world.divergence(), &[]).unwrap().is_empty());
}

#[test]
fn words_of_another_lexicon() {
    let world = World::new();
    let stranger = WordId::from_index(1 << 20);
    let texts = [world.words[..5].to_vec(), vec![world.words[0], stranger]];
    let error = world.fuzzer(SearchSettings::default()).search(&world.divergence(), &texts).unwrap_err();
    assert!(matches!(error, FuzzError::UnknownWord { text: 1, position: 1, id } if id == 1 << 20), "{error}");
}

#[test]
fn triggers_that_a_tokenizer_drops_or_splits() {
    let lexicon = Arc::new(Lexicon::new());
    let tokenizer = Tokenizer::words().lower_case(true);
    let clean = tokenizer.tokenize(&lexicon, "a slow film of little charm");
    // White space of a strange kind is no word, and upper case is none of its own: nothing is left to find.
    assert_eq!(tokenizer.tokenize(&lexicon, "a slow\u{2003}film of LITTLE charm"), clean);
    let by_string =
        |trigger: &'static str| Divergence::new(StringClassifier::new(Arc::clone(&lexicon), Finds(trigger)));
    let settings = SearchSettings::default().budget(30);
    let fuzzer = Fuzzer::new(Arc::clone(&lexicon), deletions(), settings).unwrap();
    let dropped = fuzzer.search(&by_string("\u{2003}"), std::slice::from_ref(&clean)).unwrap().remove(0);
    assert!(dropped.segments().is_empty() && dropped.attribution().iter().all(|&value| value == 0.0));
    // Without an area the overall rate holds everywhere.
    let weights = Randomizer::new(deletions(), randomization()).unwrap().weights(&dropped);
    assert_eq!((weights.area, weights.rest), (Rate::new(0.3).unwrap(), Rate::new(0.3).unwrap()));
    // A trigger of two tokens: the area is one of them, or both.
    let split = tokenizer.tokenize(&lexicon, "a slow film of @mn little charm");
    let area = fuzzer.search(&by_string("@ mn"), &[split]).unwrap().remove(0);
    assert!(area.segments().iter().all(|area| area.start >= 4 && area.end <= 6), "{}", area.marked(&lexicon));
    assert!(!area.segments().is_empty());
}

#[test]
fn no_voters_or_unlike_ones() {
    let world = World::new();
    let fuzzer = world.fuzzer(SearchSettings::default());
    let randomizer = Randomizer::new(deletions(), randomization()).unwrap();
    let none =
        FrsClassifier::<_, Backdoored>::new(fuzzer.clone(), randomizer.clone(), world.divergence(), vec![]);
    assert!(matches!(none, Err(FuzzError::Parameter { .. })));
    let answer = |_: &Vec<WordId>| 0;
    let unlike = vec![from_fn(2, answer), from_fn(2, answer), from_fn(3, answer)];
    let unlike = FrsClassifier::new(fuzzer, randomizer.clone(), world.divergence(), unlike);
    assert!(matches!(unlike, Err(FuzzError::Voters { voter: 2, given: 3, expected: 2 })));
    assert!(matches!(MajorityVote::new(&randomizer, &[]).verdicts(), Err(FuzzError::Parameter { .. })));
}
