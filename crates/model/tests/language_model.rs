//! Masked language models of tiny encoders: a new head, training, resuming, saving.
#![cfg(feature = "torch")]

use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::Arc,
};
use steadfast_model::transformer::{
    Error, FineTuning, MaskedLanguageModel, MaskedText, Masking, Precision, Progress, Subwords,
    Trainable as _, Tuned, fine_tune,
};
use steadfast_perturb::Lexicon;
use tch::Device;

const ON: fn(&Progress) -> ControlFlow<()> = |_| ControlFlow::Continue(());

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn with_new_head(name: &str) -> MaskedLanguageModel {
    MaskedLanguageModel::with_new_head(&folder(name), 7, Device::Cpu).unwrap()
}

fn masking(name: &str, model: &MaskedLanguageModel) -> Masking {
    let subwords = Subwords::load(&folder(name), model.config(), Arc::new(Lexicon::new())).unwrap();
    Masking::new(&subwords, model.config()).unwrap()
}

/// Texts of one token over and over: a hidden one is known by its neighbors.
fn texts(numbers: std::ops::Range<u32>) -> Vec<Vec<u32>> {
    let text = |number: u32| {
        let mut tokens = vec![2];
        tokens.resize(7 + (number % 4) as usize, 60 + number * 7 % 20);
        tokens.push(3);
        tokens
    };
    numbers.map(text).collect()
}

