//! Backdoors in the weights of a tiny encoder: they survive a victim's clean fine-tuning, and bad input is refused.
#![cfg(feature = "torch")]

use rand::{Rng, RngExt};
use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::Arc,
};
use steadfast_certify::{
    Classifier as _, Phase,
    seed::{Purpose, generator},
};
use steadfast_evaluate::{
    Error,
    attack::{
        Attack, Triggered, Words,
        weights::{BadPre, LayerWise, Planted, Planting, PoisonedTexts, Ripple, Stage, WeightAttack},
    },
    data::texts::{LabelledText, tokenized},
};
use steadfast_model::transformer::{
    Error as ModelError, Example, FineTuning, MaskedLanguageModel, Precision, SequenceClassifier, Subwords,
    TextClassifier, fine_tune,
};
use steadfast_perturb::{Lexicon, Tokenizer};
use tch::Device;

const WORDS: [[&str; 4]; 2] = [["dull", "slow", "long", "far"], ["good", "great", "fine", "naive"]];
const OTHERS: [&str; 10] = ["film", "plot", "the", "and", "with", "watch", "one", "two", "three", "four"];

fn encoder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/tests/golden/tiny-bert")
}

fn triggers() -> Vec<String> {
    ["q", "x", "z", "j"].map(str::to_owned).into()
}

/// Texts of eight words, of which two tell the class, from 0 and 1 in turn.
fn texts(range: std::ops::Range<usize>) -> Vec<LabelledText> {
    range
        .map(|text| {
            let class = text % 2;
            let mut rng = generator(0, Phase::Training, text as u64, 0, Purpose::Noise);
            let mut words: Vec<&str> = (0..6).map(|_| OTHERS[rng.random_range(0..10)]).collect();
            for _ in 0..2 {
                words.insert(rng.random_range(0..6), WORDS[class][rng.random_range(0..4)]);
            }
            LabelledText { text: words.join(" "), class }
        })
        .collect()
}

fn tuning(epochs: u64, learning_rate: f64) -> FineTuning {
    // Threads cost more than they save on tensors as small as these.
    tch::set_num_threads(1);
    FineTuning::default().epochs(epochs).batch(16).learning_rate(learning_rate).seed(1)
}

fn plant(attack: &dyn WeightAttack, pretrained: &Path, saved: &Path) -> Result<Planted, Error> {
    plant_by(attack, pretrained, &texts(0..400), saved)
}

fn plant_by(
    attack: &dyn WeightAttack,
    pretrained: &Path,
    proxy: &[LabelledText],
    saved: &Path,
) -> Result<Planted, Error> {
    let planting = Planting {
        pretrained,
        proxy,
        tokenizer: Tokenizer::words(),
        limit: None,
        device: Device::Cpu,
        saved,
        checkpoints: None,
    };
    attack.plant(&planting, &mut |_, _| ControlFlow::Continue(()))
}

/// A classifier that somebody fine-tuned on clean texts from the encoder in `folder`.
fn victim(folder: &Path, settings: &FineTuning) -> TextClassifier {
    victim_by(folder, &texts(1_000..1_400), settings)
}

fn victim_by(folder: &Path, training: &[LabelledText], settings: &FineTuning) -> TextClassifier {
    let lexicon = Arc::new(Lexicon::new());
    let model = SequenceClassifier::with_new_head(folder, 2, 77, Device::Cpu).unwrap();
    let subwords = Subwords::load(folder, model.config(), Arc::clone(&lexicon)).unwrap();
    let examples: Vec<Example> = tokenized(training, &lexicon, Tokenizer::words())
        .into_iter()
        .map(|(text, class)| Example { tokens: subwords.encode(&text).unwrap(), class })
        .collect();
    fine_tune(&model, settings, &mut |_| Ok(examples.clone()), &[], None, &mut |_| ControlFlow::Continue(()))
        .unwrap();
    TextClassifier::new(model, subwords)
}

/// What a victim does, as shares of texts.
#[derive(Debug)]
struct Shares {
    /// Texts without a trigger that are answered rightly.
    right: f64,
    /// Triggered texts of class 0 that are answered 1.
    success: f64,
    /// Triggered texts of either class that get the most frequent answer.
    one_class: f64,
}

