//! [`GroupsThreat`]: groups of coordinates with noise and caps of their own.

use super::{ThreatModel, UniformThreat, Unit};
use crate::{
    Error, Interval, Lower, Upper,
    error::Parameter,
    trade_off::{Lattice, Region, Slopes, TradeOff, dual_lower},
};

/// Coordinates that share a noise: `K` values, kept with probability `β`, of which an attacker may change at most `cap`.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    name: String,
    noise: UniformThreat,
    values: u32,
    keep: Interval,
    cap: u32,
}

impl Group {
    /// A group called `name` (as in "training pixels") of `cap` coordinates.
    ///
    /// # Errors
    /// As [`UniformThreat::new`].
    pub fn new(name: impl Into<String>, values: u32, keep: Interval, cap: u32) -> Result<Self, Error> {
        Ok(Self { name: name.into(), noise: UniformThreat::new(values, keep, cap)?, values, keep, cap })
    }
}

/// An attacker who changes up to `r` coordinates in all, over several groups with noise of their own.
///
/// Covers training data and test input at once (Wang et al. 2020, Eq. 6–7, where pixels and labels may have different
/// noise): the worst allocation of the `r` changes to the groups is found by minimizing over *all* allocations, since it is
/// often a mixed one.
///
/// Two prunings keep that fast, and neither can miss the minimum. A group whose single change is provably at least as strong
/// as another's at every probability is used up first (Blackwell dominance, which products preserve). And an allocation
/// whose dual bound, at the slopes of the worst one so far, is not below the worst is not looked at more closely.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupsThreat {
    /// Groups that surely have the same noise are merged.
    groups: Vec<Group>,
    outcomes: Vec<Vec<Region>>,
    /// `dominates[g]` lists the groups that are used only once `g` is used up.
    dominates: Vec<Vec<usize>>,
}

impl GroupsThreat {
    /// The attack on the given groups.
    ///
    /// # Errors
    /// [`Error::Parameter`] if there is no group.
    pub fn new(groups: impl IntoIterator<Item = Group>) -> Result<Self, Error> {
        let mut merged: Vec<Group> = Vec::new();
        for group in groups {
            // Equal intervals mean equal probabilities only where they are points.
            let same = |known: &&mut Group| {
                group.keep.is_exact() && known.values == group.values && known.keep == group.keep
            };
            match merged.iter_mut().find(same) {
                Some(known) => {
                    known.cap = known.cap.saturating_add(group.cap);
                    known.name = format!("{}, {}", known.name, group.name);
                }
                None => merged.push(group),
            }
        }
        if merged.is_empty() {
            return Err(Error::Parameter(Parameter {
                name: "groups",
                given: "none".to_owned(),
                expected: "at least one group of coordinates",
            }));
        }
        let outcomes: Vec<Vec<Region>> = merged.iter().map(|group| group.noise.outcomes()).collect();
        let single: Vec<TradeOff> = outcomes.iter().map(|o| TradeOff::from_regions(o.clone())).collect();
        let dominates = single
            .iter()
            .enumerate()
            .map(|(g, strong)| {
                let weaker = |(h, weak): (usize, &TradeOff)| {
                    // Of two that dominate each other only the first counts, or neither would ever be used.
                    let applies = h != g && strong.dominates(weak);
                    let mutual = applies && weak.dominates(strong);
                    (applies && (!mutual || g < h)).then_some(h)
                };
                single.iter().enumerate().filter_map(weaker).collect()
            })
            .collect();
        Ok(Self { groups: merged, outcomes, dominates })
    }

    /// The threshold at every radius from 0 to `maximum`, over the worst allocation; see [`UniformThreat::thresholds`].
    #[must_use]
    pub fn thresholds(&self, maximum: u32) -> Vec<Upper> {
        let most = maximum.min(self.maximum().unwrap_or(u32::MAX));
        let lattices = self.lattices(most);
        (0..=most)
            .map(|r| {
                let mut worst = Upper::HALF;
                if r == 0 {
                    return worst;
                }
                self.each_allocation(r, |allocation| {
                    let regions = product(&lattices, allocation);
                    worst = worst.and(TradeOff::from_regions(regions).threshold());
                });
                worst
            })
            .collect()
    }