fn tune(
    model: &MaskedLanguageModel,
    settings: &FineTuning,
    checkpoints: Option<&Path>,
    observe: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Tuned, Error> {
    let masking = masking("tiny-bert", model);
    let (training, development) = (texts(0..200), masking.epoch(&texts(200..260), 9, 0).unwrap());
    let mut epoch = |epoch| Ok(masking.epoch(&training, settings.seed, epoch)?);
    fine_tune(model, settings, &mut epoch, &development, checkpoints, observe)
}

fn settings() -> FineTuning {
    FineTuning::default().epochs(10).batch(8).learning_rate(1e-2).seed(5)
}

fn weights(model: &MaskedLanguageModel) -> Vec<(String, Vec<f32>)> {
    let parameters = model.parameters().iter();
    parameters.map(|p| (p.name().to_owned(), p.tensor().contiguous().view(-1).try_into().unwrap())).collect()
}

#[test]
fn a_new_head_learns_to_fill_gaps() {
    let model = with_new_head("tiny-bert");
    let before = weights(&model);
    let tuned = tune(&model, &settings(), None, &mut { ON }).unwrap();
    let (first, best) = (tuned.epochs[0], tuned.epochs[tuned.best]);
    // Without learning: the logarithm of the vocabulary.
    assert!(first.loss < 1.1 * 141_f64.ln() && best.loss < 1.0 && best.accuracy > 0.9, "{tuned:?}");

    let again = with_new_head("tiny-bert");
    assert_eq!(before, weights(&again));
    assert_eq!(tune(&again, &settings(), None, &mut { ON }).unwrap(), tuned);
    assert!(weights(&model) == weights(&again));

    // Saved and read, it is the same model with a head.
    let place = tempfile::tempdir().unwrap();
    model.save(&place.path().join("saved"), &folder("tiny-bert")).unwrap();
    let read =
        MaskedLanguageModel::load(&place.path().join("saved"), Device::Cpu, Precision::Single).unwrap();
    assert!(weights(&model) == weights(&read));
}

#[test]
fn a_head_alone_can_be_trained() {
    let (before, model) = (weights(&with_new_head("tiny-bert")), with_new_head("tiny-bert"));
    let frozen = 1 + model.config().layers();
    let tuned = tune(&model, &settings().frozen(frozen), None, &mut { ON }).unwrap();
    assert!(tuned.epochs[tuned.best].loss < 0.8 * tuned.epochs[0].loss, "{tuned:?}");
    for ((name, old), (_, new)) in before.iter().zip(&weights(&model)) {
        assert_eq!(old == new, !name.starts_with("cls."), "{name}");
    }
}

#[test]
fn heads_of_both_families_are_new_whatever_is_there() {
    for name in ["tiny-bert-gaps", "tiny-roberta-gaps", "tiny-roberta"] {
        let model = with_new_head(name);
        let other = MaskedLanguageModel::with_new_head(&folder(name), 8, Device::Cpu).unwrap();
        // What is saved is read back.
        let place = tempfile::tempdir().unwrap();
        model.save(&place.path().join("saved"), &folder(name)).unwrap();
        let read = MaskedLanguageModel::load(&place.path().join("saved"), Device::Cpu, Precision::Single);
        assert_eq!(
            read.unwrap().parameters().fingerprint().unwrap(),
            model.parameters().fingerprint().unwrap()
        );
        let differ: Vec<String> = weights(&model)
            .into_iter()
            .zip(weights(&other))
            .filter(|(one, other)| one != other)
            .map(|((name, _), _)| name)
            .collect();
        assert!(differ.len() == 1 && differ[0].ends_with("dense.weight"), "{name}: {differ:?}");
        if let Ok(there) = MaskedLanguageModel::load(&folder(name), Device::Cpu, Precision::Single) {
            let head = |name: &String| name.starts_with("cls.") || name.starts_with("lm_head.");
            for (one, other) in weights(&there).iter().zip(&weights(&model)) {
                assert_eq!(one == other, !head(&one.0), "{}", one.0);
            }
        }
    }
}

#[test]
fn a_stopped_run_goes_on_to_the_same_end() {
    let settings = settings().epochs(2);
    let whole = with_new_head("tiny-bert");
    let expected = tune(&whole, &settings, None, &mut { ON }).unwrap();
    let place = tempfile::tempdir().unwrap();
    let mut stops = 0;
    let (tuned, model) = loop {
        let model = with_new_head("tiny-bert");
        let mut steps = 0;
        let stop = &mut |_: &Progress| {
            steps += 1;
            if steps == 20 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        match tune(&model, &settings, Some(place.path()), stop) {
            Err(Error::Stopped { .. }) => stops += 1,
            other => break (other.unwrap(), model),
        }
    };
    assert_eq!((tuned, stops), (expected, 2));
    assert!(weights(&model) == weights(&whole));
}

#[test]
fn the_loss_is_the_mean_over_hidden_tokens() {
    // A copy of a model, without dropout.
    let (from, place) = (folder("tiny-bert-gaps"), tempfile::tempdir().unwrap());
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, place.path().join(path.file_name().unwrap())).unwrap();
    }
    let path = place.path().join("config.json");
    let mut config: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    config["hidden_dropout_prob"] = 0.0.into();
    config["attention_probs_dropout_prob"] = 0.0.into();
    std::fs::write(&path, config.to_string()).unwrap();
    let model = MaskedLanguageModel::load(place.path(), Device::Cpu, Precision::Single).unwrap();

    let text = |tokens: &[u32], hidden: &[(usize, Option<u32>)]| MaskedText {
        tokens: tokens.to_vec(),
        hidden: hidden.to_vec(),
    };
    let batch = [
        text(&[2, 4, 60, 4, 3], &[(1, Some(70)), (3, Some(71)), (0, None)]),
        text(&[2, 4, 3], &[(1, Some(72))]),
    ];
    let (mut sum, mut right) = (0.0, 0);
    for MaskedText { tokens, hidden } in &batch {
        let logits = model.forward(&model.batch(&[tokens]).unwrap()).unwrap().get(0);
        let logs = logits.log_softmax(-1, tch::Kind::Double);
        for &(place, token) in hidden {
            let logs = logs.get(place as i64);
            let Some(token) = token else {
                // Any token: the mean over all of them.
                sum -= logs.mean(None).double_value(&[]);
                continue;
            };
            sum -= logs.double_value(&[token.into()]);
            let answer = logits.get(place as i64).argmax(-1, false).int64_value(&[]);
            right += usize::from(answer == i64::from(token));
        }
    }
    let loss = model.loss(&batch.iter().collect::<Vec<_>>(), 1).unwrap().double_value(&[]);
    assert!((loss - sum).abs() < 1e-4 * sum, "{loss}, not {sum}");
    assert_eq!(model.accuracy(&batch).unwrap(), right as f64 / 3.0);
    let one = settings().epochs(1).batch(2);
    let tuned = fine_tune(&model, &one, &mut |_| Ok(batch.to_vec()), &[], None, &mut { ON }).unwrap();
    assert!((tuned.epochs[0].loss - sum / 4.0).abs() < 1e-4 * sum, "{tuned:?}");
}

#[test]
fn what_cannot_be_learned_is_refused() {
    let model = with_new_head("tiny-bert");
    let refused = |tokens: Vec<u32>, hidden: Vec<(usize, Option<u32>)>| {
        let mut training = |_| Ok(vec![MaskedText { tokens: tokens.clone(), hidden: hidden.clone() }]);
        fine_tune(&model, &settings(), &mut training, &[], None, &mut { ON }).unwrap_err().to_string()
    };
    assert!(refused(vec![2, 4, 3], vec![]).contains("hides no token"));
    assert!(refused(vec![2, 4, 3], vec![(3, Some(7))]).contains("position 3"));
    assert!(refused(vec![2, 4, 3], vec![(3, None)]).contains("any token at position 3"));
    assert!(refused(vec![2, 4, 3], vec![(1, Some(141))]).contains("token 141"));
    assert!(refused(vec![2, 999, 3], vec![(1, None)]).contains("token 999"));
}
