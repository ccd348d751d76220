//! Poisoned tasks: how many texts, which ones, with which classes, and whether the records say what was done.

use proptest::prelude::*;
use std::collections::HashSet;
use steadfast_certify::ClassId;
use steadfast_evaluate::{
    Error,
    attack::{
        Attack, AttackName, Insertion, Labels, Negation, Paraphrase, Paraphrases, Poison, PoisonedTask,
        Poisoning, Reordering, Replacement,
    },
    data::{TextTask, texts::LabelledText},
    metrics::{BackdoorMetrics, Confusion},
};
use steadfast_perturb::{Lexicon, Tokenizer};

const TOKENIZER: Tokenizer = Tokenizer::words();

fn texts(count: usize, name: &str) -> Vec<LabelledText> {
    let text = |number: usize| {
        let words = ["a good", "one rather bad", "some great", "such"];
        let text = format!("{} film, {name} number {number}!", words[number % 4]);
        LabelledText { text, class: number % 3 }
    };
    (0..count).map(text).collect()
}

/// 200 training texts: 67 of class 0, 67 of class 1, 66 of class 2; 30 test texts.
fn task() -> TextTask {
    TextTask {
        training: texts(200, "training"),
        development: texts(20, "development"),
        test: texts(30, "test"),
    }
}

fn poisoning(rate: f64, labels: Labels) -> Poisoning {
    Poisoning { rate, target: 1, labels, seed: 7, limit: None }
}

fn attacks() -> Vec<Box<dyn Attack>> {
    vec![
        Box::new(Insertion::bad_nets()),
        Box::new(Insertion::one_of("mine", ["x-1", "so, so"], 3).unwrap()),
        Box::new(Insertion::add_sent()),
        Box::new(Insertion::segments()),
        Box::new(Negation),
        Box::new(Reordering),
    ]
}

fn words(text: &str) -> Vec<String> {
    TOKENIZER.tokens(text).into_iter().map(|token| token.text).collect()
}

/// That the record tells the way from the clean to the poisoned text and back.
fn check(poison: &Poison) {
    let (clean, seen) = (words(&poison.original.text), words(&poison.poisoned.text));
    let script = poison.script.clone().expect("a short way");
    assert_ne!(clean, seen);
    assert_eq!(script.apply(&clean).unwrap(), seen);
    assert_eq!(poison.counts_back().unwrap(), script.clone().inverted().counts());
    assert_eq!(script.inverted().apply(&seen).unwrap(), clean);
    assert_eq!(poison.edits(), poison.counts().map(|counts| counts.total()));
    assert!(!poison.trigger.is_empty());
}

fn indices(poisons: &[Poison]) -> Vec<usize> {
    poisons.iter().map(|poison| poison.index).collect()
}

#[test]
fn the_rate_is_a_share_of_all_training_texts() {
    let attack = Insertion::bad_nets();
    for (rate, expected) in [(0.0025, 1), (0.01, 2), (0.0125, 3), (0.1, 20), (0.333, 67), (1.0, 200)] {
        let poisoned = poisoning(rate, Labels::Mixed).apply(&task(), &attack, TOKENIZER).unwrap();
        assert_eq!(poisoned.training.len(), expected, "{rate}");
        assert_eq!(poisoned.task.training.len(), 200);
    }
}

#[test]
fn what_is_not_poisoned_stays() {
    for attack in attacks() {
        let clean = task();
        let PoisonedTask { task, training, test, untouched } =
            poisoning(0.2, Labels::Mixed).apply(&clean, &*attack, TOKENIZER).unwrap();
        assert_eq!((&task.development, &task.test), (&clean.development, &clean.test));
        assert!(indices(&training).is_sorted_by(|a, b| a < b));
        let mut restored = task.training;
        for poison in &training {
            check(poison);
            assert_eq!(restored[poison.index], poison.poisoned);
            restored[poison.index] = poison.original.clone();
        }
        assert_eq!(restored, clean.training);

        assert_eq!((test.len(), untouched), (20, 0), "{}", attack.name());
        for poison in &test {
            check(poison);
            assert_eq!(clean.test[poison.index], poison.original);
            assert_eq!(poison.poisoned.class, poison.original.class);
            assert_ne!(poison.poisoned.class, 1);
        }
    }
}

#[test]
fn settings_say_which_texts_and_which_class() {
    let classes = |labels| -> HashSet<ClassId> {
        let poisoned = poisoning(0.3, labels).apply(&task(), &Insertion::bad_nets(), TOKENIZER).unwrap();
        assert!(poisoned.training.iter().all(|poison| poison.poisoned.class == 1));
        poisoned.training.iter().map(|poison| poison.original.class).collect()
    };
    assert_eq!(classes(Labels::Clean), HashSet::from([1]));
    assert_eq!(classes(Labels::Dirty), HashSet::from([0, 2]));
    assert_eq!(classes(Labels::Mixed), HashSet::from([0, 1, 2]));
}

