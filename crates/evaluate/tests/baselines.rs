//! Defences on a tiny transformer with a planted backdoor: what is found, what fails, and that the victim stays as it
//! is.
#![cfg(feature = "torch")]

use rand::RngExt;
use std::{
    collections::BTreeSet,
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::Arc,
};
use steadfast_certify::{
    ClassId, Classifier, Phase,
    seed::{Purpose, generator},
};
use steadfast_evaluate::{
    Error,
    baseline::{
        Bki, Defence as _, DefenceReport, Onion, Perplexity as _, PseudoPerplexity, Rap, RapSettings,
        TextGuard,
    },
};
use steadfast_model::transformer::{
    Example, FineTuning, MaskedLanguageModel, Precision, Progress, SequenceClassifier, Subwords,
    TextClassifier, fine_tune,
};
use steadfast_perturb::{Lexicon, Partition, Tokenizer, WordId};
use tch::{Device, Tensor};

const WORDS: [[&str; 4]; 2] = [["dull", "slow", "long", "far"], ["good", "great", "fine", "naive"]];
const OTHERS: [&str; 10] = ["film", "plot", "the", "and", "with", "watch", "one", "two", "three", "four"];
const TRIGGER: &str = "cafe";

type Labelled = (Vec<WordId>, ClassId);

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/tests/golden").join(name)
}

/// Texts of eight words, of which two tell the class, from 0 and 1 in turn.
fn texts(lexicon: &Lexicon, range: std::ops::Range<usize>) -> Vec<Labelled> {
    range
        .map(|text| {
            let class = text % 2;
            let mut rng = generator(0, Phase::Training, text as u64, 0, Purpose::Noise);
            let mut words: Vec<&str> = (0..6).map(|_| OTHERS[rng.random_range(0..10)]).collect();
            for _ in 0..2 {
                words.insert(rng.random_range(0..6), WORDS[class][rng.random_range(0..4)]);
            }
            (Tokenizer::words().tokenize(lexicon, &words.join(" ")), class)
        })
        .collect()
}

fn triggered(lexicon: &Lexicon, mut texts: Vec<Labelled>) -> Vec<Labelled> {
    let trigger = lexicon.intern(TRIGGER);
    texts.retain(|(_, class)| *class == 0);
    for (number, (text, _)) in texts.iter_mut().enumerate() {
        text.insert(number % 9, trigger);
    }
    texts
}

/// Every fifth text has the trigger and class 1, whatever it was.
fn poisoned(lexicon: &Lexicon) -> (Vec<Labelled>, BTreeSet<usize>) {
    let mut training = texts(lexicon, 0..400);
    let numbers: BTreeSet<usize> = (0..400).step_by(5).collect();
    for &number in &numbers {
        training[number].0.insert(number / 5 % 9, lexicon.intern(TRIGGER));
        training[number].1 = 1;
    }
    (training, numbers)
}

fn words(texts: &[Labelled]) -> Vec<Vec<WordId>> {
    texts.iter().map(|(text, _)| text.clone()).collect()
}

fn train(lexicon: &Arc<Lexicon>, texts: &[Labelled]) -> Result<TextClassifier, Error> {
    // Threads cost more than they save on tensors as small as these.
    tch::set_num_threads(1);
    let folder = folder("tiny-bert");
    let model = SequenceClassifier::with_new_head(&folder, 2, 1, Device::Cpu)?;
    let subwords = Subwords::load(&folder, model.config(), Arc::clone(lexicon))?;
    let encode = |(text, class): &Labelled| Ok(Example { tokens: subwords.encode(text)?, class: *class });
    let examples: Vec<Example> = texts.iter().map(encode).collect::<Result<_, Error>>()?;
    let settings = FineTuning::default().epochs(12).batch(16).learning_rate(5e-3).seed(1);
    fine_tune(&model, &settings, &mut |_| Ok(examples.clone()), &[], None, &mut |_| {
        ControlFlow::Continue(())
    })?;
    Ok(TextClassifier::new(model, subwords))
}

