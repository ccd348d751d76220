//! [`CounterFitting`]: moves word vectors so that synonyms attract and antonyms repel each other.
//!
//! Vectors trained on contexts place antonyms close together: *good* and *bad* occur in similar contexts. Counter-fitting minimizes, with
//! d(u, v) = 1 − cos(u, v) and τ(x) = max(0, x),
//!
//! ```text
//! k₁ Σ_antonyms τ(δ − d(u′, v′)) + k₂ Σ_synonyms τ(d(u′, v′) − γ) + k₃ Σ_near τ(d(u′, v′) − d(u, v)),
//! ```
//!
//! the last sum over all pairs with d(u, v) ≤ ρ in the original vectors. As in the authors' program, a step moves each word by the
//! mean gradient of its pairs and scales it to length 1; all words move at once, from the vectors of the previous step, so the
//! result is the same for any number of threads. n words with p pairs in d dimensions: O(n²·d) once for the near pairs, then
//! O(p·d) per step.
//!
//! Source: N. Mrkšić et al., Counter-fitting word vectors to linguistic constraints, NAACL 2016, arXiv:1603.00892, §2.

use super::{Vectors, dot, normalize};
use crate::{
    Neighbors, SynonymsError, WordPairs,
    candidates::cosines::{Progress, report},
};
use rayon::prelude::*;

/// The parameters of counter-fitting; [`Default`] gives those of the paper.
///
/// ```
/// use std::ops::ControlFlow;
/// use steadfast_synonyms::{CounterFitting, Vectors, WordPairs};
///
/// let vectors = Vectors::new(["good", "bad"], 2, vec![1.0, 0.0, 0.99, 0.1])?;
/// let pairs = WordPairs { synonyms: vec![], antonyms: vec![(0, 1)] };
/// let mut fitting = CounterFitting::default();
/// fitting.preservation_weight = 0.0;
/// let fitted = fitting.fit(&vectors, &pairs, &|_| ControlFlow::Continue(()))?;
/// assert!(fitted.cosine(0, 1) < vectors.cosine(0, 1));
/// # Ok::<(), steadfast_synonyms::SynonymsError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct CounterFitting {
    /// δ: antonyms at this distance or further do not repel; in 0..=2, default 1.
    pub antonym_distance: f64,
    /// γ: synonyms at this distance or nearer do not attract; in 0..=2, default 0.
    pub synonym_distance: f64,
    /// ρ: pairs at most this far apart in the original vectors are kept together; in 0..1, default 0.2.
    pub preserved_radius: f64,
    /// k₁: the weight of antonyms; default 0.1.
    pub antonym_weight: f64,
    /// k₂: the weight of synonyms; default 0.1.
    pub synonym_weight: f64,
    /// k₃: the weight of keeping pairs together; default 0.1.
    pub preservation_weight: f64,
    /// The number of steps; default 20.
    pub epochs: u32,
}

impl Default for CounterFitting {
    fn default() -> Self {
        Self {
            antonym_distance: 1.0,
            synonym_distance: 0.0,
            preserved_radius: 0.2,
            antonym_weight: 0.1,
            synonym_weight: 0.1,
            preservation_weight: 0.1,
            epochs: 20,
        }
    }
}

/// One pair, from the side of one of its words.
#[derive(Clone, Copy)]
struct Pull {
    other: u32,
    /// Positive attracts, negative repels.
    weight: f64,
    /// The distance at which the pair exerts no force.
    rest: f64,
}

impl CounterFitting {
    fn check(&self) -> Result<(), SynonymsError> {
        let distance = "a distance between 0 and 2";
        for (name, value, upper, expected) in [
            ("antonym_distance", self.antonym_distance, 2.0, distance),
            ("synonym_distance", self.synonym_distance, 2.0, distance),
            ("preserved_radius", self.preserved_radius, 1.0 - f64::EPSILON, "a distance from 0 to below 1"),
            ("antonym_weight", self.antonym_weight, 1.0, "a weight between 0 and 1"),
            ("synonym_weight", self.synonym_weight, 1.0, "a weight between 0 and 1"),
            ("preservation_weight", self.preservation_weight, 1.0, "a weight between 0 and 1"),
        ] {
            if !(0.0..=upper).contains(&value) {
                return Err(SynonymsError::parameter(name, value, expected));
            }
        }
        Ok(())
    }

