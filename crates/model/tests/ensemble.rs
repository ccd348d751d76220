//! Ensembles: votes that do not depend on how they are computed, learners that are what they say, misuse that is refused.

use proptest::prelude::*;
use std::ops::{ControlFlow, Range};
use steadfast_certify::{
    BoxError, Certifier, Confidence, Fingerprint, Phase, Plan, Rate, VoteCounts, VoteHeader, VoteTable,
};
use steadfast_model::ensemble::{
    BaseLearner, BitMatrix, Ensemble, EnsembleNoise, Error, NearestCentroid, NoisyBatch, TrainingSet,
    TwoLayerNet, TwoLayerSettings,
};

/// Two classes whose patterns differ in half of 40 bits.
fn data(classes: u32) -> (TrainingSet, BitMatrix) {
    let pattern = move |class: u32, column: u32, salt: u32| {
        column % classes == class || (column * 7 + salt).is_multiple_of(11)
    };
    let rows = |count: u32, salt: u32| {
        (0..count).map(move |row| (0..40).map(move |column| pattern(row % classes, column, row + salt)))
    };
    let training = BitMatrix::from_rows(40, rows(18, 0)).unwrap();
    let test = BitMatrix::from_rows(40, rows(10, 100)).unwrap();
    (TrainingSet::new(training, (0..18).map(|row| row % classes).collect(), classes).unwrap(), test)
}

fn noise(classes: u32) -> EnsembleNoise {
    noise_at(0.3, classes)
}

fn noise_at(features: f64, classes: u32) -> EnsembleNoise {
    EnsembleNoise::new(Rate::new(features).unwrap(), Rate::new(0.15).unwrap(), classes).unwrap()
}

fn net() -> TwoLayerNet {
    TwoLayerNet::new(TwoLayerSettings::default().steps(30).weight_decay(0.01)).unwrap()
}

fn votes(
    learner: &dyn BaseLearner,
    classes: u32,
    seed: u64,
    threads: usize,
    models: Range<u64>,
) -> VoteTable {
    let (training, test) = data(classes);
    let ensemble = Ensemble::new(&training, &test, noise(classes), learner, seed, threads).unwrap();
    ensemble.votes(Phase::Estimation, models, |_| ControlFlow::Continue(())).unwrap()
}

#[test]
fn votes_do_not_depend_on_threads_or_on_the_split() {
    for learner in [&net() as &dyn BaseLearner, &NearestCentroid] {
        for classes in [2, 3] {
            let reference = votes(learner, classes, 1, 1, 0..150);
            assert_eq!(votes(learner, classes, 1, 3, 0..150), reference);
            let mut merged = votes(learner, classes, 1, 2, 70..150);
            merged.merge(&votes(learner, classes, 1, 2, 0..70)).unwrap();
            assert_eq!(merged, reference);
            assert_ne!(
                votes(learner, classes, 2, 1, 0..150).rows().collect::<Vec<_>>(),
                reference.rows().collect::<Vec<_>>()
            );
            assert!(
                merged.merge(&votes(learner, classes, 1, 1, 149..151)).is_err(),
                "a net would vote twice"
            );
            assert!(
                merged.merge(&votes(learner, classes, 2, 1, 150..160)).is_err(),
                "another seed is another run"
            );
        }
    }
}

#[test]
fn learners_find_the_pattern_and_the_votes_certify_it() {
    for learner in [&net() as &dyn BaseLearner, &NearestCentroid] {
        for classes in [2, 3] {
            let (training, test) = data(classes);
            let ensemble = Ensemble::new(&training, &test, noise_at(0.1, classes), learner, 7, 2).unwrap();
            let go = |phase, models| ensemble.votes(phase, models, |_| ControlFlow::Continue(())).unwrap();
            let (selection, estimation) = (go(Phase::Selection, 0..50), go(Phase::Estimation, 0..2_000));
            let certifier = Certifier::new(Confidence::alpha(0.001).unwrap());
            let mut certified = 0;
            for input in 0..10 {
                let plan = Plan::fixed(50, 2_000).unwrap();
                let tally =
                    VoteCounts::new(plan, selection.votes(input), estimation.votes(input).unwrap()).unwrap();
                let threat = noise_at(0.1, classes).threat(&training, &test, input).unwrap();
                assert!(threat.describe().contains("labels"));
                let certificate = certifier.certify(&threat, &tally).unwrap();
                certified += usize::from(certificate.certifies(input % classes as usize, 0));
            }
            assert!(
                certified >= 8,
                "{} certifies {certified} of 10 for {classes} classes",
                learner.describe()
            );
        }
    }
}

