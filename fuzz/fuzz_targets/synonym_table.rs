//! The file of a table of synonyms, with and without a checksum that fits: refused, or a noise with the table's overlaps.
#![no_main]

mod checksum;

use libfuzzer_sys::fuzz_target;
use std::sync::Arc;
use steadfast_perturb::Lexicon;
use steadfast_synonyms::{SynonymTable, WEIGHT_TOTAL};

fuzz_target!(|bytes: &[u8]| {
    for file in [bytes.to_vec(), checksum::mended(bytes)] {
        let Ok(table) = SynonymTable::read(&file[..]) else { continue };
        let mut again = Vec::new();
        table.write(&mut again).expect("a vector takes every byte");
        assert_eq!(SynonymTable::read(&again[..]).expect("what was written is read"), table);
        let lexicon = Arc::new(Lexicon::new());
        let noise = table.noise(Arc::clone(&lexicon)).expect("whatever was read is a noise");
        for row in table.rows().take(20) {
            assert_eq!(row.candidates().map(|candidate| candidate.weight).sum::<u64>(), WEIGHT_TOTAL);
            let word = lexicon.intern(row.word());
            let overlaps = row.candidates().map(|other| noise.overlap(word, lexicon.intern(other.word)));
            assert_eq!(overlaps.min(), table.overlap(row.position()));
        }
        assert_eq!(table.statistics().words, table.len());
    }
});