    /// Unit vectors after [`CounterFitting::epochs`] steps. `progress` counts each word once in the search for near pairs, and
    /// once per step.
    ///
    /// # Errors
    /// [`SynonymsError::Parameter`] for parameters outside the ranges of their fields, and for positions without a vector;
    /// [`SynonymsError::Stopped`] when `progress` stops the step.
    pub fn fit(
        &self,
        vectors: &Vectors,
        pairs: &WordPairs,
        progress: Progress<'_>,
    ) -> Result<Vectors, SynonymsError> {
        self.check()?;
        let pulls = self.pulls(vectors, pairs, progress)?;
        let dimensions = vectors.dimensions();
        let unit = vectors.clone().normalized();
        let mut current = unit.values().to_vec();
        for _ in 0..self.epochs {
            let mut next = current.clone();
            next.par_chunks_mut(dimensions).zip(&pulls).try_for_each(|(row, pulls)| {
                step(row, pulls, &current);
                report(progress, 1)
            })?;
            current = next;
        }
        unit.with_values(current)
    }

    /// For each word, the pairs that contain it.
    fn pulls(
        &self,
        vectors: &Vectors,
        pairs: &WordPairs,
        progress: Progress<'_>,
    ) -> Result<Vec<Vec<Pull>>, SynonymsError> {
        let mut pulls: Vec<Vec<Pull>> = vec![Vec::new(); vectors.len()];
        for (list, weight, rest) in [
            (&pairs.antonyms, -self.antonym_weight, self.antonym_distance),
            (&pairs.synonyms, self.synonym_weight, self.synonym_distance),
        ] {
            for &(a, b) in list {
                for (word, other) in [(a, b), (b, a)] {
                    let known = pulls.get_mut(word as usize).filter(|_| (other as usize) < vectors.len());
                    let pulls = known.ok_or_else(|| {
                        SynonymsError::parameter("pairs", format!("({a}, {b})"), "positions of vectors")
                    })?;
                    pulls.push(Pull { other, weight, rest });
                }
            }
        }
        let near = Neighbors::find(vectors, 1.0 - self.preserved_radius, progress)?;
        for (word, pulls) in pulls.iter_mut().enumerate() {
            let kept = near.of(word).iter();
            pulls.extend(kept.map(|near| Pull {
                other: near.word,
                weight: self.preservation_weight,
                rest: 1.0 - near.similarity,
            }));
        }
        Ok(pulls)
    }
}

