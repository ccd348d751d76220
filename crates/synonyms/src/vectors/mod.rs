//! [`Vectors`]: words with one vector each, all of the same length.

mod common_components;
mod counter_fitting;
mod file;
mod json;
mod text;
pub(crate) mod words;

pub use counter_fitting::CounterFitting;

use crate::{SynonymsError, storage::input::malformed};
use words::Words;

/// Distinct words in a fixed order with a vector of finite numbers each; all vectors have the same length.
///
/// [`Vectors::save`] and [`Vectors::load`] use the binary format; [`Vectors::load_text`] and [`Vectors::load_json`] import
/// published vectors.
///
/// ```
/// use steadfast_synonyms::Vectors;
///
/// let vectors = Vectors::new(["good", "fine", "bad"], 2, vec![1.0, 0.0, 0.8, 0.6, -1.0, 0.0])?;
/// assert_eq!(vectors.get("fine"), Some(&[0.8, 0.6][..]));
/// assert!((vectors.cosine(0, 1) - 0.8).abs() < 1e-6);
/// # Ok::<(), steadfast_synonyms::SynonymsError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Vectors {
    words: Words,
    dimensions: usize,
    values: Vec<f32>,
}

impl Vectors {
    /// Words and their vectors, row after row: `values` holds `dimensions` numbers for each word.
    ///
    /// # Errors
    /// [`SynonymsError::Format`] for no words, no dimensions, another number of values than words × dimensions, a value that is
    /// not finite, and an empty or repeated word.
    pub fn new<T: AsRef<str>>(
        words: impl IntoIterator<Item = T>,
        dimensions: usize,
        values: Vec<f32>,
    ) -> Result<Self, SynonymsError> {
        Self::from_words(Words::new(words)?, dimensions, values)
    }

    /// [`Vectors::new`] for checked words.
    pub(crate) fn from_words(
        words: Words,
        dimensions: usize,
        values: Vec<f32>,
    ) -> Result<Self, SynonymsError> {
        if words.len() == 0 {
            return Err(malformed("the words", "none", "at least one word with its vector"));
        }
        if dimensions == 0 || words.len().checked_mul(dimensions) != Some(values.len()) {
            let found =
                format!("{} values for {} words of {dimensions} dimensions", values.len(), words.len());
            return Err(malformed(
                "the vectors",
                found,
                "one vector of at least one dimension for each word",
            ));
        }
        if let Some(place) = values.iter().position(|value| !value.is_finite()) {
            let found = values.get(place).copied().unwrap_or_default();
            let word = words.get(place / dimensions).unwrap_or_default();
            let at = format!("the vector of {word:?}, dimension {}", place % dimensions + 1);
            return Err(malformed(at, found.to_string(), "a finite number"));
        }
        Ok(Self { words, dimensions, values })
    }

    /// The number of words; at least one.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "there is always at least one word")]
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// The length of each vector.
    #[must_use]
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// The words, in order.
    #[must_use]
    pub fn words(&self) -> impl ExactSizeIterator<Item = &str> {
        self.words.iter()
    }

    pub(crate) fn word_list(&self) -> &Words {
        &self.words
    }

    /// The word at a position, from 0.
    #[must_use]
    pub fn word(&self, position: usize) -> Option<&str> {
        self.words.get(position)
    }

    /// The position of a word, from 0.
    #[must_use]
    pub fn position(&self, word: &str) -> Option<usize> {
        self.words.position(word)
    }

    /// The vector of a word.
    #[must_use]
    pub fn get(&self, word: &str) -> Option<&[f32]> {
        Some(self.row(self.position(word)?))
    }

    /// The vector at a position, from 0; empty if it is out of range.
    #[must_use]
    pub fn row(&self, position: usize) -> &[f32] {
        let start = position.saturating_mul(self.dimensions);
        self.values.get(start..start.saturating_add(self.dimensions)).unwrap_or_default()
    }

