//! Ensembles on libtorch: the votes of the pure Rust learner, on every device that is there.
#![cfg(feature = "torch")]

use std::ops::{ControlFlow, Range};
use steadfast_certify::{
    Phase, Rate, VoteTable,
    noise::bernoulli,
    seed::{Purpose, generator},
};
use steadfast_model::{
    device::{Device, DeviceError},
    ensemble::{
        BaseLearner, BitMatrix, Ensemble, EnsembleNoise, Error, TorchTwoLayerNet, TrainingSet, TwoLayerNet,
        TwoLayerSettings,
    },
};

type Data = (TrainingSet, BitMatrix);

/// Classes that differ in half of their bits, blurred; rows of bits that do not fill their last word.
fn data(classes: u32, inputs: usize) -> Data {
    let mut rng = generator(3, Phase::Training, 0, 0, Purpose::Other(1));
    let mut bits = |rate: f64, count: usize| -> Vec<bool> {
        let rate = Rate::new(rate).unwrap();
        (0..count).map(|_| bernoulli::event(rate, &mut rng)).collect()
    };
    let patterns: Vec<Vec<bool>> = (0..classes).map(|_| bits(0.3, 100)).collect();
    let mut rows = |count: usize| {
        let row = |index: usize| -> Vec<bool> {
            let blur = bits(0.2, 100);
            patterns[index % classes as usize].iter().zip(blur).map(|(bit, flip)| bit ^ flip).collect()
        };
        BitMatrix::from_rows(100, (0..count).map(row).collect::<Vec<_>>()).unwrap()
    };
    let (training, test) = (rows(30), rows(inputs));
    (TrainingSet::new(training, (0..30).map(|row| row % classes).collect(), classes).unwrap(), test)
}

fn net(settings: TwoLayerSettings) -> TwoLayerNet {
    TwoLayerNet::new(settings).unwrap()
}

fn votes(
    learner: &dyn BaseLearner,
    (training, test): &Data,
    seed: u64,
    threads: usize,
    models: Range<u64>,
) -> VoteTable {
    let rate = Rate::new(0.1).unwrap();
    let noise = EnsembleNoise::new(rate, rate, training.classes()).unwrap();
    let ensemble = Ensemble::new(training, test, noise, learner, seed, threads).unwrap();
    ensemble.votes(Phase::Estimation, models, |_| ControlFlow::Continue(())).unwrap()
}

/// Votes that two tables count for different classes, as a share of all: at least so many answers differ.
fn differing(left: &VoteTable, right: &VoteTable) -> f64 {
    let different: u64 = left
        .rows()
        .zip(right.rows())
        .flat_map(|(left, right)| left.iter().zip(right).map(|(a, b)| a.abs_diff(*b)).collect::<Vec<_>>())
        .sum();
    let all = left.rows().count() as u64 * left.header().total();
    different as f64 / 2.0 / all as f64
}

fn votes_are_those_of_the_rust_learner(device: Device) {
    for (classes, width) in [(2, 16), (3, 5), (2, 40)] {
        let data = data(classes, 150);
        let rust = net(TwoLayerSettings::default().width(width));
        let torch = TorchTwoLayerNet::new(rust, device).unwrap();
        let expected = votes(&rust, &data, 5, 2, 0..200);
        let found = votes(&torch, &data, 5, 2, 0..200);
        // 30,000 answers, of which those with scores that are equal but for rounding may differ.
        let share = differing(&expected, &found);
        assert!(share <= 1e-4, "{classes} classes, width {width}, {}: {share}", torch.device());
        assert!(differing(&expected, &votes(&torch, &data, 6, 2, 0..200)) > 1e-3, "another seed, other nets");
    }
}

#[test]
fn votes_on_the_cpu_are_those_of_the_rust_learner() {
    votes_are_those_of_the_rust_learner(Device::Cpu);
}

/// Runs where CUDA is, and says so where it is not.
#[test]
fn votes_on_a_cuda_device_are_those_of_the_rust_learner() {
    match Device::Cuda(0).open() {
        Ok(_) => votes_are_those_of_the_rust_learner(Device::Cuda(0)),
        Err(reason) => eprintln!("not run: {reason}"),
    }
}

#[test]
fn the_same_run_gives_the_same_votes() {
    let data = data(2, 50);
    let torch = TorchTwoLayerNet::new(net(TwoLayerSettings::default()), Device::Cpu).unwrap();
    let reference = votes(&torch, &data, 1, 2, 0..150);
    assert_eq!(votes(&torch, &data, 1, 2, 0..150), reference);
    assert_eq!(votes(&torch, &data, 1, 3, 0..150), reference, "threads");
    // Another cut into batches: the same but for rounding.
    let mut merged = votes(&torch, &data, 1, 2, 77..150);
    merged.merge(&votes(&torch, &data, 1, 2, 0..77)).unwrap();
    assert!(differing(&merged, &reference) <= 2e-4);
    let rust = votes(&net(TwoLayerSettings::default()), &data, 1, 2, 150..160);
    assert!(merged.merge(&rust).is_err(), "votes of two backends are two runs");
}

#[test]
fn nets_that_diverge_still_answer() {
    let wild = net(TwoLayerSettings::default().learning_rate(1e20));
    let torch = TorchTwoLayerNet::new(wild, Device::Cpu).unwrap();
    let table = votes(&torch, &data(3, 20), 1, 2, 0..10);
    assert!(table.rows().all(|row| row.iter().sum::<u64>() == 10));
}

#[test]
fn a_device_that_is_not_there_is_refused() {
    let torch = TorchTwoLayerNet::new(net(TwoLayerSettings::default()), Device::Cuda(usize::MAX));
    let error = torch.unwrap_err();
    assert!(matches!(
        error,
        Error::Device(DeviceError::NoLibrary { .. } | DeviceError::NoDriver | DeviceError::TooHigh { .. })
    ));
    assert!(error.to_string().contains("CUDA") || error.to_string().contains("cuda"), "{error}");
    let found = TorchTwoLayerNet::new(net(TwoLayerSettings::default()), Device::Auto).unwrap();
    assert_ne!(found.device(), Device::Auto, "what was found is named");
}
