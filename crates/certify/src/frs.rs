//! The robustness condition of FRS (ICLR 2025), stated with what it takes for granted.
//!
//! FRS finds a *vulnerable area* of a text by tree search, randomizes each segment of it with probability `ω_H`, lets `K`
//! smoothed models vote, and claims robustness against a trigger of `m` tokens if `p − β Δ > ½` with `Δ = 1 − ωᵐ`
//! (Theorem 1, Equations 16 and 17). The algebra is that of deletion noise ([`EditThreat`](crate::EditThreat)), but what would
//! make it a certificate is assumed rather than shown:
//!
//! - `p` is measured on the text at hand, which may be the poisoned one;
//! - the area is computed from the attacker's own text, so a decoy may take it;
//! - one coin per segment is not one per token, and inserted or transposed tokens erase nothing;
//! - candidates beyond a distance are rejected, so voters are not independent;
//! - `β = 1` and the paper's Assumption 1 are about the training.
//!
//! Hence every result here is [`Conditional`].

use crate::{
    Assumption, Conditional, Error, Interval, Lower, Upper,
    error::Parameter,
    round::{mul_up, sub_down},
    threat::largest,
};

/// The assumptions of Theorem 1, in the order in which the module lists them.
fn under_the_assumptions<T>(statement: T) -> Conditional<T> {
    Conditional::new(Assumption::VotesAreThoseOfTheCleanText, statement)
        .and(Assumption::AreaCoversTrigger)
        .and(Assumption::TokensRandomizedIndependently)
        .and(Assumption::IndependentVoters)
        .and(Assumption::SmoothingKeepsCleanAnswers)
}

/// The longest trigger, in tokens, for which `p − β (1 − ωᵐ) > ½` (Theorem 1); `None`, to abstain, unless `p > ½`.
///
/// `vote` bounds the vote share `p` from below, `randomized` is `ω`, the probability that a token in the area is randomized,
/// and `beta` the paper's `β`, at most 1.
///
/// `u32::MAX` stands for a length without limit: with these numbers the condition holds for any.
///
/// ```
/// use steadfast_certify::{Interval, Lower, frs};
///
/// let longest = frs::trigger_length(Lower::from_p(0.8), Interval::enclosing("0.9")?, Interval::enclosing("1")?);
/// assert_eq!(*longest.statement(), Some(3));
/// println!("{} tokens: {:?}", 3, longest.assumptions().collect::<Vec<_>>());
/// # Ok::<(), steadfast_certify::Error>(())
/// ```
pub fn trigger_length(vote: Lower, randomized: Interval, beta: Interval) -> Conditional<Option<u32>> {
    let holds = |length: u32| {
        let erased = Interval::from_enclosure(randomized.enclosure().power(length));
        let lost = mul_up(beta.upper().p(), erased.complement().upper().p());
        Lower::from_p(sub_down(vote.p(), lost)).exceeds(Upper::HALF)
    };
    let longest = vote.exceeds(Upper::HALF).then(|| largest(u32::MAX, holds));
    under_the_assumptions(longest)
}

/// The radius that Corollary 1 claims for fuzzed randomization: `R · ln ω_M / ln ω_H` (Equation 18), where uniform
/// randomization at probability `ω_M = uniform` has the radius `R = radius`, and the area is randomized at `ω_H = area`.
///
/// # Errors
/// [`Error::Parameter`] unless `0 < ω_M ≤ ω_H < 1` and the radius is finite and not negative.
pub fn enlarged_radius(radius: f64, uniform: f64, area: f64) -> Result<Conditional<f64>, Error> {
    if !(uniform > 0.0 && uniform <= area && area < 1.0 && radius >= 0.0 && radius.is_finite()) {
        return Err(Error::Parameter(Parameter {
            name: "radius, ω_M and ω_H",
            given: format!("{radius}, {uniform}, {area}"),
            expected: "a finite radius and 0 < ω_M ≤ ω_H < 1",
        }));
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
}