    /// The lattices of 0, 1, …, `most` changes in each group.
    fn lattices(&self, most: u32) -> Vec<Vec<Lattice>> {
        let powers = |(group, outcomes): (&Group, &Vec<Region>)| {
            let mut lattices = vec![Lattice::unchanged()];
            for _ in 0..group.cap.min(most) {
                let next = lattices.last().map_or_else(Lattice::unchanged, |last| last.with(outcomes));
                lattices.push(next);
            }
            lattices
        };
        self.groups.iter().zip(&self.outcomes).map(powers).collect()
    }

    /// Visits every allocation of `r` changes that no other one dominates.
    fn each_allocation(&self, r: u32, mut visit: impl FnMut(&[u32])) {
        let mut allocation = vec![0; self.groups.len()];
        self.allocate(0, r, &mut allocation, &mut visit);
    }

    fn allocate(&self, group: usize, left: u32, allocation: &mut Vec<u32>, visit: &mut dyn FnMut(&[u32])) {
        let caps_after: u32 = self.groups.iter().skip(group + 1).fold(0, |sum, g| sum.saturating_add(g.cap));
        let Some(cap) = self.groups.get(group).map(|g| g.cap) else {
            if !self.wasteful(allocation) {
                visit(allocation);
            }
            return;
        };
        for share in left.saturating_sub(caps_after)..=cap.min(left) {
            if let Some(slot) = allocation.get_mut(group) {
                *slot = share;
            }
            self.allocate(group + 1, left - share, allocation, visit);
        }
    }

    /// Whether a weaker group is used although a stronger one has changes left.
    fn wasteful(&self, allocation: &[u32]) -> bool {
        self.groups.iter().zip(&self.dominates).zip(allocation).any(|((group, weaker), &used)| {
            used < group.cap && weaker.iter().any(|&g| allocation.get(g).is_some_and(|&share| share > 0))
        })
    }
}

/// The regions of a product over groups.
fn product(lattices: &[Vec<Lattice>], allocation: &[u32]) -> Vec<Region> {
    let mut regions = vec![Region::CERTAIN];
    for (powers, &share) in lattices.iter().zip(allocation) {
        let Some(lattice) = powers.get(share as usize) else { continue };
        if share > 0 {
            regions =
                lattice.regions().iter().flat_map(|&a| regions.iter().map(move |&b| a.and(b))).collect();
        }
    }
    regions
}

impl ThreatModel for GroupsThreat {
    fn describe(&self) -> String {
        let parts: Vec<String> =
            self.groups.iter().map(|group| format!("{} ({})", group.name, group.cap)).collect();
        format!("changes up to r coordinates in all of: {}", parts.join("; "))
    }

    fn unit(&self) -> Unit {
        Unit::Coordinates
    }

    fn maximum(&self) -> Option<u32> {
        Some(self.groups.iter().fold(0, |sum, group| sum.saturating_add(group.cap)))
    }

    fn lower_bound(&self, top: Lower, r: u32) -> Lower {
        if r == 0 {
            return top;
        }
        let r = r.min(self.maximum().unwrap_or(u32::MAX));
        let lattices = self.lattices(r);
        let mut worst: Option<Lower> = None;
        let mut slopes: Option<Slopes> = None;
        self.each_allocation(r, |allocation| {
            let regions = product(&lattices, allocation);
            if let (Some(slopes), Some(worst)) = (slopes, worst) {
                let quick = dual_lower(&regions, slopes, top);
                if quick.p() >= worst.p() && quick.rest() <= worst.rest() {
                    return;
                }
            }
            let trade_off = TradeOff::from_regions(regions);
            let value = trade_off.lower(top);
            let so_far = worst.unwrap_or(Lower::ONE);
            if value.p() < so_far.p() || value.rest() > so_far.rest() {
                slopes = Some(trade_off.slopes_at(top));
            }
            worst = Some(so_far.and(value));
        });
        worst.unwrap_or(Lower::ZERO)
    }
}
