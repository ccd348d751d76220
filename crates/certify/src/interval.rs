//! Probabilities that are bounded rather than known: [`Lower`], [`Upper`] and the [`Interval`] between them.
//!
//! Each bound carries its complement, because certificates live where probabilities are close to one: there `1 − p` has
//! the digits that `p` has lost.

use crate::{
    Error, Rate,
    error::Parameter,
    round::{Enclosure, complement_down, complement_up},
};

/// A lower bound on a probability: `p` rounded down, `1 − p` rounded up.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Lower {
    p: f64,
    rest: f64,
}

/// An upper bound on a probability: `p` rounded up, `1 − p` rounded down.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Upper {
    p: f64,
    rest: f64,
}

impl Lower {
    /// The bound that says nothing: the probability is at least zero.
    pub const ZERO: Self = Self { p: 0.0, rest: 1.0 };
    /// The event is certain.
    pub const ONE: Self = Self { p: 1.0, rest: 0.0 };

    /// A lower bound from `p`; one minus it is derived. `NaN` becomes the bound that says nothing.
    #[must_use]
    pub fn from_p(p: f64) -> Self {
        if p.is_nan() {
            return Self::ZERO;
        }
        let p = p.clamp(0.0, 1.0);
        Self { p, rest: complement_up(p) }
    }

    /// A lower bound from an upper bound `rest` on the complementary probability.
    #[must_use]
    pub fn from_rest(rest: f64) -> Self {
        if rest.is_nan() {
            return Self::ZERO;
        }
        let rest = rest.clamp(0.0, 1.0);
        Self { p: complement_down(rest), rest }
    }

    /// The bound itself, rounded down.
    #[must_use]
    pub const fn p(self) -> f64 {
        self.p
    }

    /// One minus the bound, rounded up.
    #[must_use]
    pub const fn rest(self) -> f64 {
        self.rest
    }

    /// The complementary event's upper bound.
    #[must_use]
    pub const fn complement(self) -> Upper {
        Upper { p: self.rest, rest: self.p }
    }

    /// Whether the bounded probability is strictly greater than the one that `other` bounds. Ties are `false`.
    #[must_use]
    pub fn exceeds(self, other: Upper) -> bool {
        self.p > other.p || self.rest < other.rest
    }

    /// The greater of two lower bounds on the same probability, digit by digit.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self { p: self.p.max(other.p), rest: self.rest.min(other.rest) }
    }

    /// The smaller of two lower bounds: it holds for both probabilities.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { p: self.p.min(other.p), rest: self.rest.max(other.rest) }
    }
}

impl Upper {
    /// The event is impossible.
    pub const ZERO: Self = Self { p: 0.0, rest: 1.0 };
    /// The bound that says nothing: the probability is at most one.
    pub const ONE: Self = Self { p: 1.0, rest: 0.0 };
    /// One half.
    pub const HALF: Self = Self { p: 0.5, rest: 0.5 };

    /// An upper bound from `p`; one minus it is derived. `NaN` becomes the bound that says nothing.
    #[must_use]
    pub fn from_p(p: f64) -> Self {
        Lower::from_rest(p).complement()
    }

    /// An upper bound from a lower bound `rest` on the complementary probability.
    #[must_use]
    pub fn from_rest(rest: f64) -> Self {
        Lower::from_p(rest).complement()
    }

    /// The bound itself, rounded up.
    #[must_use]
    pub const fn p(self) -> f64 {
        self.p
    }

    /// One minus the bound, rounded down.
    #[must_use]
    pub const fn rest(self) -> f64 {
        self.rest
    }

    /// The complementary event's lower bound.
    #[must_use]
    pub const fn complement(self) -> Lower {
        Lower { p: self.rest, rest: self.p }
    }

    /// The smaller of two upper bounds on the same probability, digit by digit.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.complement().or(other.complement()).complement()
    }

    /// The greater of two upper bounds: it holds for both probabilities.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.complement().and(other.complement()).complement()
    }
}

/// A probability known to lie between two bounds.
///
/// Noise parameters enter certificates as intervals: exact ones from a [`Rate`], enclosing ones from a decimal or a
/// fraction that binary floating point cannot hold.
///
/// ```
/// use steadfast_certify::{Interval, Rate};
///
/// let sampled = Interval::from(Rate::new(0.9)?);
/// assert_eq!(sampled.lower().p(), sampled.upper().p());
/// let written = Interval::enclosing("0.9")?;
/// assert!(written.lower().p() < 0.9 && 0.9 < written.upper().p());
/// # Ok::<(), steadfast_certify::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Interval {
    lower: Lower,
    upper: Upper,
}

