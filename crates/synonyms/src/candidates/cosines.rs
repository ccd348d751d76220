//! All cosines above a bound: a fast product in single precision filters, sums in double precision decide.
//!
//! For unit vectors the cosines of a block of words with all others are a matrix product, computed here in single precision,
//! block by block. Its rounding depends on block sizes and on the platform. So every pair within the error bound
//! (d + 8)·2⁻²³ below the bound is a candidate (d dimensions; the bound on the error of an inner product of unit vectors in any
//! order of summation, N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2002, §3.1), and candidates are decided by
//! [`Vectors::cosine`], which is the same on every platform and for both orders of a pair.

use crate::{SynonymsError, Vectors, vectors::normalize};
use ndarray::{ArrayView2, linalg::general_mat_mul};
use rayon::prelude::*;
use std::ops::{ControlFlow, Range};

/// Block sizes: two blocks and their product fit into the second-level cache.
const ROWS: usize = 64;
const COLUMNS: usize = 1024;

/// The callback of a long step, with the number of words that were just finished. Called from any thread.
///
/// After [`ControlFlow::Break`] the step ends soon with [`SynonymsError::Stopped`].
pub type Progress<'a> = &'a (dyn Fn(u64) -> ControlFlow<()> + Sync);

/// Reports finished words; [`SynonymsError::Stopped`] if the caller stops.
pub(crate) fn report(progress: Progress<'_>, words: u64) -> Result<(), SynonymsError> {
    if progress(words).is_break() { Err(SynonymsError::Stopped) } else { Ok(()) }
}

/// Which cosines of a word are kept.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Keep {
    /// All that are at least this.
    AtLeast(f64),
    /// This many of the largest, ties by position.
    Largest(usize),
}

/// A word's position and its cosine with another word.
pub(crate) type Cosine = (u32, f64);

/// A search among a subset of the words.
pub(crate) struct Search<'a> {
    vectors: &'a Vectors,
    members: &'a [u32],
    unit: Vec<f32>,
    margin: f32,
}

impl<'a> Search<'a> {
    pub(crate) fn new(vectors: &'a Vectors, members: &'a [u32]) -> Self {
        let dimensions = vectors.dimensions();
        let mut unit = Vec::with_capacity(members.len() * dimensions);
        for member in members {
            let start = unit.len();
            unit.extend_from_slice(vectors.row(*member as usize));
            normalize(unit.get_mut(start..).unwrap_or_default());
        }
        let margin = (dimensions as f32 + 8.0) * 2f32.powi(-23);
        Self { vectors, members, unit, margin }
    }

    /// For the members at these indices of the list, the other members that are kept: in descending order of the cosine, ties by
    /// position.
    pub(crate) fn cosines(
        &self,
        places: Range<usize>,
        keep: Keep,
        progress: Progress<'_>,
    ) -> Result<Vec<Vec<Cosine>>, SynonymsError> {
        let start = places.start;
        let blocks = self
            .members
            .get(places)
            .unwrap_or_default()
            .par_chunks(ROWS)
            .enumerate()
            .map(|(number, block)| {
                let found = self.block(start + number * ROWS, block, keep);
                report(progress, block.len() as u64)?;
                Ok(found)
            })
            .collect::<Result<Vec<Vec<Vec<Cosine>>>, SynonymsError>>()?;
        Ok(blocks.into_iter().flatten().collect())
    }

    fn block(&self, start: usize, block: &[u32], keep: Keep) -> Vec<Vec<Cosine>> {
        let dimensions = self.vectors.dimensions();
        let rows = self.unit.get(start * dimensions..(start + block.len()) * dimensions).unwrap_or_default();
        let mut possible: Vec<Vec<(u32, f32)>> = vec![Vec::new(); block.len()];
        let mut product = vec![0f32; block.len() * COLUMNS];
        for (number, columns) in self.unit.chunks(COLUMNS * dimensions).enumerate() {
            let width = columns.len() / dimensions;
            let Some(product) = product.get_mut(..block.len() * width) else { continue };
            multiply(rows, columns, dimensions, product);
            let first = number * COLUMNS;
            for (possible, row) in possible.iter_mut().zip(product.chunks(width.max(1))) {
                let bar = match keep {
                    Keep::AtLeast(bar) => bar as f32 - self.margin,
                    Keep::Largest(_) => f32::NEG_INFINITY,
                };
                let above = row.iter().enumerate().filter(|(_, value)| **value >= bar);
                possible.extend(above.map(|(column, value)| ((first + column) as u32, *value)));
            }
        }
        let own = (start..).zip(block);
        own.zip(possible).map(|((place, word), possible)| self.decide(place, *word, possible, keep)).collect()
    }

    /// Computes exact cosines of candidates and keeps the selected ones.
    fn decide(&self, place: usize, word: u32, mut possible: Vec<(u32, f32)>, keep: Keep) -> Vec<Cosine> {
        possible.retain(|(other, _)| *other as usize != place);
        if let Keep::Largest(count) = keep
            && let Some(last) = count.checked_sub(1).filter(|last| *last < possible.len())
        {
            let (_, (_, bar), _) = possible.select_nth_unstable_by(last, |a, b| b.1.total_cmp(&a.1));
            let bar = *bar - 2.0 * self.margin;
            possible.retain(|(_, value)| *value >= bar);
        }
        let mut exact: Vec<Cosine> = possible
            .iter()
            .filter_map(|(other, _)| self.members.get(*other as usize))
            .map(|&other| (other, self.vectors.cosine(word as usize, other as usize)))
            .collect();
        if let Keep::AtLeast(bar) = keep {
            exact.retain(|(_, cosine)| *cosine >= bar);
        }
        exact.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        if let Keep::Largest(count) = keep {
            exact.truncate(count);
        }
        exact
    }
}

/// `product` = `rows` · `columns`ᵀ; both have vectors of `dimensions` numbers, row after row.
fn multiply(rows: &[f32], columns: &[f32], dimensions: usize, product: &mut [f32]) {
    let shape = (rows.len() / dimensions, columns.len() / dimensions);
    let views = ArrayView2::from_shape((shape.0, dimensions), rows).ok().zip(
        ArrayView2::from_shape((shape.1, dimensions), columns)
            .ok()
            .zip(ndarray::ArrayViewMut2::from_shape(shape, product).ok()),
    );
    // The shapes always fit, since blocks consist of whole rows.
    if let Some((rows, (columns, mut product))) = views {
        general_mat_mul(1.0, &rows, &columns.t(), 0.0, &mut product);
    }
}
