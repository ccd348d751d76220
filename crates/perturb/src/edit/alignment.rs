//! [`align`]: a shortest script from one sequence to another.
//!
//! The distance `d` is computed first, in little memory; a second run in a band of `d` records in one byte per cell how the
//! cell was reached, and backtracking from the end yields the script. `O(d · length)` time, `(d + 3) · length` bytes.
#![expect(clippy::indexing_slicing, reason = "backtracking visits only cells that the forward pass recorded")]

use super::{
    EditOp, EditScript,
    band::{Band, Record, Step, banded, trimmed},
    damerau_levenshtein_within,
};
use crate::PerturbError;

/// The largest number of recorded cells, one byte each: 256 MiB, enough for 100,000 words at 2,600 edits.
const CELLS: usize = 1 << 28;

/// A shortest script under the unrestricted Damerau–Levenshtein distance that turns `a` into `b`; `None` if that
/// takes more than `cutoff` edits.
///
/// `align(a, b, cutoff)?.apply(a) == b`, and its length is [`damerau_levenshtein(a, b)`](super::damerau_levenshtein). Edits
/// run from the end to the beginning, so that each position is also a position of `a`. The choice among several shortest
/// scripts is deterministic.
///
/// # Errors
/// [`PerturbError::Parameter`] if the distance is within the cutoff but length times distance is so large that the alignment
/// would take more than 256 MiB.
pub fn align<T: PartialEq + Clone>(
    a: &[T],
    b: &[T],
    cutoff: usize,
) -> Result<Option<EditScript<T>>, PerturbError> {
    let (a, b, start) = trimmed(a, b);
    let Some(distance) = damerau_levenshtein_within(a, b, cutoff) else { return Ok(None) };
    if a.is_empty() || b.is_empty() {
        // No table is needed, however long the other sequence is.
        let deleted = a
            .iter()
            .enumerate()
            .rev()
            .map(|(index, token)| EditOp::Delete { position: start + index, token: token.clone() });
        let inserted = b.iter().rev().map(|token| EditOp::Insert { position: start, token: token.clone() });
        return Ok(Some(deleted.chain(inserted).collect()));
    }
    let band = Band::new::<false>(a.len(), b.len(), distance);
    let cells = a.len().saturating_add(1).saturating_mul(band.width());
    if cells > CELLS {
        return Err(PerturbError::parameter(
            "alignment",
            format_args!("sequences of {} and {} tokens, {distance} edits apart", a.len(), b.len()),
            "at most 2²⁸ cells, about distance · length: a smaller cutoff, or shorter sequences",
        ));
    }
    let mut table = Table { steps: vec![Step::Keep; cells], band };
    banded::<false, T>(a, b, distance, &mut table);
    let mut edits = Vec::with_capacity(distance);
    let (mut i, mut j) = (a.len(), b.len());
    while i > 0 || j > 0 {
        let step = match (i, j) {
            (0, _) => Step::Insert,
            (_, 0) => Step::Delete,
            _ => table.steps[table.index(i, j)],
        };
        match step {
            Step::Keep => (i, j) = (i - 1, j - 1),
            Step::Substitute => {
                (i, j) = (i - 1, j - 1);
                edits.push(EditOp::Substitute { position: start + i, from: a[i].clone(), to: b[j].clone() });
            }
            Step::Delete => {
                i -= 1;
                edits.push(EditOp::Delete { position: start + i, token: a[i].clone() });
            }
            Step::Insert => {
                j -= 1;
                edits.push(EditOp::Insert { position: start + i, token: b[j].clone() });
            }
            Step::TransposeInserting => {
                // a(i−1) and a(i) become b(j) and, further left, b(first).
                (i, j) = (i - 2, j - 1);
                edits.push(EditOp::Transpose { position: start + i });
                while j > 0 && b[j - 1] != a[i + 1] {
                    j -= 1;
                    edits.push(EditOp::Insert { position: start + i + 1, token: b[j].clone() });
                }
                j = j.saturating_sub(1);
            }
            Step::TransposeDeleting => {
                // a(first), further left, and a(i) become b(j) and b(j−1).
                (i, j) = (i - 1, j - 2);
                while i > 0 && a[i - 1] != b[j + 1] {
                    i -= 1;
                    edits.push(EditOp::Delete { position: start + i, token: a[i].clone() });
                }
                i = i.saturating_sub(1);
                edits.push(EditOp::Transpose { position: start + i });
            }
        }
    }
    Ok(Some(EditScript::new(edits)))
}

/// The step by which each cell of the band was reached.
struct Table {
    steps: Vec<Step>,
    band: Band,
}

impl Table {
    /// Row `i` starts on the band's first diagonal, which may lie to the left of the first column.
    const fn index(&self, i: usize, j: usize) -> usize {
        i * self.band.width() + (j + self.band.left - i)
    }
}

impl Record for Table {
    fn record(&mut self, row: usize, column: usize, step: Step) {
        let index = self.index(row, column);
        self.steps[index] = step;
    }
}
