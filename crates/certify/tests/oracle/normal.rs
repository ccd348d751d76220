//! The normal distribution and the logarithm, by their power series in fixed point.

use super::{Q, approximately, half, of};
use num_bigint::BigInt;
use num_traits::{Signed, Zero};

/// Fractional bits. Arguments up to 8 make terms up to e³² < 2⁴⁷, so that about 200 bits of a result are right.
const PRECISION: usize = 256;

const PI: &str =
    "3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534211706798";

fn fixed(x: &Q) -> BigInt {
    (x.numer() << PRECISION) / x.denom()
}

fn rational(x: BigInt) -> Q {
    Q::new(x, BigInt::from(1) << PRECISION)
}

/// `Φ(z)`, right to about 60 digits.
pub(crate) fn distribution(z: &Q) -> Q {
    let z = fixed(z);
    let square: BigInt = (&z * &z) >> PRECISION;
    // Σ (−1)ᵏ z^{2k+1} / (2ᵏ k! (2k + 1)) / √(2π)
    let (mut power, mut sum) = (z, BigInt::zero());
    for k in 0_u32..10_000 {
        let term: BigInt = &power / (2 * k + 1);
        if power.is_zero() {
            break;
        }
        sum += if k % 2 == 0 { term } else { -term };
        power = ((power * &square) >> PRECISION) / (2 * k + 2);
    }
    let root: BigInt = (fixed(&super::q(PI)) << (PRECISION + 1)).sqrt();
    half() + rational((sum << PRECISION) / root)
}

/// `Φ⁻¹(p)`, right to about 45 digits, by Newton's iteration with slopes in double precision.
pub(crate) fn quantile(p: &Q) -> Q {
    let mut z = Q::zero();
    for _ in 0..200 {
        let error = p - distribution(&z);
        if error.abs() < super::power_of_ten(-52) {
            return z;
        }
        let at = approximately(&z);
        let slope = (-0.5 * at * at).exp() / std::f64::consts::TAU.sqrt();
        let step = &error / of(slope);
        let step = if step > half() { half() } else { step };
        // Rounded to the fixed point, or numerators would grow without end.
        z = rational(fixed(&(z + step)));
    }
    panic!("no quantile of {}", approximately(p))
}

/// `ln x`, right to about 70 digits, as `2 artanh((y − 1)/(y + 1)) + e ln 2` with `y` in `[1, 2)`.
pub(crate) fn logarithm(x: &Q) -> Q {
    assert!(x.is_positive());
    let two = super::integer(2);
    let (mut y, mut exponent) = (x.clone(), 0_i32);
    while y >= two {
        y /= &two;
        exponent += 1;
    }
    while y < super::one() {
        y *= &two;
        exponent -= 1;
    }
    let near_one = |y: &Q| {
        let w = fixed(&((y - super::one()) / (y + super::one())));
        let square: BigInt = (&w * &w) >> PRECISION;
        let (mut power, mut sum) = (w, BigInt::zero());
        let mut odd = 1_u32;
        while !power.is_zero() {
            sum += &power / odd;
            power = (power * &square) >> PRECISION;
            odd += 2;
        }
        rational(sum * 2)
    };
    near_one(&y) + near_one(&two) * Q::from_integer(exponent.into())
}