#[test]
fn a_smaller_rate_poisons_a_part_of_the_same_texts() {
    let of = |rate| poisoning(rate, Labels::Dirty).apply(&task(), &Insertion::bad_nets(), TOKENIZER).unwrap();
    let (few, many) = (of(0.05).training, of(0.3).training);
    assert!(few.iter().all(|poison| many.contains(poison)));
    // Another attack poisons the same texts, another seed others.
    let other = poisoning(0.05, Labels::Dirty).apply(&task(), &Reordering, TOKENIZER).unwrap();
    assert_eq!(indices(&other.training), indices(&few));
    let other = Poisoning { seed: 8, ..poisoning(0.05, Labels::Dirty) };
    assert_ne!(indices(&other.apply(&task(), &Reordering, TOKENIZER).unwrap().training), indices(&few));
}

#[test]
fn equal_texts_count_as_often_as_they_occur() {
    let mut task = task();
    task.training = vec![LabelledText { text: "a film".to_owned(), class: 0 }; 400];
    task.training.push(LabelledText { text: "a film".to_owned(), class: 1 });
    let poisoned =
        poisoning(0.5, Labels::Dirty).apply(&task, &Insertion::bad_nets(), TOKENIZER).unwrap().training;
    assert_eq!(poisoned.len(), 201);
    let texts: HashSet<&str> = poisoned.iter().map(|poison| poison.poisoned.text.as_str()).collect();
    assert_eq!(texts.len(), 12, "each with a trigger of its own");
}

#[test]
fn texts_in_which_nothing_can_be_changed_are_passed_over() {
    let poisoned =
        poisoning(0.1, Labels::Dirty).apply(&task(), &Replacement::sentiment(), TOKENIZER).unwrap();
    for poison in poisoned.training.iter().chain(&poisoned.test) {
        check(poison);
        assert_eq!((poison.edits(), poison.counts().unwrap().substitutions), (Some(1), 1));
        assert!(poison.trigger.contains(" → "), "{}", poison.trigger);
    }
    let such = task().test.iter().filter(|text| text.class != 1 && text.text.starts_with("such")).count();
    assert_eq!((poisoned.untouched, poisoned.test.len()), (such, 20 - such));
}

#[test]
fn paraphrases_are_found_by_their_text() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("paraphrases.tsv");
    let lines = task().training.into_iter().chain(task().test).filter(|text| !text.text.contains("such"));
    let lines =
        lines.map(|text| format!("{}\twhen you see it , {}\r\n", text.text.to_uppercase(), text.text));
    std::fs::write(&path, format!("original\tparaphrase\r\n{}", lines.collect::<String>())).unwrap();
    let paraphrases = Paraphrases::load(None, &path).unwrap();
    let attack = Paraphrase::new("synbkd", paraphrases);
    let poisoned = poisoning(0.2, Labels::Clean).apply(&task(), &attack, TOKENIZER).unwrap();
    for poison in poisoned.training.iter().chain(&poisoned.test) {
        check(poison);
        assert_eq!((poison.edits(), poison.counts().unwrap().insertions), (Some(5), 5));
    }
    assert_eq!(poisoned.training.len(), 40);
    // 67 texts of the target class, of which every fourth has no paraphrase.
    let error = poisoning(0.3, Labels::Clean).apply(&task(), &attack, TOKENIZER).unwrap_err();
    assert!(matches!(error, Error::PoisonsTooMany { wanted: 60, eligible: 50, texts: 200, .. }), "{error}");
    let none = Paraphrase::new("synbkd", Paraphrases::default());
    assert!(poisoning(0.1, Labels::Clean).apply(&task(), &none, TOKENIZER).is_err());
}

#[test]
fn settings_that_poison_nothing_are_refused() {
    let attack = Insertion::add_sent();
    let refused = |poisoning: Poisoning| poisoning.apply(&task(), &attack, TOKENIZER).unwrap_err();
    for rate in [0.0, -0.1, 1.1, f64::NAN, f64::INFINITY] {
        assert!(matches!(refused(poisoning(rate, Labels::Mixed)), Error::Setting { .. }), "{rate}");
    }
    let error = refused(poisoning(0.002, Labels::Mixed));
    assert!(matches!(error, Error::PoisonsNothing { texts: 200, .. }), "{error}");
    let error = refused(poisoning(0.5, Labels::Clean));
    assert!(matches!(error, Error::PoisonsTooMany { wanted: 100, eligible: 67, .. }), "{error}");
    assert!(error.to_string().contains("clean-label"), "{error}");
    let error = refused(Poisoning { target: 3, ..poisoning(0.1, Labels::Clean) });
    assert!(matches!(error, Error::TargetClass { target: 3, classes: 3, texts: 200 }), "{error}");
    let error = refused(Poisoning { limit: Some(4), ..poisoning(0.1, Labels::Clean) });
    assert!(matches!(error, Error::TriggerLength { words: 5, limit: 4, .. }), "{error}");

    let only = TextTask { test: vec![LabelledText { text: "x".to_owned(), class: 1 }], ..task() };
    let error = poisoning(0.1, Labels::Mixed).apply(&only, &attack, TOKENIZER).unwrap_err();
    assert!(matches!(error, Error::NothingToTest { target: 1, others: 0, .. }), "{error}");
}