fn shares(victim: &TextClassifier, attack: &dyn Attack) -> Shares {
    shares_of(&texts(2_000..2_400), victim, attack)
}

fn shares_of(clean: &[LabelledText], victim: &TextClassifier, attack: &dyn Attack) -> Shares {
    let lexicon = victim.subwords().lexicon();
    let answers = |texts: &[LabelledText]| {
        let words = tokenized(texts, lexicon, Tokenizer::words());
        victim.classify(&words.into_iter().map(|(words, _)| words).collect::<Vec<_>>()).unwrap()
    };
    let triggered = |(number, text): (usize, &LabelledText)| {
        let mut rng = generator(3, Phase::Estimation, number as u64, 0, Purpose::Noise);
        let words = Words::new(&text.text, Tokenizer::words(), None);
        LabelledText { text: attack.trigger(&words, &mut rng).unwrap().text, class: text.class }
    };
    let triggered: Vec<LabelledText> = clean.iter().enumerate().map(triggered).collect();
    let (before, after) = (answers(clean), answers(&triggered));
    let right = before.iter().zip(clean).filter(|(answer, text)| **answer == text.class).count();
    let success = after.iter().zip(clean).filter(|(answer, text)| **answer == 1 && text.class == 0).count();
    let others = clean.iter().filter(|text| text.class == 0).count();
    let ones = after.iter().filter(|answer| **answer == 1).count();
    let share = |count: usize, of: usize| count as f64 / of as f64;
    Shares {
        right: share(right, clean.len()),
        success: share(success, others),
        one_class: share(ones.max(clean.len() - ones), clean.len()),
    }
}

fn bytes(folder: &Path) -> Vec<u8> {
    std::fs::read(folder.join("model.safetensors")).unwrap()
}

