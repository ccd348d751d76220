//! What the types can be used as, settled at compile time: trait objects, across threads, copied and printed.

use std::{fmt::Debug, sync::Arc};
use steadfast_certify::{
    Assumption, BitFlips, Bits, BoxError, Certificate, Certifier, ClassBounds, ClassId, Classifier,
    Conditional, Confidence, Error, Evidence, Fingerprint, FlipThreat, GaussianThreat, Group, GroupsThreat,
    Interval, Lower, Noise, NoiseFingerprint, NoiseName, Outcome, Parallel, Parameter, Phase, Plan,
    Prediction, Probabilities, Progress, Radius, Rate, RoundingTolerant, RunnerUp, SavedVotes,
    ScoringClassifier, SmoothedClassifier, Threat, ThreatModel, Tolerance, TradeOff, UniformNoise,
    UniformThreat, Unit, Upper, VoteCounts, VoteHeader, VoteTable, Votes, certify_bounds,
    classifier::{FromBatchFn, FromFn},
    confidence::Prior,
    from_fn,
    seed::{Generator, Purpose},
};

const fn value<T: Debug + Clone + Send + Sync + 'static>() {}
const fn threads<T: ?Sized + Send + Sync>() {}

macro_rules! values {
    ($($type:ty),* $(,)?) => { $(const _: () = value::<$type>();)* };
}

values!(
    Assumption,
    VoteHeader,
    BitFlips,
    Bits,
    Certificate,
    Certifier,
    ClassBounds,
    RunnerUp,
    Conditional<Option<f64>>,
    Confidence,
    Evidence,
    FlipThreat,
    FromBatchFn<()>,
    FromFn<()>,
    GaussianThreat,
    Generator,
    Group,
    GroupsThreat,
    Interval,
    NoiseFingerprint,
    NoiseName,
    Lower,
    Outcome,
    Parallel<()>,
    Parameter,
    Phase,
    Plan,
    Prior,
    Probabilities,
    Progress,
    Purpose,
    Radius,
    Rate,
    SmoothedClassifier<(), BitFlips>,
    SavedVotes,
    Threat<FlipThreat>,
    Tolerance,
    RoundingTolerant<()>,
    Prediction,
    Fingerprint,
    VoteCounts,
    TradeOff,
    UniformNoise,
    UniformThreat,
    Unit,
    Upper,
    VoteTable,
    Votes,
);

const _: () = threads::<Error>();
const _: () = threads::<dyn Noise<Input = [u32], Sample = Vec<u32>> + Send + Sync>();
const _: () = threads::<dyn ThreatModel + Send + Sync>();

/// Errors travel as any other error does.
#[test]
fn errors_become_boxes() {
    let error: BoxError = Error::Stopped { done: 1, total: 2 }.into();
    assert!(error.to_string().contains("1 of 2"));
}

/// A noise that is chosen at run time can be smoothed over.
#[test]
fn noise_is_object_safe() {
    let noise = UniformNoise::new(3, Rate::new(0.2).unwrap()).unwrap();
    let plain: &dyn Noise<Input = [u32], Sample = Vec<u32>> = &noise;
    assert_eq!(plain.fingerprint(&[1, 2]), noise.fingerprint(&[1, 2]));
    let shared: Box<dyn Noise<Input = [u32], Sample = Vec<u32>> + Sync> = Box::new(noise);
    let classifier = from_fn(2, |input: &Vec<u32>| usize::from(input.first() == Some(&1)));
    let plan = || Plan::fixed(10, 100).unwrap();
    let counts =
        SmoothedClassifier::new(&classifier, shared, plan()).threads(2).count(0, &[1, 2, 0]).unwrap();
    assert_eq!(counts, SmoothedClassifier::new(&classifier, noise, plan()).count(0, &[1, 2, 0]).unwrap());
}

/// Scores of two classes: the share of ones.
#[derive(Debug)]
struct Share;

impl Classifier<u8> for Share {
    fn class_count(&self) -> usize {
        2
    }
    fn classify(&self, batch: &[u8]) -> Result<Vec<ClassId>, BoxError> {
        Ok(self.probabilities(batch)?.classes_of_inputs())
    }
}

impl ScoringClassifier<u8> for Share {
    fn probabilities(&self, batch: &[u8]) -> Result<Probabilities, BoxError> {
        let share = |byte: &u8| byte.count_ones() as f32 / 8.0;
        Ok(Probabilities::new(2, batch.iter().flat_map(|byte| [1.0 - share(byte), share(byte)]).collect())?)
    }
}

#[test]
fn classifiers_are_object_safe() {
    fn answer(classifier: impl Classifier<u8>) -> Vec<ClassId> {
        classifier.classify(&[1, 255]).unwrap()
    }
    let scoring: Box<dyn ScoringClassifier<u8>> = Box::new(Share);
    assert_eq!(scoring.probabilities(&[255]).unwrap().classes_of_inputs(), [1]);
    assert_eq!(answer(scoring), [0, 1]);
    let shared: Arc<dyn Classifier<u8> + Send + Sync> = Arc::new(Share);
    assert_eq!(answer(Parallel::new(shared, 2)), [0, 1]);
}

/// Threats of different models side by side certify.
#[test]
fn threats_are_object_safe() {
    let noise = NoiseFingerprint::new("a noise", []);
    let keep = Interval::enclosing("0.9").unwrap();
    let uniform = Threat::new(noise, UniformThreat::new(2, keep, 9).unwrap());
    let groups = Threat::new(noise, GroupsThreat::new([Group::new("all", 2, keep, 9).unwrap()]).unwrap());
    let bounds = ClassBounds::exact(1, Lower::from_p(0.99), Upper::from_p(0.01), Some(noise));
    let threats: [&Threat; 2] = [&uniform, &groups];
    for threat in threats {
        assert!(threat.survives(&bounds, 1) && !threat.survives(&bounds, 2));
        assert!(certify_bounds(threat, bounds).unwrap().certifies(1, 1));
    }
    let owned: [Box<Threat>; 2] = [Box::new(uniform), Box::new(groups)];
    assert!(owned.iter().all(|threat| certify_bounds(threat, bounds).is_ok()));
}

/// A norm says nothing about how many entries changed.
#[test]
fn norms_cover_no_changes() {
    assert!(Radius::Norm(3.5).covers(0) && !Radius::Norm(3.5).covers(1));
}
