//! The robustness condition of FRS (He et al., ICLR 2025), with its assumptions.
//!
//! FRS finds a *vulnerable area* of a text by tree search, randomizes each of its segments with probability `ω_H`, lets
//! `K` smoothed models vote, and claims robustness against a trigger of `m` tokens if `p − β Δ > ½` with `Δ = 1 − ωᵐ`
//! (Theorem 1, Equations 16 and 17). The algebra is that of deletion noise
//! ([`EditThreat`](steadfast_certify::EditThreat)), but it is no certificate, since it rests on assumptions:
//!
//! - `p` is measured on the text at hand, which may be the poisoned one;
//! - the area is computed from the attacker's own text, in which a decoy may attract the search;
//! - one draw per segment is not one per token, and inserted or transposed tokens erase nothing;
//! - copies beyond a distance are rejected, so voters are not independent;
//! - `β = 1` and the paper's Assumption 1 are about the training.
//!
//! Hence every result here is [`Conditional`].

use crate::FuzzError;
use steadfast_certify::{Assumption, Conditional, Interval, Lower, Upper};

/// The votes on the text at hand bound the probability on its clean original.
pub const VOTES_ARE_THOSE_OF_THE_CLEAN_TEXT: Assumption =
    Assumption::Stated("the votes on the text at hand bound the probability on its clean original");
/// The area that a search found covers the whole trigger.
pub const AREA_COVERS_TRIGGER: Assumption =
    Assumption::Stated("the area found by the search covers the whole trigger");
/// Every token of the trigger is randomized independently, and no longer acts once it is.
pub const TOKENS_RANDOMIZED_INDEPENDENTLY: Assumption = Assumption::Stated(
    "every token of the trigger is randomized independently and no longer acts once it is",
);
/// The voters were drawn independently of one another and none was rejected.
pub const INDEPENDENT_VOTERS: Assumption =
    Assumption::Stated("the voters were drawn independently and none was rejected");
/// The smoothed model answers clean inputs as the clean model does (FRS, Assumption 1).
pub const SMOOTHING_KEEPS_CLEAN_ANSWERS: Assumption =
    Assumption::Stated("the smoothed model answers clean inputs as the clean model does");

/// The assumptions of Theorem 1, in the order in which the module lists them.
fn under_the_assumptions<T>(statement: T) -> Conditional<T> {
    Conditional::new(VOTES_ARE_THOSE_OF_THE_CLEAN_TEXT, statement)
        .and(AREA_COVERS_TRIGGER)
        .and(TOKENS_RANDOMIZED_INDEPENDENTLY)
        .and(INDEPENDENT_VOTERS)
        .and(SMOOTHING_KEEPS_CLEAN_ANSWERS)
}

/// The longest trigger, in tokens, for which `p − β (1 − ωᵐ) > ½` (Theorem 1); `None`, to abstain, unless `p > ½`.
///
/// `vote` bounds the vote share `p` from below, `randomized` is `ω`, the probability that a token in the area is randomized,
/// and `beta` the paper's `β`, at most 1.
///
/// `u32::MAX` stands for any length: with these numbers the condition always holds.
///
/// ```
/// use steadfast_certify::{Interval, Lower};
/// use steadfast_fuzz::theorem;
///
/// let longest = theorem::trigger_length(Lower::from_p(0.8), Interval::enclosing("0.9")?, Interval::enclosing("1")?);
/// assert_eq!(*longest.statement(), Some(3));
/// // Provided that the votes on the text at hand bound …
/// longest.assumptions().for_each(|assumption| println!("{assumption}"));
/// # Ok::<(), steadfast_certify::Error>(())
/// ```
pub fn trigger_length(vote: Lower, randomized: Interval, beta: Interval) -> Conditional<Option<u32>> {
    let rest = Interval::new(Lower::ZERO, vote.complement()).unwrap_or(Interval::ONE);
    let holds = |length: u32| {
        let lost = beta.and(power(randomized, length).complement());
        // p − lost > ½ as 1 − p + lost < ½: sums of intervals round outward.
        rest.or(lost).upper().complement().exceeds(Upper::HALF)
    };
    let longest = vote.exceeds(Upper::HALF).then(|| largest(holds));
    under_the_assumptions(longest)
}

/// The probability that `count` independent events of this probability all happen, by squaring.
fn power(event: Interval, count: u32) -> Interval {
    let (mut all, mut square, mut rest) = (Interval::ONE, event, count);
    while rest > 0 {
        if rest & 1 == 1 {
            all = if all == Interval::ONE { square } else { all.and(square) };
        }
        rest >>= 1;
        if rest > 0 {
            square = square.and(square);
        }
    }
    all
}

/// The largest number that `holds`, where 0 and all smaller ones do too.
fn largest(holds: impl Fn(u32) -> bool) -> u32 {
    let (mut known, mut open) = (0, u32::MAX);
    while known < open {
        // Rounded up, so that the range shrinks each time.
        let middle = known + (open - known).div_ceil(2);
        if holds(middle) {
            known = middle;
        } else {
            open = middle - 1;
        }
    }
    known
}

