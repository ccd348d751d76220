//! A tiny transformer as the base classifier of smoothing: answers depend on the text alone, and certificates come out.
#![cfg(feature = "torch")]

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    sync::Arc,
};
use steadfast_certify::{
    Classifier, Confidence, Noise as _, Phase, Plan, Rate, ScoringClassifier as _, SmoothedClassifier,
    seed::{Purpose, generator},
};
use steadfast_model::transformer::{Error, Precision, TextClassifier};
use steadfast_perturb::{Deletion, Lexicon, Tokenizer, WordId};
use tch::Device;

const SENTENCES: [&str; 6] = [
    "a good film with a fine plot .",
    "dull , slow and far too long",
    "",
    "the owners do not re-watch thrillers !",
    "one two three",
    "great great great great great great great great great great great great great great great great great",
];

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn classifier(name: &str, lexicon: &Arc<Lexicon>) -> TextClassifier {
    TextClassifier::load(&folder(name), Arc::clone(lexicon), Device::Cpu, Precision::Single).unwrap()
}

fn noisy(lexicon: &Arc<Lexicon>, count: u64) -> Vec<Vec<WordId>> {
    let noise = Deletion::uniform(Arc::clone(lexicon), Rate::new(0.5).unwrap()).unwrap();
    let texts = SENTENCES.map(|sentence| Tokenizer::words().tokenize(lexicon, sentence));
    let draw = |number: u64| {
        let text = &texts[number as usize % texts.len()];
        noise.sample(text, &mut generator(1, Phase::Estimation, 0, number, Purpose::Noise))
    };
    (0..count).map(draw).collect()
}

#[test]
fn answers_depend_on_the_text_and_hardly_on_its_batch() {
    for name in ["tiny-bert", "tiny-roberta"] {
        let lexicon = Arc::new(Lexicon::new());
        let whole = classifier(name, &lexicon);
        let texts = noisy(&lexicon, 600);
        let classes = whole.model().classes();
        let together = whole.logits(&texts).unwrap();
        assert_eq!(together.len(), 600 * classes);
        // In another order the batches are the same, and so is every bit.
        let backwards: Vec<_> = texts.iter().rev().cloned().collect();
        let again = whole.logits(&backwards).unwrap();
        assert!(again.chunks(classes).rev().flatten().eq(&together), "{name}");
        // In other batches, one by one too, only rounding differs.
        for tokens in [1, 40, 1 << 20] {
            let other = classifier(name, &lexicon).batch_tokens(tokens).logits(&texts).unwrap();
            let farthest = together.iter().zip(&other).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(farthest < 1e-4, "{name}, batches of {tokens} tokens: {farthest}");
        }
        // Equal texts are equal, and different ones are not all alike.
        let rows: HashSet<Vec<u32>> =
            together.chunks(classes).map(|row| row.iter().map(|logit| logit.to_bits()).collect()).collect();
        let distinct: HashSet<&Vec<WordId>> = texts.iter().collect();
        assert!(
            rows.len() > 50 && rows.len() <= distinct.len(),
            "{name}: {} of {}",
            rows.len(),
            distinct.len()
        );
    }
}

#[test]
fn classes_are_those_of_the_largest_probability() {
    let lexicon = Arc::new(Lexicon::new());
    let classifier = classifier("tiny-bert", &lexicon);
    let texts = noisy(&lexicon, 100);
    let classes = classifier.classify(&texts).unwrap();
    let probabilities = classifier.probabilities(&texts).unwrap();
    assert!(probabilities.classes_of_inputs() == classes);
    for row in probabilities.rows() {
        assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{row:?}");
    }
    assert!(classes.iter().all(|&class| class < classifier.class_count()));
}

#[test]
fn first_token_states_decide() {
    let lexicon = Arc::new(Lexicon::new());
    let classifier = classifier("tiny-bert", &lexicon);
    let texts = noisy(&lexicon, 100);
    let states = classifier.first_token_states(&texts).unwrap();
    let states = tch::Tensor::from_slice(&states).view([100, classifier.model().config().hidden()]);
    let logits: Vec<f32> = tch::no_grad(|| classifier.model().logits(&states))
        .unwrap()
        .contiguous()
        .view(-1)
        .try_into()
        .unwrap();
    let expected = classifier.logits(&texts).unwrap();
    let farthest = logits.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(farthest < 1e-4, "{farthest}");
}

