//! [`FlipThreat`]: bits that the attacker flips, under noise with different rates for zeros and ones.

use super::{ThreatModel, Unit};
use crate::{
    ClassBounds, Interval, Lower,
    trade_off::{Lattice, Region, TradeOff},
};

/// An attacker who turns up to `rₐ` zeros into ones and up to `r_d` ones into zeros, under noise that turns zeros into ones
/// with probability `p₊` and ones into zeros with probability `p₋` (Bojchevski et al. 2020, Section 5).
///
/// A coordinate that the attacker raised shows a one with probability `p₊` against `1 − p₋`; one that it lowered shows a
/// one with probability `1 − p₋` against `p₊`. All regions are powers of one ratio: `rₐ + r_d + 1` of them.
///
/// As a [`ThreatModel`] it counts changes of either kind together and takes the worst mixture.
#[derive(Clone, Debug, PartialEq)]
pub struct FlipThreat {
    zero_to_one: Interval,
    one_to_zero: Interval,
    zeros: u32,
    ones: u32,
}

impl FlipThreat {
    /// The attack on an input with so many `zeros` and `ones`, under noise with rates `zero_to_one = p₊` and
    /// `one_to_zero = p₋`. Rates of zero are allowed.
    #[must_use]
    pub const fn new(zero_to_one: Interval, one_to_zero: Interval, zeros: u32, ones: u32) -> Self {
        Self { zero_to_one, one_to_zero, zeros, ones }
    }

    /// The trade-off of exactly `raised` zeros turned into ones and `lowered` ones turned into zeros.
    #[must_use]
    pub fn trade_off(&self, raised: u32, lowered: u32) -> TradeOff {
        let up = self.zero_to_one.enclosure();
        let stays_zero = self.zero_to_one.complement().enclosure();
        let down = self.one_to_zero.enclosure();
        let stays_one = self.one_to_zero.complement().enclosure();
        // By exponent of (p₊ / (1 − p₋)) / ((1 − p₊) / p₋), for a raised zero: shows a zero, shows a one.
        let raise =
            [Region { clean: stays_zero, adversarial: down }, Region { clean: up, adversarial: stays_one }];
        // For a lowered one: shows a one, shows a zero.
        let lower =
            [Region { clean: stays_one, adversarial: up }, Region { clean: down, adversarial: stays_zero }];
        Lattice::unchanged().with_many(&raise, raised).with_many(&lower, lowered).trade_off()
    }

    /// Whether the bounded class stays strictly ahead after any `raised` zeros became ones and any `lowered` ones became
    /// zeros.
    #[must_use]
    pub fn survives_flips(&self, bounds: &ClassBounds, raised: u32, lowered: u32) -> bool {
        let trade_off = self.trade_off(raised.min(self.zeros), lowered.min(self.ones));
        trade_off.lower(bounds.top()).exceeds(trade_off.upper(bounds.runner_up()))
    }

    /// The frontier of survivable attacks: for `raised = 0, 1, …`, the largest `lowered` that is still survived. Empty if
    /// the class is not ahead even unattacked.
    #[must_use]
    pub fn frontier(&self, bounds: &ClassBounds) -> Vec<u32> {
        let mut frontier = Vec::new();
        let mut lowered = self.ones.min(super::SEARCH_LIMIT);
        for raised in 0..=self.zeros.min(super::SEARCH_LIMIT) {
            // The frontier never rises, so the search for the first entry goes up and later ones go down.
            if raised == 0 {
                lowered =
                    (0..=lowered).take_while(|&l| self.survives_flips(bounds, 0, l)).last().unwrap_or(0);
            }
            while lowered > 0 && !self.survives_flips(bounds, raised, lowered) {
                lowered -= 1;
            }
            if !self.survives_flips(bounds, raised, lowered) {
                break;
            }
            frontier.push(lowered);
        }
        frontier
    }

    /// The mixtures of `r` changes that exist on this input.
    fn mixtures(&self, r: u32) -> impl Iterator<Item = (u32, u32)> + use<> {
        let (zeros, ones) = (self.zeros, self.ones);
        let r = r.min(zeros.saturating_add(ones));
        (r.saturating_sub(ones)..=r.min(zeros)).map(move |raised| (raised, r - raised))
    }
}

impl ThreatModel for FlipThreat {
    fn describe(&self) -> String {
        format!("flips up to r of {} bits", u64::from(self.zeros) + u64::from(self.ones))
    }

    fn unit(&self) -> Unit {
        Unit::Coordinates
    }

    fn maximum(&self) -> Option<u32> {
        Some(self.zeros.saturating_add(self.ones))
    }

    fn lower_bound(&self, top: Lower, r: u32) -> Lower {
        if r == 0 {
            return top;
        }
        let symmetric = self.zero_to_one == self.one_to_zero;
        self.mixtures(r)
            .take(if symmetric { 1 } else { usize::MAX })
            .map(|(raised, lowered)| self.trade_off(raised, lowered).lower(top))
            .fold(Lower::ONE, Lower::and)
    }
}
