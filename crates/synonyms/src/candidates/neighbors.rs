//! [`Neighbors`]: for each word, the words with a large cosine.
//!
//! Exact and complete: a blocked matrix product (n²·d multiplications for n words of d dimensions) finds candidates, and cosines
//! in double precision decide. The result is the same for any number of threads, and symmetric.

use super::cosines::{Keep, Progress, Search};
use crate::{SynonymsError, Vectors};

/// The largest number of ordered pairs; the threshold of a larger graph is too low to be meaningful.
const MOST: usize = 1 << 27;
const AT_ONCE: usize = 4096;

/// A neighbor of a word.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Neighbor {
    /// Its position in the vectors.
    pub word: u32,
    /// The cosine between the two vectors.
    pub similarity: f64,
}

/// The graph of all pairs of words whose cosine is at least a threshold.
///
/// ```
/// use std::ops::ControlFlow;
/// use steadfast_synonyms::{Neighbors, Vectors};
///
/// let vectors = Vectors::new(["good", "fine", "bad"], 2, vec![1.0, 0.0, 0.8, 0.6, -1.0, 0.0])?;
/// let neighbors = Neighbors::find(&vectors, 0.7, &|_| ControlFlow::Continue(()))?;
/// assert_eq!((neighbors.pairs(), neighbors.of(0)[0].word), (1, 1));
/// # Ok::<(), steadfast_synonyms::SynonymsError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Neighbors {
    threshold: f64,
    starts: Vec<usize>,
    entries: Vec<Neighbor>,
}

impl Neighbors {
    /// Finds all pairs of words whose cosine is at least `threshold`, on the current rayon thread pool.
    ///
    /// # Errors
    /// [`SynonymsError::Parameter`] unless 0 < `threshold` ≤ 1, and for a threshold so low that more than 2²⁷ ordered pairs reach it;
    /// [`SynonymsError::Stopped`] when `progress` stops the step.
    pub fn find(vectors: &Vectors, threshold: f64, progress: Progress<'_>) -> Result<Self, SynonymsError> {
        // Written so that NaN is refused.
        if !(threshold > 0.0 && threshold <= 1.0) {
            return Err(SynonymsError::parameter("threshold", threshold, "a cosine above 0, at most 1"));
        }
        let members: Vec<u32> = (0..vectors.len() as u32).collect();
        let (mut starts, mut entries) = (vec![0], Vec::new());
        let search = Search::new(vectors, &members);
        // In parts, so that too low a threshold is refused before memory runs out.
        for start in (0..members.len()).step_by(AT_ONCE) {
            let places = start..members.len().min(start + AT_ONCE);
            for found in search.cosines(places, Keep::AtLeast(threshold), progress)? {
                entries.extend(found.into_iter().map(|(word, similarity)| Neighbor { word, similarity }));
                starts.push(entries.len());
            }
            if entries.len() > MOST {
                let expected = "a threshold that at most 2²⁷ ordered pairs of words reach";
                return Err(SynonymsError::parameter("threshold", threshold, expected));
            }
        }
        Ok(Self { threshold, starts, entries })
    }

    /// The smallest cosine of a pair.
    #[must_use]
    pub fn threshold(&self) -> f64 {
        self.threshold
    }

    /// The number of words.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "vectors have at least one word")]
    pub fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// The number of pairs, each counted once.
    #[must_use]
    pub fn pairs(&self) -> usize {
        self.entries.len() / 2
    }

    /// The neighbors of the word at a position, nearest first, ties by position; without the word itself.
    ///
    /// The list is sorted, so its prefixes are the nearest words.
    #[must_use]
    pub fn of(&self, position: usize) -> &[Neighbor] {
        let range =
            self.starts.get(position).copied().zip(self.starts.get(position.saturating_add(1)).copied());
        range.and_then(|(start, end)| self.entries.get(start..end)).unwrap_or_default()
    }

