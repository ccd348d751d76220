//! The binary file of word vectors: written atomically, validated when read, loaded in a fraction of a second.
//!
//! Magic bytes, version, sections, checksum. The sections are the words with their order by spelling, the number of
//! dimensions, and the values as 32-bit floats, row by row: 341,479 words of 100 dimensions take 143 MB.

use super::{Vectors, words::Words};
use crate::{
    SynonymsError,
    storage::{
        binary::{BinaryReader, BinaryWriter},
        input::{in_file, malformed, open, write_atomically},
    },
};
use std::{io, io::Write, path::Path};

const MAGIC: [u8; 8] = *b"SFVECTOR";
const VERSION: u32 = 1;

impl Vectors {
    /// Writes the binary format to a file, atomically.
    ///
    /// ```
    /// use steadfast_synonyms::Vectors;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("vectors");
    /// let vectors = Vectors::new(["good", "fine"], 2, vec![1.0, 0.0, 0.8, 0.6])?;
    /// vectors.save(&path)?;
    /// assert_eq!(Vectors::load(&path)?, vectors);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`SynonymsError::Io`] if the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), SynonymsError> {
        write_atomically(path.as_ref(), |writer| self.write(writer))
    }

    /// Writes the binary format.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write(&self, mut writer: impl Write) -> io::Result<()> {
        let mut writer = BinaryWriter::new(&mut writer, MAGIC, VERSION)?;
        self.word_list().write(&mut writer)?;
        writer.number(self.dimensions() as u64)?;
        writer.all(self.values(), |value| value.to_le_bytes())?;
        writer.finish()
    }

    /// Reads a file that [`Vectors::save`] wrote.
    ///
    /// # Errors
    /// [`SynonymsError::Io`] and those of [`Vectors::read`], with the file's name.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, SynonymsError> {
        let path = path.as_ref();
        Self::read(open(path)?).map_err(in_file(path))
    }

    /// Reads the binary format. Memory: the vectors.
    ///
    /// # Errors
    /// [`SynonymsError::Format`] for another kind or version of file, a truncated or longer file, a wrong checksum, and content that
    /// [`Vectors::new`] refuses; [`SynonymsError::Io`] when the reader fails.
    pub fn read(reader: impl io::Read) -> Result<Self, SynonymsError> {
        let mut reader = BinaryReader::new(reader, MAGIC, VERSION, "a binary file of word vectors")?;
        let words = Words::read(&mut reader)?;
        let dimensions = reader.number()?;
        let count = dimensions.checked_mul(words.len() as u64).ok_or_else(|| {
            malformed("the header", format!("{dimensions} dimensions"), "as many as the file has numbers")
        })?;
        let values = reader.all(count, f32::from_le_bytes)?;
        reader.finish()?;
        Self::from_words(words.check()?, usize::try_from(dimensions).unwrap_or_default(), values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample() -> Vectors {
        Vectors::new(["the", "Ünde", "b"], 2, vec![0.0, -1.5, 2.0, 3.25, f32::MIN_POSITIVE, 7.0]).unwrap()
    }

    #[test]
    fn vectors_are_loaded_as_saved() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vectors");
        sample().save(&path).unwrap();
        assert_eq!(Vectors::load(&path).unwrap(), sample());
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 9]).unwrap();
        let error = Vectors::load(&path).unwrap_err().to_string();
        assert!(error.contains("cut short") && error.contains("vectors"), "{error}");
        assert!(Vectors::load(folder.path()).is_err());
    }

    /// A file with a valid checksum and arbitrary content.
    fn forged(words: &[u8], ends: &[u32], sorted: &[u32], values: &[f32]) -> Result<Vectors, SynonymsError> {
        let mut file = Vec::new();
        let mut writer = BinaryWriter::new(&mut file, MAGIC, VERSION).unwrap();
        writer.number(ends.len() as u64).unwrap();
        writer.number(words.len() as u64).unwrap();
        writer.bytes(words).unwrap();
        writer.all(ends, |end| end.to_le_bytes()).unwrap();
        writer.all(sorted, |position| position.to_le_bytes()).unwrap();
        writer.number((values.len() / ends.len().max(1)) as u64).unwrap();
        writer.all(values, |value| value.to_le_bytes()).unwrap();
        writer.finish().unwrap();
        Vectors::read(&file[..])
    }

    #[test]
    fn content_with_a_valid_checksum_is_validated() {
        assert!(forged(b"ab", &[1, 2], &[0, 1], &[1.0, 2.0]).is_ok());
        assert!(forged(b"ab", &[1, 2], &[1, 0], &[1.0, 2.0]).is_err());
        assert!(forged(b"ab", &[1, 2], &[0, 0], &[1.0, 2.0]).is_err());
        assert!(forged(b"ab", &[1, 2], &[0, 7], &[1.0, 2.0]).is_err());
        assert!(forged(b"ab", &[0, 2], &[0, 1], &[1.0, 2.0]).is_err());
        assert!(forged(b"ab", &[2, 1], &[0, 1], &[1.0, 2.0]).is_err());
        assert!(forged(b"ab", &[1, 3], &[0, 1], &[1.0, 2.0]).is_err());
        assert!(forged(b"aa", &[1, 2], &[0, 1], &[1.0, 2.0]).is_err());
        assert!(forged(b"\xff", &[1], &[0], &[1.0]).is_err());
        assert!(forged("é".as_bytes(), &[1, 2], &[0, 1], &[1.0, 2.0]).is_err());
        assert!(forged(b"ab", &[1, 2], &[0, 1], &[1.0, f32::NAN]).is_err());
        assert!(forged(b"", &[], &[], &[]).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Vectors::read(&bytes[..]);
            let _ = Vectors::read(&[&MAGIC[..], &VERSION.to_le_bytes(), &bytes].concat()[..]);
            let _ = Vectors::read_text(&bytes[..]);
            let _ = Vectors::read_json(&bytes[..]);
        }

        #[test]
        fn any_change_of_a_file_is_an_error(place in any::<prop::sample::Index>(), flip in 1u8..) {
            let mut file = Vec::new();
            sample().write(&mut file).unwrap();
            let place = place.index(file.len());
            file[place] ^= flip;
            prop_assert!(Vectors::read(&file[..]).is_err());
        }
    }
}
