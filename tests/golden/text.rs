//! Sections about text: edits under deletion, masked words, swapped words, FRS's condition, votes of groups.

use crate::{
    checker::{Checker, RHO_TOLERANCE},
    oracle::{Q, half, integer, one},
    row::{Row, ensure, interval, number},
};
use num_bigint::BigInt;
use num_traits::{One, Signed, Zero};
use serde_json::Value;
use steadfast::{
    certify::{
        AblationThreat, ClassBounds, EditCounts, EditKind, EditThreat, Interval, Lower, Radius,
        SubstitutionPair, SynonymThreat, ThreatModel, Upper, certify_partition,
    },
    fuzz::theorem,
};

/// What a probability becomes when a share is deleted.
type Exact = fn(&Q, &Q) -> Q;

/// No radius of the corpus is beyond.
const CAP: u32 = 4_000;

/// The largest `r` that holds, of a condition that fails for good once it fails; −1 if none does, `None` if all up to the cap do.
fn largest(holds: impl Fn(u32) -> bool) -> Option<i64> {
    let (mut good, mut bad) = (-1, 0);
    while holds(bad as u32) {
        if bad == i64::from(CAP) {
            return None;
        }
        good = bad;
        bad = (2 * bad + 1).min(i64::from(CAP));
    }
    while bad - good > 1 {
        let middle = i64::midpoint(good, bad);
        if holds(middle as u32) {
            good = middle;
        } else {
            bad = middle;
        }
    }
    Some(good)
}

fn power(x: &Q, r: u32) -> Q {
    num_traits::pow(x.clone(), r as usize)
}

/// A radius field: an integer, or null where there is no limit.
fn radius(row: &Row<'_>, field: &str) -> Result<Option<i64>, String> {
    match row.get(field)? {
        Value::Null => Ok(None),
        value => Ok(Some(value.as_i64().ok_or_else(|| format!("{field} is no radius"))?)),
    }
}

pub(crate) fn rsdel(checker: &mut Checker, row: &Row<'_>) -> Result<(), String> {
    let (delta, mu, eta) = (row.exactly("p_del")?, row.exactly("mu")?, row.exactly("eta")?);
    let (rate, top) = (row.interval("p_del")?, row.interval("mu")?.lower());
    let needed = row.interval("eta")?.upper();
    let any = EditThreat::uniform(rate, CAP as usize);
    let attackers: [(&str, &[EditKind], Exact); 3] = [
        ("attacker_sub", &EditKind::ALL, |p, kept| p - one() + kept),
        ("attacker_ins", &[EditKind::Insertion], |p, kept| p * kept),
        ("attacker_del", &[EditKind::Deletion], |p, kept| one() - (one() - p) / kept),
    ];
    let mut present = 0;
    for (field, kinds, exact) in attackers {
        let Some(claims) = row.0.get(field).map(Row) else { continue };
        present += 1;
        let after = |r| exact(&mu, &power(&delta, r));
        for (rule, strict) in [("radius_strict", true), ("radius_nonstrict", false)] {
            let found = largest(|r| if strict { after(r) > eta } else { after(r) >= eta });
            let expected = radius(&claims, rule)?;
            ensure(found == expected, || format!("{field}: exact {rule} {found:?}"))?;
        }
        let threat = any.clone().only(kinds);
        let found = largest(|r| threat.lower_bound(top, r).exceeds(needed));
        ensure(found == radius(&claims, "radius_strict")?, || {
            format!("{field}: the library says {found:?}")
        })?;
        for r in [1, 2, 7] {
            let least = after(r).max(Q::zero());
            checker.lower("edits", RHO_TOLERANCE, threat.lower_bound(top, r), &least)?;
            // The same edits as a budget.
            let counts = match field {
                "attacker_sub" => EditCounts { substitutions: r, ..EditCounts::default() },
                "attacker_ins" => EditCounts { insertions: r, ..EditCounts::default() },
                _ => EditCounts { deletions: r, ..EditCounts::default() },
            };
            checker.lower("edit budget", RHO_TOLERANCE, any.lower_bound_after(top, &counts), &least)?;
        }
        if eta == half() {
            let bounds = ClassBounds::exact(0, top, top.complement(), None);
            let found = match threat.radius(&bounds) {
                None => Some(-1),
                Some(Radius::Count(r, _)) if r < steadfast::certify::threat::SEARCH_LIMIT => {
                    Some(i64::from(r))
                }
                Some(_) => None,
            };
            let expected = radius(&claims, "radius_strict")?;
            ensure(found == expected, || format!("{field}: the search says {found:?}"))?;
        }
    }
    if row.0.get("tie_at_r").is_none() {
        return ensure(present == 3, || "an attacker is missing".to_owned());
    }
    let r = row.small("tie_at_r")?;
    let (_, _, exact) = attackers.iter().find(|a| row.0.get(a.0).is_some()).ok_or("no attacker")?;
    ensure(exact(&mu, &power(&delta, r)) == eta, || format!("no tie at {r}"))
}

