//! Products of coordinates whose likelihood ratios are powers of one number.
//!
//! For the noises of this crate, a coordinate's outcomes have ratios `c·uˢ` with small integers `s`. The regions of a
//! product are then numbered by the sum of the `s`, and adding a coordinate is a multiplication of polynomials. Regions
//! are merged only where their ratios are equal by construction.

use super::{Region, TradeOff};

/// Regions numbered by exponent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Lattice {
    regions: Vec<Region>,
}

impl Lattice {
    /// No coordinate differs: one region.
    pub(crate) fn unchanged() -> Self {
        Self { regions: vec![Region::CERTAIN] }
    }

    /// One more coordinate, whose outcome `s` has exponent `s`.
    pub(crate) fn with(&self, outcomes: &[Region]) -> Self {
        let mut regions = vec![Region::IMPOSSIBLE; self.regions.len() + outcomes.len() - 1];
        for (shift, &outcome) in outcomes.iter().enumerate() {
            if outcome.is_impossible() {
                continue;
            }
            for (sum, &region) in regions.iter_mut().skip(shift).zip(&self.regions) {
                *sum = sum.or(region.and(outcome));
            }
        }
        Self { regions }
    }

    /// `count` more coordinates of one kind.
    pub(crate) fn with_many(&self, outcomes: &[Region], count: u32) -> Self {
        (0..count).fold(self.clone(), |lattice, _| lattice.with(outcomes))
    }

    pub(crate) fn regions(&self) -> &[Region] {
        &self.regions
    }

    pub(crate) fn trade_off(&self) -> TradeOff {
        let mut regions = self.regions.clone();
        regions.retain(|region| !region.is_impossible());
        // Ratios are monotone in the exponent, so two of them tell the order of all.
        let ascending =
            regions.first().zip(regions.last()).is_some_and(|(first, last)| first.ratio() < last.ratio());
        if ascending {
            regions.reverse();
        }
        TradeOff { regions }
    }
}
