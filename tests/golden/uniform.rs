//! Sections about one uniform noise: thresholds, attacked probabilities, radii, and the MNIST paper's numbers.

use crate::{
    checker::{Checker, RHO_TOLERANCE, TOLERANCE, threshold_tolerance},
    oracle::{self, binomial, half, of, one},
    row::{Row, confidence, ensure, hexadecimal, interval, number, same},
};
use steadfast::certify::{
    ClassBounds, Radius, ThreatModel, UniformThreat,
    confidence::{clopper_pearson_lower, required_samples, required_votes},
};

pub(crate) fn threat(values: u64, keep: &str, coordinates: u32) -> Result<UniformThreat, String> {
    let values = u32::try_from(values).map_err(|_| "too many values".to_owned())?;
    UniformThreat::new(values, interval(keep)?, coordinates).map_err(|error| error.to_string())
}

pub(crate) fn l0_threshold(checker: &mut Checker, row: &Row<'_>) -> Result<(), String> {
    let (values, keep, r) = (row.count("K")?, row.text("beta")?, row.small("r")?);
    let exact = checker.coordinates(values, keep, r)?.threshold();
    row.rounds("p_threshold", &exact)?;
    row.rounds("one_minus_p_threshold", &(one() - &exact))?;
    let double = |field| {
        let text = row.text(field)?;
        hexadecimal(text).ok_or_else(|| format!("{field}: {text} is no double"))
    };
    let (up, down) = (double("p_threshold_f64_up")?, double("p_threshold_f64_down")?);
    ensure(of(up) >= exact && of(up.next_down()) < exact, || "p_threshold_f64_up".to_owned())?;
    ensure(of(down) <= exact && of(down.next_up()) > exact, || "p_threshold_f64_down".to_owned())?;

    let key = (values, keep.to_owned());
    if !checker.thresholds.contains_key(&key) {
        checker.thresholds.insert(key.clone(), threat(values, keep, 1_000)?.thresholds(40));
    }
    let found = checker.thresholds[&key].get(r as usize).copied().ok_or("r above 40")?;
    checker.upper("threshold", (threshold_tolerance(values), 0.0), found, &exact)
}

pub(crate) fn l0_rho(checker: &mut Checker, row: &Row<'_>) -> Result<(), String> {
    let (values, keep, r) = (row.count("K")?, row.text("beta")?, row.small("r")?);
    let (p, other) = (row.exactly("p")?, row.exactly("rho_upper_at")?);
    let pair = checker.coordinates(values, keep, r)?;
    let (least, greatest) = (pair.least(&p), pair.greatest(&other));
    same(&greatest, &(one() - pair.least(&(one() - &other))), "greatest(q) = 1 − least(1 − q)")?;
    row.rounds("rho_lower", &least)?;
    row.rounds("rho_upper", &greatest)?;

    let threat = threat(values, keep, 1_000)?;
    checker.lower("rho", RHO_TOLERANCE, threat.lower_bound(row.interval("p")?.lower(), r), &least)?;
    checker.upper(
        "rho",
        RHO_TOLERANCE,
        threat.upper_bound(row.interval("rho_upper_at")?.upper(), r),
        &greatest,
    )
}

pub(crate) fn l0_radius(checker: &mut Checker, row: &Row<'_>) -> Result<(), String> {
    let (values, keep) = (row.count("K")?, row.text("beta")?);
    let (p, cap) = (row.exactly("p")?, row.small("radius_capped_at")?);
    let expected = row.get("radius")?.as_i64().ok_or("radius is no integer")?;
    let mut radius = -1;
    for r in 0..=cap {
        if p <= checker.coordinates(values, keep, r)?.threshold() {
            break;
        }
        radius = i64::from(r);
    }
    // The corpus writes 0 as well as −1 for p = ½, where nothing is certified, not even the input itself.
    let expected = if p == half() && expected == 0 { -1 } else { expected };
    ensure(radius == expected, || format!("exact radius {radius}"))?;
    if row.0.get("tie_case_at_r").is_some() {
        let r = row.small("tie_case_at_r")?;
        same(&checker.coordinates(values, keep, r)?.threshold(), &p, "no tie")?;
        ensure(expected < i64::from(r), || "a tie is not certified".to_owned())?;
    }

    let top = row.interval("p")?.lower();
    let bounds = ClassBounds::exact(0, top, top.complement(), None);
    let found = match threat(values, keep, cap)?.radius(&bounds) {
        None => -1,
        Some(Radius::Count(r, _)) => i64::from(r),
        Some(Radius::Unlimited(_)) => i64::from(cap),
        Some(other) => return Err(format!("radius {other:?}")),
    };
    ensure(found == expected, || format!("the library's radius is {found}"))
}