pub(crate) fn certed(checker: &mut Checker, row: &Row<'_>) -> Result<(), String> {
    let (delta, top, other) = (row.exactly("p_del")?, row.exactly("top1")?, row.exactly("top2")?);
    let lost = |r| one() - power(&delta, r);
    let margin = |r| (&top - lost(r)) - (&other + lost(r));
    let strict = largest(|r| margin(r).is_positive());
    ensure(strict == radius(row, "radius_strict")?, || format!("exact radius {strict:?}"))?;
    let lenient = largest(|r| !margin(r).is_negative());
    ensure(lenient == radius(row, "radius_nonstrict")?, || format!("exact non-strict radius {lenient:?}"))?;

    let threat = EditThreat::uniform(row.interval("p_del")?, CAP as usize);
    let (lower, upper) = (row.interval("top1")?.lower(), row.interval("top2")?.upper());
    let bounds = ClassBounds::exact(0, lower, upper, None);
    let found = largest(|r| threat.survives(&bounds, r));
    ensure(found == strict, || format!("the library says {found:?}"))?;
    let greatest = (&other + lost(3)).min(one());
    checker.upper("edits, competitor", RHO_TOLERANCE, threat.upper_bound(upper, 3), &greatest)
}

/// `C(n − r, k) / C(n, k)`, from factorials.
fn none_kept(words: u32, kept: u32, r: u32) -> Q {
    let choose = |n: u32| {
        if kept > n {
            return BigInt::zero();
        }
        let range = |from: u32, to: u32| (from..=to).fold(BigInt::one(), |product, factor| product * factor);
        range(n - kept + 1, n) / range(1, kept)
    };
    Q::new(if r > words { BigInt::zero() } else { choose(words - r) }, choose(words))
}

pub(crate) fn ranmask(checker: &mut Checker, row: &Row<'_>) -> Result<(), String> {
    let (words, kept, p) = (row.small("d")?, row.small("keep")?, row.exactly("p_lower")?);
    let after = |r| &p - one() + none_kept(words, kept, r);
    let exact = (0..=words).find(|&r| after(r) <= half()).map_or(i64::from(words), |r| i64::from(r) - 1);
    let expected = row.get("radius")?.as_i64().ok_or("radius is no integer")?;
    ensure(exact == expected, || format!("exact radius {exact}"))?;

    let threat = AblationThreat::new(words, kept).map_err(|e| e.to_string())?;
    let top = row.interval("p_lower")?.lower();
    let found = match threat.radius(&ClassBounds::exact(0, top, top.complement(), None)) {
        None => -1,
        Some(Radius::Count(r, _)) => i64::from(r),
        Some(_) => i64::from(words),
    };
    ensure(found == exact, || format!("the library says {found}"))?;
    let least = after(exact.unsigned_abs() as u32 + 1).max(Q::zero());
    let beyond = threat.lower_bound(top, exact.unsigned_abs() as u32 + 1);
    checker.lower("ablation", RHO_TOLERANCE, beyond, &least)
}

pub(crate) fn ablation_multiclass(_: &mut Checker, row: &Row<'_>) -> Result<(), String> {
    let (words, kept) = (row.small("d")?, row.small("keep")?);
    let (top, other) = (row.exactly("pa_lower")?, row.exactly("pb_upper")?);
    let lost = |r| one() - none_kept(words, kept, r);
    row.rounds("delta_r1", &lost(1))?;
    let exact = largest(|r| &top - lost(r) > &other + lost(r));
    let expected = Some(row.get("radius")?.as_i64().ok_or("radius is no integer")?);
    ensure(exact == expected, || format!("exact radius {exact:?}"))?;
    let threat = AblationThreat::new(words, kept).map_err(|e| e.to_string())?;
    let (lower, upper) = (row.interval("pa_lower")?.lower(), row.interval("pb_upper")?.upper());
    let bounds = ClassBounds::exact(0, lower, upper, None);
    let found = largest(|r| threat.survives(&bounds, r));
    ensure(found == exact, || format!("the library says {found:?}"))
}

