//! [`CandidateSets`]: the words that may replace each word.

mod clusters;
pub(crate) mod cosines;
pub(crate) mod neighbors;

pub use cosines::Progress;
pub use neighbors::{Neighbor, Neighbors};

use crate::{SynonymsError, Vectors};
use clusters::{clusters, components, members};
use cosines::{Keep, Search};

/// How candidate sets are formed from the graph of neighbors. A set contains its own word and has a maximum size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Grouping {
    /// CROWD's: the connected component if it is small enough, else its nearest words. Not symmetric: a word may be among the
    /// nearest of another but not vice versa.
    Nearest,
    /// The same, but v is a candidate of w only if w is one of v: symmetric, but not transitive.
    Mutual,
    /// Components split into clusters of at most the maximum size; the candidates are the cluster. An equivalence relation:
    /// chains of replacements never leave it.
    Closed,
}

/// For each word of a vocabulary, the words that may replace it, itself included.
///
/// The set of a word without neighbors contains that word alone.
///
/// ```
/// use std::ops::ControlFlow;
/// use steadfast_synonyms::{CandidateSets, Grouping, Neighbors, Vectors};
///
/// let progress = |_: u64| ControlFlow::Continue(());
/// let vectors = Vectors::new(["good", "fine", "bad"], 2, vec![1.0, 0.0, 0.8, 0.6, -1.0, 0.0])?;
/// let neighbors = Neighbors::find(&vectors, 0.7, &progress)?;
/// let sets = CandidateSets::new(&vectors, &neighbors, Grouping::Closed, 10, &progress)?;
/// assert_eq!((sets.of(0), sets.of(2)), (&[0, 1][..], &[2][..]));
/// # Ok::<(), steadfast_synonyms::SynonymsError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CandidateSets {
    grouping: Grouping,
    sets: Vec<Vec<u32>>,
    components: Vec<u32>,
}

impl CandidateSets {
    /// Forms sets of at most `maximum` words. `neighbors` must come from `vectors`; `progress` counts words of components that
    /// are larger than `maximum`, each at most once.
    ///
    /// # Errors
    /// [`SynonymsError::Parameter`] for a `maximum` of 0, and for neighbors of another number of words;
    /// [`SynonymsError::Stopped`] when `progress` stops the step.
    pub fn new(
        vectors: &Vectors,
        neighbors: &Neighbors,
        grouping: Grouping,
        maximum: usize,
        progress: Progress<'_>,
    ) -> Result<Self, SynonymsError> {
        if maximum == 0 {
            return Err(SynonymsError::parameter("maximum", maximum, "at least 1, for the word itself"));
        }
        if vectors.len() != neighbors.len() {
            let given = format!("those of {} words for {} vectors", neighbors.len(), vectors.len());
            return Err(SynonymsError::parameter("neighbors", given, "neighbors of the same words"));
        }
        let names = match grouping {
            Grouping::Nearest | Grouping::Mutual => components(neighbors),
            Grouping::Closed => clusters(neighbors, maximum),
        };
        let mut sets = vec![Vec::new(); vectors.len()];
        for component in members(&names) {
            let nearest = if component.len() > maximum {
                let search = Search::new(vectors, &component);
                Some(search.cosines(0..component.len(), Keep::Largest(maximum - 1), progress)?)
            } else {
                None
            };
            for (place, &word) in component.iter().enumerate() {
                let Some(set) = sets.get_mut(word as usize) else { continue };
                match nearest.as_ref().and_then(|nearest| nearest.get(place)) {
                    None => set.clone_from(&component),
                    Some(nearest) => {
                        set.extend(nearest.iter().map(|(other, _)| *other));
                        set.push(word);
                        set.sort_unstable();
                    }
                }
            }
        }
        if grouping == Grouping::Mutual {
            sets = mutual(&sets);
        }
        Ok(Self { grouping, sets, components: names })
    }

    /// How the sets were formed.
    #[must_use]
    pub fn grouping(&self) -> Grouping {
        self.grouping
    }

    /// The number of words.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "vectors have at least one word")]
    pub fn len(&self) -> usize {
        self.sets.len()
    }

    /// The candidates of the word at a position, ascending, itself included; empty if the position is out of range.
    #[must_use]
    pub fn of(&self, position: usize) -> &[u32] {
        self.sets.get(position).map(Vec::as_slice).unwrap_or_default()
    }

    /// For each word, the smallest position in its component (of its cluster, under [`Grouping::Closed`]).
    #[must_use]
    pub fn components(&self) -> &[u32] {
        &self.components
    }

    /// For each word, the medoid of its component: the member with the largest sum of cosines to all members, ties by position.
    ///
    /// O(m²·d) for a component of m words.
    pub(crate) fn medoids(&self, vectors: &Vectors) -> Vec<u32> {
        let mut medoids: Vec<u32> = (0..self.sets.len() as u32).collect();
        for component in members(&self.components).iter().filter(|component| component.len() > 1) {
            let sum = |word: u32| -> f64 {
                component.iter().map(|other| vectors.cosine(word as usize, *other as usize)).sum()
            };
            let sums = component.iter().map(|word| (*word, sum(*word)));
            let best = sums.reduce(|best, next| if next.1 > best.1 { next } else { best });
            for &word in component {
                if let Some((place, (medoid, _))) = medoids.get_mut(word as usize).zip(best) {
                    *place = medoid;
                }
            }
        }
        medoids
    }
}

