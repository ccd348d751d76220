//! A clean and an adversarial law, exactly.

use super::{Q, half, one};
use num_bigint::{BigInt, BigUint};
use num_traits::{One, Signed, Zero};
use std::cmp::Ordering;

/// Two laws on the same finite set: outcome `i` has probability `cleanᵢ / clean_total` under the clean law `P` and
/// `adversarialᵢ / adversarial_total` under the adversarial law `Q`.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    outcomes: Vec<(BigUint, BigUint)>,
    clean_total: BigUint,
    adversarial_total: BigUint,
    /// Outcomes by descending `P/Q`.
    order: Vec<usize>,
}

impl Pair {
    /// The pair with these outcomes, `(P, Q)`. Both must sum to one.
    pub(crate) fn new(outcomes: &[(Q, Q)]) -> Self {
        let common = |side: fn(&(Q, Q)) -> &Q| {
            let sum: Q = outcomes.iter().map(side).sum();
            assert!(sum.is_one(), "a law sums to {sum}");
            assert!(outcomes.iter().all(|outcome| !side(outcome).is_negative()));
            outcomes.iter().fold(BigInt::one(), |product, outcome| {
                let denominator = side(outcome).denom();
                if (&product % denominator).is_zero() { product } else { product * denominator }
            })
        };
        let (clean, adversarial) = (common(|o| &o.0), common(|o| &o.1));
        let scaled = |x: &Q, total: &BigInt| (x.numer() * (total / x.denom())).magnitude().clone();
        Self::from_integers(
            outcomes.iter().map(|(p, q)| (scaled(p, &clean), scaled(q, &adversarial))).collect(),
            clean.magnitude().clone(),
            adversarial.magnitude().clone(),
        )
    }

    fn from_integers(
        mut outcomes: Vec<(BigUint, BigUint)>,
        clean_total: BigUint,
        adversarial_total: BigUint,
    ) -> Self {
        outcomes.retain(|(p, q)| !(p.is_zero() && q.is_zero()));
        assert_eq!(outcomes.iter().map(|o| &o.0).sum::<BigUint>(), clean_total);
        assert_eq!(outcomes.iter().map(|o| &o.1).sum::<BigUint>(), adversarial_total);
        let mut order: Vec<usize> = (0..outcomes.len()).collect();
        order.sort_by(|&a, &b| by_descending_ratio(&outcomes[a], &outcomes[b]));
        Self { outcomes, clean_total, adversarial_total, order }
    }

    /// Nothing differs.
    pub(crate) fn unchanged() -> Self {
        Self::new(&[(one(), one())])
    }

    /// One coordinate of `values` values that shows the clean value 0 or the adversarial value 1 with probability `keep`,
    /// one outcome per value.
    pub(crate) fn coordinate(values: u32, keep: &Q) -> Self {
        let other = (one() - keep) / super::integer(u64::from(values) - 1);
        let shows = |value: u32, true_value: u32| {
            if value == true_value { keep.clone() } else { other.clone() }
        };
        Self::new(&(0..values).map(|value| (shows(value, 0), shows(value, 1))).collect::<Vec<_>>())
    }

    /// `r` such coordinates, from the multinomial formula: `i` show the clean value, `j` the adversarial one.
    pub(crate) fn coordinates(values: u64, keep: &Q, r: u32) -> Self {
        let denominator = keep.denom().magnitude() * (values - 1);
        let keep_weight = keep.numer().magnitude() * (values - 1);
        let other_weight = (one() - keep).numer() * (keep.denom() / (one() - keep).denom());
        let other_weight = other_weight.magnitude().clone();
        let factorial = |m: u32| (1..=m).fold(BigUint::one(), |product, i| product * i);
        let mut outcomes = Vec::new();
        for i in 0..=r {
            for j in 0..=r - i {
                let third = r - i - j;
                let count = factorial(r) / factorial(i) / factorial(j) / factorial(third)
                    * BigUint::from(values - 2).pow(third);
                let mass = |shown: u32| keep_weight.pow(shown) * other_weight.pow(r - shown) * &count;
                outcomes.push((mass(i), mass(j)));
            }
        }
        let total = denominator.pow(r);
        Self::from_integers(outcomes, total.clone(), total)
    }

    /// A zero that the attacker turned into a one: shows a zero or a one.
    pub(crate) fn raised(zero_to_one: &Q, one_to_zero: &Q) -> Self {
        Self::new(&[(one() - zero_to_one, one_to_zero.clone()), (zero_to_one.clone(), one() - one_to_zero)])
    }

    /// A one that the attacker turned into a zero.
    pub(crate) fn lowered(zero_to_one: &Q, one_to_zero: &Q) -> Self {
        let raised = Self::raised(zero_to_one, one_to_zero);
        let swapped = raised.outcomes.into_iter().map(|(p, q)| (q, p)).collect();
        Self::from_integers(swapped, raised.adversarial_total, raised.clean_total)
    }

    /// One draw from each pair, independently: every combination of outcomes.
    pub(crate) fn and(&self, other: &Self) -> Self {
        let product = |(p, q): &(BigUint, BigUint), (s, t): &(BigUint, BigUint)| (p * s, q * t);
        Self::from_integers(
            self.outcomes.iter().flat_map(|a| other.outcomes.iter().map(move |b| product(a, b))).collect(),
            &self.clean_total * &other.clean_total,
            &self.adversarial_total * &other.adversarial_total,
        )
    }

