//! [`OwnTokens`]: what a text's own deletion rates mean to an attacker who takes tokens out or moves them.

use crate::{
    Interval, Lower, Rate, RemovalBounds,
    round::{Enclosure, div_up},
};

/// The deletion rates of the text's own tokens.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum OwnTokens {
    Uniform {
        rate: Interval,
        tokens: u64,
    },
    PerToken {
        /// The smallest first.
        rates: Vec<Interval>,
        /// The probability that the `d` least deleted tokens are all deleted, for `d = 0, 1, …`.
        removed: Vec<Enclosure>,
        /// The distances at which a pair of tokens is kept more often than all closer ones, ascending, and the probability
        /// that this pair is not kept whole.
        pairs: Vec<(u32, Enclosure)>,
    },
}

impl OwnTokens {
    pub(super) fn uniform(rate: Interval, tokens: usize) -> Self {
        Self::Uniform { rate, tokens: tokens as u64 }
    }

    /// Tokens with these rates, in the order of the text.
    pub(super) fn per_token(rates: impl IntoIterator<Item = Interval>) -> Self {
        let mut rates: Vec<Interval> = rates.into_iter().collect();
        let pairs = most_kept_pairs(&rates);
        rates.sort_by(|a, b| a.lower().p().total_cmp(&b.lower().p()));
        let mut product = Enclosure::ONE;
        let removed = std::iter::once(Enclosure::ONE)
            .chain(rates.iter().map(|rate| {
                product = product * rate.enclosure();
                product
            }))
            .collect();
        Self::PerToken { rates, removed, pairs }
    }

    /// How many tokens there are; as many as can be counted if there are more.
    pub(super) fn tokens(&self) -> u32 {
        match self {
            Self::Uniform { tokens, .. } => u32::try_from(*tokens).unwrap_or(u32::MAX),
            Self::PerToken { rates, .. } => u32::try_from(rates.len()).unwrap_or(u32::MAX),
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
            Self::PerToken { rates, .. } => rates.first().is_none_or(|rate| rate.lower().p() > 0.0),
        };
        match (removed == 0.0, rest == 0.0 && deletable) {
            (false, _) => div_up(rest, removed),
            (true, true) => 0.0,
            (true, false) => f64::INFINITY,
        }
    }

    /// Lower bounds on the class's probability once `d` tokens are deleted for sure, whichever, for `d = 0, 1, …` up to `most`
    /// and to all there are: as measured, or derived from one token less, whichever is better.
    ///
    /// Of any `d` tokens the most deleted one has at least the `d`-th smallest rate.
    pub(super) fn without(&self, measured: &RemovalBounds, most: u32) -> Vec<Lower> {
        let mut left = measured.top();
        let mut all = vec![left];
        for size in 1..=most.min(self.tokens()) as usize {
            let rate = match self {
                Self::Uniform { rate, .. } => Some(rate),
                Self::PerToken { rates, .. } => rates.get(size - 1),
            };
            let rate = rate.map_or(0.0, |rate| rate.lower().p());
            left = measured.of_size(size).or(Lower::from_rest(self.shifted(left.rest(), rate)));
            all.push(left);
        }
        all
    }

    /// `τ` for `count` inverted pairs of tokens, each at most `reach` places apart; no pair is inverted twice.
    ///
    /// A pair between which `j` tokens stood has `j ≤ |D| + |T| − 1`: each of them is gone, or is inverted with one of the
    /// two. So edits that remove `d` tokens and invert `t` pairs reach `d + t` places (`docs/theory.md`, section 9).
    pub(super) fn transposed(&self, count: u32, reach: u32) -> Enclosure {
        let whole = match self {
            Self::Uniform { rate, .. } => not_both_kept(*rate, *rate),
            Self::PerToken { pairs, .. } => {
                let within = pairs.partition_point(|&(distance, _)| distance <= reach);
                let last = within.checked_sub(1).and_then(|index| pairs.get(index));
                last.map_or(Enclosure::ONE, |&(_, whole)| whole)
            }
        };
        whole.power(count.min(self.pairs()))
    }
}

/// For growing distances, the pairs that are kept whole more often than all closer ones: `O(n log n)`.
///
/// A pair with a token between it that is kept no less often than one of the two is no such pair: that token makes a closer
/// one with the other. Of the pairs that remain each token ends at most two, and a stack of falling probabilities finds them.
fn most_kept_pairs(rates: &[Interval]) -> Vec<(u32, Enclosure)> {
    let mut candidates: Vec<(u32, Enclosure)> = Vec::new();
    let mut visible: Vec<(usize, Interval)> = Vec::new();
    for (place, &rate) in rates.iter().enumerate() {
        while let Some(&(before, other)) = visible.last() {
            let distance = u32::try_from(place - before).unwrap_or(u32::MAX);
            candidates.push((distance, not_both_kept(other, rate)));
            if other.lower().rest() >= rate.lower().rest() {
                break;
            }
            visible.pop();
        }
        visible.push((place, rate));
    }
    candidates.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.lower.total_cmp(&b.1.lower)));
    let mut least = f64::INFINITY;
    candidates.retain(|&(_, whole)| {
        let less = whole.lower < least;
        least = least.min(whole.lower);
        less
    });
    candidates
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
    use proptest::prelude::*;

    fn tokens(eighths: &[u8]) -> OwnTokens {
        OwnTokens::per_token(eighths.iter().map(|rate| Interval::enclosing(&format!("{rate}/8")).unwrap()))
    }

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

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn pairs_within_reach_are_those_of_a_search(
            eighths in prop::collection::vec(0_u8..=8, 0..12),
            reach in 0_u32..14,
        ) {
            let kept = |place: usize| 1.0 - f64::from(eighths[place]) / 8.0;
            let pairs = (0..eighths.len()).flat_map(|j| (0..j).map(move |i| (i, j)));
            let near = pairs.filter(|&(i, j)| j - i <= reach as usize);
            let least = near.map(|(i, j)| 1.0 - kept(i) * kept(j)).fold(1.0, f64::min);
            let found = tokens(&eighths).transposed(1, reach).lower;
            // Sixty-fourths are exact; rounding outward may still step down once per operation.
            prop_assert!(found <= least && found > least - 1e-15, "{found} {least}");
        }
    }

    #[test]
    fn long_texts_keep_few_pairs() {
        let ascending: Vec<Interval> =
            (0..4_000).map(|word| Interval::enclosing(&format!("{word}/4000")).unwrap()).collect();
        for rates in [ascending.clone(), ascending.into_iter().rev().collect()] {
            let OwnTokens::PerToken { pairs, .. } = OwnTokens::per_token(rates) else { unreachable!() };
            assert_eq!(pairs.len(), 1, "neighbors are the most kept at any distance");
        }
    }
}
