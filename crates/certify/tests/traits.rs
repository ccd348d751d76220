//! What the types can be used as, settled at compile time: trait objects, across threads, copied and printed.

use std::{fmt::Debug, sync::Arc};
use steadfast_certify::{
    Assumption, Ballot, BitFlips, Bits, BoxError, Certificate, Certifier, ClassBounds, ClassId, Classifier,
    Competitors, Conditional, Confidence, DiscreteThreat, Error, Evidence, FlipThreat, GaussianThreat, Group,
    GroupsThreat, Interval, Law, LawName, Lower, Noise, Outcome, Parallel, Parameter, Phase, Plan,
    Probabilities, Radius, Rate, ScoringClassifier, Smoothing, Tally, Threat, TradeOff, UniformNoise,
    UniformThreat, Unit, Upper, VoteTable, Votes, certify_bounds,
    classifier::{FromBatchFn, FromFn},
    confidence::Prior,
    from_fn,
    seed::{Generator, Purpose},
    smoothing::Progress,
};

const fn value<T: Debug + Clone + Send + Sync + 'static>() {}
const fn threads<T: ?Sized + Send + Sync>() {}

macro_rules! values {
    ($($type:ty),* $(,)?) => { $(const _: () = value::<$type>();)* };
}

values!(
    Assumption,
    Ballot,
    BitFlips,
    Bits,
    Certificate,
    Certifier,
    ClassBounds,
    Competitors,
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
    Law,
    LawName,
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
    Smoothing,
    Tally,
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
const _: () = threads::<dyn Threat + Send + Sync>();

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
    assert_eq!(plain.law(&[1, 2]), noise.law(&[1, 2]));
    let shared: Box<dyn Noise<Input = [u32], Sample = Vec<u32>> + Sync> = Box::new(noise);
    let classifier = from_fn(2, |input: &Vec<u32>| usize::from(input.first() == Some(&1)));
    let smoothing = Smoothing::new(Plan::fixed(10, 100).unwrap()).threads(2);
    let tally = smoothing.tally(&*shared, &classifier, 0, &[1, 2, 0]).unwrap();
    assert_eq!(tally, smoothing.tally(&noise, &classifier, 0, &[1, 2, 0]).unwrap());
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

/// Threats of different types side by side, of either trait, certify.
#[test]
fn threats_are_object_safe() {
    let law = Some(Law::new("a law", []));
    let keep = Interval::enclosing("0.9").unwrap();
    let uniform = UniformThreat::new(2, keep, 9).unwrap().about(law);
    let groups = GroupsThreat::new([Group::new("all", 2, keep, 9).unwrap()]).unwrap().about(law);
    let bounds = ClassBounds::exact(1, Lower::from_p(0.99), Upper::from_p(0.01), law);
    let threats: [&dyn Threat; 2] = [&uniform, &groups];
    for threat in threats {
        assert!(certify_bounds(threat, bounds).unwrap().certifies(1, 1));
    }
    let discrete: [Box<dyn DiscreteThreat>; 2] = [Box::new(uniform), Box::new(groups)];
    for threat in &discrete {
        assert!(threat.survives(&bounds, 1) && !threat.survives(&bounds, 2));
        assert!(certify_bounds(&&**threat, bounds).unwrap().certifies(1, 1));
    }
}

/// A norm says nothing about how many entries changed.
#[test]
fn norms_cover_no_changes() {
    assert!(Radius::Norm(3.5).covers(0) && !Radius::Norm(3.5).covers(1));
}
