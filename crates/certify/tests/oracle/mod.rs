//! A second opinion on every certificate, in exact arithmetic and with none of the library's shortcuts.
//!
//! - [`attacks`]: the least probability over every text that an attack reaches.
//! - [`pair`]: clean and adversarial laws as integers over a common denominator; Neyman–Pearson by sorting and filling.
//! - [`binomial`]: binomial tails from sums of term ratios, in directed fixed point.
//! - [`normal`]: the normal distribution and the logarithm by series, in fixed point.
//! - [`texts`]: every text within some edits, and every way to delete tokens from it.
//! - [`weights`]: Neyman–Pearson on machine integers, for enumerations of many pairs.
//!
//! Rationals and big integers only. Doubles enter as the rationals that they are.
#![allow(dead_code, reason = "each test file uses its own part of the oracle")]

pub(crate) mod attacks;
pub(crate) mod binomial;
pub(crate) mod normal;
pub(crate) mod pair;
pub(crate) mod texts;
pub(crate) mod weights;

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Signed, ToPrimitive, Zero};

/// An exact number.
pub(crate) type Q = BigRational;

/// The number that a decimal (`0.9`, `1e-6`, `-3`) or a fraction (`17/18`) writes.
pub(crate) fn q(text: &str) -> Q {
    parse(text).unwrap_or_else(|| panic!("{text:?} is no number"))
}

/// As [`q`]; `None` if the text writes no number.
pub(crate) fn parse(text: &str) -> Option<Q> {
    if let Some((numerator, denominator)) = text.split_once('/') {
        let denominator: BigInt = denominator.parse().ok().filter(|d| !BigInt::is_zero(d))?;
        return Some(Q::new(numerator.parse().ok()?, denominator));
    }
    let (digits, places) = digits_and_places(text)?;
    Some(Q::from_integer(digits) * power_of_ten(-places))
}

/// Half a unit in the last digit that the text writes: how far a rounded decimal is from what it stands for.
pub(crate) fn half_unit(text: &str) -> Option<Q> {
    let (_, places) = digits_and_places(text)?;
    Some(power_of_ten(-places) / integer(2))
}

fn digits_and_places(text: &str) -> Option<(BigInt, i32)> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}").parse().ok()?;
    Some((digits, i32::try_from(fraction.len()).ok()? - exponent))
}

pub(crate) fn power_of_ten(exponent: i32) -> Q {
    let power = Q::from_integer(BigInt::from(10).pow(exponent.unsigned_abs()));
    if exponent < 0 { power.recip() } else { power }
}

pub(crate) fn integer(value: u64) -> Q {
    Q::from_integer(value.into())
}

pub(crate) fn one() -> Q {
    Q::one()
}

pub(crate) fn half() -> Q {
    Q::new(1.into(), 2.into())
}

/// The number that a double is.
pub(crate) fn of(x: f64) -> Q {
    Q::from_float(x).unwrap_or_else(|| panic!("{x} is no number"))
}

/// About how large a number is.
pub(crate) fn approximately(x: &Q) -> f64 {
    x.to_f64().unwrap_or(f64::NAN)
}

/// `|a − b| / |b|`; infinite if only `b` is zero.
pub(crate) fn relative(a: &Q, b: &Q) -> f64 {
    match (a == b, b.is_zero()) {
        (true, _) => 0.0,
        (false, true) => f64::INFINITY,
        (false, false) => approximately(&((a - b) / b).abs()),
    }
}
