//! [`BitMatrix`]: rows of bits, each packed into words of its own.

use super::Error;

/// A matrix of bits. Each row starts at a new 64-bit word, lowest bit first; bits past a row's end are zero.
///
/// ```
/// use steadfast_model::ensemble::BitMatrix;
///
/// let matrix = BitMatrix::from_rows(3, [[true, false, true], [false, true, true]])?;
/// assert_eq!((matrix.rows(), matrix.columns()), (2, 3));
/// assert_eq!(matrix.words(), [0b101, 0b110]);
/// # Ok::<(), steadfast_model::ensemble::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct BitMatrix {
    rows: usize,
    columns: usize,
    words: Vec<u64>,
}

impl BitMatrix {
    /// A matrix of `columns` columns from its rows' bits.
    ///
    /// # Errors
    /// [`Error::Shape`] if there are no columns or a row has another number of bits.
    pub fn from_rows<R: IntoIterator<Item = bool>>(
        columns: usize,
        rows: impl IntoIterator<Item = R>,
    ) -> Result<Self, Error> {
        let shape = |given: String| {
            Err(Error::Shape {
                what: "bit matrix",
                given,
                expected: "rows of equally many bits, at least one",
            })
        };
        if columns == 0 {
            return shape("rows of 0 bits".to_owned());
        }
        let mut matrix = Self { rows: 0, columns, words: Vec::new() };
        for row in rows {
            let start = matrix.words.len();
            let mut used = 0;
            for bit in row {
                if used % 64 == 0 {
                    matrix.words.push(0);
                }
                if let Some(word) = matrix.words.last_mut() {
                    *word |= u64::from(bit) << (used % 64);
                }
                used += 1;
            }
            if used != columns {
                return shape(format!("{used} bits in row {}, {columns} columns", matrix.rows));
            }
            debug_assert_eq!(matrix.words.len() - start, matrix.words_per_row());
            matrix.rows += 1;
        }
        Ok(matrix)
    }

    /// Number of rows.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    #[must_use]
    pub const fn columns(&self) -> usize {
        self.columns
    }

    /// Words per row.
    #[must_use]
    pub const fn words_per_row(&self) -> usize {
        self.columns.div_ceil(64)
    }

    /// The packed words of each row, in order.
    #[must_use]
    pub fn iter_rows(&self) -> impl ExactSizeIterator<Item = &[u64]> + Clone {
        self.words.chunks_exact(self.words_per_row().max(1))
    }

    /// All packed words, row by row.
    #[must_use]
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// Flips the bits that are set in `next()`, called once per word with the words in order. Bits past a row's end stay zero.
    pub(crate) fn flip_words(&mut self, mut next: impl FnMut() -> u64) {
        let per_row = self.words_per_row();
        let mask = last_word_mask(self.columns);
        for row in self.words.chunks_exact_mut(per_row) {
            for word in row.iter_mut() {
                *word ^= next();
            }
            if let Some(last) = row.last_mut() {
                *last &= mask;
            }
        }
    }
}

/// Ones for the bits that the last word of a row of `columns` bits holds.
pub(crate) const fn last_word_mask(columns: usize) -> u64 {
    match columns % 64 {
        0 => u64::MAX,
        used => (1 << used) - 1,
    }
}

/// The positions of the ones in packed words.
pub(crate) fn ones(words: &[u64]) -> impl Iterator<Item = usize> + '_ {
    words.iter().enumerate().flat_map(|(index, &word)| {
        let mut rest = word;
        std::iter::from_fn(move || {
            (rest != 0).then(|| {
                let bit = rest.trailing_zeros() as usize;
                rest &= rest - 1;
                64 * index + bit
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packs_rows() {
        let rows = [0, 1, 2].map(|row| (0..70).map(move |column| column % 3 == row));
        let mut matrix = BitMatrix::from_rows(70, rows).unwrap();
        assert_eq!((matrix.rows(), matrix.columns(), matrix.words_per_row()), (3, 70, 2));
        let second: Vec<usize> = ones(matrix.iter_rows().nth(1).unwrap()).collect();
        assert_eq!(second, (0..70).filter(|c| c % 3 == 1).collect::<Vec<_>>());
        matrix.flip_words(|| u64::MAX);
        assert_eq!(matrix.iter_rows().map(|row| ones(row).count()).sum::<usize>(), 140);
        assert!(BitMatrix::from_rows(3, [vec![true; 4]]).is_err());
        assert!(BitMatrix::from_rows(0, [vec![]]).is_err());
    }
}
