//! Traits that the types implement, checked at compile time: values, trait objects, threads.

use std::fmt::Debug;
use steadfast_certify::{Noise, Threat};
use steadfast_perturb::{
    Beyond, Deletion, EditOp, EditScript, Enumeration, ExactMasking, Lexicon, Masking, Mutation, Partition,
    PerturbError, Row, SegmentMutation, StringClassifier, Substitution, Tokenizer, WordId,
};

const fn value<T: Debug + Clone + Send + Sync + 'static>() {}
const fn threads<T: ?Sized + Send + Sync>() {}

macro_rules! values {
    ($($type:ty),* $(,)?) => { $(const _: () = value::<$type>();)* };
}

values!(
    Beyond<Deletion>,
    Deletion,
    EditOp<WordId>,
    EditScript<WordId>,
    Enumeration<Masking>,
    ExactMasking,
    Masking,
    Mutation,
    StringClassifier<()>,
    Partition,
    Row,
    SegmentMutation,
    Substitution,
    Tokenizer,
    WordId,
);

const _: () = threads::<PerturbError>();
const _: () = threads::<Lexicon>();
const _: () = threads::<dyn Noise<Input = [WordId], Sample = Vec<WordId>> + Send + Sync>();

/// A noise of texts and its threat.
type Chosen = (Box<dyn Noise<Input = [WordId], Sample = Vec<WordId>>>, Box<Threat>);

/// Noises can be selected at run time, with the threats that they make.
#[test]
fn noises_and_threats_are_object_safe() {
    use steadfast_certify::{ClassBounds, Lower, Rate, certify_bounds};
    let lexicon = std::sync::Arc::new(Lexicon::new());
    let text = Tokenizer::words().tokenize(&lexicon, "one of two noises");
    let rate = Rate::new(0.9).unwrap();
    let deletion = Deletion::uniform(lexicon.clone(), rate).unwrap();
    let masking = Masking::new(lexicon, rate).unwrap();
    let chosen: [Chosen; 2] = [
        (Box::new(deletion.clone()), Box::new(deletion.edits(&text).unwrap())),
        (Box::new(masking.clone()), Box::new(masking.substitutions(&text).unwrap())),
    ];
    for (noise, threat) in chosen {
        let top = Lower::from_p(0.9);
        let bounds = ClassBounds::exact(0, top, top.complement(), noise.fingerprint(&text));
        assert!(certify_bounds(&*threat, bounds).unwrap().certifies(0, 3));
    }
}
