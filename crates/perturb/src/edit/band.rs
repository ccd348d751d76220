//! The dynamic program behind distances and alignments, in a band around the diagonal.
//!
//! With `D(i, j)` the distance of the first `i` tokens of `a` and the first `j` of `b`:
//!
//! ```text
//! D(i, j) = D(i−1, j−1)                                                     if aᵢ = bⱼ, else
//!           min { D(i−1, j) + 1, D(i, j−1) + 1, D(i−1, j−1) + 1,
//!                 D(i₁−1, j₁−1) + (i−i₁−1) + 1 + (j−j₁−1) }
//! i₁ = the last row before i with a(i₁) = bⱼ,   j₁ = the last column before j with b(j₁) = aᵢ
//! ```
//!
//! (Lowrance and Wagner 1975, <https://doi.org/10.1145/321879.321880>). A transposition with gaps on both sides is never
//! better: substitution costs no more. So `i₁ = i−1` or `j₁ = j−1` (Zhao and Sahni 2019, <https://doi.org/10.1186/s12859-019-2819-0>),
//! and two previous rows and one number per column replace the whole table. The restricted distance
//! (optimal string alignment) takes only `i₁ = i−1` with `j₁ = j−1`.
//!
//! A path through a cell on the diagonal `o = j − i` ends on the diagonal `Δ` of the corner, so it costs at least `|o| + |Δ − o|`
//! (Ukkonen 1985, <https://doi.org/10.1016/S0019-9958(85)80046-2>). Only the band where that is within the cutoff is visited,
//! and one more diagonal on each side, where the two tokens of a transposition match (the restricted distance compares them
//! directly and needs no margin): `O(cutoff · length)` time, five rows of memory. Every path crosses each row at a cost of at
//! least the row's minimum, so the search ends at a row whose minimum exceeds the cutoff.
#![expect(
    clippy::indexing_slicing,
    reason = "columns run inside the band, and rows are as long as it is wide"
)]

/// How a cell was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Step {
    Keep,
    Substitute,
    Delete,
    Insert,
    /// Two tokens are transposed, and those between them in `b` inserted: `i₁ = i−1`.
    TransposeInserting,
    /// Two tokens are transposed, and those between them in `a` deleted: `j₁ = j−1`.
    TransposeDeleting,
}

/// Receives the step by which each cell was reached.
pub(super) trait Record {
    /// Cell (`row`, `column`), counted from 1.
    fn record(&mut self, row: usize, column: usize, step: Step);
}

/// Records nothing; for the distance alone.
impl Record for () {
    fn record(&mut self, _: usize, _: usize, _: Step) {}
}

/// The diagonals `−left ..= right` that a search within `cutoff` visits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Band {
    pub(super) left: usize,
    pub(super) right: usize,
}

impl Band {
    /// The band for sequences of `rows` and `columns` tokens, whose lengths differ by no more than `cutoff`.
    pub(super) const fn new<const RESTRICTED: bool>(rows: usize, columns: usize, cutoff: usize) -> Self {
        let margin = if RESTRICTED { 0 } else { 1 };
        let slack = cutoff.saturating_sub(rows.abs_diff(columns)) / 2 + margin;
        Self { left: rows.saturating_sub(columns) + slack, right: columns.saturating_sub(rows) + slack }
    }

    /// The number of diagonals.
    pub(super) const fn width(self) -> usize {
        self.left + self.right + 1
    }
}

/// More than any cutoff; the sum of two such numbers does not overflow.
const FAR: u32 = u32::MAX / 4;

/// The distance of `a` and `b` if it is at most `cutoff`, restricted to transpositions of neighbors that nothing else
/// touches if `RESTRICTED`.
pub(super) fn banded<const RESTRICTED: bool, T: PartialEq>(
    a: &[T],
    b: &[T],
    cutoff: usize,
    record: &mut impl Record,
) -> Option<usize> {
    let cutoff = cutoff.min(a.len().max(b.len()));
    let limit = u32::try_from(cutoff).ok().filter(|&limit| limit < FAR)?;
    if a.len().abs_diff(b.len()) > cutoff {
        return None;
    }
    let band = Band::new::<RESTRICTED>(a.len(), b.len(), cutoff);
    // Column j of a row lies at index j + 1, so that j − 2 exists for the first column; FAR stands for outside the band.
    let width = b.len() + 3;
    let mut rows = vec![FAR; 3 * width];
    let (before, rest) = rows.split_at_mut(width);
    let (above, row) = rest.split_at_mut(width);
    let (mut before, mut above, mut row) = (before, above, row);
    for (distance, cell) in (0..=limit).zip(&mut above[1..=b.len() + 1]) {
        *cell = distance;
    }
    // For each column, the last row that its token stands in, and D(that row − 1, column − 2).
    let mut columns = vec![(0_u32, FAR); if RESTRICTED { 0 } else { b.len() + 1 }];
    for (i, token) in (1_usize..).zip(a) {
        let (low, high) = (i.saturating_sub(band.left).max(1), b.len().min(i + band.right));
        let number = i as u32;
        let mut left = if low == 1 { number.min(FAR) } else { FAR };
        row[low] = left;
        let (mut minimum, mut last_column) = (left, 0);
        let mut diagonal = above[low];
        for j in low..=high {
            let up = above[j + 1];
            let cell = if *token == b[j - 1] {
                record.record(i, j, Step::Keep);
                if !RESTRICTED {
                    columns[j] = (number, above[j - 1]);
                    last_column = j;
                }
                diagonal
            } else {
                let (mut best, mut step) = (diagonal, Step::Substitute);
                if up < best {
                    (best, step) = (up, Step::Delete);
                }
                if left < best {
                    (best, step) = (left, Step::Insert);
                }
                best += 1;
                if RESTRICTED {
                    if i > 1
                        && j > 1
                        && *token == b[j - 2]
                        && a[i - 2] == b[j - 1]
                        && before[j - 1] + 1 < best
                    {
                        (best, step) = (before[j - 1] + 1, Step::TransposeInserting);
                    }
                } else if last_column != 0 {
                    let (last_row, saved) = columns[j];
                    if last_row + 1 == number {
                        let cost = before[last_column] + (j - last_column) as u32;
                        if cost < best {
                            (best, step) = (cost, Step::TransposeInserting);
                        }
                    }
                    if last_column + 1 == j && last_row != 0 {
                        let cost = saved + (number - last_row);
                        if cost < best {
                            (best, step) = (cost, Step::TransposeDeleting);
                        }
                    }
                }
                record.record(i, j, step);
                best
            };
            row[j + 1] = cell;
            minimum = minimum.min(cell);
            (left, diagonal) = (cell, up);
        }
        row[high + 2] = FAR;
        if minimum > limit {
            return None;
        }
        (before, above, row) = (above, row, before);
    }
    let distance = above[b.len() + 1];
    (distance <= limit).then_some(distance as usize)
}

/// Two sequences without their common prefix and suffix, and the length of that prefix.
///
/// For either distance, some shortest script leaves both unchanged.
pub(super) fn trimmed<'s, T: PartialEq>(a: &'s [T], b: &'s [T]) -> (&'s [T], &'s [T], usize) {
    let start = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[start..], &b[start..]);
    let end = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    (&a[..a.len() - end], &b[..b.len() - end], start)
}
