//! Input that is no use: refused with one clear error, or with a stated meaning.

mod common;

use common::{Backdoored, World, deletions};
use std::sync::Arc;
use steadfast_certify::{BoxError, ClassId, Classifier, Probabilities, Rate, ScoringClassifier, from_fn};
use steadfast_fuzz::{
    Defended, Divergence, Error, Fuzzer, Objective, Poll, Randomisation, Randomiser, Rates, Settings,
    objective,
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

fn randomisation() -> Randomisation {
    let rate = |rate| Rate::new(rate).unwrap();
    Randomisation::new(Rates::new(rate(0.3), rate(0.9)).unwrap())
}

fn refuses(settings: Settings, part: &str) {
    let world = World::new();
    let error = Fuzzer::new(Arc::clone(&world.lexicon), deletions(), settings).unwrap_err();
    assert!(matches!(error, Error::Parameter(_)) && error.to_string().contains(part), "{error}");
}

#[test]
fn settings_outside_their_domain() {
    let default = Settings::default;
    refuses(Settings { budget: 0, ..default() }, "budget of a search: given 0, expected at least 1");
    refuses(Settings { leaves: 0, ..default() }, "steps under way");
    refuses(Settings { batch: 0, ..default() }, "texts in a batch");
    refuses(Settings { patience: Some(0), ..default() }, "patience");
    for bad in [f64::NAN, f64::INFINITY, -1.0] {
        refuses(Settings { exploration: bad, ..default() }, "exploration");
    }
    for bad in [f64::NAN, 0.0, 1.1] {
        refuses(Settings { area_share: bad, ..default() }, "share of the best value");
    }
    for bad in [f64::NAN, 0.0, -1e-6, 2.0] {
        assert!(matches!(Divergence::new(Says(vec![])).smoothing(bad), Err(Error::Parameter(_))));
    }
    for (threshold, attempts) in [(f64::NAN, 1), (-0.1, 1), (1.1, 1), (0.5, 0)] {
        let settings = Randomisation { threshold, attempts, ..randomisation() };
        assert!(matches!(Randomiser::new(deletions(), settings), Err(Error::Parameter(_))));
    }
}

#[test]
fn models_that_give_no_probabilities() {
    let world = World::new();
    let text = vec![world.words[5..25].to_vec()];
    let search = |says: Vec<f32>| {
        world.fuzzer(Settings::default()).search(&Divergence::new(Says(says)), &text).unwrap_err()
    };
    for bad in [vec![f32::NAN, 1.0], vec![0.7, 0.7], vec![-0.5, 1.5], vec![0.2, 0.3, 0.5]] {
        let error = search(bad.clone());
        assert!(matches!(error, Error::Model(_)), "{bad:?}: {error}");
    }
    assert!(search(vec![f32::NAN, 1.0]).to_string().contains("sum to 1"));
    assert!(search(vec![0.2, 0.3, 0.5]).to_string().contains("3 classes"));

    for bad in [f64::NAN, f64::INFINITY, -1.0] {
        let measures = objective::from_fn(|_: &[WordId]| (), move |(), ()| bad);
        let error = world.fuzzer(Settings::default()).search(&measures, &text).unwrap_err();
        assert!(matches!(error, Error::Deviation { .. }), "{error}");
    }

    let error = world.fuzzer(Settings::default()).search(&Silent, &text).unwrap_err();
    assert!(matches!(error, Error::Answers { given: 0, expected: 2 }), "{error}");
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
    let fuzzer = Fuzzer::new(Arc::clone(&world.lexicon), deletions(), Settings::default()).unwrap();
    let texts = [vec![], vec![trigger], vec![word, trigger]];
    let findings = fuzzer.search(&world.divergence(), &texts).unwrap();
    // No words: no steps, no area.
    assert_eq!(findings[0].tree().root().visits(), 0);
    assert!(findings[0].area().is_empty() && findings[0].attribution().is_empty());
    // One word: it is what is mutated.
    assert_eq!(findings[1].tree().nodes().len(), 1);
    assert_eq!((findings[1].tree().root().simulations(), findings[1].area().first()), (10, Some(&(0..1))));
    assert_eq!(findings[2].area().first(), Some(&(1..2)));

    let randomiser = Randomiser::new(deletions(), randomisation()).unwrap();
    for voter in 0..50 {
        let copies = randomiser.randomise(&findings, voter).unwrap();
        assert!(copies[0].is_empty() && copies[1].len() <= 1);
    }
    assert!(fuzzer.search(&world.divergence(), &[]).unwrap().is_empty());
}

#[test]
fn words_of_another_lexicon() {
    let world = World::new();
    let stranger = WordId::from_index(1 << 20);
    let texts = [world.words[..5].to_vec(), vec![world.words[0], stranger]];
    let error = world.fuzzer(Settings::default()).search(&world.divergence(), &texts).unwrap_err();
    assert!(matches!(error, Error::UnknownWord { text: 1, position: 1, id } if id == 1 << 20), "{error}");
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
    let settings = Settings { budget: 30, ..Settings::default() };
    let fuzzer = Fuzzer::new(Arc::clone(&lexicon), deletions(), settings).unwrap();
    let dropped = fuzzer.search(&by_string("\u{2003}"), std::slice::from_ref(&clean)).unwrap().remove(0);
    assert!(dropped.area().is_empty() && dropped.attribution().iter().all(|&value| value == 0.0));
    // Without an area the overall rate holds everywhere.
    let weights = Randomiser::new(deletions(), randomisation()).unwrap().weights(&dropped);
    assert_eq!((weights.area, weights.rest), (Rate::new(0.3).unwrap(), Rate::new(0.3).unwrap()));
    // A trigger of two tokens: the area is one of them, or both.
    let split = tokenizer.tokenize(&lexicon, "a slow film of @mn little charm");
    let finding = fuzzer.search(&by_string("@ mn"), &[split]).unwrap().remove(0);
    assert!(
        finding.area().iter().all(|area| area.start >= 4 && area.end <= 6),
        "{}",
        finding.marked(&lexicon)
    );
    assert!(!finding.area().is_empty());
}

#[test]
fn no_voters_or_unlike_ones() {
    let world = World::new();
    let fuzzer = world.fuzzer(Settings::default());
    let randomiser = Randomiser::new(deletions(), randomisation()).unwrap();
    let none = Defended::<_, Backdoored>::new(fuzzer.clone(), randomiser.clone(), world.divergence(), vec![]);
    assert!(matches!(none, Err(Error::Parameter(_))));
    let answer = |_: &Vec<WordId>| 0;
    let unlike = vec![from_fn(2, answer), from_fn(2, answer), from_fn(3, answer)];
    let unlike = Defended::new(fuzzer, randomiser.clone(), world.divergence(), unlike);
    assert!(matches!(unlike, Err(Error::Voters { voter: 2, given: 3, expected: 2 })));
    assert!(matches!(Poll::new(&randomiser, &[]).verdicts(), Err(Error::Parameter(_))));
}
