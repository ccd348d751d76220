//! [`Law`]: the fingerprint that ties votes to the noise they were drawn under.

use siphasher::sip::SipHasher13;
use std::{fmt, hash::Hasher};

/// The fingerprint of a distribution of noisy inputs: of every parameter of the noise, and of the clean input.
///
/// Votes carry the law they were drawn under and a threat carries the law it is about; a certificate accepts only equal
/// ones, so that votes on one input, or under one noise, certify nothing about another. Fingerprints are stable across
/// platforms and versions of the standard library.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "String", into = "String"))]
pub struct Law(u64);

impl Law {
    /// The law of the family `name` with the given numbers, in the order in which the family documents them.
    ///
    /// ```
    /// use steadfast_certify::Law;
    ///
    /// assert_ne!(Law::new("bit-flips", [1, 2]), Law::new("bit-flips", [2, 1]));
    /// ```
    #[must_use]
    pub fn new(name: &str, numbers: impl IntoIterator<Item = u64>) -> Self {
        let mut hasher = SipHasher13::new();
        hasher.write_u64(name.len() as u64);
        hasher.write(name.as_bytes());
        for number in numbers {
            hasher.write_u64(number);
        }
        Self(hasher.finish())
    }

    /// The law of one input, by number, where this is the law of several inputs together.
    #[must_use]
    pub fn of_input(self, input: u64) -> Self {
        Self::new("input", [self.0, input])
    }

    /// The fingerprint.
    #[must_use]
    pub const fn fingerprint(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Law({self})")
    }
}

/// Hexadecimal text, because JSON readers round large integers.
impl From<Law> for String {
    fn from(law: Law) -> Self {
        law.to_string()
    }
}

impl TryFrom<String> for Law {
    type Error = std::num::ParseIntError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        u64::from_str_radix(&text, 16).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_stable() {
        assert_eq!(Law::new("bit-flips", [429_496_730, 429_496_730]).to_string().len(), 16);
        assert_eq!(Law::new("a", [0]), Law::new("a", [0]));
        assert_ne!(Law::new("a", [0]), Law::new("b", [0]));
        assert_ne!(Law::new("a", [0]), Law::new("a", [0, 0]));
        assert_eq!(Law::try_from(Law::new("a", [7]).to_string()).unwrap(), Law::new("a", [7]));
    }
}