impl Interval {
    /// The impossible event.
    pub const ZERO: Self = Self { lower: Lower::ZERO, upper: Upper::ZERO };
    /// The certain event.
    pub const ONE: Self = Self { lower: Lower::ONE, upper: Upper::ONE };

    /// The interval between two bounds on one probability.
    ///
    /// # Errors
    /// [`Error::Parameter`] if the bounds contradict each other.
    pub fn new(lower: Lower, upper: Upper) -> Result<Self, Error> {
        if lower.exceeds(upper) {
            return Err(Error::Parameter(Parameter {
                name: "interval",
                given: format!("[{}, {}]", lower.p, upper.p),
                expected: "a lower bound that is not above the upper bound",
            }));
        }
        Ok(Self { lower, upper })
    }

    /// The tightest interval of doubles around the number that `text` writes: a decimal (`0.9`, `9e-1`) or a fraction
    /// (`17/18`) between 0 and 1. The complement is taken on the text, so it is as tight as the number itself.
    ///
    /// # Errors
    /// [`Error::Parameter`] if the text is no such number.
    pub fn enclosing(text: &str) -> Result<Self, Error> {
        let refused = || {
            Error::Parameter(Parameter {
                name: "probability",
                given: text.to_owned(),
                expected: "a decimal or a fraction between 0 and 1",
            })
        };
        let (number, rest) = if let Some((numerator, denominator)) = text.trim().split_once('/') {
            let numerator: u128 = numerator.trim().parse().map_err(|_| refused())?;
            let denominator: u128 = denominator.trim().parse().map_err(|_| refused())?;
            if denominator == 0 {
                return Err(refused());
            }
            let rest = denominator.checked_sub(numerator).ok_or_else(refused)?;
            (Enclosure::ratio(numerator, denominator), Enclosure::ratio(rest, denominator))
        } else {
            let digits = fraction_digits(text.trim()).ok_or_else(refused)?;
            (enclose_digits(&digits), enclose_digits(&complement_digits(&digits)))
        };
        Ok(Self {
            lower: Lower { p: number.lower.min(1.0), rest: rest.upper.min(1.0) },
            upper: Upper { p: number.upper.min(1.0), rest: rest.lower.min(1.0) },
        })
    }

    /// The lower end.
    #[must_use]
    pub const fn lower(self) -> Lower {
        self.lower
    }

    /// The upper end.
    #[must_use]
    pub const fn upper(self) -> Upper {
        self.upper
    }

    /// The interval of the complementary event.
    #[must_use]
    pub const fn complement(self) -> Self {
        Self { lower: self.upper.complement(), upper: self.lower.complement() }
    }

    /// The probability that two independent events both happen.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self::from_enclosure(self.enclosure() * other.enclosure())
    }

    /// The probability that either of two events happens which exclude each other.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self::from_enclosure(self.enclosure() + other.enclosure())
    }

    /// Whether the probability is known exactly: both ends are equal.
    #[must_use]
    pub fn is_exact(self) -> bool {
        self.lower.p == self.upper.p && self.lower.rest == self.upper.rest
    }

    pub(crate) const fn enclosure(self) -> Enclosure {
        Enclosure { lower: self.lower.p, upper: self.upper.p }
    }

    /// The interval of a probability that lies in `enclosure`.
    pub(crate) fn from_enclosure(enclosure: Enclosure) -> Self {
        Self { lower: Lower::from_p(enclosure.lower), upper: Upper::from_p(enclosure.upper) }
    }
}

impl From<Rate> for Interval {
    /// Exact: both ends are the rate itself.
    fn from(rate: Rate) -> Self {
        let (p, rest) = (rate.value(), rate.complement());
        Self { lower: Lower { p, rest }, upper: Upper { p, rest } }
    }
}

