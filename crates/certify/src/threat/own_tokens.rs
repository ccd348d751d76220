//! [`OwnTokens`]: what a text's own deletion rates mean to an attacker who takes tokens out or moves them.

use crate::{
    Interval, Lower, Rate,
    round::{Enclosure, div_up, sub_down},
};

/// Pairs of tokens up to so far apart are told apart; beyond, the two least deleted tokens of the text stand for all.
const FARTHEST: usize = 64;

/// The deletion rates of the text's own tokens.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum OwnTokens {
    Uniform {
        rate: Interval,
        tokens: u64,
    },
    PerToken {
        /// The probability that the `d` least deleted tokens are all deleted, for `d = 0, 1, …`.
        removed: Vec<Enclosure>,
        /// The least probability that two tokens are not both kept, over all pairs up to `1, 2, …` places apart, rounded
        /// down. The last entry holds for any two.
        inverted: Vec<f64>,
        /// The smallest rate; 1 without tokens.
        smallest: f64,
    },
}

impl OwnTokens {
    pub(super) fn uniform(rate: Interval, tokens: usize) -> Self {
        Self::Uniform { rate, tokens: tokens as u64 }
    }

    pub(super) fn per_token(rates: impl IntoIterator<Item = Interval>) -> Self {
        let mut rates: Vec<Interval> = rates.into_iter().collect();
        let inverted = least_not_both_kept(&rates);
        rates.sort_by(|a, b| a.lower().p().total_cmp(&b.lower().p()));
        let smallest = rates.first().map_or(1.0, |rate| rate.lower().p());
        let mut product = Enclosure::ONE;
        let removed = std::iter::once(Enclosure::ONE)
            .chain(rates.iter().map(|rate| {
                product = product * rate.enclosure();
                product
            }))
            .collect();
        Self::PerToken { removed, inverted, smallest }
    }

    /// How many tokens there are; as many as can be counted if there are more.
    pub(super) fn tokens(&self) -> u32 {
        match self {
            Self::Uniform { tokens, .. } => u32::try_from(*tokens).unwrap_or(u32::MAX),
            Self::PerToken { removed, .. } => u32::try_from(removed.len() - 1).unwrap_or(u32::MAX),
        }
    }

    /// How many pairs of tokens can change their order.
    pub(super) fn pairs(&self) -> u32 {
        let tokens = u64::from(self.tokens());
        u32::try_from(tokens * tokens.saturating_sub(1) / 2).unwrap_or(u32::MAX)
    }

    /// `A` for `count` removed tokens: a text cannot lose more tokens than it has.
    pub(super) fn removed(&self, count: u32) -> Enclosure {
        match self {
            Self::Uniform { rate, .. } => rate.enclosure().power(count.min(self.tokens())),
            Self::PerToken { removed, .. } => {
                removed.get(count as usize).or(removed.last()).copied().unwrap_or(Enclosure::ONE)
            }
        }
    }

    /// `(1 − p) B / A`, rounded up. Tokens that may never be deleted (`A = 0`) leave no noisy text to compare, not even for a
    /// class of probability one; an `A` that is only too small for a double does.
    pub(super) fn shifted(&self, rest: f64, removed: f64) -> f64 {
        let deletable = match self {
            Self::Uniform { rate, .. } => rate.lower().p() > 0.0,
            Self::PerToken { smallest, .. } => *smallest > 0.0,
        };
        match (removed == 0.0, rest == 0.0 && deletable) {
            (false, _) => div_up(rest, removed),
            (true, true) => 0.0,
            (true, false) => f64::INFINITY,
        }
    }

    /// A lower bound on `τ` for `count` transpositions beside `removed` tokens that are gone: no pair is inverted twice, and none
    /// that is further apart than both together. Of the tokens between an inverted pair each is either gone or inverted with
    /// one of the two (`docs/theory.md`, section 9).
    pub(super) fn transposed(&self, count: u32, removed: u32) -> f64 {
        let count = count.min(self.pairs());
        let least = match self {
            Self::Uniform { rate, .. } => not_both_kept(*rate, *rate),
            Self::PerToken { inverted, .. } => {
                let apart = count.saturating_add(removed) as usize;
                let least = inverted.get(apart.saturating_sub(1)).or(inverted.last());
                Enclosure::exact(least.copied().unwrap_or(1.0))
            }
        };
        least.power(count).lower
    }

