//! Speed of ensembles trained on noise, in models per second. `cargo bench --bench ensemble`, and the same network on libtorch
//! beside it with `--features torch`.
//!
//! The data has the shape of MNIST 1/7 (784 bits, 1,000 test inputs, one bit in ten set) and is made up here. The baseline
//! trains the same network by explicit gradients on explicit weights, one model at a time, with test noise of its own for
//! every input.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ndarray::{Array1, Array2, Axis};
use std::{hint::black_box, ops::ControlFlow};
use steadfast::{
    certify::{
        BoxError, Phase, Rate, VoteTable,
        noise::bernoulli,
        rand_core::Rng,
        seed::{Purpose, generator},
    },
    model::ensemble::{
        BaseLearner, BitMatrix, Ensemble, EnsembleNoise, NearestCentroid, NoisyBatch, NoisyCopy, TrainingSet,
        TwoLayerNet, TwoLayerSettings,
    },
};

const FEATURES: usize = 784;
const INPUTS: usize = 1_000;

/// Two classes of blurred strokes: a random tenth of the bits each, every example a noisy copy of its class.
fn data(examples: usize) -> (TrainingSet, BitMatrix) {
    let mut rng = generator(1, Phase::Training, 0, 0, Purpose::Other(1));
    let tenth = Rate::new(0.1).expect("a rate");
    let patterns: Vec<Vec<bool>> =
        (0..2).map(|_| (0..FEATURES).map(|_| bernoulli::event(tenth, &mut rng)).collect()).collect();
    let mut rows = |count: usize| {
        let row = |index: usize, rng: &mut _| -> Vec<bool> {
            patterns[index % 2]
                .iter()
                .map(|bit| bit ^ bernoulli::event(Rate::new(0.05).expect("a rate"), rng))
                .collect()
        };
        let rows: Vec<Vec<bool>> = (0..count).map(|index| row(index, &mut rng)).collect();
        BitMatrix::from_rows(FEATURES, rows).expect("rows of bits")
    };
    let labels = (0..examples).map(|index| (index % 2) as u32).collect();
    (TrainingSet::new(rows(examples), labels, 2).expect("a training set"), rows(INPUTS))
}

/// The network of [`TwoLayerNet`] on explicit single-precision matrices.
#[derive(Debug)]
struct ExplicitNet(TwoLayerSettings);

impl ExplicitNet {
    fn dense(matrix: &BitMatrix) -> Array2<f32> {
        let bits: Vec<f32> = matrix
            .iter_rows()
            .flat_map(|row| {
                (0..FEATURES).map(move |c| if row[c / 64] >> (c % 64) & 1 == 1 { 0.5 } else { -0.5 })
            })
            .collect();
        Array2::from_shape_vec((matrix.rows(), FEATURES), bits).expect("a full matrix")
    }

    fn answer(&self, copy: &NoisyCopy, test: &Array2<f32>, answers: &mut Vec<u32>) {
        let TwoLayerSettings { width, steps, learning_rate, momentum, weight_decay, .. } = self.0;
        let mut rng = copy.generator();
        let mut draw = |shape, limit: f32| {
            Array2::from_shape_simple_fn(shape, || limit * (rng.next_u32() as f32 / 2_147_483_648.0 - 1.0))
        };
        let mut first = draw((FEATURES, width), (24.0 / FEATURES as f32).sqrt());
        let mut second = draw((width, 2), (6.0 / width as f32).sqrt());
        let mut bias = Array1::<f32>::zeros(width);
        let (mut v1, mut v2, mut vb) = (first.clone() * 0.0, second.clone() * 0.0, bias.clone());
        let inputs = Self::dense(copy.features());
        for _ in 0..steps {
            let hidden = (inputs.dot(&first) + &bias).mapv(|value| value.max(0.0));
            let mut errors = hidden.dot(&second).mapv(f32::exp);
            for (mut row, &label) in errors.rows_mut().into_iter().zip(copy.labels()) {
                let sum = row.sum();
                row /= sum;
                row[label as usize] -= 1.0;
            }
            errors /= copy.labels().len() as f32;
            let mut gradient = errors.dot(&second.t());
            gradient.zip_mut_with(&hidden, |gradient, hidden| {
                if *hidden <= 0.0 {
                    *gradient = 0.0;
                }
            });
            v2 = v2 * momentum + hidden.t().dot(&errors) + &second * weight_decay;
            v1 = v1 * momentum + inputs.t().dot(&gradient) + &first * weight_decay;
            vb = vb * momentum + gradient.sum_axis(Axis(0)) + &bias * weight_decay;
            first.scaled_add(-learning_rate, &v1);
            second.scaled_add(-learning_rate, &v2);
            bias.scaled_add(-learning_rate, &vb);
        }
        // Noise of its own for every input.
        let rate = Rate::new(0.1).expect("a rate");
        let mut noisy = test.clone();
        for chunk in noisy.as_slice_mut().expect("row-major").chunks_mut(64) {
            let flips = bernoulli::word(rate, &mut rng);
            for (bit, value) in chunk.iter_mut().enumerate() {
                *value *= 1.0 - 2.0 * (flips >> bit & 1) as f32;
            }
        }
        let scores = (noisy.dot(&first) + &bias).mapv(|value| value.max(0.0)).dot(&second);
        answers.extend(scores.rows().into_iter().map(|row| u32::from(row[1] > row[0])));
    }
}

impl BaseLearner for ExplicitNet {
    fn describe(&self) -> String {
        "explicit".to_owned()
    }
    fn vote(&self, batch: &NoisyBatch<'_>) -> Result<VoteTable, BoxError> {
        let test = Self::dense(batch.test());
        batch.vote_by_model(|| (), |copy, (), answers| self.answer(copy, &test, answers))
    }
}

#[cfg(feature = "torch")]
fn on_libtorch(net: TwoLayerNet) -> Box<dyn BaseLearner> {
    use steadfast::model::{device::Device, ensemble::TorchTwoLayerNet};
    Box::new(TorchTwoLayerNet::new(net, Device::Cpu).expect("a CPU"))
}

fn models(criterion: &mut Criterion) {
    let settings = TwoLayerSettings::default();
    let fast = TwoLayerNet::new(settings).expect("settings");
    let learners: [(&str, Box<dyn BaseLearner>, u64); _] = [
        ("two-layer net, Gram matrix, one test mask", Box::new(fast), 128),
        #[cfg(feature = "torch")]
        ("two-layer net, libtorch on the CPU", on_libtorch(fast), 128),
        ("two-layer net, explicit, noise per input", Box::new(ExplicitNet(settings)), 16),
        ("nearest centroid", Box::new(NearestCentroid), 512),
    ];
    let noise = EnsembleNoise::new(Rate::new(0.1).expect("a rate"), Rate::new(0.1).expect("a rate"), 2)
        .expect("noise");
    let mut group = criterion.benchmark_group("ensemble");
    group.sample_size(10);
    for examples in [50, 100, 200] {
        let (training, test) = data(examples);
        for (name, learner, count) in &learners {
            let (name, count) = (*name, *count);
            let ensemble = Ensemble::new(&training, &test, noise, learner.as_ref(), 1, 0).expect("threads");
            group.throughput(Throughput::Elements(count));
            group.bench_function(BenchmarkId::new(name, format!("{examples} examples")), |bencher| {
                bencher.iter(|| {
                    ensemble
                        .votes(Phase::Estimation, 0..black_box(count), |_| ControlFlow::Continue(()))
                        .expect("votes")
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, models);
criterion_main!(benches);
