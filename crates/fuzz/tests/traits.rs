//! What the types can be used as, settled at compile time.

use std::fmt::Debug;
use steadfast_certify::Classifier;
use steadfast_fuzz::{
    ClauseSegmenter, Divergence, FrsClassifier, FuzzError, Fuzzer, MarkedText, Node, Randomization,
    RandomizationUnit, Randomizer, Rates, SearchSettings, SearchTree, Verdict, VulnerableArea, Weights,
};
use steadfast_perturb::WordId;

const fn value<T: Debug + Clone + Send + Sync + 'static>() {}
const fn threads<T: ?Sized + Send + Sync>() {}

macro_rules! values {
    ($($type:ty),* $(,)?) => { $(const _: () = value::<$type>();)* };
}

values!(
    ClauseSegmenter,
    RandomizationUnit,
    FrsClassifier<(), ()>,
    Divergence<()>,
    VulnerableArea,
    Fuzzer,
    MarkedText,
    Node,
    Randomization,
    Randomizer,
    Rates,
    SearchTree,
    SearchSettings,
    Verdict,
    Weights,
);

const _: () = threads::<FuzzError>();

/// What is frs is a classifier among others.
const fn _classifier<O, V>(frs: &FrsClassifier<O, V>) -> &dyn Classifier<Vec<WordId>>
where
    O: steadfast_fuzz::Objective,
    V: Classifier<Vec<WordId>>,
{
    frs
}

/// Names of this crate and of `certify` can be imported together.
mod glob {
    use steadfast_fuzz::{certify::*, *};

    fn _search() -> Result<Fuzzer, FuzzError> {
        let words = perturb::WordList::new(vec![]);
        let deletion = perturb::MutationWeights { insertion: 0, substitution: 0, ..Default::default() };
        let rates = Rates::new(Rate::new(0.2)?, Rate::new(0.9)?)?;
        let mutation = perturb::SegmentMutation::new(deletion, words)?;
        let _: Randomizer = Randomizer::new(mutation.clone(), Randomization::new(rates))?;
        let _: Result<(), Error> = Ok(());
        Fuzzer::new(std::sync::Arc::default(), mutation, SearchSettings::default())
    }
}

#[cfg(feature = "serde")]
#[test]
fn settings_and_rates_are_read() {
    let settings: SearchSettings = serde_json::from_str(r#"{"budget": 15, "patience": 3}"#).unwrap();
    assert_eq!(settings, SearchSettings::default().budget(15).patience(Some(3)));
    assert!(serde_json::from_str::<SearchSettings>(r#"{"budgets": 15}"#).is_err());

    let rates = r#"{"overall": 1000, "area": 2000}"#;
    let read: Rates = serde_json::from_str(rates).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), rates.replace(' ', ""));
    assert!(serde_json::from_str::<Rates>(r#"{"overall": 2000, "area": 1000}"#).is_err());
    let randomization = Randomization::new(read);
    let text = serde_json::to_string(&randomization).unwrap();
    assert_eq!(serde_json::from_str::<Randomization>(&text).unwrap(), randomization);
}
