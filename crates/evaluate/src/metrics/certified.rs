//! [`CertifiedCurve`]: certified accuracy by radius.

use super::Share;
use serde::{Deserialize, Serialize};
use steadfast_certify::Radius;

/// The certified radii of all texts against one attacker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertifiedCurve {
    /// Noise and attacker.
    pub name: String,
    /// By text: the radius at which its true class is certified; nothing where another class is, or none.
    pub radii: Vec<Option<u32>>,
}

impl CertifiedCurve {
    /// A curve over all texts, the uncertified ones included.
    #[must_use]
    pub fn new(name: impl Into<String>, radii: impl IntoIterator<Item = Option<u32>>) -> Self {
        Self { name: name.into(), radii: radii.into_iter().collect() }
    }

    /// A curve of what certificates and threats give as radii; those without a limit cover any number of changes.
    #[must_use]
    pub fn of_radii(name: impl Into<String>, radii: impl IntoIterator<Item = Option<Radius>>) -> Self {
        let count = |radius| match radius {
            Radius::Count(radius, _) => radius,
            _ => u32::MAX,
        };
        Self::new(name, radii.into_iter().map(|radius| radius.map(count)))
    }

    /// The texts whose true class is certified at `radius`.
    ///
    /// Its interval is about other texts, at this radius alone; that each certificate may be false with probability `α` comes on
    /// top.
    #[must_use]
    pub fn at(&self, radius: u32) -> Share {
        Share::count(
            self.radii.iter().map(|certified| certified.is_some_and(|certified| certified >= radius)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uncertified_texts_count_and_certified_ones_reach_down() {
        let curve = CertifiedCurve::new("any", [Some(2), None, Some(0), Some(u32::MAX)]);
        assert_eq!([0, 1, 2, 3].map(|radius| curve.at(radius).hits()), [3, 2, 2, 1]);
        assert_eq!(curve.at(7).of(), 4);
    }
}