#[test]
fn a_saved_classifier_is_the_same_and_another_weight_makes_another_one() {
    for name in ["tiny-bert", "tiny-roberta"] {
        let lexicon = Arc::new(Lexicon::new());
        let stored = classifier(name, &lexicon);
        let (model, whole) = (stored.model().fingerprint().unwrap(), stored.fingerprint().unwrap());
        assert_ne!(model, whole);
        assert_eq!(whole, classifier(name, &Arc::new(Lexicon::new())).fingerprint().unwrap());

        let place = tempfile::tempdir().unwrap();
        let saved = place.path().join("saved");
        stored.save(&saved).unwrap();
        let load =
            |precision| TextClassifier::load(&saved, Arc::clone(&lexicon), Device::Cpu, precision).unwrap();
        let again = load(Precision::Single);
        assert_eq!(again.fingerprint().unwrap(), whole);
        let texts = noisy(&lexicon, 60);
        assert_eq!(again.logits(&texts).unwrap(), stored.logits(&texts).unwrap());
        assert_ne!(load(Precision::BFloat16).fingerprint().unwrap(), whole, "other answers");

        // The last number of any tensor, by the least that changes it; and back.
        for parameter in again.model().parameters() {
            let last = parameter.tensor().view(-1).get(parameter.tensor().numel() as i64 - 1);
            let before = last.copy();
            let mut inside = last.shallow_clone();
            let value = f32::from_bits((before.double_value(&[]) as f32).to_bits() ^ 1);
            let _ = tch::no_grad(|| inside.fill_(f64::from(value)));
            assert_ne!(again.fingerprint().unwrap(), whole, "{}", parameter.name());
            tch::no_grad(|| inside.copy_(&before));
            assert_eq!(again.fingerprint().unwrap(), whole, "{}", parameter.name());
        }

        // Another tokenizer, which gives the same tokens.
        let file = saved.join("tokenizer.json");
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, format!("{text}\n")).unwrap();
        let other = load(Precision::Single);
        assert_eq!(other.model().fingerprint().unwrap(), model);
        assert_ne!(other.fingerprint().unwrap(), whole);
        // What was read is no longer there to be copied.
        assert!(matches!(again.save(&place.path().join("late")), Err(Error::File { .. })));
    }
}

#[test]
fn half_precision_answers_nearly_the_same() {
    let lexicon = Arc::new(Lexicon::new());
    let single = classifier("tiny-bert", &lexicon);
    let texts = noisy(&lexicon, 200);
    let exact = single.logits(&texts).unwrap();
    for precision in [Precision::BFloat16, Precision::Half] {
        let coarse =
            TextClassifier::load(&folder("tiny-bert"), Arc::clone(&lexicon), Device::Cpu, precision).unwrap();
        let logits = coarse.logits(&texts).unwrap();
        let farthest = exact.iter().zip(&logits).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(farthest > 0.0 && farthest < 0.3, "{precision}: {farthest}");
    }
}

#[test]
fn a_certificate_comes_out_and_a_tolerant_one_is_never_larger() {
    let lexicon = Arc::new(Lexicon::new());
    let classifier = classifier("tiny-bert", &lexicon);
    let noise = Deletion::uniform(Arc::clone(&lexicon), Rate::new(0.9).unwrap()).unwrap();
    let smoothed = SmoothedClassifier::new(&classifier, &noise, Plan::fixed(64, 512).unwrap())
        .confidence(Confidence::alpha(0.01).unwrap())
        .seed(3);
    let certifier = smoothed.certifier();
    let (mut certified, mut smaller) = (0, 0);
    for (number, sentence) in SENTENCES.iter().enumerate() {
        let text = Tokenizer::words().tokenize(&lexicon, sentence);
        let threat = noise.edits(&text).unwrap();
        let votes = smoothed.count(number as u64, &text).unwrap();
        // The same votes whatever the batches are.
        for batch in [7, 512] {
            let again = smoothed.clone().batch(batch).count(number as u64, &text).unwrap();
            assert_eq!(again.estimation().counts(), votes.estimation().counts(), "{sentence}");
        }
        let plain = certifier.certify(&threat, &votes).unwrap();
        let mut last = plain.class().is_some();
        certified += usize::from(last);
        for epsilon in [1e-5, 0.1, 1.0, 10.0] {
            let tolerant = smoothed.clone().rounding_tolerance(epsilon).unwrap();
            let votes = tolerant.count(number as u64, &text).unwrap();
            let certificate = certifier.certify(&threat, &votes).unwrap();
            assert_eq!(certificate.assumptions().count(), 1);
            let now = certificate.class().is_some();
            assert!(last || !now, "{sentence}: {epsilon}");
            smaller += usize::from(last && !now);
            last = now;
        }
        // No logit of this model is as far away as that.
        assert!(!last, "{sentence}");
    }
    assert!(certified > 0 && smaller > 0, "{certified} {smaller}");
}
