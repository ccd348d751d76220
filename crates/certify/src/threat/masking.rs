//! [`MaskingThreat`] and [`AblationThreat`]: replaced words, under noise that hides words and keeps their places.

use super::{ThreatModel, Unit};
use crate::{
    Error, Interval, Lower,
    error::Parameter,
    round::{Enclosure, sub_down},
};

/// An attacker who replaces words, under noise that masks each word independently with probability `ω`.
///
/// The two noisy texts are alike exactly where all `r` replaced words are masked, so a class of probability `p` keeps
/// `p − 1 + ωʳ`, which no bound can improve. Length and places are kept, so insertions and deletions are not covered: they
/// shift every word behind them.
#[derive(Clone, Debug, PartialEq)]
pub struct MaskingThreat {
    mask: Interval,
    words: u32,
}

impl MaskingThreat {
    /// The attack on a text of so many `words`, each masked with probability `mask = ω`.
    #[must_use]
    pub fn new(mask: Interval, words: usize) -> Self {
        Self { mask, words: u32::try_from(words).unwrap_or(u32::MAX) }
    }
}

impl ThreatModel for MaskingThreat {
    fn describe(&self) -> String {
        format!("replaces up to r of {} words by any others", self.words)
    }

    fn unit(&self) -> Unit {
        Unit::Words
    }

    fn maximum(&self) -> Option<u32> {
        Some(self.words)
    }

    fn lower_bound(&self, top: Lower, r: u32) -> Lower {
        let r = r.min(self.words);
        if r == 0 { top } else { beyond(top, self.mask.enclosure().power(r)) }
    }
}

/// An attacker who replaces words, under noise that keeps exactly `k` of `n` words and masks the others, all subsets being
/// equally likely (`RanMASK`, Zeng et al. 2023; Levine and Feizi 2020).
///
/// None of `r` replaced words is kept with probability `C(n − r, k) / C(n, k)`, hence a class of probability `p` keeps
/// `p − 1 + C(n − r, k) / C(n, k)`. The search of `RanMASK`'s released code returns the first radius that fails, one too many.
#[derive(Clone, Debug, PartialEq)]
pub struct AblationThreat {
    words: u32,
    kept: u32,
}

impl AblationThreat {
    /// The attack on a text of `words` words of which the noise keeps exactly `kept`.
    ///
    /// # Errors
    /// [`Error::Parameter`] if more are kept than there are.
    pub fn new(words: u32, kept: u32) -> Result<Self, Error> {
        if kept > words {
            return Err(Error::Parameter(Parameter {
                name: "kept words",
                given: format!("{kept} of {words}"),
                expected: "at most as many as the text has",
            }));
        }
        Ok(Self { words, kept })
    }

    /// The probability that none of `r` given words is kept: `C(n − r, k) / C(n, k)`.
    fn none_kept(&self, r: u32) -> Enclosure {
        let hidden = self.words - self.kept;
        if r > hidden {
            return Enclosure::ZERO;
        }
        // Both products are the same number; the shorter one is taken.
        let (factors, top) = if r < self.kept { (r, hidden) } else { (self.kept, self.words - r) };
        (0..factors).fold(Enclosure::ONE, |product, j| {
            product * Enclosure::ratio(u64::from(top - j), u64::from(self.words - j))
        })
    }
}

impl ThreatModel for AblationThreat {
    fn describe(&self) -> String {
        format!("replaces up to r of {} words by any others", self.words)
    }

    fn unit(&self) -> Unit {
        Unit::Words
    }

    fn maximum(&self) -> Option<u32> {
        Some(self.words)
    }

    fn lower_bound(&self, top: Lower, r: u32) -> Lower {
        let r = r.min(self.words);
        if r == 0 { top } else { beyond(top, self.none_kept(r)) }
    }
}

/// What is left of `top` when the noisy inputs are alike with probability `alike` and nothing is known otherwise.
pub(super) fn beyond(top: Lower, alike: Enclosure) -> Lower {
    Lower::from_p(sub_down(alike.lower, top.rest()))
}
