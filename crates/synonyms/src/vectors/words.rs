//! [`Words`]: distinct words in a fixed order, stored compactly, with look-up by spelling.

use crate::{
    SynonymsError,
    storage::{
        binary::{BinaryReader, BinaryWriter},
        input::malformed,
    },
};
use std::io::{self, Read};

/// Distinct words in one string, and their order by spelling for binary search.
///
/// Both orders are written to files, so that loading needs no sorting or hashing.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Words {
    text: String,
    ends: Vec<u32>,
    sorted: Vec<u32>,
}

impl std::fmt::Debug for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter().take(8)).finish_non_exhaustive()
    }
}

impl Words {
    /// The words in this order. Refuses empty and repeated words.
    pub(crate) fn new<T: AsRef<str>>(words: impl IntoIterator<Item = T>) -> Result<Self, SynonymsError> {
        let mut list = Self::default();
        for word in words {
            list.push(word.as_ref())?;
        }
        list.sort()?;
        Ok(list)
    }

    /// Appends a word; [`Words::sort`] makes it findable.
    pub(crate) fn push(&mut self, word: &str) -> Result<(), SynonymsError> {
        let at = || format!("word {}", self.ends.len() + 1);
        if word.is_empty() {
            return Err(malformed(at(), "an empty word", "a word"));
        }
        let end = u32::try_from(self.text.len() + word.len()).ok();
        let end = end.filter(|_| self.ends.len() < u32::MAX as usize);
        let end = end.ok_or_else(|| malformed(at(), "more text", "at most 4 GiB of words"))?;
        self.text.push_str(word);
        self.ends.push(end);
        Ok(())
    }

    /// Makes the pushed words findable, and refuses repeated ones.
    pub(crate) fn sort(&mut self) -> Result<(), SynonymsError> {
        let mut sorted: Vec<u32> = (0..self.ends.len() as u32).collect();
        sorted.sort_by(|a, b| self.word(*a).cmp(self.word(*b)));
        self.sorted = sorted;
        self.check_order()
    }

    /// Checks that each word occurs once and the order is sorted.
    fn check_order(&self) -> Result<(), SynonymsError> {
        for pair in self.sorted.windows(2) {
            let &[before, after] = pair else { continue };
            if self.word(before) == self.word(after) {
                let at = format!("word {}", u64::from(before.max(after)) + 1);
                return Err(malformed(at, format!("{:?} again", self.word(after)), "each word once"));
            }
            if self.word(before) > self.word(after) {
                return Err(malformed("the order of words", "unsorted words", "words sorted by spelling"));
            }
        }
        Ok(())
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The word at a position; empty if it is out of range.
    pub(crate) fn word(&self, position: u32) -> &str {
        self.get(position as usize).unwrap_or_default()
    }

    pub(crate) fn get(&self, position: usize) -> Option<&str> {
        let end = *self.ends.get(position)? as usize;
        let start =
            position.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |end| *end as usize);
        self.text.get(start..end)
    }

    pub(crate) fn position(&self, word: &str) -> Option<usize> {
        let place = self.sorted.binary_search_by(|position| self.word(*position).cmp(word)).ok()?;
        self.sorted.get(place).map(|position| *position as usize)
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.len() as u32).map(|position| self.word(position))
    }

    pub(crate) fn write(&self, writer: &mut BinaryWriter<'_>) -> io::Result<()> {
        writer.number(self.len() as u64)?;
        writer.number(self.text.len() as u64)?;
        writer.bytes(self.text.as_bytes())?;
        writer.all(&self.ends, |end| end.to_le_bytes())?;
        writer.all(&self.sorted, |position| position.to_le_bytes())
    }

    /// Reads what [`Words::write`] wrote; [`UncheckedWords::check`] validates it.
    pub(crate) fn read(reader: &mut BinaryReader<impl Read>) -> Result<UncheckedWords, SynonymsError> {
        let count = reader.number()?;
        let bytes = reader.number()?;
        Ok(UncheckedWords {
            text: reader.bytes(bytes)?,
            ends: reader.all(count, u32::from_le_bytes)?,
            sorted: reader.all(count, u32::from_le_bytes)?,
        })
    }
}

/// Words of a file whose checksum has not been checked yet.
pub(crate) struct UncheckedWords {
    text: Vec<u8>,
    ends: Vec<u32>,
    sorted: Vec<u32>,
}

impl UncheckedWords {
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn check(self) -> Result<Words, SynonymsError> {
        let text = String::from_utf8(self.text)
            .map_err(|_| malformed("the words", "bytes that are no UTF-8", "words in UTF-8"))?;
        let count = self.ends.len();
        let increasing =
            self.ends.first().is_none_or(|first| *first > 0) && self.ends.is_sorted_by(|a, b| a < b);
        let whole = self.ends.last().map_or(0, |end| *end as usize) == text.len();
        let apart = self.ends.iter().all(|end| text.is_char_boundary(*end as usize));
        let known = self.sorted.iter().all(|position| (*position as usize) < count);
        if !(increasing && whole && apart && known) {
            return Err(malformed(
                "the words",
                "boundaries that do not fit the text",
                "words one after another",
            ));
        }
        let words = Words { text, ends: self.ends, sorted: self.sorted };
        words.check_order()?;
        Ok(words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_by_spelling_and_position() {
        let words = Words::new(["the", "a", "über", "b"]).unwrap();
        assert_eq!(words.position("über"), Some(2));
        assert_eq!(words.position("c"), None);
        assert_eq!(words.get(3), Some("b"));
        assert_eq!(words.get(4), None);
        assert_eq!(words.iter().collect::<Vec<_>>(), ["the", "a", "über", "b"]);
    }

    #[test]
    fn repeated_and_empty_words_are_refused() {
        let error = Words::new(["x", "y", "x"]).unwrap_err().to_string();
        assert!(error.contains("word 3") && error.contains("\"x\" again"), "{error}");
        assert!(Words::new(["x", ""]).is_err());
        assert_eq!(Words::new::<&str>([]).unwrap().len(), 0);
    }
}