    /// Keeps the pairs whose words are both more frequent than `above`; a missing frequency counts as 0.
    #[must_use]
    pub fn frequent(&self, frequencies: &[u64], above: u64) -> Self {
        let frequent = |word: usize| frequencies.get(word).is_some_and(|frequency| *frequency > above);
        let (mut starts, mut entries) = (vec![0], Vec::new());
        for word in 0..self.len() {
            if frequent(word) {
                entries.extend(self.of(word).iter().filter(|other| frequent(other.word as usize)));
            }
            starts.push(entries.len());
        }
        Self { threshold: self.threshold, starts, entries }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::ops::ControlFlow;

    pub(crate) fn silent(_: u64) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    /// Vectors of `count` words named `w0`, `w1`, … from a simple congruence.
    pub(crate) fn scattered(count: usize, dimensions: usize, seed: u64) -> Vectors {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 40) as f32) / 8_388_608.0 - 1.0
        };
        let values = (0..count * dimensions).map(|_| next()).collect();
        Vectors::new((0..count).map(|word| format!("w{word}")), dimensions, values).unwrap()
    }

    fn brute_force(vectors: &Vectors, threshold: f64) -> Vec<Vec<u32>> {
        let near = |word: usize| {
            let others = (0..vectors.len()).filter(|other| *other != word);
            let mut near: Vec<usize> =
                others.filter(|other| vectors.cosine(word, *other) >= threshold).collect();
            near.sort_by(|a, b| vectors.cosine(word, *b).total_cmp(&vectors.cosine(word, *a)));
            near.into_iter().map(|word| word as u32).collect()
        };
        (0..vectors.len()).map(near).collect()
    }

    #[test]
    fn blocks_do_not_change_the_result() {
        let vectors = scattered(1300, 5, 1);
        let neighbors = Neighbors::find(&vectors, 0.9, &silent).unwrap();
        assert!(neighbors.pairs() > 1000);
        for (word, expected) in brute_force(&vectors, 0.9).iter().enumerate() {
            let found: Vec<u32> = neighbors.of(word).iter().map(|near| near.word).collect();
            assert_eq!(&found, expected);
        }
    }

    #[test]
    fn the_result_does_not_depend_on_threads() {
        let vectors = scattered(500, 7, 2);
        let found = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| Neighbors::find(&vectors, 0.7, &silent).unwrap())
        };
        assert_eq!(found(1), found(3));
    }

    #[test]
    fn a_search_stops_on_request() {
        let stopped = Neighbors::find(&scattered(9, 2, 1), 0.5, &|_| ControlFlow::Break(()));
        assert!(matches!(stopped, Err(SynonymsError::Stopped)));
    }

    #[test]
    fn rare_words_are_removed() {
        let vectors = Vectors::new(["a", "b", "c"], 1, vec![1.0, 2.0, 3.0]).unwrap();
        let neighbors = Neighbors::find(&vectors, 0.9, &silent).unwrap();
        assert_eq!(neighbors.pairs(), 3);
        let frequent = neighbors.frequent(&[2, 1, 5], 1);
        assert_eq!((frequent.pairs(), frequent.of(0)[0].word, frequent.of(1).len()), (1, 2, 0));
        assert_eq!(neighbors.frequent(&[], 1).pairs(), 0);
    }

    #[test]
    fn invalid_thresholds_are_refused() {
        let vectors = scattered(3, 2, 3);
        for bad in [0.0, -0.5, 1.01, f64::NAN] {
            assert!(
                matches!(Neighbors::find(&vectors, bad, &silent), Err(SynonymsError::Parameter(_))),
                "{bad}"
            );
        }
        assert!(Neighbors::find(&vectors, 1.0, &silent).unwrap().of(7).is_empty());
    }

    proptest! {
        #[test]
        fn neighborhood_is_symmetric(seed in any::<u64>(), threshold in 0.1f64..1.0) {
            let vectors = scattered(40, 3, seed);
            let neighbors = Neighbors::find(&vectors, threshold, &silent).unwrap();
            for word in 0..40 {
                for near in neighbors.of(word) {
                    let back = neighbors.of(near.word as usize).iter().find(|back| back.word as usize == word);
                    prop_assert_eq!(back.map(|back| back.similarity), Some(near.similarity));
                }
            }
        }
    }
}
