//! [`EditThreat`]: insertions, deletions, substitutions and transpositions of tokens, under deletion noise.
//!
//! # The bound
//! Each token is deleted independently, token type `w` with probability `δ(w)`; the classifier sees the kept tokens only.
//! Let `D` be the tokens of the clean text that an attack deletes or substitutes away, `I` the tokens that it brings in,
//! `T` the pairs of surviving tokens whose order it inverts. With
//!
//! ```text
//! A = ∏_D δ,    B = ∏_I δ,    τ = ∏_T (1 − (1 − δ(a)) (1 − δ(b)))
//! ```
//!
//! a class of probability `p` keeps at least `B τ − (1 − p) B / A`. `d` deletions, `i` insertions, `s` substitutions and `t`
//! transpositions in any order have `|D| ≤ d + s`, `|I| ≤ i + s`, `|T| ≤ t`, so every sequence of edits is covered, in
//! unrestricted Damerau–Levenshtein distance; `D` and `T` hold no more than the text's own tokens and pairs of them, and no
//! pair of `T` is further apart than `|D| + |T|`. The proof is in `docs/theory.md`, section 9. For a uniform rate and all kinds of edits the worst `r` edits are `r`
//! substitutions: `p − 1 + δʳ` (the bound of CERT-ED and RS-Del for fewer kinds: Huang et al. 2023 and 2024).

use super::{
    EditCounts, EditKind, Threat, ThreatModel, Unit,
    own_tokens::{OwnTokens, shown},
};
use crate::{
    ClassBounds, Interval, Lower, Upper,
    round::{mul_down, mul_up, sub_down},
};

/// An attacker who edits a text, under noise that deletes each token independently.
///
/// The attacker is named from its own side: *insertions* are tokens that it puts into this text. Where the text at hand is
/// suspected to be edited already, its clean original is reached by undoing the edits, so tokens that were inserted count
/// as deletions here.
///
/// ```
/// use steadfast_certify::{
///     ClassBounds, EditCounts, EditKind, EditThreat, Interval, Lower, NoiseFingerprint, Radius, Threat, Unit,
///     certify_bounds,
/// };
///
/// let noise = NoiseFingerprint::new("deletion of a text with 20 tokens", []);
/// let threat = Threat::new(noise, EditThreat::uniform(Interval::enclosing("0.9")?, 20));
/// let top = Lower::from_p(0.9);
/// let bounds = ClassBounds::exact(1, top, top.complement(), Some(noise));
/// // 0.9 − 1 + 0.9⁴ > ½, and 0.9 − 1 + 0.9⁵ < ½.
/// assert_eq!(threat.radius(&bounds), Some(Radius::Count(4, Unit::Edits)));
/// // Insertions alone cost less: 0.9 · 0.9⁵ > ½.
/// assert!(threat.survives_edits(&bounds, &EditCounts { insertions: 5, ..EditCounts::default() }));
/// println!("{}", certify_bounds(&threat.only(&[EditKind::Insertion]), bounds)?);
/// # Ok::<(), steadfast_certify::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct EditThreat {
    pub(super) own: OwnTokens,
    pub(super) inserted: Interval,
    kinds: [bool; 4],
}

impl EditThreat {
    /// The attack on a text of so many `tokens`, all tokens whatsoever being deleted with probability `rate`.
    #[must_use]
    pub fn uniform(rate: Interval, tokens: usize) -> Self {
        let own = OwnTokens::uniform(rate, tokens);
        Self { own, inserted: rate, kinds: [true; 4] }
    }

    /// The attack on a text whose tokens are deleted with the probabilities `own`, by an attacker whose tokens are each
    /// deleted with probability at least `inserted`: the smallest rate in the vocabulary that it is taken to have.
    ///
    /// Rates belong to token types and were fixed before the text was seen. Against an attacker who may insert any token, a
    /// smallest rate over all of them is the honest choice.
    #[must_use]
    pub fn per_token(own: impl IntoIterator<Item = Interval>, inserted: Interval) -> Self {
        Self { own: OwnTokens::per_token(own), inserted, kinds: [true; 4] }
    }

    /// The same attacker, who makes edits of these kinds only.
    #[must_use]
    pub fn only(self, kinds: &[EditKind]) -> Self {
        Self { kinds: EditKind::ALL.map(|kind| kinds.contains(&kind)), ..self }
    }

    /// A lower bound on the probability of a class after these edits, in any order and any places, whatever kinds this threat
    /// is restricted to.
    ///
    /// # Guarantee
    /// Rounded down; `top` bounds the class's probability from below.
    #[must_use]
    pub fn lower_bound_after(&self, top: Lower, edits: &EditCounts) -> Lower {
        if edits.total() == 0 {
            return top;
        }
        self.bound(
            top,
            edits.deletions.saturating_add(edits.substitutions),
            edits.insertions.saturating_add(edits.substitutions),
            edits.transpositions,
        )
    }