/// The digits of a decimal in `[0, 1]`, units digit first, without trailing zeros: `0.25` and `2.5e-1` are `[0, 2, 5]`.
fn fraction_digits(text: &str) -> Option<Vec<u8>> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.len() + fraction.len() == 0 || exponent.unsigned_abs() > 1_000 || text.len() > 4_000 {
        return None;
    }
    let all: Vec<u8> = whole
        .bytes()
        .chain(fraction.bytes())
        .map(|b| b.is_ascii_digit().then(|| b - b'0'))
        .collect::<Option<_>>()?;
    // Position of the decimal point within `all`, once the exponent has moved it.
    let point = i32::try_from(whole.len()).ok()? + exponent;
    let (leading, tail) = if point <= 0 {
        (vec![], [vec![0; point.unsigned_abs() as usize], all].concat())
    } else {
        let mut padded = all;
        padded.resize(padded.len().max(point as usize), 0);
        let tail = padded.split_off(point as usize);
        (padded, tail)
    };
    let (units, high) = leading.split_last().map_or((0, &[][..]), |(units, high)| (*units, high));
    if high.iter().any(|&digit| digit != 0) || units > 1 {
        return None;
    }
    let mut digits = vec![units];
    digits.extend(tail);
    while digits.len() > 1 && digits.last() == Some(&0) {
        digits.pop();
    }
    (units == 0 || digits.len() == 1).then_some(digits)
}

/// One minus the number, digit by digit.
fn complement_digits(digits: &[u8]) -> Vec<u8> {
    match digits {
        [0] => vec![1],
        [_, fraction @ .., last] => {
            let mut rest = vec![0];
            rest.extend(fraction.iter().map(|digit| 9 - digit));
            rest.push(10 - last);
            rest
        }
        // Just a one: nothing is left.
        _ => vec![0],
    }
}

/// The nearest double and, unless it is exact, its neighbors.
fn enclose_digits(digits: &[u8]) -> Enclosure {
    let Some((units, fraction)) = digits.split_first() else { return Enclosure::ZERO };
    let mut text = format!("{units}.");
    text.extend(fraction.iter().map(|digit| char::from(b'0' + digit)));
    text.push('0');
    let Ok(nearest) = text.parse::<f64>() else { return Enclosure { lower: 0.0, upper: 1.0 } };
    // A double has at most 1,074 decimal places, so this writes it out in full.
    let written = format!("{nearest:.1074}");
    if written.trim_end_matches('0') == text.trim_end_matches('0') {
        Enclosure::exact(nearest)
    } else {
        Enclosure { lower: nearest.next_down().max(0.0), upper: nearest.next_up() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint::BigInt;
    use num_rational::BigRational;

    #[test]
    fn encloses_decimals_and_fractions() {
        for (text, numerator, denominator) in [
            ("0.9", 9_i64, 10_i64),
            ("9e-1", 9, 10),
            ("17/18", 17, 18),
            (".25", 1, 4),
            ("1", 1, 1),
            ("0", 0, 1),
            ("1e-12", 1, 10_i64.pow(12)),
        ] {
            let interval = Interval::enclosing(text).unwrap();
            let exact = BigRational::new(BigInt::from(numerator), BigInt::from(denominator));
            let rest = BigRational::from_integer(BigInt::from(1)) - &exact;
            let of = |x: f64| BigRational::from_float(x).unwrap();
            assert!(of(interval.lower.p) <= exact && exact <= of(interval.upper.p), "{text}");
            assert!(of(interval.upper.rest) <= rest && rest <= of(interval.lower.rest), "{text}");
            assert!(interval.upper.p - interval.lower.p <= 4.0 * f64::EPSILON * interval.upper.p);
            assert!(interval.lower.rest - interval.upper.rest <= 4.0 * f64::EPSILON * interval.lower.rest);
        }
        let quarter = Interval::enclosing("0.25").unwrap();
        assert_eq!(quarter.lower.p, quarter.upper.p);
    }

    #[test]
    fn refuses_what_is_no_probability() {
        for bad in ["", ".", "1.1", "-0.5", "3/2", "1/0", "nan", "0.5x", "1e99999", "10e0", "/", "1/"] {
            assert!(Interval::enclosing(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn ties_do_not_exceed() {
        assert!(!Lower::from_p(0.5).exceeds(Upper::HALF));
        assert!(Lower::from_p(0.5_f64.next_up()).exceeds(Upper::HALF));
        assert!(!Lower::from_p(f64::NAN).exceeds(Upper::ZERO));
        assert!(!Lower::ONE.exceeds(Upper::from_p(f64::NAN)));
        let close = Lower::from_rest(1e-20);
        assert!(close.exceeds(Upper::from_rest(2e-20)), "the complement tells apart what p cannot");
    }
}