pub(crate) fn wang_mnist(checker: &mut Checker, row: &Row<'_>) -> Result<(), String> {
    let (keep, values, samples) = (row.text("beta")?, row.count("K")?, row.count("N")?);
    let dimension = row.small("dims")?;
    let alphas = [row.text("alpha_single")?, row.text("alpha_bonferroni")?];
    let threat = threat(values, keep, dimension)?;
    for (level, stated) in row.entries("p_lower_all_agree")? {
        ensure(alphas.contains(&level), || format!("level {level}"))?;
        let (alpha, stated) = (number(level)?, stated.as_str().ok_or("no text")?);
        // Unanimous votes: the bound is the N-th root of α. The corpus has it to 16 digits only, in whatever length.
        let at = number(stated)?;
        let slack = oracle::power_of_ten(-16);
        let low = binomial::tail(samples, samples, &(&at - &slack)).lower;
        let high = binomial::tail(samples, samples, &(&at + &slack)).upper;
        ensure(low <= alpha && alpha <= high, || format!("{stated} to the N is not α"))?;
        let bound = clopper_pearson_lower(samples, samples, confidence(level)?).map_err(|e| e.to_string())?;
        let error = binomial::error_of_lower(samples, samples, &alpha, bound);
        ensure(error <= TOLERANCE, || format!("{bound:?} is {error:e} off"))?;
    }
    for (level, counts) in row.entries("min_count_for_radius")? {
        ensure(alphas.contains(&level), || format!("level {level}"))?;
        let alpha = number(level)?;
        for (r, stated) in counts.as_object().ok_or("no table")? {
            let r: u32 = r.parse().map_err(|_| "no radius".to_owned())?;
            let threshold = checker.coordinates(values, keep, r)?.threshold();
            // k votes certify if the bound exceeds the threshold: if P(X ≥ k) at the threshold is below α.
            let certifies = |k: u64| k > 0 && binomial::tail(k, samples, &threshold).upper < alpha;
            let found = required_votes(samples, threat.thresholds(r)[r as usize], confidence(level)?);
            ensure(found == stated.as_u64(), || format!("the library says {found:?} votes for radius {r}"))?;
            match stated.as_u64() {
                Some(k) => ensure(certifies(k) && !certifies(k.saturating_sub(1)), || {
                    format!("{k} votes for radius {r}")
                })?,
                None => {
                    ensure(stated.is_null() && !certifies(samples), || format!("radius {r} is possible"))?;
                }
            }
        }
    }
    for (level, counts) in row.entries("min_N_all_agree")? {
        ensure(alphas.contains(&level), || format!("level {level}"))?;
        let alpha = number(level)?;
        for (r, stated) in counts.as_object().ok_or("no table")? {
            let r: u32 = r.parse().map_err(|_| "no radius".to_owned())?;
            let stated = stated.as_u64().ok_or("no number of samples")?;
            let threshold = checker.coordinates(values, keep, r)?.threshold();
            let certifies = |n: u64| n > 0 && binomial::tail(n, n, &threshold).upper < alpha;
            ensure(certifies(stated) && !certifies(stated.saturating_sub(1)), || {
                format!("{stated} samples for radius {r}")
            })?;
            let found = required_samples(threat.thresholds(r)[r as usize], confidence(level)?);
            ensure(found == Some(stated), || format!("the library says {found:?} samples for radius {r}"))?;
        }
    }
    Ok(())
}