    /// A lower bound on a class's probability given that some tokens are deleted, `more` beyond others for which it is at least
    /// `known`: `(known − 1 + A) / A`.
    pub(super) fn given_more_deleted(&self, known: Lower, more: u32) -> Lower {
        Lower::from_p(sub_down(1.0, self.shifted(known.rest(), self.removed(more).lower)))
    }
}

/// For `1, 2, …`: the least probability, rounded down, that two tokens up to so many places apart are not both kept.
fn least_not_both_kept(rates: &[Interval]) -> Vec<f64> {
    let mut sorted: Vec<Interval> = rates.to_vec();
    sorted.sort_by(|a, b| a.lower().p().total_cmp(&b.lower().p()));
    let of_all = match sorted.as_slice() {
        [first, second, ..] => not_both_kept(*first, *second).lower,
        _ => 1.0,
    };
    let mut least = 1.0_f64;
    let mut by_distance = Vec::new();
    for apart in 1..rates.len().min(FARTHEST) {
        let pairs = rates.iter().zip(rates.iter().skip(apart));
        least = pairs.fold(least, |least, (a, b)| least.min(not_both_kept(*a, *b).lower));
        by_distance.push(least);
        if least <= of_all {
            break;
        }
    }
    by_distance.push(of_all);
    by_distance
}

/// A deletion rate as it stands in a sentence: no attacker whom the sentence names is outside of what was proven.
pub(super) fn shown(rate: Interval) -> String {
    let p = rate.lower().p();
    // Of a rate that samplers draw, the numerator is given where a short decimal is not exact.
    let numerator = p * 4_294_967_296.0;
    if numerator.fract() == 0.0 && numerator < 4_294_967_296.0 {
        let rate = Rate::from_numerator(numerator as u32);
        let decimal = rate.to_string();
        return if decimal.parse() == Ok(p) {
            decimal
        } else {
            format!("{decimal} ({}·2⁻³²)", rate.numerator())
        };
    }
    let digits = format!("{p:.10}");
    let nearest: f64 = digits.parse().unwrap_or(1.0);
    let above = if nearest < p { format!("{:.10}", nearest + 1e-10) } else { digits };
    above.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `1 − (1 − a)(1 − b)`.
fn not_both_kept(a: Interval, b: Interval) -> Enclosure {
    let kept = Interval::from_enclosure(a.complement().enclosure() * b.complement().enclosure());
    kept.complement().enclosure()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_in_sentences_are_told_apart_and_name_nobody_who_was_not_covered() {
        let of = |numerator| shown(Rate::from_numerator(numerator).into());
        assert_ne!(of(4), of(5));
        assert_ne!(of(5), of(6));
        assert_ne!(of(u32::MAX), "1");
        assert_eq!(of(1 << 31), "0.5");
        assert_eq!(shown(Rate::new(0.98).unwrap().into()), "0.98 (4209067950·2⁻³²)");
        assert_eq!(shown(Interval::ONE), "1");
        for text in ["0.9", "1/3", "0.99999999999", "1e-12"] {
            let interval = Interval::enclosing(text).unwrap();
            let named: f64 = shown(interval).parse().unwrap();
            assert!(named >= interval.lower().p() && named - interval.lower().p() < 2e-10, "{text}: {named}");
        }
    }

    #[test]
    fn only_pairs_within_reach_are_inverted() {
        let rates = [0.3, 0.98, 0.98, 0.3].map(|rate| Interval::from(Rate::new(rate).unwrap()));
        let own = OwnTokens::per_token(rates);
        let both_kept = |a: f64, b: f64| 1.0 - (1.0 - a) * (1.0 - b);
        let close = |a: f64, b: f64| (a - b).abs() < 1e-8;
        assert!(close(own.transposed(1, 0), both_kept(0.3, 0.98)));
        assert!(close(own.transposed(1, 1), both_kept(0.3, 0.98)));
        assert!(close(own.transposed(1, 2), both_kept(0.3, 0.3)));
        assert!(close(own.transposed(3, 0), both_kept(0.3, 0.3).powi(3)));
        assert_eq!(own.transposed(0, 9), 1.0);
        assert_eq!(OwnTokens::per_token([]).transposed(3, 3), 1.0);
    }
}
