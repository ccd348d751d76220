//! [`UniformThreat`]: any `r` coordinates of a `K`-valued input take any other values.

use super::{ThreatModel, Unit};
use crate::{
    Error, Interval, Lower, Upper,
    error::Parameter,
    round::{Enclosure, integer},
    trade_off::{Lattice, Region},
};

/// An attacker who sets up to `r` coordinates to any other of `K` values, under noise that keeps a coordinate with
/// probability `β` and otherwise draws one of the others uniformly.
///
/// Only the `r` changed coordinates matter, whatever the dimension: each shows the clean value (`β` against `θ`), the
/// adversarial one (`θ` against `β`), or a third (`θ` against `θ`), with `θ = (1 − β)/(K − 1)`. That makes `2r + 1`
/// regions of ratio `(β/θ)ˢ` (Lee et al. 2019, Section 4; Wang et al. 2020, Eq. 2–7 through it), or `r + 1` for `K = 2`.
/// Any `β` in (0, 1) is allowed.
#[derive(Clone, Debug, PartialEq)]
pub struct UniformThreat {
    values: u32,
    keep: Interval,
    coordinates: u32,
}

impl UniformThreat {
    /// The attack on an input of `coordinates` coordinates out of `values` values, kept with probability `keep = β`.
    ///
    /// Samplers make threats from their own rates ([`UniformNoise::threat`](crate::UniformNoise::threat)); this
    /// constructor is for reproducing published numbers and for other people's votes.
    ///
    /// # Errors
    /// [`Error::Parameter`] for fewer than two values or `β` outside (0, 1).
    pub fn new(values: u32, keep: Interval, coordinates: u32) -> Result<Self, Error> {
        if values < 2 {
            return Err(Error::Parameter(Parameter {
                name: "number of values K",
                given: values.to_string(),
                expected: "at least 2",
            }));
        }
        if keep.lower().p() <= 0.0 || keep.upper().rest() <= 0.0 {
            return Err(Error::Parameter(Parameter {
                name: "probability β of keeping a coordinate",
                given: format!("{}", keep.lower().p()),
                expected: "a probability strictly between 0 and 1",
            }));
        }
        Ok(Self { values, keep, coordinates })
    }

    /// What one changed coordinate can show, by the exponent of its ratio.
    pub(crate) fn outcomes(&self) -> Vec<Region> {
        let keep = self.keep.enclosure();
        let change = self.keep.complement().enclosure();
        let other = if self.values == 2 { change } else { change / integer(u64::from(self.values) - 1) };
        let adversarial_value = Region { clean: other, adversarial: keep };
        let clean_value = Region { clean: keep, adversarial: other };
        if self.values == 2 {
            return vec![adversarial_value, clean_value];
        }
        let third: Enclosure = other * integer(u64::from(self.values) - 2);
        vec![adversarial_value, Region { clean: third, adversarial: third }, clean_value]
    }

    /// The threshold at every radius from 0 to `maximum`: the class probability that must be strictly exceeded for a
    /// binary (one-against-rest) certificate.
    ///
    /// # Guarantee
    /// Never below the exact `ρ_r⁻¹(½)`.
    #[must_use]
    pub fn thresholds(&self, maximum: u32) -> Vec<Upper> {
        let outcomes = self.outcomes();
        let mut lattice = Lattice::unchanged();
        let mut thresholds = vec![Upper::HALF];
        for _ in 0..maximum.min(self.coordinates) {
            lattice = lattice.with(&outcomes);
            thresholds.push(lattice.trade_off().threshold());
        }
        thresholds
    }
}

impl ThreatModel for UniformThreat {
    fn describe(&self) -> String {
        format!(
            "changes up to r of {} coordinates, each to any of its {} values",
            self.coordinates, self.values
        )
    }

    fn unit(&self) -> Unit {
        Unit::Coordinates
    }

    fn maximum(&self) -> Option<u32> {
        Some(self.coordinates)
    }

    fn lower_bound(&self, top: Lower, r: u32) -> Lower {
        if r == 0 {
            return top;
        }
        Lattice::unchanged().with_many(&self.outcomes(), r.min(self.coordinates)).trade_off().lower(top)
    }
}
