//! Neyman–Pearson on machine integers, for enumerations of many pairs of laws.

use super::Q;
use std::cmp::Ordering;

/// A fraction whose cross products fit into 128 bits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fraction {
    pub(crate) numerator: u128,
    pub(crate) denominator: u128,
}

impl Fraction {
    pub(crate) fn new(numerator: u64, denominator: u64) -> Self {
        Self { numerator: numerator.into(), denominator: denominator.into() }
    }

    pub(crate) fn exact(self) -> Q {
        Q::new(self.numerator.into(), self.denominator.into())
    }
}

impl PartialEq for Fraction {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Fraction {}

impl PartialOrd for Fraction {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Fraction {
    fn cmp(&self, other: &Self) -> Ordering {
        let product = |a: u128, b: u128| a.checked_mul(b).expect("a fraction is too long");
        product(self.numerator, other.denominator).cmp(&product(other.numerator, self.denominator))
    }
}

/// Two laws on one set of outcomes, as weights.
#[derive(Clone, Debug)]
pub(crate) struct Weights {
    /// By descending ratio of clean to adversarial weight.
    outcomes: Vec<(u64, u64)>,
    clean_total: u64,
    adversarial_total: u64,
}

impl Weights {
    pub(crate) fn new(outcomes: impl IntoIterator<Item = (u64, u64)>) -> Self {
        let mut outcomes: Vec<(u64, u64)> =
            outcomes.into_iter().filter(|&(clean, adversarial)| clean + adversarial > 0).collect();
        outcomes.sort_unstable_by(|a, b| {
            (u128::from(b.0) * u128::from(a.1)).cmp(&(u128::from(a.0) * u128::from(b.1)))
        });
        let (clean_total, adversarial_total) =
            outcomes.iter().fold((0, 0), |(p, q), outcome| (p + outcome.0, q + outcome.1));
        Self { outcomes, clean_total, adversarial_total }
    }

    /// `min E_Q h` over `0 ≤ h ≤ 1` with `E_P h ≥ p`.
    pub(crate) fn least(&self, p: Fraction) -> Fraction {
        let target = p.numerator * u128::from(self.clean_total);
        let total = u128::from(self.adversarial_total);
        let (mut clean, mut adversarial) = (0_u128, 0_u128);
        for &(p_weight, q_weight) in &self.outcomes {
            let mass = u128::from(p_weight) * p.denominator;
            if clean == target {
                break;
            }
            if clean + mass > target {
                return Fraction {
                    numerator: adversarial * mass + u128::from(q_weight) * (target - clean),
                    denominator: total * mass,
                };
            }
            clean += mass;
            adversarial += u128::from(q_weight);
        }
        Fraction { numerator: adversarial, denominator: total }
    }
}