/// The pairs that occur in both directions; all sets ascend.
fn mutual(sets: &[Vec<u32>]) -> Vec<Vec<u32>> {
    let has =
        |word: u32, other: u32| sets.get(word as usize).is_some_and(|set| set.binary_search(&other).is_ok());
    let kept =
        |(word, set): (u32, &Vec<u32>)| set.iter().copied().filter(|other| has(*other, word)).collect();
    (0..).zip(sets).map(kept).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::candidates::neighbors::tests::{scattered, silent};
    use proptest::prelude::*;

    fn formed(vectors: &Vectors, threshold: f64, grouping: Grouping, maximum: usize) -> CandidateSets {
        let neighbors = Neighbors::find(vectors, threshold, &silent).unwrap();
        CandidateSets::new(vectors, &neighbors, grouping, maximum, &silent).unwrap()
    }

    /// Five words on a circle, 20° apart, and one far away.
    fn chain() -> Vectors {
        let angles = [0.0f32, 20.0, 40.0, 60.0, 80.0, 200.0];
        let values = angles.iter().flat_map(|angle| [angle.to_radians().cos(), angle.to_radians().sin()]);
        Vectors::new(["a", "b", "c", "d", "e", "f"], 2, values.collect()).unwrap()
    }

    #[test]
    fn small_components_are_the_candidates() {
        for grouping in [Grouping::Nearest, Grouping::Mutual, Grouping::Closed] {
            let sets = formed(&chain(), 0.9, grouping, 5);
            assert_eq!(sets.of(0), [0, 1, 2, 3, 4]);
            assert_eq!(sets.of(5), [5]);
            assert_eq!(sets.components(), [0, 0, 0, 0, 0, 5]);
        }
    }

    #[test]
    fn large_components_are_split() {
        let nearest = formed(&chain(), 0.9, Grouping::Nearest, 3);
        assert_eq!(nearest.of(0), [0, 1, 2]);
        assert_eq!(nearest.of(2), [1, 2, 3]);
        let mutual = formed(&chain(), 0.9, Grouping::Mutual, 3);
        assert_eq!(mutual.of(0), [0, 1]);
        let closed = formed(&chain(), 0.9, Grouping::Closed, 3);
        assert!((0..6).all(|word| closed.of(word).len() <= 3));
        assert_eq!(formed(&chain(), 0.9, Grouping::Closed, 1).of(3), [3]);
    }

    #[test]
    fn medoids_maximize_the_sum_of_cosines() {
        let sets = formed(&chain(), 0.9, Grouping::Closed, 5);
        assert_eq!(sets.medoids(&chain()), [2, 2, 2, 2, 2, 5]);
    }

    #[test]
    fn invalid_parameters_are_refused() {
        let vectors = chain();
        let neighbors = Neighbors::find(&vectors, 0.9, &silent).unwrap();
        let refused =
            |vectors, maximum| CandidateSets::new(vectors, &neighbors, Grouping::Closed, maximum, &silent);
        assert!(matches!(refused(&vectors, 0), Err(SynonymsError::Parameter(_))));
        assert!(matches!(refused(&scattered(2, 2, 1), 3), Err(SynonymsError::Parameter(_))));
    }

    proptest! {
        #[test]
        fn closed_sets_are_an_equivalence_and_mutual_ones_symmetric(
            seed in any::<u64>(),
            threshold in 0.5f64..0.99,
            maximum in 1usize..9,
        ) {
            let vectors = scattered(60, 3, seed);
            let all = formed(&vectors, threshold, Grouping::Nearest, 60);
            let closed = formed(&vectors, threshold, Grouping::Closed, maximum);
            let mutual = formed(&vectors, threshold, Grouping::Mutual, maximum);
            let nearest = formed(&vectors, threshold, Grouping::Nearest, maximum);
            for word in 0..60 {
                for sets in [&closed, &mutual, &nearest] {
                    prop_assert!(sets.of(word).contains(&(word as u32)) && sets.of(word).len() <= maximum);
                    prop_assert!(sets.of(word).is_sorted());
                    prop_assert!(sets.of(word).iter().all(|other| all.of(word).contains(other)));
                }
                for &other in closed.of(word) {
                    prop_assert_eq!(closed.of(other as usize), closed.of(word));
                }
                for &other in mutual.of(word) {
                    prop_assert!(mutual.of(other as usize).contains(&(word as u32)));
                }
                if all.of(word).len() <= maximum {
                    prop_assert_eq!(closed.of(word), all.of(word));
                    prop_assert_eq!(nearest.of(word), all.of(word));
                }
            }
        }
    }
}
