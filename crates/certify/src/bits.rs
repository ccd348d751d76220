//! [`Bits`]: a vector of bits, packed 64 to a word.

use crate::{Error, error::Parameter};
use std::fmt;

/// A vector of bits, packed into 64-bit words, lowest bit first. Bits past the end are zero.
///
/// ```
/// use steadfast_certify::Bits;
///
/// let image: Bits = (0..784).map(|pixel| pixel % 7 == 0).collect();
/// assert_eq!((image.len(), image.count_ones()), (784, 112));
/// assert_eq!(Bits::from(vec![true, false, true]).words(), [0b101]);
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Bits {
    len: usize,
    words: Vec<u64>,
}

impl Bits {
    /// `len` zeros.
    #[must_use]
    pub fn zeros(len: usize) -> Self {
        Self { len, words: vec![0; len.div_ceil(64)] }
    }

    /// Bits from packed words.
    ///
    /// # Errors
    /// [`Error::Parameter`] unless there are exactly `⌈len / 64⌉` words and the bits past the end are zero.
    pub fn from_words(len: usize, words: Vec<u64>) -> Result<Self, Error> {
        let tail = words.last().is_some_and(|last| last & !last_word_mask(len) != 0);
        if words.len() != len.div_ceil(64) || tail {
            return Err(Error::Parameter(Parameter {
                name: "packed bits",
                given: format!("{} words for {len} bits", words.len()),
                expected: "one word for every 64 bits, with zeros past the end",
            }));
        }
        Ok(Self { len, words })
    }

    /// Number of bits.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no bits.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The packed words.
    #[must_use]
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// The bit at `index`; `false` past the end.
    #[must_use]
    pub fn get(&self, index: usize) -> bool {
        index < self.len && self.words.get(index / 64).is_some_and(|word| word >> (index % 64) & 1 == 1)
    }

    /// Number of ones.
    #[must_use]
    pub fn count_ones(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The bits in order.
    pub fn iter(&self) -> impl Iterator<Item = bool> + '_ {
        (0..self.len).map(|index| self.get(index))
    }

    pub(crate) fn map_words(&self, mut f: impl FnMut(u64) -> u64) -> Self {
        let mut words: Vec<u64> = self.words.iter().map(|&word| f(word)).collect();
        if let Some(last) = words.last_mut() {
            *last &= last_word_mask(self.len);
        }
        Self { len: self.len, words }
    }
}

/// Ones for the bits that the last word of a vector of `len` bits holds.
#[must_use]
pub(crate) const fn last_word_mask(len: usize) -> u64 {
    match len % 64 {
        0 => u64::MAX,
        used => (1 << used) - 1,
    }
}

impl FromIterator<bool> for Bits {
    fn from_iter<I: IntoIterator<Item = bool>>(bits: I) -> Self {
        let mut packed = Self::default();
        for bit in bits {
            if packed.len.is_multiple_of(64) {
                packed.words.push(0);
            }
            if let Some(word) = packed.words.last_mut() {
                *word |= u64::from(bit) << (packed.len % 64);
            }
            packed.len += 1;
        }
        packed
    }
}

impl From<Vec<bool>> for Bits {
    fn from(bits: Vec<bool>) -> Self {
        bits.into_iter().collect()
    }
}

impl From<&[bool]> for Bits {
    fn from(bits: &[bool]) -> Self {
        bits.iter().copied().collect()
    }
}

impl fmt::Debug for Bits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bits(")?;
        for bit in self.iter() {
            f.write_str(if bit { "1" } else { "0" })?;
        }
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packs_and_unpacks() {
        let bits: Bits = (0..130).map(|i| i % 3 == 0).collect();
        assert_eq!(bits.len(), 130);
        assert_eq!(bits.count_ones(), 44);
        assert!(bits.get(129) && !bits.get(130) && !bits.get(1));
        assert_eq!(Bits::from_words(130, bits.words().to_vec()).unwrap(), bits);
        assert!(Bits::from_words(3, vec![8]).is_err());
        assert!(Bits::from_words(64, vec![1, 1]).is_err());
        assert_eq!(bits.map_words(|w| !w).count_ones(), 86);
    }
}
