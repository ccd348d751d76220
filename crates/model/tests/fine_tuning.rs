//! Fine-tuning of tiny models: it learns, repeats itself, resumes exactly, and saves what `transformers` would.
#![cfg(feature = "torch")]

use safetensors::SafeTensors;
use std::{
    collections::BTreeMap,
    ops::ControlFlow,
    path::{Path, PathBuf},
};
use steadfast_model::transformer::{
    Error, Example, FineTuning, ParameterSmoothing, Precision, Progress, SequenceClassifier, Tuned, fine_tune,
};
use tch::Device;

fn folder_of(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn model(name: &str) -> SequenceClassifier {
    SequenceClassifier::with_new_head(&folder_of(name), 2, 7, Device::Cpu).unwrap()
}

/// Texts of four to eight tokens; those of class 1 hold the token 40.
fn texts(count: u32, offset: u32) -> Vec<Example> {
    let text = |number: u32| {
        let class = number % 2;
        let mut tokens = vec![2];
        tokens.extend((0..4 + number % 5).map(|place| 50 + (number * 31 + place * 17 + offset) % 60));
        tokens[1 + (number / 2 % 3) as usize] = 41 - class;
        tokens.push(3);
        Example { tokens, class: class as usize }
    };
    (0..count).map(text).collect()
}

fn settings() -> FineTuning {
    FineTuning::default().epochs(3).batch(8).learning_rate(5e-3).seed(5)
}

fn tune(
    model: &SequenceClassifier,
    settings: &FineTuning,
    checkpoints: Option<&Path>,
    observe: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Tuned, Error> {
    let mut training = |_| Ok(texts(96, 0));
    fine_tune(model, settings, &mut training, &texts(40, 1000), checkpoints, observe)
}

const ON: fn(&Progress) -> ControlFlow<()> = |_| ControlFlow::Continue(());

fn assert_same(left: &[(String, Vec<f32>)], right: &[(String, Vec<f32>)]) {
    let differ: Vec<&str> =
        left.iter().zip(right).filter(|(a, b)| a != b).map(|(a, _)| a.0.as_str()).collect();
    assert!(left.len() == right.len() && differ.is_empty(), "these weights differ: {differ:?}");
}

fn weights(model: &SequenceClassifier) -> Vec<(String, Vec<f32>)> {
    let parameters = model.parameters().iter();
    parameters.map(|p| (p.name().to_owned(), p.tensor().contiguous().view(-1).try_into().unwrap())).collect()
}

#[test]
fn it_learns_and_the_same_seed_gives_the_same_weights() {
    for name in ["tiny-bert", "tiny-roberta"] {
        let (first, second, other) = (model(name), model(name), model(name));
        let untrained = first.fingerprint().unwrap();
        let mut accuracies = Vec::new();
        let mut losses = Vec::new();
        let tuned = tune(&first, &settings(), None, &mut |progress| {
            accuracies.extend(progress.accuracy);
            losses.push(progress.loss);
            ControlFlow::Continue(())
        })
        .unwrap();
        assert_eq!(tuned.epochs.len(), 3);
        assert_eq!(accuracies, tuned.epochs.iter().map(|epoch| epoch.accuracy).collect::<Vec<_>>());
        assert_eq!(losses.len(), 3 * (12 + 1));
        assert!(tuned.epochs[tuned.best].accuracy > 0.8, "{name}: {tuned:?}");
        assert!(tuned.epochs[2].loss < tuned.epochs[0].loss, "{name}: {tuned:?}");
        tune(&second, &settings(), None, &mut { ON }).unwrap();
        assert_same(&weights(&first), &weights(&second));
        assert_eq!(first.fingerprint().unwrap(), second.fingerprint().unwrap());
        assert_ne!(first.fingerprint().unwrap(), untrained);
        tune(&other, &settings().seed(6), None, &mut { ON }).unwrap();
        assert!(weights(&first) != weights(&other));
    }
}

#[test]
fn a_stopped_run_goes_on_to_the_same_end() {
    stop_and_go_on(&settings());
}

#[test]
fn so_does_one_with_noise_on_weights_and_without_clipping() {
    let noise = ParameterSmoothing::new(1, 0.01);
    for persistent in [false, true] {
        let smoothing = Some(noise.clone().persistent(persistent));
        stop_and_go_on(&settings().smoothing(smoothing).clip(f64::INFINITY));
    }
}

fn stop_and_go_on(settings: &FineTuning) {
    let whole = model("tiny-bert");
    let expected = tune(&whole, settings, None, &mut { ON }).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Some(folder.path());
    let mut stops = 0;
    let result = loop {
        // Every attempt starts from the pretrained model, as a new process would, and is stopped after seven steps.
        let model = model("tiny-bert");
        let mut steps = 0;
        let stop = &mut |_: &Progress| {
            steps += 1;
            if steps == 7 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        match tune(&model, settings, checkpoints, stop) {
            Err(Error::Stopped { .. }) => stops += 1,
            other => break (other.unwrap(), weights(&model)),
        }
    };
    assert_eq!(result.0, expected);
    assert_same(&result.1, &weights(&whole));
    assert!(stops >= 5, "{stops}");
    // One more time: nothing is left to do.
    let again = model("tiny-bert");
    let mut told = 0;
    let report = &mut |_: &Progress| {
        told += 1;
        ControlFlow::Continue(())
    };
    assert_eq!(tune(&again, settings, checkpoints, report).unwrap(), expected);
    assert_same(&weights(&again), &weights(&whole));
    assert_eq!(told, 0);

    let other = settings.clone().learning_rate(1e-3);
    let error = tune(&model("tiny-bert"), &other, checkpoints, &mut { ON }).unwrap_err();
    assert!(matches!(error, Error::OtherRun { what: "settings", .. }), "{error}");
    let untouched = model("tiny-bert");
    let mut training = |_| Ok(texts(90, 0));
    let error = fine_tune(&untouched, settings, &mut training, &[], checkpoints, &mut { ON }).unwrap_err();
    assert!(matches!(error, Error::OtherRun { what: "texts", .. }), "{error}");
    assert!(untouched.parameters().iter().all(|parameter| !parameter.tensor().requires_grad()));
    let another = SequenceClassifier::with_new_head(&folder_of("tiny-bert"), 2, 8, Device::Cpu).unwrap();
    let error = tune(&another, settings, checkpoints, &mut { ON }).unwrap_err();
    assert!(matches!(error, Error::OtherRun { what: "pretrained models", .. }), "{error}");
    // A checkpoint that was cut short is refused with its name.
    let newest = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    let tensors = newest.join("tensors.safetensors");
    let bytes = std::fs::read(&tensors).unwrap();
    std::fs::write(&tensors, &bytes[..bytes.len() / 2]).unwrap();
    let error = tune(&model("tiny-bert"), settings, checkpoints, &mut { ON }).unwrap_err();
    assert!(matches!(&error, Error::File { path, .. } if *path == tensors), "{error}");
}

#[test]
fn frozen_layers_stay_as_they_are() {
    let (before, after) = (weights(&model("tiny-bert")), model("tiny-bert"));
    tune(&after, &settings().frozen(2).epochs(1), None, &mut { ON }).unwrap();
    for ((name, old), (_, new)) in before.iter().zip(&weights(&after)) {
        let frozen = name.starts_with("embeddings.") || name.starts_with("encoder.layer.0.");
        // What no gradient reaches stays, too: keys of one text all shift alike.
        if frozen || !name.ends_with("key.bias") {
            assert_eq!(frozen, old == new, "{name}");
        }
    }
}

#[test]
fn noise_of_the_data_is_fresh_in_each_epoch() {
    let mut epochs = Vec::new();
    let mut training = |epoch| {
        epochs.push(epoch);
        Ok(texts(16, epoch as u32))
    };
    let two = settings().epochs(2);
    fine_tune(&model("tiny-bert"), &two, &mut training, &[], None, &mut { ON }).unwrap();
    assert_eq!(epochs, [0, 1]);
    let mut shrinks = |epoch| Ok(texts(16 - epoch as u32, 0));
    let error = fine_tune(&model("tiny-bert"), &two, &mut shrinks, &[], None, &mut { ON }).unwrap_err();
    assert!(matches!(error, Error::Setting { .. }), "{error}");
    let mut fails = |_| Err("no texts today".into());
    let error = fine_tune(&model("tiny-bert"), &two, &mut fails, &[], None, &mut { ON }).unwrap_err();
    assert!(matches!(error, Error::Data { .. }), "{error}");
}

#[test]
fn what_cannot_be_learned_is_refused() {
    let model = model("tiny-bert");
    let mut none = |_| Ok(vec![]);
    let error = fine_tune(&model, &settings(), &mut none, &[], None, &mut { ON }).unwrap_err();
    assert!(matches!(error, Error::Setting { .. }), "{error}");
    let mut third = |_| Ok(vec![Example { tokens: vec![2, 3], class: 2 }]);
    let error = fine_tune(&model, &settings(), &mut third, &[], None, &mut { ON }).unwrap_err();
    assert!(matches!(error, Error::Classes { found: 2, expected: 3 }), "{error}");
    let mut foreign = |_| Ok(vec![Example { tokens: vec![2, 9999, 3], class: 0 }]);
    let error = fine_tune(&model, &settings(), &mut foreign, &[], None, &mut { ON }).unwrap_err();
    assert!(matches!(error, Error::Input { .. }), "{error}");
    // A rate that no weight survives: the loss is no number.
    let wild = settings().learning_rate(0.99).clip(f64::INFINITY).epochs(200);
    for parameter in model.parameters() {
        let _ = tch::no_grad(|| parameter.tensor().shallow_clone().fill_(f64::INFINITY));
    }
    let error = tune(&model, &wild, None, &mut { ON }).unwrap_err();
    assert!(matches!(error, Error::Diverged { epoch: 0, step: 0, .. }), "{error}");
}

#[test]
fn a_saved_model_answers_the_same_and_has_the_names_of_transformers() {
    for (name, class) in
        [("tiny-bert", "BertForSequenceClassification"), ("tiny-roberta", "RobertaForSequenceClassification")]
    {
        let stored = SequenceClassifier::load(&folder_of(name), Device::Cpu, Precision::Single).unwrap();
        let place = tempfile::tempdir().unwrap();
        let saved = place.path().join("models/saved");
        stored.save(&saved, &folder_of(name)).unwrap();
        let again = SequenceClassifier::load(&saved, Device::Cpu, Precision::Single).unwrap();
        assert_same(&weights(&stored), &weights(&again));
        assert!(saved.join("tokenizer.json").is_file());
        let config = std::fs::read_to_string(saved.join("config.json")).unwrap();
        assert!(config.contains(class), "{config}");
        // The originals were written by transformers: the same tensors under the same names.
        let shapes = |directory: &Path| -> BTreeMap<String, Vec<usize>> {
            let bytes = std::fs::read(directory.join("model.safetensors")).unwrap();
            let tensors = SafeTensors::deserialize(&bytes).unwrap();
            tensors.tensors().into_iter().map(|(name, view)| (name, view.shape().to_vec())).collect()
        };
        assert_eq!(shapes(&saved), shapes(&folder_of(name)));
        // What is there is not overwritten.
        assert!(matches!(stored.save(&saved, &folder_of(name)), Err(Error::File { .. })));
    }
}

#[test]
fn smoothed_weights_come_back_bit_by_bit() {
    let model = model("tiny-bert");
    let before = weights(&model);
    let texts: Vec<Vec<u32>> = texts(6, 3).into_iter().map(|text| text.tokens).collect();
    let rows: Vec<&[u32]> = texts.iter().map(Vec::as_slice).collect();
    let ask = |smoothing: &ParameterSmoothing, seed| {
        let mut changed = Vec::new();
        let answers = smoothing
            .each_copy(&model, 3, seed, |copy| {
                let now = weights(&model);
                changed.push(
                    before.iter().zip(&now).filter(|(a, b)| a != b).map(|(a, _)| a.0.clone()).collect(),
                );
                let logits = model.forward(&model.batch(&rows)?)?.logits;
                let logits: Vec<f32> = tch::no_grad(|| logits.detach().view(-1)).try_into()?;
                Ok::<_, Error>((copy, logits))
            })
            .unwrap();
        assert_same(&weights(&model), &before);
        (answers, changed)
    };
    let smoothing = ParameterSmoothing::new(1, 0.05);
    let (answers, changed): (Vec<_>, Vec<Vec<String>>) = ask(&smoothing, 1);
    assert_eq!(answers, ask(&smoothing, 1).0);
    assert_ne!(answers, ask(&smoothing, 2).0);
    assert!(answers[0].1 != answers[1].1 && answers[1].1 != answers[2].1);
    let outside = |name: &String| name.starts_with("embeddings.") || name.starts_with("encoder.layer.0.");
    assert!(changed.iter().all(|names| names.len() == 20 && !names.iter().any(outside)), "{changed:?}");
    // Clipping touches all weights, and its norm is what is left of them.
    let clipped = smoothing.clone().norm(1.0).deviation(1e-9);
    let (_, changed) = ask(&clipped, 1);
    assert_eq!(changed[0].len(), before.len());
    clipped
        .each_copy(&model, 1, 1, |_| {
            let squares: f32 = weights(&model).iter().flat_map(|(_, values)| values).map(|x| x * x).sum();
            assert!((squares.sqrt() - 1.0).abs() < 1e-4, "{squares}");
            Ok::<_, Error>(())
        })
        .unwrap();
    // An error inside leaves the weights as they were, and no further copy is asked.
    let mut asked = 0;
    let failed = smoothing.each_copy(&model, 2, 1, |_| -> Result<(), Error> {
        asked += 1;
        Err(Error::Setting { name: "x", given: "y".to_owned(), expected: "z".to_owned() })
    });
    assert!(failed.is_err() && asked == 1 && weights(&model) == before);
    // A copy that is kept is that of its number.
    let fingerprint = model.fingerprint().unwrap();
    smoothing.keep_copy(&model, 1, 1).unwrap();
    assert_ne!(model.fingerprint().unwrap(), fingerprint);
    let logits = model.forward(&model.batch(&rows).unwrap()).unwrap().logits;
    let logits: Vec<f32> = tch::no_grad(|| logits.detach().view(-1)).try_into().unwrap();
    assert_eq!(logits, answers[1].1);
}

#[test]
fn fresh_noise_while_training_is_removed_and_persistent_noise_adds_up() {
    let distance = |smoothing: Option<ParameterSmoothing>| {
        let model = model("tiny-bert");
        let before = weights(&model);
        // Steps so small that what moves the weights is the noise.
        let still = settings().learning_rate(1e-12).epochs(4).smoothing(smoothing);
        let mut training = |_| Ok(texts(96, 0));
        fine_tune(&model, &still, &mut training, &[], None, &mut { ON }).unwrap();
        let (mut squares, mut count) = (0.0, 0);
        for ((name, old), (_, new)) in before.iter().zip(&weights(&model)) {
            if name.starts_with("encoder.layer.1.") {
                squares += old.iter().zip(new).map(|(a, b)| f64::from((a - b) * (a - b))).sum::<f64>();
                count += old.len();
            }
        }
        (squares / count as f64).sqrt()
    };
    let fresh = ParameterSmoothing::new(1, 0.01);
    assert!(distance(None) < 1e-6);
    assert!(distance(Some(fresh.clone())) < 1e-6);
    // 48 steps: σ·√48.
    let persistent = distance(Some(fresh.persistent(true)));
    assert!((persistent / (0.01 * 48_f64.sqrt()) - 1.0).abs() < 0.05, "{persistent}");
}