    /// An upper bound on the probability of a competing class after these edits.
    #[must_use]
    pub fn upper_bound_after(&self, other: Upper, edits: &EditCounts) -> Upper {
        self.lower_bound_after(other.complement(), edits).complement()
    }

    /// Whether the bounded class stays strictly ahead after any edits of these numbers.
    #[must_use]
    pub fn survives_edits(&self, bounds: &ClassBounds, edits: &EditCounts) -> bool {
        self.lower_bound_after(bounds.top(), edits).exceeds(self.upper_bound_after(bounds.runner_up(), edits))
    }

    /// The bound for `|D| ≤ removed`, `|I| ≤ added`, `|T| ≤ swapped`.
    pub(super) fn bound(&self, top: Lower, removed: u32, added: u32, swapped: u32) -> Lower {
        let gone = self.inserted.enclosure().power(added);
        let kept_order =
            mul_down(gone.lower, self.own.transposed(swapped, removed.saturating_add(swapped)).lower);
        let removed = removed.min(self.own.tokens());
        let shifted = match self.own {
            // B / A is a power of the one rate.
            OwnTokens::Uniform { rate, .. } if rate == self.inserted => match removed.checked_sub(added) {
                Some(more) => self.own.shifted(top.rest(), rate.enclosure().power(more).lower),
                None => mul_up(top.rest(), rate.enclosure().power(added - removed).upper),
            },
            _ => self.own.shifted(mul_up(top.rest(), gone.upper), self.own.removed(removed).lower),
        };
        Lower::from_p(sub_down(kept_order, shifted))
    }

    /// The numbers `(|D|, |I|, |T|)` that `r` edits of the allowed kinds can reach, without those that others dominate.
    pub(super) fn worst_cases(&self, r: u32) -> impl Iterator<Item = (u32, u32, u32)> + use<> {
        let [deletions, insertions, substitutions, transpositions] = self.kinds;
        let most = r.min(self.own.pairs());
        let swaps = match (transpositions, deletions || insertions || substitutions) {
            (true, true) => 0..=most,
            (true, false) => most..=most,
            (false, _) => 0..=0,
        };
        swaps.flat_map(move |swapped| {
            let rest = r - swapped;
            let removed = match (deletions, insertions) {
                // A substitution is a deletion and an insertion for the price of one.
                _ if substitutions => rest..=rest,
                (true, true) => 0..=rest,
                (true, false) => rest..=rest,
                (false, _) => 0..=0,
            };
            removed.map(move |removed| {
                let added = match (substitutions, insertions) {
                    (true, _) => rest,
                    (false, true) => rest - removed,
                    (false, false) => 0,
                };
                (removed, added, swapped)
            })
        })
    }
}

impl Threat<EditThreat> {
    /// The same attacker, who makes edits of these kinds only.
    #[must_use]
    pub fn only(self, kinds: &[EditKind]) -> Self {
        self.map(|edits| edits.only(kinds))
    }
}

impl ThreatModel for EditThreat {
    fn describe(&self) -> String {
        let kinds = EditKind::ALL.iter().zip(self.kinds).filter(|(_, allowed)| *allowed);
        let names: Vec<String> = kinds.map(|(kind, _)| format!("{kind}s")).collect();
        let edits = match names.split_last() {
            None => "makes no edits".to_owned(),
            Some((only, [])) => format!("makes up to r {only} of tokens"),
            Some((last, others)) => format!("makes up to r {} and {last} of tokens", others.join(", ")),
        };
        let [_, insertions, substitutions, _] = self.kinds;
        match self.own {
            OwnTokens::PerToken { .. } if insertions || substitutions => {
                let rate = shown(self.inserted);
                format!("{edits}, those put in being deleted by the noise with probability at least {rate}")
            }
            _ => edits,
        }
    }

    fn unit(&self) -> Unit {
        Unit::Edits
    }

    /// What deletes or transposes only runs out of tokens and pairs.
    fn maximum(&self) -> Option<u32> {
        let [deletions, insertions, substitutions, transpositions] = self.kinds;
        if insertions || substitutions {
            return None;
        }
        let most = |allowed: bool, count: u32| if allowed { count } else { 0 };
        Some(most(deletions, self.own.tokens()).saturating_add(most(transpositions, self.own.pairs())))
    }

    fn lower_bound(&self, top: Lower, r: u32) -> Lower {
        if r == 0 {
            return top;
        }
        let [_, _, substitutions, _] = self.kinds;
        if let OwnTokens::Uniform { rate, .. } = self.own
            && rate == self.inserted
            && substitutions
        {
            // With one rate for all tokens, δ (2 − δ) per transposition is never below δ per substitution.
            return Lower::from_p(sub_down(rate.enclosure().power(r).lower, top.rest()));
        }
        let mut least = top;
        for (removed, added, swapped) in self.worst_cases(r) {
            least = least.and(self.bound(top, removed, added, swapped));
            if least == Lower::ZERO {
                break;
            }
        }
        least
    }
}
