//! A data file of WordNet: refused, or pairs of different words of the vocabulary, each once.
#![no_main]

use libfuzzer_sys::fuzz_target;
use steadfast_synonyms::{PartOfSpeech, Vectors, WordNet};

fuzz_target!(|bytes: &[u8]| {
    let vectors = Vectors::new(["good", "fine", "bad", "poor", "a", "b"], 1, vec![1.0; 6]).expect("vectors");
    for part in [PartOfSpeech::Noun, PartOfSpeech::Verb, PartOfSpeech::Adjective, PartOfSpeech::Adverb] {
        let Ok(database) = WordNet::read([(part, bytes)]) else { continue };
        let pairs = database.pairs(&vectors);
        for list in [&pairs.synonyms, &pairs.antonyms] {
            assert!(list.is_sorted_by(|a, b| a < b) && list.iter().all(|(a, b)| a < b && *b < 6));
        }
        assert!(pairs.synonyms.iter().all(|pair| !pairs.antonyms.contains(pair)));
    }
});
