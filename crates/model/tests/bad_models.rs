//! Damaged, foreign and incomplete models: one clear error each, never a panic, and never libtorch's own words.
#![cfg(feature = "torch")]

use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use std::{
    error::Error as _,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};
use steadfast_certify::Classifier as _;
use steadfast_model::transformer::{
    Error, MaskedLanguageModel, Precision, SequenceClassifier, Subwords, TextClassifier,
};
use steadfast_perturb::{Lexicon, Tokenizer, WordId};
use tch::Device;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

/// A copy of a tiny model's directory, to be damaged.
fn copy(name: &str) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(golden(name)).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), place.path().join(entry.file_name())).unwrap();
    }
    place
}

/// A tensor's name, kind, shape and bytes.
type Stored = (String, Dtype, Vec<usize>, Vec<u8>);

/// Rewrites the weights of a directory.
fn rewrite(directory: &Path, change: impl FnOnce(&mut Vec<Stored>)) {
    let path = directory.join("model.safetensors");
    let bytes = fs::read(&path).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap().tensors();
    let mut stored: Vec<Stored> = tensors
        .into_iter()
        .map(|(name, view)| (name, view.dtype(), view.shape().to_vec(), view.data().to_vec()))
        .collect();
    change(&mut stored);
    let views = stored
        .iter()
        .map(|(name, kind, shape, bytes)| (name, TensorView::new(*kind, shape.clone(), bytes).unwrap()));
    fs::write(&path, safetensors::serialize(views, None).unwrap()).unwrap();
}

fn load(directory: &Path) -> Result<SequenceClassifier, Error> {
    SequenceClassifier::load(directory, Device::Cpu, Precision::Single)
}

/// The whole message, causes included.
fn message(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// What a person reads: all of `parts`, on one line, in nobody else's words.
#[track_caller]
fn assert_clear<T>(result: Result<T, Error>, parts: &[&str]) {
    let error = result.err().expect("it is refused");
    let text = message(&error);
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in {text:?}");
    }
    for foreign in ["Exception", "frame #", "c10::", "Internal torch error", "\n"] {
        assert!(!text.contains(foreign), "{foreign:?} is in {text:?}");
    }
    assert!(!matches!(error, Error::Torch { .. }), "{text}");
}

#[test]
fn files_that_are_not_there() {
    let place = copy("tiny-bert");
    let path = place.path();
    assert_clear(load(&path.join("nowhere")), &["cannot read", "nowhere/config.json"]);
    fs::rename(path.join("model.safetensors"), path.join("pytorch_model.bin")).unwrap();
    assert_clear(load(path), &["only pytorch_model.bin is", "save_pretrained"]);
    fs::remove_file(path.join("pytorch_model.bin")).unwrap();
    assert_clear(load(path), &["cannot read", "model.safetensors"]);
    fs::remove_file(path.join("config.json")).unwrap();
    assert_clear(load(path), &["cannot read", "config.json"]);
    let sharded = copy("tiny-bert-gaps");
    fs::remove_file(sharded.path().join("model-00002-of-00002.safetensors")).unwrap();
    let load = |path: &Path| MaskedLanguageModel::load(path, Device::Cpu, Precision::Single);
    assert_clear(load(sharded.path()), &["cannot read", "model-00002-of-00002.safetensors"]);
    // An index may not lead out of its directory.
    for outside in ["../model.safetensors", "/etc/passwd", "a/b.safetensors"] {
        let index = format!("{{\"weight_map\": {{\"x\": {outside:?}}}}}");
        fs::write(sharded.path().join("model.safetensors.index.json"), index).unwrap();
        assert_clear(load(sharded.path()), &["names the part", outside, "expected a file beside it"]);
    }
    fs::write(sharded.path().join("model.safetensors.index.json"), "[]").unwrap();
    assert_clear(load(sharded.path()), &["is no index of weights"]);
}

#[test]
fn weights_that_were_cut_short_or_are_something_else() {
    let place = copy("tiny-bert");
    let path = place.path().join("model.safetensors");
    let whole = fs::read(&path).unwrap();
    for length in [0, 1, 7, 8, 100, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        assert_clear(
            load(place.path()),
            &["model.safetensors", "is damaged or was cut short", "download it again"],
        );
    }
    // A header as long as the largest file there is.
    let mut wild = u64::MAX.to_le_bytes().to_vec();
    wild.extend_from_slice(&whole);
    for bytes in [b"<html>not found</html>".to_vec(), wild] {
        fs::write(&path, bytes).unwrap();
        assert_clear(load(place.path()), &["is damaged or was cut short"]);
    }
}