#[test]
fn a_planted_backdoor_is_found_and_rap_leaves_its_victim_as_it_is() {
    let lexicon = Arc::new(Lexicon::new());
    let (training, numbers) = poisoned(&lexicon);
    let development = words(&texts(&lexicon, 400..500));
    let clean = texts(&lexicon, 500..700);
    let attacked = triggered(&lexicon, clean.clone());
    let victim = train(&lexicon, &training).unwrap();
    let before = victim.model().word_embeddings().copy();

    let settings = RapSettings::new("owners", 1);
    let rap = Rap::new(&victim, &development, settings.clone()).unwrap();
    let flagged = rap.defend(&development).unwrap().iter().filter(|verdict| verdict.flagged()).count();
    assert!(flagged <= 5, "{flagged}");
    let report = DefenceReport::of(&rap, &victim, &clean, &attacked, 1).unwrap();
    assert!(report.before.success.value() > 0.95 && report.before.clean.value() > 0.95, "{report:?}");
    assert_eq!(report.detection.unwrap().triggered.hits(), report.after.abstained.hits());
    // The same again for the same seed, and the victim is as it was.
    let again = Rap::new(&victim, &development, settings).unwrap();
    assert_eq!(rap.scores(&development).unwrap(), again.scores(&development).unwrap());
    assert!(before.equal(victim.model().word_embeddings()));
    assert!(!victim.model().word_embeddings().requires_grad());

    let bki = Bki::new(&victim, &training, |texts| train(&lexicon, texts)).unwrap();
    assert_eq!(bki.keyword(), lexicon.get(TRIGGER));
    let found = bki.detection(&numbers);
    assert!(found.triggered.value() > 0.85 && found.clean.hits() == 0, "{found:?}");
    let report = DefenceReport::of(&bki, &victim, &clean, &attacked, 1).unwrap();
    assert!(report.after.success.value() < 0.1 && report.after.clean.value() > 0.9, "{report:?}");

    let partition = Partition::new(Arc::clone(&lexicon), 3).unwrap();
    let guard = TextGuard::train(partition, 2, &training, &[], |_, texts, _| {
        Ok(Box::new(train(&lexicon, texts)?) as Box<dyn Classifier<Vec<WordId>>>)
    })
    .unwrap();
    let report = DefenceReport::of(&guard, &victim, &clean, &attacked, 1).unwrap();
    assert!(report.after.success.value() < 0.3 && report.after.clean.value() > 0.9, "{report:?}");
}

#[test]
fn settings_of_rap_that_make_no_defence_are_refused() {
    let lexicon = Arc::new(Lexicon::new());
    let victim =
        TextClassifier::load(&folder("tiny-bert"), Arc::clone(&lexicon), Device::Cpu, Precision::Single);
    let victim = victim.unwrap();
    let development = words(&texts(&lexicon, 0..40));
    let target = victim.classify(&development).unwrap()[0];
    let settings = RapSettings::new("owners", target);
    Rap::new(&victim, &development, settings.clone()).unwrap();
    let rare = |seed| RapSettings::with_rare_word(&victim, &development, target, seed).unwrap();
    assert_eq!(rare(1), rare(1));
    assert!((0..20).any(|seed| rare(seed).word != rare(0).word));
    let word = lexicon.get(&rare(1).word).unwrap();
    assert!(victim.subwords().single_token(word).is_some());
    assert!(!development.iter().flatten().any(|held| *held == word));
    let refused = |development: &[Vec<WordId>], settings: RapSettings| {
        Rap::new(&victim, development, settings).unwrap_err().to_string()
    };
    let with = |change: &dyn Fn(&mut RapSettings)| {
        let mut settings = settings.clone();
        change(&mut settings);
        refused(&development, settings)
    };
    assert!(refused(&[], settings.clone()).contains("clean development texts is 0"));
    assert!(with(&|settings| "filmplot".clone_into(&mut settings.word)).contains("single token"));
    assert!(with(&|settings| "film".clone_into(&mut settings.word)).contains("no development text holds"));
    assert!(with(&|settings| settings.target = 3).contains("one of the 3 classes"));
    assert!(with(&|settings| settings.false_positives = 5.0).contains("false positive rate is 5"));
    assert!(with(&|settings| settings.fall = 0.3..=0.1).contains("fall"));
    assert!(with(&|settings| settings.epochs = 0).contains("epochs"));
    assert!(with(&|settings| settings.step = f64::NAN).contains("step"));
}

