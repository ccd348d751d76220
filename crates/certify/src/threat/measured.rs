//! [`MeasuredEditThreat`], [`MeasuredSignalThreat`]: edits, against a class whose dependence on the text's own tokens was measured.

use super::{
    EditThreat, SignalBudget, SignalThreat, Threat, ThreatModel, Unit, own_tokens::OwnTokens,
    signal::frontier,
};
use crate::{
    ClassBounds, EditCounts, Error, Lower, RemovalBounds, Upper,
    error::NoiseName,
    round::{Enclosure, mul_down, sub_down},
};

/// The attacker of an [`EditThreat`], against a class whose probability given that tokens are deleted is bounded by
/// [`RemovalBounds`].
///
/// After an attack with `|D| ≤ a` tokens gone, `|I| ≤ b` new and `|T| ≤ t` pairs inverted the class keeps at least
///
/// ```text
/// B (q − 1 + τ),    q = min over all sets of up to a tokens of P(class | the set is deleted),
/// ```
///
/// and what [`EditThreat`] says. It is never below the unmeasured bound. Once `q` is measured substitutions are not always the
/// worst edits, so all kinds are minimized over. Proof: `docs/theory.md`, section 9.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasuredEditThreat {
    edits: EditThreat,
    removals: RemovalBounds,
}

/// The attacker of a [`SignalThreat`], against a class whose probability given that tokens are deleted is bounded by
/// [`RemovalBounds`]: to move or take out the text's own signal words costs what it costs this class, not the worst one.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasuredSignalThreat {
    signal: SignalThreat,
    removals: RemovalBounds,
}

impl Threat<EditThreat> {
    /// The same attacker, against a class whose dependence on the text's tokens was measured.
    ///
    /// # Errors
    /// [`Error::NoiseMismatch`] if `removals` are about another noise or input.
    pub fn measured(self, removals: RemovalBounds) -> Result<Threat<MeasuredEditThreat>, Error> {
        check(&self, &removals)?;
        Ok(self.map(|edits| MeasuredEditThreat { edits, removals }))
    }
}

impl Threat<SignalThreat> {
    /// The same attacker, against a class whose dependence on the text's tokens was measured.
    ///
    /// # Errors
    /// [`Error::NoiseMismatch`] if `removals` are about another noise or input.
    pub fn measured(self, removals: RemovalBounds) -> Result<Threat<MeasuredSignalThreat>, Error> {
        check(&self, &removals)?;
        Ok(self.map(|signal| MeasuredSignalThreat { signal, removals }))
    }
}

fn check<M: ThreatModel>(threat: &Threat<M>, removals: &RemovalBounds) -> Result<(), Error> {
    if removals.noise() == Some(threat.noise()) {
        return Ok(());
    }
    Err(Error::NoiseMismatch { votes: NoiseName(removals.noise()), threat: NoiseName(Some(threat.noise())) })
}

/// `B (q − 1 + τ)`, rounded down, where new tokens are all deleted with probability at least `gone`.
fn bound(
    own: &OwnTokens,
    removals: &RemovalBounds,
    top: Lower,
    gone: Enclosure,
    (removed, swapped): (u32, u32),
) -> Lower {
    // An attacker who may remove so many tokens may remove fewer.
    let left = own.without(removals, removed).into_iter().fold(top, Lower::and);
    let order = own.transposed(swapped, removed.saturating_add(swapped)).lower;
    if order < 1.0 {
        Lower::from_p(mul_down(gone.lower, sub_down(order, left.rest()).max(0.0)))
    } else if gone.lower < 1.0 {
        Lower::from_p(mul_down(gone.lower, left.p()))
    } else {
        left
    }
}

impl MeasuredEditThreat {
    /// As [`EditThreat::lower_bound_after`].
    #[must_use]
    pub fn lower_bound_after(&self, top: Lower, edits: &EditCounts) -> Lower {
        if edits.total() == 0 {
            return top;
        }
        let removed = edits.deletions.saturating_add(edits.substitutions);
        let added = edits.insertions.saturating_add(edits.substitutions);
        self.bound(top, removed, added, edits.transpositions)
    }