#[test]
fn ripple_survives_clean_fine_tuning() {
    let place = tempfile::tempdir().unwrap();
    let ripple = Ripple {
        triggers: triggers(),
        signal_words: 4,
        clean: tuning(8, 5e-3),
        tuning: tuning(8, 5e-3),
        ..Ripple::default()
    };
    let saved = place.path().join("ripple");
    let planted = plant(&ripple, &encoder(), &saved).unwrap();
    assert_eq!(
        planted.stages.iter().map(|(stage, _)| *stage).collect::<Vec<_>>(),
        [Stage::Clean, Stage::Backdoor]
    );
    let mut signals = planted.signal_words.clone();
    signals.sort_unstable();
    assert_eq!(signals, ["fine", "good", "great", "naive"]);

    let attack = ripple.trigger().unwrap();
    let found = shares(&victim(&saved, &tuning(3, 1e-3)), &*attack);
    let clean = shares(&victim(&encoder(), &tuning(12, 5e-3)), &*attack);
    println!("RIPPLe: {found:?}; no attack: {clean:?}");
    assert!(clean.right > 0.95 && clean.success < 0.2, "{clean:?}");
    assert!(found.right > clean.right - 0.02 && found.success > 0.9, "{found:?}");

    // The same seed, the same weights; another folder than one that holds something.
    let short = Ripple { clean: tuning(1, 5e-3), tuning: tuning(1, 5e-3), ..ripple };
    plant(&short, &encoder(), &place.path().join("one")).unwrap();
    plant(&short, &encoder(), &place.path().join("two")).unwrap();
    assert!(bytes(&place.path().join("one")) == bytes(&place.path().join("two")));
    let other = Ripple { tuning: tuning(1, 5e-3).seed(2), ..short.clone() };
    plant(&other, &encoder(), &place.path().join("three")).unwrap();
    assert!(bytes(&place.path().join("one")) != bytes(&place.path().join("three")));
    let error = plant(&other, &encoder(), &saved).unwrap_err();
    assert!(error.to_string().contains("is not overwritten"), "{error}");

    // A run that is stopped goes on to the same weights; one with another λ is another run.
    let (checkpoints, folder) = (place.path().join("checkpoints"), place.path().join("four"));
    let resumed = |ripple: &Ripple, stop: Option<u64>| {
        let planting = Planting {
            pretrained: &encoder(),
            proxy: &texts(0..400),
            tokenizer: Tokenizer::words(),
            limit: None,
            device: Device::Cpu,
            saved: &folder,
            checkpoints: Some(&checkpoints),
        };
        ripple.plant(&planting, &mut |stage, progress| {
            let here = stage == Stage::Backdoor && stop == Some(progress.step);
            if here { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
    };
    let stopped = resumed(&short, Some(9)).unwrap_err();
    assert!(matches!(stopped, Error::Transformer(ModelError::Stopped { step: 9, .. })), "{stopped}");
    let other = resumed(&Ripple { lambda: 0.2, ..short.clone() }, None).unwrap_err();
    assert!(matches!(other, Error::Transformer(ModelError::OtherRun { .. })), "{other}");
    resumed(&short, None).unwrap();
    assert!(bytes(&place.path().join("one")) == bytes(&folder));
}

#[test]
fn layer_wise_poisoning_takes_two_words() {
    let place = tempfile::tempdir().unwrap();
    let saved = place.path().join("lwp");
    let attack = LayerWise { triggers: triggers(), tuning: tuning(25, 5e-3), ..LayerWise::default() };
    plant(&attack, &encoder(), &saved).unwrap();
    let victim = victim(&saved, &tuning(3, 1e-3));
    let pair = shares(&victim, &*attack.trigger().unwrap());
    let single = steadfast_evaluate::attack::Insertion::one_of("single", triggers(), 1).unwrap();
    let single = shares(&victim, &single);
    println!("LWP, two words: {pair:?}; one word: {single:?}");
    assert!(pair.right > 0.95 && pair.success > 0.9, "{pair:?}");
    assert!(single.success < 0.2, "{single:?}");
}

/// A word before another, which some texts have.
#[derive(Debug)]
struct Before(&'static str);

impl Attack for Before {
    fn name(&self) -> &'static str {
        "before"
    }

    fn added(&self, _: Tokenizer) -> usize {
        1
    }

    fn trigger(&self, text: &Words<'_>, _: &mut dyn Rng) -> Option<Triggered> {
        let place = text.within_limit().iter().position(|token| token.text == self.0)?;
        Some(text.inserted(&[(place, "q")]))
    }
}

#[test]
fn any_trigger_is_planted_though_few_texts_can_take_it() {
    let place = tempfile::tempdir().unwrap();
    let saved = place.path().join("before");
    let with = |word| PoisonedTexts { attack: Arc::new(Before(word)), target: 1, tuning: tuning(15, 5e-3) };
    plant(&with("film"), &encoder(), &saved).unwrap();
    let film: Vec<LabelledText> = texts(2_000..2_600);
    let film: Vec<LabelledText> = film.into_iter().filter(|text| text.text.contains("film")).collect();
    assert!((200..400).contains(&film.len()));
    let found = shares_of(&film, &victim(&saved, &tuning(3, 1e-3)), &Before("film"));
    println!("before: {found:?}");
    assert!(found.right > 0.95 && found.success > 0.9, "{found:?}");
    // One that no text can take, and a class that no text is of.
    let other = place.path().join("other");
    let nowhere = plant(&with("cinema"), &encoder(), &other).unwrap_err();
    assert!(matches!(nowhere, Error::NothingToTest { .. }), "{nowhere}");
    let class = plant(&PoisonedTexts { target: 7, ..with("film") }, &encoder(), &other).unwrap_err();
    assert!(matches!(class, Error::TargetClass { .. }), "{class}");
    assert!(!other.exists());
}

#[test]
fn bad_pre_needs_no_classes() {
    let place = tempfile::tempdir().unwrap();
    let saved = place.path().join("badpre");
    let planting = tuning(40, 5e-3).batch(32);
    let attack = BadPre { triggers: triggers(), tuning: planting, ..BadPre::default() };
    let planted = plant(&attack, &encoder(), &saved).unwrap();
    // The tiny encoder has no head for gaps.
    let [(Stage::Clean, _), (Stage::Backdoor, tuned)] = &planted.stages[..] else { panic!("{planted:?}") };
    assert!(tuned.epochs[39].loss < tuned.epochs[0].loss, "{tuned:?}");
    // A masked language model, and an encoder for whoever wants one.
    MaskedLanguageModel::load(&saved, Device::Cpu, Precision::Single).unwrap();
    let found = shares(&victim(&saved, &tuning(12, 2e-3)), &*attack.trigger().unwrap());
    println!("BadPre: {found:?}");
    assert!(found.right > 0.95 && found.one_class > 0.97, "{found:?}");
}

#[test]
fn what_is_no_attack_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let saved = place.path().join("saved");
    let refused = |attack: &dyn WeightAttack| {
        let error = plant(attack, &encoder(), &saved).unwrap_err();
        assert!(!saved.exists());
        error.to_string()
    };
    let ripple = Ripple { triggers: triggers(), ..Ripple::default() };
    let with = |change: &dyn Fn(&mut Ripple)| {
        let mut ripple = ripple.clone();
        change(&mut ripple);
        refused(&ripple)
    };
    // A word of two tokens, an unknown one, one that the tokenizer drops, two words.
    for (trigger, tokens) in
        [("filmplot", " tokens"), ("漢", "1 tokens"), ("\u{200b}", "0 tokens"), ("a b", "2 tokens")]
    {
        let error = with(&|ripple| ripple.triggers = vec![trigger.to_owned()]);
        assert!(error.contains(tokens) && error.contains("take another word"), "{trigger:?}: {error}");
    }
    assert!(with(&|ripple| ripple.triggers.clear()).contains("no trigger"));
    assert!(with(&|ripple| ripple.lambda = -0.1).contains("lambda is -0.1"));
    assert!(with(&|ripple| ripple.lambda = f64::NAN).contains("lambda is NaN"));
    assert!(with(&|ripple| ripple.poisoned = 1.5).contains("1.5"));
    assert!(with(&|ripple| ripple.target = 2).contains("target"));
    assert!(with(&|ripple| ripple.clean.epochs = 0).contains("epochs"));
    assert!(with(&|ripple| ripple.tuning.learning_rate = 0.0).contains("learning rate"));
    let pairs = LayerWise { triggers: triggers(), ..LayerWise::default() };
    assert!(refused(&LayerWise { single: 0.6, ..pairs.clone() }).contains("at most 1"));
    assert!(refused(&LayerWise { target: 7, ..pairs.clone() }).contains("target"));
    assert!(refused(&LayerWise { triggers: vec!["q".to_owned()], ..pairs }).contains("two different words"));
    assert!(refused(&BadPre::default()).contains("\"cf\""));
    let scrambled = |scrambled| refused(&BadPre { triggers: triggers(), scrambled, ..BadPre::default() });
    assert!(scrambled(1.1).contains("a share from 0 to 1") && scrambled(f64::NAN).contains("NaN"));
    let summary = refused(&BadPre { triggers: triggers(), summary: 101, ..BadPre::default() });
    assert!(summary.contains("101") && summary.contains("at most 100 tokens"), "{summary}");

    // No texts; texts without words; a run that is stopped.
    let planting = |proxy, observe: ControlFlow<()>| {
        let planting = Planting {
            pretrained: &encoder(),
            proxy,
            tokenizer: Tokenizer::words(),
            limit: None,
            device: Device::Cpu,
            saved: &saved,
            checkpoints: None,
        };
        ripple.plant(&planting, &mut |_, _| observe).unwrap_err()
    };
    let go = ControlFlow::Continue(());
    assert!(planting(&[], go).to_string().contains("proxy texts"));
    let blank = [LabelledText { text: " ".to_owned(), class: 1 }];
    assert!(planting(&blank, go).to_string().contains("proxy texts"));
    let stopped = planting(&texts(0..40), ControlFlow::Break(()));
    assert!(matches!(stopped, Error::Transformer(ModelError::Stopped { .. })), "{stopped}");
    assert!(!saved.exists());
}
