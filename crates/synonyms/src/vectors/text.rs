//! The text formats of word vectors.
//!
//! `GloVe` writes a word and its numbers on each line, separated by single spaces; the text format of word2vec adds a first line
//! with the number of words and of dimensions. The first line determines the format.

use super::{Vectors, words::Words};
use crate::{
    SynonymsError,
    storage::input::{in_file, malformed, open, unreadable},
};
use std::{io::BufRead, path::Path};

impl Vectors {
    /// Reads a text file of `GloVe` or word2vec.
    ///
    /// # Errors
    /// [`SynonymsError::Io`] and those of [`Vectors::read_text`], with the file's name.
    pub fn load_text(path: impl AsRef<Path>) -> Result<Self, SynonymsError> {
        let path = path.as_ref();
        Self::read_text(open(path)?).map_err(in_file(path))
    }

    /// Reads the text format of `GloVe` or word2vec.
    ///
    /// A word is everything before the first space. Memory: the vectors and one line.
    ///
    /// # Errors
    /// [`SynonymsError::Format`] with the line for a vector of another length than the first, a value that is not a finite
    /// number, invalid UTF-8, a repeated or empty word, counts that differ from the header, and an empty input;
    /// [`SynonymsError::Io`] when the reader fails.
    pub fn read_text(mut reader: impl BufRead) -> Result<Self, SynonymsError> {
        let mut words = Words::default();
        let mut values: Vec<f32> = Vec::new();
        let mut dimensions = None;
        let mut announced = None;
        let mut line = Vec::new();
        for number in 1u64.. {
            line.clear();
            if reader.read_until(b'\n', &mut line).map_err(unreadable)? == 0 {
                break;
            }
            let at = || format!("line {number}");
            let text = std::str::from_utf8(&line)
                .map_err(|_| malformed(at(), String::from_utf8_lossy(&line), "UTF-8"))?
                .trim_end_matches(['\n', '\r', ' ']);
            let mut fields = text.split(' ');
            let word = fields.next().unwrap_or_default();
            if number == 1
                && let Some(counts) = header(text)
            {
                announced = Some(counts.0);
                dimensions = Some(counts.1);
                continue;
            }
            let before = values.len();
            for field in fields {
                let value = field.parse::<f32>().ok().filter(|value| value.is_finite());
                values.push(value.ok_or_else(|| malformed(at(), format!("{field:?}"), "a finite number"))?);
            }
            let count = values.len() - before;
            if count == 0 || *dimensions.get_or_insert(count as u64) != count as u64 {
                let found = format!("{count} numbers after {word:?}");
                let expected = "as many numbers as in the first vector (or as announced), at least one";
                return Err(malformed(at(), found, expected));
            }
            words.push(word).map_err(|_| malformed(at(), "no word", "a word before its numbers"))?;
        }
        if let Some(announced) = announced.filter(|announced| *announced != words.len() as u64) {
            let found = format!("{} words", words.len());
            let at = format!("line 1, which announces {announced} words");
            return Err(malformed(at, found, "as many as announced"));
        }
        words.sort()?;
        let dimensions = usize::try_from(dimensions.unwrap_or_default()).unwrap_or_default();
        Self::from_words(words, dimensions, values)
    }
}

/// Words and dimensions, if the line is the header of word2vec: exactly two integers.
fn header(line: &str) -> Option<(u64, u64)> {
    let (words, dimensions) = line.split_once(' ')?;
    Some((words.parse().ok()?, dimensions.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_formats_are_read() {
        let expected = Vectors::new(["the", "…"], 2, vec![0.5, -1.0, 2e-3, 4.0]).unwrap();
        for text in ["the 0.5 -1\n… 0.002 4\n", "the 0.5 -1 \r\n… 0.002 4", "2 2\nthe 0.5 -1\n… 0.002 4\n"]
        {
            assert_eq!(Vectors::read_text(text.as_bytes()).unwrap(), expected, "{text:?}");
        }
    }

    #[test]
    fn malformed_lines_are_named() {
        for (text, part) in [
            (&b""[..], "none"),
            (b"a 1 2\nb 1\n", "line 2"),
            (b"a 1 2\nb 1 2 3\n", "line 2"),
            (b"a\n", "0 numbers"),
            (b"a 1\n\n", "line 2"),
            (b"a 1 nan\n", "\"nan\""),
            (b"a inf\n", "\"inf\""),
            (b"a 1e99\n", "\"1e99\""),
            (b"a 1,5\n", "\"1,5\""),
            (b"a 1\na 2\n", "again"),
            (b" 1 2\n", "no word"),
            (b"a 1\n\xff 2\n", "UTF-8"),
            (b"3 1\na 1\nb 2\n", "announces 3"),
            (b"1 2\na 1\n", "line 2"),
            (b"0 0\n", "none"),
        ] {
            let error = Vectors::read_text(text).unwrap_err();
            assert!(
                matches!(error, SynonymsError::Format { .. }) && error.to_string().contains(part),
                "{error}"
            );
        }
        assert!(matches!(Vectors::load_text("no/such/file"), Err(SynonymsError::Io { .. })));
    }
}