/// Moves one unit vector by the mean gradient of the pairs that exert a force.
fn step(row: &mut [f32], pulls: &[Pull], current: &[f32]) {
    let dimensions = row.len();
    let mut sum = vec![0f64; dimensions];
    let mut moving = 0u32;
    for pull in pulls {
        let start = pull.other as usize * dimensions;
        let other = current.get(start..start + dimensions).unwrap_or_default();
        let cosine = dot(row, other);
        let distance = 1.0 - cosine;
        if if pull.weight < 0.0 { distance >= pull.rest } else { distance <= pull.rest } {
            continue;
        }
        moving += 1;
        // The gradient of the cosine on the sphere.
        for (sum, (own, other)) in sum.iter_mut().zip(row.iter().zip(other)) {
            *sum += pull.weight * (f64::from(*other) - cosine * f64::from(*own));
        }
    }
    if moving > 0 {
        for (own, sum) in row.iter_mut().zip(sum) {
            *own = (f64::from(*own) + sum / f64::from(moving)) as f32;
        }
        normalize(row);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::candidates::neighbors::tests::{scattered, silent};
    use std::{
        ops::ControlFlow,
        sync::atomic::{AtomicU64, Ordering},
    };

    #[test]
    fn synonyms_attract_and_antonyms_repel() {
        let vectors = scattered(60, 10, 5);
        let pairs = WordPairs { synonyms: vec![(0, 1), (2, 3)], antonyms: vec![(4, 5), (6, 7)] };
        let fitted = CounterFitting::default().fit(&vectors, &pairs, &silent).unwrap();
        for (a, b) in [(0, 1), (2, 3)] {
            assert!(fitted.cosine(a, b) > vectors.cosine(a, b).max(0.8), "{}", fitted.cosine(a, b));
        }
        for (a, b) in [(4, 5), (6, 7)] {
            assert!(fitted.cosine(a, b) <= vectors.cosine(a, b).max(0.01));
        }
        // A word in no pair does not move.
        assert!(
            fitted
                .row(30)
                .iter()
                .zip(vectors.clone().normalized().row(30))
                .all(|(a, b)| (a - b).abs() < 1e-6)
        );
    }

    #[test]
    fn near_antonyms_move_to_the_margin() {
        let vectors = Vectors::new(["good", "bad"], 2, vec![1.0, 0.0, 0.99, 0.1]).unwrap();
        let pairs = WordPairs { synonyms: vec![], antonyms: vec![(0, 1)] };
        let fitting = CounterFitting { preservation_weight: 0.0, epochs: 200, ..CounterFitting::default() };
        let fitted = fitting.fit(&vectors, &pairs, &silent).unwrap();
        assert!(fitted.cosine(0, 1) < 0.05, "{}", fitted.cosine(0, 1));
    }

    #[test]
    fn near_pairs_are_kept_together() {
        let vectors = Vectors::new(["a", "b", "c"], 2, vec![1.0, 0.0, 0.98, 0.2, 0.0, 1.0]).unwrap();
        let pairs = WordPairs { synonyms: vec![(0, 2)], antonyms: vec![] };
        let fit = |preservation_weight| {
            let fitting = CounterFitting { preservation_weight, ..CounterFitting::default() };
            fitting.fit(&vectors, &pairs, &silent).unwrap().cosine(0, 1)
        };
        assert!(fit(0.1) > fit(0.0));
    }

    #[test]
    fn the_result_does_not_depend_on_threads() {
        let vectors = scattered(100, 6, 8);
        let pairs = WordPairs { synonyms: vec![(0, 1), (1, 50)], antonyms: vec![(3, 99)] };
        let fit = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| CounterFitting::default().fit(&vectors, &pairs, &silent).unwrap())
        };
        assert_eq!(fit(1), fit(3));
    }

    #[test]
    fn a_fit_stops_on_request() {
        let near = AtomicU64::new(0);
        let after_the_first_step = |words| match near.fetch_add(words, Ordering::SeqCst) {
            0..60 => ControlFlow::Continue(()),
            _ => ControlFlow::Break(()),
        };
        let stopped =
            CounterFitting::default().fit(&scattered(30, 3, 1), &WordPairs::default(), &after_the_first_step);
        assert!(matches!(stopped, Err(SynonymsError::Stopped)));
        assert!(near.into_inner() < 120);
    }

    #[test]
    fn parameters_out_of_range_are_refused() {
        let vectors = scattered(3, 2, 1);
        let none = WordPairs::default();
        for bad in [
            CounterFitting { antonym_distance: 3.0, ..CounterFitting::default() },
            CounterFitting { preserved_radius: 1.0, ..CounterFitting::default() },
            CounterFitting { synonym_weight: f64::NAN, ..CounterFitting::default() },
        ] {
            assert!(matches!(bad.fit(&vectors, &none, &silent), Err(SynonymsError::Parameter(_))));
        }
        let outside = WordPairs { synonyms: vec![(0, 3)], antonyms: vec![] };
        assert!(CounterFitting::default().fit(&vectors, &outside, &silent).is_err());
    }
}
