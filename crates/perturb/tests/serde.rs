//! Parameters of noises as plain data, written and read.
#![cfg(feature = "serde")]

use std::sync::Arc;
use steadfast_certify::{Noise, Rate};
use steadfast_perturb::{Deletion, DeletionRates, Lexicon, Masking, MaskingRate, PerturbError, WordId};

fn rate(probability: f64) -> Rate {
    Rate::new(probability).unwrap()
}

#[test]
fn deletion_rates_are_read_as_they_were_written() {
    let lexicon = Arc::new(Lexicon::new());
    let words = ["film", "über", "[MASK]", "dull"].map(|word| lexicon.intern(word));
    let rates =
        [(words[0], rate(0.1)), (words[1], Rate::NEVER), (words[2], rate(0.25)), (words[3], rate(0.9))];
    let noises = [
        Deletion::per_word(Arc::clone(&lexicon), rates, rate(0.9)).unwrap(),
        Deletion::uniform(Arc::clone(&lexicon), rate(0.3)).unwrap(),
    ];
    for noise in noises {
        let data = noise.rates_by_word();
        let written = serde_json::to_string(&data).unwrap();
        let read: DeletionRates = serde_json::from_str(&written).unwrap();
        assert_eq!(read, data);
        // Another lexicon, other ids, the same law.
        let other = Arc::new(Lexicon::new());
        let text: Vec<WordId> = ["dull", "unseen", "film"].map(|word| other.intern(word)).into();
        let again: Vec<WordId> = ["dull", "unseen", "film"].map(|word| lexicon.intern(word)).into();
        let copy = read.into_noise(Arc::clone(&other)).unwrap();
        assert_eq!(copy.fingerprint(&text), noise.fingerprint(&again));
        assert_eq!(copy.rates_by_word(), data);
        assert_eq!(copy.uniform_rate(), noise.uniform_rate());
    }
}

#[test]
fn bad_rates_are_refused() {
    let one = serde_json::to_string(&rate(0.5)).unwrap();
    let read = |text: String| serde_json::from_str::<DeletionRates>(&text).map_err(|error| error.to_string());
    let uniform = read(format!(r#"{{"default": {one}}}"#)).unwrap();
    assert_eq!(uniform, DeletionRates::new(rate(0.5), []));
    let twice = read(format!(r#"{{"default": {one}, "words": {{"a": {one}, "a": {one}}}}}"#)).unwrap_err();
    assert!(twice.contains("two rates for \"a\""), "{twice}");
    assert!(read(format!(r#"{{"words": {{"a": {one}}}}}"#)).unwrap_err().contains("default"));
    assert!(read(format!(r#"{{"default": {one}, "word": {{}}}}"#)).unwrap_err().contains("unknown field"));
    let nothing = DeletionRates::new(Rate::NEVER, [("a".to_owned(), Rate::NEVER)]);
    let refused = nothing.into_noise(Arc::new(Lexicon::new()));
    assert!(matches!(refused, Err(PerturbError::Parameter(_))));
}

#[test]
fn masking_rates_are_read_as_they_were_written() {
    let noise = Masking::new(Arc::new(Lexicon::new()), rate(0.7)).unwrap();
    let written = serde_json::to_string(&MaskingRate::from(&noise)).unwrap();
    let read: MaskingRate = serde_json::from_str(&written).unwrap();
    assert_eq!(read.into_noise(Arc::new(Lexicon::new())).unwrap().fingerprint(&[]), noise.fingerprint(&[]));
    let zero = MaskingRate::new(Rate::NEVER).into_noise(Arc::new(Lexicon::new()));
    assert!(matches!(zero, Err(PerturbError::Parameter(_))));
    assert!(serde_json::from_str::<MaskingRate>("{}").is_err());
}
