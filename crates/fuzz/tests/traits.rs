//! What the types can be used as, settled at compile time.

use std::fmt::Debug;
use steadfast_certify::Classifier;
use steadfast_fuzz::{
    Boundaries, Coin, Defended, Divergence, Error, Finding, Fuzzer, MarkedText, Node, Randomisation,
    Randomiser, Rates, SearchTree, Settings, Verdict, Weights,
};
use steadfast_perturb::WordId;

const fn value<T: Debug + Clone + Send + Sync + 'static>() {}
const fn threads<T: ?Sized + Send + Sync>() {}

macro_rules! values {
    ($($type:ty),* $(,)?) => { $(const _: () = value::<$type>();)* };
}

values!(
    Boundaries,
    Coin,
    Defended<(), ()>,
    Divergence<()>,
    Finding,
    Fuzzer,
    MarkedText,
    Node,
    Randomisation,
    Randomiser,
    Rates,
    SearchTree,
    Settings,
    Verdict,
    Weights,
);

const _: () = threads::<Error>();

/// What is defended is a classifier among others.
const fn _classifier<O, V>(defended: &Defended<O, V>) -> &dyn Classifier<Vec<WordId>>
where
    O: steadfast_fuzz::Objective,
    V: Classifier<Vec<WordId>>,
{
    defended
}

#[cfg(feature = "serde")]
#[test]
fn settings_and_rates_are_read() {
    let settings: Settings = serde_json::from_str(r#"{"budget": 15, "patience": 3}"#).unwrap();
    assert_eq!(settings, Settings { budget: 15, patience: Some(3), ..Settings::default() });
    assert!(serde_json::from_str::<Settings>(r#"{"budgets": 15}"#).is_err());

    let rates = r#"{"overall": 1000, "area": 2000}"#;
    let read: Rates = serde_json::from_str(rates).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), rates.replace(' ', ""));
    assert!(serde_json::from_str::<Rates>(r#"{"overall": 2000, "area": 1000}"#).is_err());
    let randomisation = Randomisation::new(read);
    let text = serde_json::to_string(&randomisation).unwrap();
    assert_eq!(serde_json::from_str::<Randomisation>(&text).unwrap(), randomisation);
}