#[test]
fn votes_on_one_input_certify_nothing_about_another() {
    let (training, test) = data(2);
    let ensemble = Ensemble::new(&training, &test, noise_at(0.1, 2), &NearestCentroid, 7, 2).unwrap();
    let go = |phase, models| ensemble.votes(phase, models, |_| ControlFlow::Continue(())).unwrap();
    let (selection, estimation) = (go(Phase::Selection, 0..50), go(Phase::Estimation, 0..2_000));
    let plan = || Plan::fixed(50, 2_000).unwrap();
    let threats: Vec<_> =
        (0..10).map(|input| noise_at(0.1, 2).threat(&training, &test, input).unwrap()).collect();
    let certifier = Certifier::new(Confidence::alpha(0.001).unwrap());
    for input in 0..10 {
        let votes = || (selection.votes(input), estimation.votes(input).unwrap());
        for other in (0..10).filter(|&other| other != input) {
            let mixed = VoteCounts::new(plan(), selection.votes(other), votes().1);
            assert!(matches!(mixed, Err(steadfast_certify::Error::Mismatch { .. })), "{input} {other}");
            let mut merged = votes().1;
            assert!(merged.merge(&estimation.votes(other).unwrap()).is_err());
        }
        let tally = VoteCounts::new(plan(), votes().0, votes().1).unwrap();
        for (threatened, threat) in threats.iter().enumerate() {
            match certifier.certify(threat, &tally) {
                Ok(_) => assert_eq!(threatened, input),
                Err(error) => {
                    assert!(matches!(error, steadfast_certify::Error::NoiseMismatch { .. }), "{error}");
                    assert_ne!(threatened, input);
                }
            }
        }
    }
}

/// Answers the class that a few of the noisy training bits, labels and mask bits spell out: a worst case for careless
/// sharing of noise.
#[derive(Debug)]
struct Reads;

impl BaseLearner for Reads {
    fn describe(&self) -> String {
        "reads single bits".to_owned()
    }
    fn vote(&self, batch: &NoisyBatch<'_>) -> Result<VoteTable, BoxError> {
        batch.vote_by_model(
            || (),
            |copy, (), answers| {
                let word = copy.features().words()[0];
                // The first three inputs see a training bit, a label and the mask; the others their parity.
                let bits = [word as u32 & 1, copy.labels()[0], copy.mask()[0] as u32 & 1];
                let parity = bits.iter().sum::<u32>() % 2;
                answers.extend((0..10).map(|input| bits.get(input).copied().unwrap_or(parity)));
            },
        )
    }
}

#[test]
fn noise_has_the_stated_rates_and_is_independent_across_its_parts() {
    let table = votes(&Reads, 2, 3, 2, 0..20_000);
    let (training, _) = data(2);
    let clean = [training.features().words()[0] & 1, u64::from(training.labels()[0]), 0];
    let changed = [0.3, 0.15, 0.3];
    let mut unflipped = 1.0;
    for (input, (clean, rate)) in clean.into_iter().zip(changed).enumerate() {
        let different = table.votes(input).unwrap().counts()[1 - clean as usize] as f64 / 20_000.0;
        assert!(
            (different - rate).abs() < 5.0 * (rate * (1.0 - rate) / 20_000.0).sqrt(),
            "{input}: {different}"
        );
        unflipped *= 1.0 - 2.0 * rate;
    }
    // The parity of independent flips: (1 + ∏(1 − 2p)) / 2 stay.
    let parity = clean.iter().sum::<u64>() as usize % 2;
    let same = table.votes(5).unwrap().counts()[parity] as f64 / 20_000.0;
    assert!((same - f64::midpoint(1.0, unflipped)).abs() < 5.0 * 0.5 / 20_000_f64.sqrt(), "{same}");
}

#[test]
fn one_sided_noise_leaves_a_class_without_examples() {
    // One training example: after a label flip, the centroid learner knows the other class only.
    let row = || [(0..8).map(|c| c < 4)];
    let test = BitMatrix::from_rows(8, row()).unwrap();
    let training = TrainingSet::new(test.clone(), vec![0], 2).unwrap();
    let noise = EnsembleNoise::new(Rate::new(0.1).unwrap(), Rate::new(0.3).unwrap(), 2).unwrap();
    let ensemble = Ensemble::new(&training, &test, noise, &NearestCentroid, 1, 1).unwrap();
    let table = ensemble.votes(Phase::Estimation, 0..5_000, |_| ControlFlow::Continue(())).unwrap();
    let share = table.votes(0).unwrap().counts()[1] as f64 / 5_000.0;
    assert!((share - 0.3).abs() < 5.0 * (0.21_f64 / 5_000.0).sqrt(), "{share}");
}

#[derive(Debug)]
enum Broken {
    Fails,
    TooFew,
    OutOfRange,
    OtherBallot,
}

impl BaseLearner for Broken {
    fn describe(&self) -> String {
        format!("{self:?}")
    }
    fn vote(&self, batch: &NoisyBatch<'_>) -> Result<VoteTable, BoxError> {
        match self {
            Self::Fails => Err("no memory left".into()),
            Self::TooFew => batch.vote_by_model(|| (), |_, (), answers| answers.push(0)),
            Self::OutOfRange => batch.vote_by_model(|| (), |_, (), answers| answers.extend([2; 10])),
            Self::OtherBallot => Ok(VoteTable::new(
                VoteHeader::new(None, Fingerprint::new("run", []), Phase::Selection, 0..1),
                2,
                [1, 0].repeat(10),
            )?),
        }
    }
}

