//! [`Fingerprint`] and [`NoiseFingerprint`]: hashes that tie votes to what they depend on.

use siphasher::sip::SipHasher13;
use std::{fmt, hash::Hasher, num::ParseIntError};

/// The `SipHash` of a name and of numbers, in order.
pub(crate) fn hash(name: &str, numbers: impl IntoIterator<Item = u64>) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write_u64(name.len() as u64);
    hasher.write(name.as_bytes());
    for number in numbers {
        hasher.write_u64(number);
    }
    hasher.finish()
}

/// A hash of whatever votes depend on besides the noise: a classifier, its settings, a run.
///
/// Fingerprints are stable across platforms and versions of the standard library. They tell honest mistakes apart; they are
/// no protection against somebody who forges one.
///
/// ```
/// use steadfast_certify::Fingerprint;
///
/// assert_ne!(Fingerprint::new("weights", [1, 2]), Fingerprint::new("weights", [2, 1]));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "String", into = "String"))]
pub struct Fingerprint(u64);

/// The fingerprint of a distribution of noisy inputs: of every parameter of the noise, and of the clean input.
///
/// Votes carry the fingerprint they were drawn under, and a [`Threat`](crate::Threat) carries the one it is about. A
/// certificate accepts only equal ones, so votes on one input, or under one noise, certify nothing about another.
///
/// ```
/// use steadfast_certify::NoiseFingerprint;
///
/// assert_ne!(NoiseFingerprint::new("bit-flips", [1, 2]), NoiseFingerprint::new("bit-flips", [2, 1]));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "String", into = "String"))]
pub struct NoiseFingerprint(u64);

macro_rules! fingerprints {
    ($($name:ident),*) => {$(
        impl $name {
            /// The fingerprint of the family `name` with the given numbers, in the order in which the family documents them.
            #[must_use]
            pub fn new(name: &str, numbers: impl IntoIterator<Item = u64>) -> Self {
                Self(hash(name, numbers))
            }

            /// The 64 bits of the hash.
            #[must_use]
            pub const fn value(self) -> u64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:016x}", self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        /// Hexadecimal text, because JSON readers round large integers.
        impl From<$name> for String {
            fn from(fingerprint: $name) -> Self {
                fingerprint.to_string()
            }
        }

        impl TryFrom<String> for $name {
            type Error = ParseIntError;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                u64::from_str_radix(&text, 16).map(Self)
            }
        }
    )*};
}
fingerprints!(Fingerprint, NoiseFingerprint);

impl NoiseFingerprint {
    /// The noise of one input, by number, where this is the noise of several inputs together.
    #[must_use]
    pub fn of_input(self, number: u64) -> Self {
        Self::new("input", [self.0, number])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_tell_names_numbers_and_their_order_apart() {
        let known = Fingerprint::new("a", [0, 1]);
        for other in
            [Fingerprint::new("b", [0, 1]), Fingerprint::new("a", [1, 0]), Fingerprint::new("a", [0])]
        {
            assert_ne!(known, other);
        }
        assert_eq!(Fingerprint::try_from(known.to_string()).unwrap(), known);
        assert_eq!(NoiseFingerprint::new("a", [7]).value(), crate::seed::derive("a", [7]));
        assert!(Fingerprint::try_from("no digits".to_owned()).is_err());
    }
}
