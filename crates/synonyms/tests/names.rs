//! Names, traits and errors of this crate beside those of `steadfast-perturb` and `steadfast-certify`.

use std::{fmt::Debug, ops::ControlFlow, sync::Arc};
// No name that is used below may be in two of the crates.
use steadfast_synonyms::{certify::*, perturb::*, *};

const fn value<T: Debug + Clone + Send + Sync + 'static>() {}
const fn threads<T: ?Sized + Send + Sync>() {}

macro_rules! values {
    ($($type:ty),* $(,)?) => { $(const _: () = value::<$type>();)* };
}

values!(
    CandidateSets,
    CounterFitting,
    Family,
    Grouping,
    Neighbor,
    Neighbors,
    PartOfSpeech,
    Quartiles,
    Statistics,
    SynonymTable,
    Vectors,
    Weighting,
    WordNet,
    WordPairs,
);

const _: () = threads::<SynonymsError>();

fn table() -> Result<SynonymTable, SynonymsError> {
    let progress = |_: u64| ControlFlow::Continue(());
    let vectors = Vectors::new(["good", "fine"], 2, vec![1.0, 0.0, 0.8, 0.6])?;
    let neighbors = Neighbors::find(&vectors, 0.7, &progress)?;
    let sets = CandidateSets::new(&vectors, &neighbors, Grouping::Closed, 2, &progress)?;
    SynonymTable::new(&sets, &vectors, Family::CrowdComponent.into(), &progress)
}

/// `?` converts errors of all three crates into those of certify.
fn certified() -> Result<Certificate, Error> {
    let lexicon = Arc::new(Lexicon::new());
    let noise = table()?.noise(Arc::clone(&lexicon))?;
    let text = Tokenizer::words().tokenize(&lexicon, "a good film");
    let _other: Deletion = Deletion::uniform(lexicon, Rate::new(0.5)?)?;
    let top = Lower::from_p(0.99);
    let bounds = ClassBounds::exact(0, top, top.complement(), noise.fingerprint(&text));
    certify_bounds(&noise.substitutions(&text)?, bounds)
}

#[test]
fn glob_imports_of_all_crates_are_unambiguous() {
    assert!(certified().unwrap().certifies(0, 1));
}

#[test]
fn errors_convert_both_ways() {
    fn rate() -> Result<Rate, SynonymsError> {
        Ok(Rate::new(2.0)?)
    }
    fn noise() -> Result<Deletion, SynonymsError> {
        Ok(Deletion::uniform(Arc::new(Lexicon::new()), Rate::NEVER)?)
    }
    assert!(matches!(rate(), Err(SynonymsError::Parameter(_))));
    assert!(matches!(noise(), Err(SynonymsError::Parameter(_))));
    assert!(matches!(Error::from(noise().unwrap_err()), Error::Parameter(_)));
    assert!(matches!(Error::from(SynonymsError::Stopped), Error::Other(_)));
    let missing = Error::from(Vectors::load("no/such/file").unwrap_err());
    assert!(matches!(missing, Error::Other(_)) && missing.to_string().contains("cannot read no/such/file"));
    let malformed = Error::from(Vectors::read_text(&b"a 1 nan\n"[..]).unwrap_err()).to_string();
    assert!(malformed.contains("line 1") && malformed.contains("a finite number"), "{malformed}");
    let overlap = SynonymsError::from(Error::Overlap { start: 1, end: 2 });
    assert!(matches!(overlap, SynonymsError::Certify(Error::Overlap { .. })));
}
