//! [`SynonymTable`]: the words of a vocabulary, their candidates, and exact replacement probabilities.

mod file;
mod noise;
mod statistics;

pub use statistics::{Quartiles, Statistics};

use crate::{
    CandidateSets, Family, Grouping, Progress, SynonymsError, Vectors, Weighting,
    candidates::cosines::report, vectors::words::Words,
};
use rayon::prelude::*;

/// Words, their candidates, and integer weights: word w becomes v with probability weight(w, v)·2⁻³², exactly.
///
/// The candidates of w, including w itself and candidates of weight 0, are the allowed set A(w) of the threat. A word outside
/// the table is its only candidate.
///
/// ```
/// use std::ops::ControlFlow;
/// use steadfast_synonyms::{
///     CandidateSets, Family, Grouping, Neighbors, SynonymTable, Vectors, WEIGHT_TOTAL,
/// };
///
/// let vectors = Vectors::new(["good", "fine", "bad"], 2, vec![1.0, 0.0, 0.8, 0.6, -1.0, 0.0])?;
/// let neighbors = Neighbors::find(&vectors, 0.7, &|_| ControlFlow::Continue(()))?;
/// let sets = CandidateSets::new(&vectors, &neighbors, Grouping::Closed, 100, &|_| ControlFlow::Continue(()))?;
/// let table = SynonymTable::new(&sets, &vectors, Family::Crowd.into(), &|_| ControlFlow::Continue(()))?;
///
/// let row = table.row("good").expect("a word of the vocabulary");
/// assert_eq!(row.candidates().map(|candidate| candidate.weight).sum::<u64>(), WEIGHT_TOTAL);
/// // Under the released law, the laws of "good" and "fine" hardly overlap.
/// assert!(table.overlap(0).expect("a row") < WEIGHT_TOTAL / 2);
/// # Ok::<(), steadfast_synonyms::SynonymsError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct SynonymTable {
    pub(super) weighting: Weighting,
    pub(super) words: Words,
    /// Row w is `starts[w]..starts[w + 1]` of the lists that follow.
    pub(super) starts: Vec<u64>,
    pub(super) candidates: Vec<u32>,
    pub(super) similarities: Vec<f32>,
    pub(super) weights: Vec<u64>,
    pub(super) components: Vec<u32>,
}

/// The row of one word of a [`SynonymTable`].
#[derive(Clone, Copy, Debug)]
pub struct TableRow<'a> {
    table: &'a SynonymTable,
    position: usize,
}

/// A candidate of a word.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Candidate<'a> {
    /// The word.
    pub word: &'a str,
    /// Its position in the table.
    pub position: usize,
    /// Its cosine with the word of the row.
    pub similarity: f32,
    /// Its probability in units of 2⁻³².
    pub weight: u64,
}

impl SynonymTable {
    /// Assigns weights to the candidates of each word. Similarities are the cosines in `vectors`, which may differ from the vectors
    /// that formed the sets (CROWD forms sets in processed vectors and weights them by raw ones).
    ///
    /// # Errors
    /// [`SynonymsError::Parameter`] for vectors of another number of words, for [`Family::CrowdComponent`] on sets that are not
    /// [`Grouping::Closed`], and as [`Weighting::weights`]; [`SynonymsError::Stopped`] when `progress` stops the step.
    pub fn new(
        sets: &CandidateSets,
        vectors: &Vectors,
        weighting: Weighting,
        progress: Progress<'_>,
    ) -> Result<Self, SynonymsError> {
        if sets.len() != vectors.len() {
            let given = format!("sets of {} words for {} vectors", sets.len(), vectors.len());
            return Err(SynonymsError::parameter("sets", given, "sets of the same words"));
        }
        let shared = weighting.family() == Family::CrowdComponent;
        if shared && sets.grouping() != Grouping::Closed {
            let expected = "closed sets, in which all words of a component have the same candidates";
            return Err(SynonymsError::parameter("grouping", format!("{:?}", sets.grouping()), expected));
        }
        let to = |word: usize, center: usize| -> Vec<f64> {
            let cosine = |other: &u32| match *other as usize {
                other if other == center => 1.0,
                other => vectors.cosine(center, other),
            };
            sets.of(word).iter().map(cosine).collect()
        };
        // One law per component, at the position that names it.
        let medoids = if shared { sets.medoids(vectors) } else { Vec::new() };
        let laws: Vec<Vec<u64>> = (medoids.par_iter().zip(sets.components()).enumerate())
            .map(|(word, (&medoid, &name))| {
                if word == name as usize {
                    weighting.weights(&to(word, medoid as usize))
                } else {
                    Ok(Vec::new())
                }
            })
            .collect::<Result<_, SynonymsError>>()?;
        let rows: Vec<(Vec<f32>, Vec<u64>)> = (sets.components().par_iter().enumerate())
            .map(|(word, &name)| {
                let own = to(word, word);
                let weights = match laws.get(name as usize) {
                    Some(law) => law.clone(),
                    None => weighting.weights(&own)?,
                };
                report(progress, 1)?;
                Ok((own.into_iter().map(|similarity| similarity as f32).collect(), weights))
            })
            .collect::<Result<_, SynonymsError>>()?;
        let mut table = Self {
            weighting,
            words: vectors.word_list().clone(),
            starts: vec![0],
            candidates: Vec::new(),
            similarities: Vec::new(),
            weights: Vec::new(),
            components: sets.components().to_vec(),
        };
        for (word, (similarities, weights)) in rows.into_iter().enumerate() {
            table.candidates.extend_from_slice(sets.of(word));
            table.similarities.extend(similarities);
            table.weights.extend(weights);
            table.starts.push(table.candidates.len() as u64);
        }
        Ok(table)
    }

