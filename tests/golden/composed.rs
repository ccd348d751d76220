//! Sections about several classes, groups of coordinates with noise of their own, and products of arbitrary pairs of laws.

use crate::{
    checker::{Checker, RHO_TOLERANCE, threshold_tolerance},
    oracle::{Q, half, integer, one, pair::Pair},
    row::{Row, ensure, interval, number, same},
    uniform::threat,
};
use num_traits::{One, Zero};
use serde_json::Value;
use steadfast::certify::{ClassBounds, Composition, FlipThreat, Group, GroupsThreat, ThreatModel, TradeOff};

pub(crate) fn multiclass(checker: &mut Checker, row: &Row<'_>) -> Result<(), String> {
    let (pa, pb) = (row.exactly("pa_lower")?, row.exactly("pb_upper")?);
    let (top, other) = (row.interval("pa_lower")?.lower(), row.interval("pb_upper")?.upper());
    let (least, greatest, lower, upper) = match row.text("kind")? {
        "uniform" => {
            let (values, keep, r) = (row.count("K")?, row.text("beta")?, row.small("r")?);
            let pair = checker.coordinates(values, keep, r)?;
            let (least, greatest) = (pair.least(&pa), pair.greatest(&pb));
            let threat = threat(values, keep, 1_000)?;
            (least, greatest, threat.lower_bound(top, r), threat.upper_bound(other, r))
        }
        "sparse" => {
            let (up, down) = (row.exactly("pf_plus")?, row.exactly("pf_minus")?);
            let (raised, lowered) = (row.small("ra")?, row.small("rd")?);
            let pair = Pair::raised(&up, &down).power(raised).merged();
            let pair = pair.and(&Pair::lowered(&up, &down).power(lowered).merged());
            let threat = FlipThreat::new(row.interval("pf_plus")?, row.interval("pf_minus")?, 1_000, 1_000);
            let trade_off = threat.trade_off(raised, lowered);
            (pair.least(&pa), pair.greatest(&pb), trade_off.lower(top), trade_off.upper(other))
        }
        kind => return Err(format!("unknown kind {kind}")),
    };
    row.rounds("rho_lower_a", &least)?;
    row.rounds("rho_upper_b", &greatest)?;
    let certified = row.truth("certified")?;
    ensure(certified == (least > greatest), || "certified iff strictly ahead".to_owned())?;
    checker.lower("rho", RHO_TOLERANCE, lower, &least)?;
    checker.upper("rho", RHO_TOLERANCE, upper, &greatest)?;
    ensure(lower.exceeds(upper) == certified, || format!("the library says {}", !certified))
}

/// A group of the file: its number of values, its `β`, and the most changes in it.
type ExactGroup<'a> = (u64, &'a str, u32);

fn groups<'a>(row: &Row<'a>) -> Result<Vec<ExactGroup<'a>>, String> {
    let groups = row.rows("groups")?;
    groups
        .iter()
        .map(|group| {
            let cap = if group.0.get("cap").is_some() { group.small("cap")? } else { u32::MAX };
            Ok((group.count("K")?, group.text("beta")?, cap))
        })
        .collect()
}

