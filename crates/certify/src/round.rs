//! Outward rounding. Every directed operation of the crate is in this file.
//!
//! IEEE 754 rounds each operation to the nearest double, so the exact result of one operation lies strictly between the
//! neighbors of the computed one. The functions here step to that neighbour on the safe side, except where the exact
//! result is known (a zero factor, a zero term), so that zero masses stay zero. Underflow is covered: the neighbour of
//! zero is the smallest subnormal.

/// A non-negative real number known to lie in `[lower, upper]`.
///
/// Arithmetic rounds outward, so the enclosure property is kept by every operation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Enclosure {
    pub(crate) lower: f64,
    pub(crate) upper: f64,
}

impl Enclosure {
    pub(crate) const ZERO: Self = Self { lower: 0.0, upper: 0.0 };
    pub(crate) const ONE: Self = Self { lower: 1.0, upper: 1.0 };

    pub(crate) const fn exact(value: f64) -> Self {
        Self { lower: value, upper: value }
    }

    /// `integer / integer`, both positive or the numerator zero.
    pub(crate) fn ratio(numerator: impl Into<u128>, denominator: impl Into<u128>) -> Self {
        integer(numerator) / integer(denominator)
    }

    /// The number to the power of `exponent`, by squaring.
    pub(crate) fn power(self, exponent: u32) -> Self {
        let (mut result, mut square, mut rest) = (Self::ONE, self, exponent);
        while rest > 0 {
            if rest & 1 == 1 {
                result = if result == Self::ONE { square } else { result * square };
            }
            rest >>= 1;
            if rest > 0 {
                square = square * square;
            }
        }
        result
    }

    pub(crate) fn is_zero(self) -> bool {
        self.upper == 0.0
    }
}

/// The enclosure of an integer; exact up to 2⁵³.
pub(crate) fn integer(value: impl Into<u128>) -> Enclosure {
    let value = value.into();
    let nearest = value as f64;
    if value <= 1 << 53 {
        Enclosure::exact(nearest)
    } else {
        Enclosure { lower: nearest.next_down(), upper: nearest.next_up() }
    }
}

impl std::ops::Add for Enclosure {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { lower: add_down(self.lower, other.lower).max(0.0), upper: add_up(self.upper, other.upper) }
    }
}

/// Difference of two enclosed numbers whose exact difference is known to be non-negative.
impl std::ops::Sub for Enclosure {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self {
            lower: sub_down(self.lower, other.upper).max(0.0),
            upper: sub_up(self.upper, other.lower).max(0.0),
        }
    }
}

impl std::ops::Mul for Enclosure {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self { lower: mul_down(self.lower, other.lower), upper: mul_up(self.upper, other.upper) }
    }
}

impl std::ops::Div for Enclosure {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        Self { lower: div_down(self.lower, other.upper), upper: div_up(self.upper, other.lower) }
    }
}

pub(crate) fn add_down(a: f64, b: f64) -> f64 {
    if a == 0.0 {
        b
    } else if b == 0.0 {
        a
    } else {
        (a + b).next_down()
    }
}

pub(crate) fn add_up(a: f64, b: f64) -> f64 {
    if a == 0.0 {
        b
    } else if b == 0.0 {
        a
    } else {
        (a + b).next_up()
    }
}

pub(crate) fn sub_down(a: f64, b: f64) -> f64 {
    add_down(a, -b)
}

pub(crate) fn sub_up(a: f64, b: f64) -> f64 {
    add_up(a, -b)
}

/// Product of two non-negative numbers, rounded down.
pub(crate) fn mul_down(a: f64, b: f64) -> f64 {
    let product = a * b;
    if product == 0.0 { 0.0 } else { product.next_down() }
}

/// Product of two non-negative numbers, rounded up.
pub(crate) fn mul_up(a: f64, b: f64) -> f64 {
    if a == 0.0 || b == 0.0 { 0.0 } else { (a * b).next_up() }
}

/// Quotient of two non-negative numbers, rounded down; `x / 0` is taken as the largest finite number.
pub(crate) fn div_down(a: f64, b: f64) -> f64 {
    if a == 0.0 {
        0.0
    } else if b == 0.0 {
        f64::MAX
    } else {
        (a / b).next_down().max(0.0)
    }
}

/// Quotient of two non-negative numbers, rounded up; `x / 0` is infinite.
pub(crate) fn div_up(a: f64, b: f64) -> f64 {
    if a == 0.0 {
        0.0
    } else if b == 0.0 {
        f64::INFINITY
    } else {
        (a / b).next_up()
    }
}

/// `1 − x` for `x` in `[0, 1]`, rounded down. Exact where `x ≥ ½` (Sterbenz).
pub(crate) fn complement_down(x: f64) -> f64 {
    if x == 0.0 || x >= 0.5 { 1.0 - x } else { (1.0 - x).next_down() }
}

/// `1 − x` for `x` in `[0, 1]`, rounded up. Exact where `x ≥ ½` (Sterbenz).
pub(crate) fn complement_up(x: f64) -> f64 {
    if x == 0.0 || x >= 0.5 { 1.0 - x } else { (1.0 - x).next_up().min(1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_rational::BigRational;
    use proptest::prelude::*;

    fn exact(x: f64) -> BigRational {
        BigRational::from_float(x).unwrap()
    }

    proptest! {
        #[test]
        fn directed_operations_enclose_the_exact_result(a in 0.0..1e3_f64, b in 1e-9..1e3_f64) {
            prop_assert!(exact(add_down(a, b)) <= exact(a) + exact(b));
            prop_assert!(exact(add_up(a, b)) >= exact(a) + exact(b));
            prop_assert!(exact(sub_down(a, b)) <= exact(a) - exact(b));
            prop_assert!(exact(sub_up(a, b)) >= exact(a) - exact(b));
            prop_assert!(exact(mul_down(a, b)) <= exact(a) * exact(b));
            prop_assert!(exact(mul_up(a, b)) >= exact(a) * exact(b));
            prop_assert!(exact(div_down(a, b)) <= exact(a) / exact(b));
            prop_assert!(exact(div_up(a, b)) >= exact(a) / exact(b));
        }

        #[test]
        fn complements_enclose(x in 0.0..=1.0_f64) {
            let one = exact(1.0);
            prop_assert!(exact(complement_down(x)) <= &one - exact(x));
            prop_assert!(exact(complement_up(x)) >= &one - exact(x));
        }
    }

    #[test]
    fn zeros_stay_zero_and_underflow_is_outward() {
        assert!((Enclosure::ZERO * Enclosure::exact(0.3)).is_zero());
        assert!((Enclosure::ZERO + Enclosure::ZERO).is_zero());
        let tiny = Enclosure::exact(f64::MIN_POSITIVE) * Enclosure::exact(f64::MIN_POSITIVE);
        assert_eq!(tiny.lower, 0.0);
        assert!(tiny.upper > 0.0);
    }
}
