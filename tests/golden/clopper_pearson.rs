//! The section about confidence bounds from counts.

use crate::{
    checker::{Checker, TOLERANCE},
    oracle::{Q, binomial, half, half_unit, of, one, relative},
    row::{Row, confidence, ensure, number},
};
use num_traits::{Signed, Zero};
use steadfast::certify::{
    Upper,
    confidence::{clopper_pearson_lower, clopper_pearson_upper},
};

pub(crate) fn clopper_pearson(checker: &mut Checker, row: &Row<'_>) -> Result<(), String> {
    let (k, n, alpha) = (row.count("k")?, row.count("n")?, row.exactly("alpha")?);
    exact_lower_bound(k, n, &alpha, row.text("lower")?, row.text("one_minus_lower")?)?;
    exact_lower_bound(n - k, n, &alpha, row.text("one_minus_upper")?, row.text("upper")?)?;
    let level = confidence(row.text("alpha")?)?;
    let lower = clopper_pearson_lower(k, n, level).map_err(|e| e.to_string())?;
    let upper = clopper_pearson_upper(k, n, level).map_err(|e| e.to_string())?;
    for (bound, k, p, rest) in
        [(lower, k, "lower", "one_minus_lower"), (upper.complement(), n - k, "one_minus_upper", "upper")]
    {
        let (exact, exact_rest) = (row.exactly(p)?, row.exactly(rest)?);
        // The exact value is within half a unit of the written one; the library is further away than that.
        let slack =
            |field: &str| row.text(field).and_then(|t| half_unit(t).ok_or_else(|| "no decimal".to_owned()));
        ensure(of(bound.p()) <= exact.clone() + slack(p)?, || format!("{p}: {bound:?} is unsafe"))?;
        ensure(of(bound.rest()) >= exact_rest.clone() - slack(rest)?, || {
            format!("{rest}: {bound:?} is unsafe")
        })?;
        let error = if exact <= half() {
            relative(&of(bound.p()), &exact)
        } else {
            relative(&of(bound.rest()), &exact_rest)
        };
        checker.note("Clopper–Pearson", error);
        ensure(error <= TOLERANCE, || format!("{p}: {bound:?} is {error:e} off"))?;
        // Against the exact root itself, which the tail at the bound tells.
        if k > 0 {
            ensure(!bound.exceeds(Upper::ONE), || "a bound above one".to_owned())?;
            let exact_error = binomial::error_of_lower(k, n, &alpha, bound);
            ensure(exact_error <= TOLERANCE, || format!("{p}: {exact_error:e} off the exact root"))?;
        }
    }
    Ok(())
}

/// The root of `P(X ≥ k) = α` rounds to both texts: the tail is at most α half a unit below and at least α above.
fn exact_lower_bound(k: u64, n: u64, alpha: &Q, p: &str, rest: &str) -> Result<(), String> {
    let (at, at_rest) = (number(p)?, one() - number(rest)?);
    if k == 0 {
        return ensure(at.is_zero() && at_rest.is_zero(), || "no successes bound nothing".to_owned());
    }
    let unit = |text: &str| half_unit(text).ok_or_else(|| format!("{text} is no decimal"));
    for (at, slack) in [(at, unit(p)?), (at_rest, unit(rest)?)] {
        let (below, above) = (&at - &slack, at + slack);
        let inside = |x: &Q| x.is_positive() && *x < one();
        ensure(inside(&below) && binomial::tail(k, n, &below).lower <= *alpha, || {
            format!("{p} is too high")
        })?;
        ensure(above >= one() || binomial::tail(k, n, &above).upper >= *alpha, || format!("{p} is too low"))?;
    }
    Ok(())
}