/// The exact pair of one allocation.
fn allocated(checker: &mut Checker, groups: &[ExactGroup<'_>], allocation: &[u32]) -> Result<Pair, String> {
    let mut product = Pair::unchanged();
    for (&(values, keep, _), &share) in groups.iter().zip(allocation) {
        product = product.and(checker.coordinates(values, keep, share)?).merged();
    }
    Ok(product)
}

/// All allocations of `r` changes under the caps; of fewer only if the caps do not add up to `r`.
fn allocations(groups: &[ExactGroup<'_>], r: u32) -> Vec<Vec<u32>> {
    let total = groups.iter().fold(0_u32, |sum, group| sum.saturating_add(group.2)).min(r);
    groups
        .iter()
        .fold(vec![vec![]], |partial, &(_, _, cap)| {
            let extended = |allocation: &Vec<u32>| {
                let used: u32 = allocation.iter().sum();
                let allocation = allocation.clone();
                (0..=cap.min(total - used)).map(move |share| [&allocation[..], &[share]].concat())
            };
            partial.iter().flat_map(extended).collect()
        })
        .into_iter()
        .filter(|allocation| allocation.iter().sum::<u32>() == total)
        .collect()
}

pub(crate) fn hetero_groups(checker: &mut Checker, row: &Row<'_>) -> Result<(), String> {
    let (groups, r, p) = (groups(row)?, row.small("R")?, row.exactly("p_lower")?);
    let mut worst: Option<Q> = None;
    for allocation in allocations(&groups, r) {
        let value = allocated(checker, &groups, &allocation)?.least(&p);
        worst = Some(worst.map_or(value.clone(), |worst| worst.min(value)));
    }
    let worst = worst.ok_or("no allocation")?;
    row.rounds("worst_rho_lower", &worst)?;
    let stated: Option<Vec<u32>> = row
        .get("one_argmin_allocation")?
        .as_array()
        .and_then(|shares| shares.iter().map(|s| u32::try_from(s.as_u64()?).ok()).collect());
    let stated = allocated(checker, &groups, &stated.ok_or("no allocation")?)?.least(&p);
    same(&stated, &worst, "one_argmin_allocation")?;
    let certified = row.truth("certified")?;
    ensure(certified == (worst > half()), || "certified iff above one half".to_owned())?;

    let parts = groups.iter().map(|&(values, keep, cap)| {
        Group::new("group", values as u32, interval(keep)?, cap).map_err(|e| e.to_string())
    });
    let threat = GroupsThreat::new(parts.collect::<Result<Vec<_>, _>>()?).map_err(|e| e.to_string())?;
    let top = row.interval("p_lower")?.lower();
    checker.lower("groups", RHO_TOLERANCE, threat.lower_bound(top, r), &worst)?;
    let bounds = ClassBounds::exact(0, top, top.complement(), None);
    ensure(threat.survives(&bounds, r) == certified, || format!("the library says {}", !certified))
}

pub(crate) fn hetero_group_threshold(checker: &mut Checker, row: &Row<'_>) -> Result<(), String> {
    let groups = groups(row)?;
    let shares = row.get("alloc")?.as_array().ok_or("alloc is no list")?;
    let shares: Option<Vec<u32>> = shares.iter().map(|s| u32::try_from(s.as_u64()?).ok()).collect();
    let shares = shares.filter(|shares| shares.len() == groups.len()).ok_or("one share per group")?;
    let exact = allocated(checker, &groups, &shares)?.threshold();
    row.rounds("p_threshold", &exact)?;
    row.rounds("one_minus_p_threshold", &(one() - &exact))?;

    let mut product =
        TradeOff::from_outcomes(&[(interval("1")?, interval("1")?)]).map_err(|e| e.to_string())?;
    for (&(values, keep, _), &share) in groups.iter().zip(&shares) {
        let rest = (one() - number(keep)?) / integer(values - 1);
        let third = &rest * integer(values - 2);
        let (keep, rest, third) =
            (interval(keep)?, interval(&rest.to_string())?, interval(&third.to_string())?);
        let coordinate = TradeOff::from_outcomes(&[(keep, rest), (rest, keep), (third, third)]);
        let coordinate = coordinate.map_err(|e| e.to_string())?;
        for _ in 0..share {
            product = product.compose(&coordinate).map_err(|e| e.to_string())?;
        }
    }
    checker.upper("composed threshold", (threshold_tolerance(256), 0.0), product.threshold(), &exact)
}

pub(crate) fn hetero_pairs(checker: &mut Checker, row: &Row<'_>) -> Result<(), String> {
    let p = row.exactly("p_lower")?;
    let mut exact = Pair::unchanged();
    let mut overlap = one();
    let mut product =
        TradeOff::from_outcomes(&[(interval("1")?, interval("1")?)]).map_err(|e| e.to_string())?;
    let mut on_grid = Composition::identity();
    for coordinate in row.rows("coords")? {
        let law = |field: &str| -> Result<Vec<&str>, String> {
            let texts = coordinate.get(field)?.as_array().and_then(|l| l.iter().map(Value::as_str).collect());
            texts.ok_or_else(|| format!("field {field} is no list of fractions"))
        };
        let (clean, adversarial) = (law("phi")?, law("psi")?);
        ensure(clean.len() == adversarial.len(), || "laws on different sets".to_owned())?;
        let mut outcomes = Vec::new();
        let mut intervals = Vec::new();
        for (p, q) in clean.into_iter().zip(adversarial) {
            outcomes.push((number(p)?, number(q)?));
            intervals.push((interval(p)?, interval(q)?));
        }
        let sums_to_one = |side: fn(&(Q, Q)) -> &Q| outcomes.iter().map(side).sum::<Q>().is_one();
        ensure(sums_to_one(|o| &o.0) && sums_to_one(|o| &o.1), || "a law does not sum to one".to_owned())?;
        overlap *= outcomes.iter().map(|(p, q)| p.min(q).clone()).sum::<Q>();
        exact = exact.and(&Pair::new(&outcomes));
        let coordinate = TradeOff::from_outcomes(&intervals).map_err(|e| e.to_string())?;
        product = product.compose(&coordinate).map_err(|e| e.to_string())?;
        on_grid = on_grid.with(&coordinate);
    }
    let least = exact.least(&p);
    row.rounds("rho_lower", &least)?;
    row.rounds("tv_bound", &(&p - one() + overlap).max(Q::zero()))?;
    same(&exact.dual(&p), &least, "dual")?;
    let top = row.interval("p_lower")?.lower();
    // Whether or not it needed its grid, it is never above; a grid after an exact product of 2,048 regions loses little.
    let tolerance = if on_grid.is_exact() { RHO_TOLERANCE } else { (1e-4, 1e-4) };
    checker.lower("composition", tolerance, on_grid.lower(top), &least)?;
    checker.lower("pairs", RHO_TOLERANCE, product.lower(top), &least)
}