#[test]
fn tensors_that_are_missing_too_many_or_of_another_shape() {
    let place = copy("tiny-bert");
    rewrite(place.path(), |tensors| {
        tensors.retain(|(name, ..)| !name.contains("encoder.layer.1.attention.self.key"));
    });
    let expected =
        ["no tensor encoder.layer.1.attention.self.key.weight", "1 more are missing", "config.json"];
    assert_clear(load(place.path()), &expected);

    let place = copy("tiny-bert");
    rewrite(place.path(), |tensors| {
        tensors.push(("bert.adapter.x".to_owned(), Dtype::F32, vec![1], vec![0; 4]));
    });
    assert_clear(load(place.path()), &["holds 1 tensors", "adapter.x", "from the same model"]);

    let place = copy("tiny-bert");
    rewrite(place.path(), |tensors| {
        let norm = tensors.iter_mut().find(|(name, ..)| name.ends_with("embeddings.LayerNorm.bias")).unwrap();
        norm.2 = vec![4, 4];
    });
    assert_clear(load(place.path()), &["embeddings.LayerNorm.bias has the shape [4, 4], expected [16]"]);

    // A deeper model's settings, and those of a larger one.
    for (from, to, part) in [
        ("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3", "no tensor encoder.layer.2."),
        ("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1", "such as encoder.layer.1."),
        ("\"intermediate_size\": 24", "\"intermediate_size\": 16777216", "expected [16777216, 16]"),
        ("\"model_type\": \"bert\"", "\"model_type\": \"roberta\"", "no tensor"),
        ("\"model_type\": \"bert\"", "\"model_type\": \"llama\"", "model_type is llama, expected bert"),
    ] {
        let place = copy("tiny-bert");
        let config = place.path().join("config.json");
        let text = fs::read_to_string(&config).unwrap();
        assert!(text.contains(from));
        fs::write(&config, text.replace(from, to)).unwrap();
        assert_clear(load(place.path()), &[part]);
    }

    let place = copy("tiny-bert");
    rewrite(place.path(), |tensors| tensors[0].1 = Dtype::I32);
    assert_clear(load(place.path()), &["as I32, expected 16, 32 or 64-bit floats"]);

    // A model without a head is no classifier, one with another head is no masked language model.
    assert_clear(load(&golden("tiny-bert-gaps")), &["no tensor classifier.weight"]);
    let gaps = MaskedLanguageModel::load(&golden("tiny-bert"), Device::Cpu, Precision::Single);
    assert_clear(gaps, &["no tensor cls.predictions"]);
}

#[test]
fn tokenizers_of_other_models() {
    let place = copy("tiny-bert");
    let model = load(place.path()).unwrap();
    let tokenizer = |text: &str| {
        fs::write(place.path().join("tokenizer.json"), text).unwrap();
        Subwords::load(place.path(), model.config(), Arc::new(Lexicon::new()))
    };
    let other = fs::read_to_string(golden("tiny-roberta").join("tokenizer.json")).unwrap();
    assert_clear(
        tokenizer(&other),
        &["does not fit the model", "the model has 141 tokens", "from the same model"],
    );
    let own = fs::read_to_string(golden("tiny-bert").join("tokenizer.json")).unwrap();
    for broken in ["", "{}", "[1]", &own[..own.len() / 2]] {
        assert_clear(tokenizer(broken), &["is no tokenizer that can be read", "same Hugging Face model"]);
    }
    let mut bare: serde_json::Value = serde_json::from_str(&own).unwrap();
    bare["post_processor"] = serde_json::Value::Null;
    assert_clear(tokenizer(&bare.to_string()), &["puts no token before a text"]);
    fs::remove_file(place.path().join("tokenizer.json")).unwrap();
    let none = Subwords::load(place.path(), model.config(), Arc::new(Lexicon::new()));
    assert_clear(none, &["cannot read", "tokenizer.json"]);
}

#[test]
fn texts_that_do_not_fit() {
    let model = load(&golden("tiny-bert")).unwrap();
    let longest = model.config().longest();
    assert_clear(
        model.batch(&[&[2, 3], &vec![7; longest + 1]]),
        &["text 1", "has 25 tokens, expected 1 to 24"],
    );
    assert_clear(model.batch(&[&[]]), &["text 0", "has 0 tokens"]);
    assert_clear(model.batch(&[&[2, 141, 3]]), &["holds token 141, expected tokens below 141"]);
    // A classifier of words cuts long texts and knows the empty one.
    let lexicon = Arc::new(Lexicon::new());
    let classifier =
        TextClassifier::load(&golden("tiny-bert"), Arc::clone(&lexicon), Device::Cpu, Precision::Single)
            .unwrap();
    let long = Tokenizer::words().tokenize(&lexicon, &"a very long story ".repeat(100));
    let cut = long[..60].to_vec();
    let answers = classifier.logits(&[long, cut, vec![]]).unwrap();
    assert!(answers.len() == 9 && answers[..3] == answers[3..6] && answers[..3] != answers[6..]);
    let foreign = classifier.logits(&[vec![], vec![WordId::from_index(9_999)]]);
    assert_clear(foreign, &["text 1", "word 9999", "share one lexicon"]);
    assert!(classifier.classify(&[]).unwrap().is_empty());
}

#[test]
fn a_model_that_computes_no_numbers() {
    let lexicon = Arc::new(Lexicon::new());
    let place = copy("tiny-bert");
    rewrite(place.path(), |tensors| {
        let bias = tensors.iter_mut().find(|(name, ..)| name == "classifier.bias").unwrap();
        bias.3[4..8].copy_from_slice(&f32::NAN.to_le_bytes());
    });
    let classifier =
        TextClassifier::load(place.path(), Arc::clone(&lexicon), Device::Cpu, Precision::Single).unwrap();
    let text = Tokenizer::words().tokenize(&lexicon, "a good film");
    assert_clear(
        classifier.logits(&[text]),
        &["text 0", "NaN", "expected finite numbers", "weights are damaged"],
    );
}