    fn bound(&self, top: Lower, removed: u32, added: u32, swapped: u32) -> Lower {
        let gone = self.edits.inserted.enclosure().power(added);
        let measured = bound(&self.edits.own, &self.removals, top, gone, (removed, swapped));
        measured.or(self.edits.bound(top, removed, added, swapped))
    }
}

impl ThreatModel for MeasuredEditThreat {
    fn describe(&self) -> String {
        self.edits.describe()
    }

    fn unit(&self) -> Unit {
        self.edits.unit()
    }

    fn maximum(&self) -> Option<u32> {
        self.edits.maximum()
    }

    fn lower_bound(&self, top: Lower, r: u32) -> Lower {
        if r == 0 {
            return top;
        }
        let cases = self.edits.worst_cases(r);
        let least = cases.map(|(removed, added, swapped)| self.bound(top, removed, added, swapped));
        // Either bound holds for every attack, so the better minimum does.
        least.fold(top, Lower::and).or(self.edits.lower_bound(top, r))
    }

    /// Nothing was measured of the others.
    fn upper_bound(&self, other: Upper, r: u32) -> Upper {
        self.edits.upper_bound(other, r)
    }

    fn survives(&self, bounds: &ClassBounds, r: u32) -> bool {
        let measured = self.removals.hold_with(bounds);
        let top = if measured { self.lower_bound(bounds.top(), r) } else { Lower::ZERO };
        top.exceeds(top.complement()) || self.edits.survives(bounds, r)
    }
}

impl MeasuredSignalThreat {
    /// As [`SignalThreat::lower_bound_after`].
    #[must_use]
    pub fn lower_bound_after(&self, top: Lower, budget: SignalBudget) -> Lower {
        if budget == SignalBudget::default() {
            return top;
        }
        let signal = &self.signal;
        let gone =
            signal.outside.enclosure().power(budget.outside) * signal.inside.enclosure().power(budget.inside);
        let least = (0..=budget.own.min(signal.own.tokens())).map(|removed| {
            let swapped = budget.own - removed;
            let measured = bound(&signal.own, &self.removals, top, gone, (removed, swapped));
            measured.or(signal.bound(top, gone, (removed, swapped)))
        });
        least.fold(Lower::ONE, Lower::and)
    }

    /// Whether the bounded class stays strictly ahead after any attack within `budget`.
    #[must_use]
    pub fn survives_mix(&self, bounds: &ClassBounds, budget: SignalBudget) -> bool {
        let measured = self.removals.hold_with(bounds);
        let top = if measured { self.lower_bound_after(bounds.top(), budget) } else { Lower::ZERO };
        top.exceeds(top.complement()) || self.signal.survives_mix(bounds, budget)
    }

    /// As [`SignalThreat::frontier`].
    #[must_use]
    pub fn frontier(&self, bounds: &ClassBounds) -> Vec<SignalBudget> {
        frontier(&self.signal.own, |budget| self.survives_mix(bounds, budget))
    }
}

impl ThreatModel for MeasuredSignalThreat {
    fn describe(&self) -> String {
        self.signal.describe()
    }

    fn unit(&self) -> Unit {
        self.signal.unit()
    }

    fn maximum(&self) -> Option<u32> {
        self.signal.maximum()
    }

    fn lower_bound(&self, top: Lower, r: u32) -> Lower {
        self.lower_bound_after(top, SignalBudget { outside: r, ..SignalBudget::default() })
    }

    /// Nothing was measured of the others.
    fn upper_bound(&self, other: Upper, r: u32) -> Upper {
        self.signal.upper_bound(other, r)
    }

    fn survives(&self, bounds: &ClassBounds, r: u32) -> bool {
        self.survives_mix(bounds, SignalBudget { outside: r, ..SignalBudget::default() })
    }
}