    /// The weighting of the candidates.
    #[must_use]
    pub fn weighting(&self) -> Weighting {
        self.weighting
    }

    /// The number of words; at least one.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "there is always at least one word")]
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// The row of a word.
    #[must_use]
    pub fn row(&self, word: &str) -> Option<TableRow<'_>> {
        self.words.position(word).map(|position| TableRow { table: self, position })
    }

    /// All rows, in the order of the vocabulary.
    #[must_use]
    pub fn rows(&self) -> impl ExactSizeIterator<Item = TableRow<'_>> {
        (0..self.len()).map(|position| TableRow { table: self, position })
    }

    /// Candidates, similarities and weights of the word at a position; empty if it is out of range.
    pub(super) fn parts(&self, position: usize) -> (&[u32], &[f32], &[u64]) {
        let start = self.starts.get(position).copied().unwrap_or_default() as usize;
        let end = self.starts.get(position.saturating_add(1)).copied().unwrap_or_default() as usize;
        let range = start..end;
        (
            self.candidates.get(range.clone()).unwrap_or_default(),
            self.similarities.get(range.clone()).unwrap_or_default(),
            self.weights.get(range).unwrap_or_default(),
        )
    }
}

impl<'a> TableRow<'a> {
    /// The word.
    #[must_use]
    pub fn word(self) -> &'a str {
        self.table.words.get(self.position).unwrap_or_default()
    }

    /// Its position in the table.
    #[must_use]
    pub fn position(self) -> usize {
        self.position
    }

    /// Its candidates, itself included, by position; the weights sum to [`WEIGHT_TOTAL`](crate::WEIGHT_TOTAL).
    #[must_use]
    pub fn candidates(self) -> impl ExactSizeIterator<Item = Candidate<'a>> {
        let (candidates, similarities, weights) = self.table.parts(self.position);
        let words = &self.table.words;
        candidates.iter().zip(similarities).zip(weights).map(|((&position, &similarity), &weight)| {
            Candidate { word: words.word(position), position: position as usize, similarity, weight }
        })
    }

    /// The name of its component: the smallest position among its words.
    #[must_use]
    pub fn component(self) -> u32 {
        self.table.components.get(self.position).copied().unwrap_or_default()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::{
        Neighbors, WEIGHT_TOTAL,
        candidates::neighbors::tests::{scattered, silent},
    };

    pub(crate) fn built(family: Family, grouping: Grouping) -> SynonymTable {
        let vectors = scattered(80, 4, 7);
        let neighbors = Neighbors::find(&vectors, 0.8, &silent).unwrap();
        let sets = CandidateSets::new(&vectors, &neighbors, grouping, 6, &silent).unwrap();
        SynonymTable::new(&sets, &vectors, family.into(), &silent).unwrap()
    }

    #[test]
    fn rows_contain_their_words_and_sum_to_the_total() {
        for family in Family::ALL {
            let table = built(family, Grouping::Closed);
            for row in table.rows() {
                assert_eq!(row.candidates().map(|candidate| candidate.weight).sum::<u64>(), WEIGHT_TOTAL);
                let own = row.candidates().find(|candidate| candidate.word == row.word()).unwrap();
                assert_eq!((own.similarity, own.position), (1.0, row.position()));
                assert!(
                    row.candidates()
                        .all(|other| table.row(other.word).unwrap().component() == row.component())
                );
            }
            assert!(table.row("w3").is_some() && table.row("elsewhere").is_none());
            table.check().unwrap();
        }
    }

    #[test]
    fn words_of_a_component_share_the_law_of_its_medoid() {
        let table = built(Family::CrowdComponent, Grouping::Closed);
        let law = |row: TableRow<'_>| {
            row.candidates().map(|found| (found.position, found.weight)).collect::<Vec<_>>()
        };
        let mut shared = 0;
        for row in table.rows() {
            for other in row.candidates().filter(|other| other.word != row.word()) {
                assert_eq!(law(table.row(other.word).unwrap()), law(row));
                shared += 1;
            }
        }
        assert!(shared > 10);
    }

    #[test]
    fn a_shared_law_requires_closed_sets() {
        let vectors = scattered(10, 3, 1);
        let neighbors = Neighbors::find(&vectors, 0.8, &silent).unwrap();
        let sets = CandidateSets::new(&vectors, &neighbors, Grouping::Nearest, 4, &silent).unwrap();
        let refused = SynonymTable::new(&sets, &vectors, Family::CrowdComponent.into(), &silent);
        assert!(matches!(refused, Err(SynonymsError::Parameter(_))));
        assert!(SynonymTable::new(&sets, &scattered(9, 3, 1), Family::Crowd.into(), &silent).is_err());
    }
}
