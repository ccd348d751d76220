//! [`OwnTokens`]: what a text's own deletion rates mean to an attacker who takes tokens out or moves them.

use crate::{
    Interval,
    round::{Enclosure, div_up},
};

/// The deletion rates of the text's own tokens, the smallest first.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum OwnTokens {
    Uniform {
        rate: Interval,
        tokens: u64,
    },
    PerToken {
        /// The probability that the `d` least deleted tokens are all deleted, for `d = 0, 1, …`.
        removed: Vec<Enclosure>,
        /// The probability that the two least deleted tokens are not both kept.
        transposed: Enclosure,
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
        rates.sort_by(|a, b| a.lower().p().total_cmp(&b.lower().p()));
        let transposed = match rates.as_slice() {
            [first, second, ..] => not_both_kept(*first, *second),
            _ => Enclosure::ONE,
        };
        let smallest = rates.first().map_or(1.0, |rate| rate.lower().p());
        let mut product = Enclosure::ONE;
        let removed = std::iter::once(Enclosure::ONE)
            .chain(rates.iter().map(|rate| {
                product = product * rate.enclosure();
                product
            }))
            .collect();
        Self::PerToken { removed, transposed, smallest }
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

    /// `τ` for `count` transpositions: no pair is inverted twice.
    pub(super) fn transposed(&self, count: u32) -> Enclosure {
        let count = count.min(self.pairs());
        match self {
            Self::Uniform { rate, .. } => not_both_kept(*rate, *rate).power(count),
            Self::PerToken { transposed, .. } => transposed.power(count),
        }
    }
}

/// A rate as it stands in a sentence, with as many digits as tell neighbouring multiples of 2⁻³² apart.
pub(super) fn shown(rate: Interval) -> String {
    format!("{:.9}", rate.lower().p()).trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `1 − (1 − a)(1 − b)`.
fn not_both_kept(a: Interval, b: Interval) -> Enclosure {
    let kept = Interval::from_enclosure(a.complement().enclosure() * b.complement().enclosure());
    kept.complement().enclosure()
}
