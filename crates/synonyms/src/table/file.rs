//! The binary file of a table: written atomically, and validated when read.
//!
//! The sections are the family and the temperature of the weighting, the words, and the rows.

use super::SynonymTable;
use crate::{
    Family, SynonymsError, WEIGHT_TOTAL, Weighting,
    storage::{
        binary::{BinaryReader, BinaryWriter},
        input::{in_file, malformed, open, write_atomically},
    },
    vectors::words::Words,
};
use std::{io, io::Write, path::Path};

const MAGIC: [u8; 8] = *b"SFSYNONY";
const VERSION: u32 = 1;

impl SynonymTable {
    /// Writes the table to a file, atomically.
    ///
    /// # Errors
    /// [`SynonymsError::Io`] if the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), SynonymsError> {
        write_atomically(path.as_ref(), |writer| self.write(writer))
    }

    /// Writes the table.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write(&self, mut writer: impl Write) -> io::Result<()> {
        let mut writer = BinaryWriter::new(&mut writer, MAGIC, VERSION)?;
        writer.number(self.weighting.family().code())?;
        writer.number(self.weighting.temperature().to_bits())?;
        self.words.write(&mut writer)?;
        writer.number(self.candidates.len() as u64)?;
        writer.all(&self.starts, |start| start.to_le_bytes())?;
        writer.all(&self.components, |component| component.to_le_bytes())?;
        writer.all(&self.candidates, |candidate| candidate.to_le_bytes())?;
        writer.all(&self.similarities, |similarity| similarity.to_le_bytes())?;
        writer.all(&self.weights, |weight| weight.to_le_bytes())?;
        writer.finish()
    }

    /// Reads a file that [`SynonymTable::save`] wrote.
    ///
    /// # Errors
    /// [`SynonymsError::Io`] and those of [`SynonymTable::read`], with the file's name.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, SynonymsError> {
        let path = path.as_ref();
        Self::read(open(path)?).map_err(in_file(path))
    }

    /// Reads a table.
    ///
    /// # Errors
    /// [`SynonymsError::Format`] for another kind or version of file, a truncated or longer file, a wrong checksum, and for rows
    /// without their own word, with unknown words, with similarities outside −1..=1, or with weights that do not sum to 2³²;
    /// [`SynonymsError::Io`] when the reader fails.
    pub fn read(reader: impl io::Read) -> Result<Self, SynonymsError> {
        let mut reader = BinaryReader::new(reader, MAGIC, VERSION, "a table of synonyms")?;
        let family = reader.number()?;
        let temperature = f64::from_bits(reader.number()?);
        let words = Words::read(&mut reader)?;
        let count = words.len() as u64;
        let rows = reader.number()?;
        let starts = reader.all(count + 1, u64::from_le_bytes)?;
        let components = reader.all(count, u32::from_le_bytes)?;
        let candidates = reader.all(rows, u32::from_le_bytes)?;
        let similarities = reader.all(rows, f32::from_le_bytes)?;
        let weights = reader.all(rows, u64::from_le_bytes)?;
        reader.finish()?;
        let law = || malformed("the header", format!("law {family} at {temperature}"), "a known law");
        let family = Family::from_code(family).ok_or_else(law)?;
        let weighting = Weighting::new(family, temperature).map_err(|_| law())?;
        Self { weighting, words: words.check()?, starts, candidates, similarities, weights, components }
            .check()
    }

    /// Validates a table: contiguous rows, each with its own word, ascending candidates and weights that sum to 2³².
    pub(super) fn check(self) -> Result<Self, SynonymsError> {
        let count = self.words.len();
        let rows = self.candidates.len();
        let fits = self.starts.len() == count + 1
            && self.components.len() == count
            && self.similarities.len() == rows
            && self.weights.len() == rows
            && self.starts.first() == Some(&0)
            && self.starts.is_sorted()
            && self.starts.last() == Some(&(rows as u64));
        if !fits || count == 0 {
            return Err(malformed(
                "the rows",
                "bounds that do not fit the candidates",
                "one row for each word",
            ));
        }
        for (position, component) in self.components.iter().enumerate() {
            let (candidates, similarities, weights) = self.parts(position);
            let word = self.words.get(position).unwrap_or_default();
            let at = || format!("the row of {word:?}");
            if let Some(unknown) = candidates.iter().chain([component]).find(|word| **word as usize >= count)
            {
                return Err(malformed(at(), format!("word number {unknown}"), "words of the table"));
            }
            if !candidates.is_sorted_by(|a, b| a < b) || candidates.binary_search(&(position as u32)).is_err()
            {
                return Err(malformed(
                    at(),
                    "unsorted candidates",
                    "the word itself and others, each once, ascending",
                ));
            }
            if let Some(bad) = similarities.iter().find(|similarity| !(-1.0..=1.0).contains(*similarity)) {
                return Err(malformed(at(), format!("similarity {bad}"), "cosines from −1 to 1"));
            }
            let sum = weights.iter().try_fold(0u64, |sum, weight| sum.checked_add(*weight));
            if sum != Some(WEIGHT_TOTAL) {
                let found = sum.map_or("more than 2⁶⁴".to_owned(), |sum| sum.to_string());
                return Err(malformed(
                    at(),
                    format!("weights that sum to {found}"),
                    "weights that sum to 2³²",
                ));
            }
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Grouping, table::tests::built};
    use proptest::prelude::*;

    fn file(table: &SynonymTable) -> Vec<u8> {
        let mut bytes = Vec::new();
        table.write(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn tables_are_loaded_as_saved() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table");
        let table = built(Family::CrowdComponent, Grouping::Closed);
        table.save(&path).unwrap();
        assert_eq!(SynonymTable::load(&path).unwrap(), table);
        std::fs::write(&path, &file(&table)[..100]).unwrap();
        let error = SynonymTable::load(&path).unwrap_err().to_string();
        assert!(error.contains("cut short") && error.contains("table"), "{error}");
    }

    #[test]
    fn invalid_tables_are_refused() {
        let valid = built(Family::Crowd, Grouping::Nearest);
        let refused = |change: &dyn Fn(&mut SynonymTable), part: &str| {
            let mut table = valid.clone();
            change(&mut table);
            let error = SynonymTable::read(&file(&table)[..]).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        };
        refused(&|table| table.weights[0] += 1, "sum to 4294967297");
        refused(&|table| table.weights[0] = u64::MAX, "sum to");
        refused(&|table| table.candidates[0] = 1000, "word number 1000");
        refused(&|table| table.components[3] = 80, "word number 80");
        refused(&|table| table.similarities[0] = f32::NAN, "similarity NaN");
        refused(&|table| table.similarities[0] = 1.5, "similarity 1.5");
        refused(&|table| table.starts[1] = u64::MAX, "bounds");
        refused(&|table| table.starts[0] = 1, "bounds");
        let crowded = (0..80).find(|word| valid.parts(*word).0.len() > 1).unwrap();
        let first = valid.starts[crowded] as usize;
        refused(&|table| table.candidates.swap(first, first + 1), "unsorted");
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = SynonymTable::read(&bytes[..]);
            let _ = SynonymTable::read(&[&MAGIC[..], &VERSION.to_le_bytes(), &bytes].concat()[..]);
        }

        #[test]
        fn any_change_of_a_file_is_an_error(place in any::<prop::sample::Index>(), flip in 1u8..) {
            let mut bytes = file(&built(Family::Uniform, Grouping::Closed));
            let place = place.index(bytes.len());
            bytes[place] ^= flip;
            prop_assert!(SynonymTable::read(&bytes[..]).is_err());
            prop_assert!(SynonymTable::read(&bytes[..place]).is_err());
        }
    }
}
