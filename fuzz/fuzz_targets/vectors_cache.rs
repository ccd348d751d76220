//! The binary form of word vectors, with and without a checksum that fits: refused, or written as it was read.
#![no_main]

mod checksum;

use libfuzzer_sys::fuzz_target;
use steadfast_synonyms::Vectors;

fuzz_target!(|bytes: &[u8]| {
    for file in [bytes.to_vec(), checksum::mended(bytes)] {
        if let Ok(vectors) = Vectors::read(&file[..]) {
            let mut again = Vec::new();
            vectors.write(&mut again).expect("a vector takes every byte");
            assert_eq!(Vectors::read(&again[..]).expect("what was written is read"), vectors);
            assert!((0..vectors.len()).all(|place| vectors.position(vectors.word(place).unwrap()) == Some(place)));
        }
    }
});
