//! Sections about ℓ2 radii under Gaussian noise.

use crate::{
    checker::{Checker, TOLERANCE},
    oracle::{self, Q, approximately, binomial, half, half_unit, integer, normal, of, one, relative},
    row::{Row, confidence, ensure, number},
};
use num_traits::{One, Signed, Zero};
use steadfast::certify::{ClassBounds, GaussianThreat, confidence::clopper_pearson_lower};

pub(crate) fn cohen_gaussian(checker: &mut Checker, row: &Row<'_>) -> Result<(), String> {
    let (k, n, alpha) = (row.count("k")?, row.count("n")?, row.exactly("alpha")?);
    let (sigma, p) = (row.exactly("sigma")?, row.exactly("p_lower")?);
    let (abstain, radius) = (row.truth("abstain")?, row.exactly("radius")?);
    let slack = half_unit(row.text("p_lower")?).ok_or("no decimal")?;
    let low = binomial::tail(k, n, &(&p - &slack)).lower;
    let high = if p.is_one() { one() } else { binomial::tail(k, n, &(&p + &slack)).upper };
    ensure(low <= alpha && alpha <= high, || "p_lower is not the root".to_owned())?;
    ensure(abstain == (p <= half()), || "abstains unless p > ½".to_owned())?;
    if abstain {
        ensure(radius.is_zero(), || "no radius when abstaining".to_owned())?;
    } else {
        // Written to 35 digits; p has 40.
        let exact = normal::quantile(&p) * &sigma;
        ensure(relative(&radius, &exact) < 1e-33, || {
            format!("the exact radius is {}", approximately(&exact))
        })?;
    }

    let bound = clopper_pearson_lower(k, n, confidence(row.text("alpha")?)?).map_err(|e| e.to_string())?;
    let threat = GaussianThreat::new(approximately(&sigma)).map_err(|e| e.to_string())?;
    match threat.radius(bound).statement() {
        None => ensure(abstain, || "the library abstains".to_owned()),
        Some(found) => {
            ensure(!abstain, || "the library does not abstain".to_owned())?;
            gaussian(checker, *found, &radius, &sigma)
        }
    }
}

/// A Gaussian radius against the exact one. Quantiles pass through zero, so the error is relative to the radius and `σ`.
fn gaussian(checker: &mut Checker, found: f64, exact: &Q, sigma: &Q) -> Result<(), String> {
    ensure(of(found) <= *exact, || format!("radius {found} is above {}", approximately(exact)))?;
    let error = approximately(&((exact - of(found)) / (exact + sigma)));
    checker.note("Gaussian radius", error);
    ensure(error <= TOLERANCE, || format!("radius {found} is {error:e} off"))
}

pub(crate) fn rab_gaussian(checker: &mut Checker, row: &Row<'_>) -> Result<(), String> {
    let (sigma, alpha) = (row.exactly("sigma")?, row.exactly("alpha")?);
    let samples = integer(row.count("N")?);
    let hoeffding = row.exactly("hoeffding")?;
    let square = normal::logarithm(&alpha.recip()) / (integer(2) * &samples);
    ensure(relative(&(&hoeffding * &hoeffding), &square) < 1e-33, || "hoeffding".to_owned())?;
    let clamp = oracle::q("1e-8");
    let (pa, pb) = (row.exactly("pa_lower")?, row.exactly("pb_upper")?);
    let near = |written: &Q, exact: Q, what: &str| {
        ensure((written - exact).abs() < oracle::power_of_ten(-33), || what.to_owned())
    };
    near(&pa, (row.exactly("pa_mean")? - &hoeffding).max(clamp.clone()), "pa_lower")?;
    near(&pb, (row.exactly("pb_mean")? + &hoeffding).min(one() - clamp), "pb_upper")?;
    let exact = &sigma / integer(2) * (normal::quantile(&pa) - normal::quantile(&pb));
    let radius = row.exactly("radius_l2_total")?;
    ensure((&radius - &exact).abs() < oracle::power_of_ten(-30), || {
        format!("the exact radius is {}", approximately(&exact))
    })?;

    let bounds =
        ClassBounds::exact(0, row.interval("pa_lower")?.lower(), row.interval("pb_upper")?.upper(), None);
    let threat = GaussianThreat::new(approximately(&sigma)).map_err(|e| e.to_string())?;
    let Some(found) = *threat.training_radius(&bounds).statement() else {
        return ensure(!exact.is_positive(), || "the library abstains".to_owned());
    };
    ensure(exact.is_positive(), || "the library does not abstain".to_owned())?;
    gaussian(checker, found, &exact, &sigma)?;
    for (examples, share) in row.entries("per_example_radius")? {
        let share = number(share.as_str().ok_or("a share is no text")?)?;
        let examples: u32 = examples.parse().map_err(|_| "no number of examples".to_owned())?;
        let squares = &share * &share * integer(examples.into());
        ensure(relative(&squares, &(&radius * &radius)) < 1e-30, || format!("per example: {examples}"))?;
        gaussian(checker, GaussianThreat::per_example(found, examples), &share, &sigma)?;
    }
    Ok(())
}