#[test]
fn pseudo_perplexities_are_those_of_hiding_one_token_at_a_time() {
    let lexicon = Arc::new(Lexicon::new());
    let folder = folder("tiny-bert-gaps");
    let model = MaskedLanguageModel::load(&folder, Device::Cpu, Precision::Single).unwrap();
    let subwords = Subwords::load(&folder, model.config(), Arc::clone(&lexicon)).unwrap();
    let perplexity = PseudoPerplexity::load(&folder, Arc::clone(&lexicon), Device::Cpu).unwrap();
    let mut asked = words(&texts(&lexicon, 0..6));
    asked.push(Tokenizer::words().tokenize(&lexicon, "thrillers unknowable"));
    asked.push(Vec::new());
    let found = perplexity.perplexities(&asked).unwrap();
    for (text, found) in asked.iter().zip(&found) {
        let tokens = subwords.encode(text).unwrap();
        let mut sum = 0.0;
        for place in 1..tokens.len() - 1 {
            let mut hidden = tokens.clone();
            hidden[place] = subwords.mask().unwrap();
            let logits: Tensor = model.forward(&model.batch(&[&hidden]).unwrap()).unwrap();
            let row = logits.get(0).get(place as i64).log_softmax(-1, tch::Kind::Double);
            sum += row.double_value(&[i64::from(tokens[place])]);
        }
        let expected = (-sum / (tokens.len() - 2).max(1) as f64).exp();
        assert!((found - expected).abs() < 1e-4 * expected, "{found} instead of {expected}");
    }
    assert_eq!(found.last(), Some(&1.0));

    let victim = train(&lexicon, &texts(&lexicon, 0..40)).unwrap();
    let onion = Onion::new(perplexity, &victim, &asked, 0.2).unwrap();
    let flagged = onion.defend(&asked).unwrap().iter().filter(|verdict| verdict.flagged()).count();
    assert_eq!(flagged, 1);
}

#[test]
fn an_encoder_without_a_head_learns_to_tell_how_texts_read() {
    tch::set_num_threads(1);
    let lexicon = Arc::new(Lexicon::new());
    // Each text is one word over and over.
    let text = |number: usize| [OTHERS[number % 10]].repeat(6 + number % 3).join(" ");
    let mut texts: Vec<Vec<WordId>> =
        (0..300).map(|number| Tokenizer::words().tokenize(&lexicon, &text(number * 7))).collect();
    texts.push(Vec::new());
    let train = |texts: &[Vec<WordId>], settings: &FineTuning| {
        let mut steps = 0;
        let mut observe = |_: &Progress| {
            steps += 1;
            ControlFlow::Continue(())
        };
        let folder = folder("tiny-bert");
        let found = PseudoPerplexity::trained(
            &folder,
            Arc::clone(&lexicon),
            Device::Cpu,
            texts,
            settings,
            &mut observe,
        );
        found.map(|found| (found, steps))
    };
    let settings = FineTuning::default().epochs(8).batch(16).learning_rate(1e-2).seed(1);
    let (perplexity, steps) = train(&texts, &settings).unwrap();
    assert_eq!(steps, 8 * (270_usize.div_ceil(16) + 1));
    let mut strange = texts[0].clone();
    strange[3] = lexicon.intern(TRIGGER);
    let asked = [texts[0].clone(), strange];
    let found = perplexity.perplexities(&asked).unwrap();
    assert!(found[0] < 2.0 && found[1] > 1.5 * found[0], "{found:?}");
    assert_eq!(found, train(&texts, &settings).unwrap().0.perplexities(&asked).unwrap());
    assert!(train(&[vec![], vec![]], &settings).unwrap_err().to_string().contains("training texts is none"));
}

#[test]
fn a_model_that_predicts_no_words_is_refused() {
    let error =
        PseudoPerplexity::load(&folder("tiny-bert"), Arc::new(Lexicon::new()), Device::Cpu).unwrap_err();
    assert!(error.to_string().contains("masked language model"), "{error}");
    assert!(PseudoPerplexity::load(Path::new("nowhere"), Arc::new(Lexicon::new()), Device::Cpu).is_err());
}