#[test]
fn broken_learners_and_observers_end_the_run_with_an_error() {
    let (training, test) = data(2);
    for learner in [Broken::Fails, Broken::TooFew, Broken::OutOfRange, Broken::OtherBallot] {
        let ensemble = Ensemble::new(&training, &test, noise(2), &learner, 1, 2).unwrap();
        let result = ensemble.votes(Phase::Estimation, 0..10, |_| ControlFlow::Continue(()));
        assert!(matches!(result, Err(Error::Learner { first: 0, end: 10, .. })), "{learner:?}: {result:?}");
    }
    let ensemble = Ensemble::new(&training, &test, noise(2), &NearestCentroid, 1, 1).unwrap();
    let stopped = ensemble.votes(Phase::Estimation, 0..100, |progress| {
        if progress.done >= 64 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(matches!(stopped, Err(Error::Stopped { done: 64, total: 100 })), "{stopped:?}");
}

#[test]
fn shapes_and_settings_are_checked() {
    let bits =
        |rows: usize, columns: usize| BitMatrix::from_rows(columns, vec![vec![true; columns]; rows]).unwrap();
    assert!(TrainingSet::new(bits(2, 3), vec![0], 2).is_err());
    assert!(TrainingSet::new(bits(2, 3), vec![0, 2], 2).is_err());
    assert!(TrainingSet::new(bits(2, 3), vec![0, 0], 1).is_err());
    assert!(TrainingSet::new(bits(0, 3), vec![], 2).is_err());
    let training = TrainingSet::new(bits(2, 3), vec![0, 1], 2).unwrap();
    let ensemble = Ensemble::new(&training, &bits(1, 4), noise(2), &NearestCentroid, 1, 1).map(drop);
    assert!(matches!(ensemble, Err(Error::Shape { .. })));
    for (test, input) in [(bits(1, 4), 0), (bits(1, 3), 1)] {
        assert!(matches!(noise(2).threat(&training, &test, input), Err(Error::Shape { .. })));
    }
    let good = TwoLayerSettings::default();
    for bad in [
        good.width(0),
        good.learning_rate(f32::NAN),
        good.learning_rate(0.0),
        good.momentum(1.0),
        good.weight_decay(-1.0),
        good.weight_decay(f32::INFINITY),
    ] {
        assert!(TwoLayerNet::new(bad).is_err(), "{bad:?}");
    }
    assert!(EnsembleNoise::new(Rate::NEVER, Rate::new(0.1).unwrap(), 2).is_err());
}

#[test]
fn noise_for_another_number_of_classes_is_refused() {
    // Labels would be drawn among as many values as the noise has, and certified among as many as the training set has.
    for (classes, others) in [(2, 3), (3, 2)] {
        let (training, test) = data(classes);
        assert!(matches!(noise(others).threat(&training, &test, 0), Err(Error::Shape { .. })));
        let ensemble = Ensemble::new(&training, &test, noise(others), &NearestCentroid, 1, 1);
        assert!(matches!(ensemble, Err(Error::Shape { .. })));
    }
}

#[test]
fn a_net_that_diverges_still_answers() {
    let wild = TwoLayerNet::new(TwoLayerSettings::default().learning_rate(1e20)).unwrap();
    let table = votes(&wild, 2, 1, 2, 0..10);
    assert_eq!(table.header().total(), 10);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn any_shards_add_up(cuts in proptest::collection::btree_set(1_u64..80, 0..4)) {
        let reference = votes(&NearestCentroid, 2, 4, 1, 0..80);
        let ends: Vec<u64> = [0].into_iter().chain(cuts).chain([80]).collect();
        let (training, test) = data(2);
        let ensemble = Ensemble::new(&training, &test, noise(2), &NearestCentroid, 4, 2).unwrap();
        let mut table = ensemble.no_votes(Phase::Estimation).unwrap();
        for pair in ends.windows(2).rev() {
            table.merge(&ensemble.votes(Phase::Estimation, pair[0]..pair[1], |_| ControlFlow::Continue(())).unwrap()).unwrap();
        }
        prop_assert_eq!(table, reference);
    }
}

#[test]
fn votes_are_pinned() {
    let digest = |table: &VoteTable| Fingerprint::new("digest", table.rows().flatten().copied()).value();
    for (learner, classes, expected) in [
        (&net() as &dyn BaseLearner, 2, 0x8dd9_756c_6615_a36a),
        (&net(), 3, 0x34cd_2450_d8b8_4b52),
        (&NearestCentroid, 2, 0x4a37_115f_7c96_3978),
        (&NearestCentroid, 3, 0x38eb_ebde_1e93_7cb5),
    ] {
        assert_eq!(digest(&votes(learner, classes, 11, 2, 0..200)), expected, "{learner:?}, {classes}");
    }
}