pub(crate) fn safer(checker: &mut Checker, row: &Row<'_>) -> Result<(), String> {
    let overlaps = row.get("overlaps")?.as_array().ok_or("overlaps is no list")?;
    let texts: Vec<String> = overlaps.iter().map(Value::to_string).collect();
    let mut overlaps = texts.iter().map(|text| number(text)).collect::<Result<Vec<_>, _>>()?;
    overlaps.sort();
    let (p, error) = (row.exactly("p")?, row.exactly("mc_error")?);
    let after =
        |r: usize| overlaps.iter().take(r).fold(one(), |product, overlap| product * overlap) + &p - one();
    let needed = half() + &error;
    row.rounds("lhs", &after(overlaps.len()))?;
    let all = after(overlaps.len()) >= needed;
    ensure(all == row.truth("certified_all_words")?, || format!("exactly {all}"))?;
    let most = (0..=overlaps.len()).rev().find(|&r| after(r) >= needed).ok_or("not even unattacked")?;
    ensure(most as u64 == row.count("max_words_R")?, || format!("exactly {most} words"))?;

    // Two laws with this overlap, in the sampler's integers: rounded down by less than one of them.
    let swap = |text: &String| -> Result<Vec<SubstitutionPair>, String> {
        let shared = (number(text)? * integer(1 << 32)).to_integer();
        let shared = u64::try_from(shared).map_err(|_| "no overlap")?;
        let rest = (1 << 32) - shared;
        Ok(vec![SubstitutionPair::new(&[(shared, shared), (rest, 0), (0, rest)]).map_err(|e| e.to_string())?])
    };
    let threat = SynonymThreat::new(texts.iter().map(swap).collect::<Result<Vec<_>, _>>()?);
    let top = row.interval("p")?.lower();
    for r in 0..=overlaps.len() {
        let least = after(r).max(Q::zero());
        let rounding = (1e-9, 1e-9);
        checker.lower("overlap product", rounding, threat.overlap_bound(top, r as u32), &least)?;
        // With equal ratios within each part the overlap product is exact, so the envelopes must agree.
        checker.lower("envelopes", rounding, threat.lower_bound(top, r as u32), &least)?;
    }
    Ok(())
}

pub(crate) fn frs_condition(_: &mut Checker, row: &Row<'_>) -> Result<(), String> {
    let (omega, p) = (row.exactly("omega")?, row.exactly("p")?);
    let exact = largest(|m| &p - (one() - power(&omega, m)) > half());
    let expected = row.get("max_trigger_tokens")?.as_i64();
    ensure(exact == expected, || format!("exactly {exact:?}"))?;
    let certain: Interval = interval("1")?;
    let found = theorem::trigger_length(row.interval("p")?.lower(), row.interval("omega")?, certain);
    let found = found.statement().map(i64::from);
    ensure(found == expected, || format!("the library says {found:?}"))
}

pub(crate) fn partition_aggregation(_: &mut Checker, row: &Row<'_>) -> Result<(), String> {
    let votes = row.get("votes")?.as_array().ok_or("votes is no list")?;
    let votes: Option<Vec<u64>> = votes.iter().map(Value::as_u64).collect();
    let votes = votes.ok_or("votes are no counts")?;
    let class = usize::try_from(row.count("pred")?).map_err(|_| "no class")?;
    let winner = |votes: &[u64]| {
        let most = votes.iter().max().copied();
        votes.iter().position(|&count| Some(count) == most)
    };
    ensure(winner(&votes) == Some(class), || "another class wins".to_owned())?;
    // The strongest attack of r groups on behalf of one class: all of them leave the winner for it, as long as any can.
    let falls = |r: u64| {
        (0..votes.len()).filter(|&other| other != class).any(|other| {
            let mut attacked = votes.clone();
            let moved = r.min(attacked[class]);
            attacked[class] -= moved;
            attacked[other] += moved;
            winner(&attacked) != Some(class)
        })
    };
    let groups: u64 = votes.iter().sum();
    let exact = (0..=groups).find(|&r| falls(r)).ok_or("no attack succeeds")? - 1;
    ensure(exact == row.count("certified_groups")?, || format!("exactly {exact} groups"))?;
    let certificate = certify_partition(&votes).map_err(|e| e.to_string())?;
    let exact = u32::try_from(exact).map_err(|_| "too many groups")?;
    let fine = certificate.certifies(class, exact) && !certificate.certifies(class, exact + 1);
    ensure(fine, || format!("the library says {certificate}"))
}

/// Bounds that say nothing never certify: a check that the comparisons above can fail.
#[test]
fn nothing_known_certifies_nothing() {
    let threat = EditThreat::uniform(Interval::enclosing("0.9").unwrap(), 10);
    let bounds = ClassBounds::exact(0, Lower::ZERO, Upper::ONE, None);
    assert!(threat.radius(&bounds).is_none());
}
