//! The text form of word vectors: refused, or vectors that come back from the binary form.
#![no_main]

use libfuzzer_sys::fuzz_target;
use steadfast_synonyms::Vectors;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(vectors) = Vectors::read_text(bytes) {
        let mut file = Vec::new();
        vectors.write(&mut file).expect("a vector takes every byte");
        assert_eq!(Vectors::read(&file[..]).expect("what was written is read"), vectors);
        assert!(vectors.values().iter().all(|value| value.is_finite()));
    }
});
