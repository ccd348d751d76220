//! [`SignalThreat`]: insertions of words that carry no signal, under deletion noise that spares those that do.

use super::{
    ThreatModel, Unit,
    own_tokens::{OwnTokens, shown},
};
use crate::{
    ClassBounds, Interval, Lower, Upper,
    round::{Enclosure, mul_down, mul_up, sub_down},
};

/// What an attacker may do to a text, told apart by what it costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SignalBudget {
    /// Inserted words outside the signal vocabulary.
    pub outside: u32,
    /// Inserted words of the signal vocabulary.
    pub inside: u32,
    /// Edits of the text's own words: each takes one out, or lets two neighbours change places. To replace a word is to take
    /// it out and to insert another.
    pub own: u32,
}

/// An attacker of a text under deletion noise with a *signal vocabulary*: the words of a fixed set `S` are deleted at a small
/// rate `δ_S`, all others, unseen ones included, at a rate `δ_N` near one.
///
/// After `a` insertions of words outside `S`, `b` of words in `S` and `c` edits of the text's own words, anywhere and in any
/// order, a class of probability `p` keeps at least
///
/// ```text
/// δ_Nᵃ δ_Sᵇ · min over d + t = c of ( τᵗ − (1 − p) / A_d )
/// ```
///
/// where `A_d` is the product of the text's `d` smallest rates and `τ` is one minus the probability that its two least
/// deleted words within reach of `c` edits are both kept. It is the bound of [`EditThreat`](super::EditThreat) with two kinds of inserted words; see
/// `docs/theory.md`, section 10.
///
/// As a [`ThreatModel`] it counts inserted words outside `S`: published triggers (rare words, names, neutral sentences)
/// are such words. [`Self::frontier`] gives the mixtures.
///
/// The set `S` and both rates must be fixed before any text is certified, on data that the attacker does not control.
#[derive(Clone, Debug, PartialEq)]
pub struct SignalThreat {
    pub(super) own: OwnTokens,
    pub(super) outside: Interval,
    pub(super) inside: Interval,
}

impl SignalThreat {
    /// The attack on a text whose words are deleted with the probabilities `own`; words outside the signal vocabulary are
    /// deleted with probability `outside`, its own with `inside`.
    #[must_use]
    pub fn new(own: impl IntoIterator<Item = Interval>, outside: Interval, inside: Interval) -> Self {
        Self { own: OwnTokens::per_token(own), outside, inside }
    }

    /// A lower bound on the probability of a class after an attack within `budget`.
    ///
    /// # Guarantee
    /// Rounded down; `top` bounds the class's probability from below.
    #[must_use]
    pub fn lower_bound_after(&self, top: Lower, budget: SignalBudget) -> Lower {
        if budget == SignalBudget::default() {
            return top;
        }
        let gone =
            self.outside.enclosure().power(budget.outside) * self.inside.enclosure().power(budget.inside);
        // To take out more words than there are is no better than to let some change places.
        let least = (0..=budget.own.min(self.own.tokens()))
            .map(|removed| self.bound(top, gone, (removed, budget.own - removed)));
        least.fold(Lower::ONE, Lower::and)
    }

    /// The bound for `removed` own words that are gone and `swapped` pairs of them inverted, where new words are all deleted with
    /// probability `gone`.
    pub(super) fn bound(&self, top: Lower, gone: Enclosure, (removed, swapped): (u32, u32)) -> Lower {
        let order = self.own.transposed(swapped, removed.saturating_add(swapped)).lower;
        let shifted = self.own.shifted(mul_up(top.rest(), gone.upper), self.own.removed(removed).lower);
        Lower::from_p(sub_down(mul_down(gone.lower, order), shifted))
    }

    /// An upper bound on the probability of a competing class after an attack within `budget`.
    #[must_use]
    pub fn upper_bound_after(&self, other: Upper, budget: SignalBudget) -> Upper {
        self.lower_bound_after(other.complement(), budget).complement()
    }

    /// Whether the bounded class stays strictly ahead after any attack within `budget`.
    #[must_use]
    pub fn survives_mix(&self, bounds: &ClassBounds, budget: SignalBudget) -> bool {
        self.lower_bound_after(bounds.top(), budget)
            .exceeds(self.upper_bound_after(bounds.runner_up(), budget))
    }

    /// The largest survivable mixtures: every survivable one is within one of these, and none of these is within another.
    /// Empty if the class is not ahead even unattacked.
    #[must_use]
    pub fn frontier(&self, bounds: &ClassBounds) -> Vec<SignalBudget> {
        frontier(&self.own, |budget| self.survives_mix(bounds, budget))
    }
}

/// The largest budgets that survive, of a text with these tokens.
pub(super) fn frontier(tokens: &OwnTokens, survives: impl Fn(SignalBudget) -> bool) -> Vec<SignalBudget> {
    let survives = |outside, inside, own| survives(SignalBudget { outside, inside, own });
    let mut frontier: Vec<SignalBudget> = Vec::new();
    // Once every word is gone and every pair has changed its order, more edits are as many as one likes.
    let most_own = tokens.tokens().saturating_add(tokens.pairs()).min(super::SEARCH_LIMIT);
    for own in (0..=most_own).take_while(|&own| survives(0, 0, own)) {
        for inside in (0..=super::SEARCH_LIMIT).take_while(|&inside| survives(0, inside, own)) {
            let outside = super::largest(super::SEARCH_LIMIT, |outside| survives(outside, inside, own));
            let own = if own == most_own { super::SEARCH_LIMIT } else { own };
            frontier.push(SignalBudget { outside, inside, own });
        }
    }
    let within = |a: &SignalBudget, b: &SignalBudget| {
        a != b && a.outside <= b.outside && a.inside <= b.inside && a.own <= b.own
    };
    let all = frontier.clone();
    frontier.retain(|budget| !all.iter().any(|other| within(budget, other)));
    frontier
}

impl ThreatModel for SignalThreat {
    fn describe(&self) -> String {
        let rate = shown(self.outside);
        format!(
            "inserts up to r words outside the signal vocabulary, anywhere, each deleted by the noise with probability at \
             least {rate}"
        )
    }

    fn unit(&self) -> Unit {
        Unit::Insertions
    }

    fn maximum(&self) -> Option<u32> {
        None
    }

    fn lower_bound(&self, top: Lower, r: u32) -> Lower {
        self.lower_bound_after(top, SignalBudget { outside: r, ..SignalBudget::default() })
    }
}