    /// `count` independent draws, every combination of outcomes.
    pub(crate) fn power(&self, count: u32) -> Self {
        (0..count).fold(Self::unchanged(), |product, _| product.and(self))
    }

    /// As [`Self::power`], adding up outcomes of equal ratio on the way. Exact as well.
    pub(crate) fn merged(&self) -> Self {
        let mut merged: Vec<(BigUint, BigUint)> = Vec::new();
        for &i in &self.order {
            let (p, q) = &self.outcomes[i];
            match merged.last_mut() {
                Some(last) if by_descending_ratio(last, &self.outcomes[i]) == Ordering::Equal => {
                    last.0 += p;
                    last.1 += q;
                }
                _ => merged.push((p.clone(), q.clone())),
            }
        }
        Self::from_integers(merged, self.clean_total.clone(), self.adversarial_total.clone())
    }

    /// The outcomes, `(P, Q)`, by descending ratio.
    pub(crate) fn outcomes(&self) -> Vec<(Q, Q)> {
        let fraction = |x: &BigUint, total: &BigUint| Q::new(x.clone().into(), total.clone().into());
        let pair = |&i: &usize| {
            let (p, q) = &self.outcomes[i];
            (fraction(p, &self.clean_total), fraction(q, &self.adversarial_total))
        };
        self.order.iter().map(pair).collect()
    }

    /// `min E_Q h` over `0 ≤ h ≤ 1` with `E_P h ≥ p`: fill outcomes from the largest ratio down.
    pub(crate) fn least(&self, p: &Q) -> Q {
        let (clean, adversarial) = self.fill(self.order.iter().copied(), p, |o| &o.0, &self.clean_total);
        assert_eq!(&clean, p);
        adversarial
    }

    /// `max E_Q h` over `0 ≤ h ≤ 1` with `E_P h ≤ p`: fill outcomes from the smallest ratio up, those of clean mass zero
    /// first.
    pub(crate) fn greatest(&self, p: &Q) -> Q {
        let reversed: Vec<usize> = self.order.iter().rev().copied().collect();
        let mut filled = self.fill(reversed.iter().copied(), p, |o| &o.0, &self.clean_total).1;
        if p.is_zero() {
            // Filling stops before it starts, but outcomes without clean mass cost nothing.
            let free: BigUint = self.outcomes.iter().filter(|o| o.0.is_zero()).map(|o| &o.1).sum();
            filled = Q::new(free.into(), self.adversarial_total.clone().into());
        }
        filled
    }

    /// The clean probability at which [`Self::least`] reaches one half; 1 if it never does.
    pub(crate) fn threshold(&self) -> Q {
        self.fill(self.order.iter().copied(), &half(), |o| &o.1, &self.adversarial_total).0
    }

    /// `max_t [t p − Σ (tP − Q)₊]` over the slopes of all outcomes: the dual of [`Self::least`].
    pub(crate) fn dual(&self, p: &Q) -> Q {
        let outcomes = self.outcomes();
        let at = |t: &Q| {
            let shortfall: Q = outcomes
                .iter()
                .map(|(clean, adversarial)| t * clean - adversarial)
                .filter(Q::is_positive)
                .sum();
            t * p - shortfall
        };
        outcomes
            .iter()
            .filter(|o| o.0.is_positive())
            .map(|(clean, adversarial)| at(&(adversarial / clean)))
            .fold(Q::zero(), |best, value| if value > best { value } else { best })
    }

    /// Fills outcomes in this order until `level` of the measured side is reached; both sides' mass.
    fn fill(
        &self,
        order: impl Iterator<Item = usize>,
        level: &Q,
        measured: fn(&(BigUint, BigUint)) -> &BigUint,
        total: &BigUint,
    ) -> (Q, Q) {
        // Everything in units of 1/(total · denominator of the level).
        let target = level.numer().magnitude() * total;
        let unit = level.denom().magnitude();
        let (mut sum, mut clean, mut adversarial) = (BigUint::zero(), BigUint::zero(), BigUint::zero());
        let fraction = |x: BigUint, scale: BigUint| Q::new(x.into(), scale.into());
        for i in order {
            let outcome = &self.outcomes[i];
            let mass = measured(outcome) * unit;
            if sum == target {
                break;
            }
            if &sum + &mass > target {
                // The share (target − sum) / mass of this outcome.
                let share = &target - &sum;
                return (
                    fraction(clean * &mass + &outcome.0 * &share, &self.clean_total * &mass),
                    fraction(adversarial * &mass + &outcome.1 * &share, &self.adversarial_total * &mass),
                );
            }
            sum += mass;
            clean += &outcome.0;
            adversarial += &outcome.1;
        }
        (fraction(clean, self.clean_total.clone()), fraction(adversarial, self.adversarial_total.clone()))
    }
}

fn by_descending_ratio(a: &(BigUint, BigUint), b: &(BigUint, BigUint)) -> Ordering {
    (&b.0 * &a.1).cmp(&(&a.0 * &b.1))
}