/// The radius that Corollary 1 claims for fuzzed randomization: `R · ln ω_M / ln ω_H` (Equation 18), where uniform
/// randomization at probability `ω_M = uniform` has the radius `R = radius`, and the area is randomized at `ω_H = area`.
///
/// # Errors
/// [`FuzzError::Parameter`] unless `0 < ω_M ≤ ω_H < 1` and the radius is finite and not negative.
pub fn enlarged_radius(radius: f64, uniform: f64, area: f64) -> Result<Conditional<f64>, FuzzError> {
    if !(uniform > 0.0 && uniform <= area && area < 1.0 && radius >= 0.0 && radius.is_finite()) {
        let given = format!("{radius}, {uniform}, {area}");
        let expected = "a finite radius and 0 < ω_M ≤ ω_H < 1";
        return Err(FuzzError::parameter("radius, ω_M and ω_H", given, expected));
    }
    Ok(under_the_assumptions(radius * uniform.ln() / area.ln()).and(Assumption::RealArithmetic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_condition_is_that_of_the_theorem() {
        let one = Interval::enclosing("1").unwrap();
        let length = |p: f64, omega: &str, beta| {
            *trigger_length(Lower::from_p(p), Interval::enclosing(omega).unwrap(), beta).statement()
        };
        assert_eq!(length(0.8, "0.9", one), Some(3));
        // 20 unanimous voters at α = 0.05 bound p by 0.861: at most four tokens at ω = 0.9, one at 0.7, none at 0.5.
        assert_eq!(length(0.861, "0.9", one), Some(4));
        assert_eq!(length(0.861, "0.7", one), Some(1));
        assert_eq!(length(0.861, "0.5", one), Some(0));
        assert_eq!(length(0.5, "0.9", one), None);
        assert_eq!(length(f64::NAN, "0.9", one), None);
        assert_eq!(length(0.9, "1", one), Some(u32::MAX));
        // Half of what is lost.
        assert_eq!(length(0.8, "0.9", Interval::enclosing("0.5").unwrap()), Some(8));
    }

    #[test]
    fn every_assumption_is_named() {
        let claim = enlarged_radius(2.0, 0.5, 0.9).unwrap();
        assert!((claim.statement() - 2.0 * 0.5_f64.ln() / 0.9_f64.ln()).abs() < 1e-12);
        let sentence = claim.to_string();
        for part in [
            "covers the whole trigger",
            "clean original",
            "independently",
            "none was rejected",
            "clean model",
        ] {
            assert!(sentence.contains(part), "{sentence}");
        }
        for (uniform, area) in [(0.9, 0.5), (0.0, 0.5), (0.5, 1.0), (f64::NAN, 0.5)] {
            assert!(enlarged_radius(1.0, uniform, area).is_err());
        }
        assert!(enlarged_radius(f64::INFINITY, 0.5, 0.6).is_err());
    }

    /// The search sees the text at hand, which is the attacker's: a decoy attracts it.
    #[test]
    fn a_decoy_takes_the_area() {
        const DECOY: u8 = 8;
        const TRIGGER: u8 = 9;
        const ERASED: u8 = 0;
        let influence = |token: u8| match token {
            DECOY => 3,
            TRIGGER => 2,
            _ => 1,
        };
        let answer = |text: &[u8]| usize::from(!text.contains(&TRIGGER));
        // The area is the word of most influence; it is randomized with probability ω = 0.9. In tenths.
        let vote = |text: &[u8], class: usize| {
            let area = (0..text.len()).max_by_key(|&at| influence(text[at])).unwrap();
            let mut randomized = text.to_vec();
            randomized[area] = ERASED;
            let count = |text: &[u8], weight: u64| if answer(text) == class { weight } else { 0 };
            count(&randomized, 9) + count(text, 1)
        };
        let (right, target) = (1, 0);
        assert_eq!(vote(&[1, 2, 3], right), 10);
        // The area never covers the trigger, which decides on every copy.
        assert_eq!(vote(&[1, DECOY, 2, TRIGGER, 3], target), 10);
        // Without the decoy the area is the trigger.
        assert_eq!(vote(&[1, 2, TRIGGER, 3], right), 9);
        // The condition uses the votes on the poisoned text, and holds for triggers of up to six tokens.
        let (omega, one) = (Interval::enclosing("0.9").unwrap(), Interval::enclosing("1").unwrap());
        let condition = trigger_length(Lower::ONE, omega, one);
        assert_eq!(*condition.statement(), Some(6), "claimed for a text whose trigger of one token has won");
        for assumed in [AREA_COVERS_TRIGGER, VOTES_ARE_THOSE_OF_THE_CLEAN_TEXT] {
            assert!(condition.assumptions().any(|assumption| assumption == assumed));
        }
    }
}
