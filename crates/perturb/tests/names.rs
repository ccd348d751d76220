//! Names and errors of this crate beside those of `steadfast-certify`.

use std::sync::Arc;
// No name that is used below may be in both.
use steadfast_perturb::{certify::*, *};

/// `?` converts errors into those of certify, and certify's into those of this crate.
fn certified(edits: u32) -> Result<Certificate, Error> {
    fn noise(lexicon: Arc<Lexicon>) -> Result<Deletion, PerturbError> {
        Deletion::uniform(lexicon, Rate::new(0.9)?)
    }

    let lexicon = Arc::new(Lexicon::new());
    let text = Tokenizer::words().tokenize(&lexicon, "one of the dull films");
    let script = EditScript::new(vec![EditOp::Transpose { position: edits as usize }]);
    script.apply(&text)?;
    let noise = noise(lexicon)?;
    let threat = noise.edits(&text).unwrap();
    let top = Lower::from_p(0.99);
    certify_bounds(&threat, ClassBounds::exact(0, top, top.complement(), noise.fingerprint(&text)))
}

#[test]
fn glob_imports_of_both_crates_are_unambiguous() {
    assert!(certified(1).unwrap().certifies(0, 1));
    let error: Error =
        PerturbError::from(Error::Parameter(Parameter { name: "a", given: "b".to_owned(), expected: "c" }))
            .into();
    assert!(matches!(error, Error::Parameter(Parameter { name: "a", .. })));
}

#[test]
fn errors_keep_their_message_on_the_way_to_certify() {
    let Err(error @ Error::Other(_)) = certified(4) else { panic!("an edit past the end") };
    assert!(error.to_string().contains("edit 0 of the script (transposition at position 4)"), "{error}");
    let stopped = || Error::Stopped { done: 3, total: 7 };
    assert!(matches!(
        PerturbError::from(stopped()),
        PerturbError::Certify(Error::Stopped { done: 3, total: 7 })
    ));
    assert!(matches!(Error::from(PerturbError::from(stopped())), Error::Stopped { done: 3, total: 7 }));
}
