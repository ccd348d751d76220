//! [`Rates`]: the rates at which segments are mutated, inside the vulnerable area and elsewhere, for one overall rate.

use crate::FuzzError;
use steadfast_certify::Rate;

/// `ω_M`, the overall rate, and `ω_H ≥ ω_M`, the rate inside the area (FRS, Eq. 11).
///
/// The rate elsewhere follows from the area's size. With equal rates randomization is uniform and ignores the area.
///
/// ```
/// use steadfast_certify::Rate;
/// use steadfast_fuzz::Rates;
///
/// let rates = Rates::new(Rate::new(0.2)?, Rate::new(0.9)?)?;
/// // Of 20 words, 4 are randomized in expectation: 1.8 of the 2 in the area, so 2.2 of the 18 others.
/// let weights = rates.weights(2, 20);
/// assert!((weights.rest.value() - 2.2 / 18.0).abs() < 1e-9);
/// # Ok::<(), steadfast_fuzz::FuzzError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Unchecked", into = "Unchecked"))]
pub struct Rates {
    overall: Rate,
    area: Rate,
}

impl Rates {
    /// The overall rate `ω_M` and the rate `ω_H` inside the area.
    ///
    /// # Errors
    /// [`FuzzError::Parameter`] unless `0 < ω_M ≤ ω_H`, since no rate elsewhere could keep the overall rate.
    pub fn new(overall: Rate, area: Rate) -> Result<Self, FuzzError> {
        if overall == Rate::NEVER || area < overall {
            let given = format!("ω_M = {overall}, ω_H = {area}");
            return Err(FuzzError::parameter("rates of randomization", given, "0 < ω_M ≤ ω_H"));
        }
        Ok(Self { overall, area })
    }

    /// `ω_M`.
    #[must_use]
    pub const fn overall(&self) -> Rate {
        self.overall
    }

    /// `ω_H`, before it is lowered for a large area.
    #[must_use]
    pub const fn area(&self) -> Rate {
        self.area
    }

    /// The rates for a text of `words` words, `area_words` of them in its area: `ω_H` inside, and `ω_L` elsewhere
    /// such that the expected number of randomized words is `ω_M` times all.
    ///
    /// Where the area is so large that `ω_H` alone exceeds that number, `ω_H` is lowered to it and `ω_L = 0`. Both are
    /// `ω_M` where the area is the whole text or empty.
    #[must_use]
    pub fn weights(&self, area_words: usize, words: usize) -> Weights {
        let (overall, length) = (u64::from(self.overall.numerator()), words as u64);
        let inside = (area_words as u64).min(length);
        // Products stay below 2⁶⁴ for texts of fewer than 2³² words.
        let budget = overall.saturating_mul(length);
        let Some(limit) = budget.checked_div(inside) else {
            return Weights { area: self.overall, rest: self.overall };
        };
        let area = u64::from(self.area.numerator()).min(limit);
        let rest = (budget - area * inside).checked_div(length - inside).unwrap_or(overall);
        let rate = |numerator: u64| Rate::from_numerator(u32::try_from(numerator).unwrap_or(u32::MAX));
        Weights { area: rate(area), rest: rate(rest) }
    }
}

/// The rates that apply to one text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Weights {
    /// `ω_H` inside the area, lowered where the area is large; `ω_M` where there is no area.
    pub area: Rate,
    /// `ω_L` elsewhere.
    pub rest: Rate,
}

#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    overall: Rate,
    area: Rate,
}

#[cfg(feature = "serde")]
impl TryFrom<Unchecked> for Rates {
    type Error = FuzzError;
    fn try_from(unchecked: Unchecked) -> Result<Self, FuzzError> {
        Self::new(unchecked.overall, unchecked.area)
    }
}

#[cfg(feature = "serde")]
impl From<Rates> for Unchecked {
    fn from(Rates { overall, area }: Rates) -> Self {
        Self { overall, area }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rates(overall: f64, area: f64) -> Rates {
        Rates::new(Rate::new(overall).unwrap(), Rate::new(area).unwrap()).unwrap()
    }

    #[test]
    fn the_rest_pays_for_the_area() {
        // 0.2 · 20 = 4 = 0.9 · 2 + ω_L · 18.
        let weights = rates(0.2, 0.9).weights(2, 20);
        assert!((weights.area.value() - 0.9).abs() < 1e-9);
        assert!((weights.rest.value() - 2.2 / 18.0).abs() < 1e-9);
        // An area of half the text would need 0.9 · 10 > 4.
        let weights = rates(0.2, 0.9).weights(10, 20);
        assert!((weights.area.value() - 0.4).abs() < 1e-9);
        assert_eq!(weights.rest, Rate::NEVER);
        for (inside, all) in [(0, 20), (20, 20), (1, 1), (0, 0)] {
            let weights = rates(0.2, 0.9).weights(inside, all);
            assert_eq!(weights.area, Rate::new(0.2).unwrap(), "{inside} of {all}");
        }
        assert_eq!(rates(0.2, 0.2).weights(3, 20).rest, Rate::new(0.2).unwrap());
    }

    #[test]
    fn refuses_rates_that_cannot_keep_the_overall_rate() {
        let [low, high] = [0.2, 0.9].map(|rate| Rate::new(rate).unwrap());
        assert!(matches!(Rates::new(high, low), Err(FuzzError::Parameter { .. })));
        assert!(Rates::new(Rate::NEVER, low).is_err());
    }

    proptest! {
        #[test]
        fn the_overall_rate_is_kept(
            overall in 1_u32..,
            more in any::<u32>(),
            words in 1_usize..5_000,
            share in 0.0..=1.0_f64,
        ) {
            let area = overall.saturating_add(more);
            let rates = Rates::new(Rate::from_numerator(overall), Rate::from_numerator(area)).unwrap();
            let inside = (words as f64 * share) as usize;
            let Weights { area, rest } = rates.weights(inside, words);
            prop_assert!(rest <= rates.overall() && area >= rates.overall().min(rates.area()) && area <= rates.area());
            let expected = u64::from(overall) * words as u64;
            let outside = (words - inside) as u64;
            let kept = u64::from(area.numerator()) * inside as u64 + u64::from(rest.numerator()) * outside;
            // Rates are rounded down to multiples of 2⁻³².
            prop_assert!(kept <= expected && expected - kept <= words as u64, "{kept} of {expected}");
        }
    }
}