    /// All vectors, row after row.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The cosine between the vectors at two positions, in −1..=1; 0 if one of them is zero or out of range.
    ///
    /// Summed in double precision and in a fixed order: the same for (a, b) and (b, a), and on every platform.
    #[must_use]
    pub fn cosine(&self, a: usize, b: usize) -> f64 {
        let (a, b) = (self.row(a), self.row(b));
        let scale = dot(a, a) * dot(b, b);
        if scale > 0.0 { (dot(a, b) / scale.sqrt()).clamp(-1.0, 1.0) } else { 0.0 }
    }

    /// The vectors of the given words, in that order. Words without a vector are left out, and repeated words count once.
    ///
    /// # Errors
    /// [`SynonymsError::Parameter`] if none of the words has a vector.
    pub fn restrict<T: AsRef<str>>(&self, words: impl IntoIterator<Item = T>) -> Result<Self, SynonymsError> {
        let mut taken = vec![false; self.len()];
        let mut positions = Vec::new();
        for word in words {
            let Some(position) = self.position(word.as_ref()) else { continue };
            if let Some(taken) = taken.get_mut(position).filter(|taken| !**taken) {
                *taken = true;
                positions.push(position);
            }
        }
        if positions.is_empty() {
            return Err(SynonymsError::parameter(
                "vocabulary",
                "words without vectors",
                "at least one word that has a vector",
            ));
        }
        let mut values = Vec::with_capacity(positions.len() * self.dimensions);
        let mut kept = Words::default();
        for position in positions {
            values.extend_from_slice(self.row(position));
            kept.push(self.word(position).unwrap_or_default())?;
        }
        kept.sort()?;
        Self::from_words(kept, self.dimensions, values)
    }

    /// The same words with every vector scaled to length 1; zero vectors stay zero.
    #[must_use]
    pub fn normalized(mut self) -> Self {
        for row in self.values.chunks_exact_mut(self.dimensions) {
            normalize(row);
        }
        self
    }

    /// The same words with other vectors of the same length.
    ///
    /// # Errors
    /// [`SynonymsError::Format`] for another number of values and for values that are not finite.
    pub(crate) fn with_values(self, values: Vec<f32>) -> Result<Self, SynonymsError> {
        Self::from_words(self.words, self.dimensions, values)
    }
}

/// The inner product in double precision, summed in a fixed order.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

/// Scales to length 1, unless the length is 0.
pub(crate) fn normalize(row: &mut [f32]) {
    let length = dot(row, row).sqrt();
    if length > 0.0 {
        for value in row {
            *value = (f64::from(*value) / length) as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restricted_vectors_follow_the_order_of_the_vocabulary() {
        let vectors = Vectors::new(["a", "b", "c"], 1, vec![1.0, 2.0, 3.0]).unwrap();
        let some = vectors.restrict(["c", "x", "a", "c"]).unwrap();
        assert_eq!(some, Vectors::new(["c", "a"], 1, vec![3.0, 1.0]).unwrap());
        assert!(matches!(vectors.restrict(["x"]), Err(SynonymsError::Parameter(_))));
    }

    #[test]
    fn invalid_vectors_are_refused() {
        for (words, dimensions, values, part) in [
            (vec!["a"], 0, vec![], "0 dimensions"),
            (vec![], 1, vec![], "none"),
            (vec!["a", "b"], 2, vec![1.0; 3], "3 values"),
            (vec!["a", "b"], 1, vec![1.0, f32::NAN], "\"b\", dimension 1"),
            (vec!["a"], 2, vec![0.0, f32::INFINITY], "inf"),
            (vec!["a", "a"], 1, vec![1.0; 2], "again"),
        ] {
            let error = Vectors::new(words, dimensions, values).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn cosines_are_symmetric_and_total() {
        let vectors = Vectors::new(["a", "b", "0"], 2, vec![3.0, 0.0, 0.1, 0.7, 0.0, 0.0]).unwrap();
        assert_eq!(vectors.cosine(0, 1), vectors.cosine(1, 0));
        assert!((vectors.cosine(1, 1) - 1.0).abs() < 1e-12);
        assert_eq!(vectors.cosine(0, 2), 0.0);
        assert_eq!(vectors.cosine(0, 9), 0.0);
        let unit = vectors.normalized();
        assert_eq!(unit.row(0), [1.0, 0.0]);
        assert_eq!(unit.row(2), [0.0, 0.0]);
    }
}
