//! [`SynonymThreat`]: words replaced within fixed sets, under noise that substitutes words.

use super::{ThreatModel, Unit, masking::beyond};
use crate::{
    Composition, Error, Lower, Upper,
    error::Parameter,
    round::Enclosure,
    trade_off::{Curve, TOTAL},
};

/// One word that an attacker may put in the place of another: the laws of what the noise makes of either.
///
/// Laws are integer weights out of 2³², the numbers that the sampler draws from.
#[derive(Clone, Debug, PartialEq)]
pub struct SubstitutionPair(Curve);

impl SubstitutionPair {
    /// The weights `(clean, adversarial)` of every outcome.
    ///
    /// # Errors
    /// [`Error::Parameter`] unless either law's weights sum to 2³².
    pub fn new(outcomes: &[(u64, u64)]) -> Result<Self, Error> {
        let sum = |weight: fn(&(u64, u64)) -> u64| {
            outcomes.iter().try_fold(0_u64, |sum, outcome| sum.checked_add(weight(outcome)))
        };
        if sum(|outcome| outcome.0) != Some(TOTAL) || sum(|outcome| outcome.1) != Some(TOTAL) {
            return Err(Error::Parameter(Parameter {
                name: "weights of a swap",
                given: format!("{} outcomes whose weights do not sum to 2³²", outcomes.len()),
                expected: "all outcomes of both laws, each law's weights summing to 2³²",
            }));
        }
        Ok(Self(Curve::new(outcomes)))
    }

    /// The swap that leaves nothing in common: the worst there is.
    #[must_use]
    pub fn disjoint() -> Self {
        Self(Curve::new(&[(TOTAL, 0), (0, TOTAL)]))
    }

    /// The probability mass that both laws share, in units of 2⁻³²: 2³² for equal laws.
    #[must_use]
    pub fn overlap(&self) -> u64 {
        self.0.overlap()
    }
}

/// An attacker who replaces words of a text, each by any word of a fixed set, under noise that substitutes every word
/// independently by a law of its own.
///
/// The attacker chooses which `r` words and which replacements. Two bounds hold, and the better one is taken:
///
/// - the overlap product `p − 1 + ∏ o` over the `r` smallest overlaps (SAFER, Ye et al. 2020, with the overlap of the true
///   laws);
/// - the trade-off of the product of `r` envelopes: words are ranked by overlap, and the `k`-th envelope is the lower convex
///   hull of the trade-off functions of all swaps at ranks `k` and later (`docs/theory.md`, section 11).
#[derive(Clone, Debug, PartialEq)]
pub struct SynonymThreat {
    words: usize,
    replaceable: u32,
    /// The product of the `r` smallest overlaps, for `r = 0, 1, …` up to the last one below 1.
    overlaps: Vec<Enclosure>,
    /// The product of the first `r` envelopes, for as many `r`; shorter if nothing can be certified beyond.
    envelopes: Vec<Composition>,
}

impl SynonymThreat {
    /// For so many replaced words envelopes are composed, unless asked for more. Each is kept: at most 128 KiB.
    pub const ENVELOPES: u32 = 64;

    /// The attack on a text, given for each of its words the swaps that the attacker may make; none for a word that it
    /// cannot replace.
    ///
    /// Composes envelopes for up to [`Self::ENVELOPES`] replaced words, until nothing is left to certify; see
    /// [`Composition`] for the cost of one.
    #[must_use]
    pub fn new(text: impl IntoIterator<Item = Vec<SubstitutionPair>>) -> Self {
        Self::up_to(Self::ENVELOPES, text)
    }

    /// The same attack, with envelopes for up to `swaps` replaced words; beyond, the overlap product stands alone.
    #[must_use]
    pub fn up_to(swaps: u32, text: impl IntoIterator<Item = Vec<SubstitutionPair>>) -> Self {
        let mut words = 0;
        let mut curves: Vec<(u64, Curve)> = Vec::new();
        for swaps in text {
            words += 1;
            let hull = swaps.into_iter().map(|swap| swap.0).reduce(|hull, curve| hull.hull(&curve));
            curves.extend(hull.map(|hull| (hull.overlap(), hull)));
        }
        let replaceable = u32::try_from(curves.len()).unwrap_or(u32::MAX);
        // Swaps between equal laws change nothing, however many there are.
        curves.retain(|(overlap, _)| *overlap < TOTAL);
        curves.sort_by_key(|(overlap, _)| *overlap);
        let mut product = Enclosure::ONE;
        let overlaps = curves.iter().map(|&(overlap, _)| {
            product = product * Enclosure::exact(overlap as f64 / TOTAL as f64);
            product
        });
        let overlaps = std::iter::once(Enclosure::ONE).chain(overlaps).collect();

        let mut envelopes: Vec<Curve> = Vec::with_capacity(curves.len());
        for (_, curve) in curves.into_iter().rev() {
            envelopes.push(match envelopes.last() {
                Some(later) => later.hull(&curve),
                None => curve,
            });
        }
        let mut product = Composition::identity();
        let mut compositions = vec![product.clone()];
        for envelope in envelopes.into_iter().rev().take(swaps as usize) {
            product = product.with(&envelope.trade_off());
            compositions.push(product.clone());
            // Even a class of probability one can fall to a half.
            if !product.lower(Lower::ONE).exceeds(Upper::HALF) {
                break;
            }
        }
        Self { words, replaceable, overlaps, envelopes: compositions }
    }

    /// The overlap product alone: what a certificate without envelopes would say.
    ///
    /// # Guarantee
    /// Rounded down.
    #[must_use]
    pub fn overlap_bound(&self, top: Lower, r: u32) -> Lower {
        let overlap = self.overlaps.get(r as usize).or(self.overlaps.last());
        if r == 0 { top } else { beyond(top, overlap.copied().unwrap_or(Enclosure::ZERO)) }
    }
}

impl ThreatModel for SynonymThreat {
    fn describe(&self) -> String {
        format!(
            "replaces up to r of {} words by words of their sets ({} of them have any)",
            self.words, self.replaceable
        )
    }

    fn unit(&self) -> Unit {
        Unit::Words
    }

    /// The words whose replacement changes anything: swaps between equal laws are free.
    fn maximum(&self) -> Option<u32> {
        Some(u32::try_from(self.overlaps.len() - 1).unwrap_or(u32::MAX))
    }

    fn lower_bound(&self, top: Lower, r: u32) -> Lower {
        let overlap = self.overlap_bound(top, r);
        // Where composing stopped, either nothing is left to certify or no further word matters.
        let composed = (r as usize).min(self.overlaps.len() - 1);
        match self.envelopes.get(composed) {
            Some(envelopes) if r > 0 => overlap.or(envelopes.lower(top)),
            _ => overlap,
        }
    }
}