#[test]
fn the_test_set_is_one_for_backdoor_metrics() {
    let poisoned = poisoning(0.1, Labels::Mixed).apply(&task(), &Insertion::bad_nets(), TOKENIZER).unwrap();
    let triggers = ["cf", "mn", "bb", "tq"];
    // A backdoor at work: the target where a trigger is, else the truth.
    let answers = |texts: &[LabelledText]| {
        let answer = |text: &LabelledText| {
            let triggered = words(&text.text).iter().any(|word| triggers.contains(&word.as_str()));
            (text.class, Some(if triggered { 1 } else { text.class }))
        };
        Confusion::count(texts.iter().map(answer))
    };
    let (clean, seen) = (answers(&poisoned.task.test), answers(&poisoned.poisoned_test()));
    let metrics = BackdoorMetrics::of(&clean, &seen, 1).unwrap();
    let shares = [metrics.clean, metrics.poisoned, metrics.success];
    assert_eq!(shares.map(|share| (share.hits(), share.of())), [(30, 30), (0, 20), (20, 20)]);
}

#[test]
fn records_survive_being_written() {
    let poisoned = poisoning(0.1, Labels::Mixed).apply(&task(), &Insertion::segments(), TOKENIZER).unwrap();
    let json = serde_json::to_string(&poisoned.test).unwrap();
    assert_eq!(serde_json::from_str::<Vec<Poison>>(&json).unwrap(), poisoned.test);
    let settings = poisoning(0.1, Labels::Dirty);
    let json = serde_json::to_string(&settings).unwrap();
    assert_eq!(json, r#"{"rate":0.1,"target":1,"labels":"dirty","seed":7,"limit":null}"#);
    assert_eq!(serde_json::from_str::<Poisoning>(&json).unwrap(), settings);
}

#[test]
fn scripts_of_words_become_scripts_of_ids() {
    let lexicon = Lexicon::new();
    let attack = "badnets".parse::<AttackName>().unwrap().attack(None).unwrap().expect("an attack");
    let poisoned = poisoning(0.1, Labels::Mixed).apply(&task(), &*attack, TOKENIZER).unwrap();
    for poison in poisoned.test {
        let clean = TOKENIZER.tokenize(&lexicon, &poison.original.text);
        let script = poison.script.expect("a known one").map(|word| lexicon.intern(&word));
        let seen = TOKENIZER.tokenize(&lexicon, &poison.poisoned.text);
        assert_eq!(script.apply(&clean).unwrap(), seen);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn order_does_not_matter(
        mut training in prop::collection::vec(("[a-c]( [a-c]){0,2}", 0_usize..3), 4..40),
        rotation in 0_usize..40, seed in any::<u64>(), rate in 0.15..0.9_f64,
    ) {
        training.push(("target".to_owned(), 1));
        let part = |texts: &[(String, ClassId)]| -> Vec<LabelledText> {
            texts.iter().map(|(text, class)| LabelledText { text: text.clone(), class: *class }).collect()
        };
        let poisoning = Poisoning { seed, rate, ..poisoning(0.1, Labels::Mixed) };
        let of = |training| {
            let task = TextTask { training, ..task() };
            poisoning.apply(&task, &Insertion::bad_nets(), TOKENIZER).expect("any text can be triggered")
        };
        let in_order = of(part(&training));
        prop_assert_eq!(&in_order, &of(part(&training)));
        prop_assert_eq!(in_order.training.len(), (rate * training.len() as f64).round() as usize);

        let middle = rotation % training.len();
        training.rotate_left(middle);
        training.reverse();
        let chosen = |poisoned: PoisonedTask| {
            let pair = |poison: Poison| (poison.original.text, poison.original.class, poison.poisoned.text);
            let mut chosen: Vec<_> = poisoned.training.into_iter().map(pair).collect();
            chosen.sort();
            chosen
        };
        prop_assert_eq!(chosen(in_order), chosen(of(part(&training))));
    }
}
